//! The schemas of a module that become components.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::canonical::reference::PENDING;

/// The schemas of a module that become components, by where they are.
#[derive(Debug, Default)]
pub(crate) struct Components {
    pub(crate) schemas: BTreeMap<String, Value>,
    pub(super) open: BTreeSet<String>,
    /// Records that something refers to and that are read later, so that a long chain of them is no
    /// deep one.
    pub(super) waiting: Vec<String>,
    /// `required` entries that name no property: dropped, and counted.
    pub(crate) dropped_required: usize,
}

impl Components {
    /// The properties of an object and of its parts; of one of several objects, those of all, of
    /// which those are required that all require.
    pub(crate) fn fields(&self, schema: &Value) -> Value {
        fn gather(
            components: &Components,
            schema: &Value,
            depth: usize,
            properties: &mut Map<String, Value>,
            required: &mut BTreeSet<String>,
        ) {
            let reference = schema.get("$ref").and_then(Value::as_str);
            let target =
                reference.and_then(|key| components.schemas.get(key.strip_prefix(PENDING)?));
            let schema = target.unwrap_or(schema);
            if depth > 16 {
                return;
            }
            for (name, property) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                properties
                    .entry(name.clone())
                    .or_insert_with(|| property.clone());
            }
            let own = schema.get("required").and_then(Value::as_array);
            required.extend(
                own.into_iter()
                    .flatten()
                    .filter_map(|name| name.as_str().map(str::to_owned)),
            );
            for part in schema
                .get("allOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                gather(components, part, depth + 1, properties, required);
            }
            for key in ["oneOf", "anyOf"] {
                let mut in_all: Option<BTreeSet<String>> = None;
                for part in schema
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let mut own = BTreeSet::new();
                    gather(components, part, depth + 1, properties, &mut own);
                    in_all = Some(match in_all {
                        Some(known) => known.intersection(&own).cloned().collect(),
                        None => own,
                    });
                }
                required.extend(in_all.into_iter().flatten());
            }
        }
        let (mut properties, mut required) = (Map::new(), BTreeSet::new());
        gather(self, schema, 0, &mut properties, &mut required);
        if properties.is_empty() {
            return schema.clone();
        }
        json!({"properties": properties, "required": required})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_object_are_those_of_all_its_parts() {
        let mut components = Components::default();
        components.schemas.insert(
            "/m/a.json#".to_owned(),
            json!({"properties": {"a": {}, "b": {"type": "string"}}, "required": ["a"]}),
        );
        let part = json!({"$ref": format!("{PENDING}/m/a.json#")});
        for (schema, properties, required) in [
            (
                json!({"allOf": [part, {"properties": {"c": {}}}]}),
                vec!["a", "b", "c"],
                vec!["a"],
            ),
            (
                json!({"oneOf": [part, {"properties": {"a": {}, "d": {}}, "required": ["a", "d"]}]}),
                vec!["a", "b", "d"],
                vec!["a"],
            ),
            (
                json!({"anyOf": [part, {"properties": {"d": {}}}]}),
                vec!["a", "b", "d"],
                vec![],
            ),
        ] {
            let fields = components.fields(&schema);
            let names: Vec<&String> = fields["properties"].as_object().unwrap().keys().collect();
            assert_eq!(names, properties, "{schema}");
            assert_eq!(fields["required"], json!(required), "{schema}");
        }
        assert_eq!(
            components.fields(&json!({"type": "string"})),
            json!({"type": "string"})
        );
    }
}
