//! The memory of the writers, which does not grow with the number of rows. Each job is this test
//! program in a process of its own.

#![cfg(target_os = "linux")]

use std::process::Command;

use folio_arrow::files::{FileFormat, FileOptions, FileWriter, ParquetOptions};

use crate::samples;

const FILE: &str = "FOLIO_TEST_MEMORY_FILE";
const ROWS: &str = "FOLIO_TEST_MEMORY_ROWS";
const MEGABYTE: usize = 1 << 20;

/// The job: writes rows to a file, and prints its peak memory in kB.
#[test]
fn job() {
    let (Ok(file), Ok(rows)) = (std::env::var(FILE), std::env::var(ROWS)) else {
        return;
    };
    let mut options = FileOptions::default();
    if file.ends_with(".parquet") {
        let parquet = ParquetOptions::default().row_group_bytes(8 * MEGABYTE);
        options = options.format(FileFormat::Parquet(parquet));
    }
    let mut file = FileWriter::create(file, samples::schema(), &options).unwrap();
    for batch in samples::batches(rows.parse().unwrap(), 2_000) {
        file.write(&batch).unwrap();
    }
    file.finish().unwrap();
    println!("peak: {}", folio_test_support::memory::peak() / 1024);
}

/// The peak memory of the job, in MB.
fn peak(file: &std::path::Path, rows: usize) -> usize {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["memory::job", "--exact", "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .env(ROWS, rows.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let peak = text.split("peak: ").nth(1).unwrap();
    peak.split_whitespace()
        .next()
        .unwrap()
        .parse::<usize>()
        .unwrap()
        / 1024
}

#[test]
fn the_memory_does_not_grow_with_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    // In MB, beyond what the program takes for a file with a single row.
    for (name, bound) in [("x.parquet", 40), ("x.arrow", 12), ("x.csv", 12)] {
        let path = folder.path().join(name);
        let least = peak(&path, 1);
        std::fs::remove_file(&path).unwrap();
        let few = peak(&path, 20_000);
        std::fs::remove_file(&path).unwrap();
        let many = peak(&path, 160_000);
        std::fs::remove_file(&path).unwrap();
        println!("{name}: {least} MB for 1 row, {few} MB for 20,000, {many} MB for 160,000");
        assert!(
            many <= few + few / 4 + 2,
            "{name}: {few} MB, then {many} MB"
        );
        assert!(many < least + bound, "{name}: {least} MB, then {many} MB");
    }
}
