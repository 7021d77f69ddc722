//! The opening hours of service points: the calendars of mod-calendar that are assigned to them. A
//! service point without a calendar is always open, as in the recordings.

use jiff::civil::{Date, Time, Weekday};
use serde_json::Value;

use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError};
use crate::value::json::text_at;

const CALENDARS: &str = "/calendar/calendars";

/// How far the next open day is looked for.
const DAYS: i32 = 366;

/// A day, and when it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) date: Date,
    pub(crate) hours: Vec<(Time, Time)>,
}

impl Day {
    pub(crate) fn is_open(&self) -> bool {
        !self.hours.is_empty()
    }
}

/// A day with the open days around it.
#[derive(Clone, Debug)]
pub(crate) struct Around {
    pub(crate) previous: Day,
    pub(crate) requested: Day,
    pub(crate) next: Day,
}

fn all_day() -> Vec<(Time, Time)> {
    vec![(Time::midnight(), Time::constant(23, 59, 0, 0))]
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "MONDAY" => Weekday::Monday,
        "TUESDAY" => Weekday::Tuesday,
        "WEDNESDAY" => Weekday::Wednesday,
        "THURSDAY" => Weekday::Thursday,
        "FRIDAY" => Weekday::Friday,
        "SATURDAY" => Weekday::Saturday,
        "SUNDAY" => Weekday::Sunday,
        _ => return None,
    })
}

fn date(value: &Value, field: &str) -> Option<Date> {
    text_at(value, field)?.get(..10)?.parse().ok()
}

fn time(value: &Value, field: &str) -> Option<Time> {
    text_at(value, field)?.parse().ok()
}

fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The hours of a day in a calendar.
fn hours(calendar: &Value, day: Date) -> Vec<(Time, Time)> {
    let last = Time::constant(23, 59, 0, 0);
    let exception = list(calendar, "exceptions").iter().find(|exception| {
        date(exception, "startDate").is_some_and(|start| start <= day)
            && date(exception, "endDate").is_some_and(|end| end >= day)
    });
    let mut found = Vec::new();
    if let Some(exception) = exception {
        for opening in list(exception, "openings") {
            if let (Some(start), Some(end)) = (date(opening, "startDate"), date(opening, "endDate"))
                && start <= day
                && day <= end
            {
                let from = time(opening, "startTime").filter(|_| start == day);
                let to = time(opening, "endTime").filter(|_| end == day);
                found.push((from.unwrap_or(Time::midnight()), to.unwrap_or(last)));
            }
        }
        return found;
    }
    for opening in list(calendar, "normalHours") {
        let (Some(start), Some(end)) = (
            text_at(opening, "startDay").and_then(|name| weekday(&name)),
            text_at(opening, "endDay").and_then(|name| weekday(&name)),
        ) else {
            continue;
        };
        // Openings may span several days.
        let length = end.since(start);
        let passed = day.weekday().since(start);
        if passed <= length {
            let from = time(opening, "startTime").filter(|_| passed == 0);
            let to = time(opening, "endTime").filter(|_| passed == length);
            found.push((from.unwrap_or(Time::midnight()), to.unwrap_or(last)));
        }
    }
    found.sort_unstable();
    found
}

/// A day of a service point with the open days around it.
pub(crate) fn around(library: &Library<'_>, service_point: &str, day: Date) -> Step<Around> {
    if !library
        .state
        .wiring
        .has(&library.caller.tenant, "mod-calendar")
    {
        // As recorded where the module is not enabled.
        return Err(ValidationError::bare("Calendar open periods are not found").into());
    }
    let calendars: Vec<Value> = library
        .all(CALENDARS)?
        .into_iter()
        .filter(|calendar| {
            list(calendar, "assignments")
                .iter()
                .any(|id| id == service_point)
        })
        .collect();
    let of = |date: Date| -> Day {
        if calendars.is_empty() {
            return Day {
                date,
                hours: all_day(),
            };
        }
        let calendar = calendars.iter().find(|calendar| {
            self::date(calendar, "startDate").is_some_and(|start| start <= date)
                && self::date(calendar, "endDate").is_some_and(|end| end >= date)
        });
        Day {
            date,
            hours: calendar
                .map(|calendar| hours(calendar, date))
                .unwrap_or_default(),
        }
    };
    let nearest = |step: i32| -> Day {
        (1..DAYS)
            .filter_map(|days| day.checked_add(jiff::Span::new().days(days * step)).ok())
            .map(of)
            .find(Day::is_open)
            // Without an open day the response has the adjacent day, which is closed.
            .unwrap_or_else(|| {
                let date = day.checked_add(jiff::Span::new().days(step));
                of(date.unwrap_or(day))
            })
    };
    Ok(Around {
        previous: nearest(-1),
        requested: of(day),
        next: nearest(1),
    })
}
