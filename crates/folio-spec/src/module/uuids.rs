//! Which texts are UUIDs that no description states as such (`x-folio.uuid`).
//!
//! A description that states `format: uuid` or a pattern of UUIDs needs no rule. For the others:
//!
//! 1. What `specs/ids.toml` lists as text stays text.
//! 2. `path`: the `id` of a record is a UUID where the path that names the record,
//!    `/things/{thingId}`, has a parameter that is described as one; and the other way round.
//! 3. What `specs/ids.toml` lists as a UUID is one; the fact is the name of its rule.
//!
//! Nothing is rejected by it: a client keeps the text of an id that is no UUID.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::canonical::operation::json_schema;
use crate::canonical::reference::LOCAL;
use crate::canonical::text_field::{each_text_field, is_plain_text, make_uuid, record_names};
use crate::corrections::field_rules::{FieldPath, FieldRule, FieldRules};

/// The rule by which the path of a record and its `id` are one.
pub(crate) const PATH: &str = "path";

/// The methods whose body or response is the record that the path names.
const OF_THE_RECORD: [(&str, &str); 2] = [("get", "/responses/200"), ("put", "/requestBody")];

/// States which texts of a module are UUIDs.
pub(crate) fn write(document: &mut Value, rules: &FieldRules, module: &str) {
    let named = records_by_path(document);
    fields(document, rules, module, &named);
    parameters(document, rules, module, &named);
}

/// A path that names a record.
struct Named {
    /// The template of the path, `/things/{thingId}`.
    path: String,
    /// The last parameter of it.
    parameter: String,
    /// The component.
    record: String,
}

fn records_by_path(document: &Value) -> Vec<Named> {
    let paths = document["paths"].as_object();
    let mut named = Vec::new();
    for (path, item) in paths.into_iter().flatten() {
        let Some(parameter) = last_parameter(path) else {
            continue;
        };
        for (method, place) in OF_THE_RECORD {
            let content = item
                .get(method)
                .and_then(|operation| operation.pointer(place));
            let schema = content.and_then(json_schema);
            let reference = schema.and_then(|schema| schema.get("$ref")?.as_str());
            if let Some(record) = reference.and_then(|text| text.strip_prefix(LOCAL)) {
                named.push(Named {
                    path: path.clone(),
                    parameter: parameter.to_owned(),
                    record: record.to_owned(),
                });
            }
        }
    }
    named
}

/// `thingId` of `/things/{thingId}`.
fn last_parameter(path: &str) -> Option<&str> {
    let (_, last) = path.rsplit_once("/{")?;
    last.strip_suffix('}')
        .filter(|name| !name.contains(['{', '}']))
}

fn fields(document: &mut Value, rules: &FieldRules, module: &str, named: &[Named]) {
    let identified: Vec<&String> = named
        .iter()
        .filter(|named| is_uuid_parameter(document, named))
        .map(|named| &named.record)
        .collect();
    let schemas = document.pointer_mut("/components/schemas");
    for (name, schema) in schemas.and_then(Value::as_object_mut).into_iter().flatten() {
        let mut field = FieldPath::of_record(&record_names(name, schema));
        each_text_field(schema, &mut |path, text| {
            if !is_plain_text(text) {
                return;
            }
            path.clone_into(&mut field.properties);
            match rules.find(module, &field) {
                Some(FieldRule::Text(_)) => {}
                _ if path == ["id"] && identified.contains(&name) => make_uuid(text, PATH),
                Some(FieldRule::Typed(rule)) => make_uuid(text, rule),
                None => {}
            }
        });
    }
}

fn is_uuid_parameter(document: &Value, named: &Named) -> bool {
    let item = &document["paths"][&named.path];
    let operations = item.as_object().into_iter().flatten();
    let mut parameters = operations.flat_map(|(_, operation)| {
        let parameters = operation.get("parameters").and_then(Value::as_array);
        parameters.into_iter().flatten()
    });
    parameters.any(|parameter| {
        parameter["in"] == "path"
            && parameter["name"] == *named.parameter
            && parameter["schema"]["format"] == "uuid"
    })
}

fn parameters(document: &mut Value, rules: &FieldRules, module: &str, named: &[Named]) {
    // The rule by which the id of a record is a UUID; `path`, if its description states it.
    let rule_of_id = |record: &str| -> Option<String> {
        let id = document.pointer(&format!("/components/schemas/{record}/properties/id"))?;
        let rule = id.pointer("/x-folio/uuid").and_then(Value::as_str);
        (id["format"] == "uuid").then(|| rule.unwrap_or(PATH).to_owned())
    };
    let mut by_path: BTreeMap<(String, String), String> = BTreeMap::new();
    for named in named {
        if let Some(rule) = rule_of_id(&named.record) {
            by_path.insert((named.path.clone(), named.parameter.clone()), rule);
        }
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        // The parts of a record are below its path: `/things/{thingId}/parts`.
        let rule_of = |name: &str| {
            let mut prefixes = by_path.iter().filter(|((of, parameter), _)| {
                parameter == name && (of == path || path.starts_with(&format!("{of}/")))
            });
            prefixes.next().map(|(_, rule)| rule.as_str())
        };
        for operation in item.as_object_mut().into_iter().flatten().map(|(_, it)| it) {
            let parameters = operation
                .get_mut("parameters")
                .and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let (Some(name), Some(place)) = (
                    parameter["name"].as_str().map(str::to_owned),
                    parameter["in"].as_str().map(str::to_owned),
                ) else {
                    continue;
                };
                let schema = &mut parameter["schema"];
                if !is_plain_text(schema) {
                    continue;
                }
                let field = FieldPath {
                    properties: vec![name.clone()],
                    ..FieldPath::default()
                };
                match rules.find(module, &field) {
                    Some(FieldRule::Text(_)) => {}
                    Some(FieldRule::Typed(rule)) => make_uuid(schema, rule),
                    None if place == "path" => {
                        if let Some(rule) = rule_of(&name) {
                            make_uuid(schema, rule);
                        }
                    }
                    None => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RULES: &str = "
        [[text]]
        fields = ['tenantId', 'name.id']
        reason = 'a name'
        [[uuid]]
        name = 'users'
        fields = ['userId', 'loan.id']
        evidence = 'a table'
    ";

    fn written(path_format: Option<&str>) -> Value {
        let text = json!({"type": "string"});
        let mut parameter = text.clone();
        if let Some(format) = path_format {
            parameter["format"] = format.into();
        }
        let record = |name: &str| json!({"content": {"application/json": {"schema": {"$ref": format!("{LOCAL}{name}")}}}});
        let parameter = json!([{"name": "thingId", "in": "path", "schema": parameter}, {"name": "userId", "in": "query", "schema": text}]);
        let mut document = json!({
            "paths": {
                "/things/{thingId}": {"get": {"parameters": parameter, "responses": {"200": record("Thing")}}},
                "/loans/{id}": {"put": {"parameters": [{"name": "id", "in": "path", "schema": text}], "requestBody": record("Loan")}},
                "/loans/{id}/notes": {"get": {"parameters": [{"name": "id", "in": "path", "schema": text}], "responses": {}}},
                "/others/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "schema": text}], "responses": {}}},
            },
            "components": {"schemas": {
                "Thing": {"properties": {"id": text, "userId": text, "tenantId": text, "note": text}},
                "Loan": {"properties": {"id": text, "userId": {"type": "string", "pattern": "^x$"}}},
                "Name": {"properties": {"id": text}},
            }},
        });
        write(&mut document, &FieldRules::of_ids(RULES), "mod-a");
        document
    }

    fn rule<'a>(document: &'a Value, pointer: &str) -> Option<&'a str> {
        let schema = document.pointer(pointer).unwrap();
        let rule = schema.pointer("/x-folio/uuid").and_then(Value::as_str);
        assert!(rule.is_none() || schema["format"] == "uuid");
        rule
    }

    #[test]
    fn a_record_has_the_id_that_its_path_states() {
        let document = written(Some("uuid"));
        let field = |name: &str| format!("/components/schemas/{name}");
        for (at, expected) in [
            ("Thing/properties/id", Some(PATH)),
            ("Thing/properties/userId", Some("users")),
            ("Thing/properties/tenantId", None),
            ("Thing/properties/note", None),
            ("Loan/properties/id", Some("users")),
            ("Loan/properties/userId", None),
            ("Name/properties/id", None),
        ] {
            assert_eq!(rule(&document, &field(at)), expected, "{at}");
        }
        let plain = written(None);
        assert_eq!(rule(&plain, &field("Thing/properties/id")), None);
        assert_eq!(rule(&plain, &field("Loan/properties/id")), Some("users"));
    }

    #[test]
    fn a_path_has_the_parameter_that_its_record_is_identified_by() {
        let document = written(Some("uuid"));
        for (path, expected) in [
            ("~1things~1{thingId}/get/parameters/1", Some("users")),
            ("~1loans~1{id}/put/parameters/0", Some("users")),
            ("~1loans~1{id}~1notes/get/parameters/0", Some("users")),
            ("~1others~1{id}/get/parameters/0", None),
        ] {
            let at = format!("/paths/{path}/schema");
            assert_eq!(rule(&document, &at), expected, "{path}");
        }
    }

    #[test]
    fn what_is_written_twice_is_the_same() {
        let mut document = written(Some("uuid"));
        let once = document.clone();
        write(&mut document, &FieldRules::of_ids(RULES), "mod-a");
        assert_eq!(document, once);
    }
}
