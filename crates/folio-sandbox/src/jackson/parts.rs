//! The fields of an object, and the error for an unknown one.

use serde_json::{Value, json};

use crate::facts::documents::Routes;
use crate::jackson::scalars::SOURCE;
use crate::wire::message::HttpResponse;
use crate::wire::rmb;

/// The fields of an object, with those of the schemas that it is composed of.
pub(super) struct Parts<'a> {
    pub(super) properties: Vec<(&'a String, &'a str, &'a Value)>,
    pub(super) required: Vec<&'a str>,
    pub(super) closed: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn of(routes: &'a Routes, document: &'a str, schema: &'a Value) -> Self {
        let mut parts = Self {
            properties: Vec::new(),
            required: Vec::new(),
            closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
        };
        parts.add(routes, document, schema, 0);
        parts
    }

    fn add(&mut self, routes: &'a Routes, document: &'a str, schema: &'a Value, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let of_responses = schema
            .pointer("/x-folio/responseOnly")
            .and_then(Value::as_array);
        for (name, property) in properties.into_iter().flatten() {
            // The class of a request has no such field: the module rejects it as one that it does
            // not know.
            if of_responses.is_some_and(|list| list.iter().any(|own| own == name.as_str())) {
                continue;
            }
            self.properties.push((name, document, property));
        }
        let required = schema.get("required").and_then(Value::as_array);
        self.required
            .extend(required.into_iter().flatten().filter_map(Value::as_str));
        let all = schema.get("allOf").and_then(Value::as_array);
        for part in all.into_iter().flatten().filter(|_| depth < 16) {
            let (document, part) = routes.resolve(document, part);
            self.closed |= part.get("additionalProperties") == Some(&Value::Bool(false));
            self.add(routes, document, part, depth + 1);
        }
    }
}

pub(super) fn unknown_field(
    name: &str,
    class: &str,
    parts: &Parts<'_>,
    chain: &str,
) -> HttpResponse {
    let known: Vec<String> = parts
        .properties
        .iter()
        .map(|(name, ..)| json!(name).to_string())
        .collect();
    let message = format!(
        "Unrecognized field {} (class {class}), not marked as ignorable ({} known properties: {}]){SOURCE} (through reference chain: {chain})",
        json!(name),
        known.len(),
        known.join(", ")
    );
    rmb::violations(&[rmb::error(&message, "-1", "1", &[("", "")])])
}
