//! Decodes 10,000 instances, for a profiler: as record batches, or as the types of the SDK.
//!
//! `valgrind --tool=callgrind decode_cost arrow|projected|raw|typed|none`. The difference to `none`,
//! which only makes the records, is the cost. The records are decoded from RMB's form of a page,
//! each at its start in the page's text.

#![allow(clippy::unwrap_used, clippy::panic, reason = "an example")]

use std::fmt::Write as _;
use std::hint::black_box;

use folio_arrow::{Decoder, LayoutOptions, Limits, Release, Table};
use folio_sdk::RawRecord;
use folio_sdk::inventory_storage::Instance;

const COUNT: usize = 10_000;

/// A record as inventory-storage writes it.
fn instance(number: usize, out: &mut String) {
    let _ = write!(
        out,
        r#"{{"id":"{number:08x}-0000-4000-8000-000000000000","_version":1,"hrid":"in{number:011}","source":"MARC","title":"A history of the world in {number} objects / by many authors.","administrativeNotes":["imported"],"indexTitle":"History of the world in {number} objects","parentInstances":[],"childInstances":[],"isBoundWith":false,"alternativeTitles":[],"editions":["2nd ed."],"series":[],"identifiers":[{{"value":"97801402{number:05}","identifierTypeId":"8261054f-be78-422d-bd51-4ed9f33c3422"}},{{"value":"{number}","identifierTypeId":"439bfbae-75bc-4f74-9fc7-b2a2d47ce3ef"}}],"contributors":[{{"name":"Author, Some {number}","contributorTypeId":"6e09d47d-95e2-4d8a-831b-f777b8ef6d81","contributorTypeText":"","contributorNameTypeId":"2b94c631-fca9-4892-a730-03ee529ffe2a","primary":true}}],"subjects":[{{"value":"World history"}},{{"value":"Material culture"}}],"classifications":[{{"classificationNumber":"D21.3 .M{number}","classificationTypeId":"ce176ace-a53e-4b4d-aa89-725ed7b2edac"}}],"publication":[{{"publisher":"Allen Lane","place":"London","dateOfPublication":"2010","role":"Publication"}}],"publicationFrequency":[],"publicationRange":[],"electronicAccess":[],"instanceTypeId":"6312d172-f0cf-40f6-b27d-9fa8feaf332f","instanceFormatIds":[],"physicalDescriptions":["xxvi, 707 pages : illustrations ; 25 cm"],"languages":["eng"],"notes":[{{"instanceNoteTypeId":"6a2533a7-4de2-4e64-8466-074c2fa9308c","note":"Includes index.","staffOnly":false}}],"modeOfIssuanceId":"9d18a02f-5897-4c31-9106-c9abb5c7ae8b","previouslyHeld":false,"staffSuppress":false,"discoverySuppress":false,"statisticalCodeIds":[],"statusUpdatedDate":"2024-05-01T02:00:17.887+0000","metadata":{{"createdDate":"2024-05-01T02:00:17.887+00:00","createdByUserId":"2338689d-f27e-49fd-8bce-9f9bf7be6ea0","updatedDate":"2024-05-01T02:00:17.887+00:00","updatedByUserId":"2338689d-f27e-49fd-8bce-9f9bf7be6ea0"}},"tags":{{"tagList":[]}},"natureOfContentTermIds":[]}}"#
    );
}

fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let mut records = vec![String::new(); COUNT];
    for (number, record) in records.iter_mut().enumerate() {
        instance(number, record);
    }
    let bytes: usize = records.iter().map(String::len).sum();
    match &*mode {
        "arrow" | "projected" => {
            let table = Table::at(Release::default(), "/instance-storage/instances").unwrap();
            let mut layout = table.layout(&LayoutOptions::default());
            if mode == "projected" {
                let columns =
                    ["id", "title", "hrid"].map(|name| layout.schema().index_of(name).unwrap());
                layout = layout.project(&columns);
            }
            let mut decoder = Decoder::new(&layout, Limits::default());
            for record in &records {
                // As the SDK's stream gives it: validated, and copied out of the page.
                let record: RawRecord = serde_json::from_str(record).unwrap();
                decoder.push(&record).unwrap();
                if decoder.is_full() {
                    black_box(decoder.flush().unwrap());
                }
            }
            black_box(decoder.flush().unwrap());
        }
        "raw" => {
            for record in &records {
                black_box(serde_json::from_str::<RawRecord>(record).unwrap());
            }
        }
        "typed" => {
            for record in &records {
                black_box(serde_json::from_str::<Instance>(record).unwrap());
            }
        }
        "none" => {}
        other => panic!("`{other}` is none of arrow, projected, raw, typed, none"),
    }
    println!("{mode}: {COUNT} records, {bytes} bytes");
}
