//! A Parquet file: one column per field, with the type that represents all its values exactly.

use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::columns::ColumnType;
use crate::jobs::packing::Packer;
use crate::output::field_path::{Found, cell};

/// The size of a group of rows in memory, in bytes, and the most rows in it.
const GROUP_BYTES: usize = 64 << 20;
const GROUP_ROWS: usize = 1 << 20;

/// The file, and the rows of its next group.
pub(crate) struct ParquetFile {
    out: SerializedFileWriter<Packer>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

/// The values of a column in a group of rows.
struct Column {
    values: Values,
    /// For each row: 1 if it has a value, 0 if it has none.
    levels: Vec<i16>,
}

enum Values {
    Boolean(Vec<bool>),
    Integer(Vec<i64>),
    Double(Vec<f64>),
    Text(Vec<ByteArray>),
}

impl ParquetFile {
    pub(crate) fn begin(out: Packer, header: &[(String, ColumnType)]) -> io::Result<Self> {
        let fields = header
            .iter()
            .map(|(name, column)| field(name, *column).map(Arc::new));
        let schema = Type::group_type_builder("record")
            .with_fields(fields.collect::<Result<_, _>>().map_err(failed)?)
            .build()
            .map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("folio ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Self {
            out: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))
                .map_err(failed)?,
            columns: header
                .iter()
                .map(|(_, column)| Column::new(*column))
                .collect(),
            rows: 0,
            bytes: 0,
        })
    }

    pub(crate) fn row(&mut self, row: &[Found<'_>]) -> io::Result<()> {
        for (column, found) in self.columns.iter_mut().zip(row) {
            self.bytes += column.push(found)?;
        }
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.out.next_row_group().map_err(failed)?;
        for column in &mut self.columns {
            column.write(&mut group).map_err(failed)?;
        }
        group.close().map_err(failed)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.end_group()?;
        self.out.into_inner().map_err(failed)?.finish()
    }
}

/// The description of a column. Each value may be absent.
fn field(name: &str, column: ColumnType) -> Result<Type, ParquetError> {
    let (physical, logical) = match column {
        ColumnType::Boolean => (PhysicalType::BOOLEAN, None),
        ColumnType::Integer => (PhysicalType::INT64, None),
        ColumnType::Double => (PhysicalType::DOUBLE, None),
        ColumnType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

impl Column {
    fn new(column: ColumnType) -> Self {
        let values = match column {
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::Integer => Values::Integer(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Text => Values::Text(Vec::new()),
        };
        Self {
            values,
            levels: Vec::new(),
        }
    }

    /// Takes a value; returns its size in memory.
    fn push(&mut self, found: &Found<'_>) -> io::Result<usize> {
        let raw = match found {
            Found::Nothing => None,
            Found::One(value) if value.get() == "null" => None,
            Found::One(value) => Some(value.get()),
            Found::Each(_) => Some(""),
        };
        self.levels.push(i16::from(raw.is_some()));
        let Some(raw) = raw else {
            return Ok(size_of::<i16>());
        };
        match &mut self.values {
            Values::Boolean(values) => values.push(raw == "true"),
            Values::Integer(values) => values.push(number(raw)?),
            Values::Double(values) => values.push(number(raw)?),
            Values::Text(values) => {
                let text = cell(found).into_bytes();
                let size = text.len() + size_of::<ByteArray>();
                values.push(ByteArray::from(text));
                return Ok(size);
            }
        }
        Ok(size_of::<u64>() + size_of::<i16>())
    }

    /// Writes the values of a group of rows, and forgets them.
    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, Packer>,
    ) -> Result<(), ParquetError> {
        let levels = std::mem::take(&mut self.levels);
        match &mut self.values {
            Values::Boolean(values) => write_as::<BoolType>(group, values, &levels),
            Values::Integer(values) => write_as::<Int64Type>(group, values, &levels),
            Values::Double(values) => write_as::<DoubleType>(group, values, &levels),
            Values::Text(values) => write_as::<ByteArrayType>(group, values, &levels),
        }
    }
}

fn write_as<D: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Packer>,
    values: &mut Vec<D::T>,
    levels: &[i16],
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column =
        column.ok_or_else(|| ParquetError::General("the file has fewer columns".to_owned()))?;
    column
        .typed::<D>()
        .write_batch(values, Some(levels), None)?;
    values.clear();
    column.close()
}

fn number<T: std::str::FromStr>(raw: &str) -> io::Result<T> {
    let problem = || io::Error::other(format!("`{raw}` does not have the type of its column"));
    raw.parse().map_err(|_| problem())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error.to_string()),
        },
        error => io::Error::other(error.to_string()),
    }
}
