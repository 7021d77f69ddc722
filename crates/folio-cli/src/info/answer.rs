//! Whether a tenant or a user has something: yes, no, or unknown.

use std::fmt;

use serde::{Serialize, Serializer};

/// Whether a tenant or a user has something, with a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No(String),
    Unknown(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match self {
            Self::Yes => ("yes", ""),
            Self::No(reason) => ("no", reason.as_str()),
            Self::Unknown(reason) => ("unknown", reason.as_str()),
        };
        match reason {
            "" => out.write_str(word),
            reason => write!(out, "{word}: {reason}"),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
