//! Terms as they are written between the quotation marks: with escapes and wildcards; and the
//! relations that compare their words.

use folio_sdk::cql::Relation;

/// Whether a relation compares words in place of whole values.
pub(super) fn is_full_text(relation: Relation) -> bool {
    matches!(
        relation,
        Relation::Matches | Relation::Adjacent | Relation::All | Relation::Any
    )
}

/// The characters of a term; `true` for those after a backslash.
pub(super) fn characters(term: &str) -> Vec<(char, bool)> {
    let mut all = Vec::new();
    let mut rest = term.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(escaped) => all.push((escaped, true)),
                None => all.push(('\\', true)),
            },
            c => all.push((c, false)),
        }
    }
    all
}

/// The text without escapes; wildcards stay.
pub(super) fn plain(term: &str) -> String {
    characters(term).into_iter().map(|(c, _)| c).collect()
}

/// Whether a character stands in the term, not escaped.
pub(super) fn has(term: &str, wanted: char) -> bool {
    characters(term).contains(&(wanted, false))
}

/// Whether a text has the form of a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    text.parse::<folio_sdk::Id>().is_ok()
}

/// Whether a text starts as a date: `2026-01-31`.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(date) = bytes.get(..10) else {
        return false;
    };
    date.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

/// Whether a text is a number.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text.parse::<f64>().is_ok()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}
