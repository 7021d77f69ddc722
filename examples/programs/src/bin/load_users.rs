//! `load-users <file>`: loads users from a JSON file.

use folio_example_programs::{Outcome, load_users};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let file = std::env::args()
        .nth(1)
        .ok_or("expected a JSON file of users")?;
    let report = load_users::run(&folio, file.as_ref()).await?;
    println!("{report}");
    folio.close().await?;
    Ok(())
}
