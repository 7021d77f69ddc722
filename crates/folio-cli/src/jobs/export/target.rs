//! The file of an export: its format and compression, according to its name.

use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::jobs::durable;
use crate::jobs::packing::Packing;

/// The formats of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// One record per line.
    Jsonl,
    Csv,
    Parquet,
}

/// The file of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    pub(crate) format: FileFormat,
    pub(crate) packing: Packing,
}

impl Target {
    /// Reads format and compression from the name: `users.csv.gz`.
    ///
    /// # Errors
    /// The name states no known format, or a compression that the format has itself.
    pub(crate) fn of(path: &Path) -> Result<Self, CliError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        let (name, packing) = match name.rsplit_once('.') {
            Some((name, "gz")) => (name, Packing::Gzip),
            Some((name, "zst")) => (name, Packing::Zstd),
            _ => (name.as_str(), Packing::None),
        };
        let format = match name.rsplit_once('.').map(|(_, format)| format) {
            Some("jsonl" | "ndjson") => FileFormat::Jsonl,
            Some("csv") => FileFormat::Csv,
            Some("parquet") if packing != Packing::None => {
                return Err(CliError::usage(format!(
                    "`{}` would be compressed twice: Parquet files are compressed with zstd",
                    path.display()
                ))
                .with_help("end the name with .parquet"));
            }
            Some("parquet") => FileFormat::Parquet,
            _ => {
                return Err(CliError::usage(format!(
                    "the name of the file `{}` states no format",
                    path.display()
                ))
                .with_help(
                    "end it with .jsonl, .csv or .parquet, and .gz or .zst if it should be compressed",
                ));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            format,
            packing,
        })
    }

    /// The path of a file beside it.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        durable::beside(&self.path, suffix)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn the_name_states_format_and_compression() {
        let of = |name: &str| Target::of(Path::new(name)).map(|it| (it.format, it.packing));
        assert_eq!(of("a/b.jsonl").unwrap(), (FileFormat::Jsonl, Packing::None));
        assert_eq!(of("b.v2.CSV.GZ").unwrap(), (FileFormat::Csv, Packing::Gzip));
        assert_eq!(
            of("b.ndjson.zst").unwrap(),
            (FileFormat::Jsonl, Packing::Zstd)
        );
        for name in [
            "",
            "-",
            "a",
            "a.json",
            "a.gz",
            "a.txt",
            "jsonl",
            "a.jsonl.bz2",
            "a.jsonl/",
        ] {
            assert_eq!(of(name).is_err(), name != "a.jsonl/", "{name}");
        }
    }
}
