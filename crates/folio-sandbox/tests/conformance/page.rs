//! The table of what is not emulated: how many rows it names, and the page that shows it.

use std::collections::BTreeMap;

use crate::{not_emulated, rows};

/// The most that the table may name of the rows of a file, and of all rows, in percent.
const MOST: f64 = 5.0;

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

#[test]
fn page_table_is_small() {
    let names = names();
    let (mut all, mut listed) = (0, 0);
    for (file, names) in &names {
        let of_file = names.iter().filter(|name| {
            not_emulated()
                .iter()
                .any(|(of, pattern, _)| of == file && pattern.is_match(name))
        });
        let count = of_file.count();
        let share = 100.0 * count as f64 / names.len() as f64;
        println!(
            "{file:14} {count:4} of {:5} rows are in the table ({share:.1} %)",
            names.len()
        );
        assert!(
            share <= MOST,
            "{file}: the table names {share:.1} % of the rows, {MOST} % are allowed"
        );
        all += names.len();
        listed += count;
    }
    assert!(100.0 * listed as f64 / all as f64 <= MOST);
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
