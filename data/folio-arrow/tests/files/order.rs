//! The order of the rows, which a file declares only if each row was compared with the one before.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use folio_arrow::files::{FileOptions, FileWriter, ParquetOptions};
use parquet::file::metadata::SortingColumn;

use crate::contents::{metadata, parquet, write};
use crate::samples;

/// The declared order of each row group.
fn declared(path: &Path) -> Vec<Option<Vec<SortingColumn>>> {
    let metadata = metadata(path);
    let groups = metadata.row_groups().iter();
    groups
        .map(|group| group.sorting_columns().cloned())
        .collect()
}

/// The columns by which all row groups are declared to be in order.
pub(crate) fn declared_columns(path: &Path) -> Vec<String> {
    let orders = declared(path);
    assert!(orders.iter().all(|order| *order == orders[0]));
    let metadata = metadata(path);
    let columns = metadata.file_metadata().schema_descr();
    let order = orders.into_iter().next().flatten().unwrap_or_default();
    order
        .iter()
        .map(|by| {
            columns
                .column(usize::try_from(by.column_idx).unwrap())
                .path()
                .string()
        })
        .collect()
}

fn by(column_idx: i32) -> Option<Vec<SortingColumn>> {
    Some(vec![SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    }])
}

#[test]
fn rows_in_order_are_declared_in_all_row_groups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let options = parquet(
        ParquetOptions::default()
            .row_group_rows(1_000)
            .bloom_filter(true),
    );
    let written = write(&path, samples::batches(2_500, 300), &options);
    assert!(written.is_ordered);
    assert_eq!(declared(&path), [by(0), by(0), by(0)]);
    // The rest of the description is as it was.
    let metadata = metadata(&path);
    assert_eq!(metadata.file_metadata().num_rows(), 2_500);
    assert!(metadata.column_index().is_some() && metadata.offset_index().is_some());
    let keys = metadata.file_metadata().key_value_metadata().unwrap();
    assert!(keys.iter().any(|pair| pair.key == "ARROW:schema"));
    assert!(
        metadata
            .row_group(2)
            .column(0)
            .bloom_filter_offset()
            .is_some()
    );
}

#[test]
fn rows_out_of_order_are_not_declared() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let options = FileOptions::default().overwrite(true);
    // Within a batch, between batches, and only in the last row.
    let reversed = vec![samples::batch((0..10).rev())];
    let between = vec![samples::batch(10..20), samples::batch(0..10)];
    let last = vec![samples::batch(0..10), samples::batch((10..20).chain([18]))];
    for batches in [reversed, between, last] {
        let written = write(&path, batches, &options);
        assert!(!written.is_ordered);
        assert_eq!(declared(&path), [None]);
    }
    // Equal values are in order, and so are batches without rows between others.
    let equal = vec![
        samples::batch(0..10),
        samples::batch(0..0),
        samples::batch(9..20),
    ];
    assert!(write(&path, equal, &options).is_ordered);
    assert_eq!(declared(&path), [by(0)]);
}

fn texts(path: &Path, column: &str, batches: &[&[Option<&str>]]) -> bool {
    let schema = Arc::new(Schema::new(vec![
        Field::new("other", DataType::Utf8, true),
        Field::new("id", DataType::Utf8, true),
    ]));
    let options = FileOptions::default().overwrite(true).id_column(column);
    let mut file = FileWriter::create(path, Arc::clone(&schema), &options).unwrap();
    for ids in batches {
        let ids: ArrayRef = Arc::new(StringArray::from(ids.to_vec()));
        let other = Arc::clone(&ids);
        file.write(&RecordBatch::try_new(Arc::clone(&schema), vec![other, ids]).unwrap())
            .unwrap();
    }
    file.finish().unwrap().is_ordered
}

#[test]
fn the_order_is_that_of_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    assert!(texts(
        &path,
        "id",
        &[&[Some("A"), Some("B")], &[Some("a"), Some("é")]]
    ));
    assert_eq!(declared(&path), [by(1)]);
    // PostgreSQL's order of text in most languages.
    assert!(!texts(&path, "id", &[&[Some("a"), Some("B")]]));
    assert_eq!(declared(&path), [None]);
    // Nulls have no order.
    assert!(!texts(&path, "id", &[&[Some("a"), None]]));
    assert!(!texts(&path, "id", &[&[None, Some("a")]]));
    // Another column, and one that does not exist.
    assert!(texts(&path, "other", &[&[Some("a"), Some("b")]]));
    assert_eq!(declared(&path), [by(0)]);
    assert!(!texts(&path, "key", &[&[Some("a"), Some("b")]]));
}
