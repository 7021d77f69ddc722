//! The statement: where its text comes from, and that it is one.

use std::fs;
use std::io::Read as _;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use folio_cli::extension::CliError;

use crate::args::Args;
use crate::failure;

/// The text of the statement.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn text(args: &Args) -> Result<String, CliError> {
    let read = |what: &str, text: std::io::Result<String>| {
        text.map_err(|error| CliError::io(format_args!("cannot read {what}"), &error))
    };
    match (&args.query, &args.file) {
        (_, Some(file)) => read(
            &format!("`{}`", file.display()),
            fs::read_to_string(file),
        ),
        (Some(query), None) if query == "-" => {
            let mut text = String::new();
            let read_text = std::io::stdin().lock().read_to_string(&mut text);
            read("the standard input", read_text.map(|_| text))
        }
        (Some(query), None) => Ok(query.clone()),
        (None, None) => Err(CliError::usage("there is no statement").with_help(
            "folio sql \"select …\"; `-` reads the statement from the standard input, --file from a file; --tables lists the tables",
        )),
    }
}

/// The statement of a text.
///
/// # Errors
/// The text is not SQL, or has no statement or several.
pub(crate) fn parse(text: &str) -> Result<Statement, CliError> {
    // Editors of Windows begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    let statements = DFParserBuilder::new(text)
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| failure::of(&error))?;
    match (statements.pop_front(), statements.len()) {
        (Some(statement), 0) => Ok(statement),
        (None, _) => Err(CliError::usage("the text has no statement")),
        (Some(_), more) => Err(CliError::usage(format!(
            "the text has {} statements, and one is executed",
            more + 1
        ))
        .with_help("run the command once for each")),
    }
}
