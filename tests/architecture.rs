//! The layers of the source trees: which file may import which, and how large files are.
//!
//! [`CRATES`] is the one source of the layers. The tables in `docs/architecture.md` are made from
//! it and from the first sentence of each file: `UPDATE_DOCS=1 cargo test --test architecture`
//! writes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[path = "structure/sources.rs"]
mod sources;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use sources::Sources;

/// The layers of a crate, the lowest first. Those in one row are siblings and do not import each
/// other. A file imports from its own folder and from lower rows.
struct Layers {
    krate: &'static str,
    rows: &'static [&'static [(&'static str, &'static str)]],
}

/// A file with more lines of code than this needs a reason.
const MOST_LINES: usize = 500;

const CRATES: &[Layers] = &[
    Layers {
        krate: "src",
        rows: &[
            &[(
                "value",
                "values that know neither HTTP nor records: text, bodies, CQL, redaction",
            )],
            &[("record", "lossless conversion between JSON and records")],
            &[(
                "wire",
                "one request, its response and its error; what the descriptions say of operations",
            )],
            &[(
                "engine",
                "sends requests: connections, login, limits, retries, unknown outcomes",
            )],
            &[("client", "`FolioClient`: its builder, tenants, closing")],
            &[("paging", "lists as streams of records, in any dialect")],
            &[("call", "the builders of calls, typed and by path")],
            &[
                (
                    "harvest",
                    "lists of millions of records, read in parallel and resumed",
                ),
                ("write", "writing records: upserts, updates, reports"),
                (
                    "poll",
                    "long-running operations: the status of a job, read until it has ended",
                ),
                (
                    "tenant",
                    "the contents of a tenant: modules, reference data, rules, consortium",
                ),
            ],
            &[("blocking", "the blocking client")],
            &[
                ("connect", "connects the layers to a client"),
                ("runtime", "the imports of generated code"),
                ("api", "the generated modules"),
                ("guide", "the pages of docs/, in the documentation"),
                ("logging", "logs in one line"),
                ("testing", "for tests of programs that use the SDK"),
            ],
        ],
    },
    Layers {
        krate: "crates/folio-spec/src",
        rows: &[
            &[(
                "base",
                "errors, notes, reports of modules, files, YAML, JSON pointers, words",
            )],
            &[(
                "canonical",
                "the model of canonical documents: operations, schemas, references, names, facts",
            )],
            &[(
                "read",
                "the sources of a module: RAML, OpenAPI, its descriptor",
            )],
            &[
                (
                    "select",
                    "the selection of modules, their sources and versions",
                ),
                (
                    "corrections",
                    "overrides, descriptions of this project's own, names of earlier imports",
                ),
                ("normalise", "schemas of all drafts as those of OpenAPI 3.0"),
            ],
            &[
                (
                    "fetch",
                    "sources from git repositories: platforms, tags, submodules",
                ),
                (
                    "facts",
                    "the servers' behaviour, derived from the descriptions: `x-folio.facts`",
                ),
            ],
            &[(
                "module",
                "the passes over one module: reconciled, named, paged",
            )],
            &[(
                "release",
                "all modules: shared records, what can be built, written files",
            )],
            &[
                (
                    "reports",
                    "reports on imported documents: check, diff, coverage, facts, features, routes",
                ),
                (
                    "grails",
                    "descriptions made from the sources of Grails modules: `specs/ours/`",
                ),
                (
                    "glossary",
                    "sentences about records, fields and operations, and their check",
                ),
            ],
            &[("cli", "the command line: arguments, exit codes")],
        ],
    },
    Layers {
        krate: "crates/folio-codegen/src",
        rows: &[
            &[
                ("error", "the errors of the generator"),
                ("text", "text of documents in code"),
                ("names", "names of documents as names of Rust"),
                ("media_type", "the one table of media types"),
            ],
            &[
                ("json", "files of JSON"),
                ("sources", "where the sources of a release are"),
            ],
            &[("glossary", "sentences, and what each is about")],
            &[
                (
                    "document",
                    "canonical documents, and where their references lead",
                ),
                ("job_facts", "what a response shows of a job"),
                ("template", "templates of generated code"),
                ("model", "the model of a document"),
            ],
            &[
                ("batches", "endpoints that write many records at once"),
                ("conditions", "for which modules there are shared types"),
                ("features", "the modules of a build"),
                ("module_name", "the names of generated modules"),
                ("paging", "the pagination of a list"),
                ("parallel", "work on modules side by side"),
                (
                    "record_facts",
                    "what descriptions say of the fields of records",
                ),
                ("server_facts", "what a server does when it is called"),
                ("subject", "what documentation is about"),
                ("unions", "unions as they are described"),
            ],
            &[("facts", "the facts of an operation besides its types")],
            &[
                ("context", "a document with its model"),
                ("lowered", "the result of lowering"),
            ],
            &[
                ("lower", "passes over a document, for progenitor and typify"),
                ("progenitor", "the model, read out of progenitor's output"),
                ("schemas", "JSON Schemas of the types"),
            ],
            &[
                ("describe", "adds the glossary to the documents"),
                ("emit", "templates, and what fills them"),
            ],
            &[
                ("described", "the facts of all operations of a release"),
                ("lists", "the paging of all lists of a release"),
                (
                    "shared_names",
                    "the names that a module gives to shared types",
                ),
            ],
            &[("generate", "from documents to files")],
            &[
                ("package", "the code of a release for any modules"),
                ("surface", "the generated code as data"),
            ],
        ],
    },
    Layers {
        krate: "crates/folio-sdk-build/src",
        rows: &[
            &[
                ("condition", "conditions in generated code"),
                ("features", "the modules of a build"),
                ("fingerprint", "what code was generated from"),
            ],
            &[("package", "the code that a package holds")],
        ],
    },
    Layers {
        krate: "crates/folio-codegen-tests/src",
        rows: &[],
    },
    Layers {
        krate: "crates/folio-sandbox/src",
        rows: &[
            &[
                (
                    "value",
                    "text, JSON, UUIDs and dates as PostgreSQL and Java see them; nothing of FOLIO",
                ),
                (
                    "record",
                    "records how another server answers; nothing of the sandbox",
                ),
            ],
            &[(
                "wire",
                "a request, a response, and the forms of responses that modules share",
            )],
            &[(
                "facts",
                "facts of the canonical documents and the modules' schemas",
            )],
            &[("jackson", "parsing and validation of bodies")],
            &[("cql", "queries: parsed, and compiled to tests of a record")],
            &[("generate", "invented records, the same for the same seed")],
            &[("store", "the records of all tenants, with their indexes")],
            &[(
                "platform",
                "the state of a running sandbox: tenants, tokens, permissions, faults",
            )],
            &[(
                "collections",
                "collections of records as RMB's storage modules serve them",
            )],
            &[(
                "modules",
                "behaviour of FOLIO's modules beyond plain collections, one file or folder per module",
            )],
            &[(
                "server",
                "the arrival of a request: HTTP, Okapi or Kong, ports of modules, proxies",
            )],
            &[(
                "setup",
                "the setup and start of a sandbox, and its interface for tests",
            )],
            &[("command", "the command `folio-sandbox`")],
        ],
    },
    Layers {
        krate: "crates/folio-calls/src",
        rows: &[],
    },
    Layers {
        krate: "crates/folio-cli/src",
        rows: &[
            &[
                ("exit", "exit codes"),
                ("file", "files that are complete or absent"),
                ("global", "the options that every command accepts"),
            ],
            &[("error", "the error of a command"), ("interrupt", "Ctrl-C")],
            &[(
                "output",
                "tables, JSON, JSON Lines and CSV; notes, progress and questions",
            )],
            &[
                (
                    "table_format",
                    "Parquet files, which another program writes",
                ),
                ("external", "commands that are programs of their own"),
                (
                    "profile",
                    "the config file, the keyring, and the connection that a command uses",
                ),
                (
                    "data",
                    "facts about FOLIO's releases that are part of the program",
                ),
            ],
            &[
                ("context", "the settings of one run of the program"),
                ("tenant_release", "the release that a tenant has"),
            ],
            &[
                ("account", "profiles and logins"),
                ("records", "single records and lists: read and written"),
                ("jobs", "exports, loads, the sandbox"),
                (
                    "info",
                    "information about operations, queries, releases and systems",
                ),
                ("help", "completion and man pages"),
            ],
            &[("args", "the command line")],
            &[("run", "runs a command")],
            &[(
                "extension",
                "the interface of programs that extend the command line",
            )],
        ],
    },
    Layers {
        krate: "crates/folio-test-support/src",
        rows: &[],
    },
    Layers {
        krate: "data/folio-arrow/src",
        rows: &[
            &[
                ("facts", "the lists and records of all releases"),
                ("json", "valid JSON text"),
                ("kind", "kinds of columns"),
                ("error", "the error of the crate"),
                ("table_error", "the error of a list that does not exist"),
            ],
            &[
                ("release", "the known releases"),
                ("layout", "the columns of a table"),
                ("scalar", "values of JSON as values of Arrow, and back"),
            ],
            &[
                ("counts", "the values that do not fit"),
                ("record_type", "kinds of columns from types of records"),
            ],
            &[
                ("table", "a list of a release"),
                ("column", "columns while they are filled"),
            ],
            &[
                ("decode", "records become record batches"),
                ("restore", "record batches become records"),
            ],
            &[("scan_options", "how a list is read")],
            &[("scan", "a list of a server as record batches")],
            &[("files", "files of record batches")],
        ],
    },
    Layers {
        krate: "data/folio-datafusion/src",
        rows: &[
            &[
                ("facts", "how modules evaluate queries"),
                ("names", "the names of tables and columns"),
                ("uuid_functions", "the functions of identifiers"),
            ],
            &[
                ("options", "the settings of tables"),
                ("description", "a scan as a value"),
                ("pushdown", "filters as queries"),
            ],
            &[
                ("stream", "batches of a part of a list"),
                ("client_source", "the client of a plan"),
            ],
            &[("exec", "the plan that reads a list")],
            &[("table", "a list as a table")],
            &[("catalog", "the tables of a tenant")],
        ],
    },
    Layers {
        krate: "data/folio-sql/src",
        rows: &[
            &[
                ("args", "the arguments"),
                ("failure", "DataFusion's errors"),
                ("batches", "the columns of a result"),
                ("encode", "rows as JSON"),
                ("select", "the columns of `--fields`"),
                ("progress", "what a plan has read"),
            ],
            &[
                ("statement", "the statement"),
                ("target", "where the result goes"),
                ("engine", "the session with FOLIO's tables"),
            ],
            &[
                ("list", "the tables and their columns"),
                ("parquet_table", "the Parquet files of an export"),
            ],
            &[("run", "the course of a statement")],
        ],
    },
    Layers {
        krate: "data/folio-ballista/src",
        rows: &[
            &[
                ("share", "the limit of requests"),
                ("credentials", "credentials by name"),
                ("slots", "the free slots of executors"),
                ("failure", "errors of executors"),
                ("functions", "the functions of SQL"),
                ("signals", "the end of a process"),
                ("logging", "messages"),
                ("program", "how a program runs"),
            ],
            &[
                ("clients", "the clients of an executor"),
                ("members", "the executors of a scheduler"),
            ],
            &[("parts", "the parts of a scan")],
            &[("codec", "scans in plans")],
            &[("remote", "a plan that Ballista runs")],
            &[("planner", "plans of statements")],
            &[("session", "sessions")],
            &[("scheduler", "the scheduler"), ("executor", "an executor")],
            &[("bin", "the programs")],
        ],
    },
    Layers {
        krate: "benches/src",
        rows: &[],
    },
];

/// Files with more than [`MOST_LINES`] lines of code, and why they are not divided.
const LARGE: &[(&str, &str)] = &[];

/// The sources of each crate, read once for all tests.
static SOURCES: LazyLock<BTreeMap<&str, Sources>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |layers: &Layers| (layers.krate, Sources::read(&root.join(layers.krate)));
    CRATES.iter().map(read).collect()
});

impl Layers {
    fn sources(&self) -> &'static Sources {
        &SOURCES[self.krate]
    }

    /// The row of a folder, and its purpose.
    fn row_of(&self, folder: &str) -> Option<(usize, &'static str)> {
        self.rows.iter().enumerate().find_map(|(row, layers)| {
            let layer = layers.iter().find(|(name, _)| *name == folder)?;
            Some((row, layer.1))
        })
    }
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for layers in CRATES.iter().filter(|layers| !layers.rows.is_empty()) {
        let sources = layers.sources();
        for (own, imports) in sources.imports().iter().enumerate() {
            let from = &sources.files[own];
            if from.file == "lib.rs" || from.file == "main.rs" {
                continue;
            }
            let Some((row, _)) = layers.row_of(from.folder()) else {
                wrong.push(format!("{}/{} is in no layer", layers.krate, from.file));
                continue;
            };
            for to in imports {
                let to = &sources.files[*to];
                let target = layers.row_of(to.folder()).map(|(row, _)| row);
                let is_down = target.is_some_and(|target| target < row);
                seen += 1;
                if is_down || to.folder() == from.folder() {
                    continue;
                }
                let file = format!("{}/{}", layers.krate, from.file);
                wrong.push(format!("{file} imports {}", to.file));
            }
        }
    }
    // It sees what is there.
    assert!(seen > 300, "{seen} imports");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut wrong = Vec::new();
    for layers in CRATES {
        let sources = layers.sources();
        let edges: usize = sources.imports().iter().map(|imports| imports.len()).sum();
        assert!(
            edges + 1 >= sources.files.len() / 2,
            "{}: {edges} imports",
            layers.krate
        );
        for circle in sources.circles() {
            let circle = format!("{}/{circle}", layers.krate);
            wrong.push(circle);
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn files_are_small() {
    let mut wrong = Vec::new();
    let mut unused: Vec<&str> = LARGE.iter().map(|(file, _)| *file).collect();
    for layers in CRATES {
        for source in &layers.sources().files {
            let file = format!("{}/{}", layers.krate, source.file);
            if source.lines() <= MOST_LINES || source.file.ends_with("tests.rs") {
                continue;
            }
            match LARGE.iter().find(|(known, _)| *known == file) {
                Some((_, reason)) => {
                    assert!(reason.len() > 20, "{file}: {reason}");
                    unused.retain(|known| *known != file);
                }
                None => wrong.push(format!("{file}: {} lines", source.lines())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unused.is_empty(), "not large any more: {unused:?}");
}

/// The table of a crate: its layers from the top down, and its files.
fn table(layers: &Layers) -> String {
    let sources = layers.sources();
    let mut out = String::from("| layer | file | purpose |\n|---|---|---|\n");
    for (name, purpose) in layers.rows.iter().rev().flat_map(|row| row.iter()) {
        writeln!(out, "| **`{name}`** | | {purpose} |").unwrap();
        for source in sources.files.iter().filter(|file| file.folder() == *name) {
            let purpose = source.purpose().unwrap_or_default();
            writeln!(out, "| | `{}` | {purpose} |", source.file).unwrap();
        }
    }
    out
}

#[test]
fn the_page_shows_the_layers() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let mut made = text.clone();
    for layers in CRATES.iter().filter(|layers| !layers.rows.is_empty()) {
        for source in &layers.sources().files {
            assert!(
                source.purpose().is_some(),
                "{}/{} does not say what it is for",
                layers.krate,
                source.file
            );
        }
        let (begin, end) = (
            format!("<!-- layers of {} -->\n", layers.krate),
            "<!-- end of layers -->",
        );
        let (before, rest) = made
            .split_once(&begin)
            .unwrap_or_else(|| panic!("docs/architecture.md has no line `{}`", begin.trim()));
        let (_, after) = rest.split_once(end).unwrap();
        made = format!("{before}{begin}\n{}\n{end}{after}", table(layers));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &made).unwrap();
    } else {
        assert!(
            made == text,
            "docs/architecture.md is not what the sources say: run `UPDATE_DOCS=1 cargo test --test architecture`"
        );
    }
}

/// Type names that are defined twice in the core, with the reason.
const SAME_NAMES: &[(&str, &str)] = &[
    (
        "Field",
        "an index of CQL, and a field of a record: users see the first only",
    ),
    (
        "FolioClient",
        "the asynchronous and the blocking client, each in its module",
    ),
    ("Https", "one per TLS library; only one of them is compiled"),
    (
        "Json",
        "any JSON, and the mark of a response that is JSON: users see the first only",
    ),
    (
        "Prepared",
        "one per TLS library; only one of them is compiled",
    ),
    ("Result", "each with the error of its module"),
];

#[test]
fn type_names_are_defined_once() {
    let sources = CRATES[0].sources();
    let mut files: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for source in &sources.files {
        let code = source.text.split("\n#[cfg(test)]\nmod tests").next();
        let parsed = syn::parse_file(code.unwrap_or_default()).unwrap();
        for item in parsed.items {
            let name = match item {
                syn::Item::Struct(item) => item.ident,
                syn::Item::Enum(item) => item.ident,
                syn::Item::Trait(item) => item.ident,
                syn::Item::Type(item) => item.ident,
                _ => continue,
            };
            files
                .entry(name.to_string())
                .or_default()
                .push(&source.file);
        }
    }
    assert!(files.len() > 300, "{} types", files.len());
    files.retain(|_, files| files.len() > 1);
    let known: Vec<&str> = SAME_NAMES.iter().map(|(name, _)| *name).collect();
    let found: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(found, known, "{files:#?}");
}
