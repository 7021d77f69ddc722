//! JSON Schemas of records (feature `schemars`). Generated code brings their texts; here they
//! become [`schemars::Schema`]s.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::record::scalar::{DateTime, Id, Number};

/// Makes a schema of its text, in which a reference is the number of one of `references`: where the
/// referred schemas stand is the generator's to say.
pub fn schema(
    generator: &mut SchemaGenerator,
    text: &str,
    references: &[fn(&mut SchemaGenerator) -> Schema],
) -> Schema {
    // The text is written by the build; one that could not be read would say nothing about any
    // value.
    let mut value = serde_json::from_str(text).unwrap_or(Value::Bool(true));
    refer(&mut value, generator, references);
    Schema::try_from(value).unwrap_or_default()
}

fn refer(
    value: &mut Value,
    generator: &mut SchemaGenerator,
    references: &[fn(&mut SchemaGenerator) -> Schema],
) {
    match value {
        Value::Object(map) => {
            let number = map.get("$ref").and_then(Value::as_u64);
            let target = number.and_then(|number| references.get(usize::try_from(number).ok()?));
            if let Some(target) = target {
                *value = target(generator).to_value();
                return;
            }
            map.values_mut()
                .for_each(|value| refer(value, generator, references));
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| refer(value, generator, references)),
        _ => {}
    }
}

/// The values that records are made of, as the canonical documents have them.
macro_rules! values {
    ($($value:ty = $name:literal $schema:tt;)*) => {$(
        #[cfg_attr(docsrs, doc(cfg(feature = "schemars")))]
        impl JsonSchema for $value {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
            fn schema_id() -> Cow<'static, str> {
                Cow::Borrowed(concat!("folio_sdk::", $name))
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

values! {
    Id = "Id" {"type": "string", "format": "uuid"};
    DateTime = "DateTime" {"type": "string", "format": "date-time"};
    Number = "Number" {"type": "number"};
}

/// Implements `JsonSchema` for generated types: `Type = "Name" "text" [references];`.
macro_rules! __schemas {
    ($module:literal; $($ty:path = $name:literal $text:literal [$($reference:ty),*];)*) => {$(
        #[cfg_attr(docsrs, doc(cfg(feature = "schemars")))]
        impl $crate::runtime::JsonSchema for $ty {
            #[inline]
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed($name)
            }
            #[inline]
            fn schema_id() -> ::std::borrow::Cow<'static, str> {
                ::std::borrow::Cow::Borrowed(::core::concat!("folio_sdk::", $module, "::", $name))
            }
            #[inline]
            fn json_schema(generator: &mut $crate::runtime::SchemaGenerator) -> $crate::runtime::Schema {
                $crate::runtime::schema(generator, $text, &[$($crate::runtime::SchemaGenerator::subschema_for::<$reference>),*])
            }
        }
    )*};
}
pub(crate) use __schemas;
