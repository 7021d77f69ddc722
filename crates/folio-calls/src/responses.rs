//! The responses, and the expected results of the SDK.

use serde_json::Value;

use crate::document::At;
use crate::json::Json;
use crate::media_type::is_json;
use crate::program::Received;
use crate::run::Run;
use crate::server::Response;
use crate::values::Values;

impl<'a> Run<'a, '_> {
    /// A response, and the SDK's expected result. `None`: the first one described.
    pub(crate) fn response(
        &mut self,
        values: &mut Values<'a>,
        which: Option<(u16, usize)>,
    ) -> Option<(Response, Received)> {
        let first = self
            .operation
            .successes
            .first()
            .map(|(status, _)| (*status, 0));
        let Some((status, index)) = which.or(first) else {
            let body = bytes::Bytes::from_static(b"{\"a\": [1.10, null]}");
            let response = Response {
                status: 200,
                media_type: Some("application/json".to_owned()),
                body: body.clone(),
            };
            return Some((response, Received::Raw(200, body.to_vec())));
        };
        let successes = self.operation.successes.clone();
        let (_, content) = successes.iter().find(|(known, _)| *known == status)?;
        let Some((media_type, schema)) = content.get(index) else {
            let response = Response {
                status,
                ..Response::default()
            };
            return Some((response, Received::Nothing));
        };
        let of = |media_type: &str, body: String, received| {
            let response = Response {
                status,
                media_type: Some(media_type.to_owned()),
                body: body.into(),
            };
            Some((response, received))
        };
        if media_type.contains("stream+json") || media_type.contains("ndjson") {
            let item = self.line(*schema);
            let lines: Option<Vec<String>> = (0..3)
                .map(|_| {
                    self.valid(values, item, true)
                        .map(|value| value.to_string())
                })
                .collect();
            let lines = lines?;
            return of(media_type, lines.join("\n"), Received::Lines(lines));
        }
        if is_json(media_type) {
            let mut made = self.valid(values, *schema, true)?;
            // Servers also write `null` into lists whose descriptions do not allow it.
            values.add_nulls(&mut made);
            let json = made.to_string();
            return of(media_type, json.clone(), Received::Json(json));
        }
        let text = "<a>ü\r\n \u{1}</a>,\"b\"".to_owned();
        let is_text = media_type.starts_with("text/") || media_type.contains("xml");
        let received = match is_text {
            true => Received::Text(text.clone()),
            false => Received::Bytes(text.clone().into_bytes()),
        };
        let media_type = if *media_type == "*/*" {
            "application/pdf"
        } else {
            media_type
        };
        of(media_type, text, received)
    }

    /// The value in a line of a response with one record per line: the record, if the list of them
    /// is described.
    fn line(&self, at: At<'a>) -> At<'a> {
        let at = self.release.target(at);
        let of = |schema| At {
            schema,
            name: "",
            ..at
        };
        if at.schema["type"] == "array" {
            return of(&at.schema["items"]);
        }
        let properties = at.schema["properties"].as_object().into_iter().flatten();
        let mut lists = properties.filter(|(_, property)| property["type"] == "array");
        match (at.name.ends_with("Collection"), lists.next(), lists.next()) {
            (true, Some((_, list)), None) => of(&list["items"]),
            _ => at,
        }
    }

    /// A value that jsonschema finds valid.
    pub(crate) fn valid(
        &mut self,
        values: &mut Values<'a>,
        at: At<'a>,
        is_response: bool,
    ) -> Option<Json> {
        let key = std::ptr::from_ref(at.schema) as usize;
        let release = self.release;
        let validator = self.validators.entry(key).or_insert_with(|| {
            let schema = release.json_schema(at);
            jsonschema::options()
                .with_draft(jsonschema::Draft::Draft4)
                // Servers write offsets without a colon.
                .with_format("date-time", |_| true)
                .with_format("regex", |_| true)
                .build(&schema)
                .map_err(|error| error.to_string())
        });
        let mut problem = String::new();
        match validator {
            Err(error) => problem.push_str(error),
            Ok(validator) => {
                for _ in 0..24 {
                    let made = values.of(at);
                    let value: Value = serde_json::from_str(&made.to_string()).unwrap();
                    match validator.iter_errors(&value).next() {
                        None => return Some(made),
                        Some(error) => {
                            problem = format!("{}: {error}", error.instance_path());
                        }
                    }
                    self.report.invalid += 1;
                }
            }
        }
        let what = if is_response { "response" } else { "body" };
        let problem: String = problem.chars().take(200).collect();
        self.skip(format!("no valid {what} could be generated ({problem})"));
        None
    }
}
