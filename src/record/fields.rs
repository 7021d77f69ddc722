//! The values that fields can have: options, lists, maps, records, text and numbers.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use crate::record::decode::read;
use crate::record::encode::encode;
use crate::record::json::Json;
use crate::record::lenient::values::other_kinds;
use crate::record::lenient::{self, PathStep, Walk};
use crate::record::scalar::Number;
use crate::record::seeds::{InPlace, Next, Present, Required};
use crate::record::traits::{Field, Record};
use crate::record::walk::walk_record;
use crate::record::writer::FieldWriter;

impl<T: Field> Field for Option<T> {
    const HAS_NULL: bool = true;

    fn blank() -> Self {
        None
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = None;
        Present(self, PhantomData).deserialize(deserializer)?;
        Ok(())
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&FieldWriter(value)),
            None => serializer.serialize_none(),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn walk(&self, walk: &mut Walk) {
        if let Some(value) = self {
            value.walk(walk);
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }

    /// Elements that are `null` are left out where the description does not know them: `null` is
    /// absent everywhere else too. So are records that are no objects; other values of another
    /// type are blank.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Elements<'a, T>(&'a mut Vec<T>);
        impl<'de, T: Field> Visitor<'de> for Elements<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                let before = lenient::count();
                let mut found = before;
                let mut index = 0;
                loop {
                    let there = if T::HAS_NULL {
                        seq.next_element_seed(Next(&mut *self.0))?.map(|()| true)
                    } else {
                        seq.next_element_seed(Present(&mut *self.0, PhantomData))?
                    };
                    match there {
                        None => return Ok(()),
                        Some(true) if lenient::count() > found => {
                            odd_element(self.0, found, index);
                            found = lenient::count();
                        }
                        Some(true) => {}
                        Some(false) => {
                            lenient::found_null(&PathStep::At(index), T::IS_RECORD);
                            found = lenient::count();
                        }
                    }
                    index += 1;
                }
            }
            other_kinds! { boolean number text null object }
        }
        self.clear();
        deserializer.deserialize_any(Elements(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.len()))?;
        for element in self {
            seq.serialize_element(&FieldWriter(element))?;
        }
        seq.end()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.list(self.iter());
    }
}

/// Something does not fit in the element that was read last.
#[cold]
fn odd_element<T: Field>(list: &mut Vec<T>, before: usize, index: usize) {
    if lenient::is_unread(before) {
        list.pop();
        if T::IS_RECORD {
            lenient::leave_out(before);
        } else {
            list.push(T::blank());
        }
    }
    lenient::within(before, &PathStep::At(index));
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn blank() -> Self {
        BTreeMap::new()
    }

    /// Values of another type are left out.
    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Entries<'a, T>(&'a mut BTreeMap<String, T>);
        impl<'de, T: Field> Visitor<'de> for Entries<'_, T> {
            type Value = ();
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    let before = lenient::count();
                    let mut value = T::blank();
                    let mut is_there = if T::HAS_NULL {
                        map.next_value_seed(InPlace(&mut value))?;
                        true
                    } else {
                        map.next_value_seed(Present(&mut Required(&mut value), PhantomData))?
                    };
                    if lenient::count() > before {
                        if lenient::is_unread(before) {
                            lenient::leave_out(before);
                            is_there = false;
                        }
                        lenient::within(before, &PathStep::Key(key.clone()));
                    }
                    if is_there {
                        self.0.insert(key, value);
                    } else if lenient::count() == before {
                        lenient::found_null(&PathStep::Key(key), false);
                    }
                }
                Ok(())
            }
            other_kinds! { boolean number text null list }
        }
        self.clear();
        deserializer.deserialize_any(Entries(self))
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self {
            map.serialize_entry(key, &FieldWriter(value))?;
        }
        map.end()
    }

    fn walk(&self, walk: &mut Walk) {
        walk.map(self.iter());
    }
}

impl<R: Record> Field for R {
    const IS_RECORD: bool = true;

    fn blank() -> Self {
        Record::blank()
    }

    fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        read(self, deserializer)
    }

    fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        encode(self, serializer)
    }

    fn walk(&self, walk: &mut Walk) {
        walk_record(self, walk);
    }
}

/// Fields that serde writes as FOLIO wants it.
macro_rules! plain_fields {
    ($($type:ty = $blank:expr $(; null $has_null:literal)? => $read:expr,)*) => {
        $(impl Field for $type {
            $(const HAS_NULL: bool = $has_null;)?

            fn blank() -> Self {
                $blank
            }
            #[inline]
            fn read<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                $read(self, deserializer)
            }
            fn encode<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        })*
    };
}

plain_fields! {
    String = String::new() => lenient::read_text,
    bool = false => lenient::read_boolean,
    Value = Value::Null; null true => read_any,
    Json = Json::default(); null true => read_any,
    crate::record::scalar::Id = crate::record::scalar::Id::default() => lenient::read_text,
    crate::record::scalar::DateTime = crate::record::scalar::DateTime::default() => lenient::read_text,
    Number = Number::default() => read_number,
    i64 = 0 => read_integer,
    i32 = 0 => read_integer,
}

fn read_any<'de, T: serde::Deserialize<'de>, D: Deserializer<'de>>(
    place: &mut T,
    deserializer: D,
) -> Result<(), D::Error> {
    *place = serde::Deserialize::deserialize(deserializer)?;
    Ok(())
}

fn read_number<'de, D: Deserializer<'de>>(
    place: &mut Number,
    deserializer: D,
) -> Result<(), D::Error> {
    lenient::read_number("a number", deserializer, &mut |text| {
        *place = Number::of_json(text);
        true
    })
}

/// Reads a whole number. It may be written with a fraction of zeros: JSON knows no difference.
fn read_integer<'de, T: TryFrom<i64>, D: Deserializer<'de>>(
    place: &mut T,
    deserializer: D,
) -> Result<(), D::Error> {
    let expected = match size_of::<T>() {
        4 => "a whole number of 32 bits",
        _ => "a whole number of 64 bits",
    };
    lenient::read_number(expected, deserializer, &mut |text| {
        let number = match text.parse() {
            Ok(number) => Some(number),
            Err(_) => Number::of_json(text).as_i64(),
        };
        match number.map(T::try_from) {
            Some(Ok(number)) => {
                *place = number;
                true
            }
            _ => false,
        }
    })
}
