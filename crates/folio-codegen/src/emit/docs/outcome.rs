//! What becomes of a call: when it is retried, and by which errors it fails. Both follow from the
//! facts that the client itself decides by (`is_repeatable` in `src/wire/retry_decision.rs`).

use crate::facts::{BodyKind, Operation};
use crate::server_facts::Deletes;
use crate::text::code;

/// What is retried after a transient failure.
pub(super) fn retries(operation: &Operation) -> String {
    let facts = &operation.server;
    let is_list_by_post = operation
        .paging
        .as_ref()
        .is_some_and(|paging| paging.style == "retrieve");
    match operation.method {
        "get" | "head" | "options" if facts.effect => "Sent once, since it changes something on the server although it is a GET.",
        "get" | "head" | "options" => "Retried after transient failures.",
        "post" if is_list_by_post => "`stream` retries after transient failures; `send` sends a POST, and once.",
        "post" if facts.creates.as_deref() == Some("record") => "Retried after transient failures if the body has an `id`: the server rejects a second record of that `id`, and the client reads what became of the first.",
        "put" if facts.versioned => "Retried after transient failures where the record has its `_version`; else if [`idempotent_writes`](crate::RetryPolicy::idempotent_writes) allows it.",
        "put" => "Retried after transient failures if [`idempotent_writes`](crate::RetryPolicy::idempotent_writes) allows it, or the record has a `_version`.",
        "delete" if facts.deletes == Some(Deletes::Record) => "Retried after transient failures.",
        "delete" => "Retried after transient failures if [`idempotent_writes`](crate::RetryPolicy::idempotent_writes) allows it.",
        _ => "Sent once, since a repetition could have a second effect.",
    }
    .to_owned()
}

/// The errors to expect, each with what recognizes it.
pub(super) fn errors(operation: &Operation) -> Vec<String> {
    let facts = &operation.server;
    let has = |status: &str| operation.responses.iter().any(|(it, _)| it == status);
    let names_a_record = operation.path.ends_with('}') && !operation.path.ends_with("{+rest}");
    let is_write = !matches!(operation.method, "get" | "head" | "options") || facts.effect;
    let sends = operation
        .bodies
        .iter()
        .any(|body| matches!(body.kind, BodyKind::Json | BodyKind::Form));
    let mut errors = Vec::new();
    let mut add = |question: &str, text: &str| {
        errors.push(format!(
            "- [`{question}`](crate::Error::{question}): {text}"
        ));
    };
    if facts.absent.is_some() && facts.is_verified {
        add(
            "is_not_found",
            "there is no such record; the client reads it to find out, since the server would not say so.",
        );
    } else if facts.absent.is_none() && (names_a_record || has("404")) && operation.method != "post"
    {
        add("is_not_found", "there is no such record (404).");
    } else if has("404") {
        add(
            "is_not_found",
            "something that the request names does not exist (404).",
        );
    }
    if facts.versioned {
        add(
            "is_conflict",
            "the record was changed since it was read: its `_version` is outdated (409).",
        );
    }
    if sends && is_write {
        add(
            "is_validation",
            "the server rejects the content (422, or 400 with a list of errors).",
        );
    }
    if matches!(facts.creates.as_deref(), Some("record" | "new-id")) {
        add(
            "is_duplicate",
            "there is such a record, or one with a value that must be unique.",
        );
    }
    if !operation.permissions.is_empty() {
        let list: Vec<String> = operation.permissions.iter().map(|it| code(it)).collect();
        let word = if list.len() > 1 {
            "permissions"
        } else {
            "permission"
        };
        add(
            "is_forbidden",
            &format!("the user lacks the {word} {} (403).", list.join(", ")),
        );
    }
    if is_write {
        add(
            "is_outcome_unknown",
            "the write may have been carried out, and the client could not find out.",
        );
    }
    errors
}
