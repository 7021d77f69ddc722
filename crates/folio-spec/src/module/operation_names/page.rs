//! The tables of the rule, for `docs/names.md`.

use super::nouns::{SINGULARS, SPELLINGS, Spelling, UNCOUNTABLE};
use super::path::{ADJECTIVES, SELECTORS};
use super::rule::{LONGEST, SEARCHES, VAGUE};
use super::verbs::{ENDING, INTRANSITIVE, NOUNS, READING, STATES, VERBS};
use crate::corrections::overrides::Overrides;

/// The words that the rule of names knows, and the names that overrides state, as Markdown.
pub fn tables(overrides: &Overrides) -> String {
    let mut page = String::new();
    for (title, words) in [
        (
            "Verbs of POST, PUT and PATCH, and of a GET that changes something",
            VERBS,
        ),
        ("Verbs of a GET that changes nothing", READING),
        ("Verbs of DELETE", ENDING),
        ("Verbs without an object", INTRANSITIVE),
        ("Nouns that begin with a verb", NOUNS),
        ("States", STATES),
        ("Adjectives", ADJECTIVES),
        (
            "What selects a record, if a parameter follows; so does `by-…`",
            SELECTORS,
        ),
        ("Segments that take the one before them along", VAGUE),
        ("Last words without a plural", UNCOUNTABLE),
        (
            "First segments that are the verb of the lists below them",
            SEARCHES,
        ),
    ] {
        let words: Vec<String> = words
            .split_whitespace()
            .map(|word| format!("`{word}`"))
            .collect();
        page.push_str(&format!("**{title}:** {}.\n\n", words.join(", ")));
    }
    page.push_str(&format!("**Longest name:** {LONGEST} letters.\n\n"));
    page.push_str("| word of a URL | in names | why |\n|---|---|---|\n");
    SPELLINGS
        .iter()
        .for_each(|spelling| row(&mut page, spelling));
    page.push_str("\n| plural | singular | why |\n|---|---|---|\n");
    SINGULARS
        .iter()
        .for_each(|spelling| row(&mut page, spelling));
    page.push_str("\n| module | operation | stated | why |\n|---|---|---|---|\n");
    for (module, operation, stated) in overrides.names() {
        let what = match (&stated.name, &stated.verb) {
            (Some(name), _) => format!("`{name}`"),
            (None, verb) => format!("the verb `{}`", verb.as_deref().unwrap_or_default()),
        };
        let reason = &stated.reason;
        page.push_str(&format!(
            "| {module} | `{operation}` | {what} | {reason} |\n"
        ));
    }
    page
}

fn row(page: &mut String, spelling: &Spelling) {
    let Spelling { url, name, reason } = spelling;
    page.push_str(&format!("| `{url}` | `{name}` | {reason} |\n"));
}
