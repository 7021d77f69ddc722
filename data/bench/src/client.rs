//! One job in a process of its own, which has its own CPU time and memory.

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use folio_arrow::files::{ExportOptions, export};
use folio_arrow::{LayoutOptions, Release, ScanOptions, Table};
use folio_sdk::{FolioClient, RawRecord, RetryPolicy};

use crate::PATH;
use crate::measure::{Failure, Seen, report};

/// Runs a job, which writes to a folder, and prints its cost.
pub(crate) async fn run(job: &str, url: &str, folder: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    let client = FolioClient::builder(url)
        .tenant("diku")
        .credentials("admin", "secret")
        .retry(RetryPolicy::none());
    let folio = client.connect().await?;
    let parquet = folder.join(format!("{job}.parquet"));
    let seen = match job {
        "typed" => typed(&folio).await?,
        "parquet" => to_parquet(&folio, &parquet, false).await?,
        "parquet-ordered" => to_parquet(&folio, &parquet, true).await?,
        "jsonl" => to_jsonl(&folio, &folder.join("instances.jsonl")).await?,
        other => return Err(format!("no such job: {other}").into()),
    };
    report(&seen, start.elapsed().as_secs_f64())
}

/// The typed stream: decodes each record into its struct, and writes nothing.
async fn typed(folio: &FolioClient) -> Result<Seen, Failure> {
    let mut instances = folio
        .inventory_storage()
        .list_instances()
        .limit(crate::PAGE)
        .stream();
    let mut seen = Seen::default();
    while let Some(instance) = instances.next().await {
        seen.add(instance?.title.len());
    }
    Ok(seen)
}

async fn to_parquet(folio: &FolioClient, path: &Path, is_ordered: bool) -> Result<Seen, Failure> {
    let table = Table::at(Release::default(), PATH)?;
    let layout = table.layout(&LayoutOptions::default());
    let scan = ScanOptions::new(layout).page_size(crate::PAGE).parallel(16);
    let options = ExportOptions::default().scan(scan).ordered(is_ordered);
    let summary = export(folio, &table, options, path).await?;
    Ok(Seen {
        records: summary.records,
        sum: summary.file.bytes,
    })
}

/// What DuckDB reads: the records as the server sends them, one per line.
async fn to_jsonl(folio: &FolioClient, path: &Path) -> Result<Seen, Failure> {
    let list = folio
        .folio_get_all::<RawRecord>(PATH, "instances")
        .by_id()
        .limit(crate::PAGE);
    let mut records = folio.harvest(list).parallel(16).stream();
    let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let mut seen = Seen::default();
    while let Some(record) = records.next().await {
        let record = record?;
        file.write_all(record.get().as_bytes())?;
        file.write_all(b"\n")?;
        seen.add(record.get().len());
    }
    file.flush()?;
    Ok(seen)
}
