//! The summary of the site lists all pages, and pages state what is in the repository.

use std::collections::BTreeMap;
use std::path::Path;

use folio_test_support::files::{root, walk};
use folio_test_support::recordings::{rows, text};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The pages of `docs/`, as paths below it.
fn pages() -> Vec<String> {
    let docs = root().join("docs");
    let mut found: Vec<String> = walk(&docs)
        .iter()
        .map(|path| path.strip_prefix(&docs).unwrap())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .filter(|path| *path != Path::new("SUMMARY.md"))
        .map(|path| path.to_str().unwrap().replace('\\', "/"))
        .collect();
    found.sort();
    found
}

/// The targets of the links of a summary.
fn listed(summary: &str) -> Vec<String> {
    let targets = summary.split("](").skip(1);
    targets
        .map(|rest| rest.split(')').next().unwrap().to_owned())
        .collect()
}

/// Pages that a summary lacks, that it lists without a file, and that it lists more than once.
fn differences(summary: &str, pages: &[String]) -> Vec<String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for page in listed(summary) {
        *count.entry(page).or_default() += 1;
    }
    let mut found = Vec::new();
    for page in pages {
        match count.remove(page) {
            None => found.push(format!("{page} is not in docs/SUMMARY.md")),
            Some(1) => {}
            Some(times) => found.push(format!("{page} is listed {times} times")),
        }
    }
    found.extend(
        count
            .into_keys()
            .map(|page| format!("{page} does not exist")),
    );
    found
}

#[test]
fn the_summary_lists_each_page_once() {
    let pages = pages();
    assert!(pages.len() >= 30, "{pages:?}");
    assert_eq!(
        differences(&read("docs/SUMMARY.md"), &pages),
        Vec::<String>::new()
    );
}

#[test]
fn a_page_that_is_missing_or_listed_twice_is_found() {
    let pages = ["a.md", "b.md", "c/d.md"].map(str::to_owned);
    let summary = "- [A](a.md)\n  - [A again](a.md)\n- [X](x.md)\n- [D](c/d.md)\n";
    assert_eq!(
        differences(summary, &pages),
        [
            "a.md is listed 2 times",
            "b.md is not in docs/SUMMARY.md",
            "x.md does not exist"
        ]
    );
}

/// The rows of a table in Markdown, from the one after its heads.
fn table<'a>(page: &'a str, heads: &str) -> Vec<&'a str> {
    let (_, rest) = page.split_once(heads).unwrap();
    rest.lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect()
}

#[test]
fn the_page_about_features_has_the_tables_of_the_readme() {
    let (readme, page) = (read("README.md"), read("docs/features.md"));
    for heads in ["| bundle | modules |", "| feature | purpose |"] {
        let rows = table(&readme, heads);
        assert!(rows.len() > 8, "{rows:?}");
        assert_eq!(rows, table(&page, heads));
    }
    // The features that are neither modules, bundles nor releases.
    let manifest = read("Cargo.toml");
    let features = manifest.split("\n[features]\n").nth(1).unwrap();
    let generated = features.split("# Written by `folio-spec features`, from here");
    let defaults = generated.clone().next().unwrap();
    for name in defaults.split('"').skip(1).step_by(2) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// The recordings that a page cites: the file, and the name of the row or its query.
fn citations(page: &str) -> Vec<(String, String)> {
    // Lines are joined: a citation may be divided between two of them.
    let text = page.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split(".jsonl`, `")
        .collect::<Vec<_>>()
        .windows(2)
        .map(|pair| {
            let file = pair[0].rsplit('`').next().unwrap().to_owned();
            (file, pair[1].split('`').next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn the_recordings_that_pages_cite_exist() {
    let cited = citations(&read("docs/concepts.md"));
    assert!(cited.len() >= 20, "{cited:?}");
    let mut known = BTreeMap::new();
    for (file, row) in cited {
        let rows = known.entry(file.clone()).or_insert_with(|| rows(&file));
        let is_it = |it: &serde_json::Value| text(it, "name") == row || text(it, "query") == row;
        assert!(rows.iter().any(is_it), "{file}.jsonl has no row `{row}`");
    }
}

#[test]
fn citations_are_found_across_lines() {
    let page = "is 400 (`gateway.jsonl`,\n`token: a, b`; `crud.jsonl`, `/x: y`). `cql.jsonl` alone";
    let expected = [("gateway", "token: a, b"), ("crud", "/x: y")];
    let expected = expected.map(|(file, row)| (file.to_owned(), row.to_owned()));
    assert_eq!(citations(page), expected);
}

#[test]
fn drawings_have_a_title_and_a_description() {
    let drawings = walk(&root().join("docs/diagrams"));
    assert!(drawings.len() >= 2);
    let pages: String = pages()
        .iter()
        .map(|page| read(&format!("docs/{page}")))
        .collect();
    for path in drawings {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for part in ["<title id=", "<desc id=", "role=\"img\"", "aria-labelledby"] {
            assert!(text.contains(part), "{name}: {part}");
        }
        // It is complete in itself: no script, no image or font from elsewhere.
        for part in ["<script", "href=", "url(http", "@import"] {
            assert!(!text.contains(part), "{name}: {part}");
        }
        assert!(pages.contains(&format!("(diagrams/{name})")), "{name}");
    }
}
