//! The command `folio-spec glossary`.

use std::path::PathBuf;

use super::check::{Coverage, Missing, check, coverage};
use super::lookup::Glossary;
use super::names::COMMON;
use super::skeleton::skeleton;
use super::subjects::Subjects;
use super::upstream::compare;
use super::{demand, nearest, written};
use crate::base::error::{Error, Result};
use crate::canonical::release::Release;

/// The modules to check, and the output.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Request {
    /// The folder with the releases' folders and glossary/.
    #[arg(long, default_value = "specs")]
    pub specs: PathBuf,
    /// Only this module, more than once for several; `common` for the shared records.
    #[arg(long = "module")]
    pub modules: Vec<String>,
    /// Lists names without a sentence.
    #[arg(long)]
    pub missing: bool,
    /// Prints only a TOML skeleton of the names without a sentence.
    #[arg(long, conflicts_with = "missing")]
    pub skeleton: bool,
    /// Writes the JSON files that the build reads, beside the TOML files.
    #[arg(long)]
    pub write: bool,
    /// A folder of FOLIO's own descriptions, one folder per release: reports sentences that are in
    /// there too.
    #[arg(long)]
    pub against: Option<PathBuf>,
}

/// The output of the command, and whether the check succeeded.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The lines for standard output.
    pub lines: Vec<String>,
    /// The findings.
    pub errors: Vec<Error>,
}

/// Checks the glossary against the documents of all `releases`.
///
/// # Errors
/// A directory cannot be read, or no release has a requested module.
pub fn run(request: &Request, releases: &[Release]) -> Result<Report> {
    let folder = request.specs.join("glossary");
    let subjects = Subjects::of(releases);
    if let Some(module) = request
        .modules
        .iter()
        .find(|name| !subjects.modules.contains_key(*name))
    {
        let names = subjects.modules.keys().map(String::as_str);
        let hint = nearest::hint(module, names);
        return Err(Error::file(
            &folder,
            format!("no release has a module `{module}`{hint}"),
        ));
    }
    let is_wanted =
        |name: &str| request.modules.is_empty() || request.modules.iter().any(|m| m == name);
    let (mut glossary, mut errors) = Glossary::read(&folder);
    errors.extend(check(&glossary, &subjects));
    let demands = demand::read(&folder)?;
    for name in demands
        .keys()
        .filter(|name| !subjects.modules.contains_key(*name))
    {
        let path = folder.join("coverage.toml");
        errors.push(Error::file(
            path,
            format!("no release has a module `{name}`"),
        ));
    }
    let mut lines = Vec::new();
    if !request.skeleton {
        lines.push(heading());
    }
    let mut total = Coverage::default();
    for (name, module) in subjects.modules.iter().filter(|(name, _)| is_wanted(name)) {
        let (coverage, missing) = coverage(&glossary, name, module);
        if request.skeleton {
            lines.push(format!("# {name}.toml"));
            lines.push(skeleton(module, &missing));
            continue;
        }
        lines.push(row(name, &coverage));
        total.add(&coverage);
        if request.missing {
            lines.extend(
                missing
                    .iter()
                    .map(|missing: &Missing| format!("  {missing}")),
            );
        }
        for (what, share, demanded) in demands
            .get(name)
            .into_iter()
            .flat_map(|demand| demand.unmet(&coverage))
        {
            let problem = format!(
                "{what} of {name}: {share} have a sentence; coverage.toml requires {demanded}%"
            );
            errors.push(Error::file(folder.join(format!("{name}.toml")), problem));
        }
    }
    if !request.skeleton {
        lines.push(row("all", &total));
    }
    // An error of a file may hide what it says.
    if errors.is_empty() {
        let files = written::files(&folder, &glossary, &subjects, releases);
        errors.extend(written::update(files, request.write)?);
    }
    if !request.modules.is_empty() {
        glossary
            .files
            .retain(|name, _| is_wanted(name) || name == COMMON);
        let is_about = |error: &Error| {
            error.file.file_stem().is_some_and(|stem| {
                let stem = stem.to_string_lossy();
                is_wanted(&stem) || stem == COMMON
            })
        };
        errors.retain(is_about);
    }
    if let Some(upstream) = &request.against {
        errors.extend(compare(&glossary, upstream)?);
    }
    errors.sort_by_key(|error| (error.file.clone(), error.place.parse().unwrap_or(0_usize)));
    Ok(Report { lines, errors })
}

impl Coverage {
    fn add(&mut self, other: &Self) {
        for (share, more) in [
            (&mut self.records, other.records),
            (&mut self.fields, other.fields),
            (&mut self.operations, other.operations),
            (&mut self.parameters, other.parameters),
        ] {
            share.described += more.described;
            share.all += more.all;
        }
    }
}

fn heading() -> String {
    format!(
        "{:<28} {:<17} {:<17} {:<17} {:<17}",
        "module", "records", "fields", "operations", "parameters"
    )
    .trim_end()
    .to_owned()
}

fn row(name: &str, coverage: &Coverage) -> String {
    let Coverage {
        records,
        fields,
        operations,
        parameters,
    } = coverage;
    format!("{name:<28} {records:<17} {fields:<17} {operations:<17} {parameters:<17}")
        .trim_end()
        .to_owned()
}
