//! Serves a user's loans on port 3000; Ctrl-C ends it.

use folio_example_programs::{Outcome, loans_service};
use folio_sdk::FolioClient;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Outcome {
    let folio = FolioClient::from_env()?.connect().await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, loans_service::app(folio.clone()))
        .with_graceful_shutdown(async {
            _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    folio.close().await?;
    Ok(())
}
