//! Dates and times of records.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::text::{ShortText, excerpt, text_value};
use crate::value::time::{self, Instant, TimeForm};

/// A date, or a date with a time, as the server sent it.
///
/// **Forms.** FOLIO's modules write a point in time in many forms, and each is read:
/// `2025-05-01T02:00:17.887+00:00` (modules based on RMB), `…Z`, `…+0000`, `…+00`, `…` without a
/// zone, `2025-05-01 02:00:17.887498+00` (from the database), a fraction of any length or none, a
/// plain date, and milliseconds since 1970 as 13 digits. Text without a zone is UTC, and a plain
/// date is its midnight in UTC: modules based on RMB read both so. [`as_str`](Self::as_str),
/// `Display` and serde retain the form in which the server sent the value.
///
/// **Comparison** is by instant, to the nanosecond: two texts are equal when they denote the same
/// instant. Text that denotes none (`2024`, `21.11.2010`) is equal to the same text only, and is
/// greater than all instants. To compare forms, compare [`as_str`](Self::as_str).
///
/// **CQL** of the storage modules compares dates as text. Write the value in a query in the form in
/// which the module stores it: `2025-05-01T02:00:17.887+00:00` in most, which
/// [`now`](Self::now) gives.
///
/// **Conversion.** `From<&str>` accepts any text, since records hold what servers send. `FromStr`
/// (`text.parse()`) accepts the forms above only. `SystemTime` converts both ways; the features
/// `jiff`, `chrono` and `time` convert the types of these crates.
///
/// ```
/// use std::time::Duration;
/// use folio_sdk::DateTime;
///
/// let due = DateTime::from("2025-05-01T02:00:17.887+0000");
/// assert_eq!(due, "2025-05-01T02:00:17.887Z");
/// assert_eq!(due.as_str(), "2025-05-01T02:00:17.887+0000");
/// assert!(due < DateTime::now());
///
/// let renewed = due.checked_add(Duration::from_secs(14 * 24 * 3600)).unwrap();
/// assert_eq!(renewed.as_str(), "2025-05-15T02:00:17.887+0000");
/// ```
#[derive(Clone)]
pub struct DateTime(ShortText<30>);

text_value!(DateTime, "a date (a string)");

impl DateTime {
    /// The current time in UTC, in milliseconds, in the form that modules based on RMB write:
    /// `2025-05-01T02:00:17.887+00:00`.
    pub fn now() -> Self {
        let now = Instant::from(SystemTime::now()).truncated_to_millis();
        Self::written(now, TimeForm::RMB)
    }

    /// The text as the server sent it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The instant, as the standard library has it.
    ///
    /// # Errors
    /// The text denotes no instant, or one that the platform's clock cannot represent.
    pub fn to_system_time(&self) -> Result<SystemTime, InvalidDateTime> {
        self.instant()?
            .to_system_time()
            .ok_or_else(|| self.invalid(Problem::Range))
    }

    /// Whether it is a plain date, `2025-05-01`, without a time.
    pub fn is_date(&self) -> bool {
        self.parsed().is_some_and(|(_, form)| form.is_date())
    }

    /// Another instant in the form of this text: with its offset from UTC, its separator, its
    /// designator of the zone. The fraction of a second gets more digits if the instant needs them,
    /// so that nothing of the instant is lost.
    ///
    /// The instant is a `SystemTime`, a `DateTime`, or a type of the crates jiff, chrono and time
    /// (with the features of the same names).
    ///
    /// ```
    /// use folio_sdk::DateTime;
    ///
    /// let due = DateTime::from("2025-05-01T02:00:17+0200");
    /// let moved = due.with_instant("2025-12-31T23:30:00Z")?;
    /// assert_eq!(moved.as_str(), "2026-01-01T01:30:00+0200");
    /// assert!(DateTime::from("2025-05-01").with_instant("2025-12-31T23:30:00Z").is_err());
    /// # Ok::<(), folio_sdk::InvalidDateTime>(())
    /// ```
    ///
    /// # Errors
    /// This text or the new one denotes no instant, or the form has no place for a part of the
    /// instant: a plain date holds midnight in UTC only.
    pub fn with_instant(&self, instant: impl Into<Self>) -> Result<Self, InvalidDateTime> {
        let (_, form) = self.denoted()?;
        let new = instant.into();
        let text = form.write(new.instant()?);
        text.map(Self::from)
            .ok_or_else(|| new.invalid(Problem::NoPlace(self.as_str().into())))
    }

    /// A later instant in the same form. Nothing if the text denotes no instant, or the form has no
    /// place for the sum: a plain date holds midnight in UTC only.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        let (instant, form) = self.parsed()?;
        form.write(instant.checked_add(duration)?).map(Self::from)
    }

    /// An earlier instant in the same form. Nothing if the text denotes no instant, or the form has
    /// no place for the difference: a plain date holds midnight in UTC only.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        let (instant, form) = self.parsed()?;
        form.write(instant.checked_sub(duration)?).map(Self::from)
    }

    pub(super) fn of(text: &str) -> Self {
        Self(ShortText::new(text))
    }

    /// An instant in a form that has place for all instants.
    pub(super) fn written(instant: Instant, form: TimeForm) -> Self {
        Self::of(&form.write(instant).unwrap_or_default())
    }

    fn parsed(&self) -> Option<(Instant, TimeForm)> {
        time::parse(self.as_str())
    }

    pub(super) fn instant(&self) -> Result<Instant, InvalidDateTime> {
        self.denoted().map(|(instant, _)| instant)
    }

    /// What the text denotes, and its form.
    pub(super) fn denoted(&self) -> Result<(Instant, TimeForm), InvalidDateTime> {
        self.parsed().ok_or_else(|| self.invalid(Problem::Form))
    }

    pub(super) fn invalid(&self, problem: Problem) -> InvalidDateTime {
        InvalidDateTime {
            text: self.as_str().into(),
            problem,
        }
    }

    /// What is compared: all instants come before text that denotes none.
    fn key(&self) -> Result<Instant, &str> {
        match self.parsed() {
            Some((instant, _)) => Ok(instant),
            None => Err(self.as_str()),
        }
    }

    fn is(&self, text: &str) -> bool {
        self.as_str() == text || *self == Self::of(text)
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.key() == other.key()
    }
}

impl Eq for DateTime {}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl From<SystemTime> for DateTime {
    /// In UTC, in the form that modules based on RMB write, with 3, 6 or 9 digits of a second as the
    /// time needs. These modules store milliseconds.
    fn from(time: SystemTime) -> Self {
        Self::written(time.into(), TimeForm::RMB)
    }
}

impl TryFrom<&DateTime> for SystemTime {
    type Error = InvalidDateTime;

    fn try_from(date: &DateTime) -> Result<Self, InvalidDateTime> {
        date.to_system_time()
    }
}

impl TryFrom<DateTime> for SystemTime {
    type Error = InvalidDateTime;

    fn try_from(date: DateTime) -> Result<Self, InvalidDateTime> {
        date.to_system_time()
    }
}

impl FromStr for DateTime {
    type Err = InvalidDateTime;

    /// Accepts text that denotes an instant, and retains its form.
    fn from_str(text: &str) -> Result<Self, InvalidDateTime> {
        let date = Self::of(text);
        date.instant()?;
        Ok(date)
    }
}

/// The error of text that denotes no instant, or one that its target cannot represent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDateTime {
    text: Box<str>,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is not in one of FOLIO's forms.
    Form,
    /// The target type cannot represent it.
    Range,
    /// The form of this text cannot hold it.
    NoPlace(Box<str>),
}

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = excerpt(&self.text);
        match &self.problem {
            Problem::Form => write!(
                out,
                "{text} is not a date or time: expected one such as 2025-05-01, 2025-05-01T02:00:17.887+00:00 or 2025-05-01T02:00:17Z"
            ),
            Problem::Range => write!(
                out,
                "{text} is beyond the range of the type to convert it to"
            ),
            Problem::NoPlace(form) => write!(
                out,
                "the time {text} cannot be written in the form of {}: a part of it would be lost",
                excerpt(form)
            ),
        }
    }
}

impl std::error::Error for InvalidDateTime {}
