//! Real records: samples from the sources of modules, and recordings of running servers.

use std::collections::BTreeMap;

use folio_arrow::{Decoder, Layout, LayoutOptions, Release, Table, restore};
use folio_test_support::{files, recordings};
use serde_json::value::RawValue;

use crate::compare::is_same;
use crate::decoded;

/// The objects of a JSON text: itself, and the elements of the lists in it.
fn objects(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
        return found;
    };
    for value in members.values() {
        if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            let elements = elements.iter().map(|it| it.get().to_owned());
            found.extend(elements.filter(|text| text.starts_with('{')));
        }
    }
    found.push(text.trim().to_owned());
    found
}

/// Decodes and restores records.
fn check(layout: &Layout, records: &[String]) -> Decoder {
    let texts: Vec<&str> = records.iter().map(String::as_str).collect();
    let (batch, decoder) = decoded(layout, &texts);
    for (row, record) in records.iter().enumerate() {
        let restored = restore(&batch, row).unwrap();
        assert!(is_same(record, restored.get()), "{record}\n{restored}");
    }
    decoder
}

fn is_of_objects(layout: &Layout) -> bool {
    layout.schema().field(0).name() != "value"
}

#[test]
fn every_sample_is_restored_exactly() {
    let Some(folder) = files::shared("samples as tables", "folio-samples") else {
        return;
    };
    let mut layouts: BTreeMap<&str, Vec<Layout>> = BTreeMap::new();
    for table in Table::described(Release::default()) {
        let layout = table.layout(&LayoutOptions::default());
        if is_of_objects(&layout) {
            layouts.entry(table.module()).or_default().push(layout);
        }
    }
    let mut checked = 0;
    for path in files::walk(&folder) {
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let below = path.strip_prefix(&folder).unwrap();
        let module = below.iter().next().unwrap().to_str().unwrap();
        let records = objects(&text);
        // As records of lists of the module: whatever it is, nothing may be lost.
        let of_module = layouts.get(module).into_iter().flatten();
        for layout in of_module.skip(text.len() % 3).step_by(3) {
            check(layout, &records);
            checked += records.len();
        }
    }
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn every_recorded_record_is_restored_and_most_fit_their_columns() {
    let mut lists: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in ["lists", "acq", "spring", "crud", "circulation", "refs"] {
        for row in recordings::rows(name) {
            let path = ["template", "path"].map(|key| recordings::text(&row, key));
            let path = path.into_iter().find(|path| !path.is_empty());
            let path = path
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default();
            if row["status"].as_u64().is_none_or(|status| status >= 300) {
                continue;
            }
            let text = recordings::text(&row, "text");
            let records: Vec<String> = match text.contains("totalRecords") {
                true => {
                    let records = recordings::elements(text).into_iter();
                    let records = records.filter(|record| record.is_object());
                    records.map(|record| record.to_string()).collect()
                }
                // What was cut off is no JSON.
                false => objects(text).pop().into_iter().collect(),
            };
            lists.entry(path.to_owned()).or_default().extend(records);
        }
    }
    let (mut records, mut fitting, mut read) = (0, 0, 0);
    let mut misfits = BTreeMap::new();
    for (path, found) in &lists {
        // Of a list, or of a record in it.
        let collection = path.rsplit_once('/').map_or("", |(before, _)| before);
        let table = [path, collection]
            .into_iter()
            .find_map(|path| Table::at(Release::default(), path).ok());
        let Some(table) = table.filter(|_| !found.is_empty()) else {
            continue;
        };
        let layout = table.layout(&LayoutOptions::default());
        if !is_of_objects(&layout) {
            continue;
        }
        read += 1;
        for record in found {
            let decoder = check(&layout, std::slice::from_ref(record));
            records += 1;
            let counts = decoder.misfits();
            let is_fitting = counts.iter().all(|it| it.misfits + it.unknown == 0);
            fitting += usize::from(is_fitting);
            for count in counts.iter().filter(|it| it.misfits + it.unknown > 0) {
                let name = format!("{} {}", table.path(), count.column);
                *misfits.entry(name).or_insert(0) += count.misfits + count.unknown;
            }
        }
    }
    if std::env::var("SHOW").is_ok() {
        eprintln!("{misfits:#?}");
    }
    eprintln!("{records} records of {read} lists, {fitting} of them fit");
    assert!(records > 1_000 && read > 40, "{records} {read}");
    // Some were recorded because they do not fit, and some are of another release.
    assert!(fitting * 10 > records * 9, "{fitting} of {records}");
}
