//! `cargo run -p folio-example-axum` serves on port 3000, with an in-process FOLIO; with
//! `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD`, with a real one. Ctrl-C ends
//! it.

use std::env;
use std::error::Error;

use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;
use tokio::net::TcpListener;

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
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/users", listener.local_addr()?);
    folio_example_axum::serve(listener, folio, async {
        _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(())
}
