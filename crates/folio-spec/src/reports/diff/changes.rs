//! The changes found by the comparison.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The module, or `common`.
    pub module: String,
    /// The subject of the change: `GET /users` or `User.personal.lastName`.
    pub subject: String,
    /// `module`, `interface`, `operation`, `parameter`, `record`, `field` or `value`.
    pub kind: &'static str,
    /// How.
    pub change: String,
    /// Whether a program that compiled against the first, or ran against it, may not do so against
    /// the second.
    pub breaking: bool,
}

impl Change {
    /// The change as JSON.
    pub fn json(&self) -> Value {
        json!({
            "module": self.module, "kind": self.kind, "subject": self.subject, "change": self.change, "breaking": self.breaking,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { "!" } else { " " };
        write!(
            out,
            "{mark} {} {}: {}",
            self.kind, self.subject, self.change
        )
    }
}

/// The changes so far, of all modules.
#[derive(Default)]
pub(super) struct Changes {
    /// The module that is compared.
    pub(super) module: String,
    /// The components that the newer release sends, by document and name.
    pub(super) sent: BTreeSet<(String, String)>,
    pub(super) list: Vec<Change>,
}

impl Changes {
    /// Adds a change of the module that is compared.
    pub(super) fn add(
        &mut self,
        kind: &'static str,
        subject: impl Into<String>,
        change: impl Into<String>,
        breaking: bool,
    ) {
        self.list.push(Change {
            module: self.module.clone(),
            subject: subject.into(),
            kind,
            change: change.into(),
            breaking,
        });
    }

    /// The values of an enum, or of a list of one.
    pub(super) fn values(&mut self, at: &str, old: &Value, new: &Value) {
        let values = |schema: &Value| -> BTreeSet<String> {
            let schema = schema.get("items").unwrap_or(schema);
            let list = schema.get("enum").and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .map(|value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                })
                .collect()
        };
        let (before, after) = (values(old), values(new));
        // That there are values now, or none any more, is another type.
        if before.is_empty() || after.is_empty() {
            return;
        }
        for value in after.difference(&before) {
            self.add("value", at, format!("`{value}` added"), false);
        }
        for value in before.difference(&after) {
            self.add("value", at, format!("`{value}` removed"), true);
        }
    }

    pub(super) fn is_sent(&self, document: &str, name: &str) -> bool {
        self.sent.contains(&(document.to_owned(), name.to_owned()))
    }
}
