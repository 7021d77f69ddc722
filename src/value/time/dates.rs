//! Instants as dates, for the conversions from and to the date types of other crates.

use super::calendar::{DAY, civil, days};
use super::instant::Instant;

/// The date of an instant at an offset from UTC in seconds: year, month and day.
pub(crate) fn date_at(instant: Instant, offset: i32) -> (i64, i64, i64) {
    civil((instant.seconds.saturating_add(offset.into())).div_euclid(DAY))
}

/// Midnight in UTC of a date: year, month and day.
pub(crate) fn midnight(year: i64, month: i64, day: i64) -> Instant {
    Instant {
        seconds: days(year, month, day).saturating_mul(DAY),
        nanos: 0,
    }
}
