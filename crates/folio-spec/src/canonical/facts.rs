//! The server's behaviour for an operation: `x-folio.facts`.
//!
//! Retries and confirmations depend on these facts. `crate::facts` derives them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::long_running::LongRunning;

/// The facts of an operation; unknown facts are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Facts {
    /// The records that a DELETE deletes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes: Option<Deletes>,
    /// The record that a POST stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates: Option<Creates>,
    /// The effect of a PUT if the record does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absent>,
    /// A GET changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<bool>,
    /// The bodies hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensitive: Option<bool>,
    /// A PUT or PATCH with an outdated `_version` is rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioned: Option<bool>,
    /// Fields of the body that only responses contain: they are not sent. Each is named by its
    /// path, `items[].metadata`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub omits: Option<Vec<String>>,
    /// Of a GET: it shows the status of a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_running: Option<LongRunning>,
}

/// The records that a DELETE deletes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Deletes {
    /// One of the kinds without parameters.
    Kind(DeletesKind),
    /// The records that these parameters select, each text one way to select, `userId&tenantId`.
    Selected(Vec<String>),
}

/// The records that a DELETE deletes, if its own parameters do not select them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeletesKind {
    /// The record that the path names.
    Record,
    /// The records that match `query`.
    Query,
    /// The records that the body selects.
    Body,
    /// All records, regardless of the request.
    All,
}

/// The record that a POST stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Creates {
    /// Its body, under the id that the client sends.
    Record,
    /// Its body, under an id of the server's.
    NewId,
    /// Nothing that an id identifies.
    Nothing,
}

/// The effect of a PUT if the record does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Absent {
    /// It succeeds and stores nothing.
    Ignored,
    /// It creates the record.
    Created,
}

/// The facts that are at an operation.
pub(crate) fn read(operation: &Value) -> Facts {
    operation
        .pointer("/x-folio/facts")
        .and_then(|facts| serde_json::from_value(facts.clone()).ok())
        .unwrap_or_default()
}

/// Writes facts to an operation; nothing, if nothing is known.
pub(crate) fn write(operation: &mut Value, facts: &Facts) {
    let Some(folio) = operation.get_mut("x-folio").and_then(Value::as_object_mut) else {
        return;
    };
    match serde_json::to_value(facts) {
        Ok(Value::Object(facts)) if !facts.is_empty() => {
            folio.insert("facts".to_owned(), Value::Object(facts));
        }
        _ => _ = folio.remove("facts"),
    }
}

impl Facts {
    /// Known facts of `other` replace those of `self`.
    pub(crate) fn correct(&mut self, other: &Self) {
        fn correct<T: Clone>(known: &mut Option<T>, other: &Option<T>) {
            if other.is_some() {
                known.clone_from(other);
            }
        }
        correct(&mut self.deletes, &other.deletes);
        correct(&mut self.creates, &other.creates);
        correct(&mut self.absent, &other.absent);
        correct(&mut self.effect, &other.effect);
        correct(&mut self.sensitive, &other.sensitive);
        correct(&mut self.versioned, &other.versioned);
        correct(&mut self.omits, &other.omits);
        correct(&mut self.long_running, &other.long_running);
        self.omits = self.omits.take().filter(|omits| !omits.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_are_written_and_read_again() {
        let facts: Facts = serde_json::from_value(json!({
            "deletes": ["userId&tenantId", "id"], "creates": "new-id", "absent": "ignored",
            "effect": true, "omits": ["items[].metadata"],
        }))
        .unwrap();
        let mut operation = json!({"x-folio": {"interface": "users 16.4"}});
        write(&mut operation, &facts);
        assert_eq!(read(&operation), facts);
        write(&mut operation, &Facts::default());
        assert_eq!(operation, json!({"x-folio": {"interface": "users 16.4"}}));
    }

    #[test]
    fn a_correction_replaces_only_what_it_states() {
        let mut facts = Facts {
            deletes: Some(Deletes::Kind(DeletesKind::All)),
            omits: Some(vec!["metadata".to_owned()]),
            ..Facts::default()
        };
        facts.correct(&Facts {
            deletes: Some(Deletes::Kind(DeletesKind::Query)),
            omits: Some(Vec::new()),
            ..Facts::default()
        });
        let deletes = Some(Deletes::Kind(DeletesKind::Query));
        assert_eq!(
            facts,
            Facts {
                deletes,
                ..Facts::default()
            }
        );
    }
}
