//! Dates and times as Java's `LocalDate` and `LocalTime` read them, with their error messages.

use jiff::civil::{Date, Time, Weekday};

/// Two or four digits at a position of a text; the position itself if there are none.
fn digits(text: &str, at: usize, count: usize) -> Result<i64, usize> {
    text.get(at..at + count)
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|part| part.parse().ok())
        .ok_or(at)
}

fn literal(text: &str, at: usize, byte: u8) -> Result<(), usize> {
    if text.as_bytes().get(at) == Some(&byte) {
        Ok(())
    } else {
        Err(at)
    }
}

fn not_parsed(text: &str, at: usize) -> String {
    format!("Text '{text}' could not be parsed at index {at}")
}

fn invalid(text: &str, why: &str) -> String {
    format!("Text '{text}' could not be parsed: {why}")
}

fn out_of_range(text: &str, field: &str, range: &str, value: i64) -> String {
    invalid(
        text,
        &format!("Invalid value for {field} (valid values {range}): {value}"),
    )
}

/// A date as `2028-02-29`.
pub(super) fn local_date(text: &str) -> Result<Date, String> {
    let (date, end) = date_at_start(text)?;
    if end < text.len() {
        return Err(format!(
            "Text '{text}' could not be parsed, unparsed text found at index {end}"
        ));
    }
    Ok(date)
}

/// A date as Jackson reads it: also the date of a date and time without an offset.
pub(super) fn json_date(text: &str) -> Result<Date, String> {
    if text.as_bytes().get(10) != Some(&b'T') {
        return local_date(text);
    }
    let local = text.strip_suffix('Z').unwrap_or(text);
    let (date, end) = date_at_start(local)?;
    let rest = local.get(end + 1..).unwrap_or_default();
    match time_at_start(local, rest, end + 1) {
        Err(message) => Err(message),
        Ok((_, end)) if end < local.len() => Err(format!(
            "Text '{local}' could not be parsed, unparsed text found at index {end}"
        )),
        Ok(_) => Ok(date),
    }
}

fn date_at_start(text: &str) -> Result<(Date, usize), String> {
    let fields = || -> Result<(i64, i64, i64), usize> {
        let year = digits(text, 0, 4)?;
        literal(text, 4, b'-')?;
        let month = digits(text, 5, 2)?;
        literal(text, 7, b'-')?;
        Ok((year, month, digits(text, 8, 2)?))
    };
    let (year, month, day) = fields().map_err(|at| not_parsed(text, at))?;
    if !(1..=12).contains(&month) {
        return Err(out_of_range(text, "MonthOfYear", "1 - 12", month));
    }
    if !(1..=31).contains(&day) {
        return Err(out_of_range(text, "DayOfMonth", "1 - 28/31", day));
    }
    let date = Date::new(
        i16::try_from(year).unwrap_or_default(),
        i8::try_from(month).unwrap_or_default(),
        i8::try_from(day).unwrap_or_default(),
    );
    match date {
        Ok(date) => Ok((date, 10)),
        Err(_) if month == 2 && day == 29 => Err(invalid(
            text,
            &format!("Invalid date 'February 29' as '{year}' is not a leap year"),
        )),
        Err(_) => {
            let name = usize::try_from(month - 1)
                .ok()
                .and_then(|at| MONTHS.get(at))
                .map_or_else(String::new, |name| name.to_uppercase());
            Err(invalid(text, &format!("Invalid date '{name} {day}'")))
        }
    }
}

/// A time as `09:00`, `09:00:00` or with a fraction of a second; the seconds are dropped, as
/// mod-calendar drops them.
pub(super) fn local_time(text: &str) -> Result<Time, String> {
    let (time, end) = time_at_start(text, text, 0)?;
    if end < text.len() {
        return Err(format!(
            "Text '{text}' could not be parsed, unparsed text found at index {end}"
        ));
    }
    Ok(time)
}

/// The time that `rest` begins with, which is `offset` bytes into the whole text, and where it ends
/// in the whole.
fn time_at_start(text: &str, rest: &str, offset: usize) -> Result<(Time, usize), String> {
    let fail = |at: usize| not_parsed(text, at + offset);
    let minutes = || -> Result<(i64, i64), usize> {
        let hour = digits(rest, 0, 2)?;
        literal(rest, 2, b':')?;
        Ok((hour, digits(rest, 3, 2)?))
    };
    let (hour, minute) = minutes().map_err(fail)?;
    let mut end = 5;
    let mut second = 0;
    if rest.as_bytes().get(5) == Some(&b':')
        && let Ok(seconds) = digits(rest, 6, 2)
    {
        second = seconds;
        end = 8;
        if rest.as_bytes().get(8) == Some(&b'.') {
            let fraction = rest.bytes().skip(9).take_while(u8::is_ascii_digit).count();
            if fraction > 0 {
                end = 9 + fraction.min(9);
            }
        }
    }
    if hour > 23 {
        return Err(out_of_range(text, "HourOfDay", "0 - 23", hour));
    }
    if minute > 59 {
        return Err(out_of_range(text, "MinuteOfHour", "0 - 59", minute));
    }
    if second > 59 {
        return Err(out_of_range(text, "SecondOfMinute", "0 - 59", second));
    }
    let time = Time::new(
        i8::try_from(hour).unwrap_or_default(),
        i8::try_from(minute).unwrap_or_default(),
        0,
        0,
    );
    Ok((time.unwrap_or_default(), end + offset))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `Feb 1, 2029`, as Java's medium style in English writes a date.
pub(super) fn medium(date: Date) -> String {
    let month = usize::try_from(date.month() - 1).unwrap_or_default();
    let month = MONTHS
        .get(month)
        .and_then(|name| name.get(..3))
        .unwrap_or_default();
    format!("{month} {}, {}", date.day(), date.year())
}

/// `9:00 AM`, as Java's short style in English writes a time: with a narrow no-break space.
pub(super) fn short(time: Time) -> String {
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    format!("{hour}:{:02}\u{202f}{half}", time.minute())
}

/// `a, b and c`.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [first @ .., last] => format!("{}, and {last}", first.join(", ")),
    }
}

/// The days from one to another of the week, at most seven.
pub(super) fn weekdays(start: Weekday, end: Weekday) -> Vec<Weekday> {
    let mut days = vec![start];
    let mut day = start;
    while day != end {
        day = day.next();
        days.push(day);
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_java_reads_them() {
        let cases = [
            ("2028-02-29", None),
            ("2028-01-01T00:00:00.000Z", None),
            ("abc", Some("Text 'abc' could not be parsed at index 0")),
            (
                "2028-2-01",
                Some("Text '2028-2-01' could not be parsed at index 5"),
            ),
            (
                "2028-02-31",
                Some("Text '2028-02-31' could not be parsed: Invalid date 'FEBRUARY 31'"),
            ),
            (
                "2027-02-29",
                Some(
                    "Text '2027-02-29' could not be parsed: Invalid date 'February 29' as '2027' is not a leap year",
                ),
            ),
            (
                "2028-13-01",
                Some(
                    "Text '2028-13-01' could not be parsed: Invalid value for MonthOfYear (valid values 1 - 12): 13",
                ),
            ),
            (
                "2029-01-01T00:00:00.000+00:00",
                Some(
                    "Text '2029-01-01T00:00:00.000+00:00' could not be parsed, unparsed text found at index 23",
                ),
            ),
        ];
        for (text, message) in cases {
            assert_eq!(json_date(text).err().as_deref(), message, "{text}");
        }
    }

    #[test]
    fn times_are_read_as_java_reads_them() {
        let cases = [
            ("09:00", None),
            ("23:59:59.999", None),
            ("9am", Some("Text '9am' could not be parsed at index 0")),
            (
                "24:00",
                Some(
                    "Text '24:00' could not be parsed: Invalid value for HourOfDay (valid values 0 - 23): 24",
                ),
            ),
            (
                "09:00+01",
                Some("Text '09:00+01' could not be parsed, unparsed text found at index 5"),
            ),
        ];
        for (text, message) in cases {
            assert_eq!(local_time(text).err().as_deref(), message, "{text}");
        }
        assert_eq!(short(local_time("00:05").unwrap()), "12:05\u{202f}AM");
        assert_eq!(short(local_time("13:00:59").unwrap()), "1:00\u{202f}PM");
    }
}
