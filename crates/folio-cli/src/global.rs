//! The options that every command accepts.

use clap::ValueEnum;

/// The options that every command accepts.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The profile that `folio login` stored [env: FOLIO_PROFILE]
    #[arg(long, short = 'p', global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The tenant on which the command acts [env: FOLIO_TENANT, with FOLIO_URL]
    #[arg(long, short = 't', global = true, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,
    /// The URL of the gateway, Okapi or Kong [env: FOLIO_URL]
    #[arg(long, short = 'u', global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The output format; by default a table for lists on a terminal, otherwise JSON
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Writes no notes and no progress, only results and errors
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
    /// When to use colours; with NO_COLOR in the environment, `auto` means never
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t)]
    pub(crate) color: Color,
}

/// An output format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Table,
    /// JSON, indented
    Json,
    /// JSON Lines: one record per line
    Jsonl,
    /// CSV with a header
    Csv,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
