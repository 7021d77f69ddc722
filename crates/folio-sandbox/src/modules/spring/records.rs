//! The records of Spring modules: lists, single records, and their JSON form.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::facts::documents::Collection;
use crate::modules::spring::calendar_json::calendar_response;
use crate::modules::spring::facts::{Dialect, Facts, failed, line, now};
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::store::Page;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse, broken_percent};
use crate::wire::rmb;

/// mod-tags does not write empty texts.
pub(super) fn without_empty_texts(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| value.as_str() != Some(""));
}

/// A list as these modules write it.
pub(super) fn written(items: &str, page: &[Value], total: usize) -> HttpResponse {
    let records: Vec<String> = page
        .iter()
        .map(|record| rmb::compact(record, &["id".to_owned()]))
        .collect();
    let body = format!(
        "{{\"{items}\":[{}],\"totalRecords\":{total}}}",
        records.join(",")
    );
    HttpResponse::new(StatusCode::OK, "application/json", body)
}

/// A page of all records of a list.
pub(super) fn page_of(items: &str, all: &[Value], offset: usize, limit: usize) -> HttpResponse {
    let page: Vec<Value> = all.iter().skip(offset).take(limit).cloned().collect();
    written(items, &page, all.len())
}

/// The records of one collection of a Spring module, for one caller.
pub(super) struct Spring<'a> {
    pub(super) facts: &'a Facts,
    pub(super) collection: &'a Collection,
    pub(super) caller: &'a Caller,
}

impl Spring<'_> {
    pub(super) fn path(&self) -> &str {
        &self.collection.path
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.facts.dialect
    }

    pub(super) fn list(&self, state: &State, request: &HttpRequest) -> HandlerResult {
        let bounds = self
            .facts
            .number(request, "offset", 0, 0)
            .and_then(|offset| Ok((offset, self.facts.number(request, "limit", 10, 1)?)));
        let (offset, limit) = match bounds {
            Ok(bounds) => bounds,
            Err(response) => return Ok(response),
        };
        let text = request
            .parameter("query")
            .filter(|text| !text.trim().is_empty() && broken_percent(&request.raw_query).is_none());
        let query = match text
            .map(|text| self.facts.query(text, &request.path))
            .transpose()
        {
            Ok(query) => query,
            Err(response) => return Ok(response),
        };
        let page = Page {
            query: query.as_ref(),
            offset: 0,
            limit: usize::MAX,
        };
        let all = match state.store.list(&self.caller.tenant, self.path(), &page) {
            Ok((all, _)) => all,
            Err(crate::store::Failure::Store(error)) => return Err(error),
            Err(crate::store::Failure::Query(error)) => {
                return Ok(self.facts.invalid(error.message()));
            }
        };
        let total = all.len();
        let list: Vec<Value> = all
            .into_iter()
            .skip(offset)
            .take(limit)
            .map(|record| self.shown(state, record))
            .collect::<rusqlite::Result<_>>()?;
        if list.is_empty() && self.dialect() == Dialect::Tags {
            // The empty list is not written.
            return Ok(line(StatusCode::OK, &json!({"totalRecords": total})));
        }
        Ok(written(&self.collection.items, &list, total))
    }

    pub(super) fn notes_of_type(&self, state: &State, id: &str) -> rusqlite::Result<Vec<Value>> {
        state
            .store
            .with(&self.caller.tenant, "/notes", "typeId", id)
    }

    /// A record with its computed fields.
    pub(super) fn shown(&self, state: &State, mut record: Value) -> rusqlite::Result<Value> {
        if self.path() == "/note-types" {
            let id = text_at(&record, "id").unwrap_or_default();
            let used = !self.notes_of_type(state, &id)?.is_empty();
            record["usage"] = json!({"isAssigned": used});
        }
        if self.dialect() == Dialect::Tags
            && let Value::Object(fields) = &mut record
        {
            without_empty_texts(fields);
        }
        Ok(record)
    }

    /// The response to a body of another type than JSON.
    pub(super) fn wrong_content_type(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let content_type = request.header("content-type");
        if !content_type.is_some_and(|kind| kind.contains("application/json")) {
            let named = content_type.map_or_else(
                || "Content-Type".to_owned(),
                |kind| format!("Content-Type '{kind}'"),
            );
            return Some(match self.dialect() {
                Dialect::Tags => self.facts.error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &format!("{named} is not supported"),
                    None,
                ),
                Dialect::Notes => failed(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "Unsupported Media Type",
                    &request.path,
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
        None
    }

    pub(super) fn body(&self, request: &HttpRequest) -> Result<Map<String, Value>, HttpResponse> {
        if let Some(response) = self.wrong_content_type(request) {
            return Err(response);
        }
        self.facts.read_body(request)
    }

    /// Another record of the same name, and the value.
    pub(super) fn taken(
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

    /// The rejections by the entity and the columns of the database.
    pub(super) fn rejected_by_database(
        &self,
        state: &State,
        id: &str,
        record: &Map<String, Value>,
    ) -> rusqlite::Result<Option<HttpResponse>> {
        if self.path() == "/note-types"
            && let Some(Value::String(name)) = record.get("name")
            && name.trim().is_empty()
        {
            let entity = self.facts.entity;
            return Ok(Some(self.facts.invalid(&format!(
                "Validation failed for classes [{entity}] during persist time for groups [jakarta.validation.groups.Default, ]\nList of constraint violations:[\n\tConstraintViolationImpl{{interpolatedMessage='must not be blank', propertyPath=name, rootBeanClass=class {entity}, messageTemplate='{{jakarta.validation.constraints.NotBlank.message}}'}}\n]"
            ))));
        }
        let short = record.get(self.facts.short).and_then(Value::as_str);
        if short.is_some_and(|text| text.chars().count() > 255) {
            return Ok(Some(self.facts.too_long()));
        }
        Ok(self.taken(state, id, record)?.map(|value| {
            let field = self.facts.unique.unwrap_or_default();
            self.facts
                .invalid(&format!("Key ({field})=({value}) already exists."))
        }))
    }

    /// The response to a POST lacks the fields that the entity in memory lacks.
    pub(super) fn as_created(&self, record: &mut Value, has_id: bool, replaces: bool) {
        let Some(fields) = record.as_object_mut() else {
            return;
        };
        if self.path() == "/notes" && !has_id {
            // The note type of a new entity is known by its id alone.
            fields.remove("type");
        }
        if replaces && let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
            match self.path() {
                "/notes" => metadata.clear(),
                _ => metadata.retain(|name, _| name.starts_with("updated")),
            }
        }
        if self.dialect() == Dialect::Tags {
            without_empty_texts(fields);
        }
    }

    pub(super) fn metadata(&self, stored: Option<&Value>) -> Value {
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
            (None, Dialect::Notes) => {
                let mut metadata = created;
                for (name, value) in updated.as_object().into_iter().flatten() {
                    metadata[name] = value.clone();
                }
                metadata
            }
            (None, _) => created,
        }
    }

    /// The fields that the module adds to a record; its response on failure.
    pub(super) fn complete(
        &self,
        state: &State,
        request: &HttpRequest,
        record: &mut Map<String, Value>,
    ) -> rusqlite::Result<Option<HttpResponse>> {
        if self.path() != "/notes" {
            return Ok(None);
        }
        let id = record
            .get("typeId")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let Some(kind) = state.store.get(&self.caller.tenant, "/note-types", id)? else {
            return Ok(Some(self.facts.unhandled("", &request.path)));
        };
        record.insert("type".into(), kind.get("name").cloned().unwrap_or_default());
        record.entry("links").or_insert_with(|| json!([]));
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
                    metadata[format!("{by}ByUsername")] = self.caller.username.clone().into();
                    metadata[format!("{by}By")] = Value::Object(person.clone());
                }
            }
        }
        Ok(None)
    }

    pub(super) fn create(&self, state: &State, request: &HttpRequest) -> HandlerResult {
        let mut record = match self.body(request) {
            Ok(record) => record,
            Err(response) => return Ok(response),
        };
        // An id that is known is overwritten; any other is replaced.
        let own = record.get("id").and_then(Value::as_str).map(str::to_owned);
        let known = match own {
            Some(id) => state.store.get(&self.caller.tenant, self.path(), &id)?,
            None => None,
        };
        let id = known
            .as_ref()
            .and_then(|known| text_at(known, "id"))
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let has_id = record.contains_key("id");
        if let Some(response) = self.rejected_by_database(state, &id, &record)? {
            return Ok(response);
        }
        record.insert("id".into(), id.clone().into());
        record.insert("metadata".into(), self.metadata(known.as_ref()));
        if let Some(response) = self.complete(state, request, &mut record)? {
            return Ok(response);
        }
        let mut record = Value::Object(record);
        state
            .store
            .write(&self.caller.tenant, self.path(), &id, &record)?;
        self.as_created(&mut record, has_id, known.is_some());
        let body = rmb::compact(&record, &["id".to_owned()]);
        let response = HttpResponse::new(StatusCode::CREATED, "application/json", body);
        Ok(response.with_header(header::LOCATION, &format!("{}/{id}", self.path())))
    }

    pub(super) fn read(&self, state: &State, id: &str) -> HandlerResult {
        if let Some(response) = self.facts.bad_id(id, 1) {
            return Ok(response);
        }
        match state.store.get(&self.caller.tenant, self.path(), id)? {
            Some(record) if self.dialect() == Dialect::Calendar => Ok(calendar_response(&record)),
            Some(record) => {
                let record = self.shown(state, record)?;
                let body = rmb::compact(&record, &["id".to_owned()]);
                Ok(HttpResponse::new(StatusCode::OK, "application/json", body))
            }
            None => Ok(self.facts.not_found(id)),
        }
    }

    pub(super) fn update(&self, state: &State, request: &HttpRequest, id: &str) -> HandlerResult {
        if let Some(response) = self.facts.bad_id(id, 2) {
            return Ok(response);
        }
        let mut record = match self.body(request) {
            Ok(record) => record,
            Err(response) => return Ok(response),
        };
        let Some(stored) = state.store.get(&self.caller.tenant, self.path(), id)? else {
            return Ok(self.facts.not_found(id));
        };
        if let Some(response) = self.rejected_by_database(state, id, &record)? {
            return Ok(response);
        }
        record.insert("id".into(), id.into());
        record.insert("metadata".into(), self.metadata(Some(&stored)));
        if let Some(response) = self.complete(state, request, &mut record)? {
            return Ok(response);
        }
        let record = Value::Object(record);
        state
            .store
            .write(&self.caller.tenant, self.path(), id, &record)?;
        Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn delete(&self, state: &State, id: &str) -> HandlerResult {
        if let Some(response) = self.facts.bad_id(id, 3) {
            return Ok(response);
        }
        if !state.store.delete(&self.caller.tenant, self.path(), id)? {
            return Ok(self.facts.not_found(id));
        }
        if self.path() == "/note-types" {
            // Its notes go with it.
            for note in self.notes_of_type(state, id)? {
                if let Some(note) = text_at(&note, "id") {
                    state.store.delete(&self.caller.tenant, "/notes", &note)?;
                }
            }
        }
        Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
    }
}
