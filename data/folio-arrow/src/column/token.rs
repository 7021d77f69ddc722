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
            let (quoted, raw) = json.quoted();
            return (Token::Text(quoted), raw);
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
