//! The interface of programs that extend the command line: `folio NAME` runs `folio-NAME`.
//!
//! Such a program has the options, profiles, logins, output, interruptions and exit codes of `folio`.
//! It implements [`Program`] and calls [`main`]. It can also write the Parquet files of
//! `folio export`: [`TableFormat`].

mod program;
mod session;

pub use crate::error::CliError;
pub use crate::exit::Exit;
pub use crate::global::Format;
pub use crate::output::progress::Progress;
pub use crate::output::selection::Selection;
pub use crate::table_format::{TableFormat, TableReport, TableRequest, TableWriter};
pub use program::{Program, main};
pub use session::{Rows, Session, Shown};
