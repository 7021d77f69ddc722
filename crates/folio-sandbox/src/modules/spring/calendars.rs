//! `/calendar/calendars`: lists, creation, update and deletion of mod-calendar's calendars.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::jackson;
use crate::modules::spring::calendar::{self, CALENDAR, Calendar};
use crate::modules::spring::calendar_json::{ordered, shown};
use crate::modules::spring::checks::CalendarError;
use crate::modules::spring::facts::now;
use crate::modules::spring::openings::date;
use crate::modules::spring::records::Spring;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

impl Spring<'_> {
    /// The ids of a parameter that may be given several times, or once with commas.
    fn ids(&self, request: &HttpRequest, name: &str) -> Result<Option<Vec<String>>, HttpResponse> {
        let given: Vec<&str> = request
            .query
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, ids)| ids.as_str())
            .collect();
        if given.is_empty() {
            return Ok(None);
        }
        let ids = given.iter().flat_map(|ids| ids.split(','));
        let ids: Vec<&str> = ids.map(str::trim).filter(|id| !id.is_empty()).collect();
        if let Some(bad) = ids.iter().find(|id| !is_uuid(id)) {
            return Err(self.facts.wrong_parameter(
                name,
                bad,
                "java.util.List",
                &format!("Invalid UUID string: {bad}"),
            ));
        }
        Ok(Some(ids.iter().map(|id| id.to_ascii_lowercase()).collect()))
    }

    pub(super) fn calendars(&self, state: &State, request: &HttpRequest) -> HandlerResult {
        match self.chosen_calendars(state, request) {
            Ok(done) => done,
            Err(response) => Ok(response),
        }
    }

    fn chosen_calendars(
        &self,
        state: &State,
        request: &HttpRequest,
    ) -> Result<HandlerResult, HttpResponse> {
        let ids = self.ids(request, "id")?;
        let service_points = self.ids(request, "servicePointId")?;
        let start = date(self.facts, request, "startDate", false)?;
        let end = date(self.facts, request, "endDate", false)?;
        let offset = self.facts.number(request, "offset", 0, 0)?;
        let limit = self.facts.number(request, "limit", 10, 0)?;
        let mut all = match Self::stored_calendars(state, self.caller) {
            Ok(all) => all,
            Err(error) => return Ok(Err(error)),
        };
        all.retain(|record| {
            let Some(calendar) = Calendar::of(record) else {
                return false;
            };
            ids.as_ref().is_none_or(|ids| ids.contains(&calendar.id))
                && service_points
                    .as_ref()
                    .is_none_or(|ids| ids.iter().any(|id| calendar.is_assigned(id)))
                && start.is_none_or(|start| calendar.end >= start)
                && end.is_none_or(|end| calendar.start <= end)
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
        let total = all.len();
        let page: Vec<String> = all.iter().skip(offset).take(limit).map(shown).collect();
        let body = format!(
            "{{\"calendars\":[{}],\"totalRecords\":{total}}}",
            page.join(",")
        );
        Ok(Ok(HttpResponse::new(
            StatusCode::OK,
            "application/json",
            body,
        )))
    }

    fn calendar_of(&self, request: &HttpRequest) -> Result<Map<String, Value>, HttpResponse> {
        if let Some(response) = self.wrong_content_type(request) {
            return Err(response);
        }
        let unreadable = |message: &str| {
            self.facts.calendar(
                StatusCode::BAD_REQUEST,
                "invalidParameter",
                &format!(
                    "One of the parameters was the incorrect type: JSON parse error: {message}"
                ),
            )
        };
        let value = jackson::parse(&request.body).map_err(|response| {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            unreadable(text.split("\n at [Source").next().unwrap_or_default())
        })?;
        CALENDAR
            .read(&value)
            .map_err(|message| unreadable(&message))
    }

    /// Checks and stores a calendar.
    fn store_calendar(
        &self,
        state: &State,
        mut record: Map<String, Value>,
        stored: Option<&Value>,
    ) -> Result<rusqlite::Result<Value>, HttpResponse> {
        if let Some(message) = calendar::null_pointer(&record) {
            return Err(self.facts.calendar(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internalServerError",
                &format!("An internal server error occurred (NullPointerException): {message}"),
            ));
        }
        let id = stored
            .and_then(|stored| text_at(stored, "id"))
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        record.insert("id".into(), id.clone().into());
        record.insert("metadata".into(), self.calendar_metadata(stored));
        let record = Value::Object(record);
        let others: Vec<Calendar> = match Self::stored_calendars(state, self.caller) {
            Ok(all) => all.iter().filter_map(Calendar::of).collect(),
            Err(error) => return Ok(Err(error)),
        };
        let faults = Calendar::of(&record).map_or_else(Vec::new, |own| own.faults(&others));
        if !faults.is_empty() {
            return Err(told(&faults));
        }
        Ok(state
            .store
            .write(&self.caller.tenant, self.path(), &id, &record)
            .map(|()| record))
    }

    fn calendar_metadata(&self, stored: Option<&Value>) -> Value {
        let (date, user) = (now(), &self.caller.user);
        let mut metadata = stored
            .and_then(|stored| stored.get("metadata"))
            .cloned()
            .unwrap_or_else(|| json!({"createdDate": date, "createdByUserId": user}));
        metadata["updatedDate"] = date.into();
        metadata["updatedByUserId"] = user.clone().into();
        metadata
    }

    pub(super) fn create_calendar(&self, state: &State, request: &HttpRequest) -> HandlerResult {
        let stored = self
            .calendar_of(request)
            .and_then(|record| self.store_calendar(state, record, None));
        match stored {
            Ok(record) => Ok(HttpResponse::new(
                StatusCode::CREATED,
                "application/json",
                shown(&record?),
            )),
            Err(response) => Ok(response),
        }
    }

    pub(super) fn update_calendar(
        &self,
        state: &State,
        request: &HttpRequest,
        id: &str,
    ) -> HandlerResult {
        if let Some(response) = self.facts.bad_id(id, 2) {
            return Ok(response);
        }
        // The body is read before the calendar is looked up.
        let record = match self.calendar_of(request) {
            Ok(record) => record,
            Err(response) => return Ok(response),
        };
        let Some(stored) = state.store.get(&self.caller.tenant, self.path(), id)? else {
            return Ok(self.facts.not_found(id));
        };
        match self.store_calendar(state, record, Some(&stored)) {
            Ok(record) => Ok(HttpResponse::new(
                StatusCode::OK,
                "application/json",
                shown(&record?),
            )),
            Err(response) => Ok(response),
        }
    }

    /// `DELETE /calendar/calendars?id=…&id=…`: all of them or none.
    pub(super) fn delete_calendars(&self, state: &State, request: &HttpRequest) -> HandlerResult {
        let ids = match self.ids(request, "id") {
            Ok(Some(ids)) => ids,
            Ok(None) => {
                return Ok(self.facts.calendar(
                    StatusCode::BAD_REQUEST,
                    "invalidParameter",
                    "One of the parameters was the incorrect type: Required request parameter 'id' for method parameter type List is not present",
                ));
            }
            Err(response) => return Ok(response),
        };
        for id in &ids {
            if !state.store.has(&self.caller.tenant, self.path(), id)? {
                return Ok(self.facts.not_found(id));
            }
        }
        for id in ids {
            state.store.delete(&self.caller.tenant, self.path(), &id)?;
        }
        Ok(HttpResponse::empty(StatusCode::NO_CONTENT))
    }
}

/// The response about all that is wrong with a calendar; the Java stack is left out.
fn told(faults: &[CalendarError]) -> HttpResponse {
    let status = faults
        .iter()
        .map(|fault| fault.status)
        .find(|status| *status == StatusCode::CONFLICT)
        .unwrap_or(StatusCode::BAD_REQUEST);
    let errors: Vec<String> = faults
        .iter()
        .map(|fault| {
            let data = fault.data.as_ref().map_or_else(String::new, |data| {
                format!(",\"data\":{}", ordered(data, &[]))
            });
            format!(
                "{{\"code\":{},\"message\":{}{data},\"_parameters\":{},\"_trace\":[]}}",
                json!(fault.code),
                json!(fault.message),
                ordered(&fault.parameters, &[])
            )
        })
        .collect();
    let text = format!(
        "{{\"timestamp\":{},\"status\":{},\"errors\":[{}]}}",
        json!(now()),
        status.as_u16(),
        errors.join(",")
    );
    HttpResponse::new(status, "application/json", text)
}

/// Calendars of a tenant, as they are stored.
impl Spring<'_> {
    pub(super) fn stored_calendars(
        state: &State,
        caller: &crate::platform::auth::Caller,
    ) -> rusqlite::Result<Vec<Value>> {
        state.store.all(&caller.tenant, "/calendar/calendars")
    }
}
