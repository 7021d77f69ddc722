//! The arguments of `folio sql`.

use std::path::PathBuf;

/// What `--help` says after the options.
pub(crate) const HELP: &str = "\
Examples:
  folio sql \"select username, personal['lastName'] from users.users where active limit 10\"
  folio sql --file titles.sql --to titles.parquet
  folio sql \"select status['name'], count(*) from inventory_storage.items group by 1\" --format csv
  folio sql --tables instances
  folio sql --describe inventory_storage.items

Tables:
  A table is a list of FOLIO, in the schema of its module. Conditions that FOLIO can evaluate are sent
  as CQL; --explain shows which. Statements that write anything, or read files, are rejected.

Other commands of this program:
  folio-sql export …        folio export --to FILE.parquet, which runs it
  folio-sql completion …    writes a script that completes its options in a shell
  folio-sql man …           writes its man page";

/// The arguments of `folio sql`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// One statement of SQL; `-` reads it from the standard input
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Reads the statement from a file
    #[arg(long, value_name = "FILE", conflicts_with = "query")]
    pub(crate) file: Option<PathBuf>,
    /// Writes a file, whose name states the format: .csv, .json, .jsonl, .parquet, .arrow
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Replaces the file, if it exists, when the new one is complete
    #[arg(long, requires = "to")]
    pub(crate) overwrite: bool,
    /// Shows how the statement would be executed: the requests with their CQL, and the steps after them
    #[arg(long)]
    pub(crate) explain: bool,
    /// Lists the tables, or those whose name or path contains the text
    #[arg(long, value_name = "TEXT", num_args = 0..=1, conflicts_with_all = ["query", "file", "explain", "describe"])]
    pub(crate) tables: Option<Option<String>>,
    /// Lists the columns of a table
    #[arg(long, value_name = "TABLE", conflicts_with_all = ["query", "file", "explain"])]
    pub(crate) describe: Option<String>,
    /// The release whose descriptions define the tables and columns; by default that of the tenant
    #[arg(long, value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// The maximum number of concurrent requests for one table, at most 16
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub(crate) parallel: u16,
    /// The number of records per request
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page_size: u32,
    /// Evaluates all conditions here: for comparisons
    #[arg(long)]
    pub(crate) no_pushdown: bool,
    /// The memory for sorting, grouping and joining, in MiB; beyond it, temporary files are used where
    /// that is possible
    #[arg(long, value_name = "MIB", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(16..))]
    pub(crate) memory: u32,
}
