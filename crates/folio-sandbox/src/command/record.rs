//! `folio-sandbox record URL`: records the responses of a server to the requests of a conformance
//! file.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use folio_sandbox::record::{Credentials, record};

/// The file that is sent where none is named.
const EXCHANGES: &[u8] = include_bytes!("../../tests/conformance/data/exchanges.jsonl.gz");

/// The arguments of the recorder.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// The server, such as https://okapi.example.org; the password of the user is read from
    /// FOLIO_PASSWORD
    url: String,
    /// The tenant: one for tests, since the requests write and delete records
    #[arg(long, default_value = "diku")]
    tenant: String,
    /// The user
    #[arg(long, default_value = "diku_admin")]
    user: String,
    /// The conformance file whose requests are sent, JSON Lines or the same as .gz; the exchanges
    /// that the sandbox is tested with by default
    #[arg(long)]
    file: Option<PathBuf>,
    /// Where the rows are written; standard output by default
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Sends the requests, and writes the rows with the responses of the server.
pub(crate) fn run(arguments: &RecordArguments) -> io::Result<()> {
    let password = std::env::var("FOLIO_PASSWORD").map_err(|_| {
        io::Error::other(format!(
            "set FOLIO_PASSWORD to the password of {}",
            arguments.user
        ))
    })?;
    let own = tempfile(arguments.file.is_none())?;
    let file = match (&arguments.file, &own) {
        (Some(file), _) => file.clone(),
        (None, Some(own)) => own.0.clone(),
        (None, None) => return Err(io::Error::other("a conformance file is required")),
    };
    let mut writer: Box<dyn Write + Send> = match &arguments.out {
        Some(path) => Box::new(File::create(path)?),
        None => Box::new(io::stdout()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let credentials = Credentials::new(&arguments.user, password);
    let work = record(
        &arguments.url,
        &arguments.tenant,
        &credentials,
        &file,
        &mut *writer,
    );
    let recorded = runtime.block_on(work)?;
    writeln!(
        io::stderr(),
        "{} requests sent, {} with another status than recorded before, {} rows left out. Tokens, cookies and passwords were replaced; look for \
         other personal data before you pass the rows on.",
        recorded.sent,
        recorded.other_status,
        recorded.left_out
    )
}

/// A file that is deleted when it is not needed any more.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The exchanges that are in the program, as a file.
fn tempfile(wanted: bool) -> io::Result<Option<Temporary>> {
    if !wanted {
        return Ok(None);
    }
    let name = format!("folio-exchanges-{}.jsonl.gz", std::process::id());
    let own = Temporary(std::env::temp_dir().join(name));
    std::fs::write(&own.0, EXCHANGES)?;
    Ok(Some(own))
}
