//! Adjusts a date on which the library is closed.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use crate::modules::circulation::calendar::{Around, Day};
use crate::modules::reply::ValidationError;
use crate::value::java::{end_of_date, end_of_day, later};

/// The adjusted due date when the library is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    KeepDate,
    KeepTime,
    EndOfPreviousDay,
    EndOfNextDay,
    EndOfCurrentHours,
    BeginningOfNextHours,
}

pub(crate) fn absent_timetable() -> ValidationError {
    ValidationError::bare("Calendar timetable is absent for requested date")
}

/// The open intervals of some days.
fn intervals(days: &Around, zone: &TimeZone) -> Vec<(Timestamp, Timestamp)> {
    let mut found = Vec::new();
    for day in [&days.previous, &days.requested, &days.next] {
        for (from, to) in &day.hours {
            let moment = |time: &Time| {
                let zoned = day.date.to_datetime(*time).to_zoned(zone.clone()).ok()?;
                Some(zoned.timestamp())
            };
            if let (Some(from), Some(to)) = (moment(from), moment(to)) {
                found.push((from, to));
            }
        }
    }
    found
}

/// The last end of open hours before a moment.
pub(crate) fn before(at: Timestamp, days: &Around, zone: &TimeZone) -> Option<Timestamp> {
    let mut ends = intervals(days, zone).into_iter().map(|(_, end)| end);
    ends.rfind(|end| *end <= at)
}

impl Strategy {
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "CURRENT_DUE_DATE_TIME" => Self::KeepTime,
            "END_OF_THE_PREVIOUS_OPEN_DAY" => Self::EndOfPreviousDay,
            "END_OF_THE_NEXT_OPEN_DAY" => Self::EndOfNextDay,
            "END_OF_THE_CURRENT_SERVICE_POINT_HOURS" => Self::EndOfCurrentHours,
            "BEGINNING_OF_THE_NEXT_OPEN_SERVICE_POINT_HOURS" => Self::BeginningOfNextHours,
            _ => Self::KeepDate,
        }
    }

    /// The strategy of a service point's hold shelf, which has different names.
    pub(crate) fn of_hold_shelf(name: &str, short: bool) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "keep_the_current_due_date_time" => Self::KeepTime,
            "move_to_the_end_of_the_previous_open_day" => Self::EndOfPreviousDay,
            "move_to_the_end_of_the_next_open_day" => Self::EndOfNextDay,
            "move_to_end_of_current_service_point_hours" => Self::EndOfCurrentHours,
            "move_to_beginning_of_next_open_service_point_hours" => Self::BeginningOfNextHours,
            _ if short => Self::KeepTime,
            _ => Self::KeepDate,
        }
    }

    /// A moment as the strategy moves it.
    pub(crate) fn applied(
        self,
        due: Timestamp,
        days: &Around,
        started: Timestamp,
        zone: &TimeZone,
        offset: Option<(i64, String)>,
    ) -> Result<Timestamp, ValidationError> {
        let end = |day: &Day| {
            day.is_open()
                .then(|| end_of_date(day.date, zone))
                .flatten()
                .ok_or_else(absent_timetable)
        };
        let open = intervals(days, zone);
        let is_open = || open.iter().any(|(from, to)| *from <= due && due <= *to);
        match self {
            Self::KeepTime => Ok(due),
            Self::KeepDate => Ok(end_of_day(due, zone)),
            Self::EndOfPreviousDay | Self::EndOfNextDay if days.requested.is_open() => {
                Ok(end_of_day(due, zone))
            }
            Self::EndOfPreviousDay => end(&days.previous),
            Self::EndOfNextDay => end(&days.next),
            Self::EndOfCurrentHours | Self::BeginningOfNextHours if is_open() => Ok(due),
            Self::EndOfCurrentHours => {
                // The hours in which the loan begins, or the next ones.
                let current = open.iter().find(|(_, to)| *to >= started);
                current.map(|(_, to)| *to).ok_or_else(absent_timetable)
            }
            Self::BeginningOfNextHours => {
                let next = open.iter().find(|(from, _)| *from > due);
                let (from, to) = next.copied().ok_or_else(absent_timetable)?;
                let with = offset
                    .and_then(|(duration, interval)| later(from, duration, &interval))
                    .unwrap_or(from);
                Ok(with.min(to))
            }
        }
    }
}
