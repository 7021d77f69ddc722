//! The identification of records: keys from which ids are derived, fields on which stored records
//! are matched, and duplicates within a run.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde_json::Value;

use crate::wire::same_record::Fields;

/// The return type of the closure of [`Upsert::id_from_key`](crate::Upsert::id_from_key): a
/// `String`, or an `Option<String>` if a record may have no key. It is implemented only for these
/// two.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a record",
    label = "the closure of `id_from_key` returns this",
    note = "return a `String` or an `Option<String>`: `.id_from_key(|record| record.barcode.clone())`, `.id_from_key(|record| record[\"code\"].as_str().map(str::to_owned))`"
)]
pub trait RecordKey: sealed::Key {}

impl RecordKey for String {}
impl RecordKey for Option<String> {}

pub(super) mod sealed {
    /// A private supertrait, so that [`RecordKey`](super::RecordKey) is implemented only here.
    pub trait Key {
        /// The key, if there is one.
        fn key(self) -> Option<String>;
    }

    impl Key for String {
        fn key(self) -> Option<String> {
            Some(self)
        }
    }

    impl Key for Option<String> {
        fn key(self) -> Option<String> {
            self
        }
    }
}

/// The value of a field by its path, `personal.email`, as text. The error states the reason.
pub(super) fn key_at(fields: &Fields, path: &str) -> Result<String, String> {
    let mut names = path.split('.');
    let mut value = names.next().and_then(|name| fields.get(name));
    for name in names {
        value = value.and_then(|value| value.get(name));
    }
    let text = match value {
        None | Some(Value::Null) => return Err(format!("the record has no `{path}`")),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(Value::Array(_) | Value::Object(_)) => {
            return Err(format!("the record's `{path}` is not a single value"));
        }
    };
    if text.trim().is_empty() {
        return Err(format!("the record's `{path}` is blank"));
    }
    Ok(text)
}

/// The comparison of keys in this module: `==` of RMB ignores case for most fields (recorded), and
/// blanks around user names are removed.
pub(super) fn folded(key: &str) -> String {
    key.trim().to_lowercase()
}

/// UUIDs are case-insensitive.
pub(super) fn lane(id: &str) -> String {
    id.to_ascii_lowercase()
}

/// Whether a stored record has a key: none if that cannot be decided here, because the server may
/// fold accents, or the field is a list.
pub(super) fn has_key(stored: &Fields, path: &str, key: &str) -> Option<bool> {
    let value = key_at(stored, path).ok()?;
    if folded(&value) == folded(key) {
        Some(true)
    } else if value.is_ascii() && key.is_ascii() {
        Some(false)
    } else {
        None
    }
}

/// Whether other values may be equal to a key although they differ by more than case: the server
/// folds accents.
pub(super) fn is_plain(key: &str) -> bool {
    key.is_ascii()
}

/// The records of a run so far, by their ids and keys.
///
/// For each record, 16 bytes are stored: a hash of the id or key (64 bits, so that in 10 million
/// records two differing ones collide with a probability of 3 in a million), the position, and a
/// hash of the content. With the free space of a hash table that is 20 to 35 bytes per record.
#[derive(Default)]
pub(super) struct Claims {
    hasher: RandomState,
    of: HashMap<u64, (u32, u32)>,
}

/// An earlier record of the run.
pub(super) struct Earlier {
    pub(super) index: u64,
    /// Whether it has the same content.
    pub(super) same: bool,
}

/// The registered property of a record: its id, its key, or the stored record that it matches.
#[derive(Clone, Copy, Hash)]
pub(super) enum Claim {
    Id,
    Key,
    Stored,
}

impl Claims {
    /// Registers that a record has this id or key, and returns the earlier record that has it, if
    /// there is one. Then nothing is registered, unless the later one `replaces` it.
    pub(super) fn claim(
        &mut self,
        claim: Claim,
        text: &str,
        (index, content): (u64, u32),
        replaces: bool,
    ) -> Option<Earlier> {
        let position = u32::try_from(index).unwrap_or(u32::MAX);
        match self.of.entry(self.hasher.hash_one((claim, text))) {
            Entry::Vacant(free) => {
                free.insert((position, content));
                None
            }
            Entry::Occupied(mut taken) => {
                let (earlier, other) = *taken.get();
                if replaces {
                    taken.insert((position, content));
                }
                (earlier != position).then(|| Earlier {
                    index: u64::from(earlier),
                    same: other == content,
                })
            }
        }
    }

    /// A hash of a record's content, independent of the order of its fields.
    pub(super) fn content(&self, fields: &Fields) -> u32 {
        let mut hasher = self.hasher.build_hasher();
        hash_fields(fields, &mut hasher);
        #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
        let half = hasher.finish() as u32;
        half
    }
}

fn hash_fields(fields: &Fields, into: &mut impl Hasher) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in sorted {
        name.hash(into);
        hash_value(value, into);
    }
    u8::MAX.hash(into);
}

fn hash_value(value: &Value, into: &mut impl Hasher) {
    std::mem::discriminant(value).hash(into);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(into),
        Value::Number(number) => number.to_string().hash(into),
        Value::String(text) => text.hash(into),
        Value::Array(values) => {
            values.len().hash(into);
            for value in values {
                hash_value(value, into);
            }
        }
        Value::Object(fields) => hash_fields(fields, into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_key_is_one_value_that_says_something() {
        let record =
            fields(json!({"a": {"b": "x"}, "n": 7, "blank": " \t", "list": ["x"], "null": null}));
        assert_eq!(key_at(&record, "a.b").as_deref(), Ok("x"));
        assert_eq!(key_at(&record, "n").as_deref(), Ok("7"));
        for bad in ["blank", "list", "null", "c", "a.c", "n.x", ""] {
            assert!(key_at(&record, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_servers_folding_is_followed_as_far_as_it_is_known() {
        let stored = fields(json!({"code": "Müller"}));
        assert_eq!(has_key(&stored, "code", "MÜLLER"), Some(true));
        assert_eq!(has_key(&stored, "code", "Muller"), None);
        let stored = fields(json!({"code": "Muller"}));
        assert_eq!(has_key(&stored, "code", "muller "), Some(true));
        assert_eq!(has_key(&stored, "code", "Miller"), Some(false));
    }

    #[test]
    fn the_earlier_record_and_whether_it_is_the_same_are_known() {
        let mut claims = Claims::default();
        let one = claims.content(&fields(json!({"a": 1, "b": {"c": [1, "x"]}})));
        let same = claims.content(&fields(json!({"b": {"c": [1, "x"]}, "a": 1})));
        let other = claims.content(&fields(json!({"a": 1, "b": {"c": ["x", 1]}})));
        assert!(one == same && one != other);
        assert!(claims.claim(Claim::Key, "k", (0, one), false).is_none());
        assert!(claims.claim(Claim::Id, "k", (1, one), false).is_none());
        let earlier = claims.claim(Claim::Key, "k", (5, other), false).unwrap();
        assert!(earlier.index == 0 && !earlier.same);
        let earlier = claims.claim(Claim::Key, "k", (6, same), true).unwrap();
        assert!(earlier.index == 0 && earlier.same);
        let earlier = claims.claim(Claim::Key, "k", (7, same), true).unwrap();
        assert_eq!(earlier.index, 6);
        // The same record processed again.
        assert!(claims.claim(Claim::Key, "k", (7, same), true).is_none());
    }
}
