//! The errors of the generator.

use std::fmt;
use std::path::PathBuf;

/// The reason why nothing was generated: the input, its problem, the remedy.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A document is not JSON.
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A document is not canonical: `folio-spec` did not write it, or it was edited.
    Document {
        /// The document, `mod-users`.
        document: String,
        /// A JSON pointer into it.
        pointer: String,
        /// The actual and the expected content.
        problem: String,
    },
    /// The code of a package cannot be written.
    Package(String),
    /// progenitor or typify rejected a document, or produced output that the passes do not support.
    Model {
        /// The document, `mod-users`.
        document: String,
        /// Their message.
        problem: String,
    },
}

impl Error {
    pub(crate) fn document(
        document: &str,
        pointer: impl Into<String>,
        problem: impl Into<String>,
    ) -> Self {
        Self::Document {
            document: document.into(),
            pointer: pointer.into(),
            problem: problem.into(),
        }
    }

    pub(crate) fn model(document: &str, problem: impl Into<String>) -> Self {
        Self::Model {
            document: document.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(out, "{}: {source}", path.display()),
            Self::Json { path, source } => write!(
                out,
                "{}: not JSON: {source}; write it anew with `folio-spec import`",
                path.display()
            ),
            Self::Document {
                document,
                pointer,
                problem,
            } => {
                write!(
                    out,
                    "{document}: at {pointer}: {problem}; check it with `folio-spec import`"
                )
            }
            Self::Package(problem) => out.write_str(problem),
            Self::Model { document, problem } => write!(
                out,
                "{document}: the code generator does not support it: {problem}"
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Json { source, .. } => Some(source),
            Self::Document { .. } | Self::Package(_) | Self::Model { .. } => None,
        }
    }
}
