//! Compares values in different notations: numbers, UUIDs, points in time.

use crate::value::uuid::is_uuid;
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whether a value is equivalent to an absent one: RMB writes absent lists as empty ones and absent
/// booleans as `false`, and omits null.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_nothing),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Servers store money as double: `100` as `100.0`.
pub(super) fn is_same_number(a: &serde_json::Number, b: &serde_json::Number) -> bool {
    a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
}

/// UUIDs are stored in lower case.
pub(super) fn is_same_uuid(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) && is_uuid(a)
}

/// Times of day, `09:00`, come back as `09:00:00`.
pub(super) fn is_same_time(stored: &str, sent: &str, whole_minutes: bool) -> bool {
    let parts = |text: &str| -> Option<(u8, u8, u8)> {
        let two = |text: &str| (text.len() == 2).then(|| text.parse().ok()).flatten();
        let mut parts = text.split(':');
        let (hours, minutes) = (two(parts.next()?)?, two(parts.next()?)?);
        let seconds = parts.next().map_or(Some(0), two)?;
        let seconds = if whole_minutes { 0 } else { seconds };
        parts.next().is_none().then_some((hours, minutes, seconds))
    };
    parts(stored).is_some_and(|stored| parts(sent) == Some(stored))
}

/// A point in time, and the number of digits of its fraction of a second.
#[derive(Clone, Copy)]
pub(super) struct Instant {
    pub(super) time: SystemTime,
    digits: usize,
}

impl Instant {
    /// A date, or a date and a time with or without a zone, as FOLIO writes and accepts them:
    /// `2027-01-01`, `2027-01-01T00:00:00.000+00:00`, `…+0000`, `…Z`, `…+02:00`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let date = text.get(..10)?;
        if !date
            .bytes()
            .zip(b"0000-00-00")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == *form,
            })
        {
            return None;
        }
        let Some(time) = text.get(10..).filter(|time| !time.is_empty()) else {
            let time = humantime::parse_rfc3339_weak(&format!("{date}T00:00:00")).ok()?;
            return Some(Self { time, digits: 9 });
        };
        let time = time.strip_prefix(['T', ' '])?;
        let (time, zone) = match time.find(['Z', '+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, ""),
        };
        let fraction = time.split_once('.').map_or("", |(_, fraction)| fraction);
        let digits = fraction.len();
        let local = humantime::parse_rfc3339_weak(&format!("{date}T{time}")).ok()?;
        let offset: String = zone.chars().filter(char::is_ascii_digit).collect();
        let part = |from: usize| match offset.get(from..from + 2) {
            Some(part) => part.parse::<u64>().ok(),
            None => Some(0),
        };
        let offset = Duration::from_secs(part(0)? * 3600 + part(2)? * 60);
        let time = if zone.starts_with('-') {
            local.checked_add(offset)?
        } else {
            local.checked_sub(offset)?
        };
        Some(Self { time, digits })
    }

    /// Milliseconds since 1970, which date fields accept as number and as text, `2024` among them.
    pub(super) fn of_epoch(text: &str) -> Option<Self> {
        let time = UNIX_EPOCH.checked_add(Duration::from_millis(text.parse().ok()?))?;
        Some(Self { time, digits: 3 })
    }

    /// Whether a stored time is the one that was sent. Servers store milliseconds or microseconds,
    /// and truncate the rest.
    pub(super) fn is(self, sent: Option<Self>) -> bool {
        let Some(sent) = sent else {
            return false;
        };
        let unit = match self.digits {
            3..=8 if sent.digits > self.digits => {
                10_u128.pow(9 - u32::try_from(self.digits).unwrap_or(9))
            }
            _ => 1,
        };
        let nanoseconds = |time: SystemTime| match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (true, since.as_nanos() / unit),
            Err(before) => (false, before.duration().as_nanos() / unit),
        };
        nanoseconds(self.time) == nanoseconds(sent.time)
    }
}
