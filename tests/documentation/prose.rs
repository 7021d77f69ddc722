//! Standard technical English: pages, comments and messages avoid the project's former idioms.
//!
//! The check finds the most distinctive ones. It cannot tell good prose from bad: see
//! `CONTRIBUTING.md` for the rules. A new idiom is added to `IDIOMS`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use folio_test_support::files::{root, walk};

/// Phrases, in lower case and between word boundaries, and the standard terms in their place.
const IDIOMS: [(&str, &str); 62] = [
    ("is told", "is reported, receives"),
    ("are told", "are reported, receive"),
    ("be told", "be reported, be distinguished"),
    ("was told", "was reported, received"),
    ("tells what", "states"),
    ("tells whether", "states whether"),
    ("told apart", "distinguished"),
    ("is refused", "is rejected, is denied"),
    ("are refused", "are rejected, are denied"),
    ("was refused", "was rejected, was denied"),
    ("refuses to", "rejects"),
    ("let in", "authenticated"),
    ("what passes", "transient failures"),
    ("passing fault", "transient failure"),
    ("goes on", "continues"),
    ("go on with", "continue, resume"),
    ("gone on", "resumed"),
    ("handed in", "supplied"),
    ("hand in", "supply"),
    ("handed over", "passed"),
    ("stands in from", "substitutes"),
    ("a stand-in", "a substitute"),
    ("on its way", "in flight, in transit"),
    ("on their way", "in flight, in transit"),
    ("at hand", "available, cached"),
    ("whoever", "a noun"),
    ("those who", "a noun"),
    ("nobody", "no client, no program"),
    ("somebody", "another client, a user"),
    ("is none of", "is not one of"),
    ("that is none", "that is invalid"),
    ("which is none", "which is invalid"),
    ("one of one's own", "its own"),
    ("of one's own", "its own, your own"),
    ("a line a record", "one line per record"),
    ("a line a", "one line per"),
    ("a file a", "one file per"),
    ("a function an", "one function per"),
    ("a record an", "one record per"),
    ("an item a", "one item per"),
    ("a feature a", "one feature per"),
    ("a handle a", "one handle per"),
    ("a request a", "one request per"),
    ("a call a", "one call per"),
    ("a document a", "one document per"),
    ("once a module", "once per module"),
    ("mended", "fixed, patched"),
    ("to mend", "to fix"),
    ("broke off", "aborted"),
    ("breaks off", "aborts, stops"),
    ("carried out twice", "executed twice"),
    ("as it came", "unchanged, as it was received"),
    ("as they came", "unchanged, as they were received"),
    ("makes of", "converts into"),
    ("is had", "is available"),
    ("in vain", "without success"),
    ("time and again", "repeatedly"),
    ("the answer is no", "the response is not"),
    ("waits for ever", "waits forever"),
    ("heeds", "respects"),
    ("forgets it", "invalidates it"),
    ("be had", "be obtained"),
];

/// Files and folders that are checked, relative to the repository.
const CHECKED: [&str; 9] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "docs",
    "benches",
    "src",
    "examples",
    "build.rs",
];

fn files() -> Vec<PathBuf> {
    let below = |path: &&str| {
        let path = root().join(path);
        if path.is_dir() {
            walk(&path)
        } else {
            vec![path]
        }
    };
    // Generated pages are checked where their sentences are: in the generator.
    let is_checked = |path: &PathBuf| {
        let is_left_out = |part: &OsStr| part == "target" || part == "changes";
        path.extension().is_some_and(|it| it == "rs" || it == "md")
            && !path.strip_prefix(root()).unwrap().iter().any(is_left_out)
    };
    let mut found: Vec<PathBuf> = CHECKED.iter().flat_map(below).filter(is_checked).collect();
    found.sort();
    assert!(found.len() > 250, "{}", found.len());
    found
}

/// The prose of a line: of Markdown all of it but code in backticks, of Rust the comment and the
/// strings.
fn prose(line: &str, is_rust: bool) -> String {
    let without_code = |text: &str| text.split('`').step_by(2).collect::<Vec<_>>().join(" _ ");
    if !is_rust {
        return without_code(line);
    }
    let trimmed = line.trim_start();
    if let Some(comment) = trimmed.strip_prefix("//") {
        return without_code(comment.trim_start_matches(['/', '!']));
    }
    let strings: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    let comment = line.split(" // ").nth(1).unwrap_or_default();
    format!("{} {}", strings.join(" _ "), without_code(comment))
}

/// Lines of one paragraph or comment in lower case, with single spaces between words.
fn paragraphs(text: &str, is_rust: bool) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut in_code = false;
    let mut is_open = false;
    for (number, line) in text.lines().enumerate() {
        let bare = line
            .trim_start()
            .trim_start_matches(['/', '!'])
            .trim_start();
        if bare.starts_with("```") {
            in_code = !in_code;
            is_open = false;
            continue;
        }
        let words = prose(line, is_rust && !in_code).to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        // In code blocks of pages only comments are prose.
        if words.is_empty() || (in_code && !line.contains("//")) {
            is_open = false;
            continue;
        }
        match found.last_mut() {
            Some((_, before)) if is_open => {
                before.push(' ');
                before.push_str(&words.join(" "));
            }
            _ => found.push((number + 1, words.join(" "))),
        }
        is_open = true;
    }
    found
}

/// Whether a text has a phrase between word boundaries.
fn has(text: &str, phrase: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '-' || c == '_';
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn findings(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, words) in paragraphs(text, path.ends_with(".rs")) {
        for (idiom, standard) in IDIOMS {
            if has(&words, idiom) {
                found.push(format!("{path}:{line}: `{idiom}`; rather: {standard}"));
            }
        }
    }
    found
}

#[test]
fn pages_comments_and_messages_have_none_of_the_idioms() {
    let mut found = Vec::new();
    for path in files() {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .replace('\\', "/");
        found.extend(findings(&name, &fs::read_to_string(&path).unwrap()));
    }
    assert!(
        found.is_empty(),
        "{} idioms:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn an_idiom_is_found_across_lines_and_not_in_code_or_within_words() {
    let rust =
        "/// The caller is\n/// told.\nlet x = \"the token is refused\";\nlet is_told = is.told;\n";
    let found = findings("src/a.rs", rust);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("src/a.rs:1: `is told`"), "{found:?}");
    let page =
        "It goes\non.\n\n```rust\nlet goes = on; // goes on\n```\n`goes on` and forgoes only\n";
    assert_eq!(findings("a.md", page).len(), 2);
    let names: BTreeSet<&str> = IDIOMS.iter().map(|(idiom, _)| *idiom).collect();
    assert_eq!(names.len(), IDIOMS.len());
}

/// Names of environment variables in string literals of the sources that read them.
fn variables(text: &str) -> BTreeSet<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .filter(|literal| {
            let is_name = |c: char| c.is_ascii_uppercase() || c == '_';
            literal.chars().all(is_name)
                && ["FOLIO", "SERVER_ERROR_", "AUTH_ERROR_"]
                    .iter()
                    .any(|start| literal.starts_with(start))
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_and_the_rustdoc_list_the_environment_variables_that_are_read() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let environment = read("src/client/environment.rs");
    let settings = variables(&environment);
    assert!(settings.len() >= 20, "{settings:?}");
    let mut all = settings.clone();
    for path in [
        "src/client/builder.rs",
        "src/engine/auth/credentials.rs",
        "src/testing/cassette.rs",
        "build/cargo.rs",
    ] {
        all.extend(variables(&read(path)));
    }
    for name in [
        "FOLIO_URL",
        "FOLIO_TENANT",
        "FOLIO_USERNAME",
        "FOLIO_PASSWORD",
        "FOLIO_SPECS_DIR",
        "FOLIO_CASSETTE",
    ] {
        assert!(all.contains(name), "{name}: {all:?}");
    }
    let page = read("docs/environment.md");
    let listed: BTreeSet<String> = page
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| {
            code.starts_with("FOLIO_")
                || code.starts_with("FOLIOCLIENT_")
                || code.starts_with("SERVER_ERROR_")
                || code.starts_with("AUTH_ERROR_")
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, all);
    // The rustdoc of `Environment` has the same settings.
    let rustdoc: BTreeSet<String> = environment
        .lines()
        .filter(|line| line.starts_with("/// | `"))
        .flat_map(|line| {
            let codes = line.split('`').skip(1).step_by(2);
            codes
                .filter(|code| settings.contains(*code))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(rustdoc, settings);
    // The page is linked, and its program is the crate's.
    for from in ["README.md", "docs/async-usage.md"] {
        assert!(read(from).contains("environment.md"), "{from}");
    }
    assert!(page.contains("FolioClient::from_env()?.connect().await"));
    assert!(read("src/client/builder.rs").contains("FolioClient::from_env()?.connect().await?"));
}
