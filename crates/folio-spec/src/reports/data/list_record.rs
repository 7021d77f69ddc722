//! The records of a list: their type, as the response describes it.

use serde_json::Value;

use super::type_expression::reference;
use crate::canonical::operation::{Operation, json_response};
use crate::canonical::reference::{LOCAL, SHARED};
use crate::canonical::release::Release;
use crate::canonical::schema::{all_properties, components};

/// What describes the records of a list.
pub(in crate::reports) enum ListRecord {
    /// A reference, as an expression: `#User`, `common#Metadata`.
    Named(String),
    /// A schema in place.
    InPlace(Value),
}

impl ListRecord {
    /// That of an operation with `paging`; none if nothing describes the records.
    pub(in crate::reports) fn of(
        document: &Value,
        release: &Release,
        operation: &Operation<'_>,
    ) -> Option<Self> {
        let paging = operation.fact("paging")?;
        if let Some(record) = paging.get("record").and_then(Value::as_str) {
            return Some(Self::Named(reference(record)));
        }
        let response = json_response(operation.value)?;
        let is_array = |schema: &Value| schema.get("items").is_some();
        let (home, schema) = resolved(document, release, response);
        let list = match paging.get("items").and_then(Value::as_str) {
            None if is_array(response) => response.clone(),
            None => schema.unwrap_or(response).clone(),
            Some(items) => {
                let schemas = Value::Object(components(home)?.clone());
                all_properties(schema.unwrap_or(response), &schemas).remove(items)?
            }
        };
        let record = list.get("items")?;
        Some(match record.get("$ref").and_then(Value::as_str) {
            Some(target) => Self::Named(reference(target)),
            None => Self::InPlace(record.clone()),
        })
    }

    /// The reference, if the records have a type with a name.
    pub(in crate::reports) fn name(&self) -> Option<&str> {
        match self {
            Self::Named(name) => Some(name),
            Self::InPlace(_) => None,
        }
    }
}

/// The document of a schema, and the component that it refers to.
fn resolved<'a>(
    document: &'a Value,
    release: &'a Release,
    schema: &Value,
) -> (&'a Value, Option<&'a Value>) {
    let (home, name) = match schema.get("$ref").and_then(Value::as_str) {
        Some(shared) if shared.starts_with(SHARED) => {
            (&release.common, shared.strip_prefix(SHARED))
        }
        Some(local) => (document, local.strip_prefix(LOCAL)),
        None => (document, None),
    };
    let component = name.and_then(|name| components(home)?.get(name));
    (home, component)
}
