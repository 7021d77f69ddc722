//! The parameters of an operation's document.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::canonical::reference::PENDING;
use crate::canonical::route::parameter_names;
use crate::normalise::components::Components;
use crate::read::operation::{Form, Parameter};

/// Where parameters are sent, in the order in which documents have them.
pub(super) const PLACES: [&str; 3] = ["path", "query", "header"];

/// Whether documents have a parameter: not if the path does not name it, and not headers that the
/// SDK itself sends, or that every module has.
pub(super) fn is_sent(parameter: &Parameter, path: &str) -> bool {
    let name = parameter.name.to_lowercase();
    match &*parameter.place {
        "path" => path.contains(&format!("{{{}}}", parameter.name)),
        "header" => {
            !(name.starts_with("x-okapi")
                || matches!(&*name, "accept" | "content-type" | "authorization"))
        }
        _ => true,
    }
}

/// Adds a parameter with its normalised schema: each property of an object in the query is a
/// parameter of its own.
pub(super) fn add(
    all: &mut Vec<Value>,
    parameter: &Parameter,
    form: Form,
    schema: &Value,
    components: &Components,
) {
    let place = &*parameter.place;
    if place == "query" && add_properties(all, parameter, form, schema, components) {
        return;
    }
    for name in parameter.names() {
        let required = parameter.required || place == "path";
        let mut described =
            json!({"in": place, "name": name, "required": required, "schema": schema});
        if let Form::Joined(style) = form {
            described["style"] = style.into();
            described["explode"] = false.into();
        }
        all.push(described);
    }
}

/// Adds the properties of an object; whether the schema is one.
fn add_properties(
    all: &mut Vec<Value>,
    parameter: &Parameter,
    form: Form,
    schema: &Value,
    components: &Components,
) -> bool {
    let object = match schema.get("$ref").and_then(Value::as_str) {
        Some(key) => key
            .strip_prefix(PENDING)
            .and_then(|key| components.schemas.get(key)),
        None => Some(schema),
    };
    let Some(object) = object.map(|object| components.fields(object)) else {
        return false;
    };
    let Some(properties) = object.get("properties").and_then(Value::as_object) else {
        return false;
    };
    let needed = object.get("required").and_then(Value::as_array);
    for (key, property) in properties {
        let is_needed = needed.is_some_and(|needed| needed.iter().any(|other| other == key));
        let name = match form {
            Form::Deep => format!("{}[{key}]", parameter.name),
            _ => key.clone(),
        };
        all.push(json!({
            "in": parameter.place, "name": name, "required": parameter.required && is_needed,
            "schema": property,
        }));
    }
    true
}

/// The parameters in their order, each once, with those that only the path names.
pub(super) fn complete(mut all: Vec<Value>, path: &str) -> Vec<Value> {
    for name in parameter_names(path) {
        let is_described = all
            .iter()
            .any(|parameter| parameter["in"] == "path" && parameter["name"] == name);
        if !is_described {
            all.push(json!({
                "in": "path", "name": name, "required": true, "schema": {"type": "string"},
            }));
        }
    }
    // A property of an object in the query may be named like another parameter.
    let mut known = BTreeSet::new();
    all.retain(|parameter| {
        known.insert((parameter["in"].to_string(), parameter["name"].to_string()))
    });
    all.sort_by_key(|parameter| PLACES.iter().position(|place| parameter["in"] == **place));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::operation::Written;

    fn parameter(place: &str, name: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            place: place.to_owned(),
            required: true,
            schema: json!({}),
            written: Written::default(),
        }
    }

    #[test]
    fn headers_of_the_sdk_and_unknown_parameters_of_the_path_are_not_sent() {
        for (place, name, expected) in [
            ("header", "X-Okapi-Token", false),
            ("header", "Content-Type", false),
            ("header", "X-Request-Id", true),
            ("path", "id", true),
            ("path", "other", false),
            ("query", "accept", true),
        ] {
            assert_eq!(
                is_sent(&parameter(place, name), "/a/{id}"),
                expected,
                "{place} {name}"
            );
        }
    }

    #[test]
    fn an_object_in_the_query_is_a_parameter_per_property() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]});
        for (form, names) in [
            (Form::Plain, ["a", "b"]),
            (Form::Deep, ["filter[a]", "filter[b]"]),
        ] {
            let mut all = Vec::new();
            add(
                &mut all,
                &parameter("query", "filter"),
                form,
                &schema,
                &Components::default(),
            );
            let found: Vec<_> = all
                .iter()
                .map(|parameter| {
                    (
                        parameter["name"].as_str().unwrap(),
                        parameter["required"] == true,
                    )
                })
                .collect();
            assert_eq!(found, [(names[0], true), (names[1], false)]);
        }
        let mut all = Vec::new();
        let list = json!({"type": "array"});
        add(
            &mut all,
            &parameter("query", "ids"),
            Form::Joined("form"),
            &list,
            &Components::default(),
        );
        let expected = json!([{"in": "query", "name": "ids", "required": true, "schema": list, "style": "form", "explode": false}]);
        assert_eq!(Value::from(all), expected);
    }

    #[test]
    fn parameters_of_the_path_are_there_and_each_parameter_once() {
        let given = |place: &str, name: &str| json!({"in": place, "name": name});
        let all = vec![
            given("header", "x"),
            given("query", "q"),
            given("query", "q"),
            given("path", "id"),
        ];
        let complete = complete(all, "/a/{id}/{+rest}");
        let found: Vec<_> = complete
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, ["id", "+rest", "q", "x"]);
    }
}
