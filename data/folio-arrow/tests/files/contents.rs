//! What is in the files, read by the libraries that this crate uses.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_ipc::reader::FileReader;
use arrow_schema::{DataType, Field, Schema};
use folio_arrow::files::{
    FileErrorKind, FileFormat, FileOptions, FileWriter, IpcCompression, IpcOptions, ParquetOptions,
    Written,
};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, LogicalType};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use parquet::file::statistics::Statistics;

use crate::samples;

pub(crate) fn write(
    path: &Path,
    batches: impl IntoIterator<Item = RecordBatch>,
    options: &FileOptions,
) -> Written {
    let mut file = FileWriter::create(path, samples::schema(), options).unwrap();
    for batch in batches {
        file.write(&batch).unwrap();
    }
    file.finish().unwrap()
}

pub(crate) fn parquet(options: ParquetOptions) -> FileOptions {
    FileOptions::default().format(FileFormat::Parquet(options))
}

pub(crate) fn metadata(path: &Path) -> Arc<ParquetMetaData> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).unwrap();
    Arc::clone(reader.metadata())
}

/// Compares a file's rows with the written ones.
fn check(found: impl Iterator<Item = RecordBatch>, rows: u64) {
    let mut next = 0;
    for batch in found {
        let count = batch.num_rows() as u64;
        assert_eq!(batch, samples::batch(next..next + count), "from {next} on");
        assert_eq!(batch.schema_ref().fields(), samples::schema().fields());
        next += count;
    }
    assert_eq!(next, rows);
}

#[test]
fn parquet_has_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.parquet");
    let options = parquet(ParquetOptions::default().row_group_rows(2_500));
    let written = write(&path, samples::batches(6_000, 700), &options);
    assert_eq!((written.rows, written.is_ordered), (6_000, true));
    assert_eq!(written.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(written.path, path);
    let file = File::open(&path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    check(
        reader
            .with_batch_size(999)
            .build()
            .unwrap()
            .map(Result::unwrap),
        6_000,
    );
}

#[test]
fn parquet_has_statistics_and_a_page_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.parquet");
    let options = parquet(ParquetOptions::default().row_group_rows(2_500));
    write(&path, samples::batches(6_000, 700), &options);
    let metadata = metadata(&path);
    let rows: Vec<i64> = metadata
        .row_groups()
        .iter()
        .map(|group| group.num_rows())
        .collect();
    assert_eq!(rows, [2_500, 2_500, 1_000]);
    let schema = metadata.file_metadata().schema_descr();
    for (group, columns) in metadata.row_groups().iter().enumerate() {
        for (at, column) in columns.columns().iter().enumerate() {
            let name = schema.column(at).path().string();
            assert!(
                matches!(column.compression(), Compression::ZSTD(_)),
                "{name}"
            );
            let is_in_list = schema.column(at).max_rep_level() > 0;
            let nulls = column.statistics().and_then(Statistics::null_count_opt);
            assert_eq!(nulls.is_some(), !is_in_list, "{name}");
            let has_index = name != "_extra" && !is_in_list;
            assert_eq!(column.column_index_offset().is_some(), has_index, "{name}");
            assert!(column.offset_index_offset().is_some(), "{name}");
        }
        let ids = columns.column(0).statistics().unwrap();
        let first = group as u64 * 2_500;
        let last = first + columns.num_rows() as u64 - 1;
        assert_eq!(ids.min_bytes_opt(), Some(&samples::id(first)[..]));
        assert_eq!(ids.max_bytes_opt(), Some(&samples::id(last)[..]));
    }
    assert_eq!(
        schema.column(0).logical_type_ref(),
        Some(&LogicalType::Uuid)
    );
    assert!(
        metadata
            .file_metadata()
            .created_by()
            .unwrap()
            .starts_with("folio-arrow ")
    );
}

#[test]
fn row_groups_are_limited_by_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.parquet");
    let limit = 1 << 20;
    let options = parquet(ParquetOptions::default().row_group_bytes(limit));
    let mut file = FileWriter::create(&path, samples::schema(), &options).unwrap();
    let mut most = 0;
    for batch in samples::batches(30_000, 1_500) {
        file.write(&batch).unwrap();
        most = most.max(file.memory());
    }
    assert_eq!(file.rows(), 30_000);
    file.finish().unwrap();
    assert!(most > limit / 4 && most < limit, "{most} bytes");
    let groups = metadata(&path).num_row_groups();
    assert!(groups > 2, "{groups} row groups");
}

#[test]
fn the_bloom_filter_has_the_identifiers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.parquet");
    let options = parquet(
        ParquetOptions::default()
            .bloom_filter(true)
            .row_group_rows(1_000),
    );
    write(&path, samples::batches(3_000, 700), &options);
    let properties = ReaderProperties::builder()
        .set_read_bloom_filter(true)
        .build();
    let options = ReadOptionsBuilder::new()
        .with_reader_properties(properties)
        .build();
    let reader =
        SerializedFileReader::new_with_options(File::open(&path).unwrap(), options).unwrap();
    let mut wrong = 0;
    for group in 0..3 {
        let filter = reader.get_row_group(group).unwrap();
        let filter = filter.get_column_bloom_filter(0).unwrap();
        for n in 0..3_000 {
            let is_there = n / 1_000 == group as u64;
            let found = filter.check(&samples::id(n)[..]);
            assert!(found || !is_there, "{n} in {group}");
            wrong += u64::from(found && !is_there);
        }
        assert!(
            reader
                .get_row_group(group)
                .unwrap()
                .get_column_bloom_filter(1)
                .is_none()
        );
    }
    assert!(wrong < 300, "{wrong} of 6,000 are found by mistake");
    // Without the option there is none.
    let path = folder.path().join("without.parquet");
    write(&path, samples::batches(10, 10), &FileOptions::default());
    assert!(
        metadata(&path)
            .row_group(0)
            .column(0)
            .bloom_filter_offset()
            .is_none()
    );
}

#[test]
fn ipc_has_what_was_written_in_each_compression() {
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = Vec::new();
    for compression in [
        IpcCompression::None,
        IpcCompression::Lz4,
        IpcCompression::Zstd,
    ] {
        let path = folder.path().join(format!("{compression:?}.arrow"));
        let options = IpcOptions::default().compression(compression);
        let options = FileOptions::default().format(FileFormat::Ipc(options));
        let written = write(&path, samples::batches(6_000, 700), &options);
        sizes.push(written.bytes);
        let reader = FileReader::try_new(File::open(&path).unwrap(), None).unwrap();
        check(reader.map(Result::unwrap), 6_000);
    }
    assert!(
        sizes[1] < sizes[0] / 2 && sizes[2] < sizes[0] / 2,
        "{sizes:?}"
    );
}

/// Each batch has its own dictionary, and a file has one per column.
#[test]
fn dictionaries_of_ipc_grow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.arrow");
    write(&path, samples::batches(6_000, 3), &FileOptions::default());
    let reader = FileReader::try_new(File::open(&path).unwrap(), None).unwrap();
    let mut next = 0;
    for batch in reader {
        let batch = batch.unwrap();
        let statuses = batch.column_by_name("status").unwrap().as_any_dictionary();
        assert_eq!(statuses.values().len(), 4);
        assert_eq!(batch, samples::batch(next..next + 3));
        next += 3;
    }
    assert_eq!(next, 6_000);
}

/// The lines of a CSV file.
fn csv(schema: Schema, columns: Vec<Arc<dyn arrow_array::Array>>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.csv");
    let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let mut file = FileWriter::create(&path, batch.schema(), &FileOptions::default()).unwrap();
    file.write(&batch).unwrap();
    file.finish().unwrap();
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn csv_has_flat_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.csv");
    write(&path, [samples::batch(0..11)], &FileOptions::default());
    let text = std::fs::read_to_string(&path).unwrap();
    let expected = [
        "id,active,amount,count,created,day,name,personal.lastName,personal.contacts,personal.visits,ratio,status,tags,typeId,_extra\n",
        "00000000-0000-0000-0000-000000000001,true,,0,,,,,,0,,Available,,,\"{\"\"unknown\"\":[0,\"\"x\"\"]}\"\n",
        "00000100-0000-0000-0000-000000000001,false,-616049377171604.8933,-7,2025-05-02T02:00:16.887499+00:00,1915-04-03,\"\",\"\",[],1,1e+300,Checked out,[],00000100-0000-0000-0000-000000000001,\n",
    ];
    assert!(text.starts_with(&expected.concat()), "{text}");
    for part in [
        "\"a \"\"quoted\"\", name 2\"",
        "\"line\nbreak\r\n3\"",
        ",=SUM(4),",
        ",Ünïcödé 😀 5,",
        // Lists are JSON, without the null fields of their structs.
        "\"[{\"\"kind\"\":\"\"fax\"\",\"\"value\"\":\"\"0, \\\"\"2\\\"\"\"\"}]\"",
        "\"[\"\"tag 0\"\",null]\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // A struct that is null: its columns are empty, also without quotation marks.
    let row = text
        .lines()
        .find(|line| line.starts_with("00000800"))
        .unwrap();
    assert!(row.contains(",1915-04-24,\"\",,,,,On order,"), "{row}");
}

#[test]
fn csv_has_types_of_queries() {
    let view = arrow_array::StringViewArray::from(vec![Some("a"), None]);
    let small = arrow_array::UInt8Array::from(vec![7, 8]);
    let large = arrow_array::UInt64Array::from(vec![u64::MAX, 0]);
    let seconds = arrow_array::TimestampSecondArray::from(vec![1, -1]);
    let single = arrow_array::Float32Array::from(vec![0.1, 2.0]);
    let schema = Schema::new(vec![
        Field::new("view", DataType::Utf8View, true),
        Field::new("small", DataType::UInt8, true),
        Field::new("large", DataType::UInt64, true),
        Field::new("local", seconds.data_type().clone(), true),
        Field::new("single", DataType::Float32, true),
    ]);
    let text = csv(
        schema,
        vec![
            Arc::new(view),
            Arc::new(small),
            Arc::new(large),
            Arc::new(seconds),
            Arc::new(single),
        ],
    );
    assert_eq!(
        text,
        "view,small,large,local,single\n\
         a,7,18446744073709551615,1970-01-01T00:00:01.000,0.1\n\
         ,8,0,1969-12-31T23:59:59.000,2.0\n"
    );
}

#[test]
fn a_row_of_one_column_is_no_empty_line() {
    let schema = Schema::new(vec![Field::new("a,b", DataType::Utf8, true)]);
    let text = csv(
        schema,
        vec![Arc::new(StringArray::from(vec![None, Some(""), Some("x")]))],
    );
    assert_eq!(text, "\"a,b\"\n\"\"\n\"\"\nx\n");
}

#[test]
fn columns_that_a_format_cannot_have_are_errors_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let inner = Field::new("b", DataType::Int64, true);
    let record = DataType::Struct([inner].into_iter().collect());
    let nothing = DataType::Struct(arrow_schema::Fields::empty());
    let twice = vec![
        Field::new("a.b", DataType::Int64, true),
        Field::new("a", record, true),
    ];
    let binary = DataType::Map(
        Arc::new(Field::new("entries", nothing.clone(), false)),
        false,
    );
    for (file, fields, part) in [
        ("x.csv", twice, "two columns have the name `a.b`"),
        (
            "x.csv",
            vec![Field::new("m", binary, true)],
            "the column `m`",
        ),
        (
            "x.parquet",
            vec![Field::new("e", nothing, true)],
            "the column `e`",
        ),
        ("x.parquet", vec![], "no columns"),
        ("x.csv", vec![], "no columns"),
    ] {
        let path = folder.path().join(file);
        let schema = Arc::new(Schema::new(fields));
        let error = FileWriter::create(&path, schema, &FileOptions::default()).unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::Data);
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_batch_of_another_schema_is_an_error_and_the_file_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let mut file = FileWriter::create(&path, samples::schema(), &FileOptions::default()).unwrap();
    file.write(&samples::batch(0..3)).unwrap();
    let numbers: StructArray = vec![(
        Arc::new(Field::new("n", DataType::Int64, true)),
        Arc::new(Int64Array::from(vec![1])) as _,
    )]
    .into();
    let error = file.write(&RecordBatch::from(numbers)).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Data);
    let error = file.write(&samples::batch(3..6)).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Incomplete);
    let error = file.finish().unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Incomplete);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_file_without_rows_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["parquet", "arrow", "csv"] {
        let path = folder.path().join(format!("none.{ending}"));
        let written = write(&path, [], &FileOptions::default());
        assert_eq!((written.rows, written.is_ordered), (0, false));
    }
    let file = File::open(folder.path().join("none.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(reader.schema().fields(), samples::schema().fields());
    assert_eq!(reader.build().unwrap().count(), 0);
    let file = File::open(folder.path().join("none.arrow")).unwrap();
    assert_eq!(FileReader::try_new(file, None).unwrap().count(), 0);
    let text = std::fs::read_to_string(folder.path().join("none.csv")).unwrap();
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn invalid_settings_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    for options in [
        ParquetOptions::default().zstd_level(0),
        ParquetOptions::default().zstd_level(23),
        ParquetOptions::default().row_group_rows(0),
        ParquetOptions::default().row_group_bytes(0),
    ] {
        let error = FileWriter::create(&path, samples::schema(), &parquet(options)).unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::InvalidOption, "{error}");
    }
    for name in ["x", "x.json", "parquet", ".parquet"] {
        let path = folder.path().join(name);
        let error =
            FileWriter::create(path, samples::schema(), &FileOptions::default()).unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::UnknownFormat);
        assert!(
            error.to_string().contains("use one of .parquet, .arrow"),
            "{error}"
        );
    }
    assert_eq!(
        FileFormat::of_path("A.PARQUET").unwrap(),
        FileFormat::of_path("a.parquet").unwrap()
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}
