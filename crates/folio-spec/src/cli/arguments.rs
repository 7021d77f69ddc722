//! The arguments.

use std::path::PathBuf;

use crate::glossary::command::Request;
use clap::{Args, Parser, Subcommand};

/// Imports the API descriptions of FOLIO modules as canonical OpenAPI documents, and reports on
/// them.
#[derive(Parser)]
#[command(
    name = "folio-spec",
    version,
    after_help = "Exit codes: 0 success; 1 an error or findings, nothing was written; 2 an import wrote \
                  documents and left out, replaced or could not read something (the output states what).\n\
                  How a release is imported: docs/regenerate.md."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Imports a release: reads the sources of its modules and writes one document per module.
    Import(ImportArguments),
    /// Prints the operations of an imported release, one JSON object per line.
    Routes {
        /// The release: its name, or a folder of documents.
        #[arg(long)]
        release: String,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
    /// Prints the changes between two imported releases; `!` marks breaking changes.
    Diff {
        /// The earlier release: its name, or a folder of documents.
        old: String,
        /// The later release: its name, or a folder of documents.
        new: String,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
        /// Print one JSON object per change instead of text.
        #[arg(long)]
        json: bool,
        /// Print a page of Markdown instead of text, as in docs/changes/.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// Print only breaking changes.
        #[arg(long)]
        breaking: bool,
    },
    /// Writes the features of the imported releases: Cargo.toml, specs/features.json,
    /// docs/modules.md.
    Features {
        /// The folder with the releases' folders and features.toml.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
        /// The folder with Cargo.toml and docs.
        #[arg(long, default_value = ".", value_name = "FOLDER")]
        root: PathBuf,
        /// Write nothing; exit with 1 if a file is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Writes the data of the command `folio`: crates/folio-cli/data.
    CliData {
        /// The folder with the releases' folders and features.toml.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
        /// How modules evaluate the fields of queries.
        #[arg(
            long,
            default_value = "crates/folio-sandbox/data/cql-indexes.jsonl",
            value_name = "FILE"
        )]
        indexes: PathBuf,
        /// The folder of the data.
        #[arg(long, default_value = "crates/folio-cli/data", value_name = "FOLDER")]
        out: PathBuf,
        /// Write nothing; exit with 1 if a file is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Writes the data of FOLIO's tables: data/folio-arrow/data.
    TableData {
        /// The folder with the releases' folders, features.toml and money.toml.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
        /// The folder of the data.
        #[arg(long, default_value = "data/folio-arrow/data", value_name = "FOLDER")]
        out: PathBuf,
        /// Write nothing; exit with 1 if a file is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Prints docs/facts.md: the server behaviour on which retries and confirmations depend.
    Facts {
        /// The releases: names, or folders of documents.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders and overrides/.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
    /// Prints docs/coverage.md: the number of typed operations, and the untyped ones.
    Coverage {
        /// The releases: names, or folders of documents.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
    /// Prints docs/ids.md: which ids are UUIDs, by which evidence, and which are text.
    Ids {
        /// The releases: names, or folders of documents.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders and ids.toml.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
    /// Prints docs/dates.md: which dates are points in time, by which evidence, and which are text.
    Dates {
        /// The releases: names, or folders of documents.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders and dates.toml.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
    /// Checks the glossary in specs/glossary/ against the documents, and prints how much of them
    /// has a sentence.
    Glossary {
        /// The releases: names, or folders of documents.
        #[arg(required = true)]
        releases: Vec<String>,
        #[command(flatten)]
        request: Request,
    },
    /// Writes the description of a Grails module from its sources, by the recipe in specs/ours/.
    Describe(DescribeArguments),
    /// Checks imported documents for constructs that would not compile; exits with 1 on findings.
    Check {
        /// The release: its name, or a folder of documents.
        #[arg(required_unless_present = "named", value_name = "RELEASE")]
        folder: Option<String>,
        /// The release, as an option.
        #[arg(long = "release", conflicts_with = "folder", value_name = "RELEASE")]
        named: Option<String>,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs", value_name = "FOLDER")]
        specs: PathBuf,
    },
}

/// The arguments of `import`.
#[derive(Args)]
pub(super) struct ImportArguments {
    /// The name of the release, such as `trillium`.
    #[arg(long)]
    pub(super) release: String,
    #[command(flatten)]
    pub(super) from: From,
    /// The URL or folder that goes before the names of repositories, and replaces the hosts of
    /// submodules.
    #[arg(
        long,
        default_value = "https://github.com/folio-org",
        value_name = "URL",
        conflicts_with = "from"
    )]
    pub(super) git_base: String,
    /// The descriptor of an application that --platform-descriptor names, or a folder of
    /// descriptors; those beside the platform descriptor are found without it. May be repeated.
    #[arg(
        long = "application-descriptor",
        value_name = "PATH",
        requires = "platform_descriptor"
    )]
    pub(super) application_descriptors: Vec<PathBuf>,
    /// An empty folder to keep the fetched sources in; later imports can read it with --from.
    #[arg(long, value_name = "FOLDER", conflicts_with = "from")]
    pub(super) keep: Option<PathBuf>,
    /// The folder for the documents; its contents are replaced [default: SPECS/RELEASE].
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// The folder with selection.toml, overrides/, ours/ and the documents of earlier imports.
    #[arg(long, default_value = "specs", value_name = "FOLDER")]
    pub(super) specs: PathBuf,
    /// A module to import, or `all` for every module of the manifest [default: selection.toml]. May
    /// be repeated.
    #[arg(long = "module", value_name = "MODULE")]
    pub(super) modules: Vec<String>,
    /// Exit with 1 at the first problem, and write nothing. Without it, unreadable parts are left
    /// untyped and reported.
    #[arg(long)]
    pub(super) strict: bool,
}

/// Where the sources come from.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct From {
    /// A folder with one folder per module; a manifest.json in it states versions and roots.
    #[arg(long, value_name = "FOLDER")]
    pub(super) from: Option<PathBuf>,
    /// The install.json of an Okapi platform: its modules are fetched with git.
    #[arg(long, value_name = "FILE")]
    pub(super) install_json: Option<PathBuf>,
    /// The platform-descriptor.json of a Eureka platform: its modules are fetched with git.
    #[arg(long, value_name = "FILE")]
    pub(super) platform_descriptor: Option<PathBuf>,
}

/// The arguments of `describe`.
#[derive(Args)]
pub(super) struct DescribeArguments {
    /// The recipe, specs/ours/<module>/recipe.toml.
    #[arg(long, value_name = "FILE")]
    pub(super) recipe: PathBuf,
    /// The folder with the module's sources.
    #[arg(long, value_name = "FOLDER")]
    pub(super) source: PathBuf,
    /// The tag of the sources.
    #[arg(long)]
    pub(super) tag: String,
    /// The sources of a library that the recipe names. May be repeated.
    #[arg(long = "library", value_name = "NAME=FOLDER@TAG")]
    pub(super) libraries: Vec<String>,
    /// The first version of the module that the description is valid for.
    #[arg(long, value_name = "VERSION")]
    pub(super) since: String,
    /// The file to write [default: <since>.json beside the recipe].
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}
