//! The validation of a calendar before mod-calendar stores it.

use http::StatusCode;
use jiff::civil::Weekday;
use serde_json::{Value, json};

use crate::modules::spring::calendar::{Calendar, Exception, Moment, Normal, WEEKDAYS};
use crate::modules::spring::java_time::{listed, medium, short};

/// An error of the module: code, message, data, parameters.
pub(super) struct CalendarError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) data: Option<Value>,
    pub(super) parameters: Value,
}

impl CalendarError {
    fn invalid(code: &'static str, message: String, parameters: Value) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message,
            data: None,
            parameters,
        }
    }

    fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl Calendar {
    /// The errors of a calendar before it is stored, given the others.
    pub(super) fn faults(&self, others: &[Self]) -> Vec<CalendarError> {
        let mut faults = Vec::new();
        if self.name.trim().is_empty() {
            faults.push(CalendarError::invalid(
                "calendarNoName",
                "Please provide a non-empty calendar name".to_owned(),
                json!({"name": self.name}),
            ));
        }
        if self.start > self.end {
            faults.push(CalendarError::invalid(
                "calendarInvalidDateRange",
                format!(
                    "Start date ({}) cannot be after end date ({})",
                    medium(self.start),
                    medium(self.end)
                ),
                json!({"startDate": self.start.to_string(), "endDate": self.end.to_string()}),
            ));
        }
        faults.extend(self.conflicts(others));
        faults.extend(self.normal_overlaps());
        faults.extend(self.exception_faults());
        faults
    }

    fn conflicts(&self, others: &[Self]) -> Vec<CalendarError> {
        let overlapping = others.iter().filter(|other| {
            other.id != self.id
                && other.end >= self.start
                && other.start <= self.end
                && self.assignments.iter().any(|id| other.is_assigned(id))
        });
        overlapping
            .map(|other| {
                let shared: Vec<&String> = self
                    .assignments
                    .iter()
                    .filter(|id| other.is_assigned(id))
                    .collect();
                CalendarError {
                    status: StatusCode::CONFLICT,
                    code: "calendarDateOverlap",
                    message: format!(
                        "This calendar overlaps with another calendar (“{}” from {} to {})",
                        other.name,
                        medium(other.start),
                        medium(other.end)
                    ),
                    data: Some(json!({"conflictingServicePointIds": shared})),
                    parameters: json!({
                        "assignments": self.assignments,
                        "startDate": self.start.to_string(),
                        "endDate": self.end.to_string(),
                    }),
                }
            })
            .collect()
    }

    fn normal_overlaps(&self) -> Option<CalendarError> {
        let mut conflicting = vec![false; self.normal.len()];
        for (_, day) in WEEKDAYS {
            let mut ranges = Vec::new();
            for (index, opening) in self.normal.iter().enumerate() {
                ranges.extend(opening.on(day).into_iter().map(|range| (index, range)));
            }
            mark_overlaps(&ranges, &mut conflicting);
        }
        let found: Vec<&Normal> = chosen(&self.normal, &conflicting);
        if found.is_empty() {
            return None;
        }
        let words: Vec<String> = found.iter().map(|opening| opening.words()).collect();
        let json = |list: &[&Normal]| -> Vec<Value> {
            list.iter().map(|opening| opening.json.clone()).collect()
        };
        let all: Vec<&Normal> = self.normal.iter().collect();
        Some(
            CalendarError::invalid(
                "calendarInvalidNormalOpenings",
                format!(
                    "The following openings conflict with each other: {}",
                    listed(&words)
                ),
                json!({"normalHours": json(&all)}),
            )
            .with_data(json!({"conflicts": json(&found)})),
        )
    }

    fn exception_faults(&self) -> Vec<CalendarError> {
        let all: Vec<&Value> = self.exceptions.iter().map(|range| &range.json).collect();
        let parameters = json!({"exceptions": all});
        let fault = |code, message| CalendarError::invalid(code, message, parameters.clone());
        let mut faults = Vec::new();
        if self
            .exceptions
            .iter()
            .any(|range| range.name.trim().is_empty())
        {
            faults.push(fault(
                "calendarInvalidExceptionName",
                "At least one exception is missing a name".to_owned(),
            ));
        }
        for range in self
            .exceptions
            .iter()
            .filter(|range| range.start > range.end)
        {
            faults.push(
                fault(
                    "calendarInvalidExceptionDateOrder",
                    format!(
                        "The start date ({}) is after the end date ({}) for exception “{}”",
                        medium(range.start),
                        medium(range.end),
                        range.name
                    ),
                )
                .with_data(json!({"range": range.json})),
            );
        }
        for range in &self.exceptions {
            if range.start < self.start || self.end < range.end {
                faults.push(
                    fault(
                        "calendarInvalidExceptionDateBoundary",
                        format!(
                            "The exception “{}” ({} to {}) is not fully enclosed by the calendar's start and end dates ({} to {})",
                            range.name,
                            medium(range.start),
                            medium(range.end),
                            medium(self.start),
                            medium(self.end)
                        ),
                    )
                    .with_data(json!({"range": range.json})),
                );
            }
        }
        let ranges: Vec<_> = self
            .exceptions
            .iter()
            .enumerate()
            .map(|(index, range)| (index, (range.start, range.end)))
            .collect();
        let mut conflicting = vec![false; ranges.len()];
        mark_overlaps(&ranges, &mut conflicting);
        // The server's set is not in the order of the request: here the last comes first, as
        // recorded.
        let mut found = chosen(&self.exceptions, &conflicting);
        found.reverse();
        if !found.is_empty() {
            let words: Vec<String> = found.iter().map(|range| range.words()).collect();
            let json: Vec<&Value> = found.iter().map(|range| &range.json).collect();
            faults.push(
                fault(
                    "calendarInvalidExceptions",
                    format!(
                        "The following exceptions conflict with each other: {}",
                        listed(&words)
                    ),
                )
                .with_data(json!({"conflicts": json})),
            );
        }
        faults.extend(self.exceptions.iter().filter_map(|range| {
            let outside: Vec<String> = range
                .openings
                .iter()
                .filter(|(start, end)| start.0 < range.start || range.end < end.0)
                .map(|(start, end)| moments(*start, *end))
                .collect();
            let what = match outside.len() {
                0 => return None,
                1 => "an opening",
                _ => "openings",
            };
            Some(fault(
                "calendarInvalidExceptionOpeningBoundary",
                format!(
                    "The exception “{}” has {what} outside of the exception's bounds: {}",
                    range.name,
                    listed(&outside)
                ),
            ))
        }));
        faults.extend(self.exceptions.iter().filter_map(|range| {
            let mut conflicting = vec![false; range.openings.len()];
            let ranges: Vec<_> = range.openings.iter().copied().enumerate().collect();
            mark_overlaps(&ranges, &mut conflicting);
            let words: Vec<String> = chosen(&range.openings, &conflicting)
                .into_iter()
                .map(|(start, end)| moments(*start, *end))
                .collect();
            (!words.is_empty()).then(|| {
                fault(
                    "calendarInvalidExceptionOpenings",
                    format!(
                        "The following openings within “{}” conflict with each other: {}",
                        range.name,
                        listed(&words)
                    ),
                )
            })
        }));
        faults
    }
}

impl Normal {
    fn words(&self) -> String {
        let name = |day: Weekday| {
            let known = WEEKDAYS.iter().find(|(_, known)| *known == day);
            known.map_or_else(String::new, |(name, _)| {
                let mut chars = name.chars();
                let first: String = chars.by_ref().take(1).collect();
                first + &chars.take(2).collect::<String>().to_lowercase()
            })
        };
        format!(
            "{}\u{a0}{} - {}\u{a0}{}",
            name(self.start.0),
            short(self.start.1),
            name(self.end.0),
            short(self.end.1)
        )
    }
}

impl Exception {
    fn words(&self) -> String {
        if self.start == self.end {
            format!("“{}” on {}", self.name, medium(self.start))
        } else {
            format!(
                "“{}” from {} to {}",
                self.name,
                medium(self.start),
                medium(self.end)
            )
        }
    }
}

fn moments(start: Moment, end: Moment) -> String {
    format!(
        "{}\u{a0}{} to {}\u{a0}{}",
        medium(start.0),
        short(start.1),
        medium(end.0),
        short(end.1)
    )
}

/// Marks the ranges that have a moment in common with another.
fn mark_overlaps<T: PartialOrd>(ranges: &[(usize, (T, T))], conflicting: &mut [bool]) {
    for (at, (one, (start, end))) in ranges.iter().enumerate() {
        for (other, (other_start, other_end)) in ranges.iter().skip(at + 1) {
            if start <= other_end && other_start <= end {
                for index in [one, other] {
                    if let Some(mark) = conflicting.get_mut(*index) {
                        *mark = true;
                    }
                }
            }
        }
    }
}

fn chosen<'a, T>(all: &'a [T], marks: &[bool]) -> Vec<&'a T> {
    all.iter()
        .zip(marks)
        .filter_map(|(one, marked)| marked.then_some(one))
        .collect()
}
