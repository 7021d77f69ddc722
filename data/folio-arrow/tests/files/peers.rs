//! Files as other programs read them: pyarrow and DuckDB. The rows that they find are compared with
//! those that were written, by `peers.py`; the expected rows are not made from the batches.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use folio_arrow::files::{FileFormat, FileOptions, IpcCompression, IpcOptions, ParquetOptions};
use serde_json::json;

use crate::contents::{parquet, write};
use crate::samples;

const ROWS: u64 = 6_000;

/// The Python that has pyarrow and DuckDB, if there is one.
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("FOLIO_PEER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", "import pyarrow, duckdb, pytz"])
        .output();
    match found {
        Ok(output) if output.status.success() => Some(python),
        _ => {
            println!(
                "skipped: `{python}` has no pyarrow and DuckDB (`pip install pyarrow duckdb pytz`; FOLIO_PEER_PYTHON names another Python)"
            );
            None
        }
    }
}

/// Runs the comparison of a file.
fn compare(python: &str, file: &Path, expected: &Path, facts: &serde_json::Value) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/peers.py");
    let output = Command::new(python)
        .arg(script)
        .args([file, expected])
        .arg(facts.to_string())
        .output()
        .unwrap();
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    println!("{text}");
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(
        text.contains(&format!("{} rows are equal", facts["rows"])),
        "{text}"
    );
}

#[test]
fn other_programs_read_the_same_rows() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let expected = folder.path().join("expected.jsonl");
    let mut lines = std::fs::File::create(&expected).unwrap();
    for n in 0..ROWS {
        writeln!(lines, "{}", samples::row(n)).unwrap();
    }
    let groups = ParquetOptions::default().row_group_rows(2_048);
    let file = |name: &str, options: &FileOptions, facts: serde_json::Value| {
        let path = folder.path().join(name);
        write(&path, samples::batches(ROWS, 700), options);
        compare(&python, &path, &expected, &facts);
    };
    let options = parquet(groups.clone().bloom_filter(true));
    file(
        "x.parquet",
        &options,
        json!({"rows": ROWS, "groups": 3, "sorted": true, "bloom": true}),
    );
    for (at, compression) in [
        IpcCompression::None,
        IpcCompression::Lz4,
        IpcCompression::Zstd,
    ]
    .into_iter()
    .enumerate()
    {
        let options = IpcOptions::default().compression(compression);
        let options = FileOptions::default().format(FileFormat::Ipc(options));
        file(&format!("{at}.arrow"), &options, json!({"rows": ROWS}));
    }
    file("x.csv", &FileOptions::default(), json!({"rows": ROWS}));
}

/// The comparison finds differences: a file that is not what is expected is not equal.
#[test]
fn the_comparison_finds_a_difference() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, expected) = (
        folder.path().join("x.parquet"),
        folder.path().join("expected.jsonl"),
    );
    write(&path, [samples::batch(0..20)], &FileOptions::default());
    for field in [
        "id", "amount", "created", "day", "name", "personal", "ratio", "status", "tags", "_extra",
    ] {
        let rows = (0..20).map(|n| {
            let mut row = samples::row(n);
            if n == 11 {
                row[field] = samples::row(if field == "_extra" { 20 } else { 13 })[field].clone();
            }
            format!("{row}\n")
        });
        std::fs::write(&expected, rows.collect::<String>()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/files/peers.py");
        let facts = json!({"rows": 20, "groups": 1, "sorted": true, "bloom": false});
        let output = Command::new(&python)
            .arg(script)
            .args([&path, &expected])
            .arg(facts.to_string())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && errors.contains(field),
            "{field}: {errors}"
        );
    }
}
