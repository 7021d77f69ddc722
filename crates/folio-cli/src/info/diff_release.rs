//! `folio diff-release`: the changes between two releases.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::data::{self, Release};
use crate::error::CliError;
use crate::exit::Exit;
use crate::info::names::is_module;
use crate::info::tenant;
use crate::info::used::Used;

/// Shows the changes between two releases
///
/// A breaking change is one after which a program that compiled against the first release, or ran
/// against it, may not do so against the second.
///
/// Nothing is sent if FROM is given; otherwise the tenant's modules determine its release.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio diff-release sunflower trillium --breaking
  folio diff-release --uses src/main.rs
  folio diff-release ramsons trillium --module mod-users --format csv
  folio diff-release sunflower trillium --path /circulation/loans")]
pub(crate) struct Args {
    /// The earlier release [default: the release of the tenant]
    #[arg(value_name = "FROM")]
    from: Option<String>,
    /// The later release [default: the newest one]
    #[arg(value_name = "TO")]
    to: Option<String>,
    /// Only changes of this module
    #[arg(long, value_name = "MODULE")]
    module: Option<String>,
    /// Only breaking changes
    #[arg(long)]
    breaking: bool,
    /// Only changes that concern what a file uses: source code of a program, or one path, `GET
    /// /path` or name of an operation per line. The records that these operations send and receive
    /// are included
    #[arg(long, value_name = "FILE")]
    uses: Vec<PathBuf>,
    /// Only changes that concern the operations of this path, and their records
    #[arg(long, value_name = "PATH")]
    path: Vec<String>,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let releases = data::releases()?;
    let to = data::release_named(&releases, args.to.as_deref())?;
    let from = match &args.from {
        Some(name) => data::release_named(&releases, Some(name))?,
        None => of_tenant(context, &releases).await?,
    };
    let at = |named: &Release| releases.iter().position(|one| one.name == named.name);
    let (is_reversed, from, to) = (at(from) > at(to), from.name.as_str(), to.name.as_str());
    if is_reversed {
        let message = format!("{from} is newer than {to}");
        return Err(CliError::usage(message).with_help(format!(
            "the earlier release comes first: folio diff-release {to} {from}"
        )));
    }
    let used = used(&args, &releases, [from, to])?;
    let mut changes = data::changes()?;
    changes.retain(|change| {
        let module = args.module.as_deref();
        change.from == from
            && change.to == to
            && (change.breaking || !args.breaking)
            && module.is_none_or(|module| is_module(&change.module, module))
            && used.as_ref().is_none_or(|used| used.concerns(change))
    });
    if let (Some(module), true) = (&args.module, changes.is_empty()) {
        let exists = releases
            .iter()
            .flat_map(|release| release.modules.keys())
            .any(|known| is_module(known, module));
        if !exists && module != "common" {
            return Err(
                CliError::usage(format!("no release has a module `{module}`"))
                    .with_help("`folio routes` shows the names of modules"),
            );
        }
    }
    let breaking = changes.iter().filter(|change| change.breaking).count();
    context.results.rows(
        &["module", "kind", "subject", "change", "breaking"],
        &changes,
    )?;
    context.console.note(format_args!(
        "{} changes from {from} to {to}, {breaking} of them breaking",
        changes.len(),
    ));
    Ok(Exit::Success)
}

/// The release of the tenant of the login.
async fn of_tenant<'a>(
    context: &mut Context,
    releases: &'a [Release],
) -> Result<&'a Release, CliError> {
    let help = || {
        let known: Vec<&str> = releases.iter().map(|release| &*release.name).collect();
        format!("name the releases: folio diff-release {}", known.join(" "))
    };
    let tenant = tenant::of_login(context, releases).await;
    let release = tenant.and_then(|tenant| tenant.release);
    let release = release.ok_or_else(|| {
        CliError::usage("the earlier release is not given, and that of the tenant is unknown")
            .with_help(help())
    })?;
    context.console.note(format_args!(
        "the modules of the tenant are those of {}",
        release.name
    ));
    Ok(release)
}

/// What the user's program uses; none if that was not given.
fn used(
    args: &Args,
    releases: &[Release],
    [from, to]: [&str; 2],
) -> Result<Option<Used>, CliError> {
    if args.uses.is_empty() && args.path.is_empty() {
        return Ok(None);
    }
    let mut text = String::new();
    for path in &args.uses {
        text.push_str(&read(path)?);
        text.push('\n');
    }
    for path in &args.path {
        text.push_str(&format!("{path}\n"));
    }
    let used = Used::of(
        &text,
        &[from, to],
        releases,
        &data::operations()?,
        &data::records()?,
    );
    if used.is_empty() {
        let problem = format!("no operation of {from} or {to} is named there");
        return Err(CliError::usage(problem).with_help(
            "expected paths (`/users`), methods with paths (`GET /users/{userId}`), or names of operations (`list_users`); `folio routes` finds them",
        ));
    }
    Ok(Some(used))
}

fn read(path: &Path) -> Result<String, CliError> {
    let what = format!("cannot read `{}`", path.display());
    std::fs::read_to_string(path).map_err(|error| CliError::io(what, &error))
}
