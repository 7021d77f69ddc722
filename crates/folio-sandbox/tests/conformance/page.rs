//! The page that shows the table of what is not emulated.

use std::collections::BTreeMap;

use crate::{not_emulated, rows};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/not-emulated.md");
const BEGIN: &str = "<!-- rows: written by `UPDATE_PAGE=1 cargo test -p folio-sandbox --test conformance page` -->\n";
const END: &str = "<!-- end of rows -->\n";

const FILES: [&str; 12] = [
    "exchanges",
    "cql-users",
    "cql-instances",
    "crud",
    "lists",
    "deletes",
    "gateway",
    "auth",
    "spring",
    "acq",
    "circulation",
    "eureka-login",
];

/// The names of the rows of all files.
fn names() -> BTreeMap<&'static str, Vec<String>> {
    FILES
        .iter()
        .map(|file| {
            let names = rows(file).into_iter().filter_map(|row| {
                let name = row.get("name").or_else(|| row.get("query"))?;
                name.as_str().map(str::to_owned)
            });
            (*file, names.collect())
        })
        .collect()
}

/// The rows of the page.
fn shown() -> String {
    let names = names();
    let mut out = String::from(
        "\n| recording | rows | pattern of their names | reason |\n|---|---|---|---|\n",
    );
    for (file, pattern, why) in not_emulated() {
        let rows = names
            .get(file.as_str())
            .unwrap_or_else(|| panic!("no file {file}"));
        let count = rows.iter().filter(|name| pattern.is_match(name)).count();
        assert!(
            count > 0,
            "the table names rows that are not there: {file} | {pattern}"
        );
        let pattern = pattern.as_str().replace('|', "\\|");
        out.push_str(&format!("| `{file}` | {count} | `{pattern}` | {why} |\n"));
    }
    out.push('\n');
    out
}

#[test]
fn page_shows_the_table() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (rows, after) = rest.split_once(END).unwrap();
    let shown = shown();
    if std::env::var_os("UPDATE_PAGE").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{shown}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(
        rows, shown,
        "docs/not-emulated.md shows another table: UPDATE_PAGE=1 writes it"
    );
}
