//! The form of a point in time: how it is written, and written again with another instant.

use std::fmt::Write as _;

use super::calendar::{DAY, civil};
use super::instant::Instant;

/// The zone designator of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
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
pub(super) struct Offset {
    pub(super) is_negative: bool,
    pub(super) minutes: i32,
}

impl Offset {
    fn seconds(self) -> i32 {
        let sign = if self.is_negative { -1 } else { 1 };
        sign * self.minutes * 60
    }
}

/// The time of day of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    /// `T`, `t` or a space.
    pub(super) separator: char,
    pub(super) has_colons: bool,
    pub(super) has_seconds: bool,
    /// Digits of the fraction of a second; 0 if there is no fraction.
    pub(super) digits: usize,
    pub(super) zone: Zone,
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
    pub(super) signed_year: Option<usize>,
    pub(super) time: Option<Time>,
}

impl TimeForm {
    /// `2025-05-01T02:00:17.887+00:00`: modules based on RMB write dates in this form.
    pub(crate) const RMB: Self = Self::rmb(Offset {
        is_negative: false,
        minutes: 0,
    });

    /// A plain date.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(crate) const DATE: Self = Self::Calendar(Calendar {
        signed_year: None,
        time: None,
    });

    const fn rmb(offset: Offset) -> Self {
        Self::Calendar(Calendar {
            signed_year: None,
            time: Some(Time {
                separator: 'T',
                has_colons: true,
                has_seconds: true,
                digits: 3,
                zone: Zone::Colon(offset),
            }),
        })
    }

    /// The form of RMB with another offset from UTC, in minutes.
    #[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
    pub(crate) fn with_offset(minutes: i32) -> Self {
        Self::rmb(Offset {
            is_negative: minutes < 0,
            minutes: minutes.abs(),
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
            (0..=9999, None) => 4,
            (_, digits) => {
                text.push(if year < 0 { '-' } else { '+' });
                digits.unwrap_or(4)
            }
        };
        // Writing into a string cannot fail.
        let _ = write!(text, "{:0width$}-{month:02}-{day:02}", year.unsigned_abs());
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
}

/// Fewer digits are a year or a compact date.
pub(super) fn is_epoch_millis(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
}
