//! Reads a whole list in parallel into a JSON Lines file, plain or compressed depending on the file
//! name, with a progress bar. After an interruption (Ctrl-C), a crash or a server failure, the same
//! command resumes. After a finished run, the same command reads everything again, into an emptied
//! file, as a nightly job should.
//!
//! ```text
//! export FOLIO_URL=https://folio.example.edu FOLIO_TENANT=diku FOLIO_USERNAME=diku_admin FOLIO_PASSWORD=…
//! cargo run --release --example harvest -- instances.jsonl.zst /instance-storage/instances instances
//! cargo run --release --example harvest -- open-loans.jsonl.gz /loan-storage/loans loans 'status.name==Open'
//! ```
//!
//! Without `FOLIO_URL` it runs against an in-process FOLIO with 20,000 user groups: `--
//! groups.jsonl /groups usergroups`.

#[path = "harvest/output.rs"]
mod output;

use std::env;
use std::path::Path;
use std::time::Duration;

use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use serde_json::value::RawValue;

use output::Job;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, path, key, query @ ..] = arguments.as_slice() else {
        return Err("usage: harvest FILE PATH KEY [QUERY]".into());
    };
    let (folio, _sandbox) = connect().await?;
    let mut list = folio
        .folio_get_all::<Box<RawValue>>(path, key.as_str())
        .by_id()
        .limit(1_000);
    if let [query] = query {
        list = list.query(query);
    }
    let job = Job {
        output: Path::new(file),
        every: 20_000,
    };
    let bar = ProgressBar::new(1_000).with_style(ProgressStyle::with_template(
        "{wide_bar} {percent} % {msg}",
    )?);
    let stop = async {
        // Without signals it runs to its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let progress = job
        .run(folio.harvest(list).parallel(8), stop, |stream| {
            let mut figures = stream.watch(Duration::from_millis(200));
            let bar = bar.clone();
            tokio::spawn(async move {
                while let Some(progress) = figures.next().await {
                    bar.set_position((progress.done.unwrap_or_default() * 1_000.0) as u64);
                    bar.set_message(progress.to_string());
                }
            });
        })
        .await?;
    bar.finish_and_clear();
    println!("{progress}");
    if !progress.is_complete {
        println!("stopped; run the same command to resume");
    }
    folio.close().await?;
    Ok(())
}

/// The FOLIO system of the environment variables, or an in-process one.
async fn connect()
-> Result<(FolioClient, Option<Sandbox>), Box<dyn std::error::Error + Send + Sync>> {
    if let Ok(url) = env::var("FOLIO_URL") {
        let folio = FolioClient::builder(url)
            .tenant(env::var("FOLIO_TENANT")?)
            .credentials(env::var("FOLIO_USERNAME")?, env::var("FOLIO_PASSWORD")?)
            .connect()
            .await?;
        return Ok((folio, None));
    }
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("diku_admin", "admin")
        .latency(Duration::from_millis(30))
        .start()
        .await?;
    let group = |number: u64| {
        // Distributed over all ids, and equal in every run.
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        json!({"id": format!("{:08x}-0000-4000-8000-{number:012x}", spread >> 32), "group": format!("group {number}")})
    };
    sandbox.load("diku", "/groups", (0..20_000).map(group).collect())?;
    let folio = FolioClient::builder(sandbox.url())
        .tenant("diku")
        .credentials("diku_admin", "admin")
        .connect()
        .await?;
    Ok((folio, Some(sandbox)))
}
