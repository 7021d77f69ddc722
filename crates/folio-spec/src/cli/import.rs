//! `folio-spec import`.

use std::process::ExitCode;
use std::time::Instant;

use super::arguments::ImportArguments;
use super::output::print;
use crate::base::error::{Error, Result};
use crate::base::note::Kind;
use crate::fetch::platform::Platform;
use crate::fetch::{Fetch, fetch};
use crate::release::import::{Import, Report, import};
use crate::select::selection::libraries;

/// The exit code of an import that wrote documents, and left something out, replaced it, or could
/// not read it.
const INCOMPLETE: u8 = 2;

pub(super) fn run(arguments: ImportArguments) -> Result<ExitCode> {
    let start = Instant::now();
    let (report, others) = imported(arguments).map_err(|error| Error {
        problem: format!("{}\nnothing was written", error.problem),
        ..error
    })?;
    let is_incomplete = report.notes.iter().any(|note| note.kind.is_incomplete());
    print(lines(&report, &others));
    print([format!("{} in {:.2?}", summary(&report), start.elapsed())]);
    Ok(ExitCode::from(if is_incomplete { INCOMPLETE } else { 0 }))
}

/// Imports from a directory, or from sources that are fetched first. Also returns the entries of a
/// platform that are not backend modules.
fn imported(arguments: ImportArguments) -> Result<(Report, Vec<String>)> {
    let ImportArguments {
        release,
        from,
        git_base,
        application_descriptors,
        keep,
        out,
        specs,
        modules,
        strict,
    } = arguments;
    let mut others = Vec::new();
    let temporary = tempfile::tempdir()
        .map_err(|error| Error::file("", format!("no temporary folder: {error}")))?;
    let platform = match (&from.install_json, &from.platform_descriptor) {
        (Some(file), _) => Some(Platform::install(file)?),
        (_, Some(file)) => Some(Platform::descriptor(file, &application_descriptors)?),
        _ => None,
    };
    let folder = match (platform, from.from) {
        (Some(platform), _) => {
            let into = keep.unwrap_or_else(|| temporary.path().join(&release));
            let to = Fetch {
                base: git_base,
                into: into.clone(),
                libraries: libraries(&specs)?,
            };
            fetch(&platform, &to)?;
            others = platform.others;
            into
        }
        (None, from) => from.unwrap_or_default(),
    };
    let report = import(&Import {
        out: out.unwrap_or_else(|| specs.join(&release)),
        release,
        from: folder,
        specs,
        modules,
        strict,
    })?;
    Ok((report, others))
}

/// One line per module and note.
fn lines(report: &Report, others: &[String]) -> Vec<String> {
    let mut lines = report.modules.clone();
    if !others.is_empty() {
        lines.push(format!(
            "{} entries other than backend modules are not fetched: {}",
            others.len(),
            others.join(", ")
        ));
    }
    lines.extend(report.notes.iter().map(ToString::to_string));
    lines
}

fn summary(report: &Report) -> String {
    let count = |kind: Kind| report.notes.iter().filter(|note| note.kind == kind).count();
    format!(
        "{} modules, {} operations, {} omitted, {} substituted, {} unread",
        report.modules.len(),
        report.operations,
        count(Kind::Omitted),
        count(Kind::Substituted),
        count(Kind::Unread),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::note::Note;

    #[test]
    fn the_table_ends_with_counts() {
        let report = Report {
            modules: vec!["mod-a 1.0: 2 operations, 0 untyped, 0 unrouted left out".to_owned()],
            notes: vec![Note::new(Kind::Omitted, "mod-b", "", "is missing")],
            operations: 2,
            ..Report::default()
        };
        let expected = [
            "mod-a 1.0: 2 operations, 0 untyped, 0 unrouted left out",
            "1 entries other than backend modules are not fetched: folio_x",
            "omitted      mod-b: is missing",
        ];
        assert_eq!(lines(&report, &["folio_x".to_owned()]), expected);
        assert_eq!(
            summary(&report),
            "1 modules, 2 operations, 1 omitted, 0 substituted, 0 unread"
        );
    }
}
