//! Prints the locations of each member of the consortium.

use folio_example_programs::{Outcome, member_locations};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    for (tenant, locations) in member_locations::run(&folio).await? {
        match locations {
            Ok(locations) => {
                for location in locations {
                    println!("{tenant}\t{}\t{}", location.code, location.name);
                }
            }
            Err(error) => eprintln!("{tenant}: {error}"),
        }
    }
    folio.close().await?;
    Ok(())
}
