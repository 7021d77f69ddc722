//! The command `folio-spec`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use folio_spec::canonical::Release;
use folio_spec::check::check;
use folio_spec::coverage;
use folio_spec::diff::{Change, diff};
use folio_spec::facts_page;
use folio_spec::features::Features;
use folio_spec::fetch::{Fetch, fetch};
use folio_spec::glossary;
use folio_spec::grails::{Checkout, Describe, describe, merged};
use folio_spec::notes::Kind;
use folio_spec::overrides::Overrides;
use folio_spec::platform::Platform;
use folio_spec::routes::routes;
use folio_spec::{Error, Import};

/// Reads the API descriptions of FOLIO modules and writes canonical, facts-only documents.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Imports a release.
    Import {
        /// The name of the release, `trillium`.
        #[arg(long)]
        release: String,
        #[command(flatten)]
        from: From,
        /// What the names of repositories go behind, in place of the host of submodules too: a URL or a folder.
        #[arg(
            long,
            default_value = "https://github.com/folio-org",
            conflicts_with = "from"
        )]
        git_base: String,
        /// The descriptor of an application that --platform-descriptor names, or a folder of them; those beside it are found.
        #[arg(long = "application-descriptor", requires = "platform_descriptor")]
        application_descriptors: Vec<PathBuf>,
        /// An empty folder to keep what is fetched in; later imports can be --from it.
        #[arg(long, conflicts_with = "from")]
        keep: Option<PathBuf>,
        /// The folder for the documents; what is in it is replaced. By default the release's in --specs.
        #[arg(long)]
        out: Option<PathBuf>,
        /// The folder with selection.toml and overrides/.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
        /// A module to import, more than once for several; `all` for all of the manifest. Without it, the selection.
        #[arg(long = "module")]
        modules: Vec<String>,
        /// End with an error at the first thing that cannot be read, instead of leaving its routes untyped.
        #[arg(long)]
        strict: bool,
    },
    /// Prints the operations of an imported release, one JSON line each.
    Routes {
        /// The name of the release.
        #[arg(long)]
        release: String,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
    },
    /// Tells what changed between two imported releases; what may break a program is marked by `!`.
    Diff {
        /// The earlier release: its name, or a folder.
        old: String,
        /// The later one.
        new: String,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
        /// A JSON line a change instead of text.
        #[arg(long)]
        json: bool,
        /// A page of Markdown instead of text, as docs/changes/ has them.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// Only what may break a program.
        #[arg(long)]
        breaking: bool,
    },
    /// Writes the features of the imported releases into Cargo.toml, specs/features.json and docs/modules.md.
    Features {
        /// The folder with the releases' folders and features.toml.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
        /// The folder with Cargo.toml and docs.
        #[arg(long, default_value = ".")]
        root: PathBuf,
        /// Writes nothing, and fails where something would change.
        #[arg(long)]
        check: bool,
    },
    /// Prints a page of Markdown, `docs/facts.md`: what servers do, as far as retries and confirmations depend on it.
    Facts {
        /// The names of the releases.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders and overrides/.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
    },
    /// Prints a page of Markdown, `docs/coverage.md`: how many operations are typed, and which are not.
    Coverage {
        /// The names of the releases.
        #[arg(required = true)]
        releases: Vec<String>,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
    },
    /// Checks the glossary in specs/glossary/ against the documents, and prints how much of them has a sentence.
    Glossary {
        /// The names of the releases.
        #[arg(required = true)]
        releases: Vec<String>,
        #[command(flatten)]
        request: glossary::command::Request,
    },
    /// Makes the description of a module of Grails from its sources at a tag, by the recipe in specs/ours/.
    Describe {
        /// The recipe.
        #[arg(long)]
        recipe: PathBuf,
        /// The folder with the module's files.
        #[arg(long)]
        source: PathBuf,
        /// Their tag.
        #[arg(long)]
        tag: String,
        /// A library of the recipe, more than once for several: `name=folder@tag`.
        #[arg(long = "library")]
        libraries: Vec<String>,
        /// The first version of the module that it is valid for.
        #[arg(long)]
        since: String,
        /// The file to write; by default `<since>.json` beside the recipe.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Looks for what the compiler would stumble over in imported documents.
    Check {
        /// The release: its name, or a folder of documents.
        #[arg(required_unless_present = "named")]
        folder: Option<String>,
        /// The same, as an option.
        #[arg(long = "release", conflicts_with = "folder")]
        named: Option<String>,
        /// The folder with the releases' folders.
        #[arg(long, default_value = "specs")]
        specs: PathBuf,
    },
}

/// Where the sources come from.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct From {
    /// The folder with a folder a module; a manifest.json in it says what cannot be found there, such as versions.
    #[arg(long)]
    from: Option<PathBuf>,
    /// The install.json of a platform: its modules are fetched by git.
    #[arg(long)]
    install_json: Option<PathBuf>,
    /// The platform-descriptor.json of a platform: its modules are fetched by git.
    #[arg(long)]
    platform_descriptor: Option<PathBuf>,
}

/// The exit code of an import that wrote documents, and left something out, replaced it, or could not read it.
const INCOMPLETE: u8 = 2;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Import {
            release,
            from,
            git_base,
            application_descriptors,
            keep,
            out,
            specs,
            modules,
            strict,
        } => {
            let start = std::time::Instant::now();
            let nothing_written = |error: Error| Error {
                problem: format!("{}\nnothing was written", error.problem),
                ..error
            };
            let mut others = Vec::new();
            let temporary = tempfile::tempdir()
                .map_err(|error| Error::file("", format!("no temporary folder: {error}")))?;
            let platform = match (&from.install_json, &from.platform_descriptor) {
                (Some(file), _) => Some(Platform::install(file)),
                (_, Some(file)) => Some(Platform::descriptor(file, &application_descriptors)),
                _ => None,
            };
            let folder = match (platform, from.from) {
                (Some(platform), _) => {
                    let into = keep.unwrap_or_else(|| temporary.path().join(&release));
                    let to = Fetch {
                        base: git_base,
                        into: into.clone(),
                        libraries: folio_spec::libraries(&specs)?,
                    };
                    let platform = platform.map_err(nothing_written)?;
                    fetch(&platform, &to).map_err(nothing_written)?;
                    others = platform.others;
                    into
                }
                (None, from) => from.unwrap_or_default(),
            };
            let mut report = folio_spec::import(&Import {
                out: out.unwrap_or_else(|| specs.join(&release)),
                release,
                from: folder,
                specs,
                modules,
                strict,
            })
            .map_err(nothing_written)?;
            let imported = report.modules.len();
            if !others.is_empty() {
                report.modules.push(format!(
                    "{} that are no backend modules are not fetched: {}",
                    others.len(),
                    others.join(", ")
                ));
            }
            let count = |kind: Kind| report.notes.iter().filter(|note| note.kind == kind).count();
            let summary = format!(
                "{} modules, {} operations, {} omitted, {} substituted, {} unread in {:.2?}",
                imported,
                report.operations,
                count(Kind::Omitted),
                count(Kind::Substituted),
                count(Kind::Unread),
                start.elapsed()
            );
            let is_incomplete = report.notes.iter().any(|note| note.kind.is_incomplete());
            say(report
                .modules
                .into_iter()
                .chain(report.notes.iter().map(ToString::to_string))
                .chain([summary]));
            // Written, and not all that it could be.
            Ok(ExitCode::from(if is_incomplete { INCOMPLETE } else { 0 }))
        }
        Command::Routes { release, specs } => {
            let features = Features::read(&specs).ok();
            let release = read(&specs, &release)?;
            say(routes(&release, features.as_ref()).map(|line| line.to_string()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Diff {
            old,
            new,
            specs,
            json,
            markdown,
            breaking,
        } => {
            let mut changes = diff(&read(&specs, &old)?, &read(&specs, &new)?);
            changes.retain(|change| change.breaking || !breaking);
            if json {
                say(changes.iter().map(|change| change.json().to_string()));
            } else if markdown {
                say(page(&old, &new, &changes));
            } else {
                say(listed(&changes));
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Features { specs, root, check } => {
            let mut stale = Vec::new();
            for (path, text) in Features::read(&specs)?.files(&root, &specs)? {
                if std::fs::read_to_string(&path).is_ok_and(|known| known == text) {
                    continue;
                }
                if !check {
                    std::fs::write(&path, text).map_err(|error| {
                        Error::file(&path, format!("cannot be written: {error}"))
                    })?;
                }
                stale.push(path.display().to_string());
            }
            Ok(if !check || stale.is_empty() {
                say(stale.iter().map(|path| format!("{path}: written")));
                ExitCode::SUCCESS
            } else {
                say(stale.iter().map(|path| {
                    format!("{path}: not as the releases are; run `folio-spec features`")
                }));
                ExitCode::FAILURE
            })
        }
        Command::Facts { releases, specs } => {
            let overrides = Overrides::read(&specs.join("overrides"))?;
            let releases: Result<Vec<_>, Error> = releases
                .into_iter()
                .map(|name| Ok((name.clone(), read(&specs, &name)?)))
                .collect();
            say(facts_page::page(&releases?, &overrides));
            Ok(ExitCode::SUCCESS)
        }
        Command::Coverage { releases, specs } => {
            let releases: Result<Vec<_>, Error> = releases
                .into_iter()
                .map(|name| Ok((name.clone(), read(&specs, &name)?)))
                .collect();
            say(coverage::page(&releases?));
            Ok(ExitCode::SUCCESS)
        }
        Command::Glossary { releases, request } => {
            let releases: Result<Vec<_>, Error> = releases
                .iter()
                .map(|name| read(&request.specs, name))
                .collect();
            let report = glossary::command::run(&request, &releases?)?;
            say(report.lines);
            for error in &report.errors {
                eprintln!("error: {error}");
            }
            Ok(if report.errors.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Command::Describe {
            recipe,
            source,
            tag,
            libraries,
            since,
            out,
        } => {
            let libraries: Result<_, Error> = libraries.iter().map(|text| library(text)).collect();
            let out = out.unwrap_or_else(|| recipe.with_file_name(format!("{since}.json")));
            let document = describe(&Describe {
                recipe,
                source: Checkout {
                    folder: source,
                    tag,
                },
                libraries: libraries?,
                since,
            })?;
            let (out, document) = merged(&out, document)?;
            let text = serde_json::to_string_pretty(&document).unwrap_or_default() + "\n";
            std::fs::write(&out, text)
                .map_err(|error| Error::file(&out, format!("cannot be written: {error}")))?;
            say([format!("{}: written", out.display())]);
            Ok(ExitCode::SUCCESS)
        }
        Command::Check {
            folder,
            named,
            specs,
        } => {
            let release = folder.or(named).unwrap_or_default();
            let findings = check(&read(&specs, &release)?);
            say(findings.iter().map(ToString::to_string));
            say([format!("{} findings", findings.len())]);
            Ok(if findings.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// A library of a recipe: `name=folder@tag`.
fn library(text: &str) -> Result<(String, Checkout), Error> {
    let parts = text.split_once('=').and_then(|(name, rest)| {
        let (folder, tag) = rest.rsplit_once('@')?;
        Some((name, folder, tag))
    });
    let (name, folder, tag) = parts
        .ok_or_else(|| Error::file("", format!("expected name=folder@tag, found `{text}`")))?;
    let checkout = Checkout {
        folder: folder.into(),
        tag: tag.to_owned(),
    };
    Ok((name.to_owned(), checkout))
}

/// Reads a release by its name, or by its folder.
fn read(specs: &Path, release: &str) -> Result<Release, Error> {
    let folder = Path::new(release);
    if folder.is_dir() && !specs.join(release).is_dir() {
        return Release::read(folder);
    }
    Release::read(&specs.join(release))
}

/// The changes as text, a heading a module.
fn listed(changes: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut module = "";
    for change in changes {
        if change.module != module {
            module = &change.module;
            lines.extend([String::new(), format!("## {module}")]);
        }
        lines.push(change.to_string());
    }
    let breaking = changes.iter().filter(|change| change.breaking).count();
    lines.push(format!(
        "\n{} changes, {breaking} of them breaking",
        changes.len()
    ));
    lines
}

/// The changes as a page.
fn page(old: &str, new: &str, changes: &[Change]) -> Vec<String> {
    let count = |module: &str| {
        let breaking = changes
            .iter()
            .filter(|change| change.breaking && change.module == module);
        breaking.count()
    };
    let breaking = changes.iter().filter(|change| change.breaking).count();
    let mut lines = vec![
        format!("# What changed from {old} to {new}"),
        String::new(),
        format!("`folio-spec diff {old} {new} --markdown` writes this page from the documents of both. {} changes, {breaking} of them", changes.len()),
        "**breaking**: a program that compiled against the first, or ran against it, may not do so against the second.".to_owned(),
    ];
    let mut module = "";
    for change in changes {
        if change.module != module {
            module = &change.module;
            let breaking = match count(module) {
                0 => String::new(),
                count => format!(" ({count} breaking)"),
            };
            lines.extend([
                String::new(),
                format!("## {module}{breaking}"),
                String::new(),
            ]);
        }
        let mark = if change.breaking { "**breaking** " } else { "" };
        lines.push(format!(
            "- {mark}{} `{}`: {}",
            change.kind, change.subject, change.change
        ));
    }
    lines
}

/// Prints lines until nobody reads them any more.
fn say(lines: impl IntoIterator<Item = String>) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        if writeln!(out, "{line}").is_err() {
            return;
        }
    }
}
