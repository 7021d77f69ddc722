//! A record between its source and its outcome.

use serde_json::Value;

use crate::value::splice;
use crate::wire::error::Error;
use crate::wire::response::Response;
use crate::wire::same_record::version;
use crate::write::key::{folded, lane};
use crate::write::report::{Outcome, WriteResult};

pub(super) use crate::wire::same_record::Fields;

/// A record that is being written.
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) id: String,
    /// Whether the source record had an id.
    pub(super) id_is_given: bool,
    /// The value of its match field.
    pub(super) key: Option<String>,
    /// Records of one lane are written sequentially.
    pub(super) lane: String,
    /// A hash of the source record.
    pub(super) content: u32,
    /// An earlier record with the same id or key.
    pub(super) repeats: Option<u64>,
    /// The source record, with its id and without `_version`.
    pub(super) fields: Fields,
    /// Its text, if it has numbers that `fields` does not represent exactly.
    text: Option<Vec<u8>>,
    /// The `_version` of the source record.
    pub(super) guard: Option<i64>,
    /// Whether it existed before anything was sent.
    pub(super) existed: bool,
    /// The result of the last lookup.
    pub(super) seen: Seen,
    /// The record to be sent.
    pub(super) body: Vec<u8>,
    /// Whether the server is to number it.
    pub(super) is_unnumbered: bool,
    /// The fields that a replacement removes.
    pub(super) dropped: Vec<String>,
    pub(super) doubt: Doubt,
    /// The number of conflicts with other writers.
    pub(super) conflicts: u32,
}

/// A completed record.
pub(super) struct Done {
    pub(super) lane: String,
    pub(super) outcome: Outcome,
}

/// Whether a sent record may have been written.
pub(super) enum Doubt {
    None,
    /// The last sent record may have been: only this error was received.
    Last(Error),
    /// An earlier one may have been, even after the last lookup, which did not show it.
    Earlier(Error),
}

impl Doubt {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    pub(super) fn is_of_last(&self) -> bool {
        matches!(self, Self::Last(_))
    }

    /// Another one is to be sent.
    pub(super) fn outlived(&mut self) {
        *self = match std::mem::replace(self, Self::None) {
            Self::Last(error) => Self::Earlier(error),
            other => other,
        };
    }

    /// Nothing more is sent: the last one determines the outcome.
    pub(super) fn revived(&mut self) {
        *self = match std::mem::replace(self, Self::None) {
            Self::Earlier(error) => Self::Last(error),
            other => other,
        };
    }

    pub(super) fn error(&self) -> Option<&Error> {
        match self {
            Self::None => None,
            Self::Last(error) | Self::Earlier(error) => Some(error),
        }
    }
}

/// The result of a lookup of an id or key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Nothing,
    Version(Option<i64>),
}

impl Seen {
    pub(super) fn of(stored: Option<&Fields>) -> Self {
        stored.map_or(Self::Nothing, |stored| Self::Version(version(stored)))
    }
}

impl Entry {
    pub(super) fn new(index: u64, id: String, id_is_given: bool, fields: Fields) -> Self {
        Self {
            index,
            lane: lane(&id),
            id,
            id_is_given,
            key: None,
            content: 0,
            repeats: None,
            fields,
            text: None,
            guard: None,
            existed: false,
            seen: Seen::Nothing,
            body: Vec::new(),
            is_unnumbered: false,
            dropped: Vec::new(),
            doubt: Doubt::None,
            conflicts: 0,
        }
    }

    pub(super) fn with_key(mut self, key: String) -> Self {
        self.lane = folded(&key);
        self.key = Some(key);
        self
    }

    pub(super) fn with_content(mut self, content: u32) -> Self {
        self.content = content;
        self
    }

    pub(super) fn with_text(mut self, text: Vec<u8>) -> Self {
        self.text = Some(text);
        self
    }

    /// The record in its sent form: unchanged numbers keep their digits.
    pub(super) fn written_as(&self, fields: Fields) -> serde_json::Result<Vec<u8>> {
        let fields = Value::Object(fields);
        match &self.text {
            Some(text) => {
                let before = serde_json::from_slice(text)?;
                Ok(splice::rewrite(text, &before, &fields))
            }
            None => serde_json::to_vec(&fields),
        }
    }

    /// The value of its match field.
    pub(super) fn key(&self) -> &str {
        self.key.as_deref().unwrap_or_default()
    }

    pub(super) fn becomes(self, result: WriteResult) -> Done {
        Done {
            lane: self.lane,
            outcome: Outcome {
                index: self.index,
                id: self.id,
                result,
                repeats: self.repeats,
            },
        }
    }

    pub(super) fn written(self) -> Done {
        let result = if self.existed {
            WriteResult::Updated {
                dropped: self.dropped.clone(),
            }
        } else {
            WriteResult::Created
        };
        self.becomes(result)
    }

    /// The outcome of a run that writes nothing. A later record of an id or key would find the
    /// earlier one stored.
    pub(super) fn expected(mut self) -> Done {
        self.existed |= self.repeats.is_some();
        self.written()
    }

    pub(super) fn failed(mut self, error: Error) -> Done {
        let error = if self.doubt.is_of_last() {
            error
                .with_unknown_outcome()
                .with_help("it is unknown whether the record was written: read it and compare")
        } else {
            error
        };
        if let Some(guard) = self.guard {
            self.fields.insert("_version".to_owned(), guard.into());
        }
        let record = Value::Object(std::mem::take(&mut self.fields));
        self.becomes(WriteResult::Failed { error, record })
    }
}

/// The stored counterpart of a record.
pub(super) enum FoundRecord {
    Nothing,
    Record(Fields),
    /// The match is ambiguous.
    Problem(String),
}

impl FoundRecord {
    pub(super) fn record(&self) -> Option<&Fields> {
        match self {
            Self::Record(fields) => Some(fields),
            Self::Nothing | Self::Problem(_) => None,
        }
    }
}

/// The size of records in a body, in bytes.
pub(super) fn bytes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.body.len() + 1).sum()
}

/// The kind of a successful request.
pub(super) enum SentRecord {
    Batch,
    Created(Box<Response>),
    Replaced,
}
