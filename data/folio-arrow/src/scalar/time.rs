//! Points in time and dates: microseconds and days since 1970.
//!
//! A point in time is restored in one form, that of modules based on RMB:
//! `2025-05-01T02:00:17.887+00:00`, with six digits of the second where it has microseconds. Text in
//! another form is preserved beside the value.

use std::time::UNIX_EPOCH;

use folio_sdk::DateTime;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The microseconds of a text, and whether the text is the one that is restored. None if the text
/// denotes no instant, or one beyond 64 bits. Smaller units are cut off.
pub(crate) fn timestamp(text: &str) -> Option<(i64, bool)> {
    if let Some(read) = frequent(text.as_bytes()) {
        return Some(read);
    }
    let micros = instant(text)?;
    Some((micros, self::text(micros) == text))
}

/// The days of a date, and whether the text is the one that is restored. None if the text denotes
/// no instant, or another one than midnight in UTC.
pub(crate) fn date(text: &str) -> Option<(i32, bool)> {
    let bytes = text.as_bytes();
    let plain = if bytes.len() == 10 { day(bytes) } else { None };
    if let Some(days) = plain {
        return Some((i32::try_from(days).ok()?, true));
    }
    // To the nanosecond: `instant` cuts it off.
    let parsed: DateTime = text.parse().ok()?;
    let days = instant(text)?.div_euclid(DAY);
    let is_midnight = self::text(days.checked_mul(DAY)?)
        .parse::<DateTime>()
        .is_ok_and(|midnight| midnight == parsed);
    if !is_midnight {
        return None;
    }
    let days = i32::try_from(days).ok()?;
    Some((days, date_text(days) == text))
}

/// The microseconds of a text in the form that is restored, with milliseconds, between quotation
/// marks: `"2025-05-01T02:00:17.887+00:00"`. None of other text.
#[inline]
pub(crate) fn quoted(text: &[u8; 31]) -> Option<i64> {
    const FORM: &[u8; 31] = b"\"0000-00-00T00:00:00.000+00:00\"";
    let mut is_valid = true;
    for at in 0..25 {
        is_valid &= match FORM[at] {
            b'0' => text[at].is_ascii_digit(),
            byte => text[at] == byte,
        };
    }
    is_valid &= text[24..] == FORM[24..];
    if !is_valid {
        return None;
    }
    let digit = |at: usize| i64::from(text[at] - b'0');
    let two = |at: usize| digit(at) * 10 + digit(at + 1);
    let (hour, minute, second) = (two(12), two(15), two(18));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days(two(1) * 100 + two(3), two(6), two(9))?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    let millis = two(21) * 10 + digit(23);
    Some(seconds * SECOND + millis * 1_000)
}

/// The microseconds of text in any form of FOLIO.
fn instant(text: &str) -> Option<i64> {
    let time = text.parse::<DateTime>().ok()?.to_system_time().ok()?;
    let micros = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_micros()).ok()?,
        Err(before) => {
            let nanos = i128::try_from(before.duration().as_nanos()).ok()?;
            -((nanos + 999) / 1_000)
        }
    };
    i64::try_from(micros).ok()
}

/// The most frequent forms, `2025-05-01T02:00:17` with or without milliseconds, in UTC, and
/// `2025-05-01`; and whether it is the one of RMB. None of other text.
fn frequent(text: &[u8]) -> Option<(i64, bool)> {
    if text.len() == 10 {
        return Some((day(text)? * DAY, false));
    }
    let at = |index: usize| text.get(index).copied();
    if at(10) != Some(b'T') || at(13) != Some(b':') || at(16) != Some(b':') {
        return None;
    }
    let has_millis = at(19) == Some(b'.');
    let (millis, zone) = match has_millis {
        true => (number(text, 20, 3)?, text.get(23..)?),
        false => (0, text.get(19..)?),
    };
    if !matches!(zone, b"+00:00" | b"+0000" | b"Z") {
        return None;
    }
    let (hour, minute, second) = (
        number(text, 11, 2)?,
        number(text, 14, 2)?,
        number(text, 17, 2)?,
    );
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = day(text)? * 86_400 + hour * 3_600 + minute * 60 + second;
    let micros = seconds * SECOND + millis * 1_000;
    Some((micros, has_millis && zone == b"+00:00"))
}

/// The days since 1970 of a date at the start of a text.
fn day(text: &[u8]) -> Option<i64> {
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') {
        return None;
    }
    days(
        number(text, 0, 4)?,
        number(text, 5, 2)?,
        number(text, 8, 2)?,
    )
}

/// The days since 1970 of a date, if there is such a day.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one of a year.
    let year = year - i64::from(month < 3);
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(cycle * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468)
}

/// The date of a number of days since 1970: year, month and day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (cycle * 400 + year + i64::from(month < 3), month, day)
}

fn number(text: &[u8], start: usize, length: usize) -> Option<i64> {
    let digits = text.get(start..start + length)?.iter();
    digits.copied().try_fold(0, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(number * 10 + digit)
    })
}

/// The text of a point in time.
pub(crate) fn text(micros: i64) -> String {
    let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    let (second, micros) = (rest / SECOND, rest % SECOND);
    let time = format!(
        "{}T{:02}:{:02}:{:02}",
        date_of(days),
        second / 3_600,
        second / 60 % 60,
        second % 60
    );
    match micros % 1_000 {
        0 => format!("{time}.{:03}+00:00", micros / 1_000),
        _ => format!("{time}.{micros:06}+00:00"),
    }
}

/// The text of a date.
pub(crate) fn date_text(days: i32) -> String {
    date_of(days.into())
}

fn date_of(days: i64) -> String {
    let (year, month, day) = civil(days);
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        _ => {
            let sign = if year < 0 { '-' } else { '+' };
            format!("{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_the_sdk_reads_it() {
        for (text, micros, is_restored) in [
            ("1970-01-01T00:00:00.000+00:00", Some(0), true),
            (
                "2025-05-01T02:00:17.887+00:00",
                Some(1_746_064_817_887_000),
                true,
            ),
            (
                "2025-05-01T02:00:17.887Z",
                Some(1_746_064_817_887_000),
                false,
            ),
            ("2025-05-01T02:00:17Z", Some(1_746_064_817_000_000), false),
            (
                "2025-05-01T02:00:17+00:00",
                Some(1_746_064_817_000_000),
                false,
            ),
            (
                "2025-05-01T02:00:17.887+0000",
                Some(1_746_064_817_887_000),
                false,
            ),
            ("2025-05-01T02:00:17.8Z", Some(1_746_064_817_800_000), false),
            (
                "2025-05-01T02:00:17.887498+00:00",
                Some(1_746_064_817_887_498),
                true,
            ),
            (
                "2025-05-01T02:00:17.887000+00:00",
                Some(1_746_064_817_887_000),
                false,
            ),
            (
                "2025-05-01T04:00:17.887+02:00",
                Some(1_746_064_817_887_000),
                false,
            ),
            (
                "2025-05-01T02:00:17.887498123Z",
                Some(1_746_064_817_887_498),
                false,
            ),
            ("2025-05-01", Some(1_746_057_600_000_000), false),
            ("1969-12-31T23:59:59.999999999Z", Some(-1), false),
            ("1969-12-31T23:59:59.999999+00:00", Some(-1), true),
            (
                "0000-02-29T00:00:00.000+00:00",
                Some(-62_162_121_600_000_000),
                true,
            ),
            (
                "9999-12-31T23:59:59.999+00:00",
                Some(253_402_300_799_999_000),
                true,
            ),
            (
                "+12025-05-01T02:00:17.887+00:00",
                Some(317_315_584_817_887_000),
                true,
            ),
            (
                "-0044-03-15T00:00:00.000+00:00",
                Some(-63_549_360_000_000_000),
                true,
            ),
            ("+999999999999-01-01T00:00:00.000+00:00", None, false),
            ("2025-02-29T00:00:00.000+00:00", None, false),
            ("2025-05-01T24:00:00.000+00:00", None, false),
            ("2025-05-01T02:00:60.000+00:00", None, false),
            ("c1999", None, false),
            ("", None, false),
        ] {
            assert_eq!(
                timestamp(text),
                micros.map(|micros| (micros, is_restored)),
                "{text}"
            );
            if let Some(micros) = micros.filter(|_| is_restored) {
                assert_eq!(self::text(micros), text);
            }
        }
    }

    #[test]
    fn a_date_is_midnight() {
        for (text, days, is_restored) in [
            ("1970-01-02", Some(1), true),
            ("2024-02-29", Some(19_782), true),
            ("2024-02-30", None, false),
            ("2024-02-29T00:00:00.000+00:00", Some(19_782), false),
            ("2024-02-29T00:00:00.000000001Z", None, false),
            ("2024-02-29T12:00:00.000+00:00", None, false),
            ("2024-02-29T02:00:00+02:00", Some(19_782), false),
            ("2024", None, false),
        ] {
            assert_eq!(date(text), days.map(|days| (days, is_restored)), "{text}");
            if let Some(days) = days {
                assert_eq!(date_text(days), text.get(..10).unwrap());
            }
        }
    }

    #[test]
    fn frequent_forms_are_read_as_the_sdk_reads_them() {
        let (mut read, mut usual_forms) = (0, 0);
        for date in [
            "2024-02-29",
            "2023-02-29",
            "1969-12-31",
            "0000-01-01",
            "9999-12-31",
            "2024-13-01",
            "2024-00-10",
            "2024-04-31",
        ] {
            for time in [
                "T00:00:00",
                "T23:59:59",
                "T24:00:00",
                "T12:60:00",
                "T12:00:60",
                " 12:00:00",
                "T1x:00:00",
            ] {
                assert_eq!(timestamp(date), instant(date).map(|micros| (micros, false)));
                for fraction in ["", ".000", ".999", ".9", ".9999"] {
                    for zone in ["Z", "+00:00", "+0000", "+00", "-00:00", "+02:00", ""] {
                        let text = format!("{date}{time}{fraction}{zone}");
                        let expected =
                            instant(&text).map(|micros| (micros, self::text(micros) == text));
                        assert_eq!(timestamp(&text), expected, "{text}");
                        let usual = format!("\"{text}\"");
                        if let Ok(usual) = usual.as_bytes().try_into() {
                            let restored = expected.filter(|(_, is_restored)| *is_restored);
                            assert_eq!(quoted(usual), restored.map(|(micros, _)| micros), "{text}");
                            usual_forms += usize::from(restored.is_some());
                        }
                        read += usize::from(expected.is_some());
                    }
                }
            }
        }
        assert!(read > 100, "{read}");
        assert!(usual_forms >= 16, "{usual_forms}");
    }
}
