//! PostgreSQL's full text search with the configuration `simple`: extracts the words of a text, and
//! matches them with a query of RMB.

use crate::cql::words::tokens;
use crate::value::fold::unaccented;

/// A query: its words, each a phrase, and how they belong together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WordQuery {
    pub(crate) join: WordJoin,
    pub(crate) words: Vec<Vec<Lexeme>>,
}

/// A word of a query, or its prefix.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lexeme {
    pub(crate) text: String,
    pub(crate) prefix: bool,
}

/// How the words of a query belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordJoin {
    Phrase,
    All,
    Any,
}

/// The condition of a full text term.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TextQuery {
    /// `*`: every record, also without the field.
    Everything,
    /// The empty text: the field is there.
    Present,
    Words(WordQuery),
}

/// Why a term is rejected.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RejectedTerm {
    Question,
    Star(String),
    Syntax(String),
}

/// Understands a term.
pub(crate) fn wanted(
    term: &str,
    join: WordJoin,
    unaccent: bool,
) -> Result<TextQuery, RejectedTerm> {
    let term = without_lone_stars(term);
    let term = term.trim();
    match term {
        "*" => return Ok(TextQuery::Everything),
        "" => return Ok(TextQuery::Present),
        _ => {}
    }
    let mut plain = String::with_capacity(term.len());
    let mut chars = term.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '?' => return Err(RejectedTerm::Question),
            '*' => {
                if let Some(next) = chars.peek()
                    && *next != ' '
                {
                    return Err(RejectedTerm::Star(next.to_string()));
                }
                plain.push('*');
            }
            '\\' => match chars.next() {
                Some('\\') => plain.push('\\'),
                Some(c) => plain.push(c),
                None => {}
            },
            c => plain.push(c),
        }
    }
    let plain = if unaccent {
        unaccented(&plain)
            .chars()
            .map(|c| {
                if matches!(c, '×' | '＊' | '⁎') {
                    '*'
                } else {
                    c
                }
            })
            .collect()
    } else {
        plain
    };
    let plain = plain.replace(['&', '\''], ",");
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if words == ["*"] {
        // `\*` alone: a query without words finds nothing.
        let words = Vec::new();
        return Ok(TextQuery::Words(WordQuery { join, words }));
    }
    if words
        .iter()
        .any(|word| *word == "*" || word.ends_with('\\'))
    {
        let built: Vec<String> = words
            .iter()
            .map(|word| match word.strip_suffix('*') {
                Some("") => String::new(),
                Some(word) => format!("'{word}':*"),
                None => format!("'{word}'"),
            })
            .collect();
        return Err(RejectedTerm::Syntax(built.join("&")));
    }
    let words = words
        .into_iter()
        .map(|word| {
            let (word, prefix) = match word.strip_suffix('*') {
                Some(word) => (word, true),
                None => (word, false),
            };
            tokens(word)
                .into_iter()
                .map(|text| Lexeme { text, prefix })
                .collect::<Vec<_>>()
        })
        .filter(|phrase| !phrase.is_empty())
        .collect();
    Ok(TextQuery::Words(WordQuery { join, words }))
}

/// Deletes each run of blanks that is followed by `*`, with it: `foo *bar` is `foobar`.
fn without_lone_stars(term: &str) -> String {
    let mut out = String::with_capacity(term.len());
    let mut blanks = 0;
    for c in term.chars() {
        match c {
            ' ' => {
                blanks += 1;
                out.push(c);
            }
            '*' if blanks > 0 => {
                out.truncate(out.len() - blanks);
                blanks = 0;
            }
            c => {
                blanks = 0;
                out.push(c);
            }
        }
    }
    out
}

/// A field's text as RMB has its words indexed.
pub(crate) fn indexed(text: &str, unaccent: bool) -> String {
    let text = if unaccent {
        unaccented(text)
    } else {
        text.to_owned()
    };
    text.replace('&', ",")
}

impl WordQuery {
    /// Whether the words of a text are those wanted.
    pub(crate) fn matches(&self, text: &str, unaccent: bool) -> bool {
        if self.words.is_empty() {
            return false;
        }
        let tokens = tokens(&indexed(text, unaccent));
        match self.join {
            WordJoin::Phrase => has_phrase(&tokens, &self.words.concat()),
            WordJoin::All => self.words.iter().all(|phrase| has_phrase(&tokens, phrase)),
            WordJoin::Any => self.words.iter().any(|phrase| has_phrase(&tokens, phrase)),
        }
    }
}

fn has_phrase(tokens: &[String], phrase: &[Lexeme]) -> bool {
    tokens.windows(phrase.len()).any(|window| {
        window.iter().zip(phrase).all(|(token, lexeme)| {
            if lexeme.prefix {
                token.starts_with(&lexeme.text)
            } else {
                *token == lexeme.text
            }
        })
    })
}
