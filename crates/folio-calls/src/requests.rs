//! The inputs: parameters, bodies, and hostile text.

use serde_json::Value;

use crate::document::{At, Parameter};
use crate::media_type::is_json;
use crate::program::{Input, Received, Sent};
use crate::run::{RequestKind, Run};
use crate::server::Response;
use crate::values::{TEXTS, Values};

impl<'a> Run<'a, '_> {
    /// Text in each parameter that changes its meaning unless it is escaped.
    pub(crate) async fn hostile(&mut self, values: &mut Values<'a>, usual: &(Response, Received)) {
        let long = "long/ü?%2F ".repeat(900);
        let texts: Vec<&str> = TEXTS.into_iter().chain(["", &long]).collect();
        let Some(input) = self.input(values, RequestKind::All) else {
            return;
        };
        for index in 0..self.operation.parameters.len() {
            let Parameter {
                place,
                name,
                schema,
                ..
            } = self.operation.parameters[index].clone();
            let schema = self.release.target(schema).schema;
            let is_text = match schema["type"].as_str() {
                Some("array") => {
                    let items = schema.get("items").unwrap_or(&Value::Null);
                    let items = At {
                        schema: items,
                        ..self.operation.parameters[index].schema
                    };
                    matches!(
                        self.release.target(items).schema["type"].as_str(),
                        Some("string") | None
                    )
                }
                kind => matches!(kind, Some("string") | None),
            };
            // Page sizes are numbers, regardless of the description.
            let is_size = matches!(name, "limit" | "offset");
            if !is_text && place != "path" || is_size {
                continue;
            }
            for text in &texts {
                let mut input = input.clone();
                let text = (*text).to_owned();
                match place {
                    "path" => input
                        .path
                        .iter_mut()
                        .filter(|(known, _)| known == name)
                        .for_each(|known| known.1.clone_from(&text)),
                    "query" => {
                        input.query.retain(|(known, _)| known != name);
                        let values = match schema["type"] == "array" {
                            true => vec![text.clone(), "second".to_owned(), text],
                            false => vec![text],
                        };
                        input.query.push((name.to_owned(), values));
                    }
                    // A header cannot hold a line break, and spaces around its value are not part
                    // of it.
                    "header" if text.trim() == text && text.is_ascii() && !text.contains('\n') => {
                        input.headers.retain(|(known, _)| known != name);
                        input.headers.push((name.to_owned(), text));
                    }
                    _ => continue,
                }
                self.one(RequestKind::Hostile, input, usual).await;
            }
        }
    }

    /// The inputs.
    pub(crate) fn input(&mut self, values: &mut Values<'a>, kind: RequestKind) -> Option<Input> {
        let mut input = Input::default();
        // A DELETE of selected records: the first way, or all parameters.
        let way = self.operation.ways.first().cloned().unwrap_or_default();
        for parameter in self.operation.parameters.clone() {
            let is_wanted =
                parameter.required || kind == RequestKind::All || way.contains(&parameter.name);
            if !is_wanted {
                continue;
            }
            let name = parameter.name.to_owned();
            let mut made = values.parameter(parameter.schema);
            let is_list = self.release.target(parameter.schema).schema["type"] == "array";
            match parameter.place {
                "path" => {
                    let mut text = made.pop().unwrap_or_default();
                    if matches!(text.as_str(), "" | "." | ".." | "../../etc")
                        || name.starts_with('+')
                    {
                        text = "some/path".to_owned();
                    }
                    input.path.push((name, text));
                }
                "query" => {
                    // A list without elements is not sent, and no parameter of a DELETE may be
                    // empty.
                    if made.is_empty() {
                        made.push("x".to_owned());
                    }
                    if !is_list {
                        made.truncate(1);
                    }
                    // Sizes of pages.
                    if matches!(parameter.name, "limit" | "offset") {
                        let digits = |text: &String| -> String {
                            text.chars().filter(char::is_ascii_digit).take(5).collect()
                        };
                        made = made
                            .iter()
                            .map(|text| format!("1{}", digits(text)))
                            .collect();
                    }
                    input.query.push((name, made));
                }
                "header" => {
                    let text = made.pop().unwrap_or_default();
                    let is_plain =
                        text.trim() == text && text.bytes().all(|byte| (32..127).contains(&byte));
                    input.headers.push((
                        name,
                        if is_plain {
                            text
                        } else {
                            "plain text".to_owned()
                        },
                    ));
                }
                place => {
                    let reason = format!("a parameter in the {place}: {name}");
                    self.skip(reason);
                }
            }
        }
        if let Some((required, content)) = self.operation.body.clone()
            && (required || kind == RequestKind::All || self.operation.deletes_body)
            && !content.is_empty()
        {
            let index = fastrand::usize(..content.len());
            let (media_type, schema) = content[index];
            let body = self.body(values, media_type, schema)?;
            input.body = Some((media_type.to_owned(), body));
        }
        Some(input)
    }

    fn body(&mut self, values: &mut Values<'a>, media_type: &str, schema: At<'a>) -> Option<Sent> {
        let properties = &self.release.target(schema).schema["properties"];
        if is_json(media_type) || media_type == "application/x-www-form-urlencoded" {
            let made = self.valid(values, schema, false);
            return made.map(|value| Sent::Json(value.to_string()));
        }
        if media_type == "multipart/form-data" {
            let parts = properties
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, part)| {
                    let part = self
                        .release
                        .target(At {
                            schema: part,
                            ..schema
                        })
                        .schema;
                    let is_file = part["format"] == "binary";
                    let file = is_file.then(|| "list ü;1.csv".to_owned());
                    (name.clone(), file, "a,b\r\n\"1\",--2\r\n".to_owned())
                });
            return Some(Sent::Form(parts.collect()));
        }
        Some(Sent::Bytes(
            "<bytes>\u{0}\r\n ü</bytes>".as_bytes().to_vec(),
        ))
    }
}
