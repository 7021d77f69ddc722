//! DataFusion's errors as those of the command line.

use datafusion::common::DataFusionError;
use folio_cli::extension::{CliError, Exit};

/// The error of a statement, with its exit code: FOLIO's text and code, if FOLIO caused it.
pub(crate) fn of(error: &DataFusionError) -> CliError {
    let root = error.find_root();
    if let DataFusionError::External(cause) = root {
        if let Some(folio_arrow::Error::Folio(error)) = cause.downcast_ref() {
            return CliError::of(error);
        }
        if let Some(error) = cause.downcast_ref::<folio_sdk::Error>() {
            return CliError::of(error);
        }
        return CliError::other(cause.to_string());
    }
    let text = root.strip_backtrace();
    match root {
        DataFusionError::SQL(problem, _) => CliError::usage(format!(
            "the text is not a statement of SQL: {}",
            without_label(&problem.to_string())
        )),
        DataFusionError::Plan(problem) => CliError::usage(first_line(problem)).with_help(
            "`folio sql --tables` lists the tables, `folio sql --describe TABLE` the columns",
        ),
        DataFusionError::SchemaError(..) => CliError::usage(first_line(without_label(&text)))
            .with_help("`folio sql --describe TABLE` lists the columns"),
        DataFusionError::NotImplemented(problem) => {
            CliError::usage(format!("this is not supported: {problem}"))
        }
        DataFusionError::ResourcesExhausted(problem) => CliError::other(format!(
            "the statement needs more memory than it may use: {}",
            problem.lines().next().unwrap_or_default()
        ))
        .with_help("allow more with --memory, or select fewer records or columns"),
        DataFusionError::IoError(error) => {
            CliError::io("a temporary file cannot be read or written", error)
        }
        DataFusionError::ArrowError(..) | DataFusionError::Execution(_) => {
            CliError::other(format!("the statement failed: {}", without_label(&text)))
        }
        _ => CliError::new(Exit::Error, text),
    }
}

/// Without the list of all columns.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The text without the name of the kind of error, which is said otherwise.
fn without_label(text: &str) -> &str {
    let labels = [
        "sql parser error: ",
        "Schema error: ",
        "Execution error: ",
        "Arrow error: ",
    ];
    labels
        .iter()
        .find_map(|label| text.strip_prefix(label))
        .unwrap_or(text)
}
