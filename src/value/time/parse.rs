//! Reads points in time in all forms of FOLIO.

use super::calendar::{DAY, days, days_of_month};
use super::form::{Calendar, Offset, Time, TimeForm, Zone, is_epoch_millis};
use super::instant::Instant;

/// Text that is read from its start.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn next(&mut self) -> Option<char> {
        let first = self.0.chars().next()?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn skip(&mut self, wanted: char) -> bool {
        match self.0.strip_prefix(wanted) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// All digits up to something else.
    fn digits(&mut self) -> &'a str {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    /// A number of two digits, up to a greatest.
    fn two(&mut self, greatest: i64) -> Option<i64> {
        let digits = self.0.get(..2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.0 = &self.0[2..];
        digits.parse().ok().filter(|number| *number <= greatest)
    }
}

/// Reads a point in time, with its form. Nothing if the text is none that FOLIO writes.
///
/// Recorded of FOLIO (`tests/records/scalars/dates.rs` has the list): a date; a date and a time with a `T`
/// or a space, with no fraction or one of any length, with `Z`, `+00:00`, `+0000`, `+00` or no
/// zone; milliseconds since 1970 as 13 digits. Text without a zone is UTC, and a date is its
/// midnight in UTC: RMB reads both so, by the recordings. Fractions are compared to the nanosecond.
pub(crate) fn parse(text: &str) -> Option<(Instant, TimeForm)> {
    if is_epoch_millis(text) {
        return Some((
            Instant::of_epoch_millis(text.parse().ok()?),
            TimeForm::EpochMillis,
        ));
    }
    let mut rest = Cursor(text);
    let is_negative = rest.skip('-');
    let is_signed = is_negative || rest.skip('+');
    let digits = rest.digits();
    // More than 12 digits of a year are more seconds than 64 bits hold.
    let is_year = match is_signed {
        true => (4..=12).contains(&digits.len()),
        false => digits.len() == 4,
    };
    let year: i64 = digits.parse().ok().filter(|_| is_year)?;
    if is_negative && year == 0 {
        return None;
    }
    let year = if is_negative { -year } else { year };
    let month = rest.skip('-').then(|| rest.two(12))??;
    let day = rest.skip('-').then(|| rest.two(31))??;
    if month == 0 || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    let (second, nanos, time) = match rest.0.is_empty() {
        true => (0, 0, None),
        false => {
            let (second, nanos, time) = time_of_day(&mut rest)?;
            (second, nanos, Some(time))
        }
    };
    let form = TimeForm::Calendar(Calendar {
        signed_year: is_signed.then_some(digits.len()),
        time,
    });
    // The midnight before the first instant of 64 bits has no place in 64 bits.
    let midnight = i128::from(days(year, month, day)) * i128::from(DAY);
    let seconds = midnight + i128::from(second) - i128::from(form.offset());
    let seconds = i64::try_from(seconds).ok()?;
    Some((Instant { seconds, nanos }, form))
}

/// The second of the day and its nanoseconds.
fn time_of_day(rest: &mut Cursor<'_>) -> Option<(i64, u32, Time)> {
    let separator = rest
        .next()
        .filter(|separator| matches!(separator, 'T' | 't' | ' '))?;
    let hour = rest.two(23)?;
    let has_colons = rest.skip(':');
    let minute = rest.two(59)?;
    let is_next = match has_colons {
        true => rest.skip(':'),
        false => rest.0.starts_with(|next: char| next.is_ascii_digit()),
    };
    let second = if is_next { rest.two(59)? } else { 0 };
    let mut digits = "";
    if is_next && rest.skip('.') {
        digits = rest.digits();
        if digits.is_empty() {
            return None;
        }
    }
    let zone = match rest.0 {
        "" => Zone::Absent,
        zone => self::zone(zone)?,
    };
    let nanos = format!("{:0<9}", &digits[..digits.len().min(9)]);
    let time = Time {
        separator,
        has_colons,
        has_seconds: is_next,
        digits: digits.len(),
        zone,
    };
    Some((
        hour * 3600 + minute * 60 + second,
        nanos.parse().ok()?,
        time,
    ))
}

fn zone(text: &str) -> Option<Zone> {
    let mut rest = Cursor(text);
    let is_negative = match rest.next()? {
        letter @ ('Z' | 'z') => return rest.0.is_empty().then_some(Zone::Letter(letter)),
        sign @ ('+' | '-') => sign == '-',
        _ => return None,
    };
    let hours = rest.two(23)?;
    let offset = |minutes: i64| Offset {
        is_negative,
        minutes: i32::try_from(hours * 60 + minutes).unwrap_or_default(),
    };
    if rest.0.is_empty() {
        return Some(Zone::Hours(offset(0)));
    }
    let has_colon = rest.skip(':');
    let offset = offset(rest.two(59)?);
    rest.0.is_empty().then_some(match has_colon {
        true => Zone::Colon(offset),
        false => Zone::Basic(offset),
    })
}
