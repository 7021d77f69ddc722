//! A value of JSON, as scalar columns look at it.

use crate::json::{Cursor, Quoted};

/// A value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    Null,
    Boolean(bool),
    Number,
    Text(Quoted<'a>),
    /// An object or a list.
    Nested,
}

/// The next value, and its text.
pub(super) fn token<'a>(json: &mut Cursor<'a>) -> (Token<'a>, &'a str) {
    let raw = match json.peek() {
        b'"' => {
            let raw = json.value();
            let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
            let has_escapes = memchr::memchr(b'\\', inner.as_bytes()).is_some();
            return (
                Token::Text(Quoted {
                    raw: inner,
                    has_escapes,
                }),
                raw,
            );
        }
        b'{' | b'[' => return (Token::Nested, json.value()),
        _ => json.word(),
    };
    let token = match raw {
        "null" => Token::Null,
        "true" => Token::Boolean(true),
        "false" => Token::Boolean(false),
        _ => Token::Number,
    };
    (token, raw)
}
