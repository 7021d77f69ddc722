//! Every record of every list of every release has a schema.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, TimeUnit};
use folio_arrow::{EXTRA, JSON, LayoutOptions, Release, Table, Uuids, restore};
use folio_test_support::files::root;
use serde_json::Value;

use crate::decoded;

/// What a field has, with the fields in it.
fn walk(path: &str, field: &Field, level: usize, found: &mut BTreeMap<String, usize>) {
    assert!(field.is_nullable(), "{path}: {field} cannot be null");
    let kind = match field.data_type() {
        DataType::Struct(fields) => {
            assert!(level < 4, "{path}: too deep");
            assert!(!fields.is_empty(), "{path}: {field} has no fields");
            let names: BTreeSet<&String> = fields.iter().map(|field| field.name()).collect();
            assert_eq!(names.len(), fields.len(), "{path}: a name occurs twice");
            for inner in fields {
                walk(&format!("{path}.{}", inner.name()), inner, level + 1, found);
            }
            "record"
        }
        DataType::List(element) => {
            walk(path, element, level, found);
            "list"
        }
        DataType::Utf8 => match field.extension_type_name() {
            Some("arrow.json") => "json",
            None => "text",
            other => panic!("{path}: {other:?}"),
        },
        DataType::FixedSizeBinary(16) => {
            assert_eq!(field.extension_type_name(), Some("arrow.uuid"), "{path}");
            "uuid"
        }
        DataType::Dictionary(..) => "enum",
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => "timestamp",
        DataType::Date32 => "date",
        DataType::Boolean => "boolean",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::Float64 => "float64",
        DataType::Decimal128(38, 4) => "money",
        other => panic!("{path}: unexpected type {other}"),
    };
    *found.entry(kind.to_owned()).or_default() += 1;
}

#[test]
fn every_list_of_every_release_has_a_schema() {
    let operations = std::fs::read_to_string(root().join("crates/folio-cli/data/operations.jsonl"));
    let operations: Vec<Value> = operations
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for release in Release::all() {
        let has = |row: &&Value| {
            let releases = row["releases"].as_array().unwrap();
            row.get("style").is_some() && releases.contains(&release.name().into())
        };
        let expected: BTreeSet<(&str, &str)> = operations
            .iter()
            .filter(has)
            .map(|row| {
                (
                    row["module"].as_str().unwrap(),
                    row["path"].as_str().unwrap(),
                )
            })
            .collect();
        let tables = Table::described(release);
        let described: BTreeSet<(&str, &str)> =
            tables.iter().map(|it| (it.module(), it.path())).collect();
        assert_eq!(described, expected, "{release}");

        let mut found = BTreeMap::new();
        let (mut single, mut most) = (Vec::new(), (0, ""));
        for table in &tables {
            let layout = table.layout(&LayoutOptions::default());
            let schema = layout.schema();
            let columns = schema.fields().len();
            assert!(columns >= 2, "{table:?}");
            assert_eq!(schema.field(columns - 1).name(), EXTRA, "{table:?}");
            let mut kinds = BTreeMap::new();
            for field in schema.fields() {
                walk(table.path(), field, 1, &mut kinds);
            }
            let leaves: usize = kinds.values().sum();
            if leaves > most.0 {
                most = (leaves, table.path());
            }
            for (kind, count) in kinds {
                *found.entry(kind).or_insert(0) += count;
            }
            if schema.field(0).name() == "value" && columns == 2 {
                single.push(table.path().to_owned());
            }
            // Nothing but nulls, and everything absent.
            assert_eq!(RecordBatch::new_empty(schema.clone()).num_rows(), 0);
            if single.last().is_none_or(|path| path != table.path()) {
                let (batch, _) = decoded(&layout, &["{}"]);
                assert_eq!(restore(&batch, 0).unwrap().get(), "{}", "{table:?}");
            }
        }
        eprintln!(
            "{release}: {} lists, {found:?}, most: {most:?}, values: {single:?}",
            tables.len()
        );
        assert!(most.0 <= 1_500, "{most:?}");
        assert!(found["money"] > 100, "{found:?}");
        // Their records are texts, or nothing describes them.
        assert!(single.len() <= 10, "{single:?}");
    }
}

#[test]
fn columns_have_the_types_of_the_descriptions() {
    let type_of = |path: &str, field: &str| {
        let schema = crate::layout(path).schema();
        let mut steps = field.split('.');
        let mut found = schema
            .field_with_name(steps.next().unwrap())
            .unwrap()
            .clone();
        for step in steps {
            let fields = match found.data_type() {
                DataType::Struct(fields) => fields.clone(),
                DataType::List(element) => match element.data_type() {
                    DataType::Struct(fields) => fields.clone(),
                    other => panic!("{field}: {other}"),
                },
                other => panic!("{field}: {other}"),
            };
            found = (**fields.find(step).unwrap().1).clone();
        }
        found.data_type().clone()
    };
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let uuid = DataType::FixedSizeBinary(16);
    for (path, field, expected) in [
        ("/instance-storage/instances", "id", uuid.clone()),
        ("/instance-storage/instances", "title", DataType::Utf8),
        (
            "/instance-storage/instances",
            "discoverySuppress",
            DataType::Boolean,
        ),
        (
            "/instance-storage/instances",
            "metadata.createdDate",
            timestamp.clone(),
        ),
        (
            "/instance-storage/instances",
            "contributors.contributorNameTypeId",
            uuid.clone(),
        ),
        (
            "/instance-storage/instances",
            "contributors.primary",
            DataType::Boolean,
        ),
        ("/item-storage/items", "status.name", dictionary.clone()),
        ("/users", "personal.lastName", DataType::Utf8),
        ("/users", "expirationDate", timestamp),
        ("/finance/budgets", "allocated", DataType::Decimal128(38, 4)),
        (
            "/finance/budgets",
            "allowableExpenditure",
            DataType::Float64,
        ),
        ("/accounts", "amount", DataType::Decimal128(38, 4)),
        ("/invoice/invoices", "exchangeRate", DataType::Float64),
        (
            "/orders/order-lines",
            "cost.listUnitPrice",
            DataType::Decimal128(38, 4),
        ),
    ] {
        assert_eq!(type_of(path, field), expected, "{path} {field}");
    }
}

#[test]
fn options_choose_the_columns() {
    let table = Table::at(Release::default(), "/instance-storage/instances").unwrap();
    let schema = |options: &LayoutOptions| table.layout(options).schema();
    let default = schema(&LayoutOptions::default());
    assert_eq!(default.field(0).name(), "id");
    assert!(default.field_with_name(JSON).is_err());

    let options = LayoutOptions {
        uuids: Uuids::Text,
        raw: true,
        money_scale: 2,
    };
    let chosen = schema(&options);
    assert_eq!(chosen.fields().len(), default.fields().len() + 1);
    assert_eq!(chosen.field(0).data_type(), &DataType::Utf8);
    assert_eq!(chosen.fields().last().unwrap().name(), JSON);

    let layout = table.layout(&LayoutOptions::default());
    let title = default.index_of("title").unwrap();
    let some = layout.project(&[title, 0, usize::MAX]);
    let names: Vec<_> = some
        .schema()
        .fields()
        .iter()
        .map(|it| it.name().clone())
        .collect();
    assert_eq!(names, ["title", "id"]);
}

#[test]
fn tables_have_names_and_errors_name_similar_ones() {
    for release in Release::all() {
        let mut names = BTreeSet::new();
        for table in Table::all(release) {
            let name = (table.schema_name(), table.name());
            assert!(names.insert(name), "{name:?} occurs twice in {release}");
            let named = Table::named(release, name.0, name.1).unwrap();
            assert_eq!(named, table);
            if !table.path().contains("custom-fields") {
                assert_eq!(Table::at(release, table.path()).unwrap(), table);
            }
        }
    }
    let newest = Release::default();
    for (schema, table, path) in [
        (
            "inventory_storage",
            "instances",
            "/instance-storage/instances",
        ),
        (
            "inventory_storage",
            "holdings",
            "/holdings-storage/holdings",
        ),
        ("inventory_storage", "items", "/item-storage/items"),
        ("users", "users", "/users"),
        ("finance", "budgets", "/finance/budgets"),
    ] {
        assert_eq!(Table::named(newest, schema, table).unwrap().path(), path);
    }
    let error = Table::at(newest, "instance-storage/instance").unwrap_err();
    assert_eq!(error.near()[0], "/instance-storage/instances");
    assert!(
        error
            .to_string()
            .starts_with("trillium has no list `/instance-storage/instance`; similar: `/instance")
    );
    let error = Table::named(newest, "inventory_storage", "instance").unwrap_err();
    assert_eq!(error.near()[0], "instances");
    let error = Table::named(newest, "inventory_store", "instances").unwrap_err();
    assert_eq!(error.near()[0], "inventory_storage");
    // A list without a GET request, and one that is browsed.
    assert!(Table::at(newest, "/instance-storage/instances/retrieve").is_err());
    assert!(Table::at(newest, "/browse/subjects/instances").is_err());

    let template = "/audit-data/acquisition/order/{id}";
    let table = Table::at(newest, template).unwrap();
    assert!(table.has_parameters());
    let table = Table::at(newest, "/audit-data/acquisition/order/1/").unwrap();
    assert_eq!(
        (table.path(), table.has_parameters()),
        ("/audit-data/acquisition/order/1", false)
    );
    assert_eq!("TRILLIUM".parse(), Ok(newest));
}
