//! How fast records are read and written: the SDK's table-driven records beside structs with
//! serde's derives, in one run.
//!
//! `cargo run --release -p folio-sdk-benches` prints MB/s and ratios. The baseline has the same
//! fields, optional where ours are, and keeps unknown fields in a flattened map, as it must to lose
//! nothing; `plain` is the same without that map, which loses them.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

mod baseline;
mod sample;

/// Records of a page.
const RECORDS: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = serde_json::to_string(
        &json!({"instances": (0..RECORDS).map(sample::instance).collect::<Vec<_>>(), "totalRecords": RECORDS}),
    )?;
    println!(
        "a page of {RECORDS} instances, {} bytes a record",
        page.len() / RECORDS
    );
    // One of them alone, for a profiler that counts instructions: `… decode-ours`, and `none` for
    // what comes before.
    if let Some(only) = std::env::args().nth(1) {
        return alone(&only, &page);
    }
    // glibc learns from a large block that was freed not to give memory back to the system after
    // each page; else the figures are of page faults, and depend on the order.
    drop(black_box(vec![1_u8; 30 << 20]));
    let mut table: BTreeMap<&str, f64> = BTreeMap::new();
    // Each in turn, several times, and the fastest of each: what else the machine does hits all
    // alike.
    for _ in 0..15 {
        let mut note = |name, seconds: f64| {
            let best = table.entry(name).or_insert(f64::MAX);
            *best = best.min(seconds);
        };
        note(
            "decode, table (ours)",
            time(|| read::<folio_sdk::inventory_storage::Instances>(&page)),
        );
        note(
            "decode, derive + extra",
            time(|| read::<baseline::lossless::Instances>(&page)),
        );
        note(
            "decode, derive, plain",
            time(|| read::<baseline::plain::Instances>(&page)),
        );
        note("decode, Value", time(|| read::<Value>(&page)));
    }
    // Into one buffer that is there already: what the allocator does with a megabyte is no matter
    // of ours.
    let ours: folio_sdk::inventory_storage::Instances = serde_json::from_str(&page)?;
    let derived: baseline::lossless::Instances = serde_json::from_str(&page)?;
    let mut buffer = Vec::with_capacity(2 * page.len());
    for _ in 0..40 {
        let mut note = |name, seconds: f64| {
            let best = table.entry(name).or_insert(f64::MAX);
            *best = best.min(seconds);
        };
        note("encode, table (ours)", time(|| write(&ours, &mut buffer)));
        note(
            "encode, derive + extra",
            time(|| write(&derived, &mut buffer)),
        );
    }
    let megabytes = page.len() as f64 / 1e6;
    for (name, seconds) in &table {
        println!("{name:<26}{:>8.0} MB/s", megabytes / seconds);
    }
    let ratio = |ours, other| {
        table.get(other).copied().unwrap_or(f64::NAN) / table.get(ours).copied().unwrap_or(f64::NAN)
    };
    println!(
        "decode, ours : derive + extra   {:.2}",
        ratio("decode, table (ours)", "decode, derive + extra")
    );
    println!(
        "decode, ours : derive, plain    {:.2}",
        ratio("decode, table (ours)", "decode, derive, plain")
    );
    println!(
        "encode, ours : derive + extra   {:.2}",
        ratio("encode, table (ours)", "encode, derive + extra")
    );
    Ok(())
}

fn alone(what: &str, page: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut buffer = Vec::with_capacity(2 * page.len());
    let done = match what {
        "none" => true,
        "decode-ours" => read::<folio_sdk::inventory_storage::Instances>(page),
        "decode-derive" => read::<baseline::lossless::Instances>(page),
        "encode-ours" => {
            let ours: folio_sdk::inventory_storage::Instances = serde_json::from_str(page)?;
            write(&ours, &mut buffer)
        }
        "encode-derive" => write(
            &serde_json::from_str::<baseline::lossless::Instances>(page)?,
            &mut buffer,
        ),
        other => return Err(format!("unknown: {other}").into()),
    };
    println!("{what}: {done}");
    Ok(())
}

fn read<T: DeserializeOwned>(page: &str) -> bool {
    black_box(serde_json::from_str::<T>(page)).is_ok()
}

fn write(page: &impl Serialize, buffer: &mut Vec<u8>) -> bool {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, black_box(page)).is_ok()
}

fn time(mut work: impl FnMut() -> bool) -> f64 {
    let start = Instant::now();
    let done = black_box(work());
    let seconds = start.elapsed().as_secs_f64();
    if done { seconds } else { f64::NAN }
}
