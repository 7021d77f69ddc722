//! `cargo run -p folio-example-actix-web` serves on port 3001, with an in-process FOLIO; with
//! `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD`, with a real one. Ctrl-C ends
//! it.

use std::env;
use std::error::Error;
use std::net::TcpListener;

use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;

#[actix_web::main]
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
    let listener = TcpListener::bind("127.0.0.1:3001")?;
    println!("http://{}/locations", listener.local_addr()?);
    let ctrl_c = async {
        _ = actix_web::rt::signal::ctrl_c().await;
    };
    folio_example_actix_web::serve(listener, folio, ctrl_c).await?;
    Ok(())
}
