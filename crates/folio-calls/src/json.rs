//! JSON with the digits of its numbers, to compare and to make.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

/// A value. Numbers are as they were written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// The digits of a number.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Removes the value at a path such as `childOf` or `items[].added`.
    pub fn omit(&mut self, path: &str) {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (name, is_list) = match first.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (first, false),
        };
        let Self::Object(fields) = self else { return };
        if rest.is_empty() && !is_list {
            fields.remove(name);
            return;
        }
        match fields.get_mut(name) {
            Some(Self::List(list)) if is_list => list.iter_mut().for_each(|one| one.omit(rest)),
            Some(inner) if !is_list => inner.omit(rest),
            _ => {}
        }
    }

    /// Reads JSON.
    ///
    /// # Errors
    /// It is not valid JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let text = text.trim();
        Ok(match text.bytes().next() {
            Some(b'{') => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
                let read =
                    |(name, value): (String, &RawValue)| Ok((name, Self::parse(value.get())?));
                Self::Object(
                    fields
                        .into_iter()
                        .map(read)
                        .collect::<Result<_, serde_json::Error>>()?,
                )
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(
                    items
                        .iter()
                        .map(|item| Self::parse(item.get()))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'-' | b'0'..=b'9') => {
                serde_json::from_str::<&RawValue>(text)?;
                Self::Number(text.to_owned())
            }
            _ => match serde_json::from_str(text)? {
                serde_json::Value::Bool(value) => Self::Bool(value),
                serde_json::Value::String(text) => Self::Text(text),
                _ => Self::Null,
            },
        })
    }

    /// Where another value differs from this one, if it does. A field that is `null` is one that is
    /// absent; a `null` in a list has its place.
    pub fn difference(&self, other: &Self) -> Option<String> {
        self.differs(other, "")
    }

    fn differs(&self, other: &Self, at: &str) -> Option<String> {
        match (self, other) {
            (Self::Object(a), Self::Object(b)) => a.keys().chain(b.keys()).find_map(|key| {
                let one = a.get(key).unwrap_or(&Self::Null);
                one.differs(b.get(key).unwrap_or(&Self::Null), &format!("{at}/{key}"))
            }),
            (Self::List(a), Self::List(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b).enumerate();
                pairs.find_map(|(index, (a, b))| a.differs(b, &format!("{at}/{index}")))
            }
            (a, b) if a == b => None,
            (a, b) => Some(format!("{at} was {}, is {}", short(a), short(b))),
        }
    }
}

fn short(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(digits) => out.write_str(digits),
            Self::Text(text) => out.write_str(&quoted(text)),
            Self::List(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                out.write_str("]")
            }
            Self::Object(fields) => {
                out.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    write!(
                        out,
                        "{}{}:{value}",
                        if index == 0 { "" } else { "," },
                        quoted(name)
                    )?;
                }
                out.write_str("}")
            }
        }
    }
}
