//! The error of a text that is not a query: a mark at its position, and what may have been meant.

use console::measure_text_width;
use folio_sdk::cql::{self, CqlError};

/// The number of characters that are shown before and after the position.
const SHOWN: usize = 60;

/// The text with a mark below the position of an error, counted from 1.
pub(super) fn marked(text: &str, position: usize) -> String {
    // One line, in which each character keeps its place.
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let all: Vec<char> = text.chars().map(plain).collect();
    let at = position.saturating_sub(1).min(all.len());
    let start = at.saturating_sub(SHOWN);
    let end = (at + SHOWN).min(all.len());
    let before: String = all.get(start..at).unwrap_or_default().iter().collect();
    let after: String = all.get(at..end).unwrap_or_default().iter().collect();
    let cut = if start > 0 { "…" } else { "" };
    let rest = if end < all.len() { "…" } else { "" };
    let indent = " ".repeat(measure_text_width(cut) + measure_text_width(&before));
    format!("  {cut}{before}{after}{rest}\n  {indent}^")
}

/// What may have been meant.
pub(super) fn help(text: &str, error: &CqlError) -> Option<String> {
    if text.trim().is_empty() {
        return Some(
            "FOLIO rejects an empty query (400): `cql.allRecords=1` finds all records".to_owned(),
        );
    }
    let at = text
        .char_indices()
        .nth(error.position().saturating_sub(1))
        .map_or(text.len(), |(at, _)| at);
    let tokens: Vec<(usize, &str)> = cql::tokens(text)
        .filter_map(|range| Some((range.start, text.get(range)?)))
        .collect();
    let index = tokens.iter().position(|(start, _)| *start >= at);
    let token = |index: Option<usize>| {
        index
            .and_then(|index| tokens.get(index))
            .map(|(_, text)| *text)
    };
    let here = token(index).unwrap_or_default();
    let previous = token(match index {
        Some(index) => index.checked_sub(1),
        None => tokens.len().checked_sub(1),
    })
    .unwrap_or_default();
    let is = |word: &str| here.eq_ignore_ascii_case(word) || previous.eq_ignore_ascii_case(word);
    let starts = |mark: &[char]| here.starts_with(mark) || previous.starts_with(mark);
    let found = if text.contains(['“', '”', '„', '«', '»']) {
        "terms are put in plain quotation marks (\"), not in typographic ones"
    } else if text.contains("%20") || text.contains("%22") || text.contains("%3D") {
        "the text is percent-encoded: CQL is written with plain characters here"
    } else if here.starts_with('!') || previous.ends_with('!') {
        "`<>` means not equal"
    } else if starts(&['&', '|']) {
        "conditions are combined by `and`, `or` and `not`"
    } else if starts(&['\'']) {
        "terms are put in quotation marks (\"), not in apostrophes"
    } else if here.eq_ignore_ascii_case("not") {
        "`not` combines two conditions: `a not b`. Without a first one: `cql.allRecords=1 not b`"
    } else if is("like") || is("contains") || is("matches") || is("~") {
        "a part of a value: field==\"*part*\"; words: field=\"word\""
    } else if is("exact") || is("within") || is("encloses") {
        "FOLIO has no such relation; the whole value: field==\"value\""
    } else if is("in") {
        "one of several values: field==(\"a\" or \"b\")"
    } else if is("is") || is("null") {
        "the field is present: field=\"\"; it is absent: cql.allRecords=1 not field=\"\""
    } else if is("between") {
        "a range: field>=\"a\" and field<=\"b\""
    } else if is("order") || is("by") || is("sort") {
        "the order is written `sortBy field/sort.descending`"
    } else if error.message().starts_with("expected `and`") && !here.is_empty() {
        "a term of several words is put in quotation marks: title=\"two words\""
    } else if error.message() == "an unclosed quotation mark" {
        "a quotation mark within a term is written \\\""
    } else {
        return None;
    };
    Some(found.to_owned())
}
