//! `cargo run -p folio-example-jobs --bin report`: loans by user group, of an in-process FOLIO, or
//! of a real one with `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD`.

use std::env;
use std::error::Error;

use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox;
    let builder = if env::var_os("FOLIO_URL").is_some() {
        FolioClient::from_env()?
    } else {
        sandbox = Sandbox::builder().demo_data().start().await?;
        FolioClient::builder(sandbox.url())
            .tenant("diku")
            .credentials("diku_admin", "admin")
    };
    let folio = builder.connect().await?;
    let report = folio_example_jobs::report::report(&folio, 8).await;
    folio.close().await?;
    let report = report?;
    for (group, (users, loans)) in report.groups {
        println!("{group:<20} {users:>6} users {loans:>6} loans");
    }
    let (locations, points) = report.places;
    println!("{locations} locations, {points} service points");
    Ok(())
}
