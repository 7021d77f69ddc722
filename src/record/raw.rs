//! JSON as it was sent: read and written without a loss of digits or of the order of members.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Whether a serializer is one of serde_json's, which write raw JSON as it is. Others would get a
/// struct with a name of serde_json's own.
pub(crate) fn takes_raw<S>() -> bool {
    std::any::type_name::<S>().contains("serde_json::")
}

/// Writes JSON text.
pub(crate) fn write<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}

/// Reads a value as the text that it has in the input. Of a deserializer that has no text (a
/// `Value`, what serde buffers for flattened and untagged types) the text is made of the value.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    deserializer.deserialize_newtype_struct(token(), RawText)
}

/// [`read`] where serde wants a seed.
pub(crate) struct Raw;

impl<'de> DeserializeSeed<'de> for Raw {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        read(deserializer)
    }
}

/// The name by which serde_json's deserializers are asked for the text of a value. It is found out,
/// since it is not public.
fn token() -> &'static str {
    static TOKEN: OnceLock<&'static str> = OnceLock::new();
    TOKEN.get_or_init(|| {
        struct Probe<'a>(&'a mut &'static str);
        impl<'de> Deserializer<'de> for Probe<'_> {
            type Error = de::value::Error;

            fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
                Err(de::Error::custom("it is asked for by another way"))
            }

            fn deserialize_newtype_struct<V: Visitor<'de>>(
                self,
                name: &'static str,
                _: V,
            ) -> Result<V::Value, Self::Error> {
                *self.0 = name;
                Err(de::Error::custom("found"))
            }

            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
                tuple_struct map struct enum identifier ignored_any
            }
        }
        let mut name = "";
        let _ = Box::<RawValue>::deserialize(Probe(&mut name));
        name
    })
}

struct RawText;

impl RawText {
    fn of<'de, E: de::Error>(value: &impl Serialize) -> Result<Cow<'de, str>, E> {
        serde_json::to_string(value)
            .map(Cow::Owned)
            .map_err(E::custom)
    }
}

impl<'de> Visitor<'de> for RawText {
    type Value = Cow<'de, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some(first) = map.next_key_seed(crate::value::member::MemberName)? else {
            return Ok(Cow::Borrowed("{}"));
        };
        if first == token() {
            return map.next_value_seed(Self);
        }
        // An object of a deserializer that gives no text.
        let mut object = Map::new();
        object.insert(first.into_owned(), map.next_value()?);
        let rest = Map::<String, Value>::deserialize(MapAccessDeserializer::new(map))?;
        object.extend(rest);
        Self::of(&object)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        Self::of(&Value::deserialize(inner)?)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
        self.visit_newtype_struct(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Self::of(&Value::deserialize(SeqAccessDeserializer::new(seq))?)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed("null"))
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        Self::of(&value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        Self::of(&value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        Self::of(&value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        Self::of(&value)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
        Self::of(&value)
    }
}

/// The text that serde_json returns: a string.
impl<'de> DeserializeSeed<'de> for RawText {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(crate::value::member::MemberName)
    }
}
