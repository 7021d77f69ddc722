//! Splits the text of a query into tokens, and finds unclosed quotation marks and parentheses.

use super::types::Relation;
use std::fmt;
use std::ops::Range;

/// Why a text is not a valid query, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CqlError {
    position: usize,
    message: String,
}

impl CqlError {
    pub(super) fn at(text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        Self {
            position: before.chars().count() + 1,
            message: message.into(),
        }
    }

    /// The position of the error: the number of the character, counted from 1; the length plus one
    /// at the end.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The description of the error.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CqlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "invalid CQL at character {}: {}",
            self.position, self.message
        )
    }
}

impl std::error::Error for CqlError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open,
    Close,
    Slash,
    Relation(Relation),
    Word,
    /// Text in quotation marks, including the marks.
    Quoted,
}

#[derive(Clone, Debug)]
pub(super) struct CqlToken {
    pub(super) kind: TokenKind,
    pub(super) span: Range<usize>,
}

/// The next token from `start` on. An unclosed quoted text extends to the end.
pub(super) fn token(text: &str, start: usize) -> Option<CqlToken> {
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '/' | '(' | ')');
    let begin = start + text.get(start..)?.find(|c: char| !c.is_whitespace())?;
    let rest = text.get(begin..)?;
    let (kind, length) = match rest.as_bytes() {
        [b'(', ..] => (TokenKind::Open, 1),
        [b')', ..] => (TokenKind::Close, 1),
        [b'/', ..] => (TokenKind::Slash, 1),
        [b'=', b'=', ..] => (TokenKind::Relation(Relation::Eq), 2),
        [b'=', ..] => (TokenKind::Relation(Relation::Matches), 1),
        [b'<', b'>', ..] => (TokenKind::Relation(Relation::Ne), 2),
        [b'<', b'=', ..] => (TokenKind::Relation(Relation::Le), 2),
        [b'<', ..] => (TokenKind::Relation(Relation::Lt), 1),
        [b'>', b'=', ..] => (TokenKind::Relation(Relation::Ge), 2),
        [b'>', ..] => (TokenKind::Relation(Relation::Gt), 1),
        [b'"', ..] => {
            let mut escaped = false;
            let close = rest.char_indices().skip(1).find(|(_, c)| {
                let ends = *c == '"' && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            (
                TokenKind::Quoted,
                close.map_or(rest.len(), |(at, _)| at + 1),
            )
        }
        _ => {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"' || is_sign(c));
            (TokenKind::Word, end.unwrap_or(rest.len()))
        }
    };
    Some(CqlToken {
        kind,
        span: begin..begin + length,
    })
}

pub(super) fn tokens(text: &str) -> impl Iterator<Item = CqlToken> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let token = token(text, at)?;
        at = token.span.end;
        Some(token)
    })
}

/// Whether a quoted text has its closing mark.
pub(super) fn is_closed(quoted: &str) -> bool {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    inner.strip_suffix('"').is_some_and(|inner| {
        let backslashes = inner.len() - inner.trim_end_matches('\\').len();
        backslashes % 2 == 0
    })
}

/// The condition of a query as written, and its sort keys. `sortBy` is recognized in any case, as a
/// word outside of quotation marks. Nothing is validated: servers differ in what they accept.
pub(super) fn split(text: &str) -> (&str, Vec<String>) {
    let mut tokens = tokens(text);
    let Some(found) = tokens.find(|token| {
        token.kind == TokenKind::Word
            && text
                .get(token.span.clone())
                .is_some_and(|word| word.eq_ignore_ascii_case("sortby"))
    }) else {
        return (text.trim(), Vec::new());
    };
    let condition = text.get(..found.span.start).unwrap_or_default().trim();
    let mut keys: Vec<String> = Vec::new();
    let mut joined = false;
    for token in tokens {
        let written = text.get(token.span.clone()).unwrap_or_default();
        let is_joint = matches!(token.kind, TokenKind::Slash | TokenKind::Relation(_));
        match keys.last_mut() {
            Some(key) if joined || is_joint => key.push_str(written),
            _ => keys.push(written.to_owned()),
        }
        joined = is_joint;
    }
    (condition, keys)
}

/// The reason why a text cannot be put in parentheses.
pub(super) fn unbalanced(text: &str) -> Option<CqlError> {
    let mut open = Vec::new();
    for token in tokens(text) {
        match token.kind {
            TokenKind::Open => open.push(token.span.start),
            TokenKind::Close if open.pop().is_none() => {
                let message = "an unmatched closing parenthesis";
                return Some(CqlError::at(text, token.span.start, message));
            }
            TokenKind::Quoted if !text.get(token.span.clone()).is_some_and(is_closed) => {
                let message = "an unclosed quotation mark";
                return Some(CqlError::at(text, token.span.start, message));
            }
            _ => {}
        }
    }
    open.pop()
        .map(|at| CqlError::at(text, at, "an unclosed parenthesis"))
}
