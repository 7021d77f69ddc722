//! The effects of Java and its libraries on dates and maps that are visible in responses.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The bucket of a text in a `HashMap` with a power-of-two table size, which determines the
/// iteration order.
pub(crate) fn bucket(text: &str, table: u32) -> u32 {
    let hash = text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    });
    let hash = hash.cast_unsigned();
    (hash ^ (hash >> 16)) & table.saturating_sub(1)
}

/// A moment that mod-circulation parses, to the millisecond; or the text of Java's
/// `DateTimeParseException`.
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let read = || -> Option<Timestamp> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(at);
        }
        if text.len() > 10
            && let Ok(at) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)
        {
            return Some(at);
        }
        let at = if text.len() > 10 {
            text.parse::<DateTime>().ok()?
        } else {
            text.parse::<Date>().ok()?.to_datetime(Time::midnight())
        };
        Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    // jiff takes a blank between date and time, which Java does not.
    let at = if text.contains(' ') { None } else { read() };
    match at {
        Some(at) => Ok(Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)),
        None => Err(unparsed(text)),
    }
}

/// The message about an invalid date, for the last form that is tried: a date alone.
fn unparsed(text: &str) -> String {
    let place = date_until(text);
    if place == 10 {
        return format!("Text '{text}' could not be parsed, unparsed text found at index 10");
    }
    format!("Text '{text}' could not be parsed at index {place}")
}

/// The length of the valid prefix of a date of the form `2024-05-01`.
fn date_until(text: &str) -> usize {
    let bytes = text.as_bytes();
    for (start, length) in [(0, 4), (5, 2), (8, 2)] {
        if start > 0 && bytes.get(start - 1) != Some(&b'-') {
            return start - 1;
        }
        let digits = bytes.get(start..start + length);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_digit)) {
            return start;
        }
    }
    10
}

/// `2027-01-25T23:59:59.000Z`.
pub(crate) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Now, to the millisecond.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// The last second of the day of a moment.
pub(crate) fn end_of_day(at: Timestamp, zone: &TimeZone) -> Timestamp {
    end_of_date(at.to_zoned(zone.clone()).date(), zone).unwrap_or(at)
}

/// The last second of a day.
pub(crate) fn end_of_date(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let at = date.at(23, 59, 59, 0).to_zoned(zone.clone()).ok()?;
    Some(at.timestamp())
}

/// A moment plus a number of one of the intervals of policies; none if the interval is unknown.
pub(crate) fn later(at: Timestamp, duration: i64, interval: &str) -> Option<Timestamp> {
    let span = match interval {
        "Months" => Span::new().try_months(duration),
        "Weeks" => Span::new().try_weeks(duration),
        "Days" => Span::new().try_days(duration),
        "Hours" => Span::new().try_hours(duration),
        "Minutes" => Span::new().try_minutes(duration),
        _ => return None,
    };
    // Policies are counted in UTC, the zone of the dates that are stored.
    let later = at.to_zoned(TimeZone::UTC).checked_add(span.ok()?).ok()?;
    Some(later.timestamp())
}

#[cfg(test)]
mod tests {
    use super::{later, moment, written};

    #[test]
    fn dates_are_read_as_java_reads_them() {
        for (text, read) in [
            ("2026-11-26T06:55:52.000Z", "2026-11-26T06:55:52.000Z"),
            (
                "2026-11-26T06:55:52.123456+02:00",
                "2026-11-26T04:55:52.123Z",
            ),
            ("2026-11-26T06:55:52+0000", "2026-11-26T06:55:52.000Z"),
            ("2026-11-26T06:55:52", "2026-11-26T06:55:52.000Z"),
            ("2026-11-26", "2026-11-26T00:00:00.000Z"),
        ] {
            assert_eq!(moment(text).map(written).as_deref(), Ok(read), "{text}");
        }
        for (text, said) in [
            ("today", "Text 'today' could not be parsed at index 0"),
            ("2026-11", "Text '2026-11' could not be parsed at index 7"),
            (
                "2026-11-26 06:00:00Z",
                "Text '2026-11-26 06:00:00Z' could not be parsed, unparsed text found at index 10",
            ),
        ] {
            assert_eq!(moment(text), Err(said.to_owned()));
        }
    }

    #[test]
    fn months_end_where_they_end() {
        let start = moment("2024-01-31T10:00:00Z");
        let end = start.ok().and_then(|start| later(start, 1, "Months"));
        assert_eq!(
            end.map(written).as_deref(),
            Some("2024-02-29T10:00:00.000Z")
        );
        let start = moment("2024-01-31T10:00:00Z");
        assert_eq!(start.ok().and_then(|start| later(start, 1, "Years")), None);
    }
}
