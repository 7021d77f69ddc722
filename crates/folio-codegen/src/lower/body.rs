//! Request bodies. progenitor accepts one JSON body with a schema; those of other media types
//! bypass it.

use serde_json::{Value, json};

use super::lowering::Lowering;
use crate::document::{Home, escaped, object};
use crate::error::Error;
use crate::facts::{Body, BodyKind, Operation};
use crate::media_type::is_json;

impl Lowering<'_> {
    /// The bodies that an operation takes become facts; the one with a type is returned.
    pub(super) fn body(
        &mut self,
        facts: &mut Operation,
        at: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>, Error> {
        let Some(body) = body else { return Ok(None) };
        let at = format!("{at}/requestBody/content");
        let content = object(self.home.document, &at, body.get("content"))?;
        facts.needs_body = body.get("required") == Some(&Value::Bool(true));
        let mut typed = None;
        for (media_type, described) in content {
            let schema = described.get("schema").unwrap_or(&Value::Null);
            let kind = kind(self.home, media_type, schema);
            if is_typed(&kind) {
                // progenitor takes one: JSON goes before forms.
                if typed.is_some() && kind != BodyKind::Json {
                    continue;
                }
                let at = format!("{at}/{}/schema", escaped(media_type));
                typed = Some(self.schema(&at, schema, 0)?);
                facts.bodies.retain(|body| !is_typed(&body.kind));
            }
            facts.bodies.push(Body {
                media_type: media_type.clone(),
                kind,
            });
        }
        facts.bodies.sort_by_key(|body| match body.kind {
            BodyKind::Json => 0,
            BodyKind::Form => 1,
            BodyKind::Multipart(_) => 2,
            BodyKind::Bytes => 3,
        });
        // progenitor's optional bodies are required ones all the same; ours are setters.
        Ok(typed.map(
            |schema| json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        ))
    }
}

fn kind(home: Home<'_>, media_type: &str, schema: &Value) -> BodyKind {
    if is_json(media_type) {
        BodyKind::Json
    } else if media_type == "application/x-www-form-urlencoded" && has_fields(home, schema) {
        BodyKind::Form
    } else if media_type == "multipart/form-data" {
        BodyKind::Multipart(parts(home, schema))
    } else {
        BodyKind::Bytes
    }
}

fn is_typed(kind: &BodyKind) -> bool {
    matches!(kind, BodyKind::Json | BodyKind::Form)
}

fn has_fields(home: Home<'_>, schema: &Value) -> bool {
    let (_, schema) = home.follow(schema);
    let fields = schema["properties"].as_object();
    fields.is_some_and(|fields| !fields.is_empty())
}

/// The parts of a form that are described, and whether each is a file.
fn parts(home: Home<'_>, schema: &Value) -> Vec<(String, bool)> {
    let (home, schema) = home.follow(schema);
    let fields = schema["properties"].as_object();
    fields
        .into_iter()
        .flatten()
        .map(|(name, part)| {
            let (_, part) = home.follow(part);
            let is_file = part["format"] == "binary" || part["items"]["format"] == "binary";
            (name.clone(), is_file)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};
    use crate::facts;

    #[test]
    fn a_body_is_sent_by_its_media_type_and_one_of_them_has_a_type() {
        let document = Document::new(
            "mod-test",
            json!({"components": {"schemas": {
                "File": {"type": "string", "format": "binary"},
            }}}),
        );
        let common = Document::new(COMMON, json!({}));
        let body = |media_type: &str, kind| Body {
            media_type: media_type.to_owned(),
            kind,
        };
        let form = "application/x-www-form-urlencoded";
        let record = json!({"schema": {"type": "object", "properties": {"a": {"type": "string"}}}});
        let number = json!({"schema": {"type": "integer"}});
        let upload = json!({"schema": {"properties": {
            "file": {"$ref": "#/components/schemas/File"}, "note": {"type": "string"},
            "more": {"type": "array", "items": {"format": "binary"}},
        }}});
        let parts = [("file", true), ("more", true), ("note", false)];
        let parts = parts
            .map(|(name, is_file)| (name.to_owned(), is_file))
            .to_vec();
        for (content, bodies, ty) in [
            (json!({}), vec![], None),
            (
                json!({"application/json": number}),
                vec![body("application/json", BodyKind::Json)],
                Some("integer"),
            ),
            (
                json!({"application/vnd.api+json": number}),
                vec![body("application/vnd.api+json", BodyKind::Json)],
                Some("integer"),
            ),
            (
                json!({form: record}),
                vec![body(form, BodyKind::Form)],
                Some("object"),
            ),
            (json!({form: {}}), vec![body(form, BodyKind::Bytes)], None),
            (
                json!({"application/json": number, form: record, "text/csv": {}}),
                vec![
                    body("application/json", BodyKind::Json),
                    body("text/csv", BodyKind::Bytes),
                ],
                Some("integer"),
            ),
            (
                json!({"multipart/form-data": upload}),
                vec![body("multipart/form-data", BodyKind::Multipart(parts))],
                None,
            ),
            (
                json!({"application/octet-stream": {}}),
                vec![body("application/octet-stream", BodyKind::Bytes)],
                None,
            ),
        ] {
            let operation = json!({"operationId": "post_a"});
            let mut facts = facts::read(&document, "/a", "post", &operation).unwrap();
            let described = json!({"required": true, "content": content});
            let mut lowering = Lowering::of_module(&document, &common);
            let typed = lowering.body(&mut facts, "", Some(&described)).unwrap();
            let typed =
                typed.map(|body| body["content"]["application/json"]["schema"]["type"].clone());
            assert_eq!(facts.bodies, bodies, "{content}");
            assert_eq!(typed, ty.map(Value::from), "{content}");
            assert!(facts.needs_body);
        }
    }
}
