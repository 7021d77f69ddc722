//! `folio-sandbox record URL`: how a server answers the requests of a conformance file.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use folio_sandbox::record::{Credentials, record};

/// Send the requests of a conformance file to a FOLIO, in their order, and write the same rows with its answers
///
/// Tokens, cookies and passwords are left out. The requests write and delete records: name a tenant for tests. The password is read from
/// FOLIO_PASSWORD.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The gateway of the FOLIO
    url: String,
    /// The tenant
    #[arg(long, default_value = "diku")]
    tenant: String,
    /// The user
    #[arg(long, default_value = "diku_admin")]
    user: String,
    /// The file with the requests; that of this crate without it
    #[arg(long)]
    file: Option<PathBuf>,
    /// Where the rows go; the standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Record) -> Result<(), String> {
    let file = arguments.file.clone().unwrap_or_else(|| {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/data");
        PathBuf::from(data).join("exchanges.jsonl.gz")
    });
    let password = std::env::var("FOLIO_PASSWORD").unwrap_or_else(|_| "admin".to_owned());
    let mut writer: Box<dyn std::io::Write + Send> = match &arguments.out {
        Some(path) => {
            let created = std::fs::File::create(path);
            Box::new(created.map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => Box::new(std::io::stdout()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let credentials = Credentials::new(arguments.user.clone(), password);
    let (url, tenant) = (&arguments.url, &arguments.tenant);
    let work = record(url, tenant, &credentials, &file, &mut *writer);
    let recorded = runtime.block_on(work).map_err(|error| error.to_string())?;
    let _ = writeln!(
        std::io::stderr(),
        "{} requests sent, {} with another status than in {}, {} rows left out",
        recorded.sent,
        recorded.other_status,
        file.display(),
        recorded.left_out
    );
    Ok(())
}
