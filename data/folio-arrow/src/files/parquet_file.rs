//! A Parquet file.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, Encoding, Type, ZstdLevel};
use parquet::file::metadata::{
    ParquetMetaData, ParquetMetaDataWriter, RowGroupMetaData, SortingColumn,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::cause::Cause;
use super::format::Format;
use super::leaves::leaves;
use super::options::{FileOptions, ParquetOptions};
use crate::layout::{EXTRA, JSON};

/// The number of rows that are written between two checks of the memory, at least; and the share of
/// a row group's memory that more rows may take.
const ROWS: usize = 1024;
const SHARE: usize = 4;

/// The bytes after the description of the file: its length, and `PAR1`.
const END: u64 = 8;

/// A file, and its row group that is not yet written.
pub(super) struct ParquetFile {
    /// None before the first batch, which decides how the columns are encoded.
    writer: Option<ArrowWriter<File>>,
    file: File,
    schema: SchemaRef,
    id: ColumnPath,
    options: ParquetOptions,
}

impl ParquetFile {
    pub(super) fn create(
        file: File,
        schema: &SchemaRef,
        options: &FileOptions,
        parquet: &ParquetOptions,
    ) -> Result<Self, Cause> {
        check(schema)?;
        // Finds the types that Parquet cannot have.
        ArrowWriter::try_new(std::io::sink(), SchemaRef::clone(schema), None)?;
        Ok(Self {
            writer: None,
            file,
            schema: SchemaRef::clone(schema),
            id: ColumnPath::from(options.id()),
            options: parquet.clone(),
        })
    }

    /// The writer, which begins with a first batch.
    fn writer(&mut self, first: &RecordBatch) -> Result<&mut ArrowWriter<File>, Cause> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let properties = properties(first, &self.id, &self.options)?;
                let (file, schema) = (self.file.try_clone()?, SchemaRef::clone(&self.schema));
                ArrowWriter::try_new(file, schema, Some(properties))?
            }
        };
        Ok(self.writer.insert(writer))
    }
}

impl Format for ParquetFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Cause> {
        let row_group_bytes = self.options.row_group_bytes;
        let step = rows_at_once(batch, row_group_bytes);
        let writer = self.writer(batch)?;
        for start in (0..batch.num_rows()).step_by(step) {
            let rows = step.min(batch.num_rows() - start);
            writer.write(&batch.slice(start, rows))?;
            if writer.memory_size() >= row_group_bytes {
                writer.flush()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, is_ordered: bool) -> Result<(), Cause> {
        let none = RecordBatch::new_empty(SchemaRef::clone(&self.schema));
        let metadata = self.writer(&none)?.finish()?;
        if is_ordered {
            declare_order(&mut self.file, metadata, &self.id)?;
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.writer.as_ref().map_or(0, ArrowWriter::memory_size)
    }
}

/// The number of rows of a batch that are written between two checks of the memory. Each write has a
/// cost per column.
fn rows_at_once(batch: &RecordBatch, row_group_bytes: usize) -> usize {
    let bytes = batch.get_array_memory_size().max(1);
    let share = row_group_bytes / SHARE;
    (batch.num_rows().saturating_mul(share) / bytes).max(ROWS)
}

/// Parquet has no structs without fields.
fn check(schema: &Schema) -> Result<(), Cause> {
    fn has_empty(field: &Field) -> bool {
        match field.data_type() {
            DataType::Struct(fields) => {
                fields.is_empty() || fields.iter().any(|field| has_empty(field))
            }
            DataType::List(element) | DataType::LargeList(element) => has_empty(element),
            _ => false,
        }
    }
    match schema.fields().iter().find(|field| has_empty(field)) {
        Some(field) => Err(Cause::Data(format!(
            "the column `{}` has a struct without fields, which Parquet cannot have",
            field.name()
        ))),
        None if schema.fields().is_empty() => Err(Cause::Data("there are no columns".to_owned())),
        None => Ok(()),
    }
}

fn properties(
    first: &RecordBatch,
    id: &ColumnPath,
    options: &ParquetOptions,
) -> Result<WriterProperties, Cause> {
    let level = ZstdLevel::try_new(options.zstd_level)?;
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("folio-arrow ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        // Only then values of a fixed length, which UUIDs are, can have dictionaries.
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(options.row_group_rows.max(1)))
        // Each identifier occurs once.
        .set_column_dictionary_enabled(id.clone(), false);
    let schema = first.schema_ref();
    let columns = ArrowSchemaConverter::new().convert(schema)?;
    let leaves = leaves(first);
    // Of other nested types, which no table of FOLIO has, the columns are not known.
    let is_known = leaves.len() == columns.num_columns();
    for (column, values) in columns.columns().iter().zip(leaves).filter(|_| is_known) {
        let path = column.path();
        if values.is_varied || values.is_empty {
            properties = properties.set_column_dictionary_enabled(path.clone(), false);
        }
        // Without a dictionary. The other encodings take a megabyte per column from the start.
        let encoding = match column.physical_type() {
            Type::BOOLEAN => Encoding::RLE,
            Type::BYTE_ARRAY if values.is_varied && values.is_text => {
                Encoding::DELTA_LENGTH_BYTE_ARRAY
            }
            _ => Encoding::PLAIN,
        };
        properties = properties.set_column_encoding(path.clone(), encoding);
        if values.is_in_list {
            properties =
                properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        }
    }
    for name in [EXTRA, JSON] {
        let column = ColumnPath::from(name);
        properties = properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_statistics_enabled(column, EnabledStatistics::Chunk);
    }
    if options.bloom_filter && schema.column_with_name(&id.string()).is_some() {
        let rows = u64::try_from(options.row_group_rows.max(1)).unwrap_or(u64::MAX);
        properties = properties
            .set_column_bloom_filter_enabled(id.clone(), true)
            .set_column_bloom_filter_fpp(id.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(id.clone(), rows);
    }
    Ok(properties.build())
}

/// Declares the order of the rows, which is known only after the last one: replaces the description
/// at the end of the file.
fn declare_order(file: &mut File, metadata: ParquetMetaData, id: &ColumnPath) -> Result<(), Cause> {
    let mut columns = metadata.file_metadata().schema_descr().columns().iter();
    let at = columns
        .position(|column| column.path() == id)
        .map(i32::try_from);
    let Some(Ok(column_idx)) = at else {
        return Ok(());
    };
    let order = vec![SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    }];
    // The page index is in the file: the columns have its position.
    let mut builder = metadata
        .into_builder()
        .set_column_index(None)
        .set_offset_index(None);
    let groups = builder.take_row_groups().into_iter().map(|group| {
        group
            .into_builder()
            .set_sorting_columns(Some(order.clone()))
            .build()
    });
    let groups = groups.collect::<Result<Vec<RowGroupMetaData>, _>>()?;
    let metadata = builder.set_row_groups(groups).build();

    let end = file.seek(SeekFrom::End(0))?;
    let mut length = [0; 4];
    file.seek(SeekFrom::Start(end.saturating_sub(END)))?;
    file.read_exact(&mut length)?;
    let start = end.saturating_sub(END + u64::from(u32::from_le_bytes(length)));
    file.set_len(start)?;
    file.seek(SeekFrom::Start(start))?;
    ParquetMetaDataWriter::new(file, &metadata).finish()?;
    Ok(())
}
