//! What the documents state of long-running operations fits the schemas of their responses.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn resolved<'a>(schema: &'a Value, document: &'a Value, common: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        None => schema,
        Some(reference) => {
            let of = if reference.starts_with("common") {
                common
            } else {
                document
            };
            let name = reference.rsplit('/').next().unwrap();
            resolved(&of["components"]["schemas"][name], document, common)
        }
    }
}

/// The schema of a place in the response, a pointer whose `*` stands for each element.
fn at<'a>(schema: &'a Value, place: &str, document: &'a Value, common: &'a Value) -> &'a Value {
    place
        .split('/')
        .skip(1)
        .fold(resolved(schema, document, common), |schema, segment| {
            let next = match segment {
                "*" => &schema["items"],
                name => &schema["properties"][name],
            };
            resolved(next, document, common)
        })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[test]
fn every_place_exists_and_every_state_of_the_descriptions_is_classified_once() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let (mut problems, mut count) = (Vec::new(), 0);
    for release in ["trillium", "sunflower", "ramsons"] {
        let folder = specs.join(release);
        let common = read(&folder.join("common.json"));
        for file in std::fs::read_dir(&folder).unwrap() {
            let document = read(&file.unwrap().path());
            for (path, item) in document["paths"].as_object().into_iter().flatten() {
                let operation = &item["get"];
                let job = &operation["x-folio"]["facts"]["longRunning"];
                if job.is_null() {
                    continue;
                }
                count += 1;
                let content = operation["responses"]["200"]["content"]
                    .as_object()
                    .unwrap();
                let schema = &content.values().next().unwrap()["schema"];
                let lists = ["running", "waiting", "between", "done", "failed"];
                let listed: Vec<&str> = lists.iter().flat_map(|list| texts(&job[list])).collect();
                let unique: BTreeSet<&str> = listed.iter().copied().collect();
                if unique.len() != listed.len() {
                    problems.push(format!("{release} {path}: a state is listed twice"));
                }
                for key in ["status", "current", "total", "message"] {
                    for place in texts(&job[key]) {
                        // A message may be anywhere in what is not described.
                        if at(schema, place, &document, &common).is_null() && key != "message" {
                            problems.push(format!("{release} {path}: there is no {place}"));
                        }
                    }
                }
                for place in texts(&job["status"]) {
                    let described = &at(schema, place, &document, &common)["enum"];
                    let absent = texts(described).filter(|state| !unique.contains(state));
                    problems.extend(absent.map(|state| format!("{release} {path}: {state}")));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(count > 50, "{count}");
}
