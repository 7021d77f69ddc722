//! Conditions on text: the stored text and the term are folded, the term is a pattern.
//!
//! Why a query for text selects every record of the SQL condition: the server folds character by
//! character (`lower(f_unaccent(…))`, each character becomes none or several, independent of its
//! neighbours). So equal texts are equal when folded, and a text that starts with another one starts
//! with it when folded. It may select more: texts that differ in case or accents.

use folio_sdk::cql::Relation;

use super::condition::{Field, Piece, Pushed};
use crate::facts::Folding;

/// The longest text of a term, in characters; of longer ones the beginning is sought. Folded, it
/// stays below the 600 characters of the indexes (unaccent replaces a character by at most five), at
/// which the server would cut the term, perhaps within an escaped character.
const LONGEST: usize = 100;

/// Queries about users that contain this text anywhere are evaluated on the groups (mod-users).
const GROUPS: &str = "patronGroup.";

/// Whether text can be part of a query. PostgreSQL has no character NUL.
pub(super) fn is_allowed(text: &str) -> bool {
    !text.contains('\0') && !text.contains(GROUPS)
}

/// Whether text can be a term as a whole.
pub(super) fn is_term(text: &str) -> bool {
    is_allowed(text) && text.chars().count() <= LONGEST
}

/// The stored text equals the value.
pub(super) fn equal(field: &Field, folding: Folding, value: &str) -> Option<Pushed> {
    let pieces: Vec<Piece> = value.chars().map(Piece::Character).collect();
    like(field, folding, &pieces, false)
}

/// The stored text matches a LIKE pattern; without wildcards, it equals the text.
pub(super) fn like(
    field: &Field,
    folding: Folding,
    pattern: &[Piece],
    ignores_case: bool,
) -> Option<Pushed> {
    let literal: String = pattern.iter().filter_map(Piece::character).collect();
    if !is_allowed(&literal) || !ignores_enough(field, folding, &literal, ignores_case) {
        return None;
    }
    let (term, has_wildcards) = term(pattern, folding);
    if term == "*" {
        return Some(Pushed::superset(field.cql().is_defined()));
    }
    let query = field.cql().matches(Relation::Eq, &term);
    // A term as long as the prefix of the index would also find longer texts.
    let is_whole = folding
        .first
        .is_none_or(|first| literal.chars().count() < first);
    let is_exact = folding.case && folding.accents && is_whole && !has_wildcards;
    let pushed = Pushed::exact(query);
    Some(match is_exact && !ignores_case && !field.is_lowered {
        true => pushed,
        false => pushed.inexact(),
    })
}

/// Whether the server ignores case where the filter does.
///
/// DataFusion compares without regard to case by Unicode's rules, which go beyond the server's:
/// `K` (the Kelvin sign) is `k` for both, but `ſ` is `s` for the server only if it removes accents,
/// and `ς`, `İ` and others differ. So the text of the filter must be ASCII.
fn ignores_enough(field: &Field, folding: Folding, literal: &str, ignores_case: bool) -> bool {
    if !ignores_case && !field.is_lowered {
        return true;
    }
    let has_s = literal.contains(['s', 'S']);
    !folding.case && literal.is_ascii() && (!folding.accents || !has_s)
}

/// The term of a pattern, and whether it has wildcards.
fn term(pattern: &[Piece], folding: Folding) -> (String, bool) {
    let mut term = String::new();
    let mut count = 0;
    let mut has_wildcards = false;
    // Several wildcards in succession are one.
    let mut ends_with_wildcard = false;
    for piece in pattern {
        let character = match piece {
            Piece::Character(character) if count < LONGEST => *character,
            // One character is none or several after folding: `_` is no `?`. What is beyond the
            // longest term may be anything.
            Piece::Character(_) | Piece::One | Piece::Many => {
                has_wildcards = true;
                if !ends_with_wildcard {
                    term.push('*');
                    ends_with_wildcard = true;
                }
                // The beginning of the text is compared only: what stands behind a wildcard may be
                // beyond it.
                if folding.first.is_some() || count == LONGEST {
                    break;
                }
                continue;
            }
        };
        count += 1;
        ends_with_wildcard = false;
        if matches!(character, '*' | '?' | '\\') {
            term.push('\\');
        }
        term.push(character);
    }
    (term, has_wildcards)
}

impl Piece {
    pub(super) fn character(&self) -> Option<char> {
        match self {
            Self::Character(character) => Some(*character),
            Self::One | Self::Many => None,
        }
    }
}

/// The pieces of a LIKE pattern, as arrow evaluates it: a backslash makes the next character
/// literal, and is itself literal at the end.
pub(crate) fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        pieces.push(match character {
            '%' => Piece::Many,
            '_' => Piece::One,
            '\\' => Piece::Character(characters.next().unwrap_or('\\')),
            character => Piece::Character(character),
        });
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Evaluation;
    use crate::pushdown::condition::Kind;

    const FOLDED: Folding = Folding {
        case: false,
        accents: false,
        first: None,
    };
    const INDEXED: Folding = Folding {
        first: Some(600),
        ..FOLDED
    };
    const PLAIN: Folding = Folding {
        case: true,
        accents: true,
        first: None,
    };

    fn field(folding: Folding) -> Field {
        Field {
            path: "f".to_owned(),
            kind: Kind::Text,
            evaluation: Evaluation::Text(folding),
            is_lowered: false,
        }
    }

    fn query(folding: Folding, pattern: &str) -> Option<(String, bool)> {
        let pushed = like(&field(folding), folding, &pieces(pattern), false)?;
        Some((pushed.query.to_string(), pushed.is_exact))
    }

    fn found(query: &str, is_exact: bool) -> Option<(String, bool)> {
        Some((query.to_owned(), is_exact))
    }

    #[test]
    fn patterns_become_terms() {
        assert_eq!(query(FOLDED, "abc"), found(r#"f=="abc""#, false));
        assert_eq!(query(FOLDED, ""), found(r#"f=="""#, false));
        assert_eq!(query(PLAIN, "abc"), found(r#"f=="abc""#, true));
        assert_eq!(query(PLAIN, "abc%"), found(r#"f=="abc*""#, false));
        assert_eq!(query(FOLDED, "a%%_b_"), found(r#"f=="a*b*""#, false));
        assert_eq!(query(FOLDED, "%"), found(r#"f="""#, false));
        assert_eq!(
            query(FOLDED, r"100\%\_a\\b\"),
            found(r#"f=="100%_a\\b\\""#, false)
        );
        assert_eq!(
            query(FOLDED, r#"*?^"\""#),
            found(r#"f=="\*\?\^\"\"""#, false)
        );
        assert_eq!(query(FOLDED, r"x*%"), found(r#"f=="x\**""#, false));
    }

    #[test]
    fn of_indexed_text_only_the_beginning_is_compared() {
        assert_eq!(query(INDEXED, "a%b"), found(r#"f=="a*""#, false));
        assert_eq!(query(INDEXED, "%b"), found(r#"f="""#, false));
        let long = "é".repeat(700);
        let expected = format!(r#"f=="{}*""#, "é".repeat(LONGEST));
        assert_eq!(query(INDEXED, &long), found(&expected, false));
        assert_eq!(query(PLAIN, &long), found(&expected, false));
    }

    #[test]
    fn some_text_is_never_sent() {
        assert_eq!(query(FOLDED, "a\0b"), None);
        assert_eq!(query(FOLDED, "see patronGroup.x"), None);
    }

    #[test]
    fn case_is_ignored_only_where_the_server_ignores_as_much() {
        let ilike = |folding: Folding, pattern: &str| {
            like(&field(folding), folding, &pieces(pattern), true).map(|it| it.query.to_string())
        };
        let no_case = Folding {
            accents: true,
            ..FOLDED
        };
        assert_eq!(ilike(FOLDED, "Smith%").as_deref(), Some(r#"f=="Smith*""#));
        assert_eq!(ilike(PLAIN, "abc%"), None);
        assert_eq!(ilike(FOLDED, "Σ%"), None);
        assert_eq!(ilike(no_case, "ok%").as_deref(), Some(r#"f=="ok*""#));
        assert_eq!(ilike(no_case, "smith%"), None, "ſ is an s for SQL only");
    }
}
