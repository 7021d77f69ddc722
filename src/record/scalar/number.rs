//! Numbers of records, with all their digits.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::text::{ShortText, excerpt};
use crate::record::raw;
use crate::value::decimal::Decimal;

/// A number of JSON, as the server sent it: `10.10`, `1.0` and a number of 40 digits are written
/// back digit for digit.
///
/// FOLIO sends money as such numbers. Nothing converts them through a double. For arithmetic enable
/// the feature `rust_decimal`: `rust_decimal::Decimal` converts both ways, exactly.
///
/// **Comparison** is by value: `1.10` equals `1.1` and `11e-1`. To compare digits, compare
/// [`as_str`](Self::as_str).
///
/// **Other formats.** JSON has all digits. Other formats of serde get a double if it is exactly the
/// number, and text otherwise.
///
/// ```
/// use folio_sdk::Number;
///
/// assert_eq!(Number::from(3).to_string(), "3");
/// assert_eq!(Number::from(u64::MAX).as_u64(), Some(u64::MAX));
/// assert_eq!("3.0".parse::<Number>()?.as_i64(), Some(3));
///
/// let price: Number = "24.990000000000002".parse()?;
/// assert_eq!(price.as_str(), "24.990000000000002");
/// assert!(price > "24.99".parse()?);
/// assert_eq!("10.10".parse::<Number>()?, "10.1".parse()?);
/// # Ok::<(), folio_sdk::InvalidNumber>(())
/// ```
#[derive(Clone)]
pub struct Number(ShortText<20>);

impl Number {
    /// The number as the server sent it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The nearest double; infinity if the number is beyond all doubles. A double has some 16
    /// digits, and of most decimal fractions only an approximation: do not calculate money with it.
    pub fn to_f64_lossy(&self) -> f64 {
        self.as_str().parse().unwrap_or(f64::NAN)
    }

    /// The shortest number that is read as this double. `0.1 + 0.2` gives `0.30000000000000004`:
    /// what the double has lost, the number lacks too.
    ///
    /// # Errors
    /// JSON has no infinity and no NaN.
    pub fn from_f64_lossy(number: f64) -> Result<Self, InvalidNumber> {
        match serde_json::Number::from_f64(number) {
            Some(number) => Ok(Self::of_json(&number.to_string())),
            None => Err(InvalidNumber {
                text: number.to_string().into(),
                expected: FORM,
            }),
        }
    }

    /// The number, if it is whole and fits. `3.0` is whole.
    pub fn as_i64(&self) -> Option<i64> {
        self.whole()
    }

    /// The number, if it is whole, fits, and is not negative. `3.0` is whole.
    pub fn as_u64(&self) -> Option<u64> {
        self.whole()
    }

    /// The number that JSON text is.
    pub(crate) fn of_json(text: &str) -> Self {
        Self(ShortText::new(text))
    }

    pub(super) fn decimal(&self) -> Decimal {
        Decimal::of(self.as_str())
    }

    pub(super) fn invalid(&self, expected: &'static str) -> InvalidNumber {
        InvalidNumber {
            text: self.as_str().into(),
            expected,
        }
    }

    fn whole<T: FromStr + TryFrom<i128>>(&self) -> Option<T> {
        match self.as_str().parse() {
            Ok(number) => Some(number),
            Err(_) => self.decimal().scaled(0)?.try_into().ok(),
        }
    }

    /// The number if text is one as JSON writes it.
    fn of_text(text: &str) -> Option<Self> {
        let first = text.as_bytes().first()?;
        let last = text.as_bytes().last()?;
        // JSON text that begins and ends like this is a number without white space.
        ((*first == b'-' || first.is_ascii_digit())
            && last.is_ascii_digit()
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        .then(|| Self::of_json(text))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.decimal() == other.decimal()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.decimal().hash(state);
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// The order of the values.
    fn cmp(&self, other: &Self) -> Ordering {
        self.decimal().cmp(&other.decimal())
    }
}

impl Default for Number {
    /// Zero.
    fn default() -> Self {
        Self::from(0)
    }
}

impl From<&Number> for Number {
    fn from(number: &Number) -> Self {
        number.clone()
    }
}

macro_rules! integers {
    ($($integer:ident: $expected:literal,)*) => {$(
        impl From<$integer> for Number {
            fn from(number: $integer) -> Self {
                Self::of_json(&number.to_string())
            }
        }

        impl TryFrom<&Number> for $integer {
            type Error = InvalidNumber;

            /// Exact: a number with a fraction, or beyond the range, is an error.
            fn try_from(number: &Number) -> Result<Self, InvalidNumber> {
                number.whole().ok_or_else(|| number.invalid($expected))
            }
        }

        impl TryFrom<Number> for $integer {
            type Error = InvalidNumber;

            /// Exact: a number with a fraction, or beyond the range, is an error.
            fn try_from(number: Number) -> Result<Self, InvalidNumber> {
                (&number).try_into()
            }
        }
    )*};
}

integers! {
    i32: "a whole number of 32 bits",
    u32: "a whole number of 32 bits that is not negative",
    i64: "a whole number of 64 bits",
    u64: "a whole number of 64 bits that is not negative",
}

/// The form of a number.
const FORM: &str = "a number as JSON writes it, without white space, such as 10.10";

/// The error of text that is not a number, or of a number that its target cannot represent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNumber {
    text: Box<str>,
    expected: &'static str,
}

impl fmt::Display for InvalidNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, expected } = self;
        write!(out, "{} is not {expected}", excerpt(text))
    }
}

impl std::error::Error for InvalidNumber {}

impl FromStr for Number {
    type Err = InvalidNumber;

    /// Accepts a number as JSON writes it, and retains its digits.
    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        Self::of_text(text).ok_or_else(|| InvalidNumber {
            text: text.into(),
            expected: FORM,
        })
    }
}

impl fmt::Display for Number {
    /// The digits that the server sent. A precision (`{:.2}`) rounds half to even, as it does for
    /// doubles, and exactly.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = out
            .precision()
            .and_then(|places| self.decimal().rounded(places));
        let text = rounded.as_deref().unwrap_or(self.as_str());
        let digits = text.strip_prefix('-').unwrap_or(text);
        out.pad_integral(digits.len() == text.len(), "", digits)
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
        let double = self.to_f64_lossy();
        match Self::from_f64_lossy(double) {
            Ok(exact) if exact == *self => serializer.serialize_f64(double),
            _ => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::{Error, Unexpected};
        let is_json = raw::takes_raw::<D>();
        let text = raw::read(deserializer)?;
        // It was read as JSON.
        if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Ok(Self::of_json(&text));
        }
        let expected = &"a number";
        Err(match serde_json::from_str(&text) {
            Ok(serde_json::Value::String(text)) => {
                // Other formats get text of a number that no double is.
                match text.parse() {
                    Ok(number) if !is_json => return Ok(number),
                    _ => Error::invalid_type(Unexpected::Str(&text), expected),
                }
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
