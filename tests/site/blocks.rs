//! Every block of Rust code in a page is compiled: as a test of the documentation, or because the
//! same lines stand in a test or an example.

use std::collections::BTreeSet;

use folio_test_support::files::{root, walk};

/// Folders whose Rust files `cargo test --workspace` compiles.
const COMPILED: [&str; 3] = ["tests", "examples", "benches"];

/// A block of code in a page: what follows its fence, and its lines.
struct Block {
    page: String,
    line: usize,
    info: String,
    lines: Vec<String>,
}

/// Lines without their indentation, so that a block may stand within another item.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("pub(crate) ", "");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, String, String)> = None;
    for (number, line) in text.lines().enumerate() {
        let mark: String = line
            .trim_start()
            .chars()
            .take_while(|c| *c == '`' || *c == '~')
            .collect();
        match &mut open {
            Some((fence, start, info, body)) => {
                let is_end = mark.starts_with(fence.as_str())
                    && line.trim_start().trim_start_matches(['`', '~']).trim() == "";
                if is_end {
                    found.push(Block {
                        page: page.to_owned(),
                        line: *start,
                        info: info.clone(),
                        lines: lines(body),
                    });
                    open = None;
                } else {
                    body.push_str(line);
                    body.push('\n');
                }
            }
            None if mark.len() >= 3 => {
                let info = line.trim_start()[mark.len()..].trim().to_owned();
                open = Some((mark, number + 1, info, String::new()));
            }
            None => {}
        }
    }
    assert!(open.is_none(), "{page}: a block has no end");
    found
}

impl Block {
    fn is_rust(&self) -> bool {
        let language = self.info.split([',', ' ']).next();
        matches!(language, Some("rust" | "rs" | "Rust"))
    }
}

/// Whether a file has the lines, one after the other.
fn has(file: &[String], block: &[String]) -> bool {
    !block.is_empty() && file.windows(block.len()).any(|part| part == block)
}

/// Rust blocks that nothing compiles. Those of a page in `tested` are tests of the documentation,
/// unless they are ignored.
fn uncompiled(blocks: &[Block], tested: &BTreeSet<String>, files: &[Vec<String>]) -> Vec<String> {
    blocks
        .iter()
        .filter(|block| block.is_rust())
        .filter(|block| {
            let is_doc_test = tested.contains(&block.page) && !block.info.contains("ignore");
            !is_doc_test && !files.iter().any(|file| has(file, &block.lines))
        })
        .map(|block| {
            let first = block.lines.first().map_or("", String::as_str);
            format!("{}:{}: {first}", block.page, block.line)
        })
        .collect()
}

/// Pages whose code is compiled by `cargo test --doc`.
fn doc_tests() -> BTreeSet<String> {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut found = BTreeSet::new();
    let mut is_doc_test = false;
    for line in lib.lines() {
        let page = line
            .strip_prefix("#[doc = include_str!(\"../")
            .and_then(|rest| rest.strip_suffix("\")]"));
        if let Some(page) = page.filter(|_| is_doc_test) {
            found.insert(page.to_owned());
        }
        is_doc_test = line == "#[cfg(doctest)]";
    }
    found
}

fn read_all() -> Vec<Block> {
    let mut pages = walk(&root().join("docs"));
    pages.extend(
        std::fs::read_dir(root())
            .unwrap()
            .map(|it| it.unwrap().path()),
    );
    for folder in ["benches", "crates", "examples"] {
        let below = walk(&root().join(folder));
        pages.extend(
            below
                .into_iter()
                .filter(|it| !it.iter().any(|part| part == "target")),
        );
    }
    pages.retain(|path| path.extension().is_some_and(|it| it == "md"));
    pages.sort();
    let mut found = Vec::new();
    for path in pages {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        found.extend(blocks(&name, &std::fs::read_to_string(&path).unwrap()));
    }
    found
}

#[test]
fn every_block_of_rust_code_is_compiled() {
    let tested = doc_tests();
    assert!(tested.contains("docs/records.md"), "{tested:?}");
    let files: Vec<Vec<String>> = COMPILED
        .iter()
        .flat_map(|folder| walk(&root().join(folder)))
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .map(|path| lines(&std::fs::read_to_string(path).unwrap()))
        .collect();
    let all = read_all();
    let count = all.iter().filter(|block| block.is_rust()).count();
    assert!(count >= 90, "{count}");
    let found = uncompiled(&all, &tested, &files);
    assert_eq!(found, Vec::<String>::new(), "compile them in tests/site");
}

#[test]
fn a_block_that_nothing_compiles_is_found() {
    let page = "```rust\nfn a() {\n    b();\n}\n```\n\n~~~rust,ignore\nfn c() {}\n~~~\n\n```text\nno\n```\n    ````rust\n    fn d() {}\n    ```\n    ````\n";
    let all = blocks("docs/p.md", page);
    assert_eq!(all.iter().filter(|block| block.is_rust()).count(), 3);
    let file = |text: &str| vec![lines(text)];
    let none = BTreeSet::new();
    let found = uncompiled(
        &all,
        &none,
        &file("mod x {\n    pub(crate) fn a() {\n        b();\n    }\n}\n"),
    );
    assert_eq!(found, ["docs/p.md:7: fn c() {}", "docs/p.md:14: fn d() {}"]);
    // A comment is not code, and one changed line is another block.
    let found = uncompiled(
        &all,
        &none,
        &file("// fn a() {\n    // b();\n// }\nfn a() {\n    c();\n}\n"),
    );
    assert_eq!(found.len(), 3);
    // An ignored block of a tested page is not compiled.
    let tested = BTreeSet::from(["docs/p.md".to_owned()]);
    assert_eq!(uncompiled(&all, &tested, &[]), ["docs/p.md:7: fn c() {}"]);
}

#[test]
fn blocks_of_json_are_json() {
    let mut count = 0;
    for block in read_all() {
        if block.info == "json" {
            let text = block.lines.join("\n");
            // A member of an object is shown without the object.
            let parsed = [text.clone(), format!("{{{text}}}")]
                .map(|text| serde_json::from_str::<serde_json::Value>(&text));
            assert!(
                parsed.iter().any(Result::is_ok),
                "{}:{}: {parsed:?}",
                block.page,
                block.line
            );
            count += 1;
        }
    }
    assert!(count >= 1, "{count}");
}
