//! Unions: selects the variant of a value that is one of several things.
//!
//! If the description names a property that identifies the variant (a discriminator), that decides.
//! Otherwise each variant is tried, and the best match is taken: the one of whose description the
//! least is missing or unknown, on all levels. The first that can be read would be wrong, because
//! nearly all fields are optional and unknown ones are preserved. A value that matches no variant
//! stays JSON.

use std::cell::Cell;
use std::fmt;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde_json::value::RawValue;

use crate::record::json::Json;
use crate::record::raw;
use crate::record::{Field, FieldWriter};
use crate::record::{lenient, misfit};
use crate::value::redact;
use crate::value::splice;

/// A value that is one of several things. Implemented by generated code.
#[doc(hidden)]
pub trait Union: Sized {
    const NAME: &'static str;

    /// The property that says which variant it is; empty where none does.
    const TAG: &'static str;

    /// Of each variant the values of the tag that mean it, and how much its description says.
    const CASES: &'static [(&'static [&'static str], u32)];

    /// Reads a value as the variant of an index, and says how much of it does not fit.
    fn case(index: usize, json: &str) -> Option<(Self, u32)>;

    fn other(value: Json) -> Self;

    fn put<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

thread_local! {
    /// How many unions are being tried, one within the other.
    static TRIALS: Cell<u32> = const { Cell::new(0) };
}

/// How deep unions are tried within unions. Each level multiplies the work by the number of
/// variants, and a server decides how deep it goes.
const DEEPEST: u32 = 6;

/// Reads a value as a variant.
#[doc(hidden)]
pub fn fit<T: Field>(json: &str) -> Option<(T, u32)> {
    let before = misfit::begin();
    let found = lenient::count();
    let decode = || T::decode(&mut serde_json::Deserializer::from_slice(json.as_bytes()));
    let read = if lenient::is_strict() {
        decode()
    } else {
        lenient::reading(decode)
    };
    let misfits = misfit::end(before);
    if lenient::count() > found {
        // It is no such variant, or a list of its own that would lose what does not fit into it: it
        // stays JSON.
        lenient::forget_since(found);
        return None;
    }
    Some((read.ok()?, misfits))
}

/// Reads a union: any JSON is one.
#[doc(hidden)]
pub fn decode_union<'de, U: Union, D: Deserializer<'de>>(deserializer: D) -> Result<U, D::Error> {
    let json = raw::read(deserializer)?;
    Ok(match best::<U>(&json) {
        Some((union, misfits)) => {
            misfit::add(misfits);
            union
        }
        None => {
            misfit::add(1);
            let raw = RawValue::from_string(json.into_owned()).map_err(serde::de::Error::custom)?;
            U::other(Json::of_raw(raw))
        }
    })
}

fn best<U: Union>(json: &str) -> Option<(U, u32)> {
    let tag = Some(U::TAG).filter(|tag| !tag.is_empty());
    if let Some(tag) = tag.and_then(|tag| text_of(json, tag)) {
        let index = U::CASES
            .iter()
            .position(|(tags, _)| tags.contains(&&*tag))?;
        return U::case(index, json);
    }
    let depth = TRIALS.get();
    // A union with a tag may contain itself, and then without a tag goes down as far as the server
    // likes.
    if depth >= DEEPEST || tag.is_some() && depth > 0 {
        return None;
    }
    TRIALS.set(depth + 1);
    // What fits least would win if all could be read.
    let best = lenient::strictly(|| tried::<U>(json));
    TRIALS.set(depth);
    best
}

/// The text of a property of an object.
fn text_of(json: &str, key: &str) -> Option<String> {
    let object: &RawValue = serde_json::from_str(json).ok()?;
    let mut members = splice::members(object)?.into_iter();
    let (_, value) = members.find(|(name, _)| name == key)?;
    serde_json::from_str(value.get()).ok()
}

fn tried<U: Union>(json: &str) -> Option<(U, u32)> {
    let mut best: Option<(U, u32, u32)> = None;
    for (index, (_, size)) in U::CASES.iter().enumerate() {
        let Some((union, misfits)) = U::case(index, json) else {
            continue;
        };
        // What takes any object fits all: it is for those that nothing else fits.
        let misfits = if *size == u32::MAX { u32::MAX } else { misfits };
        let better = best
            .as_ref()
            .is_none_or(|(_, fewest, least)| (misfits, size) < (*fewest, least));
        if better {
            best = Some((union, misfits, *size));
        }
    }
    best.map(|(union, misfits, _)| (union, if misfits == u32::MAX { 1 } else { misfits }))
}

/// Shows a union as the JSON that it is written as, but for its secrets.
#[doc(hidden)]
pub fn debug_union<U: Union + Field>(union: &U, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    match serde_json::to_value(FieldWriter(union)) {
        Ok(mut value) => {
            redact::Secrets::default().redact_value(&mut value);
            write!(out, "{} {}", U::NAME, redact::escaped(&value.to_string()))
        }
        Err(error) => write!(out, "{} ({error})", U::NAME),
    }
}

/// Defines unions: enums of what a value can be, and a catch-all that preserves the JSON of any other.
macro_rules! __union {
    ($($(#[$meta:meta])* $name:ident by $tag:literal {
        $($(#[$vmeta:meta])* $variant:ident: $held:ty as $ty:ty = [$($value:literal),*] $size:literal,)*
    })*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, PartialEq)]
            #[non_exhaustive]
            pub enum $name {
                $($(#[$vmeta])* $variant($held),)*
                /// A value that matches none of the others, as the server sent it.
                Unknown($crate::runtime::JsonValue),
            }
            impl $crate::runtime::Union for $name {
                const NAME: &'static str = stringify!($name);
                const TAG: &'static str = $tag;
                const CASES: &'static [(&'static [&'static str], u32)] = &[$((&[$($value),*], $size)),*];
                fn case(index: usize, json: &str) -> ::core::option::Option<(Self, u32)> {
                    let cases: &[fn(&str) -> ::core::option::Option<(Self, u32)>] = &[
                        $(|json| {
                            let (read, misfits) = $crate::runtime::fit::<$ty>(json)?;
                            ::core::option::Option::Some((Self::$variant(read.into()), misfits))
                        }),*
                    ];
                    cases.get(index)?(json)
                }
                #[inline]
                fn other(value: $crate::runtime::JsonValue) -> Self {
                    Self::Unknown(value)
                }
                fn put<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    match self {
                        $(Self::$variant(value) => {
                            $crate::runtime::Field::encode(::core::borrow::Borrow::<$ty>::borrow(value), serializer)
                        })*
                        Self::Unknown(value) => $crate::runtime::Serialize::serialize(value, serializer),
                    }
                }
            }
            impl<'de> $crate::runtime::Deserialize<'de> for $name {
                fn deserialize<D: $crate::runtime::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    $crate::runtime::decode_union(deserializer)
                }
            }
            impl $crate::runtime::Serialize for $name {
                fn serialize<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::Union::put(self, serializer)
                }
            }
            impl $crate::runtime::Field for $name {
                #[inline]
                fn blank() -> Self {
                    Self::Unknown(::core::default::Default::default())
                }
                fn read<'de, D: $crate::runtime::Deserializer<'de>>(&mut self, deserializer: D) -> ::core::result::Result<(), D::Error> {
                    *self = $crate::runtime::decode_union(deserializer)?;
                    ::core::result::Result::Ok(())
                }
                fn encode<S: $crate::runtime::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::runtime::Union::put(self, serializer)
                }
                #[inline]
                fn walk(&self, walk: &mut $crate::runtime::Walk) {
                    match self {
                        $(Self::$variant(value) => $crate::runtime::Field::walk(::core::borrow::Borrow::<$ty>::borrow(value), walk),)*
                        Self::Unknown(_) => {}
                    }
                }
            }
            impl ::core::fmt::Debug for $name {
                #[inline]
                fn fmt(&self, out: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    $crate::runtime::debug_union(self, out)
                }
            }
        )*
    };
}
pub(crate) use __union;
