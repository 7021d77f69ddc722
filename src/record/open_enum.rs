//! Enums that preserve unknown values.

use serde::de::Deserializer;

use crate::record::lenient;
use crate::record::misfit::misfit;

/// An enum that preserves unknown values.
#[doc(hidden)]
pub trait OpenEnum: for<'a> From<&'a str> {
    fn is_listed(&self) -> bool;
}

/// Reads an open enum into its place.
#[doc(hidden)]
pub fn read_enum<'de, E: OpenEnum, D: Deserializer<'de>>(
    place: &mut E,
    deserializer: D,
) -> Result<(), D::Error> {
    let take = &mut |text: &str| {
        *place = E::from(text);
        if !place.is_listed() {
            misfit();
        }
    };
    lenient::read_text(&mut lenient::Taking(take), deserializer)
}

/// Reads an open enum: any string is one.
#[doc(hidden)]
pub fn decode_enum<'de, E: OpenEnum, D: Deserializer<'de>>(deserializer: D) -> Result<E, D::Error> {
    let mut value = E::from("");
    let read = lenient::strictly(|| read_enum(&mut value, deserializer));
    read.map(|()| value)
}
