//! Queries with indexes return exactly the results of queries without, after any writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cql;
use crate::facts::tables::tables;
use crate::store::{Failure, Page, Store};

const PATH: &str = "/instance-storage/instances";

fn id(number: u8) -> String {
    format!(
        "{number:02x}{:06x}-0000-4000-8000-00000000000{}",
        7,
        number % 10
    )
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "sea", "Sea", "séa", "the", "seaside", "a-b", "a", "b", "東京", "море", "1984", "x&y",
        "100", "-", "Zoë", "it's", "b/c", "1e5x",
    ])
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(word(), 0..5).prop_map(|words| words.join(" "))
}

fn record() -> impl Strategy<Value = Value> {
    (
        (0_u8..24, prop::option::of(text()), prop::option::of(text()), prop::option::of(0_u8..4)),
        (
            prop::option::of(prop::sample::select(vec!["FOLIO", "MARC", "folio", "Märc"])),
            prop::collection::vec((text(), 0_u8..3), 0..3),
            prop::collection::vec(prop::sample::select(vec!["9780306406157", "978-0-306-40615-7 (pbk)", "x"]), 0..3),
            prop::option::of(0_i64..40),
            prop::option::of(0_u8..60),
        ),
    )
        .prop_map(|((number, title, index_title, kind), (source, names, isbns, size, day))| {
            let mut record = json!({"id": id(number)});
            let mut set = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    record[name] = value;
                }
            };
            set("title", title.map(Value::from));
            set("indexTitle", index_title.map(Value::from));
            set("instanceTypeId", kind.map(|kind| id(200 + kind).into()));
            set("source", source.map(Value::from));
            set("size", size.map(|size| if size % 3 == 0 { size.to_string().into() } else { size.into() }));
            set("metadata", day.map(|day| json!({"updatedDate": format!("2025-01-{day:02}")})));
            let names: Vec<Value> = names.into_iter().map(|(name, kind)| json!({"name": name, "contributorNameTypeId": id(kind)})).collect();
            set("contributors", (!names.is_empty()).then(|| names.into()));
            let isbns: Vec<Value> = isbns
                .into_iter()
                .map(|isbn| json!({"value": isbn, "identifierTypeId": "8261054f-be78-422d-bd51-4ed9f33c3422"}))
                .collect();
            set("identifiers", (!isbns.is_empty()).then(|| isbns.into()));
            record
        })
}

fn term() -> impl Strategy<Value = String> {
    let field = prop::sample::select(vec![
        "title",
        "indexTitle",
        "source",
        "contributors",
        "identifiers",
        "metadata.updatedDate",
        "nowhere",
    ]);
    let relation =
        prop::sample::select(vec!["=", "==", "<>", " all ", " any ", " adj ", "<", ">="]);
    let star = prop::sample::select(vec!["", "*"]);
    prop_oneof![
        8 => (field, relation, text(), star).prop_map(|(field, relation, text, star)| format!("{field}{relation}\"{text}{star}\"")),
        2 => (prop::sample::select(vec!["==", "<>", "<", ">", "<=", ">="]), 0_u8..30).prop_map(|(relation, number)| format!("id{relation}{}", id(number))),
        1 => (prop::sample::select(vec!["==", "<>", "<", ">"]), 0_u8..5).prop_map(|(relation, kind)| format!("instanceTypeId{relation}{}", id(200 + kind))),
        1 => (0_u8..24).prop_map(|number| format!("id=\"{}*\"", &id(number)[..1])),
        1 => Just("instanceTypeId=\"\"".to_owned()),
        1 => Just("cql.allRecords=1".to_owned()),
        1 => Just("isbn=9780306406157".to_owned()),
        1 => text().prop_map(|text| format!("contributors =/@name \"{text}\"")),
        1 => (0_i64..40).prop_map(|number| format!("size >/number {number}")),
    ]
}

fn query() -> impl Strategy<Value = String> {
    let clause = term().prop_recursive(3, 6, 2, |inner| {
        (
            inner.clone(),
            prop::sample::select(vec!["and", "or", "not"]),
            inner,
        )
            .prop_map(|(a, join, b)| format!("({a}) {join} ({b})"))
    });
    let sort = prop::sample::select(vec![
        "",
        " sortby title",
        " sortby title/sort.descending",
        " sortby id",
        " sortby id/sort.descending",
        " sortby source indexTitle/sort.descending",
        " sortby metadata.updatedDate title",
        " sortby size/number",
        " sortby title/respectCase",
    ]);
    (clause, sort).prop_map(|(clause, sort)| clause + sort)
}

#[derive(Clone, Debug)]
enum Operation {
    Write(Value),
    Delete(u8),
    /// Writes that are taken back.
    Undone(Vec<Value>, u8),
    Query(String, usize, usize),
    /// All of it; several start with the same index.
    Whole(String),
}

fn step() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => record().prop_map(Operation::Write),
        1 => (0_u8..24).prop_map(Operation::Delete),
        1 => (prop::collection::vec(record(), 0..3), 0_u8..24).prop_map(|(records, gone)| Operation::Undone(records, gone)),
        3 => (query(), 0_usize..6, 0_usize..6).prop_map(|(query, offset, limit)| Operation::Query(query, offset, limit)),
        3 => query().prop_map(Operation::Whole),
    ]
}

/// The result and the number of matches of a scan of plain records; or that it fails.
fn scanned(
    model: &[(String, Value)],
    query: &cql::Compiled,
    offset: usize,
    limit: usize,
) -> Result<(Vec<Value>, usize), ()> {
    let mut found = Vec::new();
    for (_, record) in model {
        if query.wants(record).map_err(|_| ())? {
            found.push(record.clone());
        }
    }
    if !query.sort.is_empty() {
        found.sort_by(|a, b| query.compare(a, b));
    }
    let total = found.len();
    Ok((found.into_iter().skip(offset).take(limit).collect(), total))
}

fn check(
    store: &Store,
    model: &[(String, Value)],
    text: &str,
    offset: usize,
    limit: usize,
) -> Result<(), TestCaseError> {
    let Ok(query) = cql::compiled(text, tables().of(PATH)) else {
        return Ok(());
    };
    let page = Page {
        query: Some(&query),
        offset,
        limit,
    };
    let expected = scanned(model, &query, offset, limit);
    let found = match store.list("t", PATH, &page) {
        Ok(found) => Ok(found),
        Err(Failure::Query(_)) => Err(()),
        Err(Failure::Store(error)) => panic!("{error}"),
    };
    // Of which record a comparison of numbers fails depends on the order in which conditions are
    // looked at; the store may look at fewer.
    if text.contains("/number") && !text.contains("sortby size/number") && expected.is_err() {
        return Ok(());
    }
    let by_ids = expected
        .as_ref()
        .is_ok_and(|_| !text.contains("sortby") && text.contains("id=="));
    let order = |mut found: (Vec<Value>, usize)| {
        if by_ids && limit == usize::MAX {
            found.0.sort_by_key(|record| record["id"].to_string());
        }
        found
    };
    if by_ids && limit != usize::MAX {
        // A list of identifiers comes in their order.
        prop_assert_eq!(found.unwrap().1, expected.unwrap().1, "{}", text);
        return Ok(());
    }
    prop_assert_eq!(found.map(order), expected.map(order), "{}", text);
    let texts = store.list_texts("t", PATH, &page).map(|(texts, total)| {
        (
            texts
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect::<Vec<Value>>(),
            total,
        )
    });
    if let (Ok(texts), Ok(found)) = (texts, store.list("t", PATH, &page)) {
        prop_assert_eq!(texts, found);
    }
    Ok(())
}

fn put(model: &mut Vec<(String, Value)>, record: &Value) {
    let id = record["id"].as_str().unwrap().to_owned();
    match model.iter_mut().find(|(known, _)| *known == id) {
        Some((_, known)) => *known = record.clone(),
        None => model.push((id, record.clone())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn indexes_find_what_a_scan_finds(first in prop::collection::vec(record(), 0..20), steps in prop::collection::vec(step(), 1..25)) {
        let store = Store::open(None).unwrap();
        let mut model: Vec<(String, Value)> = Vec::new();
        let write = |record: &Value| store.write("t", PATH, record["id"].as_str().unwrap(), record).unwrap();
        for record in &first {
            write(record);
            put(&mut model, record);
        }
        for step in &steps {
            match step {
                Operation::Write(record) => {
                    write(record);
                    put(&mut model, record);
                }
                Operation::Delete(number) => {
                    let there = store.delete("t", PATH, &id(*number)).unwrap();
                    prop_assert_eq!(there, model.iter().any(|(known, _)| *known == id(*number)));
                    model.retain(|(known, _)| *known != id(*number));
                }
                Operation::Undone(records, gone) => {
                    store.begin().unwrap();
                    records.iter().for_each(write);
                    store.delete("t", PATH, &id(*gone)).unwrap();
                    records.iter().rev().for_each(write);
                    store.next("t", "number").unwrap();
                    store.end(false).unwrap();
                    prop_assert_eq!(store.current("t", "number").unwrap(), 0);
                }
                Operation::Query(text, offset, limit) => check(&store, &model, text, *offset, *limit)?,
                Operation::Whole(text) => check(&store, &model, text, 0, usize::MAX)?,
            }
        }
        prop_assert_eq!(store.count("t", PATH).unwrap(), model.len());
        let records: Vec<Value> = model.iter().map(|(_, record)| record.clone()).collect();
        prop_assert_eq!(store.all("t", PATH).unwrap(), records);
    }

    #[test]
    fn a_file_has_what_was_written(first in prop::collection::vec(record(), 0..12), gone in prop::collection::vec(0_u8..24, 0..5), made in 0_u32..12, deleted in prop::collection::vec(0_u32..12, 0..4)) {
        let folder = folio_test_support::files::scratch();
        let path = folder.path().join("records.db");
        let store = Store::open(Some(&path)).unwrap();
        store.generate("t", 5, made).unwrap();
        for record in &first {
            store.write("t", PATH, record["id"].as_str().unwrap(), record).unwrap();
        }
        for number in gone {
            store.delete("t", PATH, &id(number)).unwrap();
        }
        let all = store.all("t", PATH).unwrap();
        for number in deleted {
            if let Some(record) = all.get(number as usize) {
                store.delete("t", PATH, record["id"].as_str().unwrap()).unwrap();
            }
        }
        store.next("t", "hrid instances").unwrap();
        store.begin().unwrap();
        store.write("t", PATH, &id(99), &json!({"id": id(99)})).unwrap();
        store.end(false).unwrap();
        let (all, current) = (store.all("t", PATH).unwrap(), store.current("t", "hrid instances").unwrap());
        // As after kill -9: the file is opened while the store that wrote it still has it open, and
        // has not closed it.
        let again = Store::open(Some(&path)).unwrap();
        prop_assert_eq!(again.all("t", PATH).unwrap(), all);
        prop_assert_eq!(again.current("t", "hrid instances").unwrap(), current);
    }
}
