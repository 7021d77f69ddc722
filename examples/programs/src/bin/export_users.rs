//! Writes the active users to the standard output, as CSV.

use folio_example_programs::{Outcome, export_users};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let count = export_users::run(&folio, std::io::stdout().lock()).await?;
    eprintln!("{count} users");
    folio.close().await?;
    Ok(())
}
