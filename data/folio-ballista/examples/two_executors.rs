//! A join on two executors: `cargo run --example two_executors`.
//!
//! It starts a sandbox, a scheduler and two executors as processes, and prints the locations with
//! the most holdings. With `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD` it
//! reads that FOLIO instead.
//!
//! The other processes are this program with other arguments, as are those of a program with a
//! `CredentialsResolver` of its own.

use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;

use clap::{Parser, Subcommand};
use datafusion::arrow::util::pretty::pretty_format_batches;
use folio_ballista::{EnvironmentResolver, Executor, Scheduler, session};
use folio_datafusion::{Options, register};
use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const STATEMENT: &str = "
    select l.name as location, count(*) as holdings, count(distinct i.id) as instances
    from inventory_storage.holdings h
    join inventory_storage.instances i on h.instance_id = i.id
    join inventory_storage.locations l on h.permanent_location_id = l.id
    group by l.name
    order by holdings desc, location
    limit 10";

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    process: Option<Process>,
}

/// What this process is.
#[derive(Subcommand)]
enum Process {
    Scheduler(Scheduler),
    Executor(Executor),
}

fn main() -> ExitCode {
    let ready = |line: &str| println!("{line}");
    match Arguments::parse().process {
        Some(Process::Scheduler(scheduler)) => folio_ballista::run(scheduler.run(ready)),
        Some(Process::Executor(executor)) => {
            folio_ballista::run(executor.run(Arc::new(EnvironmentResolver), ready))
        }
        None => match statement() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

#[tokio::main]
async fn statement() -> Result<()> {
    let names = [
        "FOLIO_URL",
        "FOLIO_TENANT",
        "FOLIO_USERNAME",
        "FOLIO_PASSWORD",
    ];
    let [url, tenant, username, password] = names.map(|name| std::env::var(name).ok());
    let mut sandbox = None;
    let system = match (url, tenant, username, password) {
        (Some(url), Some(tenant), Some(username), Some(password)) => {
            [url, tenant, username, password]
        }
        _ => {
            let builder = Sandbox::builder()
                .tenant("diku")
                .user("diku_admin", "admin");
            let started = builder.generated(20_000).start().await?;
            let url = started.url().to_owned();
            sandbox = Some(started);
            [
                url,
                "diku".to_owned(),
                "diku_admin".to_owned(),
                "admin".to_owned(),
            ]
        }
    };

    let scheduler = Started::new(&["scheduler", "--port", "0", "--executors", "2"], &system)?;
    let port = scheduler.ready.rsplit(':').next().unwrap_or_default();
    let executor = |place| {
        let arguments = [
            "executor",
            "--executor",
            place,
            "--scheduler-port",
            port,
            "--port",
            "0",
            "--control-port",
            "0",
        ];
        Started::new(&arguments, &system)
    };
    let executors = [executor("1/2")?, executor("2/2")?];
    println!(
        "{} with {} and {}",
        scheduler.ready, executors[0].ready, executors[1].ready
    );

    let [url, tenant, username, password] = system;
    let builder = FolioClient::builder(url).tenant(tenant);
    let folio = builder.credentials(username, password).connect().await?;
    let ctx = session(&scheduler.ready)?;
    let options = Options {
        credentials: Some("main".to_owned()),
        ..Options::default()
    };
    register(&ctx, &folio, options).await?;
    let batches = ctx.sql(STATEMENT).await?.collect().await?;
    println!("{}", pretty_format_batches(&batches)?);

    for process in executors.into_iter().chain([scheduler]) {
        process.stop()?;
    }
    folio.close().await?;
    drop(sandbox);
    Ok(())
}

/// A process of this program, which has printed a line.
struct Started {
    child: Child,
    ready: String,
}

impl Started {
    fn new(arguments: &[&str], [url, tenant, username, password]: &[String; 4]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .env("FOLIO_MAIN_URL", url)
            .env("FOLIO_MAIN_TENANT", tenant)
            .env("FOLIO_MAIN_USERNAME", username)
            .env("FOLIO_MAIN_PASSWORD", password)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        if let Some(lines) = child.stdout.take() {
            BufReader::new(lines).read_line(&mut ready)?;
        }
        let started = Self {
            child,
            ready: ready.trim().to_owned(),
        };
        match started.ready.is_empty() {
            true => Err(format!("`{}` did not start", arguments.join(" ")).into()),
            false => Ok(started),
        }
    }

    /// Ends it as a service manager does.
    fn stop(mut self) -> Result<()> {
        Command::new("kill")
            .arg(self.child.id().to_string())
            .status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
