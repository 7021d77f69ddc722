//! The columns of a table.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use crate::kind::{Field, Kind};

/// The name of the column with what does not fit the other columns.
pub const EXTRA: &str = "_extra";

/// The name of the column with the whole records.
pub const JSON: &str = "_json";

/// The name of the column of records that are no objects: a list of texts, for example.
const VALUE: &str = "value";

/// How UUIDs are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uuids {
    /// As `FixedSizeBinary(16)` with the extension type `arrow.uuid`. Text that is not a UUID in
    /// lower case with hyphens is in `_extra`.
    #[default]
    Binary,
    /// As `Utf8`, which holds any text.
    Text,
}

/// Choices for the columns of a table.
///
/// ```
/// use folio_arrow::{LayoutOptions, Uuids};
///
/// let options = LayoutOptions { uuids: Uuids::Text, raw: true, ..LayoutOptions::default() };
/// assert_eq!(options.money_scale, 4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutOptions {
    /// How UUIDs are stored: [`Uuids::Binary`] by default.
    pub uuids: Uuids,
    /// Whether the column `_json` has the whole record as JSON text, without the white space between
    /// its parts. False by default.
    pub raw: bool,
    /// The number of digits behind the point of amounts of money, at most 18. By default 4, the
    /// largest number that a currency of ISO 4217 has. Amounts with more digits are in `_extra`.
    pub money_scale: u8,
}

impl Default for LayoutOptions {
    fn default() -> Self {
        Self {
            uuids: Uuids::Binary,
            raw: false,
            money_scale: 4,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The field of the record with this number.
    Field(usize),
    Extra,
    Raw,
}

/// The columns of a table, and how records are decoded into them: [`Table::layout`](crate::Table::layout).
///
/// The columns are the fields of the record, `id` first and the others by name; then `_extra`, and
/// `_json` if it was chosen. All can be null. `docs/arrow.md` has the types.
#[derive(Clone, Debug)]
pub struct Layout {
    fields: Arc<[Field]>,
    /// Whether the records are objects; otherwise the one field is the whole record.
    is_object: bool,
    columns: Arc<[Column]>,
    schema: SchemaRef,
}

impl Layout {
    pub(crate) fn new(record: Kind, options: &LayoutOptions) -> Self {
        let (fields, is_object) = match record {
            Kind::Record(fields) => (fields, true),
            kind => {
                let name = VALUE.into();
                (vec![Field { name, kind }].into(), false)
            }
        };
        let columns = (0..fields.len()).map(Column::Field);
        let raw = options.raw.then_some(Column::Raw);
        let columns = columns.chain([Column::Extra]).chain(raw).collect();
        Self::of(fields, is_object, columns)
    }

    fn of(fields: Arc<[Field]>, is_object: bool, columns: Arc<[Column]>) -> Self {
        let arrow = columns.iter().filter_map(|column| {
            Some(match column {
                Column::Field(at) => {
                    let field = fields.get(*at)?;
                    field.kind.field(&field.name)
                }
                Column::Extra => Kind::Json.field(EXTRA),
                Column::Raw => Kind::Json.field(JSON),
            })
        });
        let schema = Arc::new(Schema::new(arrow.collect::<Vec<_>>()));
        Self {
            fields,
            is_object,
            columns,
            schema,
        }
    }

    /// The Arrow schema.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// The layout of some of the columns, by their numbers in the [schema](Self::schema), in this
    /// order. Numbers of no column are ignored.
    ///
    /// The other columns are not decoded, unless `_extra` is among the chosen ones: it has the values
    /// that fit no column, of all columns.
    #[must_use]
    pub fn project(&self, columns: &[usize]) -> Self {
        let chosen = columns.iter().filter_map(|at| self.columns.get(*at));
        let columns = chosen.copied().collect();
        Self::of(Arc::clone(&self.fields), self.is_object, columns)
    }

    pub(crate) fn fields(&self) -> &Arc<[Field]> {
        &self.fields
    }

    pub(crate) fn is_object(&self) -> bool {
        self.is_object
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        self.columns.contains(&column)
    }
}

impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
            && self.is_object == other.is_object
            && self.columns == other.columns
    }
}

impl Eq for Layout {}
