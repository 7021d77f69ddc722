//! Converts schemas of OpenAPI 3.0 to JSON Schema 2020-12.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::places::Place;
use crate::context::Context;
use crate::document::Home;
use crate::error::Error;
use crate::template::{Code, fill, literal};
use crate::text::raw_literal;

const SCHEMA: &str = "{ty} = {name} {schema} [{references}];";

/// Writes schemas, and collects their references.
pub(super) struct Writer<'a> {
    pub(super) context: &'a Context<'a>,
    /// The types of the document's own components.
    pub(super) own: &'a BTreeMap<String, String>,
    pub(super) shared: &'a BTreeMap<String, String>,
    /// Shared components that were referred to.
    pub(super) named: BTreeSet<String>,
    /// Components without a type that were referred to.
    pub(super) open: BTreeSet<String>,
}

impl Writer<'_> {
    /// The line of a type in the macro: `Book = "Book" r#"{…}"# [Author, crate::common::Tags];`
    pub(super) fn write(&mut self, ty: &str, name: &str, place: &Place<'_>) -> Result<Code, Error> {
        let mut references = Vec::new();
        let schema = self
            .converted(place.home, place.schema, &mut references)?
            .to_string();
        let (name, schema) = (literal(name), raw_literal(&schema));
        let mut out = Code::default();
        fill!(
            &mut out,
            SCHEMA,
            ty,
            name,
            schema,
            references = references.join(", ")
        );
        Ok(out)
    }

    /// A schema of OpenAPI 3.0 as JSON Schema 2020-12 has it.
    fn converted(
        &mut self,
        home: Home<'_>,
        schema: &Value,
        references: &mut Vec<String>,
    ) -> Result<Value, Error> {
        let Value::Object(schema) = schema else {
            return Ok(schema.clone());
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(home, reference, references);
        }
        let mut out = Map::new();
        let is_true = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        for (key, value) in schema {
            let value = match (key.as_str(), value) {
                // Keywords specific to OpenAPI, and annotations.
                (
                    "nullable" | "discriminator" | "x-folio" | "xml" | "example" | "externalDocs",
                    _,
                ) => continue,
                ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(_)) => continue,
                ("minimum", limit) if is_true("exclusiveMinimum") => {
                    out.insert("exclusiveMinimum".into(), limit.clone());
                    continue;
                }
                ("maximum", limit) if is_true("exclusiveMaximum") => {
                    out.insert("exclusiveMaximum".into(), limit.clone());
                    continue;
                }
                ("properties" | "patternProperties", Value::Object(properties)) => {
                    let mut converted = Map::new();
                    for (name, property) in properties {
                        converted.insert(name.clone(), self.converted(home, property, references)?);
                    }
                    Value::Object(converted)
                }
                ("items" | "additionalProperties" | "not", value) => {
                    self.converted(home, value, references)?
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                    let mut converted = Vec::new();
                    for part in parts {
                        converted.push(self.converted(home, part, references)?);
                    }
                    Value::Array(converted)
                }
                (_, value) => value.clone(),
            };
            out.insert(key.clone(), value);
        }
        if is_true("nullable") {
            return Ok(nullable(out));
        }
        Ok(Value::Object(out))
    }

    fn reference(
        &mut self,
        home: Home<'_>,
        reference: &str,
        references: &mut Vec<String>,
    ) -> Result<Value, Error> {
        let component = home.resolve("", reference)?;
        let name = component.name;
        let is_away = component.document.name != self.context.document.name;
        let path = if is_away {
            self.named.insert(name.to_owned());
            let ty = self.shared.get(name);
            let path = ty.map_or_else(|| format!("schema::{name}"), String::clone);
            format!("crate::common::{path}")
        } else if let Some(ty) = self.own.get(name) {
            ty.clone()
        } else {
            self.open.insert(name.to_owned());
            format!("schema::{name}")
        };
        let number = references
            .iter()
            .position(|known| *known == path)
            .unwrap_or_else(|| {
                references.push(path);
                references.len() - 1
            });
        Ok(json!({"$ref": number}))
    }
}

/// A schema that allows null too.
fn nullable(mut schema: Map<String, Value>) -> Value {
    if let (Some(Value::String(ty)), false) = (schema.get("type"), schema.contains_key("enum")) {
        let types = json!([ty, "null"]);
        schema.insert("type".into(), types);
        return Value::Object(schema);
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}
