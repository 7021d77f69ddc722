//! Writes all holdings and items to JSON Lines. A run that crashed is resumed where it was; after a
//! finished run, the next one reads everything again.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use folio_sdk::{CheckpointFile, Error, FolioClient, Harvest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;

/// Writes `holdings.jsonl` and `items.jsonl` into a folder.
///
/// # Errors
/// FOLIO cannot be read further, or a file not be written; the next run resumes.
pub async fn run(folio: &FolioClient, folder: &Path) -> Outcome<(u64, u64)> {
    let storage = folio.inventory_storage();
    let holdings = folio.harvest(storage.list_holdings().limit(1000));
    let holdings = write(holdings, &folder.join("holdings.jsonl")).await?;
    let items = folio.harvest(storage.list_items().limit(1000));
    Ok((holdings, write(items, &folder.join("items.jsonl")).await?))
}

async fn write<T>(harvest: Harvest<T>, path: &Path) -> Outcome<u64>
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    let left = CheckpointFile::open(path.with_extension("checkpoint"))?;
    let mut harvest = harvest.parallel(4);
    if let Some(checkpoint) = left.load()? {
        harvest = harvest.resume(checkpoint);
    }
    let mut out = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    // Records written after the checkpoint are read again. After a finished run these are all records.
    out.set_len(harvest.checkpoint().position())?;
    out.seek(SeekFrom::End(0))?;
    let mut records = harvest.stream();
    let (mut taken, mut outcome): (u64, Result<(), Error>) = (0, Ok(()));
    while let Some(record) = records.next().await {
        match record {
            Ok(record) => writeln!(out, "{}", serde_json::to_string(&record)?)?,
            // What cannot be read as this release describes it is kept as FOLIO sent it.
            Err(error) => match error.record_json() {
                Some(json) => writeln!(out, "{}", json.replace('\n', " "))?,
                None => outcome = Err(error),
            },
        }
        taken += 1;
        if taken.is_multiple_of(10_000) || outcome.is_err() {
            out.sync_all()?;
            left.save(&records.checkpoint().with_position(out.stream_position()?))?;
        }
    }
    out.sync_all()?;
    left.save(&records.checkpoint().with_position(out.stream_position()?))?;
    outcome?;
    Ok(taken)
}
