//! Documentation of generated items: from facts of the documents only.

use serde_json::Value;

use crate::context::Context;
use crate::document::{COMMON, Document, list};
use crate::facts::Operation;
use crate::model::Field;
use crate::server_facts::Deletes;
use crate::template::Code;
use crate::text::code;

/// The documentation of an operation, without what it yields.
pub(super) fn operation(context: &Context<'_>, operation: &Operation) -> Vec<String> {
    let mut docs = vec![route(operation), String::new()];
    docs.push(format!("{}.", origin(context, operation).join(", ")));
    docs.push(match &operation.permissions[..] {
        [] => "Needs no permission.".into(),
        list => {
            let list: Vec<String> = list.iter().map(|permission| code(permission)).collect();
            format!("Needs {}.", list.join(", "))
        }
    });
    docs.extend(paging(operation));
    docs.extend(server(operation));
    docs
}

/// Where an operation comes from.
fn origin(context: &Context<'_>, operation: &Operation) -> Vec<String> {
    let module = context.document;
    let mut facts = vec![match module.version() {
        Some(version) => format!("`{}` {}", module.name, plain(version)),
        None => format!("`{}`", module.name),
    }];
    if !operation.interface.is_empty() {
        facts.push(format!("interface {}", code(&operation.interface)));
    }
    if let Some(source) = &operation.source {
        facts.push(format!("described in {}", code(source)));
    }
    if operation.untyped {
        facts.push("no schema is published: JSON in, JSON out".into());
    }
    facts
}

fn paging(operation: &Operation) -> Option<String> {
    let paging = operation.paging.as_ref()?;
    let by = match &paging.key {
        Some(key) => format!("; `stream` pages by {}", code(key)),
        None => String::new(),
    };
    let max = match paging.max {
        Some(max) => format!("; at most {max} records a page"),
        None => String::new(),
    };
    let style = plain(&paging.style);
    Some(format!("A list ({style} paging{by}{max})."))
}

/// What a caller must know of what the server does.
fn server(operation: &Operation) -> Vec<String> {
    let facts = &operation.server;
    let mut docs = Vec::new();
    match &facts.deletes {
        Some(Deletes::Query) => docs.push("Deletes the records that match the query. The matching records are counted first; see [`Deletion`](crate::Deletion).".into()),
        Some(Deletes::All) => docs.push("**Deletes everything there**: the server ignores a query. See [`Deletion`](crate::Deletion).".into()),
        Some(Deletes::Body) => docs.push("Deletes what the body selects.".into()),
        Some(Deletes::Selected(ways)) => {
            let ways: Vec<String> = ways.iter().map(|way| {
                let names: Vec<String> = way.split('&').map(code).collect();
                names.join(" and ")
            }).collect();
            docs.push(format!("Deletes what is selected by {}, which must be given.", ways.join(", or by ")));
        }
        _ => {}
    }
    match facts.creates.as_deref() {
        Some("record") => docs.push("The record is stored under the `id` that is sent, so that the request is retried after a transient failure if it has one.".into()),
        Some("new-id") => docs.push("The server gives the record an `id` of its own, whatever is sent: use that of the response.".into()),
        _ => {}
    }
    match facts.absent.as_deref() {
        Some("ignored") => docs.push(
            "Where there is no such record, the server reports success and stores nothing.".into(),
        ),
        Some("created") => {
            docs.push("Where there is no such record, the server creates it.".into())
        }
        _ => {}
    }
    if facts.effect {
        docs.push(
            "Changes something on the server, although it is a GET; it is not retried.".into(),
        );
    }
    docs
}

/// What a call yields, by the type of `send`.
pub(super) fn output(ty: &str) -> String {
    match ty {
        "()" => "Gives nothing back.".to_owned(),
        "rt::Response" => "Gives the answer as it came: no success is described.".to_owned(),
        ty => {
            let plain = ty.replace("super::", "").replace("crate::common::", "");
            format!("Gives `{}`.", plain.replace("rt::", ""))
        }
    }
}

/// The documentation of a record.
pub(super) fn record(document: &Document, name: &str) -> Code {
    let schemas = document.schemas().ok();
    let schema = schemas.and_then(|schemas| schemas.get(name));
    let module = match &*document.name {
        COMMON => "several modules",
        name => name,
    };
    let mut docs = vec![format!("A record of {module}.")];
    let facts = schema.and_then(|schema| schema.get("x-folio"));
    if let Some(facts) = facts {
        let sources: Vec<String> = list(facts, "sources")
            .iter()
            .filter_map(|source| source.as_str().map(code))
            .take(3)
            .collect();
        if !sources.is_empty() {
            docs.push(String::new());
            docs.push(format!("Described in {}.", sources.join(", ")));
        }
        if facts.get("locking") == Some(&Value::Bool(true)) {
            docs.push(
                "Guarded by `_version` (optimistic locking): send back what was read.".into(),
            );
        }
    }
    Code::docs(docs)
}

/// The documentation of a field.
pub(super) fn field(field: &Field) -> String {
    match &field.facts {
        Some(facts) => format!("{}: {facts}.", code(&field.key)),
        None => code(&field.key),
    }
}

/// Method and path as code.
pub(super) fn route(operation: &Operation) -> String {
    let method = operation.method.to_ascii_uppercase();
    code(&format!("{method} {}", operation.path))
}

/// Text that documentation shows as it is: a version, a style. What looks like no such thing is
/// shown as code.
pub(super) fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | ' ');
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        code(text)
    }
}
