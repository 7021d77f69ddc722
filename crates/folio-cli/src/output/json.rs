//! JSON as text: members in their order and numbers digit by digit, as the server wrote them.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::CliError;
use crate::output::style::Style;

/// A value as JSON text.
///
/// # Errors
/// It cannot be JSON, as a map whose keys are not text.
pub(crate) fn to_raw<T: Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, CliError> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| CliError::other(format!("cannot write a result as JSON: {error}")))
}

/// The members of an object, in their order.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// The members of a value, if it is an object.
pub(crate) fn members(value: &RawValue) -> Option<Vec<(String, &RawValue)>> {
    if !value.get().starts_with('{') {
        return None;
    }
    serde_json::from_str(value.get())
        .ok()
        .map(|Members(members)| members)
}

/// The elements of a value, if it is an array.
pub(crate) fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    if !value.get().starts_with('[') {
        return None;
    }
    serde_json::from_str(value.get()).ok()
}

/// The text of a value, if it is a string.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    if !value.get().starts_with('"') {
        return None;
    }
    serde_json::from_str(value.get()).ok()
}

/// The numbers of a value, as they are written.
pub(crate) fn numbers(value: &RawValue) -> Vec<&str> {
    let is_number =
        |text: &str| text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    Tokens(value.get())
        .filter_map(|token| match token {
            Token::Other(text) if is_number(text) => Some(text),
            _ => None,
        })
        .collect()
}

/// On one line.
pub(crate) fn compact(value: &RawValue) -> String {
    let mut out = String::with_capacity(value.get().len());
    for token in Tokens(value.get()) {
        match token {
            Token::Space => {}
            Token::Text(text) | Token::Other(text) | Token::Mark(text) => out.push_str(text),
        }
    }
    out
}

/// Indented by two spaces.
pub(crate) fn pretty(value: &RawValue, colored: bool) -> String {
    let mut out = String::with_capacity(value.get().len() * 2);
    let mut depth = 0_usize;
    let mut tokens = Tokens(value.get())
        .filter(|token| *token != Token::Space)
        .peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Mark(open @ ("{" | "[")) => {
                out.push_str(open);
                if let Some(Token::Mark(close @ ("}" | "]"))) = tokens.peek() {
                    out.push_str(close);
                    tokens.next();
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            Token::Mark(close @ ("}" | "]")) => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push_str(close);
            }
            Token::Mark(",") => {
                out.push(',');
                line(&mut out, depth);
            }
            Token::Mark(colon) => {
                out.push_str(colon);
                out.push(' ');
            }
            Token::Text(text) => {
                let is_name = tokens.peek() == Some(&Token::Mark(":"));
                let style = if is_name { Style::Blue } else { Style::Green };
                out.push_str(&style.paint(text, colored));
            }
            Token::Other(text) => out.push_str(text),
            Token::Space => {}
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// A part of JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// `{`, `}`, `[`, `]`, `:`, `,`
    Mark(&'a str),
    /// With its quotes.
    Text(&'a str),
    /// A number, `true`, `false`, `null`.
    Other(&'a str),
    Space,
}

/// The parts of valid JSON text.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.0.as_bytes();
        let first = *rest.first()?;
        let is_space = |byte: &u8| byte.is_ascii_whitespace();
        let is_mark = |byte: &u8| b"{}[]:,".contains(byte);
        let length = match first {
            b'"' => {
                let mut escaped = false;
                let end = rest.iter().skip(1).position(|byte| {
                    let ends = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                end.map_or(rest.len(), |end| end + 2)
            }
            _ if is_mark(&first) => 1,
            _ if is_space(&first) => rest.iter().take_while(|byte| is_space(byte)).count(),
            _ => rest
                .iter()
                .take_while(|byte| !is_space(byte) && !is_mark(byte) && **byte != b'"')
                .count(),
        };
        let (token, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(match first {
            b'"' => Token::Text(token),
            _ if is_mark(&first) => Token::Mark(token),
            _ if is_space(&first) => Token::Space,
            _ => Token::Other(token),
        })
    }
}
