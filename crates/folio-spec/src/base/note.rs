//! The notes of an import: omissions, substitutions, unreadable sources.
//!
//! One list serves the table at the end, `release.json` and the exit code.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The kind of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A module, a submodule or a library is not there.
    Omitted,
    /// Another version or commit is in its place.
    Substituted,
    /// A description could not be read; its operations are untyped, or its schema is any JSON.
    Unread,
    /// It is described, and the typed calls have no place for it.
    Unsent,
    /// An earlier release has the module.
    Gone,
    /// An override changes nothing any more.
    Stale,
    /// The version of a module is not stated anywhere.
    Unversioned,
}

impl Kind {
    /// The word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Omitted => "omitted",
            Self::Substituted => "substituted",
            Self::Unread => "unread",
            Self::Unsent => "unsent",
            Self::Gone => "gone",
            Self::Stale => "stale",
            Self::Unversioned => "unversioned",
        }
    }

    /// Whether the documents are incomplete: the exit code is 2 then.
    pub fn is_incomplete(self) -> bool {
        matches!(self, Self::Omitted | Self::Substituted | Self::Unread)
    }
}

/// One thing that was left out, replaced or not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// The kind.
    pub kind: Kind,
    /// The module, or the name in the platform's list.
    pub module: String,
    /// The part: a file and a position in it, a tag, an operation. Empty for the whole module.
    pub subject: String,
    /// The description of the event, for people.
    pub what: String,
}

impl Note {
    /// A note about a module.
    pub fn new(
        kind: Kind,
        module: impl Into<String>,
        subject: impl Into<String>,
        what: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            module: module.into(),
            subject: subject.into(),
            what: what.into(),
        }
    }

    /// As `release.json` has it: facts, no prose.
    pub fn json(&self) -> Value {
        json!({"kind": self.kind.word(), "module": self.module, "subject": self.subject})
    }
}

/// Notes in one line, for an error.
pub(crate) fn joined(notes: &[Note]) -> String {
    let all: Vec<String> = notes
        .iter()
        .map(|note| format!("{}: {}", note.module, note.what))
        .collect();
    all.join("; ")
}

impl std::fmt::Display for Note {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{:<11}  {}: {}",
            self.kind.word(),
            self.module,
            self.what
        )
    }
}
