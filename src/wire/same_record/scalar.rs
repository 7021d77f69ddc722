//! Compares values in different notations: numbers, UUIDs, points in time.

use crate::value::time::{self, TimeForm};
use serde_json::Value;

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
pub(super) struct StoredInstant {
    pub(super) at: time::Instant,
    digits: usize,
}

impl StoredInstant {
    /// A date, or a date and a time with or without a zone, in any form that FOLIO writes.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (at, form) = time::parse(text)?;
        (form != TimeForm::EpochMillis).then(|| Self {
            at,
            digits: form.digits(),
        })
    }

    /// Milliseconds since 1970, which date fields accept as number and as text, `2024` among them.
    pub(super) fn of_epoch(text: &str) -> Option<Self> {
        Some(Self {
            at: time::Instant::of_epoch_millis(text.parse().ok()?),
            digits: 3,
        })
    }

    /// Whether a stored time is the one that was sent. Servers store milliseconds or microseconds,
    /// and truncate the rest.
    pub(super) fn is(self, sent: Option<Self>) -> bool {
        let Some(sent) = sent else {
            return false;
        };
        let unit = match self.digits {
            3..=8 if sent.digits > self.digits => {
                10_u32.pow(9 - u32::try_from(self.digits).unwrap_or(9))
            }
            _ => 1,
        };
        self.at.seconds == sent.at.seconds && self.at.nanos / unit == sent.at.nanos / unit
    }
}
