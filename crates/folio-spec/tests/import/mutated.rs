//! Damaged descriptions: an error or a document, never a panic, a hang, or half of a folder.

use proptest::prelude::*;

use crate::support::{OPENAPI, RAML, Release, with};

/// Words that mean something in one of the languages.
const WORDS: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "\n",
    "  ",
    "'",
    "\"",
    "<<",
    ">>",
    "|",
    "$ref",
    "type:",
    "!include ",
    "&a ",
    "*a",
    "#",
    "/",
    "..",
    "\u{0}",
    "é",
];

#[derive(Clone, Debug)]
enum Damage {
    Cut(prop::sample::Index, usize),
    Double(prop::sample::Index, usize),
    Insert(prop::sample::Index, &'static str),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<prop::sample::Index>(), 1..40usize).prop_map(|(at, length)| Damage::Cut(at, length)),
        (any::<prop::sample::Index>(), 1..200usize)
            .prop_map(|(at, length)| Damage::Double(at, length)),
        (
            any::<prop::sample::Index>(),
            prop::sample::select(&WORDS[..])
        )
            .prop_map(|(at, word)| Damage::Insert(at, word)),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for damage in damages {
        if chars.is_empty() {
            break;
        }
        match damage {
            Damage::Cut(at, length) => {
                let at = at.index(chars.len());
                chars.drain(at..(at + length).min(chars.len()));
            }
            Damage::Double(at, length) => {
                let at = at.index(chars.len());
                let part = chars[at..(at + length).min(chars.len())].to_vec();
                chars.splice(at..at, part);
            }
            Damage::Insert(at, word) => {
                let at = at.index(chars.len());
                chars.splice(at..at, word.chars());
            }
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_descriptions_end_in_a_document_or_an_error(
        is_raml in any::<bool>(),
        which in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let files = if is_raml { RAML } else { OPENAPI };
        let (name, text) = files[which.index(files.len())];
        let text = damaged(text, &damages);
        let files = with(files, name, &text);
        let release = if is_raml { Release::raml(&files) } else { Release::openapi(&files) };
        match release.import() {
            Ok(_) => {
                let _ = release.document();
            }
            Err(error) => {
                prop_assert!(!error.problem.is_empty());
                prop_assert!(error.file.starts_with(release.folder.path()), "{error}");
                prop_assert!(!release.path("specs/test").exists());
            }
        }
    }
}
