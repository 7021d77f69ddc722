//! `folio doctor`: checks the way to a FOLIO system, the login, the tenant and the gateway.

mod certificate;
mod check;
mod clock;
mod limits;
mod network;
mod probe;
mod session;
mod system;

use crate::context::Context;
use crate::data;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::Format;
use crate::output::style::Style;
use check::{Check, Report, Status};

/// Checks the way to a FOLIO system, the login, the tenant and the gateway
///
/// Sends the login and GET requests only, none of which changes anything. Each check is `ok`,
/// `warning`, `failed` or `skipped`, and states what was seen and what to do. The limits of the
/// gateway are measured by about 25 GET requests: with query strings of up to 32 KiB, and with
/// bodies of up to 4 MiB, for which a GET has no use.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  folio doctor
  folio doctor 'GET /users' 'PUT /users/{userId}' /inventory/items
  folio doctor --profile test --format json

Exit codes: 0 if no check failed, also with warnings; 1 if a check failed.")]
pub(crate) struct Args {
    /// Operations that the user needs: a path, or a method with a path
    #[arg(value_name = "OPERATION")]
    operations: Vec<String>,
    /// Leaves out the measurement of the gateway's limits and latency (request line, body, timeouts)
    #[arg(long)]
    quick: bool,
}

pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let releases = data::releases()?;
    let operations = data::operations()?;
    let mut report = Report::new();
    examine(context, &args, &mut report, &releases, &operations).await;
    let checks = report.checks;
    write(context, &checks)?;
    let count = |status| checks.iter().filter(|check| check.status == status).count();
    let failed = count(Status::Failed);
    context.console.note(format_args!(
        "{} checks: {} ok, {} with a warning, {failed} failed, {} skipped",
        checks.len(),
        count(Status::Ok),
        count(Status::Warning),
        count(Status::Skipped)
    ));
    Ok(match failed {
        0 => Exit::Success,
        _ => Exit::Error,
    })
}

/// The checks that need a login, before the [`limits::CHECKS`].
const AFTER_LOGIN: [&str; 5] = ["clock", "platform", "release", "interfaces", "permissions"];

/// Runs the checks in the order of their dependencies: what cannot be checked is skipped.
async fn examine(
    context: &mut Context,
    args: &Args,
    report: &mut Report,
    releases: &[data::Release],
    operations: &[data::Operation],
) {
    let connection = match context.connection() {
        Ok(connection) => connection,
        Err(error) => {
            report.add(Check::failed("configuration", error.message().to_owned())
                .advice("run `folio login`, or set FOLIO_URL, FOLIO_TENANT, FOLIO_USERNAME and FOLIO_PASSWORD"));
            return;
        }
    };
    report.add(Check::ok(
        "configuration",
        format!(
            "{}, tenant {}, user {}",
            connection.url, connection.tenant, connection.username
        ),
    ));
    if !network::examine(&connection.url, report).await {
        report.skip(&["login"], "the gateway was not reached");
        return skip_after_login(report, "the gateway was not reached");
    }
    // The probes send longer request lines than other requests.
    let client = context.folio_with(|builder| builder.max_request_line(limits::LONGEST_LINE));
    let folio = match client.await {
        Ok(folio) => folio,
        Err(error) => {
            report.add(
                Check::failed("login", error.message().to_owned())
                    .advice("run `folio login`, or set FOLIO_PASSWORD"),
            );
            return skip_after_login(report, "there is no login");
        }
    };
    let Some(session) = session::examine(&folio, report).await else {
        return skip_after_login(report, "there is no login");
    };
    clock::examine(&session, report);
    system::examine(&folio, &args.operations, report, releases, operations).await;
    if args.quick {
        return report.skip(&limits::CHECKS, "--quick");
    }
    limits::examine(&folio, &session, report).await;
}

fn skip_after_login(report: &mut Report, reason: &str) {
    report.skip(&AFTER_LOGIN, reason);
    report.skip(&limits::CHECKS, reason);
}

fn write(context: &Context, checks: &[Check]) -> Result<(), CliError> {
    let results = &context.results;
    if let Some(format) = results.chosen().filter(|format| *format != Format::Table) {
        return match format {
            Format::Csv => results.rows(&["check", "status", "seen", "advice"], checks),
            _ => {
                let mut writer = results.records(None);
                for check in checks {
                    writer.write(check)?;
                }
                writer.finish().map(drop)
            }
        };
    }
    for check in checks {
        let style = match check.status {
            Status::Ok => Style::Green,
            Status::Warning => Style::Yellow,
            Status::Failed => Style::Red,
            Status::Skipped => Style::Dim,
        };
        let status = results.paint(style, &format!("{:<8}", check.status.word()));
        results.line(&format!("{status} {:<13} {}", check.check, check.seen))?;
        if let Some(advice) = &check.advice {
            results.line(&format!("{:<22} → {advice}", ""))?;
        }
    }
    Ok(())
}
