//! `order <vendor id> <acquisition method id> <fund id> <title> <title>`: orders a copy of each
//! title at 10 USD.

use folio_example_programs::{Outcome, order};
use folio_sdk::FolioClient;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [vendor, method, fund, titles @ ..] = &arguments[..] else {
        return Err(
            "expected the ids of a vendor, an acquisition method and a fund, and titles".into(),
        );
    };
    let titles = titles.iter().map(|title| order::Title {
        title: title.clone(),
        price: 10.into(),
        copies: 1,
    });
    let ids = (
        vendor.as_str().into(),
        method.as_str().into(),
        fund.as_str().into(),
    );
    let (order, encumbrances) =
        order::run(&folio, &ids.0, &ids.1, &ids.2, titles.collect()).await?;
    println!("order {}", order.po_number.unwrap_or_default());
    for encumbrance in encumbrances {
        println!("{} {}", encumbrance.amount, encumbrance.currency);
    }
    folio.close().await?;
    Ok(())
}
