//! The output of the command: to the terminal and to files.

use std::io::Write;
use std::path::Path;

use crate::base::error::{Error, Result};

/// Prints lines, until the reader of the output closes it.
pub(super) fn print(lines: impl IntoIterator<Item = String>) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        if writeln!(out, "{line}").is_err() {
            return;
        }
    }
}

/// Writes a file.
pub(super) fn write(path: &Path, text: String) -> Result<()> {
    std::fs::write(path, text)
        .map_err(|error| Error::file(path, format!("cannot be written: {error}")))
}
