//! The Parquet files of `folio export`.
//!
//! The columns are those of FOLIO's descriptions: [`folio_arrow::Layout`]. With `--fields` each chosen
//! field is a column by its path, and `_extra` follows. A field that the descriptions do not have is a
//! column of JSON text. A list that they do not have has the columns `id` and `_json`.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::extension::Json;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};
use folio_arrow::files::{FileFormat, FileOptions, FileWriter, ParquetOptions};
use folio_arrow::{ColumnCount, Decoder, EXTRA, JSON, LayoutOptions, Limits, Release, Table};
use folio_cli::extension::{
    CliError, Selection, TableFormat, TableReport, TableRequest, TableWriter,
};
use serde_json::value::RawValue;

use crate::engine;
use crate::select::ColumnPath;

/// The maximum number of columns whose values in `_extra` are reported one by one.
const MOST_REPORTED: usize = 20;

/// The limits of a batch of text.
const TEXT_ROWS: usize = 8_192;
const TEXT_BYTES: usize = 16 << 20;

/// Writes the Parquet files of `folio export`.
#[derive(Debug)]
pub(crate) struct Parquet;

impl TableFormat for Parquet {
    fn check(&self, release: Option<&str>, fields: Option<&Selection>) -> Result<(), CliError> {
        if fields.is_some_and(|fields| fields.paths().any(|path| path == EXTRA)) {
            return Err(CliError::usage(format!(
                "--fields names `{EXTRA}`, which is the last column in any case"
            )));
        }
        release.map(engine::named).transpose().map(drop)
    }

    fn begin(&self, request: &TableRequest<'_>) -> Result<Box<dyn TableWriter>, CliError> {
        let release = request.release.map(str::parse::<Release>);
        let release = release.and_then(Result::ok).unwrap_or_default();
        let (source, note) = match Table::at(release, request.list) {
            Ok(table) => (Source::described(&table, request.fields), None),
            Err(error) => {
                let columns = match request.fields {
                    None => {
                        format!("the columns are `id` and `{JSON}`, the whole record as JSON text")
                    }
                    Some(_) => "the columns of --fields are JSON text".to_owned(),
                };
                let source = Source::Text(TextColumns::of_list(request.fields));
                (source, Some(format!("{error}: {columns}")))
            }
        };
        let mut notes: Vec<String> = note.into_iter().collect();
        if let Source::Described {
            json: Some(json), ..
        } = &source
        {
            notes.push(format!(
                "{release} does not describe `{}` of {}: JSON text",
                json.selection.paths().collect::<Vec<_>>().join("`, `"),
                request.list
            ));
        }
        let schema = source.schema();
        let file = create(request.file, &schema)?;
        Ok(Box::new(Export {
            file,
            schema,
            source,
            report: TableReport {
                notes,
                ..TableReport::default()
            },
        }))
    }
}

fn create(path: &Path, schema: &SchemaRef) -> Result<FileWriter, CliError> {
    let parquet = FileFormat::Parquet(ParquetOptions::default());
    let options = FileOptions::default().format(parquet).overwrite(true);
    FileWriter::create(path, SchemaRef::clone(schema), &options).map_err(|error| failed(&error))
}

fn failed(error: &folio_arrow::files::FileError) -> CliError {
    CliError::other(error.to_string())
}

/// An export to a Parquet file.
struct Export {
    file: FileWriter,
    schema: SchemaRef,
    source: Source,
    report: TableReport,
}

/// How records become columns.
enum Source {
    /// The list is described: typed columns.
    Described {
        decoder: Box<Decoder>,
        chosen: Option<Vec<Chosen>>,
        /// The chosen fields that are described.
        typed: Option<Selection>,
        /// The others.
        json: Option<TextColumns>,
    },
    Text(TextColumns),
}

/// Where a column comes from.
enum Chosen {
    Typed(ColumnPath),
    /// The column of JSON text with this number.
    Text(usize),
}

/// Columns of text.
struct TextColumns {
    selection: Selection,
    names: Vec<String>,
    builders: Vec<StringBuilder>,
    /// The first column is text, the others are JSON.
    has_id: bool,
    /// Whether the last column is the whole record.
    has_whole: bool,
    rows: usize,
    bytes: usize,
}

impl Source {
    /// Of a list that is described.
    fn described(table: &Table, fields: Option<&Selection>) -> Self {
        let layout = table.layout(&LayoutOptions::default());
        let limits = Limits::default();
        let Some(fields) = fields else {
            return Self::Described {
                decoder: Box::new(Decoder::new(&layout, limits)),
                chosen: None,
                typed: None,
                json: None,
            };
        };
        let schema = layout.schema();
        let mut columns: Vec<usize> = Vec::new();
        let (mut typed, mut others) = (Vec::new(), Vec::new());
        let chosen = fields.paths().map(|path| {
            let found = ColumnPath::find(&schema, path).filter(|_| path != EXTRA);
            match found {
                Some(mut found) => {
                    typed.push(path.to_owned());
                    // Its number among the columns that are decoded.
                    found.column = match columns.iter().position(|at| *at == found.column) {
                        Some(number) => number,
                        None => {
                            columns.push(found.column);
                            columns.len() - 1
                        }
                    };
                    Chosen::Typed(found)
                }
                None => {
                    others.push(path.to_owned());
                    Chosen::Text(others.len() - 1)
                }
            }
        });
        let chosen = chosen.collect();
        columns.extend(schema.index_of(EXTRA));
        let json = (!others.is_empty()).then(|| TextColumns::of_fields(others));
        Self::Described {
            decoder: Box::new(Decoder::new(&layout.project(&columns), limits)),
            chosen: Some(chosen),
            typed: Some(Selection::new(typed)),
            json,
        }
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::Described {
                decoder,
                chosen: None,
                ..
            } => decoder.layout().schema(),
            Self::Described {
                decoder,
                chosen: Some(chosen),
                json,
                ..
            } => {
                let fields = chosen.iter().filter_map(|chosen| match chosen {
                    Chosen::Typed(path) => Some(FieldRef::clone(&path.field)),
                    Chosen::Text(number) => json.as_ref()?.fields().into_iter().nth(*number),
                });
                let decoded = decoder.layout().schema();
                let extra = decoded.fields().iter().last().cloned();
                Arc::new(Schema::new(fields.chain(extra).collect::<Vec<_>>()))
            }
            Self::Text(text) => Arc::new(Schema::new(text.fields())),
        }
    }

    fn push(&mut self, record: &RawValue) -> Result<(), folio_arrow::Error> {
        match self {
            Self::Described {
                decoder,
                typed,
                json,
                ..
            } => {
                match (typed, &json) {
                    // The others have columns of their own, and are not in `_extra`.
                    (Some(typed), Some(_)) => decoder.push(&typed.project(record))?,
                    _ => decoder.push(record)?,
                }
                if let Some(json) = json {
                    json.push(record);
                }
                Ok(())
            }
            Self::Text(text) => {
                text.push(record);
                Ok(())
            }
        }
    }

    fn is_full(&self) -> bool {
        match self {
            Self::Described { decoder, json, .. } => {
                decoder.is_full() || json.as_ref().is_some_and(TextColumns::is_full)
            }
            Self::Text(text) => text.is_full(),
        }
    }

    /// The batch, and begins the next one.
    fn flush(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>, folio_arrow::Error> {
        let (arrays, rows) = match self {
            Self::Described {
                decoder,
                chosen,
                json,
                ..
            } => {
                let Some(batch) = decoder.flush()? else {
                    return Ok(None);
                };
                let Some(chosen) = chosen else {
                    return Ok(Some(batch));
                };
                let mut arrays = chosen_columns(chosen, &batch, json.as_mut())?;
                // `_extra`.
                arrays.extend(batch.columns().last().cloned());
                (arrays, batch.num_rows())
            }
            Self::Text(text) if text.rows == 0 => return Ok(None),
            Self::Text(text) => {
                let rows = text.rows;
                (text.finish(), rows)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(SchemaRef::clone(schema), arrays, &options)?;
        Ok(Some(batch))
    }

    fn misfits(&self) -> Vec<ColumnCount> {
        match self {
            Self::Described { decoder, .. } => decoder.misfits(),
            Self::Text(_) => Vec::new(),
        }
    }
}

fn chosen_columns(
    chosen: &[Chosen],
    batch: &RecordBatch,
    json: Option<&mut TextColumns>,
) -> Result<Vec<ArrayRef>, ArrowError> {
    let texts = json.map(TextColumns::finish).unwrap_or_default();
    let missing = || ArrowError::SchemaError("a chosen column was not decoded".to_owned());
    let arrays = chosen.iter().map(|chosen| match chosen {
        Chosen::Typed(path) => {
            let column = batch.columns().get(path.column);
            path.values(column.ok_or_else(missing)?)
        }
        Chosen::Text(number) => texts.get(*number).cloned().ok_or_else(missing),
    });
    arrays.collect()
}

impl TextColumns {
    /// Of a list that is not described: the chosen fields, or `id` and the whole record.
    fn of_list(fields: Option<&Selection>) -> Self {
        match fields {
            Some(fields) => Self::of_fields(fields.paths().map(str::to_owned).collect()),
            None => Self {
                has_id: true,
                has_whole: true,
                ..Self::new(vec!["id".to_owned()], &[JSON])
            },
        }
    }

    fn of_fields(paths: Vec<String>) -> Self {
        Self::new(paths, &[])
    }

    fn new(paths: Vec<String>, others: &[&str]) -> Self {
        let others = others.iter().map(|&name| name.to_owned());
        let names: Vec<String> = paths.iter().cloned().chain(others).collect();
        Self {
            selection: Selection::new(paths),
            builders: names.iter().map(|_| StringBuilder::new()).collect(),
            names,
            has_id: false,
            has_whole: false,
            rows: 0,
            bytes: 0,
        }
    }

    fn fields(&self) -> Vec<FieldRef> {
        let fields = self.names.iter().enumerate().map(|(at, name)| {
            let field = Field::new(name, DataType::Utf8, true);
            match self.has_id && at == 0 {
                true => Arc::new(field),
                false => Arc::new(field.with_extension_type(Json::default())),
            }
        });
        fields.collect()
    }

    fn push(&mut self, record: &RawValue) {
        let mut values = self.selection.json(record);
        if self.has_id {
            // Text is as it is; what else an id may be is in the whole record.
            for value in &mut values {
                let text = value.as_deref().map(serde_json::from_str::<String>);
                *value = text.and_then(Result::ok);
            }
        }
        if self.has_whole {
            values.push(Some(record.get().to_owned()));
        }
        for (builder, value) in self.builders.iter_mut().zip(values) {
            self.bytes += value.as_ref().map_or(0, String::len);
            builder.append_option(value);
        }
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.rows >= TEXT_ROWS || self.bytes >= TEXT_BYTES
    }

    fn finish(&mut self) -> Vec<ArrayRef> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.builders.iter_mut();
        arrays.map(|it| Arc::new(it.finish()) as ArrayRef).collect()
    }
}

impl Export {
    fn write_batch(&mut self) -> Result<(), CliError> {
        let batch = self.source.flush(&self.schema);
        let batch = batch.map_err(|error| CliError::other(error.to_string()))?;
        match batch {
            Some(batch) => self.file.write(&batch).map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }
}

impl TableWriter for Export {
    fn write(&mut self, record: &RawValue) -> Result<(), CliError> {
        self.source.push(record).map_err(|error| {
            CliError::other(format!("a record cannot be written: {error}"))
                .with_help("export the list to .jsonl")
        })?;
        match self.source.is_full() {
            true => self.write_batch(),
            false => Ok(()),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<TableReport, CliError> {
        self.write_batch()?;
        let Self {
            file,
            source,
            mut report,
            ..
        } = *self;
        file.finish().map_err(|error| failed(&error))?;
        add_counts(&mut report, &source.misfits());
        Ok(report)
    }
}

/// Reports the values that are in `_extra`.
fn add_counts(report: &mut TableReport, counts: &[ColumnCount]) {
    let name = |count: &ColumnCount| match count.column.is_empty() {
        true => "other fields".to_owned(),
        false => format!("`{}`", count.column),
    };
    let total = |count: &ColumnCount| count.misfits + count.rewritten + count.unknown;
    report.in_extra = counts.iter().map(total).sum();
    for count in counts.iter().take(MOST_REPORTED) {
        let name = name(count);
        if count.misfits > 0 {
            report.warnings.push(format!(
                "{name}: {} values do not fit the column's type; they are in `{EXTRA}`",
                count.misfits
            ));
        }
        if count.unknown > 0 {
            report.notes.push(format!(
                "{name}: FOLIO does not describe the field; its {} values are in `{EXTRA}`",
                count.unknown
            ));
        }
        if count.rewritten > 0 {
            report.notes.push(format!(
                "{name}: {} values are written in another form than the column restores; `{EXTRA}` has their text",
                count.rewritten
            ));
        }
    }
    let rest = counts.get(MOST_REPORTED..).unwrap_or_default();
    if !rest.is_empty() {
        let values: u64 = rest.iter().map(total).sum();
        report.warnings.push(format!(
            "{values} values of {} other columns and fields are in `{EXTRA}`",
            rest.len()
        ));
    }
}
