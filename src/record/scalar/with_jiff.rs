//! Dates as the types of jiff (feature `jiff`).

use ::jiff::tz::{Offset, TimeZone};
use ::jiff::{Timestamp, Zoned, civil};

use super::conversions::{date, from_date, from_instant, from_offset, try_from};
use super::date::{DateTime, InvalidDateTime, Problem};
use crate::value::time::Instant;

/// Fields of an instant. Those of jiff count back from zero before 1970.
fn instant(time: Timestamp) -> Instant {
    let nanos = time.as_nanosecond();
    Instant {
        // Nanoseconds of the years -9999 to 9999 are far from the bounds.
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default(),
        nanos: u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or_default(),
    }
}

from_instant! {
    /// In UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits of a second.
    Timestamp, "jiff", |time| from_offset(instant(time), 0)
}

from_instant! {
    /// With the offset from UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits
    /// of a second. The name of the time zone is not written.
    Zoned, "jiff", |time| from_offset(instant(time.timestamp()), time.offset().seconds())
}

from_instant! {
    /// A plain date.
    civil::Date, "jiff", |day| from_date(day.year().into(), day.month().into(), day.day().into())
}

try_from! {
    /// The instant.
    Timestamp, "jiff", |value| timestamp(value.instant()?).ok_or_else(|| value.invalid(Problem::Range))
}

try_from! {
    /// The instant with the offset from UTC of the text, which is UTC if it has none.
    Zoned, "jiff", |value| {
        let (instant, form) = value.denoted()?;
        Offset::from_seconds(form.offset()).ok().zip(timestamp(instant))
            .map(|(offset, time)| time.to_zoned(TimeZone::fixed(offset)))
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

try_from! {
    /// The date that the text has, at the offset from UTC of the text; its time is left out.
    civil::Date, "jiff", |value| {
        let (year, month, day) = date(value)?;
        i16::try_from(year).ok()
            .and_then(|year| civil::Date::new(year, month, day).ok())
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

fn timestamp(Instant { seconds, nanos }: Instant) -> Option<Timestamp> {
    let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    Timestamp::from_nanosecond(nanos).ok()
}
