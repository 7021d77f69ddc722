//! The facts of an operation that progenitor does not carry: they go around it, from the document to the generated code.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::document::{Document, kind};
use crate::does::{self, Does};
use crate::error::Error;
use crate::text;
use crate::unions;

/// What an operation's description says beyond its types.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    /// The type of its call: `ListUsers` of `list_users`.
    pub(crate) call: String,
    /// The type of its answer, where it is one of several things.
    pub(crate) answer_type: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// The names in the path's braces, in their order.
    pub(crate) path_parameters: Vec<String>,
    pub(crate) query: Vec<Parameter>,
    /// The bodies that it takes, the main one first.
    pub(crate) bodies: Vec<Body>,
    pub(crate) needs_body: bool,
    pub(crate) answer: Answer,
    /// The media types of its answers, as the header `Accept`; empty for JSON and text.
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
    /// What the server does.
    pub(crate) does: Does,
    /// Status and media type of each response.
    pub(crate) responses: Vec<(String, String)>,
}

/// A parameter of the query string.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The name by which progenitor knows it.
    pub(crate) argument: String,
    /// What stands between the elements of a list that is one parameter.
    pub(crate) delimiter: Option<&'static str>,
    pub(crate) required: bool,
}

/// What an operation sends, by its media type.
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

/// One of several answers of success.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Success {
    /// The variant that it is, `Xml` or `Status207`.
    pub(crate) name: String,
    pub(crate) media_types: Vec<String>,
    /// Where it is told by its status.
    pub(crate) status: Option<String>,
    pub(crate) kind: SuccessKind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SuccessKind {
    /// JSON of the type that progenitor names for this operation: one that is made for the type alone.
    Json(String),
    Text,
    Bytes,
}

/// What an operation gives back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// One of several things, by status or media type.
    Several(Vec<Success>),
    /// JSON of a type that progenitor names, a line a record.
    Lines,
    /// JSON of a type that progenitor names.
    Json,
    Text,
    Bytes,
    /// Nothing, as described.
    Empty,
    /// The description has no answer of success.
    Undescribed,
}

/// How a list is paged.
#[derive(Clone, Debug)]
pub(crate) struct Paging {
    pub(crate) style: String,
    pub(crate) items: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) max: Option<u64>,
    pub(crate) limits: Limits,
    /// The kind of record of which a resource job lists all ids, where the list shows only some.
    pub(crate) job: Option<String>,
    /// A reference to the record, where the answer is one of several types.
    pub(crate) record: Option<String>,
}

/// What the server of a list rejects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) sort: bool,
    pub(crate) all: bool,
    pub(crate) query: bool,
}

impl Limits {
    pub(crate) fn read(paging: &Value) -> Self {
        let rejects = |key: &str| paging.get(key) == Some(&Value::Bool(false));
        Self {
            sort: rejects("sort"),
            all: rejects("all"),
            query: rejects("query"),
        }
    }

    /// Of two lists at one path, what either rejects.
    pub(crate) fn add(&mut self, other: Self) {
        self.sort |= other.sort;
        self.all |= other.all;
        self.query |= other.query;
    }

    /// The calls that add them to a `Paging`.
    pub(crate) fn calls(self) -> String {
        let calls = [
            (self.sort, ".without_sort()"),
            (self.all, ".without_all_records()"),
            (self.query, ".without_query()"),
        ];
        calls
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, call)| *call)
            .collect()
    }
}

/// The methods of OpenAPI that FOLIO's modules use.
pub(crate) const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Reads the facts of one operation, except for body and answer, which lowering finds out.
pub(crate) fn read(
    document: &Document,
    path: &str,
    method: &'static str,
    operation: &Value,
) -> Result<Operation, Error> {
    let at = format!(
        "/paths/{}/{method}",
        path.replace('~', "~0").replace('/', "~1")
    );
    let name = string(document, &at, operation, "operationId")?.ok_or_else(|| {
        Error::document(&document.name, &at, "an operation without `operationId`")
    })?;
    if !text::is_name(&name) || name.chars().any(|c| c.is_ascii_uppercase()) {
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
        Some(paging) => {
            let at = format!("{folio_at}/paging");
            Some(Paging {
                style: string(document, &at, paging, "style")?.ok_or_else(|| {
                    Error::document(&document.name, &at, "a paging without `style`")
                })?,
                items: string(document, &at, paging, "items")?,
                key: string(document, &at, paging, "key")?,
                max: paging.get("max").and_then(Value::as_u64),
                limits: Limits::read(paging),
                job: string(document, &at, paging, "job")?,
                record: string(document, &at, paging, "record")?,
            })
        }
    };
    Ok(Operation {
        name,
        call: String::new(),
        answer_type: String::new(),
        method,
        path: path.to_owned(),
        path_parameters: braces(path),
        query: Vec::new(),
        bodies: Vec::new(),
        needs_body: false,
        answer: Answer::Undescribed,
        accept: String::new(),
        may_be_empty: false,
        interface: string(document, &folio_at, folio, "interface")?.unwrap_or_default(),
        permissions: strings(document, &folio_at, folio, "permissions")?,
        paging,
        source: string(document, &folio_at, folio, "source")?,
        upstream_id: string(document, &folio_at, folio, "upstreamId")?,
        untyped: folio.get("untyped") == Some(&Value::Bool(true)),
        deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        does: Does::read(document, path, &at, operation)?,
        responses: does::responses(operation),
    })
}

/// Gives the types of the operations of a module names that differ from each other, and from those that the module of calls has besides.
pub(crate) fn name_types(operations: &mut [Operation]) {
    let mut taken: BTreeSet<String> = ["Api", "Builder"].map(str::to_owned).into();
    let mut unique = |mut name: String, more: &str| {
        while !taken.insert(name.clone()) {
            name.push_str(more);
        }
        name
    };
    for operation in &mut *operations {
        operation.call = unique(unions::pascal(&operation.name), "Call");
    }
    for operation in operations {
        if matches!(operation.answer, Answer::Several(_)) {
            operation.answer_type = unique(format!("{}Answer", operation.call), "Type");
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

pub(crate) fn string(
    document: &Document,
    at: &str,
    value: &Value,
    key: &str,
) -> Result<Option<String>, Error> {
    match value.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Error::document(
            &document.name,
            format!("{at}/{key}"),
            format!("expected a string, found {}", kind(other)),
        )),
    }
}

fn strings(document: &Document, at: &str, value: &Value, key: &str) -> Result<Vec<String>, Error> {
    let wrong = |found: &Value| {
        Error::document(
            &document.name,
            format!("{at}/{key}"),
            format!("expected a list of strings, found {}", kind(found)),
        )
    };
    match value.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item)))
            .collect(),
        Some(other) => Err(wrong(other)),
    }
}
