//! Unique values and references as the tables define them, and the messages of violations.

use http::StatusCode;
use serde_json::Value;

use crate::facts::kinds::{Placeholders, RecordKind};
use crate::facts::tables::{Foreign, Table, Unique};
use crate::value::json::{field, text_at};
use crate::value::uuid::is_uuid;
use crate::wire::message::HttpResponse;
use crate::wire::rmb;

/// A value that another record has.
pub(crate) struct Duplicate<'t> {
    unique: &'t Unique,
    raw: String,
    folded: String,
    name: String,
}

/// A reference that leads nowhere.
pub(crate) struct DanglingReference<'t> {
    pub(crate) foreign: &'t Foreign,
    pub(crate) target: String,
}

/// Which request a record came with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Post,
    Put,
    Batch,
}

impl Verb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Post | Self::Batch => "post",
            Self::Put => "put",
        }
    }
}

/// The value of a record in a unique index; none if a field is missing, or if the index does not
/// apply.
pub(crate) fn value(unique: &Unique, record: &Value) -> Option<String> {
    if let Some(condition) = &unique.condition
        && !holds(condition, record)
    {
        return None;
    }
    let values: Option<Vec<String>> = unique
        .fields
        .iter()
        .map(|path| text_at(record, path).map(|text| unique.fold.apply(&text)))
        .collect();
    values.map(|values| values.join("\u{1f}"))
}

/// The conditions of partial indexes: `(jsonb->'a') is [not] null`, `(jsonb->>'a')::boolean is
/// true`, `… LIKE 'open'`.
fn holds(condition: &str, record: &Value) -> bool {
    condition
        .trim_start_matches("WHERE ")
        .split(" AND ")
        .all(|part| {
            let names: Vec<&str> = part
                .split("->")
                .skip(1)
                .filter_map(|piece| piece.trim_start_matches('>').split('\'').nth(1))
                .collect();
            let found = field(record, &names.join("."));
            if part.ends_with("is not null") {
                found.is_some()
            } else if part.ends_with("is null") {
                found.is_none()
            } else if part.contains("boolean") {
                found == Some(&Value::Bool(true))
            } else if let Some((_, wanted)) = part.split_once("LIKE '") {
                found
                    .and_then(Value::as_str)
                    .is_some_and(|text| text.to_lowercase() == wanted.trim_end_matches('\''))
            } else {
                true
            }
        })
}

/// The id that a reference has, in lower case.
pub(crate) fn target(foreign: &Foreign, record: &Value) -> Option<String> {
    text_at(record, &foreign.field).map(|id| id.to_ascii_lowercase())
}

impl<'t> Duplicate<'t> {
    pub(crate) fn new(unique: &'t Unique, record: &Value) -> Self {
        let join = |folded: bool| {
            let values: Vec<String> = unique
                .fields
                .iter()
                .filter_map(|path| text_at(record, path))
                .map(|text| {
                    if folded {
                        unique.fold.apply(&text)
                    } else {
                        text
                    }
                })
                .collect();
            values.join(", ")
        };
        Self {
            unique,
            raw: join(false),
            folded: join(true),
            name: text_at(record, "name").unwrap_or_default(),
        }
    }

    /// The response for a key of several fields: which of the two dialects a kind speaks is known
    /// from its recorded cases.
    fn response_of_several(
        &self,
        kind: &RecordKind,
        verb: Verb,
        given: Placeholders<'_>,
        declares_422: bool,
    ) -> HttpResponse {
        let case = self
            .unique
            .fields
            .iter()
            .find_map(|field| kind.case_of("post taken", field));
        let of_database = case
            .and_then(|case| case.message(given))
            .is_some_and(|text| text.starts_with("duplicate key"));
        if of_database {
            return HttpResponse::bad_request(format!(
                "duplicate key value violates unique constraint \"{}\": Key ({})=({}) already exists.",
                self.unique.constraint, self.unique.key, self.folded
            ));
        }
        let message = self.unique.message.replace("{value}", &self.folded);
        said(&message, &self.unique.key, &self.folded, verb, declares_422)
    }

    pub(crate) fn response(
        &self,
        kind: &RecordKind,
        verb: Verb,
        id: &str,
        declares_422: bool,
    ) -> HttpResponse {
        let given = Placeholders {
            id,
            value: &self.raw,
            folded: &self.folded,
            name: &self.name,
        };
        if self.unique.fields.len() > 1 {
            return self.response_of_several(kind, verb, given, declares_422);
        }
        let field = self.unique.fields.first().map_or("", String::as_str);
        if verb != Verb::Batch
            && let Some(case) = self
                .unique
                .fields
                .iter()
                .find_map(|field| kind.case_of(&format!("{} taken", verb.name()), field))
            && !case.is_success()
        {
            return case.response(given, "");
        }
        if verb == Verb::Put
            && let Some(message) = self
                .unique
                .fields
                .iter()
                .find_map(|field| kind.case_of("post taken", field)?.message(given))
        {
            return HttpResponse::bad_request(message);
        }
        let message = match field {
            "hrid" => self
                .unique
                .message
                .split(" in table ")
                .nth(1)
                .map(|table| format!("HRID value already exists in table {table}")),
            _ => None,
        }
        .unwrap_or_else(|| self.unique.message.clone())
        .replace("{value}", &self.folded);
        said(&message, &self.unique.key, &self.folded, verb, declares_422)
    }
}

/// A message of RMB: errors where the API declares them, or text.
fn said(message: &str, key: &str, value: &str, verb: Verb, declares_422: bool) -> HttpResponse {
    if verb == Verb::Put || !declares_422 {
        return HttpResponse::bad_request(message);
    }
    rmb::errors(
        StatusCode::UNPROCESSABLE_ENTITY,
        &[rmb::error(message, "-1", "1", &[(key, value)])],
    )
}

impl DanglingReference<'_> {
    /// Whether the module itself looks up the record before it stores anything: its message differs
    /// from those of PostgreSQL and RMB.
    pub(crate) fn is_found_first(&self, kind: &RecordKind, verb: Verb) -> bool {
        let case = kind.case_of(&format!("{} missing", verb.name()), &self.foreign.field);
        let said = case.and_then(|case| case.message(Placeholders::default()));
        verb != Verb::Batch
            && said.is_some_and(|said| {
                let of_storage = [
                    "Cannot set",
                    "insert or update",
                    "ERROR:",
                    "update or delete",
                ];
                !of_storage.iter().any(|start| said.starts_with(start))
            })
    }

    pub(crate) fn response(
        &self,
        kind: &RecordKind,
        table: &Table,
        verb: Verb,
        id: &str,
        declares_422: bool,
    ) -> HttpResponse {
        let given = Placeholders {
            id,
            value: &self.target,
            folded: &self.target,
            ..Placeholders::default()
        };
        if !is_uuid(&self.target) {
            let text = format!("invalid input syntax for type uuid: \"{}\"", self.target);
            let case = kind.case_of("post missing", &self.foreign.field);
            return match case.and_then(|case| case.message(given)) {
                Some(text_of_case) if text_of_case.starts_with("insert or update") => {
                    HttpResponse::bad_request(text)
                }
                _ => HttpResponse::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    format!("ERROR: {text} (22P02)"),
                ),
            };
        }
        if verb != Verb::Batch
            && let Some(case) =
                kind.case_of(&format!("{} missing", verb.name()), &self.foreign.field)
            && !case.is_success()
        {
            return case.response(given, "");
        }
        let key = format!("{}.{}", table.name, self.foreign.column);
        let message = format!(
            "Cannot set {key} = {} because it does not exist in {}.id.",
            self.target, self.foreign.target
        );
        said(&message, &key, &self.target, verb, declares_422)
    }
}

/// The target of the deletion: a record, the records of a query, or a whole table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deleted {
    One,
    Query,
    Table,
}

/// The message for a record that cannot be deleted because another one references it.
pub(crate) fn still_referred(
    kind: &RecordKind,
    table: &Table,
    from: &Table,
    foreign: &Foreign,
    id: &str,
    what: Deleted,
) -> HttpResponse {
    let raw = format!(
        "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\": Key (id)=({id}) is still referenced from table \"{}\".",
        table.name, foreign.constraint, from.name, from.name
    );
    match what {
        Deleted::One => {}
        Deleted::Query => return HttpResponse::bad_request(raw),
        // Modules that delete a table show PostgreSQL's message as it comes.
        Deleted::Table => {
            let (head, _) = raw.split_once(": Key").unwrap_or((&raw, ""));
            return HttpResponse::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("ERROR: {head} (23503)"),
            );
        }
    }
    let message = format!(
        "Cannot delete {}.id = {id} because id is still referenced from table {}.",
        table.name, from.name
    );
    match kind
        .case("delete referenced")
        .filter(|case| !case.is_success())
    {
        Some(case) => {
            // Which of PostgreSQL's and RMB's words a kind has is known; the table that refers may
            // be another one.
            let said = case.response(
                Placeholders {
                    id,
                    ..Placeholders::default()
                },
                &message,
            );
            let text = String::from_utf8_lossy(&said.body).into_owned();
            let form = if text.starts_with("Cannot delete") {
                message
            } else if text.starts_with("ERROR") {
                let (head, _) = raw.split_once(": Key").unwrap_or((&raw, ""));
                format!("ERROR: {head} (23503)")
            } else if text.starts_with("update or delete") {
                raw
            } else {
                text
            };
            HttpResponse::text(said.status, form)
        }
        None => HttpResponse::bad_request(message),
    }
}
