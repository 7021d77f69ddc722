//! Points in time as FOLIO writes them: the text, the instant that it denotes, and its form.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;
const NANOS: u32 = 1_000_000_000;

/// A point in time: seconds since 1970 in UTC without leap seconds, and nanoseconds of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instant {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl Instant {
    pub(crate) const EPOCH: Self = Self {
        seconds: 0,
        nanos: 0,
    };

    /// Nothing if the platform's clock cannot represent it.
    pub(crate) fn to_system_time(self) -> Option<SystemTime> {
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let time = match self.seconds {
            0.. => UNIX_EPOCH.checked_add(whole),
            _ => UNIX_EPOCH.checked_sub(whole),
        };
        time?.checked_add(Duration::from_nanos(self.nanos.into()))
    }

    pub(crate) fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = self.nanos + duration.subsec_nanos();
        let carried = i64::from(nanos / NANOS);
        Some(Self {
            seconds: self
                .seconds
                .checked_add_unsigned(duration.as_secs())?
                .checked_add(carried)?,
            nanos: nanos % NANOS,
        })
    }

    pub(crate) fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = self.nanos + NANOS - duration.subsec_nanos();
        let borrowed = i64::from(nanos / NANOS) - 1;
        Some(Self {
            seconds: self
                .seconds
                .checked_sub_unsigned(duration.as_secs())?
                .checked_add(borrowed)?,
            nanos: nanos % NANOS,
        })
    }

    /// The same instant without its microseconds and nanoseconds.
    pub(crate) fn truncated_to_millis(self) -> Self {
        Self {
            nanos: self.nanos - self.nanos % 1_000_000,
            ..self
        }
    }

    /// Whole milliseconds since 1970, if the instant has no smaller unit and they fit.
    fn epoch_millis(self) -> Option<i64> {
        let millis = i64::from(self.nanos / 1_000_000);
        (self.nanos.is_multiple_of(1_000_000))
            .then(|| self.seconds.checked_mul(1_000)?.checked_add(millis))?
    }

    pub(crate) fn of_epoch_millis(millis: i64) -> Self {
        let nanos = u32::try_from(millis.rem_euclid(1_000)).unwrap_or_default() * 1_000_000;
        Self {
            seconds: millis.div_euclid(1_000),
            nanos,
        }
    }
}

impl From<SystemTime> for Instant {
    fn from(time: SystemTime) -> Self {
        let moved = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self::EPOCH.checked_add(since),
            Err(before) => Self::EPOCH.checked_sub(before.duration()),
        };
        // `SystemTime` counts seconds in 64 bits at most.
        moved.unwrap_or(Self::EPOCH)
    }
}

/// The zone designator of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    /// None: FOLIO's modules read such text as UTC.
    Absent,
    /// `Z`, or `z`.
    Letter(char),
    /// `+02:00`.
    Colon(Offset),
    /// `+0200`.
    Basic(Offset),
    /// `+02`.
    Hours(Offset),
}

/// An offset from UTC. `-00:00` is written back with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Offset {
    is_negative: bool,
    minutes: i32,
}

impl Offset {
    fn seconds(self) -> i32 {
        let sign = if self.is_negative { -1 } else { 1 };
        sign * self.minutes * 60
    }
}

/// The time of day of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    /// `T`, `t` or a space.
    separator: char,
    has_colons: bool,
    has_seconds: bool,
    /// Digits of the fraction of a second; 0 if there is no fraction.
    digits: usize,
    zone: Zone,
}

/// How a point in time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// Milliseconds since 1970, as text of 13 digits.
    EpochMillis,
    Calendar(Calendar),
}

/// A date, or a date with a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    /// Digits of the year if it has a sign.
    signed_year: Option<usize>,
    time: Option<Time>,
}

impl TimeForm {
    /// `2025-05-01T02:00:17.887+00:00`: modules based on RMB write dates in this form.
    pub(crate) const RMB: Self = Self::with_digits(3);

    /// A plain date.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(crate) const DATE: Self = Self::Calendar(Calendar {
        signed_year: None,
        time: None,
    });

    const fn with_digits(digits: usize) -> Self {
        Self::Calendar(Calendar {
            signed_year: None,
            time: Some(Time {
                separator: 'T',
                has_colons: true,
                has_seconds: true,
                digits,
                zone: Zone::Colon(Offset {
                    is_negative: false,
                    minutes: 0,
                }),
            }),
        })
    }

    /// The form of RMB with another offset from UTC, in minutes.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(crate) fn with_offset(minutes: i32) -> Self {
        let Self::Calendar(Calendar {
            signed_year,
            time: Some(time),
        }) = Self::RMB
        else {
            return Self::RMB;
        };
        Self::Calendar(Calendar {
            signed_year,
            time: Some(Time {
                zone: Zone::Colon(Offset {
                    is_negative: minutes < 0,
                    minutes: minutes.abs(),
                }),
                ..time
            }),
        })
    }

    /// Whether it has no time of day.
    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::Calendar(Calendar { time: None, .. }))
    }

    /// Digits of the fraction of a second.
    pub(crate) fn digits(self) -> usize {
        match self {
            Self::EpochMillis => 3,
            Self::Calendar(calendar) => calendar.time.map_or(9, |time| time.digits),
        }
    }

    /// The offset from UTC in seconds. It is 0 where the text has none.
    pub(crate) fn offset(self) -> i32 {
        match self {
            Self::Calendar(Calendar {
                time: Some(Time { zone, .. }),
                ..
            }) => match zone {
                Zone::Absent | Zone::Letter(_) => 0,
                Zone::Colon(offset) | Zone::Basic(offset) | Zone::Hours(offset) => offset.seconds(),
            },
            _ => 0,
        }
    }

    /// Writes an instant in this form. The fraction gets more digits if the instant needs them.
    /// Nothing if the form has no place for a part of the instant: a time of day in a plain date,
    /// seconds in a text of hours and minutes.
    pub(crate) fn write(self, instant: Instant) -> Option<String> {
        match self {
            Self::EpochMillis => instant
                .epoch_millis()
                .map(|millis| millis.to_string())
                .filter(|text| is_epoch_millis(text)),
            Self::Calendar(calendar) => calendar.write(instant, self.offset()),
        }
    }
}

impl Calendar {
    fn write(self, instant: Instant, offset: i32) -> Option<String> {
        let local = instant.seconds.checked_add(offset.into())?;
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil(day);
        let mut text = String::with_capacity(30);
        let width = match (year, self.signed_year) {
            (0..=9999, None) => Some(4),
            (_, digits) => {
                text.push(if year < 0 { '-' } else { '+' });
                digits.or(Some(4))
            }
        };
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "{:0width$}-{month:02}-{day:02}",
            year.unsigned_abs(),
            width = width.unwrap_or(4)
        );
        let Some(time) = self.time else {
            return (second == 0 && instant.nanos == 0).then_some(text);
        };
        text.push(time.separator);
        let colon = if time.has_colons { ":" } else { "" };
        let _ = write!(text, "{:02}{colon}{:02}", second / 3600, second / 60 % 60);
        if time.has_seconds {
            let _ = write!(text, "{colon}{:02}", second % 60);
        } else if second % 60 != 0 || instant.nanos != 0 {
            return None;
        }
        push_fraction(&mut text, instant.nanos, time.digits);
        time.zone.push(&mut text);
        Some(text)
    }
}

/// Appends at least so many digits: 3, 6 or 9 if the instant needs more.
fn push_fraction(text: &mut String, nanos: u32, digits: usize) {
    let needed = match nanos {
        0 => 0,
        nanos => {
            9 - (1..9)
                .rev()
                .find(|zeros| nanos.is_multiple_of(10_u32.pow(*zeros)))
                .unwrap_or(0) as usize
        }
    };
    let digits = match needed > digits {
        true => needed.next_multiple_of(3),
        false => digits,
    };
    if digits > 0 {
        let all = format!("{nanos:09}");
        let _ = write!(text, ".{:0<digits$}", &all[..digits.min(9)]);
    }
}

impl Zone {
    fn push(self, text: &mut String) {
        let (offset, colon) = match self {
            Self::Absent => return,
            Self::Letter(letter) => return text.push(letter),
            Self::Colon(offset) | Self::Hours(offset) => (offset, ":"),
            Self::Basic(offset) => (offset, ""),
        };
        let sign = if offset.is_negative { '-' } else { '+' };
        let (hours, minutes) = (offset.minutes / 60, offset.minutes % 60);
        let _ = match self {
            Self::Hours(_) => write!(text, "{sign}{hours:02}"),
            _ => write!(text, "{sign}{hours:02}{colon}{minutes:02}"),
        };
    }

    fn parse(text: &str) -> Option<Self> {
        let mut rest = Cursor(text);
        let is_negative = match rest.next()? {
            letter @ ('Z' | 'z') => return rest.0.is_empty().then_some(Self::Letter(letter)),
            sign @ ('+' | '-') => sign == '-',
            _ => return None,
        };
        let hours = rest.two(23)?;
        let offset = |minutes: i64| Offset {
            is_negative,
            minutes: i32::try_from(hours * 60 + minutes).unwrap_or_default(),
        };
        if rest.0.is_empty() {
            return Some(Self::Hours(offset(0)));
        }
        let has_colon = rest.skip(':');
        let offset = offset(rest.two(59)?);
        rest.0.is_empty().then_some(match has_colon {
            true => Self::Colon(offset),
            false => Self::Basic(offset),
        })
    }
}

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

/// Fewer digits are a year or a compact date.
fn is_epoch_millis(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a point in time, with its form. Nothing if the text is none that FOLIO writes.
///
/// Recorded of FOLIO (`tests/dates.rs` has the list): a date; a date and a time with a `T` or a
/// space, with no fraction or one of any length, with `Z`, `+00:00`, `+0000`, `+00` or no zone;
/// milliseconds since 1970 as 13 digits. Text without a zone is UTC, and a date is its midnight in
/// UTC: RMB reads both so, by the recordings. Fractions are compared to the nanosecond.
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
        zone => Zone::parse(zone)?,
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

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of 400 years of the Gregorian calendar.
const CYCLE: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const TO_EPOCH: i64 = 719_468;

/// Days since 1970 of a date of the proleptic Gregorian calendar. Years count from March, so that
/// the leap day is the last of a year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month < 3);
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    // Months of 30.6 days, rounded, have the lengths of March to February.
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    cycle * CYCLE + year * 365 + year / 4 - year / 100 + day_of_year - TO_EPOCH
}

/// The date that is so many days after 1970: the inverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + TO_EPOCH;
    let (cycle, day) = (days.div_euclid(CYCLE), days.rem_euclid(CYCLE));
    let year = (day - day / 1_460 + day / 36_524 - day / (CYCLE - 1)) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (cycle * 400 + year + i64::from(month < 3), month, day)
}

/// The date of an instant at an offset from UTC in seconds: year, month and day.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub(crate) fn date_at(instant: Instant, offset: i32) -> (i64, i64, i64) {
    civil((instant.seconds.saturating_add(offset.into())).div_euclid(DAY))
}

/// Midnight in UTC of a date: year, month and day.
#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
pub(crate) fn midnight(year: i64, month: i64, day: i64) -> Instant {
    Instant {
        seconds: days(year, month, day).saturating_mul(DAY),
        nanos: 0,
    }
}
