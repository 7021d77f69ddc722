//! `circulate out <item> <user> <service point id> [comment]` or `circulate in <item> <service
//! point id>`.

use std::time::SystemTime;

use folio_example_programs::{Outcome, circulate};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["out", item, user, service_point, ref comment @ ..] => {
            let comment = comment.first().copied();
            let loan =
                circulate::check_out(&folio, item, user, &service_point.into(), comment).await?;
            println!(
                "due {}",
                loan.due_date
                    .map(|date| date.to_string())
                    .unwrap_or_default()
            );
        }
        ["in", item, service_point] => {
            circulate::check_in(
                &folio,
                item,
                &service_point.into(),
                humantime::format_rfc3339_millis(SystemTime::now())
                    .to_string()
                    .into(),
            )
            .await?;
        }
        _ => return Err(
            "expected `out <item> <user> <service point> [comment]` or `in <item> <service point>`"
                .into(),
        ),
    }
    folio.close().await?;
    Ok(())
}
