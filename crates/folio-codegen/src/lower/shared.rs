//! The shared records: those that the modules reference, and those that these reference.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::lowering::Lowering;
use super::names::check_names;
use super::openapi::{declare_unions, openapi};
use crate::document::{Document, LOCAL};
use crate::error::Error;
use crate::lowered::Lowered;

/// Lowers the shared records that are named by `wanted`, and those that they name.
pub(crate) fn common(common: &Document, wanted: &BTreeSet<String>) -> Result<Lowered, Error> {
    check_names(common)?;
    let mut lowering = Lowering::of_common(common);
    let mut all = lowering.components()?;
    all.append(&mut lowering.unions.inline);
    for union in &lowering.unions.list {
        let variants: Vec<&Value> = union.variants.iter().map(|v| &v.schema).collect();
        all.insert(union.name.clone(), json!({"x-variants": variants}));
    }
    let mut schemas = Map::new();
    let mut open: Vec<String> = wanted.iter().cloned().collect();
    while let Some(name) = open.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let schema = all.get(&name).ok_or_else(|| {
            Error::document(
                &common.name,
                format!("/components/schemas/{name}"),
                "a module names this record, and it is not here",
            )
        })?;
        references(schema, &mut |reference| {
            open.extend(reference.strip_prefix(LOCAL).map(str::to_owned))
        });
        schemas.insert(name, schema.clone());
    }
    let mut unions = lowering.unions.list;
    unions.retain(|union| schemas.contains_key(&union.name));
    let mut paths = Map::new();
    declare_unions(&unions, &mut paths, &mut schemas);
    Ok(Lowered {
        openapi: openapi(common, paths, schemas),
        operations: Vec::new(),
        common: BTreeSet::new(),
        unions,
    })
}

/// Calls `each` with the references in a schema.
fn references(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                each(reference);
            }
            map.values().for_each(|value| references(value, each));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, each)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::COMMON;
    use crate::lower::module;

    #[test]
    fn shared_records_are_named_and_what_they_name_comes_along() {
        let common = Document::new(
            COMMON,
            json!({"components": {"schemas": {
                "Errors": {"type": "object", "properties": {"errors": {"type": "array", "items": {"$ref": "#/components/schemas/Error"}}}},
                "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
                "Unused": {"type": "object", "properties": {"x": {"type": "string"}}},
                "Notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
                "Note": {"type": "object", "properties": {"text": {"type": "string"}}},
            }}}),
        );
        let of = Document::new(
            "mod-test",
            json!({"paths": {}, "components": {"schemas": {
                "Answer": {"type": "object", "properties": {
                    "errors": {"$ref": "common.json#/components/schemas/Errors"},
                    "notes": {"$ref": "common.json#/components/schemas/Notes"},
                }},
            }}}),
        );
        let lowered = module(&of, &common).unwrap();
        let expected = BTreeSet::from(["Errors", "Note"].map(str::to_owned));
        assert_eq!(lowered.common, expected);
        let lowered = super::common(&common, &lowered.common).unwrap();
        let names: Vec<&String> = lowered.openapi["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, ["Error", "Errors", "Note"]);
    }
}
