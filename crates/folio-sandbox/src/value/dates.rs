//! Dates as Jackson reads them and RMB writes them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A date in UTC with milliseconds, from any of the forms that Jackson takes; digits alone are
/// milliseconds since 1970.
pub(crate) fn read(text: &str) -> Option<String> {
    let stamp = instant(text.trim())?;
    Some(stamp.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string())
}

fn instant(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Timestamp::from_millisecond(text.parse().ok()?).ok();
    }
    let in_utc = |at: DateTime| {
        at.to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned: Zoned| zoned.timestamp())
    };
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp);
    }
    if text.len() > 10 {
        // `+0000` and `+00` are zones too.
        if let Some(stamp) = ["%Y-%m-%dT%H:%M:%S%.f%z", "%a, %d %b %Y %H:%M:%S %z"]
            .iter()
            .find_map(|form| Timestamp::strptime(form, text).ok())
        {
            return Some(stamp);
        }
        if let Ok(at) = text.parse::<DateTime>() {
            return in_utc(at);
        }
        return None;
    }
    in_utc(
        text.parse::<Date>()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight()),
    )
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn dates_have_many_forms_and_one_result() {
        for (text, expected) in [
            ("2024-05-01T02:00:17.887Z", "2024-05-01T02:00:17.887+00:00"),
            (
                "2024-05-01T02:00:17.887+02:00",
                "2024-05-01T00:00:17.887+00:00",
            ),
            (
                "2024-05-01T02:00:17.887+0000",
                "2024-05-01T02:00:17.887+00:00",
            ),
            ("2024-05-01T02:00:17Z", "2024-05-01T02:00:17.000+00:00"),
            ("2024-05-01T02:00:17", "2024-05-01T02:00:17.000+00:00"),
            ("2024-05-01", "2024-05-01T00:00:00.000+00:00"),
            ("1714521600000", "2024-05-01T00:00:00.000+00:00"),
            ("2024", "1970-01-01T00:00:02.024+00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(read("yesterday"), None);
    }
}
