//! `import-marc <file> <job profile as JSON>`: imports a MARC file.

use std::time::Duration;

use folio_example_programs::{Outcome, import_marc};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(profile)) = (arguments.next(), arguments.next()) else {
        return Err("expected a file and a job profile, such as {\"id\": …, \"name\": …, \"dataType\": \"MARC\"}".into());
    };
    let profile = serde_json::from_str(&profile)?;
    let job = import_marc::run(&folio, file.as_ref(), profile, Duration::from_secs(3600)).await?;
    println!("{}", job.status);
    folio.close().await?;
    Ok(())
}
