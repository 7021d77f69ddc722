//! Finds the key of a record in its JSON.

use std::borrow::Cow;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The key of the record at the start of `json`, text or number. It parses no further than the key.
pub(crate) fn key_of(json: &[u8], key: &str) -> Option<String> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let _ = deserializer.deserialize_map(KeyVisitor {
        key,
        found: &mut found,
    });
    found
}

struct KeyVisitor<'a> {
    key: &'a str,
    found: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for KeyVisitor<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != self.key {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            *self.found = match map.next_value::<serde_json::Value>()? {
                serde_json::Value::String(text) if !text.is_empty() => Some(text),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            // The rest is irrelevant.
            return Err(de::Error::custom("found"));
        }
        Ok(())
    }
}
