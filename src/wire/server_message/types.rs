//! The parts of a server's error message.

use std::fmt;

/// The content of an error body.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerMessage {
    /// In one line.
    pub(crate) message: Option<String>,
    pub(crate) errors: Vec<ValidationError>,
}

impl ServerMessage {
    /// Whether the errors are about the content of the request. Newer modules respond with 400 and
    /// the code `validation_error`, or with parameters that name the fields.
    pub(crate) fn is_validation(&self) -> bool {
        self.errors.iter().any(|error| {
            error.code.as_deref() == Some("validation_error") || !error.parameters.is_empty()
        })
    }
}

/// The versions of a record that another client changed meanwhile: FOLIO's optimistic locking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionConflict {
    /// The `_version` that the record has now.
    pub stored: i64,
    /// The `_version` that was sent; none if there was none.
    pub sent: Option<i64>,
}

impl VersionConflict {
    /// Parses the message of RMB's database trigger, in text or within JSON: "Stored _version is 4,
    /// _version of request is 3".
    pub(crate) fn of(message: &str) -> Option<Self> {
        let number = |words: &str| -> Option<i64> {
            let (_, after) = message.split_once(words)?;
            let after = after.trim_start();
            let end = after
                .char_indices()
                .find(|(at, c)| !(c.is_ascii_digit() || *at == 0 && *c == '-'))
                .map_or(after.len(), |(at, _)| at);
            after.get(..end)?.parse().ok()
        };
        Some(Self {
            stored: number("Stored _version is")?,
            sent: number("_version of request is"),
        })
    }
}

/// One of the errors that a FOLIO module lists in its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// The server's message.
    pub message: String,
    /// The code, such as `validation_error` or the name of a database constraint.
    pub code: Option<String>,
    /// The type, `1` or the name of a Java exception.
    pub kind: Option<String>,
    /// The parameters: usually the name of a field and its value.
    pub parameters: Vec<Parameter>,
}

/// A field or other thing that an error concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The field, in the server's notation.
    pub key: String,
    /// The rejected value.
    pub value: Option<String>,
}

impl ValidationError {
    /// The field of the error, if the server states it. If the server states a database expression,
    /// as RMB does for unique values, this is the field in it, `barcode` of `lower(jsonb ->>
    /// 'barcode'::text)`.
    pub fn field(&self) -> Option<&str> {
        let key = self.parameters.first()?.key.as_str();
        let Some((_, inner)) = key.rsplit_once("->> '") else {
            return Some(key);
        };
        inner.split('\'').next()
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(out, " [{code}]")?;
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            write!(
                out,
                "{}{}",
                if index == 0 { " (" } else { ", " },
                parameter.key
            )?;
            if let Some(value) = &parameter.value {
                write!(out, " = {value}")?;
            }
        }
        if self.parameters.is_empty() {
            Ok(())
        } else {
            out.write_str(")")
        }
    }
}
