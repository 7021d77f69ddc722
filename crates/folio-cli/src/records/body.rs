//! The body of a request: a file, the standard input, or fields on the command line.

use std::io::{self, Read as _};
use std::path::PathBuf;

use folio_sdk::Json;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::context::Context;
use crate::error::CliError;
use crate::file::encoding_problem;
use crate::records::set_fields::{self, FieldChanges};

/// The body of a request.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct BodyArgs {
    /// The file with the body; `-` is the standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) changes: FieldChanges,
    /// The media type of the body, if it is not JSON; the file is then sent unchanged
    #[arg(long, value_name = "TYPE", requires = "file")]
    content_type: Option<String>,
}

/// A body that is ready to be sent.
#[derive(Debug)]
pub(crate) enum Payload {
    Json(Box<RawValue>),
    Other { media_type: String, bytes: Vec<u8> },
}

impl BodyArgs {
    /// Whether there is a file.
    pub(crate) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Reads the body; none if there is neither a file nor a field.
    ///
    /// # Errors
    /// The file cannot be read, or is not JSON; a field cannot be set.
    pub(crate) async fn read(&self, context: &Context) -> Result<Option<Payload>, CliError> {
        let Some(file) = &self.file else {
            if self.changes.is_empty() {
                return Ok(None);
            }
            return self.changed(Value::Object(Map::new()).into()).map(Some);
        };
        let name = match file.to_str() {
            Some("-") => "the standard input".to_owned(),
            _ => format!("`{}`", file.display()),
        };
        let path = file.clone();
        let reading = context.interruptible(async move {
            let read = tokio::task::spawn_blocking(move || bytes_of(&path)).await;
            read.unwrap_or_else(|error| Err(io::Error::other(error)))
        });
        let bytes = reading
            .await?
            .map_err(|error| CliError::io(format_args!("cannot read {name}"), &error))?;
        if let Some(media_type) = &self.content_type {
            if !self.changes.is_empty() {
                return Err(CliError::usage(
                    "--set changes JSON; with --content-type the file is sent unchanged",
                ));
            }
            return Ok(Some(Payload::Other {
                media_type: media_type.clone(),
                bytes,
            }));
        }
        let json = parse(&bytes, &name)?;
        if self.changes.is_empty() {
            return Ok(Some(Payload::Json(json)));
        }
        self.changed(
            json.get()
                .parse()
                .map_err(|error| not_json(&name, &error))?,
        )
        .map(Some)
    }

    fn changed(&self, mut body: Json) -> Result<Payload, CliError> {
        set_fields::apply(&self.changes.parsed()?, &mut body)?;
        crate::output::json::to_raw(&body).map(Payload::Json)
    }
}

fn bytes_of(path: &PathBuf) -> io::Result<Vec<u8>> {
    if path.to_str() == Some("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(path)
}

/// Checks that a body is JSON. `name` is that of its source.
///
/// # Errors
/// It is not: the error states the place.
pub(crate) fn parse(bytes: &[u8], name: &str) -> Result<Box<RawValue>, CliError> {
    // Editors of Windows begin a file with a mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(CliError::usage(format!(
            "{name} is empty; nothing was sent"
        )));
    }
    if let Some(problem) = encoding_problem(bytes) {
        return Err(CliError::usage(format!(
            "{name} is not JSON: {problem}; nothing was sent"
        )));
    }
    serde_json::from_slice(bytes).map_err(|error| not_json(name, &error))
}

fn not_json(name: &str, error: &serde_json::Error) -> CliError {
    CliError::usage(format!("{name} is not JSON: {error}; nothing was sent"))
}
