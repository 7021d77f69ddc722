//! Compares the importer's reading of RAML, before normalisation, with the consensus of two
//! unrelated parsers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use folio_spec::{Import, sources};
use folio_test_support::files::{release_sources, report as say};
use serde_json::Value;

/// What the oracle tells of an operation.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    query: BTreeSet<String>,
    responses: BTreeSet<String>,
    bodies: BTreeSet<String>,
}

fn set(value: &Value) -> BTreeSet<String> {
    let list = value.as_array().unwrap();
    list.iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

type Operations = BTreeMap<(String, String, String), Facts>;

fn oracle(file: &Path) -> BTreeMap<String, Operations> {
    let mut modules: BTreeMap<String, Operations> = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        modules.entry(text("module")).or_default().insert(
            (text("root"), text("method"), text("path")),
            Facts {
                query: set(&entry["query"]),
                responses: set(&entry["responses"]),
                bodies: set(&entry["body"]),
            },
        );
    }
    modules
}

#[test]
fn raml_is_read_as_two_other_parsers_read_it() {
    let Some(shared) = release_sources("oracle") else {
        return;
    };
    let release = |name: &str| Import {
        release: name.to_owned(),
        from: shared.join("folio-specs/trillium"),
        out: PathBuf::new(),
        specs: PathBuf::new(),
        modules: vec!["all".to_owned()],
        strict: true,
    };
    let entries = folio_spec::entries(&release("trillium")).unwrap();
    let (mut agreed, mut missing, mut differing, mut modules) = (0, Vec::new(), Vec::new(), 0);
    for (module, expected) in oracle(&shared.join("oracle/raml-trillium.jsonl")) {
        let entry = entries.iter().find(|entry| entry.name == module).unwrap();
        let read = sources(entry).unwrap_or_else(|error| panic!("{module}: {error}"));
        modules += 1;
        for ((root, method, path), facts) in expected {
            let name = format!("{method} {path}");
            let Some(operation) = read.iter().find(|operation| {
                operation.root == root
                    && operation.path == path
                    && operation.method.eq_ignore_ascii_case(&method)
            }) else {
                missing.push(format!("{module} {root}: {name}"));
                continue;
            };
            let own = Facts {
                query: operation
                    .parameters
                    .iter()
                    // What RAML says by `queryString` the others do not count among the parameters.
                    .filter(|parameter| {
                        parameter.place == "query" && parameter.name != "queryString"
                    })
                    .map(|parameter| parameter.name.clone())
                    .collect(),
                responses: operation.responses.keys().cloned().collect(),
                bodies: operation
                    .request
                    .iter()
                    .flat_map(|request| request.content.keys().cloned())
                    .collect(),
            };
            if own == facts {
                agreed += 1;
            } else {
                differing.push(format!(
                    "{module} {root}: {name}\n  read {own:?}\n  oracle {facts:?}"
                ));
            }
        }
    }
    say(&format!(
        "oracle: {modules} modules, {agreed} operations agreed, {} missing, {} differing",
        missing.len(),
        differing.len()
    ));
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
    assert!(differing.is_empty(), "differing:\n{}", differing.join("\n"));
}
