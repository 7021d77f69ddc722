//! Fields of JSON, and their texts as in PostgreSQL.

use std::fmt::Write as _;

use serde_json::Value;

/// A field of a record: objects are walked, lists are not.
pub(crate) fn field<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(record, |value, name| value.as_object()?.get(name))
        .filter(|value| !value.is_null())
}

/// The text of a field: `->>` of PostgreSQL.
pub(crate) fn text_at(record: &Value, path: &str) -> Option<String> {
    field(record, path).map(text_of)
}

pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            write_json(other, &mut out);
            out
        }
    }
}

/// JSON as `jsonb` prints it: the shorter of two keys first, a space after commas and colons.
fn write_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for (index, element) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_json(element, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by(|a, b| (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes())));
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                let _ = write!(out, "{}: ", Value::from(key.as_str()));
                if let Some(value) = fields.get(key) {
                    write_json(value, out);
                }
            }
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}
