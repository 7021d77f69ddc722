//! A description is data: whatever stands in a source, no item, attribute or line of documentation
//! of the generated code is made of it, and no control character or mark of direction reaches a
//! document.

use folio_codegen::{Document, Options, Specs, generate};
use folio_spec::{Node, Release as Documents, check};
use proc_macro2::{TokenStream, TokenTree};
use serde_json::{Value, json};

use crate::support::{OPENAPI, RAML, Release};

/// What an attacker writes.
const PAYLOADS: [&str; 4] = [
    "x\npub mod planted {}\n//",
    "`\r*/ } ) ] >; pub mod planted {} /* \u{202e}",
    "\"#; \")]\n#[planted]\npub const X: &str = \"\\",
    "200, _) => planted!(), (200",
];

fn has_planted(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == "planted",
        TokenTree::Group(group) => has_planted(group.stream()),
        _ => false,
    })
}

/// Imports what there is; if it is taken, looks through what is written and what is generated from
/// it.
fn try_import(release: &Release, what: &str) -> bool {
    let Ok(_) = release.import() else {
        return false;
    };
    let folder = release.path("specs/test");
    for (path, bytes) in crate::support::bytes(&folder) {
        let text = String::from_utf8(bytes).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(!is_deceptive(&value), "{what}: {} has it", path.display());
    }
    let documents = Documents::read(&folder).unwrap();
    let findings = check(&documents);
    assert!(findings.is_empty(), "{what}: {findings:#?}");
    let module = |name: &String, root: &Value| Document::new(name.clone(), root.clone());
    let specs = Specs {
        common: Document::new("common", documents.common),
        modules: documents
            .modules
            .iter()
            .map(|(name, root)| module(name, root))
            .collect(),
        files: Vec::new(),
    };
    let files = generate(&specs, Options { schemas: true })
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    for (name, text) in files {
        if let Err(error) = syn::parse_file(&text) {
            panic!("{what}: {name} is no Rust: {error}");
        }
        assert!(!has_planted(text.parse().unwrap()), "{what}: {name} has it");
    }
    true
}

fn is_deceptive(value: &Value) -> bool {
    let in_text = |text: &str| text.chars().any(folio_codegen::is_unsafe);
    match value {
        Value::String(text) => in_text(text),
        Value::Array(list) => list.iter().any(is_deceptive),
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| in_text(key) || is_deceptive(value)),
        _ => false,
    }
}

/// The values of a document with one key or text of it replaced, each in turn.
fn planted(value: &Value, payload: &str, out: &mut Vec<(String, Value)>) {
    let count = count(value);
    for index in 0..count {
        let mut copy = value.clone();
        let mut left = index;
        let mut place = String::new();
        plant(&mut copy, payload, &mut left, &mut place);
        out.push((place, copy));
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::String(_) => 1,
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.len() + map.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

/// Plants at the place that so many come before. Says whether it did.
fn plant(value: &mut Value, payload: &str, left: &mut usize, place: &mut String) -> bool {
    let mut here = || {
        let is_here = *left == 0;
        *left = left.wrapping_sub(1);
        is_here
    };
    match value {
        Value::String(text) if here() => {
            text.push_str(payload);
            true
        }
        Value::Array(list) => list
            .iter_mut()
            .any(|value| plant(value, payload, left, place)),
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            for key in keys {
                if *left == 0 {
                    let inner = map.remove(&key).unwrap();
                    map.insert(format!("{key}{payload}"), inner);
                    place.push_str(&format!("/{key} (key)"));
                    return true;
                }
                *left -= 1;
                if plant(map.get_mut(&key).unwrap(), payload, left, place) {
                    place.insert_str(0, &format!("/{key}"));
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

/// RAML with the value or key of one line replaced, each in turn. Quoted text in YAML is that of
/// JSON.
fn planted_lines(text: &str, payload: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(1) {
        let indent = &line[..line.len() - line.trim_start().len()];
        let Some((key, value)) = line.trim().split_once(':') else {
            continue;
        };
        let quoted = |text: &str| {
            json!(format!(
                "{}{payload}",
                text.trim().trim_matches(['\'', '"'])
            ))
            .to_string()
        };
        let mut others = vec![format!("{indent}{}:{value}", quoted(key))];
        if !value.trim().is_empty() && !key.starts_with('-') {
            let value = value.trim_start_matches(" !include");
            others.push(format!("{indent}{key}: {}", quoted(value)));
        }
        for other in others {
            let mut lines = lines.clone();
            lines[index] = &other;
            all.push((format!("line {}", index + 1), lines.join("\n")));
        }
    }
    all
}

#[test]
fn no_text_of_a_source_becomes_code() {
    let (mut taken, mut all) = (0, 0);
    for (is_raml, files) in [(true, RAML), (false, OPENAPI)] {
        let fresh = || {
            if is_raml {
                Release::raml(files)
            } else {
                Release::openapi(files)
            }
        };
        assert!(try_import(&fresh(), "as it is"));
        let release = fresh();
        for (name, text) in files {
            for (number, payload) in PAYLOADS.iter().enumerate() {
                let mut cases = Vec::new();
                if name.ends_with(".raml") {
                    cases = planted_lines(text, payload);
                } else {
                    let value = Node::parse(name.as_ref(), text).unwrap().json();
                    let mut values = Vec::new();
                    planted(&value, payload, &mut values);
                    cases.extend(
                        values
                            .into_iter()
                            .map(|(place, value)| (place, value.to_string())),
                    );
                }
                // Each place has one of the payloads.
                for (place, case) in cases.into_iter().skip(number % 4).step_by(4) {
                    release.write(&format!("from/mod-books/{name}"), &case);
                    all += 1;
                    taken += usize::from(try_import(
                        &release,
                        &format!("{payload:?} in {name} at {place}"),
                    ));
                }
            }
            release.write(&format!("from/mod-books/{name}"), text);
        }
    }
    println!("{taken} of {all} imports gave documents");
    assert!(taken * 2 > all, "{taken} of {all}");
}

#[test]
fn a_control_character_in_a_fact_is_reported_with_its_place() {
    let descriptor = include_str!("releases/descriptor.json")
        .replace("books.loan", "books.loan\\n#[planted]")
        .replace("authors.item.get", "authors.\\u202eitem.get");
    let mut files: Vec<_> = RAML.to_vec();
    files.retain(|(name, _)| *name != "ModuleDescriptor.json");
    files.push(("ModuleDescriptor.json", &descriptor));
    let release = Release::raml(&files);
    let report = release.import().unwrap();
    let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
    for (place, character) in [
        ("/provides/0/handlers/4/permissionsRequired/0", "U+000A"),
        ("/provides/0/handlers/1/modulePermissions/0", "U+202E"),
    ] {
        assert!(
            problems
                .iter()
                .any(|problem| problem.contains(place) && problem.contains(character)),
            "{problems:#?}"
        );
    }
    assert!(
        release.document()["paths"]
            .get("/book-storage/loans")
            .is_none()
    );
    let error = release.error();
    assert!(
        error.contains("control characters and bidirectional marks"),
        "{error}"
    );
}

#[test]
fn check_finds_control_characters() {
    let release = Release::raml(RAML);
    release.import().unwrap();
    let mut documents = Documents::read(&release.path("specs/test")).unwrap();
    let module = documents.modules.get_mut("mod-books").unwrap();
    module["paths"]["/book-storage/books"]["get"]["x-folio"]["permissions"][0] =
        "a\u{202e}b".into();
    let findings: Vec<String> = check(&documents).iter().map(ToString::to_string).collect();
    assert!(
        findings
            .iter()
            .any(|finding| finding.contains("permissions/0") && finding.contains("U+202E")),
        "{findings:#?}"
    );
}
