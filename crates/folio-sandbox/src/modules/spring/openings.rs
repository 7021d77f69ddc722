//! The days of mod-calendar's calendars: opening hours of service points.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use serde_json::{Value, json};

use crate::modules::spring::calendar::{Calendar, Moment, last_minute};
use crate::modules::spring::facts::{Facts, line};
use crate::modules::spring::java_time::local_date;
use crate::modules::spring::kinds::CALENDARS;
use crate::modules::spring::records::Spring;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};

/// `GET /calendar/dates/…/all-openings` and `…/surrounding-openings`; none of other paths.
pub(super) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HandlerResult> {
    let (service_point, what) = path.strip_prefix("/calendar/dates/")?.split_once('/')?;
    if request.method != "GET" || !matches!(what, "all-openings" | "surrounding-openings") {
        return None;
    }
    let facts = &CALENDARS;
    if !is_uuid(service_point) {
        return Some(Ok(facts.wrong_parameter(
            "servicePointId",
            service_point,
            "java.util.UUID",
            &format!("Invalid UUID string: {service_point}"),
        )));
    }
    let calendars = match Spring::stored_calendars(state, caller) {
        Ok(calendars) => calendars,
        Err(error) => return Some(Err(error)),
    };
    let calendars: Vec<Calendar> = calendars
        .iter()
        .filter_map(Calendar::of)
        .filter(|calendar| calendar.is_assigned(service_point))
        .collect();
    let done = if what == "all-openings" {
        all(facts, request, &calendars)
    } else {
        surrounding(facts, request, &calendars)
    };
    Some(Ok(done.unwrap_or_else(|response| response)))
}

fn all(
    facts: &Facts,
    request: &HttpRequest,
    calendars: &[Calendar],
) -> Result<HttpResponse, HttpResponse> {
    let start = date(facts, request, "startDate", true)?
        .ok_or_else(|| missing(facts, "startDate", "LocalDate"))?;
    let end = date(facts, request, "endDate", true)?
        .ok_or_else(|| missing(facts, "endDate", "LocalDate"))?;
    let closed = match request.parameter("includeClosed") {
        None => return Err(missing(facts, "includeClosed", "Boolean")),
        Some(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "yes" | "1" => true,
            "false" | "off" | "no" | "0" => false,
            _ => {
                return Err(facts.wrong_parameter(
                    "includeClosed",
                    text,
                    "java.lang.Boolean",
                    &format!("Invalid boolean value [{text}]"),
                ));
            }
        },
    };
    let offset = facts.number(request, "offset", 0, 0)?;
    let limit = facts.number(request, "limit", 10, 0)?;
    let mut days = days(calendars, start, end);
    if closed {
        for date in from_to(start, end) {
            days.entry(date).or_insert_with(|| shut(date));
        }
    }
    let total = days.len();
    let page: Vec<Value> = days.into_values().skip(offset).take(limit).collect();
    Ok(line(
        StatusCode::OK,
        &json!({"dates": page, "totalRecords": total}),
    ))
}

/// The day itself, and the last open day before it and the first after it.
fn surrounding(
    facts: &Facts,
    request: &HttpRequest,
    calendars: &[Calendar],
) -> Result<HttpResponse, HttpResponse> {
    let day =
        date(facts, request, "date", true)?.ok_or_else(|| missing(facts, "date", "LocalDate"))?;
    let first = calendars.iter().map(|calendar| calendar.start).min();
    let last = calendars.iter().map(|calendar| calendar.end).max();
    let yesterday = day.checked_sub(1.day()).unwrap_or(day);
    let tomorrow = day.checked_add(1.day()).unwrap_or(day);
    let is_open = |day: &Value| day.get("open") == Some(&Value::Bool(true));
    let before = first
        .map(|first| days(calendars, first, yesterday))
        .and_then(|days| days.into_values().rfind(is_open));
    let after = last
        .map(|last| days(calendars, tomorrow, last))
        .and_then(|days| days.into_values().find(is_open));
    let own = days(calendars, day, day).into_values().next();
    let list = [
        before.unwrap_or_else(|| shut(yesterday)),
        own.unwrap_or_else(|| shut(day)),
        after.unwrap_or_else(|| shut(tomorrow)),
    ];
    Ok(line(StatusCode::OK, &json!({"openings": list})))
}

fn missing(facts: &Facts, name: &str, class: &str) -> HttpResponse {
    facts.calendar(
        StatusCode::BAD_REQUEST,
        "invalidParameter",
        &format!(
            "One of the parameters was the incorrect type: Required request parameter '{name}' for method parameter type {class} is not present"
        ),
    )
}

/// A parameter that is a date.
pub(super) fn date(
    facts: &Facts,
    request: &HttpRequest,
    name: &str,
    required: bool,
) -> Result<Option<Date>, HttpResponse> {
    let Some(text) = request.parameter(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let annotations = if required {
        "@jakarta.validation.constraints.NotNull "
    } else {
        ""
    };
    local_date(text).map(Some).map_err(|_| {
        facts.wrong_parameter(
            name,
            text,
            "java.time.LocalDate",
            &format!(
                "Failed to convert from type [java.lang.String] to type [{annotations}@io.swagger.v3.oas.annotations.Parameter @jakarta.validation.Valid @org.springframework.web.bind.annotation.RequestParam @org.springframework.format.annotation.DateTimeFormat java.time.LocalDate] for value [{text}]"
            ),
        )
    })
}

fn from_to(start: Date, end: Date) -> impl Iterator<Item = Date> {
    start.series(1.day()).take_while(move |date| *date <= end)
}

/// The days that calendars know, open or closed for an exception.
fn days(calendars: &[Calendar], start: Date, end: Date) -> BTreeMap<Date, Value> {
    let mut days = BTreeMap::new();
    for calendar in calendars {
        let (start, end) = (start.max(calendar.start), end.min(calendar.end));
        for date in from_to(start, end) {
            if let Some(day) = exceptional(calendar, date).or_else(|| normal(calendar, date)) {
                days.entry(date).or_insert(day);
            }
        }
    }
    days
}

fn exceptional(calendar: &Calendar, date: Date) -> Option<Value> {
    let exception = calendar
        .exceptions
        .iter()
        .find(|exception| exception.start <= date && date <= exception.end)?;
    let openings: Vec<(Time, Time)> = exception
        .openings
        .iter()
        .filter_map(|(start, end)| slice(*start, *end, date))
        .collect();
    let all_day = openings.is_empty() || openings == [(Time::midnight(), last_minute())];
    let mut day = json!({
        "date": date.to_string(),
        "allDay": all_day,
        "open": !openings.is_empty(),
        "exceptional": true,
        "openings": written(&openings),
    });
    day["exceptionName"] = exception.name.clone().into();
    Some(day)
}

/// The part of an opening on a day.
fn slice(start: Moment, end: Moment, date: Date) -> Option<(Time, Time)> {
    if date < start.0 || end.0 < date {
        return None;
    }
    let from = if start.0 == date {
        start.1
    } else {
        Time::midnight()
    };
    let to = if end.0 == date { end.1 } else { last_minute() };
    Some((from, to))
}

fn normal(calendar: &Calendar, date: Date) -> Option<Value> {
    let mut openings = calendar.normal_on(date.weekday());
    if openings.is_empty() {
        return None;
    }
    openings.sort_unstable();
    Some(json!({
        "date": date.to_string(),
        "allDay": is_all_day(&openings),
        "open": true,
        "exceptional": false,
        "openings": written(&openings),
    }))
}

/// Whether sorted openings cover the whole day, each beginning a minute after the one before it.
fn is_all_day(openings: &[(Time, Time)]) -> bool {
    let whole = openings
        .first()
        .is_some_and(|(start, _)| *start == Time::midnight())
        && openings
            .last()
            .is_some_and(|(_, end)| *end == last_minute());
    whole
        && openings.windows(2).all(|pair| match pair {
            [(_, end), (start, _)] => end.checked_add(1.minute()).is_ok_and(|next| next == *start),
            _ => true,
        })
}

fn written(openings: &[(Time, Time)]) -> Vec<Value> {
    openings
        .iter()
        .map(|(start, end)| {
            json!({
                "startTime": start.strftime("%H:%M:%S").to_string(),
                "endTime": end.strftime("%H:%M:%S").to_string(),
            })
        })
        .collect()
}

fn shut(date: Date) -> Value {
    json!({"date": date.to_string(), "allDay": true, "open": false, "exceptional": false, "openings": []})
}
