//! The tables, and the columns of a table.

use std::path::Path;

use arrow_schema::DataType;
use datafusion::catalog::CatalogProvider as _;
use datafusion::common::TableReference;
use folio_arrow::Table;
use folio_cli::extension::{CliError, Format, Session};
use serde::Serialize;
use serde_json::value::to_raw_value;

use crate::engine::Engine;
use crate::failure;

#[derive(Serialize)]
struct TableRow<'a> {
    table: String,
    path: &'a str,
    module: &'static str,
}

#[derive(Serialize)]
struct ColumnRow<'a> {
    column: &'a str,
    #[serde(rename = "type")]
    types: String,
}

/// Lists the tables of the tenant whose name or path contains a text. Nothing is requested.
///
/// # Errors
/// The result cannot be written.
pub(crate) fn tables(out: &Out<'_>, engine: &Engine, text: &str) -> Result<(), CliError> {
    let schemas = engine.catalog.schema_names();
    let wanted = text.to_lowercase();
    let all = Table::all(engine.release);
    let mut rows: Vec<TableRow<'_>> = all
        .iter()
        .filter(|table| schemas.iter().any(|schema| schema == table.schema_name()))
        .map(|table| TableRow {
            table: format!("{}.{}", table.schema_name(), table.name()),
            path: table.path(),
            module: table.module(),
        })
        .filter(|row| row.table.contains(&wanted) || row.path.to_lowercase().contains(&wanted))
        .collect();
    rows.sort_by(|one, other| one.table.cmp(&other.table));
    let count = rows.len();
    out.write(&["table", "path", "module"], rows)?;
    out.session
        .note(format_args!("{count} tables, of {}", engine.release));
    Ok(())
}

/// Lists the columns of a table. Nothing is requested.
///
/// # Errors
/// There is no such table, or the result cannot be written.
pub(crate) async fn columns(out: &Out<'_>, engine: &Engine, table: &str) -> Result<(), CliError> {
    let name = TableReference::parse_str(table);
    let provider = engine.context.table_provider(name).await;
    let schema = provider.map_err(|error| failure::of(&error))?.schema();
    let rows = schema.fields().iter().map(|field| ColumnRow {
        column: field.name(),
        types: type_name(field.data_type()),
    });
    out.write(&["column", "type"], rows.collect())
}

/// Where a list is written.
pub(crate) struct Out<'a> {
    session: &'a Session<'a>,
    path: Option<&'a Path>,
    format: Format,
}

impl<'a> Out<'a> {
    pub(crate) fn new(session: &'a Session<'a>, path: Option<&'a Path>, format: Format) -> Self {
        Self {
            session,
            path,
            format,
        }
    }

    fn write<T: Serialize>(&self, columns: &[&str], rows: Vec<T>) -> Result<(), CliError> {
        let columns: Vec<String> = columns.iter().map(|&name| name.to_owned()).collect();
        let mut out = self.session.rows(&columns, self.path, self.format);
        for row in rows {
            let row = to_raw_value(&row).map_err(|error| CliError::other(error.to_string()))?;
            out.write(&row)?;
        }
        out.finish().map(drop)
    }
}

/// The type in the words of SQL.
fn type_name(types: &DataType) -> String {
    match types {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text".to_owned(),
        DataType::Dictionary(_, value) => type_name(value),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::List(element) => format!("{}[]", type_name(element.data_type())),
        DataType::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|field| format!("{} {}", field.name(), type_name(field.data_type())));
            format!("struct({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
