//! `/note-links`: the notes of a record, and the assignment of notes to it.

use std::cmp::Ordering;

use http::StatusCode;
use serde_json::{Value, json};

use crate::modules::spring::dto::{DtoClass, Field, Method, Reads};
use crate::modules::spring::facts::{Facts, now};
use crate::modules::spring::kinds::NOTES;
use crate::modules::spring::records::page_of;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// The response of the paths below `/note-links`; none of other paths.
pub(super) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let parts: Vec<&str> = path.strip_prefix("/note-links/")?.split('/').collect();
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["domain", domain, "type", kind, "id", id]) => {
            Some(list(state, request, caller, domain, &link(kind, id)))
        }
        ("PUT", ["type", kind, "id", id]) => Some(assign(state, request, caller, &link(kind, id))),
        _ => None,
    }
}

/// A link as a note has it.
fn link(kind: &str, id: &str) -> Value {
    json!({"id": id, "type": kind})
}

fn links(note: &Value) -> Vec<Value> {
    let links = note.get("links").and_then(Value::as_array);
    links.cloned().unwrap_or_default()
}

/// A parameter with a list of values, which are case-insensitive.
fn chosen(
    facts: &Facts,
    request: &HttpRequest,
    name: &str,
    class: &str,
    values: &[&'static str],
) -> Result<Option<&'static str>, HttpResponse> {
    let Some(text) = request.parameter(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match values.iter().find(|value| value.eq_ignore_ascii_case(text)) {
        Some(value) => Ok(Some(value)),
        None => {
            let class = format!("org.folio.notes.domain.dto.{class}");
            let why = format!(
                "Failed to convert from type [java.lang.String] to type [@io.swagger.v3.oas.annotations.Parameter @jakarta.validation.Valid @org.springframework.web.bind.annotation.RequestParam {class}] for value [{text}]"
            );
            Err(facts.wrong_parameter(name, text, &class, &why))
        }
    }
}

fn list(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    domain: &str,
    link: &Value,
) -> HandlerResult {
    match listed(state, request, caller, domain, link) {
        Ok(done) => done,
        Err(response) => Ok(response),
    }
}

fn listed(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    domain: &str,
    link: &Value,
) -> Result<HandlerResult, HttpResponse> {
    let facts = Facts {
        operations: ["getNoteCollectionByLink", "", "", ""],
        ..NOTES
    };
    let statuses = ["assigned", "unassigned", "all"];
    let orders = ["noteType", "updatedDate", "title", "content"];
    let status = chosen(&facts, request, "status", "LinkStatusFilter", &statuses)?;
    let order_by = chosen(&facts, request, "orderBy", "NotesOrderBy", &orders)?;
    let order = chosen(&facts, request, "order", "OrderDirection", &["asc", "desc"])?;
    let offset = facts.number(request, "offset", 0, 0)?;
    let limit = facts.number(request, "limit", 1000, 1)?;
    let types: Vec<&str> = request
        .query
        .iter()
        .filter(|(name, _)| name == "noteType")
        .map(|(_, name)| name.as_str())
        .collect();
    let search = request.parameter("search").map(str::to_lowercase);
    let mut notes = match state.store.all(&caller.tenant, "/notes") {
        Ok(notes) => notes,
        Err(error) => return Ok(Err(error)),
    };
    notes.retain(|note| {
        let assigned = links(note).contains(link);
        text_at(note, "domain").as_deref() == Some(domain)
            && match status {
                Some("assigned") => assigned,
                Some("unassigned") => !assigned,
                _ => true,
            }
            && (types.is_empty()
                || text_at(note, "type").is_some_and(|name| types.contains(&name.as_str())))
            && search
                .as_deref()
                .is_none_or(|search| indexed(note).to_lowercase().contains(search))
    });
    if let Some(by) = order_by {
        let descending = match order {
            Some(order) => order == "desc",
            None => by == "updatedDate",
        };
        notes.sort_by(|one, other| {
            let by = compared(by, one, other);
            let by = if descending { by.reverse() } else { by };
            by.then_with(|| crate::value::collate::compare(&indexed(one), &indexed(other)))
        });
    }
    Ok(Ok(page_of("notes", &notes, offset, limit)))
}

/// The searched text of a note: its title and its content without tags.
fn indexed(note: &Value) -> String {
    let mut text = text_at(note, "title").unwrap_or_default();
    let mut in_tag = false;
    for letter in text_at(note, "content").unwrap_or_default().chars() {
        match letter {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    text
}

fn compared(by: &str, one: &Value, other: &Value) -> Ordering {
    let text = |note: &Value| match by {
        "title" => text_at(note, "title"),
        "noteType" => text_at(note, "typeId"),
        "updatedDate" => note
            .pointer("/metadata/updatedDate")
            .and_then(Value::as_str)
            .map(str::to_owned),
        _ => Some(indexed(note)),
    };
    let (one, other) = (
        text(one).unwrap_or_default(),
        text(other).unwrap_or_default(),
    );
    if matches!(by, "title" | "content") {
        crate::value::collate::compare(&one, &other)
    } else {
        one.cmp(&other)
    }
}

/// `PUT /note-links/type/…/id/…`: assigns notes to a record, or takes them from it.
fn assign(state: &State, request: &HttpRequest, caller: &Caller, link: &Value) -> HandlerResult {
    let changes = match changes(request) {
        Ok(changes) => changes,
        Err(response) => return Ok(response),
    };
    for (id, assigned) in changes {
        let Some(mut note) = state.store.get(&caller.tenant, "/notes", &id)? else {
            continue;
        };
        let mut links = links(&note);
        links.retain(|known| known != link);
        if assigned {
            links.push(link.clone());
        }
        if links.is_empty() {
            state.store.delete(&caller.tenant, "/notes", &id)?;
            continue;
        }
        note["links"] = links.into();
        if let Some(metadata) = note.get_mut("metadata") {
            metadata["updatedDate"] = now().into();
            metadata["updatedByUserId"] = caller.user.clone().into();
        }
        state.store.write(&caller.tenant, "/notes", &id, &note)?;
    }
    Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
}

static UPDATE: DtoClass = DtoClass {
    class: "org.folio.notes.domain.dto.NoteLinkUpdate",
    fields: &[
        Field::required("id", Reads::Uuid),
        Field::required(
            "status",
            Reads::Enum(
                "org.folio.notes.domain.dto.LinkStatus",
                &["ASSIGNED", "UNASSIGNED"],
            ),
        ),
    ],
};

static UPDATES: DtoClass = DtoClass {
    class: "org.folio.notes.domain.dto.NoteLinkUpdateCollection",
    fields: &[Field::of("notes", Reads::List(&Reads::Record(&UPDATE)))],
};

const METHOD: Method = Method {
    argument: 2,
    signature: "java.lang.Void> org.folio.notes.controller.NotesController.updateLinks(java.lang.String,java.lang.String,org.folio.notes.domain.dto.NoteLinkUpdateCollection)",
};

/// The ids of notes, and whether they are to be assigned.
fn changes(request: &HttpRequest) -> Result<Vec<(String, bool)>, HttpResponse> {
    let record = NOTES.read_as(&UPDATES, &METHOD, request)?;
    let notes = record.get("notes").and_then(Value::as_array);
    let changes = notes.into_iter().flatten().filter_map(|note| {
        let assigned = text_at(note, "status")? == "ASSIGNED";
        Some((text_at(note, "id")?, assigned))
    });
    Ok(changes.collect())
}
