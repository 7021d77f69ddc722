//! The records of a list: their type, as the response describes it.

use serde_json::Value;

use super::type_expression::reference;
use crate::canonical::operation::{Operation, json_response};
use crate::canonical::reference::{LOCAL, SHARED, each_text_mut};
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
        // A response in place is of the document itself.
        let is_shared = response
            .get("$ref")
            .and_then(Value::as_str)
            .is_some_and(|target| target.starts_with(SHARED));
        let is_array = |schema: &Value| schema.get("items").is_some();
        let (home, schema) = resolved(document, release, response);
        let list = match paging.get("items").and_then(Value::as_str) {
            None if is_array(response) => response.clone(),
            None => schema.unwrap_or(response).clone(),
            Some(items) => {
                let schemas = home.pointer("/components/schemas")?;
                let properties = all_properties(schema.unwrap_or(response), schemas);
                (*properties.get(items)?).clone()
            }
        };
        let mut record = list.get("items")?.clone();
        if is_shared {
            each_text_mut(&mut record, &mut |text| {
                if let Some(name) = text.strip_prefix(LOCAL) {
                    *text = format!("{SHARED}{name}");
                }
            });
        }
        Some(match record.get("$ref").and_then(Value::as_str) {
            Some(target) => Self::Named(reference(target)),
            None => Self::InPlace(record),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn the_record_of_a_shared_list_is_shared() {
        let things =
            |items: Value| json!({"properties": {"things": {"type": "array", "items": items}}});
        let operation = |response: &str| {
            json!({
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": response}}}}},
                "x-folio": {"paging": {"style": "cql", "items": "things"}},
            })
        };
        let local = json!({"$ref": "#/components/schemas/Thing"});
        let place = json!({"properties": {"thing": local}});
        let document = json!({"components": {"schemas": {"Things": things(local.clone())}}});
        let release = Release {
            modules: BTreeMap::new(),
            common: json!({"components": {"schemas": {"Shared": things(local.clone()), "Places": things(place)}}}),
        };
        let record = |response: &str| {
            let value = operation(response);
            let operation = Operation {
                method: "get",
                path: "/things",
                value: &value,
            };
            ListRecord::of(&document, &release, &operation).unwrap()
        };
        assert_eq!(record("#/components/schemas/Things").name(), Some("#Thing"));
        assert_eq!(
            record("common.json#/components/schemas/Shared").name(),
            Some("common#Thing")
        );
        let ListRecord::InPlace(schema) = record("common.json#/components/schemas/Places") else {
            panic!("it has no name");
        };
        assert_eq!(
            schema["properties"]["thing"]["$ref"],
            "common.json#/components/schemas/Thing"
        );
    }
}
