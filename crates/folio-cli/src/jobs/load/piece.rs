//! A part of a file: a record, or what is none.

use serde_json::value::RawValue;

use crate::output::json;

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

/// A record that has failed before, as this program writes it.
const FAILED: [&str; 3] = ["failed", "record", "text"];

/// A record, if the text is one.
pub(super) fn record(line: u64, text: &[u8]) -> Piece {
    match serde_json::from_slice::<Box<RawValue>>(text) {
        Ok(record) if record.get().starts_with('{') => unwrapped(line, record),
        Ok(_) => malformed(line, text, "it is not a JSON object"),
        Err(error) => malformed(line, text, &flaw(&error)),
    }
}

/// The record in a line of a file of failed records; any other record as it is.
fn unwrapped(line: u64, record: Box<RawValue>) -> Piece {
    let rest = record.get().get(1..).unwrap_or_default().trim_start();
    if !rest.starts_with("\"failed\"")
        && !rest.starts_with("\"record\"")
        && !rest.starts_with("\"text\"")
    {
        return Piece::Record { line, record };
    }
    let members = json::members(&record).unwrap_or_default();
    let member = |name: &str| {
        let found = members.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| *value)
    };
    let is_failure = members.len() == 2
        && members
            .iter()
            .all(|(key, _)| FAILED.contains(&key.as_str()))
        && member("failed")
            .and_then(json::members)
            .is_some_and(|failed| failed.iter().any(|(key, _)| key == "message"));
    if !is_failure {
        return Piece::Record { line, record };
    }
    match (member("record"), member("text").and_then(json::text)) {
        (Some(inner), _) if inner.get().starts_with('{') => Piece::Record {
            line,
            record: inner.to_owned(),
        },
        (None, Some(text)) => match serde_json::from_str::<Box<RawValue>>(&text) {
            Ok(record) if record.get().starts_with('{') => Piece::Record { line, record },
            Ok(_) => malformed(line, text.as_bytes(), "it is not a JSON object"),
            Err(error) => malformed(line, text.as_bytes(), &flaw(&error)),
        },
        _ => Piece::Record { line, record },
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
