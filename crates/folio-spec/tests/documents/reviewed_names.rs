//! The names of operations that a person has read, module by module: a change of one of them is
//! reviewed again.
//!
//! `reviewed_names.txt` has a line `# module changes` per module (how many names the review
//! changed), and a line `name METHOD path` per operation. After a review,
//! `UPDATE_REVIEW=1 cargo test -p folio-spec --test documents reviewed_names` writes the operations of the
//! listed modules anew, and `UPDATE_DOCS=1` the table in `docs/names.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use folio_spec::{Release, operations};

const BEGIN: &str = "<!-- reviewed -->\n";
const END: &str = "<!-- end of reviewed -->";

/// A module's review.
#[derive(Debug, Default)]
struct Review {
    /// How many names it changed.
    changed: usize,
    /// `name METHOD path` of each operation, sorted by path.
    operations: BTreeSet<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents/reviewed_names.txt")
}

fn reviewed() -> BTreeMap<String, Review> {
    let text = std::fs::read_to_string(file()).unwrap();
    let mut all: BTreeMap<String, Review> = BTreeMap::new();
    let mut module = String::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("# ") {
            let (name, changed) = head.split_once(' ').unwrap();
            module = name.to_owned();
            let review = Review {
                changed: changed.parse().unwrap(),
                operations: BTreeSet::new(),
            };
            assert!(all.insert(module.clone(), review).is_none(), "{module}");
        } else {
            let review = all.get_mut(&module).unwrap();
            review.operations.insert(line.to_owned());
        }
    }
    all
}

/// The operations of the modules, in all releases.
fn committed() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for release in ["ramsons", "sunflower", "trillium"] {
        let release = Release::read(&root().join("specs").join(release)).unwrap();
        for (module, document) in &release.modules {
            let lines = operations(document).map(|operation| {
                let method = operation.method.to_uppercase();
                format!("{} {method} {}", operation.name(), operation.path)
            });
            found.entry(module.clone()).or_default().extend(lines);
        }
    }
    found
}

#[test]
fn a_changed_name_of_a_reviewed_module_is_reviewed() {
    let committed = committed();
    let mut text = String::new();
    let mut differ = Vec::new();
    for (module, review) in &reviewed() {
        let Some(operations) = committed.get(module) else {
            panic!("{module} is in no release");
        };
        let missing = review.operations.difference(operations);
        let added = operations.difference(&review.operations);
        differ.extend(missing.map(|line| format!("{module}: - {line}")));
        differ.extend(added.map(|line| format!("{module}: + {line}")));
        writeln!(text, "# {module} {}", review.changed).unwrap();
        for line in operations {
            writeln!(text, "{line}").unwrap();
        }
    }
    if std::env::var_os("UPDATE_REVIEW").is_some() {
        std::fs::write(file(), text).unwrap();
        return;
    }
    assert!(
        differ.is_empty(),
        "read these names, then UPDATE_REVIEW=1 cargo test -p folio-spec --test documents reviewed_names: {differ:#?}"
    );
}

#[test]
fn the_page_has_the_reviewed_modules() {
    let reviewed = reviewed();
    let mut table = String::from("\n| module | operations | changed |\n|---|---|---|\n");
    let (mut count, mut changes) = (0, 0);
    for (module, review) in &reviewed {
        let operations = review.operations.len();
        writeln!(table, "| {module} | {operations} | {} |", review.changed).unwrap();
        count += operations;
        changes += review.changed;
    }
    writeln!(table, "| all | {count} | {changes} |").unwrap();
    table.push('\n');
    assert!(count >= 400, "{count} operations are reviewed");
    let path = root().join("docs/names.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "UPDATE_DOCS=1 cargo test -p folio-spec --test documents reviewed_names"
    );
}
