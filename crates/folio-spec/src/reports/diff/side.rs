//! A document of one of the releases, and descriptions of its types.

use serde_json::Value;

use crate::canonical::release::Release;

/// A document, with the release that its references are read in.
pub(super) struct Side<'a> {
    pub(super) document: &'a Value,
    pub(super) release: &'a Release,
}

impl Side<'_> {
    /// A type in words: `array of Item`, `string (uuid)`, `object`.
    pub(super) fn ty(&self, schema: &Value) -> String {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            // A type without its own Rust name is represented by its content.
            let target = if reference.starts_with("common.json") {
                self.release
                    .common
                    .pointer(&format!("/components/schemas/{name}"))
            } else {
                self.document
                    .pointer(&format!("/components/schemas/{name}"))
            };
            return match target {
                Some(target) if is_record(target) => name.to_owned(),
                Some(target) => self.ty(target),
                None => name.to_owned(),
            };
        }
        if let Some([only]) = schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            return self.ty(only);
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            if let Some(parts) = schema.get(key).and_then(Value::as_array) {
                let parts: Vec<String> = parts.iter().map(|part| self.ty(part)).collect();
                return format!("{key} ({})", parts.join(", "));
            }
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        match text("type") {
            Some("array") => {
                let items = schema
                    .get("items")
                    .map_or_else(|| "anything".to_owned(), |items| self.ty(items));
                format!("array of {items}")
            }
            Some("string") if schema.get("enum").is_some() => "one of several values".to_owned(),
            // Limits and patterns are the server's; of the formats three have types of their own.
            Some("string") => match text("format") {
                Some(format @ ("uuid" | "date-time" | "binary")) => format!("string ({format})"),
                _ => "string".to_owned(),
            },
            Some("integer") => match text("format") {
                Some("int32") => "integer (int32)".to_owned(),
                _ => "integer".to_owned(),
            },
            Some(other) => other.to_owned(),
            None => "anything".to_owned(),
        }
    }
}

/// Whether a schema has a type of its own.
pub(super) fn is_record(schema: &Value) -> bool {
    schema.get("properties").is_some()
        || schema.get("enum").is_some()
        || ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| schema.get(*key).is_some())
}
