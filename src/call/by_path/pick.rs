//! Reads the value of one member of a response.

use crate::paging::missing_key;
use crate::record::lenient;
use crate::wire::error::Result;
use crate::wire::response::Response;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// The value of a key of the response, decoded in one pass.
pub(super) fn value_of<T: DeserializeOwned>(response: &Response, key: &str) -> Result<T> {
    let mut keys = Vec::new();
    let read = lenient::reading(|| {
        let mut deserializer = serde_json::Deserializer::from_slice(response.body());
        keys.clear();
        let seed = Pick {
            key,
            keys: &mut keys,
            value: PhantomData,
        };
        let value = seed.deserialize(&mut deserializer)?;
        deserializer.end().map(|()| value)
    });
    match read {
        Ok(Some(value)) => Ok(value),
        Ok(None) => match absent_list(response, &keys) {
            Some(empty) => Ok(empty),
            None => Err(missing_key(
                response.exchange(),
                Some(key),
                &keys,
                response.body(),
            )),
        },
        Err(error) => Err(response.wrong(error)),
    }
}

/// The empty list of a response that has its number of records only: mod-tags leaves out an empty
/// list, behind the end of a list too, where the number is not 0 (recorded). None if the response
/// has other keys, or records that it does not show.
fn absent_list<T: DeserializeOwned>(response: &Response, keys: &[String]) -> Option<T> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        total_records: u64,
    }
    let only_counts = |key: &String| matches!(&**key, "totalRecords" | "resultInfo");
    if !keys.iter().all(only_counts) {
        return None;
    }
    let Counted { total_records } = serde_json::from_slice(response.body()).ok()?;
    let is_behind = || {
        let offset = response.exchange().target.parameter("offset")?;
        offset.parse::<u64>().ok()
    };
    (total_records == 0 || is_behind().is_some_and(|offset| offset >= total_records))
        .then(|| serde_json::from_slice(b"[]").ok())?
}

/// Takes the value of one key out of an object.
struct Pick<'a, T> {
    pub(super) key: &'a str,
    keys: &'a mut Vec<String>,
    pub(super) value: PhantomData<T>,
}

impl<'de, T: serde::Deserialize<'de>> DeserializeSeed<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Pick<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "an object with the key `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut value = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.key {
                value = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if self.keys.len() < 30 {
                self.keys.push(key);
            }
        }
        Ok(value)
    }
}
