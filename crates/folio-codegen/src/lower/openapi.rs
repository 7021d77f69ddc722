//! The document that progenitor accepts.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::unions::DescribedUnion;

pub(super) fn openapi(
    document: &Document,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": document.name, "version": "0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

/// The response of a schema.
pub(super) fn json_response(schema: Value) -> Value {
    json!({"description": "", "content": {"application/json": {"schema": schema}}})
}

/// An operation that is made for the type of its response alone.
pub(super) fn type_operation(name: &str, response: Value) -> Value {
    json!({"get": {"operationId": name, "parameters": [], "responses": {"200": response}}})
}

/// Declares the unions, which typify replaces, and adds an operation for the type of each variant.
pub(super) fn declare_unions(
    unions: &[DescribedUnion],
    paths: &mut Map<String, Value>,
    schemas: &mut Map<String, Value>,
) {
    for union in unions {
        schemas.insert(union.name.clone(), replaced());
        for variant in &union.variants {
            let path = format!("/-/{}", variant.operation);
            let response = json_response(variant.schema.clone());
            paths.insert(path, type_operation(&variant.operation, response));
        }
    }
}

/// Declares the shared records that a module names, which typify replaces.
pub(super) fn declare_shared(used: &BTreeSet<String>, schemas: &mut Map<String, Value>) {
    for name in used {
        schemas.insert(name.clone(), replaced());
    }
}

/// A replaced type has to be declared; what it holds is of no matter.
fn replaced() -> Value {
    json!({"type": "object"})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::unions::DescribedVariant;

    #[test]
    fn unions_and_shared_records_are_declared_and_variants_have_operations() {
        let variant = DescribedVariant {
            name: "Text".to_owned(),
            operation: "union_textorinteger_0".to_owned(),
            tags: Vec::new(),
            schema: json!({"type": "string"}),
            described: json!({"type": "string", "maxLength": 1}),
            place: None,
        };
        let union = DescribedUnion {
            name: "TextOrInteger".to_owned(),
            tag: String::new(),
            variants: vec![variant],
        };
        let (mut paths, mut schemas) = (Map::new(), Map::new());
        declare_unions(&[union], &mut paths, &mut schemas);
        declare_shared(&BTreeSet::from(["Note".to_owned()]), &mut schemas);
        assert_eq!(
            Value::Object(schemas),
            json!({"TextOrInteger": {"type": "object"}, "Note": {"type": "object"}})
        );
        let operation = &paths["/-/union_textorinteger_0"]["get"];
        assert_eq!(operation["operationId"], "union_textorinteger_0");
        let response = json_response(json!({"type": "string"}));
        assert_eq!(operation["responses"], json!({"200": response}));
    }
}
