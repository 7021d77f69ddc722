//! The command line of `folio-spec`.

mod arguments;
mod describe;
mod import;
mod output;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser as _;

use crate::base::error::{Error, Result};
use crate::canonical::release::Release;
use crate::corrections::field_rules::FieldRules;
use crate::corrections::overrides::Overrides;
use crate::glossary;
use crate::reports::check::check;
use crate::reports::diff::{diff, page};
use crate::reports::features::Features;
use crate::reports::routes::routes;
use crate::reports::typed_fields::{self, DATES, Examined, IDS};
use crate::reports::{cli_data, coverage, facts_page, table_data};
use arguments::{Arguments, Command};
use output::print;

/// Runs the command that the arguments of the process name, and returns its exit code: 0 for
/// success, 1 for an error or a finding, 2 for an import that wrote documents and is incomplete.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // clap gives 2 to errors of usage, which is the code of an incomplete import here.
            return match error.use_stderr() {
                true => ExitCode::FAILURE,
                false => ExitCode::SUCCESS,
            };
        }
    };
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Import(arguments) => return import::run(arguments),
        Command::Describe(arguments) => describe::run(arguments)?,
        Command::Routes { release, specs } => {
            let features = Features::read(&specs).ok();
            let release = read(&specs, &release)?;
            print(routes(&release, features.as_ref()).map(|line| line.to_string()));
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
                print(changes.iter().map(|change| change.json().to_string()));
            } else if markdown {
                print(page::page(&old, &new, &changes));
            } else {
                print(page::listed(&changes));
            }
        }
        Command::Features { specs, root, check } => {
            let mut files = Features::read(&specs)?.files(&root, &specs)?;
            files.retain(is_stale);
            return written(files, check, "folio-spec features");
        }
        Command::CliData {
            specs,
            indexes,
            out,
            check,
        } => {
            let mut files = cli_data::files(&specs, &indexes, &out)?;
            files.retain(is_stale);
            return written(files, check, "folio-spec cli-data");
        }
        Command::TableData { specs, out, check } => {
            let mut files = table_data::files(&specs, &out)?;
            files.retain(is_stale);
            return written(files, check, "folio-spec table-data");
        }
        Command::Facts { releases, specs } => {
            let overrides = Overrides::read(&specs.join("overrides"))?;
            print(facts_page::page(&read_all(&specs, releases)?, &overrides));
        }
        Command::Coverage { releases, specs } => {
            print(coverage::page(&read_all(&specs, releases)?));
        }
        Command::Ids { releases, specs } => {
            let rules = FieldRules::ids(&specs)?;
            print_fields(&specs, releases, &IDS, &rules)?;
        }
        Command::Dates { releases, specs } => {
            let rules = FieldRules::dates(&specs)?;
            print_fields(&specs, releases, &DATES, &rules)?;
        }
        Command::Glossary { releases, request } => {
            let named = read_all(&request.specs, releases)?;
            let releases: Vec<Release> = named.into_iter().map(|(_, release)| release).collect();
            let report = glossary::command::run(&request, &releases)?;
            print(report.lines);
            for error in &report.errors {
                eprintln!("error: {error}");
            }
            return Ok(match report.errors.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            });
        }
        Command::Check {
            folder,
            named,
            specs,
        } => {
            let release = folder.or(named).unwrap_or_default();
            let findings = check(&read(&specs, &release)?);
            print(findings.iter().map(ToString::to_string));
            print([format!("{} findings", findings.len())]);
            return Ok(match findings.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the page of the fields of one type.
fn print_fields(
    specs: &Path,
    releases: Vec<String>,
    examined: &Examined,
    rules: &FieldRules,
) -> Result<()> {
    let releases = read_all(specs, releases)?;
    print(typed_fields::page(&releases, examined, rules));
    Ok(())
}

/// Whether a file is missing, or has another content.
fn is_stale((path, text): &(PathBuf, String)) -> bool {
    !std::fs::read_to_string(path).is_ok_and(|known| known == *text)
}

/// Writes the files, or with `is_check` only names them and the command that writes them.
fn written(stale: Vec<(PathBuf, String)>, is_check: bool, command: &str) -> Result<ExitCode> {
    if is_check && !stale.is_empty() {
        let problem = format!("not as the releases are; run `{command}`");
        let lines = stale
            .iter()
            .map(|(path, _)| format!("{}: {problem}", path.display()));
        print(lines);
        return Ok(ExitCode::FAILURE);
    }
    for (path, text) in stale {
        print([format!("{}: written", path.display())]);
        output::write(&path, text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a release by its name, or by its folder.
fn read(specs: &Path, release: &str) -> Result<Release> {
    let named = specs.join(release);
    let folder = Path::new(release);
    if named.is_dir() {
        return Release::read(&named);
    }
    if folder.is_dir() {
        return Release::read(folder);
    }
    let mut known: Vec<String> = std::fs::read_dir(specs)
        .map_err(|error| {
            let problem = format!(
                "cannot be read: {error}; expected the folder with the releases' folders (--specs)"
            );
            Error::file(specs, problem)
        })?
        .flatten()
        .filter(|entry| entry.path().join("release.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    known.sort();
    let problem = match &known[..] {
        [] => "the directory contains no imported release: run `folio-spec import`".to_owned(),
        known => format!("imported releases: {}", known.join(", ")),
    };
    let problem = format!("`{release}` is neither a release here nor a directory; {problem}");
    Err(Error::file(specs, problem))
}

fn read_all(specs: &Path, names: Vec<String>) -> Result<Vec<(String, Release)>> {
    let releases = names.into_iter().map(|name| {
        let release = read(specs, &name)?;
        Ok((name, release))
    });
    releases.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn an_unknown_release_is_an_error_that_names_the_known_ones() {
        let specs = tempfile::tempdir().unwrap();
        let problem = || read(specs.path(), "next").unwrap_err().problem;
        assert!(
            problem().contains("run `folio-spec import`"),
            "{}",
            problem()
        );
        for name in ["r2", "r1", "ours"] {
            std::fs::create_dir(specs.path().join(name)).unwrap();
        }
        for name in ["r1", "r2"] {
            std::fs::write(specs.path().join(name).join("release.json"), "{}").unwrap();
        }
        assert!(
            problem().ends_with("imported releases: r1, r2"),
            "{}",
            problem()
        );
        let missing = read(&specs.path().join("none"), "r1").unwrap_err();
        assert!(missing.problem.contains("(--specs)"), "{missing}");
    }
}
