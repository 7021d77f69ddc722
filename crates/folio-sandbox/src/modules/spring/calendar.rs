//! mod-calendar's calendars: parsing of their JSON, and the module's computations.

use jiff::civil::{Date, Time, Weekday};
use serde_json::{Map, Value};

use crate::modules::spring::dto::{DtoClass, Field, Reads};
use crate::modules::spring::java_time::{json_date, local_time, weekdays};

/// A day and a time of it.
pub(super) type Moment = (Date, Time);

/// A calendar as the module computes with it.
pub(super) struct Calendar {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) start: Date,
    pub(super) end: Date,
    pub(super) assignments: Vec<String>,
    pub(super) normal: Vec<Normal>,
    pub(super) exceptions: Vec<Exception>,
}

/// An opening of every week.
pub(super) struct Normal {
    pub(super) start: (Weekday, Time),
    pub(super) end: (Weekday, Time),
    pub(super) json: Value,
}

/// Days that have openings of their own, or none.
pub(super) struct Exception {
    pub(super) name: String,
    pub(super) start: Date,
    pub(super) end: Date,
    pub(super) openings: Vec<(Moment, Moment)>,
    pub(super) json: Value,
}

/// The last minute of a day.
pub(super) const fn last_minute() -> Time {
    Time::constant(23, 59, 0, 0)
}

pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("SUNDAY", Weekday::Sunday),
    ("MONDAY", Weekday::Monday),
    ("TUESDAY", Weekday::Tuesday),
    ("WEDNESDAY", Weekday::Wednesday),
    ("THURSDAY", Weekday::Thursday),
    ("FRIDAY", Weekday::Friday),
    ("SATURDAY", Weekday::Saturday),
];

fn weekday(text: &str) -> Option<Weekday> {
    let known = WEEKDAYS.iter().find(|(name, _)| *name == text)?;
    Some(known.1)
}

const DAY: Reads = Reads::AnyCase(
    "org.folio.calendar.domain.types.Weekday",
    &[
        "SUNDAY",
        "MONDAY",
        "TUESDAY",
        "WEDNESDAY",
        "THURSDAY",
        "FRIDAY",
        "SATURDAY",
        "INVALID",
    ],
);

static NORMAL: DtoClass = DtoClass {
    class: "org.folio.calendar.domain.dto.NormalHoursDTO",
    fields: &[
        Field::of("startDay", DAY),
        Field::of("startTime", Reads::Time),
        Field::of("endDay", DAY),
        Field::of("endTime", Reads::Time),
    ],
};

static OPENING: DtoClass = DtoClass {
    class: "org.folio.calendar.domain.dto.ExceptionalOpeningDTO",
    fields: &[
        Field::of("startDate", Reads::Date),
        Field::of("startTime", Reads::Time),
        Field::of("endDate", Reads::Date),
        Field::of("endTime", Reads::Time),
    ],
};

static EXCEPTION: DtoClass = DtoClass {
    class: "org.folio.calendar.domain.dto.ExceptionRangeDTO",
    fields: &[
        Field::of("name", Reads::Text),
        Field::of("startDate", Reads::Date),
        Field::of("endDate", Reads::Date),
        Field::of("openings", Reads::List(&Reads::Record(&OPENING))),
    ],
};

/// A calendar in a request.
pub(super) static CALENDAR: DtoClass = DtoClass {
    class: "org.folio.calendar.domain.dto.CalendarDTO",
    fields: &[
        Field::of("id", Reads::Uuid),
        Field::of("name", Reads::Text),
        Field::of("startDate", Reads::Date),
        Field::of("endDate", Reads::Date),
        Field::of("assignments", Reads::List(&Reads::Uuid)),
        Field::of("normalHours", Reads::List(&Reads::Record(&NORMAL))),
        Field::of("exceptions", Reads::List(&Reads::Record(&EXCEPTION))),
    ],
};

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn date(value: &Value, name: &str) -> Option<Date> {
    json_date(text(value, name)?).ok()
}

fn time(value: &Value, name: &str) -> Option<Time> {
    local_time(text(value, name)?).ok()
}

fn elements<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// Java's message for a null field, for the first one that the module accesses; none if all are
/// present.
pub(super) fn null_pointer(calendar: &Map<String, Value>) -> Option<String> {
    // The builder takes the lists first.
    let lists = [
        ("assignments", "servicePoints"),
        ("normalHours", "normalHours"),
        ("exceptions", "exceptions"),
    ];
    for (name, named) in lists {
        if !calendar.contains_key(name) {
            return Some(format!("{named} cannot be null"));
        }
    }
    const ENTITY: &str = "org.folio.calendar.domain.entity.Calendar";
    let values = [
        ("name", "String.isBlank()", "getName"),
        (
            "startDate",
            "java.time.LocalDate.isAfter(java.time.chrono.ChronoLocalDate)",
            "getStartDate",
        ),
    ];
    for (name, method, getter) in values {
        if !calendar.contains_key(name) {
            return Some(format!(
                "Cannot invoke \"{method}\" because the return value of \"{ENTITY}.{getter}()\" is null"
            ));
        }
    }
    (!calendar.contains_key("endDate")).then(|| {
        "Cannot invoke \"java.time.chrono.ChronoLocalDate.toEpochDay()\" because \"other\" is null"
            .to_owned()
    })
}

impl Calendar {
    /// A calendar of JSON that was read before.
    pub(super) fn of(value: &Value) -> Option<Self> {
        Some(Self {
            id: text(value, "id").unwrap_or_default().to_owned(),
            name: text(value, "name")?.to_owned(),
            start: date(value, "startDate")?,
            end: date(value, "endDate")?,
            assignments: elements(value, "assignments")
                .filter_map(|id| id.as_str().map(str::to_owned))
                .collect(),
            normal: elements(value, "normalHours")
                .filter_map(|hours| {
                    Some(Normal {
                        start: (
                            weekday(text(hours, "startDay")?)?,
                            time(hours, "startTime")?,
                        ),
                        end: (weekday(text(hours, "endDay")?)?, time(hours, "endTime")?),
                        json: hours.clone(),
                    })
                })
                .collect(),
            exceptions: elements(value, "exceptions")
                .filter_map(|exception| {
                    Some(Exception {
                        name: text(exception, "name").unwrap_or_default().to_owned(),
                        start: date(exception, "startDate")?,
                        end: date(exception, "endDate")?,
                        openings: elements(exception, "openings")
                            .filter_map(|hours| {
                                let start = (date(hours, "startDate")?, time(hours, "startTime")?);
                                let end = (date(hours, "endDate")?, time(hours, "endTime")?);
                                Some((start, end))
                            })
                            .collect(),
                        json: exception.clone(),
                    })
                })
                .collect(),
        })
    }

    pub(super) fn is_assigned(&self, service_point: &str) -> bool {
        self.assignments
            .iter()
            .any(|id| id.eq_ignore_ascii_case(service_point))
    }

    /// The normal openings of a day of the week.
    pub(super) fn normal_on(&self, day: Weekday) -> Vec<(Time, Time)> {
        self.normal
            .iter()
            .flat_map(|opening| opening.on(day))
            .collect()
    }
}

impl Normal {
    /// The part of it on a day of the week.
    pub(super) fn on(&self, day: Weekday) -> Vec<(Time, Time)> {
        let (start, end) = (self.start, self.end);
        if start.0 == end.0 && start.1 > end.1 {
            // Around the whole week.
            return if day == start.0 {
                vec![(Time::midnight(), end.1), (start.1, last_minute())]
            } else {
                vec![(Time::midnight(), last_minute())]
            };
        }
        if !weekdays(start.0, end.0).contains(&day) {
            return Vec::new();
        }
        let from = if day == start.0 {
            start.1
        } else {
            Time::midnight()
        };
        let to = if day == end.0 { end.1 } else { last_minute() };
        vec![(from, to)]
    }
}
