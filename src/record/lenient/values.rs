//! Values of the described types and of others.

use std::fmt;

use serde::de::{self, Deserializer, Expected, MapAccess, SeqAccess, Visitor};

use super::state::{IS_INEXACT, READING, Reading, Typed, What, note};
use super::text::FromText;
use crate::record::raw;
use crate::record::scalar::Number;

/// Notes a value of another type. `is_converted` says that the place holds the same value in its
/// own type.
#[cold]
pub(crate) fn found<E: de::Error>(
    raw: String,
    kind: &str,
    expected: &dyn Expected,
    is_converted: bool,
) -> Result<(), E> {
    if READING.get() == Reading::Strict {
        return Err(E::custom(format_args!(
            "invalid type: {kind}, expected {expected}"
        )));
    }
    let typed = if is_converted {
        Typed::Converted
    } else {
        Typed::Blank
    };
    note(What::Value {
        raw,
        reason: format!("expected {expected}, and it is {kind}"),
        typed,
    });
    Ok(())
}

/// Whether a double is what is left of a number: of its digits nothing is known.
#[cold]
pub(crate) fn is_float<E: de::Error>(value: f64, expected: &dyn Expected) -> Result<(), E> {
    if READING.get() == Reading::Fast {
        IS_INEXACT.set(true);
        return Err(E::custom(format_args!(
            "invalid type: a number, expected {expected}"
        )));
    }
    found(
        serde_json::to_string(&value).unwrap_or_default(),
        "a number",
        expected,
        false,
    )
}

/// A list as text.
pub(crate) fn seq_text<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<String, A::Error> {
    let mut text = String::from("[");
    while let Some(element) = seq.next_element_seed(raw::Raw)? {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&element);
    }
    text.push(']');
    Ok(text)
}

/// An object as text; or a number, which is an object of one member where serde_json has
/// `arbitrary_precision`.
pub(crate) fn map_text<'de, A: MapAccess<'de>>(
    mut map: A,
) -> Result<(String, &'static str), A::Error> {
    let mut text = String::from("{");
    while let Some(key) = map.next_key_seed(crate::value::member::MemberName)? {
        let value = map.next_value_seed(raw::Raw)?;
        if key == "$serde_json::private::Number"
            && let Ok(digits) = serde_json::from_str::<String>(&value)
        {
            return Ok((digits, "a number"));
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(&*key).to_string());
        text.push(':');
        text.push_str(&value);
    }
    text.push('}');
    Ok((text, "an object"))
}

/// The methods of a visitor for values of other types.
macro_rules! other_kinds {
    ($($kind:ident)*) => {
        $($crate::record::lenient::values::other_kinds!(@ $kind);)*
    };
    (@ boolean) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
            $crate::record::lenient::found(value.to_string(), "a boolean", &self, false)
        }
    };
    (@ number) => {
        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
            $crate::record::lenient::found(value.to_string(), "a number", &self, false)
        }
        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
            $crate::record::lenient::found(value.to_string(), "a number", &self, false)
        }
        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
            $crate::record::lenient::is_float(value, &self)
        }
    };
    (@ float) => {
        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
            $crate::record::lenient::is_float(value, &self)
        }
    };
    (@ text) => {
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
            $crate::record::lenient::found(serde_json::Value::from(text).to_string(), "a string", &self, false)
        }
    };
    (@ null) => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
            $crate::record::lenient::found("null".to_owned(), "null", &self, false)
        }
        fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
            self.visit_unit()
        }
    };
    (@ list) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
            $crate::record::lenient::found($crate::record::lenient::values::seq_text(seq)?, "an array", &self, false)
        }
    };
    (@ object) => {
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
            let (text, kind) = $crate::record::lenient::values::map_text(map)?;
            $crate::record::lenient::found(text, kind, &self, false)
        }
    };
}
pub(crate) use other_kinds;

/// Reads text into its place. A whole number and a boolean are text, too.
pub(crate) fn read_text<'de, T: FromText, D: Deserializer<'de>>(
    place: &mut T,
    deserializer: D,
) -> Result<(), D::Error> {
    struct Read<'a, T>(&'a mut T);
    impl<'de, T: FromText> Visitor<'de> for Read<'_, T> {
        type Value = ();
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str(T::EXPECTED)
        }
        #[inline]
        fn visit_str<E>(self, text: &str) -> Result<(), E> {
            self.0.set(text);
            Ok(())
        }
        fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
            self.0.set(&value.to_string());
            found(value.to_string(), "a boolean", &self, true)
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
            self.0.set(&value.to_string());
            found(value.to_string(), "a number", &self, true)
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
            self.0.set(&value.to_string());
            found(value.to_string(), "a number", &self, true)
        }
        other_kinds! { float null list object }
    }
    deserializer.deserialize_any(Read(place))
}

/// Reads a boolean into its place, also as text.
pub(crate) fn read_boolean<'de, D: Deserializer<'de>>(
    place: &mut bool,
    deserializer: D,
) -> Result<(), D::Error> {
    struct Read<'a>(&'a mut bool);
    impl<'de> Visitor<'de> for Read<'_> {
        type Value = ();
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a boolean")
        }
        fn visit_bool<E>(self, value: bool) -> Result<(), E> {
            *self.0 = value;
            Ok(())
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
            let value = text.parse().ok();
            *self.0 = value.unwrap_or_default();
            let raw = serde_json::Value::from(text).to_string();
            found(raw, "a string", &self, value.is_some())
        }
        other_kinds! { number null list object }
    }
    deserializer.deserialize_any(Read(place))
}

/// Reads a number by its text, so that no digit of it is lost, whatever it is. `take` says whether
/// it can be what is described.
pub(crate) fn read_number<'de, D: Deserializer<'de>>(
    expected: &'static str,
    deserializer: D,
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(), D::Error> {
    let text = raw::read(deserializer)?;
    // It was read as JSON.
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if is_number && take(&text) {
        return Ok(());
    }
    other_than_number(&text, is_number, expected, take)
}

#[cold]
fn other_than_number<E: de::Error>(
    text: &str,
    is_number: bool,
    expected: &'static str,
    take: &mut dyn FnMut(&str) -> bool,
) -> Result<(), E> {
    let number_in_text = || {
        let text = serde_json::from_str::<String>(text).ok()?;
        text.parse::<Number>().ok()
    };
    let is_converted = !is_number && number_in_text().is_some_and(|number| take(number.as_str()));
    found(text.to_owned(), kind_of(text), &expected, is_converted)
}

/// What JSON text is, by its first byte.
pub(super) fn kind_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        _ => "a number",
    }
}
