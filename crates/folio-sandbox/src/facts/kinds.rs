//! The properties of each kind of record. The facts are in `data/kinds.jsonl`, which
//! `data/kinds.py` derives from recordings of a FOLIO system.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use http::StatusCode;
use serde_json::Value;

use crate::wire::message::HttpResponse;
use crate::wire::rmb::{self, Form};

const FACTS: &str = include_str!("../../data/kinds.jsonl");

/// A kind of record.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordKind {
    /// The Java class, which messages name.
    pub(crate) class: Option<String>,
    pub(crate) order: Vec<String>,
    /// The form of `LocationForm`; none where no record was created in a recording.
    pub(crate) location: LocationForm,
    /// Whether unknown fields are preserved or rejected; none if it is unknown.
    pub(crate) keeps_unknown: Option<bool>,
    pub(crate) list: Option<ListFacts>,
    pub(crate) delete: Option<DeleteAll>,
    /// Whether PUT of a record that is not there creates it.
    pub(crate) put_stores: bool,
    /// Whether the response to PUT contains the record.
    pub(crate) put_returns: bool,
    /// Whether `_version` is stored and not compared.
    pub(crate) no_locking: bool,
    /// Whether ids in paths are compared letter by letter.
    pub(crate) case_sensitive: bool,
    /// Whether the response of a creation lacks lists that were sent as null; they are empty when
    /// they are read.
    pub(crate) null_lists_omitted: bool,
    /// Values of fields that are not sent.
    pub(crate) defaults: serde_json::Map<String, Value>,
    /// Fields that the response of a creation lacks.
    pub(crate) omitted: Vec<String>,
    /// Fields that have a least value only in the release of the documents.
    pub(crate) unbounded: Vec<String>,
    /// Whether the interface of a route that needs parameters has no least limit.
    pub(crate) negative_limit: bool,
    /// The response of the route without its required parameters.
    pub(crate) bare: Option<Case>,
    cases: BTreeMap<String, Case>,
}

/// What `LocationForm` is.
#[derive(Clone, Debug, Default)]
pub(crate) enum LocationForm {
    #[default]
    Unknown,
    None,
    Form(String),
}

/// The form of a list's response.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListFacts {
    pub(crate) form: Form,
    pub(crate) info: bool,
    pub(crate) total: bool,
    /// The status of a query that cannot be understood.
    pub(crate) errors: Option<StatusCode>,
    pub(crate) empty_query: bool,
    pub(crate) ignores_query: bool,
    pub(crate) negative_limit: bool,
    /// Whether a negative limit reaches the database.
    pub(crate) negative_fails: bool,
    pub(crate) none: bool,
    pub(crate) wrapped: bool,
    pub(crate) checks_totals: bool,
    /// The message for a number that is too small.
    pub(crate) limit_text: Option<String>,
    /// The prefix of the message for an invalid query.
    pub(crate) prefix: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// The effect of `DELETE` on a whole collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeleteAll {
    /// The gateway has no such route.
    None,
    /// All records are deleted, regardless of the query.
    All,
    /// The records of the query; without one it is an error.
    Query,
    /// The records of the query; without one all.
    QueryOrAll,
    /// The same, also where the query is empty.
    EmptyToo,
    /// The only record is deleted, regardless of the query; several are an error.
    OnlyRow,
}

/// A response in a case that differs from kind to kind.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) status: StatusCode,
    body: CaseBody,
}

#[derive(Clone, Debug)]
enum CaseBody {
    Hangs,
    /// Only the status is known.
    Unknown,
    Text(String),
    Errors(Vec<Value>, bool),
}

/// The meaning of the placeholders of a case.
#[derive(Clone, Copy, Default)]
pub(crate) struct Placeholders<'a> {
    pub(crate) id: &'a str,
    pub(crate) value: &'a str,
    pub(crate) folded: &'a str,
    /// The name of the record.
    pub(crate) name: &'a str,
}

impl<'a> Placeholders<'a> {
    /// Those of a message about an identifier alone.
    pub(crate) fn of_id(id: &'a str) -> Self {
        Self {
            id,
            value: id,
            folded: id,
            ..Self::default()
        }
    }
}

impl Placeholders<'_> {
    fn fill(&self, text: &str) -> String {
        text.replace("{id}", self.id)
            .replace("{value}", self.value)
            .replace("{folded}", self.folded)
            .replace("{name}", self.name)
    }
}

impl Case {
    fn of(row: &Value) -> Option<Self> {
        if row.get("hangs").is_some() {
            return Some(Self {
                status: StatusCode::OK,
                body: CaseBody::Hangs,
            });
        }
        let status = row.get("status")?.as_u64()?;
        let status = StatusCode::from_u16(u16::try_from(status).ok()?).ok()?;
        let body = match (row.get("text"), row.get("errors")) {
            (Some(Value::String(text)), _) => CaseBody::Text(text.clone()),
            (_, Some(Value::Array(list))) => CaseBody::Errors(
                list.clone(),
                row.get("line").and_then(Value::as_bool) == Some(true),
            ),
            _ => CaseBody::Unknown,
        };
        Some(Self { status, body })
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status.is_success() && !matches!(self.body, CaseBody::Hangs)
    }

    /// Whether ids that are not UUIDs of a known version are rejected, too.
    pub(crate) fn is_by_pattern(&self) -> bool {
        matches!(&self.body, CaseBody::Text(text) if text == rmb::INVALID_UUID)
    }

    /// The message of the first error, or the text.
    pub(crate) fn message(&self, given: Placeholders<'_>) -> Option<String> {
        let text = match &self.body {
            CaseBody::Text(text) => text.as_str(),
            CaseBody::Errors(list, _) => list.first()?.get("message")?.as_str()?,
            _ => return None,
        };
        Some(given.fill(text))
    }

    /// The response; `otherwise` where only the status is known.
    pub(crate) fn response(&self, given: Placeholders<'_>, otherwise: &str) -> HttpResponse {
        let filled = |text: &str| given.fill(text);
        match &self.body {
            CaseBody::Hangs => HttpResponse::never(),
            CaseBody::Unknown if self.status == StatusCode::UNPROCESSABLE_ENTITY => rmb::errors(
                self.status,
                &[rmb::error(otherwise, "-1", "1", &[("id", given.id)])],
            ),
            CaseBody::Unknown if self.status.is_success() => HttpResponse::empty(self.status),
            CaseBody::Unknown => HttpResponse::text(self.status, otherwise),
            CaseBody::Text(text) => HttpResponse::text(self.status, filled(text)),
            CaseBody::Errors(list, line) => {
                let list: Vec<Value> = list.iter().map(|error| fill(error, &filled)).collect();
                if *line {
                    rmb::violations(&list)
                } else {
                    rmb::errors(self.status, &list)
                }
            }
        }
    }
}

fn fill(value: &Value, filled: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => filled(text).into(),
        Value::Array(list) => list.iter().map(|value| fill(value, filled)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), fill(value, filled)))
            .collect(),
        other => other.clone(),
    }
}

impl RecordKind {
    fn of(row: &Value) -> Self {
        let text =
            |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let cases = row.get("cases").and_then(Value::as_object);
        let flag = |key: &str| row.get(key).and_then(Value::as_bool) == Some(true);
        Self {
            put_stores: flag("putStores"),
            put_returns: flag("putReturns"),
            no_locking: flag("noLocking"),
            case_sensitive: flag("caseSensitive"),
            null_lists_omitted: flag("nullListsOmitted"),
            defaults: row
                .get("defaults")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
            bare: row.get("bare").and_then(Case::of),
            omitted: texts(row, "omitted"),
            negative_limit: flag("negativeLimit"),
            unbounded: texts(row, "unbounded"),
            class: text(row, "class"),
            order: texts(row, "order"),
            location: location(row),
            keeps_unknown: text(row, "unknown").map(|unknown| unknown == "keep"),
            list: row.get("list").map(|list| {
                let flag = |key: &str| list.get(key).and_then(Value::as_bool) == Some(true);
                ListFacts {
                    form: match text(list, "form").as_deref() {
                        Some("streamed") => Form::Streamed,
                        Some("line") => Form::Line,
                        _ => Form::Pretty,
                    },
                    info: flag("info"),
                    total: flag("total"),
                    errors: list
                        .get("errors")
                        .and_then(Value::as_u64)
                        .and_then(|status| u16::try_from(status).ok())
                        .and_then(|status| StatusCode::from_u16(status).ok()),
                    empty_query: flag("emptyQuery"),
                    ignores_query: flag("ignoresQuery"),
                    negative_limit: flag("negativeLimit"),
                    negative_fails: flag("negativeFails"),
                    none: flag("none"),
                    wrapped: flag("wrapped"),
                    checks_totals: flag("checksTotals"),
                    prefix: text(list, "prefix"),
                    limit_text: text(list, "limitText"),
                    content_type: text(list, "type"),
                }
            }),
            delete: text(row, "delete").and_then(|mode| {
                Some(match mode.as_str() {
                    "none" => DeleteAll::None,
                    "all" => DeleteAll::All,
                    "query" => DeleteAll::Query,
                    "query or all" => DeleteAll::QueryOrAll,
                    "query or all, empty too" => DeleteAll::EmptyToo,
                    "only row" => DeleteAll::OnlyRow,
                    _ => return None,
                })
            }),
            cases: cases
                .into_iter()
                .flatten()
                .filter_map(|(name, row)| Some((name.clone(), Case::of(row)?)))
                .collect(),
        }
    }

    pub(crate) fn case(&self, name: &str) -> Option<&Case> {
        self.cases.get(name)
    }

    /// The case of a field, such as `post taken:barcode`.
    pub(crate) fn case_of(&self, name: &str, field: &str) -> Option<&Case> {
        self.cases.get(&format!("{name}:{field}"))
    }
}

fn texts(row: &Value, key: &str) -> Vec<String> {
    let list = row.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

fn location(row: &Value) -> LocationForm {
    match row.get("location") {
        None => LocationForm::Unknown,
        Some(Value::String(form)) => LocationForm::Form(form.clone()),
        Some(_) => LocationForm::None,
    }
}

/// A release whose behaviour was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Release {
    Quesnelia,
    #[default]
    Ramsons,
}

/// The kind of the records of a collection.
pub(crate) fn kind(release: Release, path: &str) -> &'static RecordKind {
    static KINDS: OnceLock<[HashMap<String, RecordKind>; 2]> = OnceLock::new();
    static OTHER: OnceLock<RecordKind> = OnceLock::new();
    let kinds = KINDS.get_or_init(|| [Release::Quesnelia, Release::Ramsons].map(kinds));
    let kinds = match release {
        Release::Quesnelia => kinds.first(),
        Release::Ramsons => kinds.last(),
    };
    let of_module = || {
        let first = path.trim_start_matches('/').split('/').next()?;
        kinds?.get(&format!("/{first}/*"))
    };
    kinds
        .and_then(|kinds| kinds.get(path))
        .or_else(of_module)
        .unwrap_or_else(|| OTHER.get_or_init(RecordKind::default))
}

fn kinds(release: Release) -> HashMap<String, RecordKind> {
    FACTS
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|row| {
            let mut kind = RecordKind::of(&row);
            if release == Release::Ramsons
                && let Some(other) = row.get("ramsons")
            {
                let other_kind = RecordKind::of(other);
                kind.location = location(other);
                kind.omitted = other_kind.omitted;
                kind.class = other_kind.class.or(kind.class);
                kind.cases.extend(other_kind.cases);
            }
            Some((row.get("path")?.as_str()?.to_owned(), kind))
        })
        .collect()
}
