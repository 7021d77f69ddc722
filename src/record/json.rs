//! JSON values that preserve the text in which the server wrote them.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::OnceLock;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::record::raw::{read, takes_raw, write};
use crate::record::scalar::Number;
use crate::value::splice;

/// Any JSON, with the text in which the server wrote it.
///
/// It is used as a [`serde_json::Value`], to which it dereferences. A `Value` cannot hold every
/// number that FOLIO stores: `10.10` would be written back as `10.1`, and a number of 40 digits as
/// a double. A `Json` that is not changed is written back character by character; of one
/// that is changed, only the changed parts are written anew. It is also cheaper to read, since it
/// is parsed only when it is looked at.
///
/// ```
/// use folio_sdk::Json;
///
/// let mut order: Json = r#"{"price": 10.10, "tax": 1234567890123456789012345678901234567890, "note": "x"}"#.parse()?;
/// assert_eq!(order["note"], "x");
/// order["note"] = "y".into();
/// assert_eq!(
///     serde_json::to_string(&order)?,
///     r#"{"price":10.10,"tax":1234567890123456789012345678901234567890,"note":"y"}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A part that a `Value` cannot hold (a number beyond the range of a double, such as `1e400`;
/// nesting deeper than 128 levels) is its text there, as a string. It is still written back as it
/// was.
///
/// Serializers other than those of `serde_json` get the `Value`.
#[derive(Clone)]
pub struct Json(Box<JsonInner>);

#[derive(Clone)]
struct JsonInner {
    /// As it was read; none if it was made by the program.
    raw: Option<Box<RawValue>>,
    /// As it is seen; made of `raw` when it is looked at.
    seen: OnceLock<Value>,
    /// What the program made of it.
    changed: Option<Value>,
}

impl Json {
    pub(crate) fn of_raw(raw: Box<RawValue>) -> Self {
        Self(Box::new(JsonInner {
            raw: Some(raw),
            seen: OnceLock::new(),
            changed: None,
        }))
    }

    /// The value. The text is lost: what is made of it is written as `serde_json` writes it.
    pub fn into_value(self) -> Value {
        let JsonInner { raw, seen, changed } = *self.0;
        let read = || raw.as_deref().map_or(Value::Null, |raw| value_of(raw, 0));
        changed.or_else(|| seen.into_inner()).unwrap_or_else(read)
    }

    /// The JSON text, as it will be written.
    pub fn text(&self) -> Cow<'_, str> {
        match (&self.0.raw, &self.0.changed) {
            (Some(raw), None) => raw.get().into(),
            (Some(raw), Some(after)) => {
                let before = value_of(raw, 0);
                let written = splice::rewrite(raw.get().as_bytes(), &before, after);
                // Its parts are text.
                String::from_utf8(written).unwrap_or_default().into()
            }
            (None, _) => self.value().to_string().into(),
        }
    }

    fn value(&self) -> &Value {
        let JsonInner { raw, seen, changed } = &*self.0;
        match changed {
            Some(value) => value,
            None => seen.get_or_init(|| raw.as_deref().map_or(Value::Null, |raw| value_of(raw, 0))),
        }
    }
}

/// How deep serde_json reads.
const DEEPEST: usize = 127;

fn value_of(raw: &RawValue, depth: usize) -> Value {
    let text = raw.get();
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    // A part of it does not fit.
    if depth >= DEEPEST {
        return text.into();
    }
    if let Some(members) = splice::members(raw) {
        let member =
            |(key, raw): (Cow<'_, str>, &RawValue)| (key.into_owned(), value_of(raw, depth + 1));
        return Value::Object(members.into_iter().map(member).collect());
    }
    match splice::elements(raw) {
        Some(elements) => elements
            .into_iter()
            .map(|raw| value_of(raw, depth + 1))
            .collect(),
        None => text.into(),
    }
}

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.value()
    }
}

impl DerefMut for Json {
    fn deref_mut(&mut self) -> &mut Value {
        let JsonInner { raw, seen, changed } = &mut *self.0;
        changed.get_or_insert_with(|| {
            let read = || raw.as_deref().map_or(Value::Null, |raw| value_of(raw, 0));
            seen.take().unwrap_or_else(read)
        })
    }
}

impl Default for Json {
    /// `null`.
    fn default() -> Self {
        Value::Null.into()
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(Box::new(JsonInner {
            raw: None,
            seen: OnceLock::new(),
            changed: Some(value),
        }))
    }
}

impl From<Json> for Value {
    /// As [`into_value`](Json::into_value).
    fn from(json: Json) -> Self {
        json.into_value()
    }
}

macro_rules! from {
    ($($type:ty),*) => {
        $(impl From<$type> for Json {
            fn from(value: $type) -> Self {
                Value::from(value).into()
            }
        })*
    };
}

from!(&str, String, Cow<'_, str>, bool, i32, i64, u32, u64, usize, f64, Map<String, Value>);

impl<T: Into<Value>> From<Vec<T>> for Json {
    fn from(list: Vec<T>) -> Self {
        Value::from(list).into()
    }
}

impl From<Number> for Json {
    fn from(number: Number) -> Self {
        number.as_str().parse().unwrap_or_default()
    }
}

impl FromStr for Json {
    type Err = serde_json::Error;

    /// Reads JSON text.
    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl PartialEq for Json {
    /// Whether both are the same JSON: white space and the order of members do not count, and
    /// numbers are compared exactly.
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.text(), other.text());
        if one == other {
            return true;
        }
        let read = |text| serde_json::from_str::<&RawValue>(text);
        matches!((read(&one), read(&other)), (Ok(one), Ok(other)) if same(one, other, 0))
    }
}

fn same(one: &RawValue, other: &RawValue, depth: usize) -> bool {
    if one.get() == other.get() {
        return true;
    }
    if depth > DEEPEST {
        return false;
    }
    let first = |raw: &RawValue| raw.get().bytes().next().unwrap_or_default();
    match (first(one), first(other)) {
        (b'{', b'{') => {
            let (Some(one), Some(other)) = (splice::members(one), splice::members(other)) else {
                return false;
            };
            let other: std::collections::HashMap<_, _> = other.into_iter().collect();
            one.len() == other.len()
                && one.into_iter().all(|(key, one)| {
                    other
                        .get(&key)
                        .is_some_and(|other| same(one, other, depth + 1))
                })
        }
        (b'[', b'[') => match (splice::elements(one), splice::elements(other)) {
            (Some(one), Some(other)) => {
                one.len() == other.len()
                    && one
                        .into_iter()
                        .zip(other)
                        .all(|(one, other)| same(one, other, depth + 1))
            }
            _ => false,
        },
        (b'"', b'"') => {
            let read = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
            read(one).is_some_and(|one| Some(one) == read(other))
        }
        (b'-' | b'0'..=b'9', b'-' | b'0'..=b'9') => {
            let read = |raw: &RawValue| raw.get().parse::<Number>().ok();
            read(one).is_some_and(|one| Some(one) == read(other))
        }
        _ => false,
    }
}

impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        self.value() == other
    }
}

impl PartialEq<Json> for Value {
    fn eq(&self, other: &Json) -> bool {
        self == other.value()
    }
}

macro_rules! equal {
    ($($type:ty),*) => {
        $(impl PartialEq<$type> for Json {
            fn eq(&self, other: &$type) -> bool {
                self.value() == other
            }
        })*
    };
}

equal!(str, &str, String, bool, i32, i64, u32, u64, usize, f64);

impl fmt::Debug for Json {
    /// Shows the value without secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.value().clone();
        crate::value::redact::Secrets::default().redact_value(&mut value);
        value.fmt(out)
    }
}

impl fmt::Display for Json {
    /// The JSON text.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer).and_then(|text| {
            let raw = RawValue::from_string(text.into_owned()).map_err(de::Error::custom)?;
            Ok(Self::of_raw(raw))
        })
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !takes_raw::<S>() {
            return self.value().serialize(serializer);
        }
        match (&self.0.raw, &self.0.changed) {
            (Some(raw), None) => raw.serialize(serializer),
            (Some(_), Some(_)) => write(&self.text(), serializer),
            (None, _) => self.value().serialize(serializer),
        }
    }
}
