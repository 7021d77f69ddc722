//! The facts of an operation that progenitor cannot represent: they bypass it, from the document to
//! the generated code.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Document, escaped, string, strings};
use crate::error::Error;
use crate::names::{is_name, pascal};
use crate::paging::Paging;
use crate::server_facts::ServerFacts;

/// The facts of an operation besides its types.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// The type of its call: `ListUsers` of `list_users`.
    pub(crate) call: String,
    /// The type of its response, where it is one of several things.
    pub(crate) response_type: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The names in the path's braces, in their order.
    pub(crate) path_parameters: Vec<String>,
    pub(crate) query: Vec<Parameter>,
    /// The bodies that it takes, the main one first.
    pub(crate) bodies: Vec<Body>,
    pub(crate) needs_body: bool,
    pub(crate) response: Response,
    /// The media types of its responses, as the header `Accept`; empty for JSON and text.
    pub(crate) accept: String,
    /// Whether a success without a body is described beside the one with it.
    pub(crate) may_be_empty: bool,
    pub(crate) interface: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) paging: Option<Paging>,
    pub(crate) source: Option<String>,
    pub(crate) upstream_id: Option<String>,
    pub(crate) untyped: bool,
    pub(crate) deprecated: bool,
    /// The server's behaviour.
    pub(crate) server: ServerFacts,
    /// Status and media type of each response.
    pub(crate) responses: Vec<(String, String)>,
}

/// A parameter of the query string.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The name by which progenitor knows it.
    pub(crate) argument: String,
    /// The separator of the elements of a list that is one parameter.
    pub(crate) delimiter: Option<&'static str>,
    pub(crate) required: bool,
}

/// The request body of an operation, by media type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    pub(crate) media_type: String,
    pub(crate) kind: BodyKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum BodyKind {
    /// JSON of a type that progenitor names.
    Json,
    /// A form of the fields of such a type.
    Form,
    /// A form of fields and files: the names of its parts, and whether one is a file.
    Multipart(Vec<(String, bool)>),
    /// Text or bytes.
    Bytes,
}

/// One of several responses of success.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Success {
    /// The variant that it is, `Xml` or `Status207`.
    pub(crate) name: String,
    pub(crate) media_types: Vec<String>,
    /// The status, where that distinguishes it from the others; otherwise its media types do.
    pub(crate) status: Option<String>,
    pub(crate) kind: SuccessKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SuccessKind {
    /// JSON of the type that progenitor names for this operation: one that is made for the type
    /// alone.
    Json(String),
    Text,
    Bytes,
}

/// The content of an operation's response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Response {
    /// One of several things, by status or media type.
    Several(Vec<Success>),
    /// JSON of a type that progenitor names, one record per line.
    Lines,
    /// JSON of a type that progenitor names.
    Json,
    Text,
    Bytes,
    /// Nothing, as described.
    Empty,
    /// The description has no response of success.
    Undescribed,
}

/// Reads the facts of one operation, except for those of parameters, body and response, which
/// lowering finds out.
pub(crate) fn read(
    document: &Document,
    path: &str,
    method: &'static str,
    operation: &Value,
) -> Result<Operation, Error> {
    let at = format!("/paths/{}/{method}", escaped(path));
    let name = string(document, &at, operation, "operationId")?.ok_or_else(|| {
        Error::document(&document.name, &at, "an operation without `operationId`")
    })?;
    if !is_name(&name) || name.chars().any(|c| c.is_ascii_uppercase()) {
        let problem = format!(
            "operationId `{}` cannot be the name of a Rust function",
            name.escape_debug()
        );
        return Err(Error::document(
            &document.name,
            format!("{at}/operationId"),
            problem,
        ));
    }
    let empty = Value::Object(Map::new());
    let folio = operation.get("x-folio").unwrap_or(&empty);
    let folio_at = format!("{at}/x-folio");
    let paging = match folio.get("paging") {
        None => None,
        Some(paging) => Some(Paging::read(
            document,
            &format!("{folio_at}/paging"),
            paging,
        )?),
    };
    Ok(Operation {
        name,
        call: String::new(),
        response_type: String::new(),
        method,
        path: path.to_owned(),
        path_parameters: braces(path),
        query: Vec::new(),
        bodies: Vec::new(),
        needs_body: false,
        response: Response::Undescribed,
        accept: String::new(),
        may_be_empty: false,
        interface: string(document, &folio_at, folio, "interface")?.unwrap_or_default(),
        permissions: strings(document, &folio_at, folio, "permissions")?,
        paging,
        source: string(document, &folio_at, folio, "source")?,
        upstream_id: string(document, &folio_at, folio, "upstreamId")?,
        untyped: folio.get("untyped") == Some(&Value::Bool(true)),
        deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        server: ServerFacts::read(document, path, &at, operation)?,
        responses: responses(operation),
    })
}

/// Gives the types of the operations of a module names that differ from each other, and from those
/// that the module of calls has besides.
pub(crate) fn name_types(operations: &mut [Operation], handle: &str) {
    let mut taken: BTreeSet<String> = [handle, "Builder"].map(str::to_owned).into();
    let mut unique = |mut name: String, more: &str| {
        while !taken.insert(name.clone()) {
            name.push_str(more);
        }
        name
    };
    for operation in &mut *operations {
        operation.call = unique(pascal(&operation.name), "Call");
    }
    for operation in operations {
        if matches!(operation.response, Response::Several(_)) {
            operation.response_type = unique(format!("{}Response", operation.call), "Type");
        }
    }
}

/// The names in the braces of a path template.
fn braces(path: &str) -> Vec<String> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
        .collect()
}

/// Status and media type of each described response, sorted; without a media type if there is no
/// body.
fn responses(operation: &Value) -> Vec<(String, String)> {
    let responses = operation.get("responses").and_then(Value::as_object);
    let mut found = Vec::new();
    for (status, response) in responses.into_iter().flatten() {
        match response.get("content").and_then(Value::as_object) {
            Some(content) if !content.is_empty() => {
                found.extend(content.keys().map(|media| (status.clone(), media.clone())));
            }
            _ => found.push((status.clone(), String::new())),
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn operation(operation: Value) -> Result<Operation, Error> {
        let document = Document::new("mod-things", json!({"paths": {}}));
        read(&document, "/things/{id}/parts/{+rest}", "get", &operation)
    }

    #[test]
    fn facts_are_read_from_where_canonical_documents_have_them() {
        let operation = operation(json!({
            "operationId": "get_part", "deprecated": true,
            "responses": {"200": {"content": {"text/xml": {}, "text/csv": {}}}, "404": {}},
            "x-folio": {
                "interface": "things 1.0", "permissions": ["things.get"], "source": "a.raml",
                "upstreamId": "getPart", "untyped": true, "paging": {"style": "cql"},
                "facts": {"effect": true},
            },
        }));
        let operation = operation.unwrap();
        assert_eq!(operation.path_parameters, ["id", "+rest"]);
        assert_eq!(operation.interface, "things 1.0");
        assert_eq!(operation.permissions, ["things.get"]);
        assert_eq!(operation.source.as_deref(), Some("a.raml"));
        assert_eq!(operation.upstream_id.as_deref(), Some("getPart"));
        assert!(operation.untyped && operation.deprecated && operation.server.effect);
        assert_eq!(operation.paging.unwrap().style, "cql");
        let responses = [("200", "text/csv"), ("200", "text/xml"), ("404", "")];
        let responses = responses.map(|(status, media)| (status.to_owned(), media.to_owned()));
        assert_eq!(operation.responses, responses);
    }

    #[test]
    fn facts_of_another_kind_are_errors_with_their_place() {
        for (broken, expected) in [
            (
                json!({}),
                "at /paths/~1things~1{id}~1parts~1{+rest}/get: an operation without",
            ),
            (
                json!({"operationId": "A"}),
                "/operationId: operationId `A` cannot be the name",
            ),
            (
                json!({"operationId": "a", "x-folio": {"permissions": "b"}}),
                "/x-folio/permissions: expected a list",
            ),
            (
                json!({"operationId": "a", "x-folio": {"interface": 1}}),
                "/x-folio/interface: expected a string",
            ),
        ] {
            let error = operation(broken).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn types_of_operations_have_names_unlike_each_other_and_those_of_the_module() {
        let of = |name: &str| {
            let mut operation = operation(json!({"operationId": name})).unwrap();
            operation.response = Response::Several(Vec::new());
            operation
        };
        let mut operations = ["api", "a_b", "a__b", "api_call_response"].map(of);
        name_types(&mut operations, "Api");
        let calls = operations.each_ref().map(|operation| &*operation.call);
        assert_eq!(calls, ["ApiCall", "AB", "ABCall", "ApiCallResponse"]);
        assert_eq!(operations[0].response_type, "ApiCallResponseType");
    }
}
