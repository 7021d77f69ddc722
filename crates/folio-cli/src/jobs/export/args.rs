//! The arguments of `folio export`.

use std::path::PathBuf;
use std::time::Duration;

use super::part::Earlier;
use crate::output::field_path::FieldPath;

const EXAMPLES: &str = "\
Examples:
  folio export /instance-storage/instances --to instances.jsonl.zst
  folio export /users --query 'active==true' --fields id,username,personal.lastName --to users.csv
  folio export /item-storage/items --to items.parquet --parallel 16

Interruptions:
  Until the export is complete, the records are in FILE.part. After Ctrl-C, a crash, a network failure
  or a full disk, the same command continues where it ended: no record is missing, and none is there
  twice. Records that others create meanwhile may be part of the file or not.

Tables:
  The columns of CSV are those of --fields. Without it they are the fields of all records: fields of
  objects by their path (personal.lastName), lists as JSON in one cell. The columns of Parquet are
  those of FOLIO's descriptions, with their types; values that do not fit are in the column _extra.
  Parquet needs the program folio-sql. A table does not distinguish absent fields from nulls; JSON
  Lines does. The records are collected in FILE.part first, and then converted.";

/// Writes a list to a file: all its records, read in parallel, with resumption after interruptions
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The path of the list, such as /instance-storage/instances
    #[arg(value_name = "LIST")]
    pub(crate) list: String,
    /// The file; its name states the format: .jsonl or .csv, also with .gz or .zst; .parquet
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// Only the records that match this CQL query
    #[arg(long, value_name = "CQL")]
    pub(crate) query: Option<String>,
    /// Only these fields, separated by commas: id,personal.lastName
    #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Option<Vec<FieldPath>>,
    /// The maximum number of concurrent requests, at most 16
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) parallel: u16,
    /// The number of records per request
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: u32,
    /// Writes the records in the order of their ids
    #[arg(long)]
    pub(crate) ordered: bool,
    /// The release whose descriptions define the columns of Parquet; by default that of the tenant
    #[arg(long, value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// The key of the records in a response, if it is not known
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Replaces the file, if it exists, when the export is complete
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Only continues an interrupted export; it is an error if there is none
    #[arg(long, conflicts_with = "restart")]
    pub(crate) resume: bool,
    /// Discards an interrupted export, and begins again
    #[arg(long)]
    pub(crate) restart: bool,
    /// The seconds between two checkpoints; after a crash, the records since the last one are read again
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub(crate) checkpoint_every: Duration,
}

impl Args {
    pub(super) fn earlier(&self) -> Earlier {
        Earlier {
            overwrite: self.overwrite,
            must_resume: self.resume,
        }
    }
}

/// Seconds, also with a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "it is not a number of seconds".to_owned())?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time >= Duration::from_millis(1) => Ok(time),
        _ => Err("at least 0.001 seconds are possible".to_owned()),
    }
}
