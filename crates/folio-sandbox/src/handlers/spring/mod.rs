//! Spring modules: notes, tags, calendars. They give a record an id of their own, know other errors than RMB, and write everything on a line.
//!
//! What is here was recorded of mod-notes, mod-tags and mod-calendar; of other Spring modules only the ids and the unknown fields are
//! known to be like these.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

mod facts;

use facts::{Dialect, Facts, KINDS, line, now};

use super::Done;
use super::write::read_value;
use crate::auth::Caller;
use crate::cql::fold::text_at;
use crate::documents::Collection;
use crate::http::{Answer, Asked};
use crate::jackson;
use crate::kinds::Given;
use crate::rmb;
use crate::state::State;
use crate::store::Page;

/// The answer of a module that is known here; none of others.
pub(crate) fn answer(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    collection: &Collection,
    id: Option<&str>,
) -> Option<Done> {
    let facts = KINDS.iter().find(|facts| facts.path == collection.path)?;
    let spring = Spring {
        facts,
        collection,
        caller,
    };
    let accept = asked.header("accept").unwrap_or("*/*");
    let json = accept.contains("json") || accept.contains("*/*");
    if !json && !accept.contains("text/plain") && facts.dialect != Dialect::Calendar {
        return Some(Ok(Answer::empty(StatusCode::NOT_ACCEPTABLE)));
    }
    let done = match (asked.method.as_str(), id) {
        ("GET", None) => spring.list(state, asked),
        ("POST", None) => spring.create(state, asked),
        ("DELETE", None) if facts.dialect == Dialect::Calendar => spring.delete_many(state, asked),
        ("GET", Some(id)) => spring.read(state, id),
        ("PUT", Some(id)) => spring.update(state, asked, id),
        ("DELETE", Some(id)) => spring.delete(state, id),
        _ => return None,
    };
    Some(done.map(|answer| {
        // It is done, and then the answer cannot be written as text.
        if !json && facts.dialect != Dialect::Calendar && !answer.body.is_empty() {
            return Answer::empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        answer
    }))
}

struct Spring<'a> {
    facts: &'a Facts,
    collection: &'a Collection,
    caller: &'a Caller,
}

/// Times are stored to the minute and written with seconds.
fn whole_minutes(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(whole_minutes),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    Value::String(text) if name.ends_with("Time") && text.len() >= 5 => {
                        let minutes: String = text.chars().take(5).collect();
                        *text = format!("{minutes}:00");
                    }
                    other => whole_minutes(other),
                }
            }
        }
        _ => {}
    }
}

impl Spring<'_> {
    fn path(&self) -> &str {
        &self.collection.path
    }

    fn dialect(&self) -> Dialect {
        self.facts.dialect
    }

    fn list(&self, state: &State, asked: &Asked) -> Done {
        let least = if self.dialect() == Dialect::Calendar {
            0
        } else {
            1
        };
        let bounds = self
            .facts
            .number(asked, "offset", 0, 0)
            .and_then(|offset| Ok((offset, self.facts.number(asked, "limit", 10, least)?)));
        let (offset, limit) = match bounds {
            Ok(bounds) => bounds,
            Err(answer) => return Ok(answer),
        };
        let text = asked
            .parameter("query")
            .filter(|text| !text.trim().is_empty() && self.dialect() != Dialect::Calendar);
        let query = match text.map(|text| self.facts.query(text)).transpose() {
            Ok(query) => query,
            Err(answer) => return Ok(answer),
        };
        let page = Page {
            query: query.as_ref(),
            offset: 0,
            limit: usize::MAX,
        };
        let mut all = match state.store.list(&self.caller.tenant, self.path(), &page) {
            Ok((all, _)) => all,
            Err(crate::store::Failure::Store(error)) => return Err(error),
            Err(crate::store::Failure::Query(error)) => {
                return Ok(self.facts.invalid(error.message()));
            }
        };
        if self.dialect() == Dialect::Calendar {
            let ids: Vec<&str> = asked
                .query
                .iter()
                .filter(|(name, _)| name == "id")
                .map(|(_, id)| id.as_str())
                .collect();
            all.retain(|record| {
                ids.is_empty() || text_at(record, "id").is_some_and(|id| ids.contains(&id.as_str()))
            });
            // Ordered by the first day alone: ties come in another order with each page.
            let turn = offset / limit.max(1);
            let tie = |record: &Value| {
                let id = text_at(record, "id").unwrap_or_default();
                id.bytes().rev().fold(turn, |sum, byte| {
                    sum.wrapping_mul(31).wrapping_add(usize::from(byte) ^ turn)
                })
            };
            all.sort_by_key(|record| (text_at(record, "startDate"), tie(record)));
        }
        let total = all.len();
        let list: Vec<Value> = all
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|record| self.shown(state, record))
            .collect::<rusqlite::Result<_>>()?;
        let records: Vec<String> = list
            .iter()
            .map(|record| rmb::compact(record, &["id".to_owned()]))
            .collect();
        let items = &self.collection.items;
        let body = if records.is_empty() && self.dialect() == Dialect::Tags {
            // The empty list is not written.
            format!("{{\"totalRecords\":{total}}}")
        } else {
            format!(
                "{{\"{items}\":[{}],\"totalRecords\":{total}}}",
                records.join(",")
            )
        };
        Ok(Answer::new(StatusCode::OK, "application/json", body))
    }

    /// A record with what is computed when it is read.
    fn shown(&self, state: &State, mut record: Value) -> rusqlite::Result<Value> {
        if self.path() == "/note-types" {
            let notes = state.store.all(&self.caller.tenant, "/notes")?;
            let used = notes
                .iter()
                .any(|note| note.get("typeId") == record.get("id"));
            record["usage"] = json!({"isAssigned": used});
        }
        Ok(record)
    }

    fn body(&self, state: &State, asked: &Asked, verb: &str) -> Result<Map<String, Value>, Answer> {
        let content_type = asked.header("content-type");
        if !content_type.is_some_and(|kind| kind.contains("application/json")) {
            let named = content_type.map_or_else(
                || "Content-Type".to_owned(),
                |kind| format!("Content-Type '{kind}'"),
            );
            return Err(match self.dialect() {
                Dialect::Tags => self.facts.error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &format!("{named} is not supported"),
                    None,
                ),
                Dialect::Notes => line(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    &json!({"timestamp": rmb::now(), "status": 415, "error": "Unsupported Media Type", "path": asked.path}),
                ),
                Dialect::Calendar => self.facts.calendar(
                    StatusCode::BAD_REQUEST,
                    "invalidParameter",
                    &format!(
                        "One of the parameters was the incorrect type: {named} is not supported"
                    ),
                ),
            });
        }
        let kind = state.kind(self.path());
        let told = |answer: Answer| {
            if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
                if let Some(case) = kind.case(&format!("{verb} missing")) {
                    return case.answer(Given::default(), "");
                }
                return answer;
            }
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let message = text.split("\n at [Source").next().unwrap_or_default();
            let package = match self.dialect() {
                Dialect::Tags => "org.folio.tags.domain.dto.",
                Dialect::Notes => "org.folio.notes.domain.dto.",
                Dialect::Calendar => "org.folio.calendar.domain.dto.",
            };
            let mut message = message.replace("org.folio.rest.jaxrs.model.", package);
            if self.dialect() == Dialect::Calendar {
                message = message.replace("dto.Calendar`", "dto.CalendarDTO`");
            }
            match self.dialect() {
                Dialect::Calendar => self.facts.calendar(
                    StatusCode::BAD_REQUEST,
                    "invalidParameter",
                    &format!(
                        "One of the parameters was the incorrect type: JSON parse error: {message}"
                    ),
                ),
                _ => self.facts.invalid(&format!("JSON parse error: {message}")),
            }
        };
        let value = jackson::parse(&asked.body).map_err(told)?;
        read_value(self.collection, kind, &value, None).map_err(told)
    }

    /// Another record of the same name, and the value.
    fn taken(
        &self,
        state: &State,
        id: &str,
        record: &Map<String, Value>,
    ) -> rusqlite::Result<Option<String>> {
        let Some(field) = self.facts.unique else {
            return Ok(None);
        };
        let own = record.get(field);
        let all = state.store.all(&self.caller.tenant, self.path())?;
        let other = all
            .iter()
            .any(|other| other.get(field) == own && text_at(other, "id").as_deref() != Some(id));
        Ok(other.then(|| own.and_then(Value::as_str).unwrap_or_default().to_owned()))
    }

    fn metadata(&self, stored: Option<&Value>) -> Value {
        let (date, user) = match self.dialect() {
            Dialect::Tags => (rmb::now(), &self.caller.user),
            _ => (now(), &self.caller.user),
        };
        let updated = json!({"updatedDate": date, "updatedByUserId": user});
        let created = json!({"createdDate": date, "createdByUserId": user});
        match (
            stored.and_then(|stored| stored.get("metadata")),
            self.dialect(),
        ) {
            (Some(before), _) => {
                let mut metadata = before.clone();
                for (name, value) in updated.as_object().into_iter().flatten() {
                    metadata[name] = value.clone();
                }
                metadata
            }
            (None, Dialect::Notes | Dialect::Calendar) => {
                let mut metadata = created;
                for (name, value) in updated.as_object().into_iter().flatten() {
                    metadata[name] = value.clone();
                }
                metadata
            }
            (None, _) => created,
        }
    }

    /// What the module adds to a record; its answer where it cannot.
    fn complete(
        &self,
        state: &State,
        asked: &Asked,
        record: &mut Map<String, Value>,
    ) -> rusqlite::Result<Option<Answer>> {
        match self.path() {
            "/note-types" => {
                record.remove("usage");
            }
            "/notes" => {
                let id = record
                    .get("typeId")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let Some(kind) = state.store.get(&self.caller.tenant, "/note-types", id)? else {
                    return Ok(Some(line(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        &json!({"timestamp": rmb::now(), "status": 500, "error": "Internal Server Error", "path": asked.path}),
                    )));
                };
                record.insert("type".into(), kind.get("name").cloned().unwrap_or_default());
                for name in ["popUpOnCheckOut", "popUpOnUser"] {
                    record.entry(name).or_insert(false.into());
                }
                let user = state
                    .store
                    .get(&self.caller.home, "/users", &self.caller.user)?;
                let name = |name: &str| {
                    user.as_ref()
                        .and_then(|user| user.pointer(&format!("/personal/{name}")).cloned())
                };
                let person: Map<String, Value> = ["lastName", "firstName"]
                    .into_iter()
                    .filter_map(|field| Some((field.to_owned(), name(field)?)))
                    .collect();
                if let Some(metadata) = record.get_mut("metadata") {
                    for by in ["created", "updated"] {
                        if metadata.get(format!("{by}By")).is_none() || by == "updated" {
                            metadata[format!("{by}ByUsername")] =
                                self.caller.username.clone().into();
                            metadata[format!("{by}By")] = Value::Object(person.clone());
                        }
                    }
                }
            }
            "/calendar/calendars" => {
                for value in record.values_mut() {
                    whole_minutes(value);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn create(&self, state: &State, asked: &Asked) -> Done {
        let mut record = match self.body(state, asked, "post") {
            Ok(record) => record,
            Err(answer) => return Ok(answer),
        };
        // An id that is known is overwritten, except by mod-calendar; any other is replaced.
        let own = record.get("id").and_then(Value::as_str).map(str::to_owned);
        let known = match own.filter(|_| self.dialect() != Dialect::Calendar) {
            Some(id) => state.store.get(&self.caller.tenant, self.path(), &id)?,
            None => None,
        };
        let id = known
            .as_ref()
            .and_then(|known| text_at(known, "id"))
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        if let Some(value) = self.taken(state, &id, &record)? {
            let field = self.facts.unique.unwrap_or_default();
            return Ok(self
                .facts
                .invalid(&format!("Key ({field})=({value}) already exists.")));
        }
        if self.dialect() == Dialect::Calendar
            && record
                .get("name")
                .and_then(Value::as_str)
                .is_some_and(|name| name.trim().is_empty())
        {
            return Ok(self.facts.calendar(
                StatusCode::BAD_REQUEST,
                "calendarNoName",
                "Please provide a non-empty calendar name",
            ));
        }
        record.insert("id".into(), id.clone().into());
        record.insert("metadata".into(), self.metadata(known.as_ref()));
        if let Some(answer) = self.complete(state, asked, &mut record)? {
            return Ok(answer);
        }
        let record = Value::Object(record);
        state
            .store
            .write(&self.caller.tenant, self.path(), &id, &record)?;
        let body = rmb::compact(&record, &["id".to_owned()]);
        let answer = Answer::new(StatusCode::CREATED, "application/json", body);
        Ok(match self.dialect() {
            Dialect::Calendar => answer,
            _ => answer.with_header(header::LOCATION, &format!("{}/{id}", self.path())),
        })
    }

    fn read(&self, state: &State, id: &str) -> Done {
        if let Some(answer) = self.facts.bad_id(id, 1) {
            return Ok(answer);
        }
        match state.store.get(&self.caller.tenant, self.path(), id)? {
            Some(record) => {
                let record = self.shown(state, record)?;
                let body = rmb::compact(&record, &["id".to_owned()]);
                Ok(Answer::new(StatusCode::OK, "application/json", body))
            }
            None => Ok(self.facts.not_found(id)),
        }
    }

    fn update(&self, state: &State, asked: &Asked, id: &str) -> Done {
        if let Some(answer) = self.facts.bad_id(id, 2) {
            return Ok(answer);
        }
        let mut record = match self.body(state, asked, "put") {
            Ok(record) => record,
            Err(answer) => return Ok(answer),
        };
        let Some(stored) = state.store.get(&self.caller.tenant, self.path(), id)? else {
            return Ok(self.facts.not_found(id));
        };
        if let Some(value) = self.taken(state, id, &record)? {
            let field = self.facts.unique.unwrap_or_default();
            return Ok(self
                .facts
                .invalid(&format!("Key ({field})=({value}) already exists.")));
        }
        record.insert("id".into(), id.into());
        record.insert("metadata".into(), self.metadata(Some(&stored)));
        if let Some(answer) = self.complete(state, asked, &mut record)? {
            return Ok(answer);
        }
        let record = Value::Object(record);
        state
            .store
            .write(&self.caller.tenant, self.path(), id, &record)?;
        Ok(match self.dialect() {
            Dialect::Calendar => line(StatusCode::OK, &record),
            _ => Answer::empty(StatusCode::NO_CONTENT),
        })
    }

    fn delete(&self, state: &State, id: &str) -> Done {
        if let Some(answer) = self.facts.bad_id(id, 3) {
            return Ok(answer);
        }
        if !state.store.delete(&self.caller.tenant, self.path(), id)? {
            return Ok(self.facts.not_found(id));
        }
        if self.path() == "/note-types" {
            // Its notes go with it.
            for note in state.store.all(&self.caller.tenant, "/notes")? {
                if text_at(&note, "typeId").as_deref() == Some(id)
                    && let Some(note) = text_at(&note, "id")
                {
                    state.store.delete(&self.caller.tenant, "/notes", &note)?;
                }
            }
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// `DELETE /calendar/calendars?id=…&id=…`: all of them or none.
    fn delete_many(&self, state: &State, asked: &Asked) -> Done {
        let ids: Vec<&str> = asked
            .query
            .iter()
            .filter(|(name, _)| name == "id")
            .flat_map(|(_, ids)| ids.split(','))
            .filter(|id| !id.is_empty())
            .collect();
        if ids.is_empty() {
            return Ok(self.facts.calendar(
                StatusCode::BAD_REQUEST,
                "invalidParameter",
                "One of the parameters was the incorrect type: Required request parameter 'id' for method parameter type List is not present",
            ));
        }
        for id in &ids {
            if let Some(answer) = self.facts.bad_id(id, 3) {
                return Ok(answer);
            }
            if !state.store.has(&self.caller.tenant, self.path(), id)? {
                return Ok(self.facts.not_found(id));
            }
        }
        for id in ids {
            state.store.delete(&self.caller.tenant, self.path(), id)?;
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }
}
