//! Responses. progenitor takes one type of success and one of failure. Failures are dropped, since
//! the SDK has one error type that carries the server's message. Of several successes each that is
//! JSON gets an operation of its own, which is made for its type alone.

use serde_json::{Map, Value, json};

use super::lowering::Lowering;
use super::openapi::json_response;
use crate::document::{Home, escaped, object};
use crate::error::Error;
use crate::facts::{Operation, Response, Success, SuccessKind};
use crate::media_type::{MediaType, accept, is_json, is_sequence};

/// A media type of a status of success, with its schema.
struct Described<'a> {
    status: &'a str,
    media_type: &'a str,
    schema: &'a Value,
}

/// A success that differs from the others, and its lowered schema if it is JSON.
type Lowered = (Success, Option<Value>);

impl Lowering<'_> {
    /// The responses become facts; the one that progenitor makes a type of is returned.
    pub(super) fn responses(
        &mut self,
        facts: &mut Operation,
        at: &str,
        responses: Option<&Value>,
    ) -> Result<Value, Error> {
        let at = format!("{at}/responses");
        let responses = object(self.home.document, &at, responses)?;
        let (described, has_empty) = described(self.home, &at, responses)?;
        let mut successes = self.successes(&at, &described)?;
        tell_apart(&mut successes);
        // JSON first: of the media types that a server can choose from, it is the one with types.
        successes.sort_by_key(|(success, _)| !matches!(success.kind, SuccessKind::Json(_)));
        facts.accept = accept(
            successes
                .iter()
                .flat_map(|(success, _)| &success.media_types),
        );
        let (response, typed) = self.response(&facts.name, successes, has_empty);
        facts.may_be_empty =
            has_empty && !matches!(response, Response::Empty | Response::Undescribed);
        facts.response = response;
        Ok(match typed {
            Some(schema) => json!({"200": json_response(schema)}),
            None => json!({"204": {"description": ""}}),
        })
    }

    /// The successes that differ in what they contain, with their lowered schemas.
    fn successes(&mut self, at: &str, all: &[Described<'_>]) -> Result<Vec<Lowered>, Error> {
        let mut successes: Vec<Lowered> = Vec::new();
        for described in all {
            let media_type = described.media_type.to_owned();
            let of = MediaType::of(&media_type);
            let (kind, lowered) = if is_json(&media_type) {
                let media_type = escaped(&media_type);
                let at = format!("{at}/{}/content/{media_type}/schema", described.status);
                let lowered = self.schema(&at, described.schema, 0)?;
                (SuccessKind::Json(String::new()), Some(lowered))
            } else if of.is_text() {
                (SuccessKind::Text, None)
            } else {
                (SuccessKind::Bytes, None)
            };
            let name = of.variant();
            let same = successes.iter_mut().find(|(success, known)| {
                success.kind == kind && *known == lowered && success.name == name
            });
            if let Some((success, _)) = same {
                if !success.media_types.contains(&media_type) {
                    success.media_types.push(media_type);
                }
                continue;
            }
            // Nothing with a name distinguishes two kinds of JSON under one status: the response is
            // any JSON.
            let other = successes.iter_mut().find(|(success, _)| {
                success.name == name && success.status.as_deref() == Some(described.status)
            });
            if let Some((success, known)) = other {
                *known = Some(json!({}));
                success.media_types.push(media_type);
                continue;
            }
            let success = Success {
                name: name.to_owned(),
                media_types: vec![media_type],
                status: Some(described.status.to_owned()),
                kind,
            };
            successes.push((success, lowered));
        }
        Ok(successes)
    }

    /// What an operation yields, and the schema of its response if that has one type.
    fn response(
        &mut self,
        operation: &str,
        mut successes: Vec<Lowered>,
        has_empty: bool,
    ) -> (Response, Option<Value>) {
        match &mut successes[..] {
            [] if has_empty => (Response::Empty, None),
            [] => (Response::Undescribed, None),
            [(only, schema)] => match (&only.kind, schema.take()) {
                (SuccessKind::Json(_), Some(schema)) => {
                    let is_lines = only.media_types.iter().any(|it| is_sequence(it));
                    let response = if is_lines {
                        Response::Lines
                    } else {
                        Response::Json
                    };
                    (response, Some(schema))
                }
                (SuccessKind::Bytes, _) => (Response::Bytes, None),
                _ => (Response::Text, None),
            },
            several => {
                for (success, schema) in several.iter_mut() {
                    // One record after the other is no record: it is text, beside other responses.
                    if success.media_types.iter().all(|it| is_sequence(it)) {
                        success.kind = SuccessKind::Text;
                    } else if let (SuccessKind::Json(name), Some(schema)) =
                        (&mut success.kind, schema.take())
                    {
                        *name = format!("{operation}_{}", success.name.to_ascii_lowercase());
                        self.type_operations
                            .push((name.clone(), json_response(schema)));
                    }
                }
                let successes = several.iter().map(|(success, _)| success.clone());
                (Response::Several(successes.collect()), None)
            }
        }
    }
}

/// The media types of the statuses of success, and whether a success without a body is described.
fn described<'a>(
    home: Home<'_>,
    at: &str,
    responses: &'a Map<String, Value>,
) -> Result<(Vec<Described<'a>>, bool), Error> {
    let mut all = Vec::new();
    let mut has_empty = false;
    for (status, response) in responses {
        if !is_status(status) {
            let problem = format!("`{}` is not a valid HTTP status", status.escape_debug());
            return Err(home.error(at, problem));
        }
        if !status.starts_with('2') {
            continue;
        }
        let content = response.get("content").and_then(Value::as_object);
        // 204 has no content, whatever is written.
        let content = content.filter(|content| !content.is_empty() && status != "204");
        has_empty |= content.is_none();
        for (media_type, described) in content.into_iter().flatten() {
            all.push(Described {
                status,
                media_type,
                schema: described.get("schema").unwrap_or(&Value::Null),
            });
        }
    }
    Ok((all, has_empty))
}

/// Whether a key of responses is one: a status, or `2XX` for those of a class.
fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => key == "default",
    }
}

/// Successes of one media type are told by their status; otherwise the media type tells them.
fn tell_apart(successes: &mut [Lowered]) {
    let names: Vec<String> = successes
        .iter()
        .map(|(success, _)| success.name.clone())
        .collect();
    for (success, _) in successes {
        if names.iter().filter(|name| **name == success.name).count() > 1 {
            success.name = format!("Status{}", success.status.as_deref().unwrap_or_default());
        } else {
            success.status = None;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;
    use crate::document::{COMMON, Document};
    use crate::facts;

    /// The facts of an operation with these responses, the lowered responses, and the types of
    /// several.
    fn lowered(responses: &Value) -> Result<(Operation, Value, Vec<String>), Error> {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let operation = json!({"operationId": "get_a"});
        let mut facts = facts::read(&document, "/a", "get", &operation)?;
        let mut lowering = Lowering::of_module(&document, &common);
        let lowered = lowering.responses(&mut facts, "", Some(responses))?;
        let types = lowering.type_operations.into_iter().map(|(name, _)| name);
        Ok((facts, lowered, types.collect()))
    }

    fn json_of(ty: &str) -> Value {
        json!({"content": {"application/json": {"schema": {"type": ty}}}})
    }

    #[test]
    fn one_success_is_the_response_and_failures_are_dropped() {
        let typed = json!({"200": json_response(json!({"type": "string"}))});
        let untyped = json!({"204": {"description": ""}});
        let of =
            |media_type: &str| json!({"content": {media_type: {"schema": {"type": "string"}}}});
        for (responses, response, expected) in [
            (json!({}), Response::Undescribed, &untyped),
            (
                json!({"400": of("text/plain"), "default": {}}),
                Response::Undescribed,
                &untyped,
            ),
            (json!({"204": {}}), Response::Empty, &untyped),
            // 204 has no content, whatever is written.
            (json!({"204": json_of("string")}), Response::Empty, &untyped),
            (
                json!({"200": json_of("string"), "422": json_of("integer")}),
                Response::Json,
                &typed,
            ),
            (
                json!({"200": of("application/vnd.api+json")}),
                Response::Json,
                &typed,
            ),
            (
                json!({"200": of("application/x-ndjson")}),
                Response::Lines,
                &typed,
            ),
            (
                json!({"200": of("application/stream+json;charset=utf-8")}),
                Response::Lines,
                &typed,
            ),
            (json!({"200": of("text/csv")}), Response::Text, &untyped),
            (
                json!({"200": of("application/marc+xml")}),
                Response::Text,
                &untyped,
            ),
            (
                json!({"200": of("application/pdf")}),
                Response::Bytes,
                &untyped,
            ),
        ] {
            let (facts, lowered, types) = lowered(&responses).unwrap();
            assert_eq!(facts.response, response, "{responses}");
            assert_eq!((&lowered, types.len()), (expected, 0), "{responses}");
            assert!(!facts.may_be_empty);
        }
    }

    #[test]
    fn a_success_without_a_body_beside_one_with_it_is_nothing() {
        for (responses, expected) in [
            (json!({"200": json_of("string"), "204": {}}), true),
            (
                json!({"200": json_of("string"), "201": {"content": {}}}),
                true,
            ),
            (json!({"200": json_of("string"), "404": {}}), false),
        ] {
            assert_eq!(lowered(&responses).unwrap().0.may_be_empty, expected);
        }
    }

    /// Names, statuses, and kinds of several successes.
    fn told(responses: &Value) -> Vec<(String, Option<String>, SuccessKind)> {
        let (facts, _, types) = lowered(responses).unwrap();
        let Response::Several(successes) = facts.response else {
            return Vec::new();
        };
        let json = successes.iter().filter_map(|success| match &success.kind {
            SuccessKind::Json(name) => Some(name),
            _ => None,
        });
        assert!(json.eq(&types), "each JSON has an operation for its type");
        let told = |it: Success| (it.name, it.status, it.kind);
        successes.into_iter().map(told).collect()
    }

    #[test]
    fn several_successes_are_told_by_their_media_types_or_else_by_their_status() {
        let json = |name: &str| SuccessKind::Json(name.to_owned());
        let by_media = |name: &str, kind| (name.to_owned(), None, kind);
        let by_status = |status: &str| {
            let kind = json(&format!("get_a_status{status}"));
            (format!("Status{status}"), Some(status.to_owned()), kind)
        };
        let schema = json!({"schema": {"type": "string"}});
        for (responses, expected) in [
            (
                json!({"200": {"content": {"application/pdf": {}, "text/csv": {}, "application/json": schema}}}),
                vec![
                    by_media("Json", json("get_a_json")),
                    by_media("Bytes", SuccessKind::Bytes),
                    by_media("Csv", SuccessKind::Text),
                ],
            ),
            (
                json!({"200": {"content": {"application/x-ndjson": schema, "application/json": schema}}}),
                vec![
                    by_media("Json", json("get_a_json")),
                    by_media("Lines", SuccessKind::Text),
                ],
            ),
            (
                json!({"200": json_of("string"), "207": json_of("integer")}),
                vec![by_status("200"), by_status("207")],
            ),
            // Of one content, they are one.
            (
                json!({"200": json_of("string"), "207": json_of("string")}),
                vec![],
            ),
        ] {
            assert_eq!(told(&responses), expected, "{responses}");
        }
    }

    #[test]
    fn two_kinds_of_json_of_one_status_are_any_json() {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let mut lowering = Lowering::of_module(&document, &common);
        let schemas = ["string", "integer", "boolean"].map(|ty| json!({"type": ty}));
        let [text, number, flag] = &schemas;
        let of = |status, media_type, schema| Described {
            status,
            media_type,
            schema,
        };
        let all = [
            of("200", "application/json", text),
            of("200", "application/schema+json", number),
            of("202", "application/json", flag),
        ];
        let mut successes = lowering.successes("", &all).unwrap();
        tell_apart(&mut successes);
        let told: Vec<_> = successes
            .iter()
            .map(|(success, schema)| (&*success.name, success.media_types.len(), schema.clone()))
            .collect();
        let expected = [
            ("Status200", 2, Some(json!({}))),
            ("Status202", 1, Some(flag.clone())),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_status_is_an_error_with_its_place() {
        for (key, expected) in [
            ("200", true),
            ("2XX", true),
            ("default", true),
            ("600", false),
            ("20", false),
            ("2xx", false),
            ("200, _) => x", false),
        ] {
            assert_eq!(is_status(key), expected, "{key}");
            let error = lowered(&json!({key: {}}))
                .err()
                .map(|error| error.to_string());
            let is_told = error.is_some_and(|error| error.contains("at /responses: `"));
            assert_eq!(is_told, !expected, "{key}");
        }
    }
}
