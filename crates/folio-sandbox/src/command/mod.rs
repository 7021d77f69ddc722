//! The command `folio-sandbox`.

mod arguments;
mod log;
mod record;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use arguments::{Arguments, Command, Flavor};
use clap::Parser as _;
use folio_sandbox::{Builder, Error, Sandbox};

/// Starts a sandbox according to the arguments, and waits for the signal to stop.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Record(of)) => record::run(of).map_err(|error| error.to_string()),
        None => serve(&arguments).map_err(|error| error.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "folio-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn builder(arguments: &Arguments) -> Builder {
    let mut builder = Sandbox::builder()
        .tenant(&arguments.tenant)
        .user(&arguments.user, &arguments.password)
        .user_records()
        .listen(arguments.listen, arguments.port)
        .release(&arguments.release)
        .latency(arguments.latency.into())
        .seed(arguments.seed)
        .generated(arguments.records)
        // The log shows them; the command does not need them.
        .keep_exchanges(0);
    if arguments.flavor == Flavor::Eureka {
        builder = builder.eureka();
    }
    if !arguments.no_reference_data {
        builder = builder.reference_data();
    }
    if arguments.demo {
        builder = builder.demo_data_of(&arguments.tenant);
    }
    if let Some(folder) = &arguments.data {
        builder = builder.folder(folder);
    }
    if arguments.read_only {
        builder = builder.read_only();
    }
    if !arguments.quiet {
        builder = builder.on_exchange(log::write);
    }
    arguments
        .fault
        .iter()
        .cloned()
        .fold(builder, Builder::fault)
}

fn serve(arguments: &Arguments) -> Result<(), Error> {
    let start = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let sandbox = runtime.block_on(builder(arguments).start())?;
    // A reader that closes the pipe early must not end the sandbox.
    let _ = greet(arguments, sandbox.url(), start);
    runtime.block_on(stopped())?;
    sandbox.shutdown();
    Ok(())
}

/// Waits for an interrupt, or to be terminated.
async fn stopped() -> Result<(), Error> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminated.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn greet(arguments: &Arguments, url: &str, start: Instant) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let flavor = match arguments.flavor {
        Flavor::Okapi => "Okapi",
        Flavor::Eureka => "Eureka",
    };
    writeln!(
        out,
        "folio-sandbox {}: a FOLIO for tests, by {flavor}, ready after {:.2} s\n",
        env!("CARGO_PKG_VERSION"),
        start.elapsed().as_secs_f64()
    )?;
    writeln!(out, "  URL       {url}")?;
    writeln!(out, "  tenant    {}", arguments.tenant)?;
    writeln!(out, "  user      {}", arguments.user)?;
    writeln!(out, "  password  {}", arguments.password)?;
    if arguments.records > 0 {
        let records = arguments.records;
        writeln!(
            out,
            "  records   {records} instances, {records} holdings, {records} items; seed {}",
            arguments.seed
        )?;
    }
    match &arguments.data {
        Some(folder) => writeln!(out, "  data      {}", folder.display())?,
        None => writeln!(out, "  data      in memory; --data DIR persists it")?,
    }
    if arguments.read_only {
        writeln!(out, "  read-only")?;
    }
    writeln!(out, "\nFor programs that use folio-sdk:\n")?;
    for (name, value) in [
        ("FOLIO_URL", url),
        ("FOLIO_TENANT", &arguments.tenant),
        ("FOLIO_USERNAME", &arguments.user),
        ("FOLIO_PASSWORD", &arguments.password),
    ] {
        writeln!(out, "export {name}={}", quoted(value))?;
    }
    writeln!(out)?;
    out.flush()
}
