//! How the columns of a Parquet file are encoded, which depends on the first batch.

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray};
use folio_arrow::files::{FileOptions, FileWriter};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::contents::metadata;
use crate::samples;

/// The columns of a file with 3,000 rows: whether they have a dictionary.
fn dictionaries(size: u64) -> Vec<(String, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.parquet");
    let batch = |start: u64| {
        let rows = start..start + size;
        let id: Vec<_> = rows.clone().map(samples::id).collect();
        let holding = rows.clone().map(|n| samples::id(n / 2));
        let kind = rows.clone().map(|n| samples::id(n % 30));
        let uuids = |ids: Vec<[u8; 16]>| {
            let ids = FixedSizeBinaryArray::try_from_iter(ids.into_iter()).unwrap();
            Arc::new(ids) as ArrayRef
        };
        let texts = |text: &dyn Fn(u64) -> Option<String>| {
            Arc::new(rows.clone().map(text).collect::<StringArray>()) as ArrayRef
        };
        let created = rows.clone().map(|n| n as i64 * 7);
        let mut notes = ListBuilder::new(StringBuilder::new());
        for n in rows.clone() {
            notes.append_value([Some(format!("note {n}")), None, Some(format!("more {n}"))]);
        }
        RecordBatch::try_from_iter_with_nullable([
            ("id", uuids(id), true),
            ("holdingsRecordId", uuids(holding.collect()), true),
            ("typeId", uuids(kind.collect()), true),
            ("title", texts(&|n| Some(format!("Title {n}"))), true),
            ("place", texts(&|n| Some(format!("Place {}", n % 40))), true),
            (
                "rare",
                texts(&|n| (n % 300 == 0).then(|| format!("Text {n}"))),
                true,
            ),
            (
                "created",
                Arc::new(Int64Array::from_iter_values(created)) as ArrayRef,
                true,
            ),
            ("absent", texts(&|_| None), true),
            ("notes", Arc::new(notes.finish()) as ArrayRef, true),
        ])
        .unwrap()
    };
    let batches: Vec<RecordBatch> = (0..3_000).step_by(size as usize).map(batch).collect();
    let schema = batches[0].schema();
    let mut file = FileWriter::create(&path, schema, &FileOptions::default()).unwrap();
    for batch in &batches {
        file.write(batch).unwrap();
    }
    file.finish().unwrap();
    let file = File::open(&path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let found = reader.with_batch_size(size as usize).build().unwrap();
    assert!(found.map(Result::unwrap).eq(batches));
    let metadata = metadata(&path);
    let columns = metadata.row_group(0).columns().iter();
    columns
        .map(|column| {
            let has_dictionary = column.dictionary_page_offset().is_some();
            (column.column_path().string(), has_dictionary)
        })
        .collect()
}

#[test]
fn columns_whose_values_occur_once_have_no_dictionary() {
    let expected = [
        ("id", false),
        ("holdingsRecordId", true),
        ("typeId", true),
        ("title", false),
        ("place", true),
        ("rare", true),
        ("created", false),
        ("absent", false),
        ("notes.list.item", false),
    ];
    let expected = expected.map(|(name, has_dictionary)| (name.to_owned(), has_dictionary));
    assert_eq!(dictionaries(1_000), expected);
    // Nothing is known about columns with few values.
    let few = dictionaries(50);
    assert!(
        few.iter().all(|(name, has_dictionary)| {
            *has_dictionary != ["id", "notes.list.item"].contains(&name.as_str())
        }),
        "{few:?}"
    );
}
