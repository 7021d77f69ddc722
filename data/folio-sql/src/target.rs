//! Where the result goes, and in which format.

use std::fs;
use std::path::Path;

use folio_arrow::files::FileFormat;
use folio_cli::extension::{CliError, Format};

use crate::args::Args;

/// The format of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Rows as text, on stdout or in a file.
    Rows(Format),
    /// A file of columns.
    Columns(FileFormat),
}

impl Target {
    /// The format of the file's name, or the chosen one. `usual` is that of stdout.
    ///
    /// # Errors
    /// The name states no format, or another than the chosen one; the file exists.
    pub(crate) fn of(args: &Args, chosen: Option<Format>, usual: Format) -> Result<Self, CliError> {
        let Some(path) = &args.to else {
            return Ok(Self::Rows(usual));
        };
        let target = of_name(path, chosen)?;
        if let (Self::Rows(format), Some(chosen)) = (&target, chosen)
            && *format != chosen
        {
            return Err(two_formats(path));
        }
        if let (Self::Columns(_), Some(_)) = (&target, chosen) {
            return Err(two_formats(path));
        }
        let is_device = fs::metadata(path).is_ok_and(|file| !file.is_file() && !file.is_dir());
        if !args.overwrite && !is_device && fs::symlink_metadata(path).is_ok() {
            return Err(CliError::usage(format!("`{}` exists", path.display()))
                .with_help("replace it with --overwrite, or write another file"));
        }
        Ok(target)
    }
}

fn of_name(path: &Path, chosen: Option<Format>) -> Result<Target, CliError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    Ok(match &*ending.to_ascii_lowercase() {
        "csv" => Target::Rows(Format::Csv),
        "json" => Target::Rows(Format::Json),
        "jsonl" | "ndjson" => Target::Rows(Format::Jsonl),
        "parquet" | "arrow" | "feather" | "ipc" => {
            let format = FileFormat::of_path(path);
            Target::Columns(format.map_err(|error| CliError::usage(error.to_string()))?)
        }
        "gz" | "zst" => {
            return Err(CliError::usage(format!(
                "`{}`: a result is not compressed, except in Parquet",
                path.display()
            ))
            .with_help(
                "compress the output of `--format csv` or `--format jsonl`: | zstd > FILE",
            ));
        }
        _ => match chosen {
            Some(format) => Target::Rows(format),
            None => {
                return Err(CliError::usage(format!(
                    "the name of the file `{}` states no format",
                    path.display()
                ))
                .with_help(
                    "end it with .csv, .json, .jsonl, .parquet or .arrow, or add --format",
                ));
            }
        },
    })
}

fn two_formats(path: &Path) -> CliError {
    CliError::usage(format!(
        "--format is another format than that of the name `{}`",
        path.display()
    ))
}
