//! `tag-instances <statistical code id> <note>` with HRIDs on the standard input, a line each.

use folio_example_programs::{Outcome, tag_instances};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let mut arguments = std::env::args().skip(1);
    let (Some(code), Some(note)) = (arguments.next(), arguments.next()) else {
        return Err("expected the id of a statistical code and a note".into());
    };
    let hrids = std::io::stdin().lines().collect::<Result<_, _>>()?;
    let report = tag_instances::run(&folio, hrids, &code, &note).await?;
    println!("{} changed, {} unchanged", report.changed, report.unchanged);
    for hrid in report.missing {
        eprintln!("{hrid}: no such instance");
    }
    for (hrid, error) in report.failed {
        eprintln!("{hrid}: {error}");
    }
    folio.close().await?;
    Ok(())
}
