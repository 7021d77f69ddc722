//! `folio sandbox`: runs a FOLIO on a port of this machine.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  folio sandbox
  folio sandbox --port 9131 --flavour eureka --tenant university
  folio sandbox --data ./folio-data --empty

The sandbox is for tests and for learning: it behaves like FOLIO's modules, but it is no FOLIO. In
another terminal, the printed lines connect `folio` to it. It ends on Ctrl-C.";

/// Runs a FOLIO on a port of this machine, with demo data, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// The port; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = 9130)]
    port: u16,
    /// The platform that it resembles
    #[arg(long, alias = "flavor", value_enum, default_value_t)]
    flavour: Flavour,
    /// A small library: users, groups, locations, instances with holdings and items; the default
    #[arg(long, conflicts_with = "empty")]
    demo: bool,
    /// No records, except the user
    #[arg(long)]
    empty: bool,
    /// The number of invented instances, with as many holdings and items
    #[arg(long, value_name = "N", default_value_t = 0)]
    records: u32,
    /// A directory for the records, which outlive the process there
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The user, who may do everything
    #[arg(long, value_name = "NAME", default_value = "diku_admin")]
    user: String,
}

/// The platforms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Flavour {
    #[default]
    Okapi,
    Eureka,
}

/// The password of the user: the sandbox holds no secrets, and accepts connections of this machine
/// only.
#[cfg(feature = "sandbox")]
const PASSWORD: &str = "admin";

/// The tenant, unless `--tenant` names another one.
#[cfg(feature = "sandbox")]
const TENANT: &str = "diku";

#[cfg(not(feature = "sandbox"))]
pub(crate) async fn run(_context: &mut Context, _args: Args) -> Result<Exit, CliError> {
    Err(
        CliError::usage("this build of `folio` has no sandbox").with_help(
            "install it with `cargo install folio-cli --features sandbox`, or use the command `folio-sandbox`",
        ),
    )
}

#[cfg(feature = "sandbox")]
pub(crate) async fn run(context: &mut Context, args: Args) -> Result<Exit, CliError> {
    let tenant = context.global.tenant.clone();
    let tenant = tenant.unwrap_or_else(|| TENANT.to_owned());
    if let Some(url) = &context.global.url {
        return Err(CliError::usage(format!(
            "--url {url} has no meaning for the sandbox, which listens on this machine"
        ))
        .with_help("select the port with --port"));
    }
    let mut builder = folio_sandbox::Sandbox::builder()
        .tenant(&tenant)
        .user(&args.user, PASSWORD)
        .user_records()
        .listen(std::net::Ipv4Addr::LOCALHOST, args.port)
        .generated(args.records)
        .keep_exchanges(0);
    if args.flavour == Flavour::Eureka {
        builder = builder.eureka();
    }
    if !args.empty {
        builder = builder.reference_data().demo_data_of(&tenant);
    }
    if let Some(folder) = &args.data {
        if folder.exists() && !folder.is_dir() {
            return Err(CliError::usage(format!(
                "`{}` is not a directory",
                folder.display()
            )));
        }
        builder = builder.folder(folder);
    }
    let sandbox = builder.start().await.map_err(|error| {
        CliError::other(format!("the sandbox cannot start: {error}"))
            .with_help("--port 0 selects a free port")
    })?;
    greet(context, &args, sandbox.url(), &tenant)?;
    context.interrupt.wait().await;
    // It waits for the thread of the sandbox.
    let stopped = tokio::task::spawn_blocking(move || sandbox.shutdown()).await;
    stopped.map_err(|_| CliError::interrupted())?;
    Ok(Exit::Success)
}

/// Prints where it listens, and how to connect.
#[cfg(feature = "sandbox")]
fn greet(context: &Context, args: &Args, url: &str, tenant: &str) -> Result<(), CliError> {
    let login = format!(
        "printf {PASSWORD} | folio login --url {url} --tenant {} --username {} --password-stdin",
        quoted(tenant),
        quoted(&args.user)
    );
    if context.results.chosen().is_some() {
        return context.results.value(&serde_json::json!({
            "url": url,
            "tenant": tenant,
            "username": args.user,
            "password": PASSWORD,
            "flavour": format!("{:?}", args.flavour).to_lowercase(),
        }));
    }
    let data = match &args.data {
        Some(folder) => folder.display().to_string(),
        None => "in memory; --data DIR keeps it".to_owned(),
    };
    context.results.line(&format!(
        "A FOLIO for tests ({:?}) listens at {url}\n\n  tenant    {tenant}\n  user      {}\n  password  {PASSWORD}\n  data      {data}\n\nIn another terminal:\n\n  {login}\n\nOr for this shell and for programs that use folio-sdk:\n\n  export FOLIO_URL={url} FOLIO_TENANT={} FOLIO_USERNAME={} FOLIO_PASSWORD={PASSWORD}\n\nCtrl-C ends it.",
        args.flavour,
        args.user,
        quoted(tenant),
        quoted(&args.user),
    ))
}

/// A word for a shell.
#[cfg(feature = "sandbox")]
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
