//! Parameters of the path and of the query string. Header and cookie parameters are dropped: the
//! SDK manages the headers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::lowering::Lowering;
use super::scalar::is_scalar;
use crate::document::{LOCAL, string};
use crate::error::Error;
use crate::facts::{Operation, Parameter};
use crate::names::squashed;

impl Lowering<'_> {
    /// The parameters of an operation and of its path, an operation's own first.
    pub(super) fn parameters(
        &mut self,
        facts: &mut Operation,
        at: &str,
        own: &[Value],
        shared: &[Value],
    ) -> Result<Vec<Value>, Error> {
        let mut lowered: Vec<Value> = Vec::new();
        let mut known = BTreeSet::new();
        for (index, parameter) in own.iter().chain(shared).enumerate() {
            let at = format!("{at}/parameters/{index}");
            let document = self.home.document;
            let place = string(document, &at, parameter, "in")?.unwrap_or_default();
            let name = string(document, &at, parameter, "name")?
                .ok_or_else(|| self.home.error(&at, "a parameter without `name`"))?;
            if !matches!(place.as_str(), "path" | "query")
                || !known.insert((place.clone(), name.clone()))
            {
                continue;
            }
            let described = parameter.get("schema").unwrap_or(&Value::Null);
            let schema = self.parameter_schema(&at, described)?;
            let required = parameter.get("required") == Some(&Value::Bool(true));
            if place == "query" {
                let argument = unlike_others(facts, &name);
                lowered.push(
                    json!({"in": place, "name": argument, "required": required, "schema": schema}),
                );
                facts.query.push(Parameter {
                    delimiter: delimiter(parameter),
                    name,
                    argument,
                    required,
                });
            } else if facts.path_parameters.contains(&name) {
                lowered.push(of_path(&name, schema));
            } else {
                return Err(self.home.error(&at, format!("the path has no {{{name}}}")));
            }
        }
        // What the path names and nothing describes is text.
        for name in &facts.path_parameters {
            if !known.contains(&("path".to_owned(), name.clone())) {
                lowered.push(of_path(name, json!({"type": "string"})));
            }
        }
        Ok(lowered)
    }

    /// Objects and unions in the query string are text.
    fn parameter_schema(&mut self, at: &str, schema: &Value) -> Result<Value, Error> {
        let lowered = self.schema(at, schema, 0)?;
        let is_union = |reference: &str| {
            let name = reference.strip_prefix(LOCAL).unwrap_or(reference);
            self.unions.list.iter().any(|union| union.name == name)
        };
        let is_simple = |schema: &Value| match schema.get("$ref") {
            Some(Value::String(reference)) => !is_union(reference),
            _ => is_scalar(schema),
        };
        let text = json!({"type": "string"});
        Ok(match lowered["type"] == "array" {
            true if is_simple(&lowered["items"]) => lowered,
            true => json!({"type": "array", "items": text}),
            false if is_simple(&lowered) => lowered,
            false => text,
        })
    }
}

/// A parameter of the path. progenitor knows none for the rest of a path.
fn of_path(name: &str, schema: Value) -> Value {
    let name = name.trim_start_matches('+');
    json!({"in": "path", "name": name, "required": true, "schema": schema})
}

/// The name of an argument. The arguments of a function differ, wherever they are sent: `id` in the
/// path and in the query string.
fn unlike_others(facts: &Operation, name: &str) -> String {
    let is_taken = |argument: &str| {
        let same = |other: &str| squashed(other) == squashed(argument);
        facts.path_parameters.iter().any(|name| same(name))
            || facts.query.iter().any(|other| same(&other.argument))
            || squashed(argument).is_empty()
    };
    let mut argument = name.to_owned();
    let mut number = 1;
    while is_taken(&argument) {
        number += 1;
        argument = format!("{name}InQuery{number}");
    }
    argument
}

/// What stands between the elements of a list that is one parameter: OpenAPI's styles without
/// `explode`.
fn delimiter(parameter: &Value) -> Option<&'static str> {
    if parameter.get("explode") != Some(&Value::Bool(false)) {
        return None;
    }
    match parameter.get("style").and_then(Value::as_str) {
        Some("spaceDelimited") => Some(" "),
        Some("pipeDelimited") => Some("|"),
        _ => Some(","),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};
    use crate::facts;

    /// The lowered parameters, and the facts of the operation.
    fn lowered(parameters: &Value) -> Result<(Vec<Value>, Operation), Error> {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let operation = json!({"operationId": "get_a"});
        let mut facts = facts::read(&document, "/a/{id}/{+rest}", "get", &operation)?;
        let own = parameters.as_array().unwrap();
        let lowered =
            Lowering::of_module(&document, &common).parameters(&mut facts, "", own, &[])?;
        Ok((lowered, facts))
    }

    #[test]
    fn headers_are_dropped_and_what_the_path_names_is_text() {
        let parameters = json!([
            {"in": "header", "name": "X-Okapi-Tenant"},
            {"in": "cookie", "name": "c"},
            {"in": "query", "name": "expand", "required": true, "schema": {"type": "object"}},
            {"in": "query", "name": "expand", "schema": {"type": "integer"}},
        ]);
        let (lowered, facts) = lowered(&parameters).unwrap();
        let text = json!({"type": "string"});
        let expected = [
            json!({"in": "query", "name": "expand", "required": true, "schema": text}),
            json!({"in": "path", "name": "id", "required": true, "schema": text}),
            json!({"in": "path", "name": "rest", "required": true, "schema": text}),
        ];
        assert_eq!(lowered, expected);
        assert_eq!(facts.query.len(), 1);
    }

    #[test]
    fn a_query_parameter_is_a_scalar_or_a_list_of_these() {
        let text = json!({"type": "string"});
        let list = |items: &Value| json!({"type": "array", "items": items});
        let union = json!({"oneOf": [{"type": "string"}, {"type": "integer"}]});
        let record = json!({"properties": {"a": {"type": "string"}}});
        let number = json!({"type": "integer"});
        for (schema, expected) in [
            (number.clone(), number.clone()),
            (Value::Null, text.clone()),
            (union.clone(), text.clone()),
            (record.clone(), text.clone()),
            (list(&number), list(&number)),
            (list(&union), list(&text)),
            (list(&record), list(&text)),
        ] {
            let (lowered, _) =
                lowered(&json!([{"in": "query", "name": "q", "schema": schema}])).unwrap();
            assert_eq!(lowered[0]["schema"], expected, "{schema}");
        }
    }

    #[test]
    fn arguments_differ_wherever_they_are_sent() {
        let query = |name: &str| json!({"in": "query", "name": name});
        let (lowered, facts) =
            lowered(&json!([query("ID"), query("a-b"), query("aB"), query("-")])).unwrap();
        let sent: Vec<&str> = facts.query.iter().map(|it| &*it.name).collect();
        assert_eq!(sent, ["ID", "a-b", "aB", "-"]);
        let arguments: Vec<&str> = facts.query.iter().map(|it| &*it.argument).collect();
        assert_eq!(arguments, ["IDInQuery2", "a-b", "aBInQuery2", "-InQuery2"]);
        assert_eq!(lowered[0]["name"], "IDInQuery2");
    }

    #[test]
    fn a_list_that_is_one_parameter_has_a_delimiter() {
        for (parameter, expected) in [
            (json!({}), None),
            (json!({"explode": true, "style": "form"}), None),
            (json!({"explode": false}), Some(",")),
            (
                json!({"explode": false, "style": "spaceDelimited"}),
                Some(" "),
            ),
            (
                json!({"explode": false, "style": "pipeDelimited"}),
                Some("|"),
            ),
        ] {
            assert_eq!(delimiter(&parameter), expected, "{parameter}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_an_error_with_its_place() {
        for (parameter, expected) in [
            (
                json!({"in": "query"}),
                "at /parameters/0: a parameter without `name`",
            ),
            (
                json!({"in": "query", "name": 1}),
                "at /parameters/0/name: expected a string",
            ),
            (
                json!({"in": "path", "name": "x"}),
                "at /parameters/0: the path has no {x}",
            ),
        ] {
            let error = lowered(&json!([parameter])).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
