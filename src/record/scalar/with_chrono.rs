//! Dates as the types of chrono (feature `chrono`).

use ::chrono::{Datelike, FixedOffset, NaiveDate, Offset, TimeZone, Utc};

use super::conversions::{date, from_date, from_instant, from_offset, try_from};
use super::date::{DateTime, InvalidDateTime, Problem};
use crate::value::time::Instant;

#[cfg_attr(docsrs, doc(cfg(feature = "chrono")))]
impl<Tz: TimeZone> From<::chrono::DateTime<Tz>> for DateTime {
    /// With the offset from UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits
    /// of a second. The name of the time zone is not written.
    fn from(time: ::chrono::DateTime<Tz>) -> Self {
        // chrono counts a leap second as a second of up to two; the next second is the same instant.
        let nanos = time.timestamp_subsec_nanos();
        let instant = Instant {
            seconds: time.timestamp() + i64::from(nanos / 1_000_000_000),
            nanos: nanos % 1_000_000_000,
        };
        from_offset(instant, time.offset().fix().local_minus_utc())
    }
}

from_instant! {
    /// A plain date.
    NaiveDate, "chrono", |day| from_date(day.year().into(), day.month().into(), day.day().into())
}

try_from! {
    /// The instant.
    ::chrono::DateTime<Utc>, "chrono", |value| utc(value.instant()?).ok_or_else(|| value.invalid(Problem::Range))
}

try_from! {
    /// The instant with the offset from UTC of the text, which is UTC if it has none.
    ::chrono::DateTime<FixedOffset>, "chrono", |value| {
        let (instant, form) = value.denoted()?;
        FixedOffset::east_opt(form.offset()).zip(utc(instant))
            .map(|(offset, time)| time.with_timezone(&offset))
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

try_from! {
    /// The date that the text has, at the offset from UTC of the text; its time is left out.
    NaiveDate, "chrono", |value| {
        let (year, month, day) = date(value)?;
        i32::try_from(year).ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, month.unsigned_abs().into(), day.unsigned_abs().into()))
            .ok_or_else(|| value.invalid(Problem::Range))
    }
}

fn utc(Instant { seconds, nanos }: Instant) -> Option<::chrono::DateTime<Utc>> {
    ::chrono::DateTime::from_timestamp(seconds, nanos)
}
