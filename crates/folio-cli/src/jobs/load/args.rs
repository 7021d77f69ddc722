//! The arguments of `folio load`.

use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  folio load users.jsonl --into /users --match-on externalSystemId --dry-run
  folio load instances.jsonl.zst --into /instance-storage/instances
  folio get /groups --all | folio load - --into /groups --tenant other
  folio load users.jsonl.failed.jsonl --into /users --match-on externalSystemId

Files:
  JSON Lines, a JSON array, or responses of a list ({\"users\": […]}); also compressed with gzip or
  zstd. A malformed line is reported, and the others are loaded. `-` reads the standard input.

Writes:
  A record that exists is replaced if it differs, and otherwise created. Records are matched by `id`,
  or by the field of --match-on. Running the same load again writes only what is missing. FOLIO
  replaces records as a whole: fields that a record of the file lacks are removed, and the report
  names them; --keep-missing-fields preserves them. A record with an older `_version` than the stored
  one is a conflict, unless --overwrite is given.

Failures:
  Each record that was not written is in FILE.failed.jsonl, as {\"failed\": {…}, \"record\": {…}}: the
  server's message, and the record. Correct the records and load that file in the same way. A file
  of that name from an earlier run is renamed to FILE.failed.jsonl.1, .2, …";

/// Writes the records of a file into a list: creates, replaces, and skips unchanged ones
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file; `-` for the standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The path of the list, such as /users
    #[arg(long, value_name = "LIST")]
    pub(crate) into: String,
    /// The field that identifies stored records instead of `id`: barcode, hrid, personal.email
    #[arg(long, value_name = "FIELD")]
    pub(crate) match_on: Option<String>,
    /// Looks up the stored records and states what would be written; writes nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Preserves the fields that a stored record has and the record of the file lacks
    #[arg(long)]
    pub(crate) keep_missing_fields: bool,
    /// Also replaces records that were changed since those of the file were read
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// The maximum number of concurrent requests, at most 16
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) parallel: u16,
    /// The key of the records in a response of the list, if it is not known
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The file for failed records; FILE.failed.jsonl by default
    #[arg(long, value_name = "FILE")]
    pub(crate) failed: Option<PathBuf>,
}
