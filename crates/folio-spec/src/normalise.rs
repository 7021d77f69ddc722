//! Normalises schemas of any draft of JSON Schema, RAML or OpenAPI to those of OpenAPI 3.0.

pub(crate) mod components;
mod keywords;
mod normaliser;

use std::path::Path;

use serde_json::Value;

use crate::base::error::Result;
use crate::base::report::ModuleReport;
use crate::read::schemas::Schemas;
use components::Components;
use normaliser::Normaliser;

/// Normalises a schema that is in `file`; what it refers to is added to the components.
pub(crate) fn normalise(
    schema: &Value,
    file: &Path,
    components: &mut Components,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Value> {
    let mut normaliser = Normaliser {
        components,
        schemas,
        report,
    };
    let normalised = normaliser.at(schema, file, 0)?;
    normaliser.waiting(file)?;
    Ok(normalised)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normalised(schema: &Value, document: Value) -> (Value, Components, ModuleReport) {
        let file = Path::new("/m/a.json");
        let (mut components, mut schemas) = (Components::default(), Schemas::default());
        let mut report = ModuleReport::new(false);
        schemas.give(file, document);
        let schema = normalise(schema, file, &mut components, &mut schemas, &mut report).unwrap();
        (schema, components, report)
    }

    #[test]
    fn schemas_of_all_drafts_become_those_of_openapi() {
        for (schema, expected) in [
            (json!(true), json!({})),
            (
                json!({"type": ["string", "null"]}),
                json!({"type": "string", "nullable": true}),
            ),
            (
                json!({"type": ["string", "integer"]}),
                json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            ),
            (
                json!({"properties": {"a": {"type": "any"}}}),
                json!({"type": "object", "properties": {"a": {}}}),
            ),
            (
                json!({"type": "object", "properties": {"a": {"required": true}}, "required": ["gone"]}),
                json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
            ),
            (
                json!({"type": "array"}),
                json!({"type": "array", "items": {}}),
            ),
            (
                json!({"type": "array", "items": [{"type": "string"}, {"type": "string"}], "additionalItems": false}),
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            (
                json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}),
                json!({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}),
            ),
            (
                json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
                json!({"oneOf": [{"type": "string"}], "nullable": true}),
            ),
            (
                json!({"extends": {"type": "object"}, "allOf": [{"type": "string"}]}),
                json!({"allOf": [{"type": "object"}, {"type": "string"}]}),
            ),
            (
                json!({"enum": ["a"]}),
                json!({"type": "string", "enum": ["a"]}),
            ),
        ] {
            let (found, _, report) = normalised(&schema, json!({}));
            assert_eq!(found, expected, "{schema}");
            assert_eq!(report.problems, [], "{schema}");
        }
    }

    #[test]
    fn records_become_components_and_plain_values_do_not() {
        let document = json!({
            "Node": {"type": "object", "properties": {"next": {"$ref": "/m/a.json#/Node"}}},
            "Text": {"type": "string", "format": "uuid"},
            "Alias": {"$ref": "/m/a.json#/Node"},
        });
        let node = json!({"$ref": "pending:/m/a.json#/Node"});
        for (reference, expected) in [
            ("Node", node.clone()),
            ("Alias", node.clone()),
            ("Text", json!({"type": "string", "format": "uuid"})),
        ] {
            let schema = json!({"$ref": format!("/m/a.json#/{reference}")});
            let (found, components, _) = normalised(&schema, document.clone());
            assert_eq!(found, expected, "{reference}");
            let next = components
                .schemas
                .get("/m/a.json#/Node")
                .map(|node| &node["properties"]["next"]);
            assert_eq!(next, (reference != "Text").then_some(&node));
        }
        let beside = json!({"$ref": "/m/a.json#/Node", "readonly": true});
        let (found, ..) = normalised(&beside, document);
        assert_eq!(found, json!({"allOf": [node], "readOnly": true}));
    }

    #[test]
    fn what_leads_nowhere_or_to_itself_is_reported() {
        let document = json!({"A": {"$ref": "/m/a.json#/B"}, "B": {"$ref": "/m/a.json#/A"}});
        for (name, problem) in [("A", "leads back to itself"), ("C", "leads nowhere")] {
            let schema = json!({"$ref": format!("/m/a.json#/{name}")});
            let (found, _, report) = normalised(&schema, document.clone());
            assert_eq!(found, json!({}));
            assert!(
                report.problems[0].problem.contains(problem),
                "{:?}",
                report.problems
            );
        }
        let (_, _, report) = normalised(
            &json!({"type": "string", "properties": {"a": {}}}),
            json!({}),
        );
        assert_eq!(report.omitted.len(), 1);
    }
}
