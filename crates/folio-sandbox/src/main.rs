//! `folio-sandbox record URL`: records how a server answers the requests of a conformance file.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use folio_sandbox::record::{Credentials, record};

const HELP: &str = "\
folio-sandbox record URL [--tenant TENANT] [--user USER] [--file FILE] [--out FILE]

Sends the requests of a conformance file to a FOLIO, in their order, and writes the same rows with its answers, without tokens, cookies and
passwords. The requests write and delete records: name a tenant for tests. The password is read from FOLIO_PASSWORD.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "folio-sandbox: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [command, url, options @ ..] = arguments else {
        return Err(HELP.to_owned());
    };
    if command != "record" {
        return Err(HELP.to_owned());
    }
    let (mut tenant, mut user) = ("diku".to_owned(), "diku_admin".to_owned());
    let (mut file, mut out) = (None, None);
    for option in options.chunks(2) {
        match option {
            [name, value] if name == "--tenant" => tenant.clone_from(value),
            [name, value] if name == "--user" => user.clone_from(value),
            [name, value] if name == "--file" => file = Some(PathBuf::from(value)),
            [name, value] if name == "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(format!("unknown option {}\n{HELP}", option.join(" "))),
        }
    }
    let file = file.unwrap_or_else(|| {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/data");
        PathBuf::from(data).join("exchanges.jsonl.gz")
    });
    let password = std::env::var("FOLIO_PASSWORD").unwrap_or_else(|_| "admin".to_owned());
    let mut writer: Box<dyn std::io::Write + Send> = match &out {
        Some(path) => {
            let created = std::fs::File::create(path);
            Box::new(created.map_err(|error| format!("{}: {error}", path.display()))?)
        }
        None => Box::new(std::io::stdout()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let credentials = Credentials::new(user, password);
    let work = record(url, &tenant, &credentials, &file, &mut *writer);
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
