//! The kinds of columns, and the Arrow types that they have.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY};
use arrow_schema::{DataType, Field as ArrowField, FieldRef, Fields, TimeUnit};

/// The names of extension types.
pub(crate) const UUID: &str = "arrow.uuid";
pub(crate) const JSON: &str = "arrow.json";

/// The digits of a decimal.
pub(crate) const PRECISION: u8 = 38;

/// The time zone of timestamps.
pub(crate) const UTC: &str = "UTC";

/// What the values of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// JSON as text: of values without a description, of alternatives, and of records that are
    /// nested too deeply.
    Json,
    Boolean,
    Int32,
    Int64,
    Float64,
    /// Money, with so many digits behind the point.
    Decimal(i8),
    /// Microseconds since 1970.
    Timestamp,
    Date,
    Uuid,
    /// Text of these values, and others that the server has.
    Enum(Arc<[Box<str>]>),
    List(Box<Kind>),
    Record(Arc<[Field]>),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
}

impl Kind {
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Text | Self::Json => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal(scale) => DataType::Decimal128(PRECISION, *scale),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
            Self::Date => DataType::Date32,
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Enum(_) => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            Self::List(elements) => DataType::List(elements.element_field()),
            Self::Record(fields) => DataType::Struct(arrow_fields(fields)),
        }
    }

    /// The field of the elements of a list.
    pub(crate) fn element_field(&self) -> FieldRef {
        Arc::new(self.field(ArrowField::LIST_FIELD_DEFAULT_NAME))
    }

    /// The field of a column. Each can be null: absent values are, and values that do not fit.
    pub(crate) fn field(&self, name: &str) -> ArrowField {
        let field = ArrowField::new(name, self.data_type(), true);
        let extension = match self {
            Self::Uuid => UUID,
            Self::Json => JSON,
            _ => return field,
        };
        let mut metadata =
            HashMap::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), extension.to_owned())]);
        if *self == Self::Json {
            metadata.insert(EXTENSION_TYPE_METADATA_KEY.to_owned(), String::new());
        }
        field.with_metadata(metadata)
    }

    /// The bytes that a value of the column takes at least, also if it is null.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Boolean => 1,
            Self::Text | Self::Json | Self::Int32 | Self::Date | Self::Enum(_) | Self::List(_) => 4,
            Self::Int64 | Self::Float64 | Self::Timestamp => 8,
            Self::Decimal(_) | Self::Uuid => 16,
            Self::Record(fields) => fields.iter().map(|field| field.kind.width()).sum(),
        }
    }
}

/// The Arrow fields of a record.
pub(crate) fn arrow_fields(fields: &[Field]) -> Fields {
    fields
        .iter()
        .map(|field| field.kind.field(&field.name))
        .collect()
}
