//! The fields of a record: paths, versions, and the stored values that a write retains.

use serde_json::{Map, Value};

pub(crate) type Fields = Map<String, Value>;

pub(super) static NULL: Value = Value::Null;

/// Copies the stored value of a field that `sent` omits. A field of an object is copied only if
/// `sent` has the object.
pub(super) fn take(stored: &Fields, sent: &mut Fields, path: &str) {
    match path.split_once('.') {
        None => {
            let missing = sent.get(path).is_none_or(Value::is_null);
            if let Some(value) = stored.get(path).filter(|_| missing) {
                sent.insert(path.to_owned(), value.clone());
            }
        }
        Some((above, path)) => {
            if let (Some(Value::Object(stored)), Some(Value::Object(sent))) =
                (stored.get(above), sent.get_mut(above))
            {
                take(stored, sent, path);
            }
        }
    }
}

/// The location of a field in a record.
pub(super) struct At<'a> {
    pub(super) above: Option<&'a At<'a>>,
    pub(super) key: &'a str,
}

impl At<'_> {
    pub(super) fn is(&self, path: &str) -> bool {
        match path.rsplit_once('.') {
            None => self.above.is_none() && self.key == path,
            Some((above, key)) => self.key == key && self.above.is_some_and(|at| at.is(above)),
        }
    }

    pub(super) fn path(&self) -> String {
        match self.above {
            None => self.key.to_owned(),
            Some(above) => format!("{}.{}", above.path(), self.key),
        }
    }
}

/// The `_version` of a record, FOLIO's optimistic lock.
pub(crate) fn version(fields: &Fields) -> Option<i64> {
    fields.get("_version").and_then(version_number)
}

/// The number of a `_version`. mod-inventory sends that of items as text (`ItemUtil.java` reads it
/// with `getString`).
pub(crate) fn version_number(version: &Value) -> Option<i64> {
    match version {
        Value::String(text) => text.parse().ok(),
        version => version.as_i64(),
    }
}

/// The id under which a module stored the record of a POST, according to its response, if it
/// differs from the sent id: Spring modules generate their own
/// ([`Creates::RecordWithNewId`](crate::Creates::RecordWithNewId)).
#[allow(dead_code, reason = "upserts ask it of collections that make ids")]
pub(crate) fn other_id(sent: &str, response: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: String,
    }
    let Identified { id } = serde_json::from_slice(response).ok()?;
    (!id.eq_ignore_ascii_case(sent)).then_some(id)
}

/// Copies into `sent` the members that only `stored` has, also in nested objects. Lists are treated
/// as a whole.
pub(crate) fn keep(stored: &Fields, sent: &mut Fields) {
    for (key, stored) in stored {
        match (stored, sent.get_mut(key)) {
            (stored, None | Some(Value::Null)) => _ = sent.insert(key.clone(), stored.clone()),
            (Value::Object(stored), Some(Value::Object(sent))) => keep(stored, sent),
            _ => {}
        }
    }
}
