//! `nightly-items <folder>`: writes all holdings and items there.

use folio_example_programs::{Outcome, nightly_items};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let folder = std::env::args().nth(1).ok_or("expected a folder")?;
    let (holdings, items) = nightly_items::run(&folio, folder.as_ref()).await?;
    println!("{holdings} holdings, {items} items");
    folio.close().await?;
    Ok(())
}
