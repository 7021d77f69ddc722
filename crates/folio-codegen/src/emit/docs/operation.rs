//! Documentation of operations.

use super::links;
use super::outcome::{errors, retries};
use super::parameter;
use super::route::{plain, route, route_key};
use super::types::introduced;
use crate::context::Context;
use crate::facts::{BodyKind, Operation};
use crate::model::Ty;
use crate::server_facts::Deletes;
use crate::subject::{lookup, since};
use crate::text::{code, prose};

/// What the documentation of an operation names of its code.
pub(crate) struct Call<'a> {
    /// The type that `send` gives, as it is written below the records.
    pub(crate) output: &'a str,
    /// The type of a list's records, likewise.
    pub(crate) item: Option<&'a str>,
    /// The arguments of its function: parameter and name.
    pub(crate) arguments: Vec<(&'a str, String)>,
    /// The setters: parameter and name.
    pub(crate) setters: Vec<(&'a str, String)>,
    /// The setters of bodies.
    pub(crate) bodies: Vec<String>,
}

/// The documentation of the function of an operation.
pub(crate) fn operation(
    context: &Context<'_>,
    operation: &Operation,
    call: &Call<'_>,
) -> Vec<String> {
    let gives = gives(operation, call.output, call.item);
    let gives = format!("{} {gives}", route(operation));
    let mut docs = match lookup(context.home()).operation(&route_key(operation)) {
        Some(sentence) => vec![prose(sentence), String::new(), gives],
        None => vec![gives],
    };
    docs.extend(server(operation));
    docs.push(retries(operation));
    let parameters = parameters(context, operation, call);
    if !parameters.is_empty() {
        docs.extend([String::new(), "# Parameters".to_owned()]);
        docs.extend(parameters);
    }
    let errors = errors(operation);
    if !errors.is_empty() {
        docs.extend([String::new(), "# Errors".to_owned()]);
        docs.extend(errors);
    }
    docs.extend([
        String::new(),
        format!("{}.", origin(context, operation).join("; ")),
    ]);
    docs
}

/// What a call gives: the type of `send`, and that of a stream's records.
fn gives(operation: &Operation, output: &str, item: Option<&str>) -> String {
    let sent = match output {
        "()" => "gives nothing.".to_owned(),
        "rt::Response" => {
            "gives the response as it came ([`Response`](crate::Response)): no success is described.".to_owned()
        }
        ty => format!("gives {}.", links::written(ty)),
    };
    let Some(item) = item else { return sent };
    let key = operation
        .paging
        .as_ref()
        .and_then(|paging| paging.key.as_deref());
    let by = key.map_or(String::new(), |key| format!(", paged by {}", code(key)));
    let sent = match output {
        "()" => String::new(),
        _ => sent.trim_end_matches('.').to_owned() + ", one page; ",
    };
    format!(
        "{sent}`stream` gives each {} of the list{by}.",
        links::written(item)
    )
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
            let ways: Vec<String> = ways
                .iter()
                .map(|way| {
                    let names: Vec<String> = way.split('&').map(code).collect();
                    names.join(" and ")
                })
                .collect();
            docs.push(format!("Deletes what is selected by {}, which must be given.", ways.join(", or by ")));
        }
        _ => {}
    }
    match facts.creates.as_deref() {
        Some("record") => docs.push("The record is stored under the `id` that is sent.".into()),
        Some("new-id") => docs.push("The server gives the record an `id` of its own, whatever is sent: use that of the response.".into()),
        _ => {}
    }
    match facts.absent.as_deref() {
        Some("ignored") => docs.push(
            "Where there is no such record, the server reports success and stores nothing.".into(),
        ),
        Some("created") => {
            docs.push("Where there is no such record, the server creates it.".into());
        }
        _ => {}
    }
    if operation.untyped {
        docs.push("No schema is published: JSON in, JSON out.".into());
    }
    let max = operation.paging.as_ref().and_then(|paging| paging.max);
    docs.extend(max.map(|max| format!("A page has at most {max} records.")));
    if facts.sensitive {
        docs.push("The bodies hold secrets: errors and logs do not show them.".into());
    }
    docs
}

fn parameters(context: &Context<'_>, operation: &Operation, call: &Call<'_>) -> Vec<String> {
    let all = call.arguments.iter().chain(&call.setters);
    let mut entries: Vec<String> = all
        .map(|(name, function)| {
            let function = function.trim_start_matches("r#");
            parameter::entry(context, operation, name, function)
        })
        .collect();
    for (body, function) in operation.bodies.iter().zip(&call.bodies) {
        entries.push(body_entry(
            context,
            operation,
            &body.kind,
            &body.media_type,
            function,
        ));
    }
    entries
}

fn body_entry(
    context: &Context<'_>,
    operation: &Operation,
    kind: &BodyKind,
    media_type: &str,
    function: &str,
) -> String {
    let function = code(function);
    let required = if operation.needs_body {
        ", required"
    } else {
        ""
    };
    let signature = context.signature(operation).ok();
    let ty: Option<&Ty> = signature.and_then(|signature| signature.arguments.get("body"));
    match (kind, ty) {
        (BodyKind::Json | BodyKind::Form, Some(ty)) => {
            format!("- {function}: {}{required}", links::of_type(ty, "super::"))
        }
        (BodyKind::Multipart(_), _) => {
            format!("- {function}: a form ([`Multipart`](crate::Multipart)){required}")
        }
        _ => format!(
            "- {function}: {} ([`Body`](crate::Body)){required}",
            code(media_type)
        ),
    }
}

/// Where an operation comes from.
fn origin(context: &Context<'_>, operation: &Operation) -> Vec<String> {
    let module = context.document;
    let mut facts = vec![match module.version() {
        Some(version) => format!("Source: `{}` {}", module.name, plain(version)),
        None => format!("Source: `{}`", module.name),
    }];
    if let Some(source) = &operation.source {
        facts.push(links::source(module, &module.name, source));
    }
    if !operation.interface.is_empty() {
        facts.push(format!("interface {}", code(&operation.interface)));
    }
    facts.extend(since(module, &route_key(operation)).map(introduced));
    facts
}

/// The documentation of the builder of an operation.
pub(crate) fn alias(operation: &Operation, output: &str, item: Option<&str>) -> String {
    let gives = gives(operation, output, item);
    format!("The parameters of {}, which {gives}", route(operation))
}
