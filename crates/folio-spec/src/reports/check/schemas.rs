//! Problems of references, components and schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checker::Checker;
use crate::base::pointer::{escaped, pointer};
use crate::canonical::identifier::is_type;
use crate::canonical::schema::schemas;

impl Checker<'_> {
    /// The target of a reference, and the document of its own references.
    pub(super) fn resolve<'b>(
        &'b self,
        document: &'b str,
        schema: &'b Value,
    ) -> (&'b str, &'b Value) {
        let reference = schema
            .get("$ref")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some((file, name)) = reference.split_once("#/components/schemas/") else {
            return (document, schema);
        };
        let home = if file.is_empty() { document } else { "common" };
        let root = self
            .release
            .modules
            .get(home)
            .unwrap_or(&self.release.common);
        match root.pointer(&pointer(&["components", "schemas", name])) {
            Some(found) => (home, found),
            None => (document, schema),
        }
    }

    /// Every reference leads somewhere.
    pub(super) fn references(&mut self, document: &str, value: &Value, at: &mut String) {
        let length = at.len();
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    at.push('/');
                    at.push_str(&escaped(key));
                    match (key.as_str(), value) {
                        ("$ref", Value::String(reference)) => {
                            self.reference(document, reference, at)
                        }
                        (_, value) => self.references(document, value, at),
                    }
                    at.truncate(length);
                }
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    self.references(document, value, at);
                    at.truncate(length);
                }
            }
            _ => {}
        }
    }

    pub(super) fn reference(&mut self, document: &str, reference: &str, at: &str) {
        let (target, name) = match reference.split_once("#/components/schemas/") {
            Some(("", name)) => (
                self.release
                    .modules
                    .get(document)
                    .unwrap_or(&self.release.common),
                name,
            ),
            Some(("common.json", name)) => (&self.release.common, name),
            _ => {
                return self.add(
                    document,
                    at,
                    format!("`{reference}`: expected #/components/schemas/Name or common.json#/components/schemas/Name"),
                );
            }
        };
        if target
            .pointer(&pointer(&["components", "schemas", name]))
            .is_none()
        {
            self.add(document, at, format!("`{reference}` leads nowhere"));
        }
    }

    pub(super) fn components(&mut self, document: &str, value: &Value) {
        if document == "common" {
            self.references(document, value, &mut String::new());
        }
        let mut names: BTreeMap<String, &str> = BTreeMap::new();
        for (name, schema) in schemas(value) {
            let at = pointer(&["components", "schemas", name]);
            if !is_type(name) {
                self.add(
                    document,
                    &at,
                    format!("`{name}` is not a valid record name"),
                );
            }
            if let Some(other) = names.insert(name.to_lowercase(), name) {
                self.add(
                    document,
                    &at,
                    format!("`{other}` and `{name}` differ in case only"),
                );
            }
            self.schema(document, schema, &at);
        }
    }

    fn schema(&mut self, document: &str, schema: &Value, at: &str) {
        let properties = schema.get("properties").and_then(Value::as_object);
        if let Some(properties) = properties {
            for (name, property) in properties {
                self.schema(
                    document,
                    property,
                    &format!("{at}{}", pointer(&["properties", name])),
                );
            }
            for name in schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                // Properties of its parts may be required here.
                let in_parts = ["allOf", "oneOf", "anyOf"]
                    .iter()
                    .any(|key| schema.get(*key).is_some());
                let is_known = |name: &str| properties.contains_key(name);
                if !in_parts && !name.as_str().is_some_and(is_known) {
                    self.add(
                        document,
                        at,
                        format!("{name} is required, but is not a property"),
                    );
                }
            }
        }
        for key in ["items", "additionalProperties"] {
            if let Some(inner @ Value::Object(_)) = schema.get(key) {
                self.schema(document, inner, &format!("{at}/{key}"));
            }
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            for (index, part) in schema
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .enumerate()
            {
                self.schema(document, part, &format!("{at}/{key}/{index}"));
            }
        }
    }
}
