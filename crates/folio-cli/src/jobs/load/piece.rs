//! A part of a file: a record, or what is none.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::file::encoding_problem;

/// A part of the file.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A record, which begins in this line.
    Record { line: u64, record: Box<RawValue> },
    /// Text that is no record.
    Malformed {
        line: u64,
        text: String,
        problem: String,
    },
    /// Something that the user should know about the file.
    Note(String),
}

/// A record that has failed before, as this program writes it: with its text, or with text that is
/// no record.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailedLine<'a> {
    #[serde(rename = "failed")]
    _failed: Reason,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(rename = "message")]
    _message: IgnoredAny,
}

/// A record, if the text is one; that of a line of a file of failed records, if it is such a line.
pub(super) fn record(line: u64, text: &[u8]) -> Piece {
    let failed = may_have_failed(text)
        .then(|| serde_json::from_slice::<FailedLine<'_>>(text).ok())
        .flatten();
    match failed {
        Some(FailedLine {
            record: Some(record),
            text: None,
            ..
        }) if record.get().starts_with('{') => Piece::Record {
            line,
            record: record.to_owned(),
        },
        Some(FailedLine {
            record: None,
            text: Some(text),
            ..
        }) => object(line, text.as_bytes()),
        _ => object(line, text),
    }
}

/// Whether the first field of an object is one of a line of failed records.
fn may_have_failed(text: &[u8]) -> bool {
    let first = text
        .strip_prefix(b"{")
        .unwrap_or_default()
        .trim_ascii_start();
    [&b"\"failed\""[..], b"\"record\"", b"\"text\""]
        .iter()
        .any(|name| first.starts_with(name))
}

/// The record that the text is.
fn object(line: u64, text: &[u8]) -> Piece {
    match serde_json::from_slice::<Box<RawValue>>(text) {
        Ok(record) if record.get().starts_with('{') => Piece::Record { line, record },
        Ok(_) => malformed(line, text, "it is not a JSON object"),
        Err(error) => {
            let problem = encoding_problem(text).unwrap_or_else(|| flaw(&error));
            malformed(line, text, &problem)
        }
    }
}

/// The description of an error, whose position is relative to the record.
fn flaw(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let problem = text.strip_suffix(&position).unwrap_or(&text);
    match error.line() {
        0 | 1 => format!("{problem} at column {}", error.column()),
        line => format!("{problem} in its line {line}, column {}", error.column()),
    }
}

pub(super) fn malformed(line: u64, text: &[u8], problem: &str) -> Piece {
    Piece::Malformed {
        line,
        text: String::from_utf8_lossy(text).trim_end().to_owned(),
        problem: problem.to_owned(),
    }
}
