//! Dates as the types of time (feature `time`).

use ::time::{Date, Month, OffsetDateTime, UtcDateTime, UtcOffset};

use super::conversions::{date, from_date, from_instant, from_offset, try_from};
use super::date::{DateTime, InvalidDateTime, Problem};
use crate::value::time::Instant;

from_instant! {
    /// With the offset from UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits
    /// of a second.
    OffsetDateTime, "time", |time| {
        let instant = Instant { seconds: time.unix_timestamp(), nanos: time.nanosecond() };
        from_offset(instant, time.offset().whole_seconds())
    }
}

from_instant! {
    /// In UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits of a second.
    UtcDateTime, "time", |time| {
        let instant = Instant { seconds: time.unix_timestamp(), nanos: time.nanosecond() };
        from_offset(instant, 0)
    }
}

from_instant! {
    /// A plain date.
    Date, "time", |day| from_date(day.year().into(), u8::from(day.month()).into(), day.day().into())
}

try_from! {
    /// The instant with the offset from UTC of the text, which is UTC if it has none.
    OffsetDateTime, "time", |value| {
        let (instant, form) = value.denoted()?;
        UtcOffset::from_whole_seconds(form.offset()).ok().zip(utc(instant))
            .and_then(|(offset, time)| time.checked_to_offset(offset))
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

try_from! {
    /// The instant.
    UtcDateTime, "time", |value| utc(value.instant()?).ok_or_else(|| value.invalid(Problem::Range))
}

try_from! {
    /// The date that the text has, at the offset from UTC of the text; its time is left out.
    Date, "time", |value| {
        let (year, month, day) = date(value)?;
        let month = u8::try_from(month).ok().and_then(|month| Month::try_from(month).ok());
        i32::try_from(year).ok().zip(month).zip(u8::try_from(day).ok())
            .and_then(|((year, month), day)| Date::from_calendar_date(year, month, day).ok())
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

fn utc(Instant { seconds, nanos }: Instant) -> Option<UtcDateTime> {
    UtcDateTime::from_unix_timestamp(seconds)
        .and_then(|time| time.replace_nanosecond(nanos))
        .ok()
}
