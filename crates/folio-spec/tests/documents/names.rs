//! The documentation of names has the words that the rule knows, and its examples are names of
//! committed operations.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use folio_spec::{Overrides, Release, name_tables, operations};

const BEGIN: &str = "<!-- words -->\n";
const END: &str = "<!-- end of words -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/names.md")).unwrap()
}

#[test]
fn the_page_has_the_words_of_the_rule() {
    let overrides = Overrides::read(&root().join("specs/overrides")).unwrap();
    let page = page();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (words, after) = rest.split_once(END).unwrap();
    let tables = format!("\n{}\n", name_tables(&overrides).trim_end());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = format!("{before}{BEGIN}{tables}{END}{after}");
        std::fs::write(root().join("docs/names.md"), page).unwrap();
        return;
    }
    assert_eq!(
        words, tables,
        "UPDATE_DOCS=1 cargo test -p folio-spec --test documents names"
    );
}

/// Every `name` that the page gives for an operation is that of a committed one.
#[test]
fn the_examples_of_the_page_are_names_of_operations() {
    let mut known = BTreeSet::new();
    for release in ["ramsons", "sunflower", "trillium"] {
        let release = Release::read(&root().join("specs").join(release)).unwrap();
        for document in release.modules.values() {
            for operation in operations(document) {
                let method = operation.method.to_uppercase();
                known.insert((
                    format!("{method} {}", operation.path),
                    operation.name().to_owned(),
                ));
            }
        }
    }
    let page = page();
    let rule = page.split(BEGIN).next().unwrap().replace('\n', " ");
    let mut count = 0;
    let parts: Vec<&str> = rule.split('`').collect();
    for window in parts.windows(3).skip(1).step_by(2) {
        let [operation, between, name] = window else {
            continue;
        };
        if !matches!(
            between.split_whitespace().collect::<Vec<_>>()[..],
            ["is"] | ["→"]
        ) {
            continue;
        }
        // `…` stands for any segments, `?query=…` is no part of the path.
        let operation = operation.split('?').next().unwrap();
        let is_meant = |(key, _): &&(String, String)| match operation.split_once('…') {
            Some((method, end)) => key.starts_with(method) && key.ends_with(end),
            None => key == operation,
        };
        let meant: Vec<_> = known.iter().filter(is_meant).collect();
        if meant.is_empty() && !operation.contains('/') {
            continue;
        }
        assert!(
            meant.iter().any(|(_, known)| known == name),
            "{operation} is not {name}: {meant:?}"
        );
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn every_stated_name_is_of_a_committed_operation() {
    let overrides = Overrides::read(&root().join("specs/overrides")).unwrap();
    let mut known = BTreeSet::new();
    for release in ["ramsons", "sunflower", "trillium"] {
        let release = Release::read(&root().join("specs").join(release)).unwrap();
        for (module, document) in &release.modules {
            known.extend(
                operations(document).map(|operation| (module.clone(), operation.subject())),
            );
        }
    }
    let stated: Vec<(&str, &str)> = overrides.operations_with_names().collect();
    assert!(stated.len() > 50);
    for (module, operation) in stated {
        let stated = (module.to_owned(), operation.to_owned());
        assert!(known.contains(&stated), "{module}: {operation}");
    }
}
