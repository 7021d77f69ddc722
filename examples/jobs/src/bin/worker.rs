//! `cargo run -p folio-example-jobs --bin worker < orders.txt`: a line is the id of an instance, a
//! space and a note. It uses an in-process FOLIO, or a real one with `FOLIO_URL`, `FOLIO_TENANT`,
//! `FOLIO_USERNAME` and `FOLIO_PASSWORD`. Ctrl-C ends it after the orders that were read.

use std::env;
use std::error::Error;
use std::io::BufRead;

use folio_example_jobs::worker::{Order, Outcome, work};
use folio_sandbox::Sandbox;
use folio_sdk::{FolioClient, Id};
use tokio::sync::mpsc;

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

    let (read, mut lines) = mpsc::channel(32);
    let (orders, queue) = mpsc::channel(32);
    let (told, mut outcomes) = mpsc::channel::<Outcome>(32);
    // Reading the standard input blocks: it has its own thread, which ends with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match line.split_once(' ') {
                Some((id, note)) => {
                    let order = Order {
                        instance: Id::from(id),
                        note: note.to_owned(),
                    };
                    if read.blocking_send(order).is_err() {
                        return;
                    }
                }
                None => eprintln!("`{line}` is not an order: expected an id, a space and a note"),
            }
        }
    });
    // Ctrl-C closes the queue: queued orders are still processed, and none is left half done.
    tokio::spawn(async move {
        loop {
            let order = tokio::select! {
                order = lines.recv() => order,
                _ = tokio::signal::ctrl_c() => None,
            };
            let Some(order) = order else { return };
            if orders.send(order).await.is_err() {
                return;
            }
        }
    });
    let printed = tokio::spawn(async move {
        while let Some(outcome) = outcomes.recv().await {
            match outcome.result {
                Ok(()) => println!("{} noted", outcome.order.instance),
                Err(error) => println!("{} failed: {error}", outcome.order.instance),
            }
        }
    });
    work(&folio, queue, told, 8).await;
    printed.await?;
    folio.close().await?;
    Ok(())
}
