//! Schemas with secrets: clients do not log these bodies.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical::schema::resolved;

/// Words in names of properties with secret values.
const SECRET_WORDS: [&str; 3] = ["password", "secret", "credential"];

/// Names of properties with secret values.
const SECRETS: [&str; 9] = [
    "accesstoken",
    "apikey",
    "authtoken",
    "okapitoken",
    "passwd",
    "pin",
    "privatekey",
    "refreshtoken",
    "token",
];

/// Whether a schema, or one that it references, has a property with secret values. Schemas form
/// long chains of references, so this iterates instead of recursing.
pub(crate) fn holds_secrets<'a>(
    schema: &'a Value,
    schemas: &'a Value,
    seen: &mut BTreeSet<String>,
) -> bool {
    let is_secret = |(name, property): (&String, &Value)| {
        let name = name.to_ascii_lowercase();
        let is_text = resolved(property, schemas)
            .get("type")
            .is_none_or(|kind| kind == "string" || kind == "object");
        // `credentialsId` names a record with secrets, but is not secret itself.
        is_text
            && !name.ends_with("id")
            && (SECRETS.contains(&&*name) || SECRET_WORDS.iter().any(|word| name.contains(word)))
    };
    let mut open: Vec<&'a Value> = vec![schema];
    while let Some(schema) = open.pop() {
        match schema {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref")
                    && !seen.insert(reference.clone())
                {
                    continue;
                }
                let own = object.get("properties").and_then(Value::as_object);
                if own.into_iter().flatten().any(is_secret) {
                    return true;
                }
                if object.contains_key("$ref") {
                    let target = resolved(schema, schemas);
                    if !std::ptr::eq(target, schema) {
                        open.push(target);
                    }
                }
                let inside = object.iter().filter(|(key, _)| *key != "x-folio");
                open.extend(inside.map(|(_, value)| value));
            }
            Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_found_by_the_names_of_properties() {
        let schemas = json!({
            "Config": {"properties": {"parts": {"items": {"$ref": "#/components/schemas/Part"}}}},
            "Part": {"properties": {"clientSecret": {"type": "string"}, "whole": {"$ref": "#/components/schemas/Config"}}},
            "Plain": {"properties": {"name": {"type": "string"}, "self": {"$ref": "#/components/schemas/Plain"}}},
        });
        let property = |name: &str, kind: &str| json!({"properties": {name: {"type": kind}}});
        for (schema, expected) in [
            (property("password", "string"), true),
            (property("userPassword", "string"), true),
            (property("apiKey", "string"), true),
            (property("credentialsId", "string"), false),
            (property("passwordExpired", "boolean"), false),
            (property("name", "string"), false),
            (json!({"$ref": "#/components/schemas/Config"}), true),
            (json!({"$ref": "#/components/schemas/Plain"}), false),
        ] {
            let found = holds_secrets(&schema, &schemas, &mut BTreeSet::new());
            assert_eq!(found, expected, "{schema}");
        }
    }
}
