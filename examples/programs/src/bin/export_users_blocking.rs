//! Writes the active users to the standard output, as CSV, without `async`.

use folio_example_programs::{Outcome, export_users_blocking};
use folio_sdk::blocking::FolioClient;

fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect()?;
    let count = export_users_blocking::run(&folio, std::io::stdout().lock())?;
    eprintln!("{count} users");
    folio.close()?;
    Ok(())
}
