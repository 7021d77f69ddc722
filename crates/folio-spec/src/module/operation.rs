//! The document of one operation.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::parameters;
use crate::base::error::{Error, Result};
use crate::base::report::ModuleReport;
use crate::base::text::deceptive;
use crate::normalise::components::Components;
use crate::normalise::normalise;
use crate::read::descriptor::Route;
use crate::read::operation::{Content, Operation};
use crate::read::schemas::Schemas;

/// Makes the documents of a module's operations; their schemas become components.
pub(super) struct Documents<'a> {
    /// The module's folder.
    pub(super) folder: &'a Path,
    pub(super) components: Components,
    pub(super) schemas: Schemas,
    pub(super) report: ModuleReport,
}

impl Documents<'_> {
    /// The document of an operation.
    ///
    /// # Errors
    /// A required parameter cannot be sent, a status is none of HTTP, a text has control
    /// characters.
    pub(super) fn operation(
        &mut self,
        operation: &Operation,
        route: Option<&Route>,
        name: &str,
    ) -> Result<Value> {
        let file = self.folder.join(&operation.root);
        let parameters = self.parameters(operation, &file)?;
        let mut folio = origin(operation, route);
        let responses = self.responses(operation, &file, &mut folio)?;
        let mut document = json!({
            "operationId": name, "parameters": parameters, "responses": responses, "x-folio": folio,
        });
        if let Some(request) = &operation.request {
            let content = self.content(&request.content, &file)?;
            document["requestBody"] = json!({"required": request.required, "content": content});
        }
        if operation.deprecated {
            document["deprecated"] = true.into();
        }
        if let Some((at, problem)) = deceptive(&document) {
            let at = format!("{}{at}", operation.subject());
            return Err(Error::at(file, at, problem));
        }
        Ok(document)
    }

    fn parameters(&mut self, operation: &Operation, file: &Path) -> Result<Vec<Value>> {
        for cookie in operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "cookie")
        {
            let name = &cookie.name;
            let call = operation.subject();
            self.report.omit(
                format!("{call} cookie {name}"),
                format!(
                    "the cookie `{name}` of {call}: the SDK sends only its own cookies; pass it with `header`"
                ),
            );
        }
        let mut all = Vec::new();
        for place in parameters::PLACES {
            for parameter in operation.parameters.iter().filter(|parameter| {
                parameter.place == place && parameters::is_sent(parameter, &operation.path)
            }) {
                let schema = self.normalised(&parameter.schema, file)?;
                let form = match parameter.form(&schema) {
                    Ok(form) => form,
                    Err(problem) => {
                        let call = operation.subject();
                        let name = &parameter.name;
                        let problem = format!("the {place} parameter `{name}` of {call} {problem}");
                        if parameter.required {
                            let problem = format!("{problem}, and it is required");
                            return Err(Error::file(file, problem));
                        }
                        self.report.omit(
                            format!("{call} {place} {name}"),
                            format!("{problem}: it is left to `param`"),
                        );
                        continue;
                    }
                };
                parameters::add(&mut all, parameter, form, &schema, &self.components);
            }
        }
        Ok(parameters::complete(all, &operation.path))
    }

    /// The responses by their statuses.
    fn responses(
        &mut self,
        operation: &Operation,
        file: &Path,
        folio: &mut Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let mut responses = Map::new();
        for (status, content) in &operation.responses {
            let mut content = content.clone();
            let Some(status) = known_status(status) else {
                let problem = format!(
                    "expected a status of HTTP, `2XX` or `default`, found `{}`",
                    status.escape_debug()
                );
                return Err(Error::at(file, operation.subject(), problem));
            };
            // RMB's collections describe the response to a POST by an example only; what they give
            // back is the record.
            if operation.collection_post && status == "201" {
                let posted = operation
                    .request
                    .as_ref()
                    .and_then(|request| request.content.get("application/json").cloned().flatten());
                if let (Some(untyped @ None), Some(posted)) =
                    (content.get_mut("application/json"), posted)
                {
                    *untyped = Some(posted);
                    folio.insert("responseFrom".into(), "request".into());
                }
            }
            let content = self.content(&content, file)?;
            let mut response = json!({"description": ""});
            if !content.is_empty() {
                response["content"] = content.into();
            }
            responses.insert(status, response);
        }
        Ok(responses)
    }

    fn content(&mut self, content: &Content, file: &Path) -> Result<Map<String, Value>> {
        let mut normalised = Map::new();
        for (media_type, schema) in content {
            let value = match schema {
                Some(schema) => json!({"schema": self.normalised(schema, file)?}),
                None => json!({}),
            };
            normalised.insert(media_type.clone(), value);
        }
        Ok(normalised)
    }

    fn normalised(&mut self, schema: &Value, file: &Path) -> Result<Value> {
        let Self {
            components,
            schemas,
            report,
            ..
        } = self;
        normalise(schema, file, components, schemas, report)
    }
}

/// What routes an operation, and what describes it (`x-folio`).
fn origin(operation: &Operation, route: Option<&Route>) -> Map<String, Value> {
    let mut folio = Map::new();
    if let Some(route) = route {
        folio.insert("interface".into(), route.interface.clone().into());
        if route.multiple {
            folio.insert("interfaceType".into(), "multiple".into());
        }
        folio.insert("permissions".into(), route.permissions.clone().into());
        for (key, list) in [
            ("permissionsDesired", &route.desired),
            ("modulePermissions", &route.module),
        ] {
            if !list.is_empty() {
                folio.insert(key.into(), list.clone().into());
            }
        }
    }
    if operation.root.is_empty() {
        folio.insert("untyped".into(), true.into());
    } else {
        folio.insert("source".into(), operation.root.clone().into());
    }
    for (key, value) in [
        ("supplement", &operation.supplement),
        ("ours", &operation.ours),
        ("upstreamId", &operation.upstream_id),
    ] {
        if let Some(value) = value {
            folio.insert(key.into(), value.clone().into());
        }
    }
    folio
}

/// A status as documents have it; nothing where it is none.
fn known_status(status: &str) -> Option<String> {
    let upper = status.to_uppercase();
    let is_known = match upper.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => status == "default",
    };
    match status {
        "default" => Some(status.to_owned()),
        _ => is_known.then_some(upper),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::read::operation::{Parameter, Request, Written};

    fn documents() -> Documents<'static> {
        Documents {
            folder: Path::new("/m"),
            components: Components::default(),
            schemas: Schemas::default(),
            report: ModuleReport::new(false),
        }
    }

    fn operation() -> Operation {
        Operation {
            root: "api.yaml".to_owned(),
            ..Operation::untyped("get", "/a/{id}")
        }
    }

    fn parameter(place: &str, name: &str) -> Parameter {
        Parameter {
            name: name.to_owned(),
            place: place.to_owned(),
            required: false,
            schema: json!({"type": "string"}),
            written: Written::default(),
        }
    }

    #[test]
    fn what_the_sdk_cannot_send_is_left_out_and_reported() {
        let odd = Parameter {
            written: Written {
                style: Some("matrix".to_owned()),
                ..Written::default()
            },
            ..parameter("query", "odd")
        };
        let with = |parameters: Vec<Parameter>| Operation {
            parameters,
            ..operation()
        };
        let mut documents = documents();
        let described = with(vec![
            parameter("cookie", "session"),
            parameter("header", "X-Okapi-Tenant"),
            parameter("header", "X-Own"),
            odd.clone(),
        ]);
        let document = documents.operation(&described, None, "get_a").unwrap();
        let names: Vec<&Value> = document["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| &parameter["name"])
            .collect();
        assert_eq!(names, ["id", "X-Own"]);
        let subjects: Vec<&str> = documents
            .report
            .omitted
            .iter()
            .map(|(subject, _)| &**subject)
            .collect();
        assert_eq!(
            subjects,
            ["GET /a/{id} cookie session", "GET /a/{id} query odd"]
        );

        let required = Parameter {
            required: true,
            ..odd
        };
        let error = documents
            .operation(&with(vec![required]), None, "get_a")
            .unwrap_err();
        assert!(error.problem.ends_with("and it is required"), "{error}");
    }

    #[test]
    fn statuses_are_those_of_http() {
        for (status, known) in [
            ("200", Some("200")),
            ("2xx", Some("2XX")),
            ("default", Some("default")),
            ("Default", None),
            ("600", None),
            ("20", None),
            ("ok", None),
        ] {
            assert_eq!(known_status(status).as_deref(), known, "{status}");
        }
        let odd = Operation {
            responses: BTreeMap::from([("ok".to_owned(), Content::new())]),
            ..operation()
        };
        let error = documents().operation(&odd, None, "get_a").unwrap_err();
        assert_eq!(error.place, "GET /a/{id}");
    }

    #[test]
    fn a_collection_of_rmb_gives_back_the_record_that_was_posted() {
        let content =
            |schema: Option<Value>| Content::from([("application/json".to_owned(), schema)]);
        let post = Operation {
            method: "post".to_owned(),
            collection_post: true,
            request: Some(Request {
                required: true,
                content: content(Some(
                    json!({"type": "object", "properties": {"a": {"type": "string"}}}),
                )),
            }),
            responses: BTreeMap::from([("201".to_owned(), content(None))]),
            ..operation()
        };
        let document = documents().operation(&post, None, "create_a").unwrap();
        let schema = |at: &str| document.pointer(at).cloned().unwrap();
        assert_eq!(
            schema("/responses/201/content/application~1json/schema"),
            schema("/requestBody/content/application~1json/schema")
        );
        assert_eq!(
            document["x-folio"],
            json!({"source": "api.yaml", "responseFrom": "request"})
        );
    }
}
