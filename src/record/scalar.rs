//! The values that FOLIO's records are made of and JSON has no type for: identifiers, dates,
//! numbers.
//!
//! Each keeps what the server wrote. FOLIO writes dates in four formats and its older data has
//! identifiers that are no UUIDs: a record with such a value is read, and written back unchanged.

use std::fmt;
use std::hash::{Hash, Hasher};

use arrayvec::ArrayString;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::record::lenient::FromText;
use crate::record::raw;

/// Text that is nearly always at most `N` bytes long and then needs no allocation.
#[derive(Clone)]
enum ShortText<const N: usize> {
    Short(ArrayString<N>),
    Long(Box<str>),
}

impl<const N: usize> ShortText<N> {
    fn new(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(short) => Self::Short(short),
            Err(_) => Self::Long(text.into()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(text) => text,
        }
    }
}

/// The traits that identifiers and dates share: they are text.
macro_rules! text_value {
    ($name:ident, $what:literal) => {
        impl $name {
            /// The text as the server wrote it.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromText for $name {
            const EXPECTED: &'static str = $what;

            #[inline]
            fn set(&mut self, text: &str) {
                self.0 = ShortText::new(text);
            }
        }

        impl Default for $name {
            /// Empty text.
            fn default() -> Self {
                Self(ShortText::new(""))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(ShortText::new(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(ShortText::new(&text))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), out)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.is(other)
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.is(other)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Read;
                impl Visitor<'_> for Read {
                    type Value = $name;
                    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                        out.write_str($what)
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok(text.into())
                    }
                }
                deserializer.deserialize_str(Read)
            }
        }
    };
}

/// An identifier of a record: a UUID, as the server wrote it.
///
/// Two identifiers are equal when they differ only in the case of letters, as UUIDs do. Text that
/// is no UUID is kept (FOLIO's older data has such), so that the record that holds it can be read;
/// [`to_uuid`](Self::to_uuid) tells.
///
/// ```
/// use folio_sdk::Id;
///
/// let id = Id::from("69640328-788e-43fc-9c3c-AF39E243F3B7");
/// assert_eq!(id, "69640328-788e-43fc-9c3c-af39e243f3b7");
/// assert_eq!(id.to_string(), "69640328-788e-43fc-9c3c-AF39E243F3B7");
/// assert!(id.to_uuid().is_some());
/// assert!(Id::from("lib-1").to_uuid().is_none());
/// ```
#[derive(Clone)]
pub struct Id(ShortText<36>);

text_value!(Id, "an identifier (a string)");

impl Id {
    /// A new random identifier (a UUID of version 4). Records made with one can be sent again after
    /// a lost answer: a second copy is refused by the server.
    pub fn new_v4() -> Self {
        uuid::Uuid::new_v4().into()
    }

    fn is(&self, text: &str) -> bool {
        self.as_str().eq_ignore_ascii_case(text)
    }

    /// The UUID, if it is one.
    pub fn to_uuid(&self) -> Option<uuid::Uuid> {
        uuid::Uuid::try_parse(self.as_str()).ok()
    }
}

impl From<uuid::Uuid> for Id {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(ShortText::new(
            uuid.hyphenated()
                .encode_lower(&mut uuid::Uuid::encode_buffer()),
        ))
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.is(other.as_str())
    }
}

impl Eq for Id {}

impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.as_str().bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    /// The order of UUIDs, in which a list sorted by `id` comes.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str()
            .bytes()
            .map(|b| b.to_ascii_lowercase())
            .cmp(other.as_str().bytes().map(|b| b.to_ascii_lowercase()))
    }
}

/// A date, with a time or without, as the server wrote it.
///
/// FOLIO has `2025-05-01T02:00:17.887+00:00`, `…Z`, `…+0000`, no zone at all, and plain dates, and
/// compares dates in queries as text. So the text is kept.
///
/// ```
/// use folio_sdk::DateTime;
///
/// let due = DateTime::from("2025-05-01T02:00:17.887+0000");
/// assert_eq!(due.as_str(), "2025-05-01T02:00:17.887+0000");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DateTime(ShortText<30>);

text_value!(DateTime, "a date (a string)");

impl DateTime {
    fn is(&self, text: &str) -> bool {
        self.as_str() == text
    }
}

impl<const N: usize> PartialEq for ShortText<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<const N: usize> Eq for ShortText<N> {}

impl<const N: usize> Hash for ShortText<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// A number of JSON, as the server wrote it: `10.10`, `1.0` and a number of 40 digits are written
/// back digit for digit.
///
/// FOLIO sends money as such a number. [`as_f64`](Self::as_f64) is exact enough to show an amount;
/// do not add amounts up with it, but read [`as_str`](Self::as_str) into a decimal type. Two
/// numbers are equal when their values are, whatever their digits.
///
/// ```
/// use folio_sdk::Number;
///
/// assert_eq!(Number::from(3).to_string(), "3");
/// assert_eq!(Number::try_from(2.5).unwrap().as_f64(), 2.5);
/// assert!(Number::try_from(f64::NAN).is_err());
///
/// let price: Number = "24.990000000000002".parse().unwrap();
/// assert_eq!(price.as_str(), "24.990000000000002");
/// assert_eq!("10.10".parse::<Number>(), "10.1".parse());
/// ```
#[derive(Clone)]
pub struct Number(ShortText<20>);

impl Number {
    /// The number as the server wrote it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The number as a double: the nearest one, and infinity if it is beyond all.
    pub fn as_f64(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// The number, if it is whole and fits. `3.0` is whole.
    pub fn as_i64(&self) -> Option<i64> {
        if let Ok(number) = self.as_str().parse() {
            return Some(number);
        }
        let Decimal {
            is_negative,
            digits,
            exponent,
        } = Decimal::of(self.as_str());
        if digits.is_empty() {
            return Some(0);
        }
        // More than 19 digits do not fit.
        let zeros = usize::try_from(exponent).ok().filter(|zeros| *zeros < 20)?;
        let sign = if is_negative { "-" } else { "" };
        format!("{sign}{digits}{:0<zeros$}", "").parse().ok()
    }

    /// The number that JSON text is.
    pub(crate) fn of_json(text: &str) -> Self {
        Self(ShortText::new(text))
    }

    /// Checks that it is a number as JSON writes one.
    fn new(text: &str) -> Option<Self> {
        let first = text.as_bytes().first()?;
        let last = text.as_bytes().last()?;
        // What JSON is and begins and ends like this is a number without white space.
        ((*first == b'-' || first.is_ascii_digit())
            && last.is_ascii_digit()
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        .then(|| Self(ShortText::new(text)))
    }
}

/// The value of a number: the digits without zeros at either end, and the power of ten that they
/// are multiplied by.
#[derive(PartialEq, Eq, Hash)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (
                digits,
                // Beyond all that can be told apart.
                exponent.parse().unwrap_or(if exponent.starts_with('-') {
                    i64::MIN / 2
                } else {
                    i64::MAX / 2
                }),
            ),
            None => (text, 0_i64),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        let zeros = significant.len() - digits.len();
        let shift = i64::try_from(zeros).unwrap_or_default()
            - i64::try_from(fraction.len()).unwrap_or_default();
        Self {
            is_negative,
            digits: digits.to_owned(),
            exponent: exponent.saturating_add(shift),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || Decimal::of(self.as_str()) == Decimal::of(other.as_str())
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Decimal::of(self.as_str()).hash(state);
    }
}

impl Default for Number {
    /// Zero.
    fn default() -> Self {
        Self::from(0)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(ShortText::new(&number.to_string()))
    }
}

/// The error of making a [`Number`] of a double or of text that is not a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidNumber;

impl fmt::Display for InvalidNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(
            "JSON has no infinity and no NaN: expected a finite number, as text without white space, such as 10.10",
        )
    }
}

impl std::error::Error for InvalidNumber {}

impl TryFrom<f64> for Number {
    type Error = InvalidNumber;

    fn try_from(number: f64) -> Result<Self, InvalidNumber> {
        serde_json::Number::from_f64(number)
            .map(|number| Self(ShortText::new(&number.to_string())))
            .ok_or(InvalidNumber)
    }
}

impl std::str::FromStr for Number {
    type Err = InvalidNumber;

    /// Reads a number as JSON writes it; its digits stay as they are.
    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        Self::new(text).ok_or(InvalidNumber)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Number({})", self.as_str())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.as_str();
        // `-0` is no integer.
        if text != "-0" {
            if let Ok(number) = text.parse::<i64>() {
                return serializer.serialize_i64(number);
            }
            if let Ok(number) = text.parse::<u64>() {
                return serializer.serialize_u64(number);
            }
        }
        if raw::takes_raw::<S>() {
            return raw::write(text, serializer);
        }
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::{Error, Unexpected};
        let text = raw::read(deserializer)?;
        // It was read as JSON.
        if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self(ShortText::new(&text)));
        }
        let expected = &"a number";
        Err(match serde_json::from_str(&text) {
            Ok(serde_json::Value::String(text)) => {
                Error::invalid_type(Unexpected::Str(&text), expected)
            }
            Ok(serde_json::Value::Bool(value)) => {
                Error::invalid_type(Unexpected::Bool(value), expected)
            }
            Ok(serde_json::Value::Array(_)) => Error::invalid_type(Unexpected::Seq, expected),
            Ok(serde_json::Value::Object(_)) => Error::invalid_type(Unexpected::Map, expected),
            _ => Error::invalid_type(Unexpected::Unit, expected),
        })
    }
}
