//! Random records of random lists: what is decoded is restored, exactly.

use arrow_array::{Array, RecordBatch};
use fastrand::Rng;
use folio_arrow::{Decoder, Layout, LayoutOptions, Limits, Release, Table, Uuids, restore};

use crate::compare::is_same;
use crate::generate::{Generator, is_empty};

/// The number of rounds; `ROUNDS` changes it.
fn rounds(default: u64) -> u64 {
    std::env::var("ROUNDS").map_or(default, |rounds| rounds.parse().unwrap())
}

fn table(rng: &mut Rng) -> Table {
    let releases: Vec<Release> = Release::all().collect();
    let release = releases[rng.usize(0..releases.len())];
    let mut tables = Table::described(release);
    // Half of them are frequent ones.
    let path = rng.choice([
        "/instance-storage/instances",
        "/users",
        "/item-storage/items",
        "/accounts",
        "/orders/order-lines",
        "/erm/pci",
        "/invoice/invoices",
        "/circulation/loans",
    ]);
    match rng.bool() {
        true => Table::at(release, path.unwrap()).unwrap(),
        false => tables.swap_remove(rng.usize(0..tables.len())),
    }
}

fn batches(layout: &Layout, records: &[String], limits: Limits) -> (Vec<RecordBatch>, Decoder) {
    let mut decoder = Decoder::new(layout, limits);
    let mut batches = Vec::new();
    for record in records {
        decoder
            .push_bytes(record.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {record}"));
        if decoder.is_full() {
            batches.push(decoder.flush().unwrap().unwrap());
        }
    }
    batches.extend(decoder.flush().unwrap());
    (batches, decoder)
}

#[test]
fn every_record_is_restored_exactly() {
    let seed =
        std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    for round in 0..rounds(300) {
        let seed = seed.wrapping_add(round);
        let mut rng = Rng::with_seed(seed);
        let table = table(&mut rng);
        let options = LayoutOptions {
            uuids: if rng.bool() {
                Uuids::Binary
            } else {
                Uuids::Text
            },
            raw: rng.bool(),
            money_scale: rng.u8(0..=18),
        };
        let layout = table.layout(&options);
        let schema = layout.schema();
        let wild = *[2, 10, 40].get(rng.usize(0..3)).unwrap();
        let mut generator = Generator { rng, wild };
        let count = generator.rng.usize(1..12);
        let is_object = schema.field(0).name() != "value";
        let records: Vec<String> = std::iter::repeat_with(|| generator.record(schema.fields()))
            .filter(|record| record.starts_with('{') || !is_object)
            .take(count)
            .collect();
        let limits = Limits {
            rows: generator.rng.usize(1..8),
            bytes: generator.rng.usize(1..100_000),
        };
        let (batches, _) = batches(&layout, &records, limits);
        let mut rows = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)));
        for record in &records {
            let (batch, row) = rows.next().unwrap();
            let restored = restore(batch, row)
                .unwrap_or_else(|error| panic!("seed {seed}, {table:?}: {error}: {record}"));
            assert!(
                is_same(record, restored.get()),
                "seed {seed}, {table:?}:\n{record}\n{restored}"
            );
        }
        assert!(rows.next().is_none());
        projections_are_equal(&layout, &records, &mut generator.rng, seed);
    }
}

/// Some columns have the same values with and without the others.
fn projections_are_equal(layout: &Layout, records: &[String], rng: &mut Rng, seed: u64) {
    let all = Limits {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
    let schema = layout.schema();
    let columns: Vec<usize> = (0..schema.fields().len()).filter(|_| rng.bool()).collect();
    let (whole, _) = batches(layout, records, all);
    let (some, _) = batches(&layout.project(&columns), records, all);
    for (at, column) in columns.into_iter().enumerate() {
        let (one, other) = (whole[0].column(column), some[0].column(at));
        assert_eq!(
            one.to_data(),
            other.to_data(),
            "seed {seed}: {}",
            schema.field(column)
        );
    }
}

#[test]
fn valid_records_need_no_extra_column() {
    for seed in 0..rounds(100) {
        let mut rng = Rng::with_seed(seed);
        let table = table(&mut rng);
        let layout = table.layout(&LayoutOptions::default());
        let schema = layout.schema();
        let mut generator = Generator { rng, wild: 0 };
        let records: Vec<String> = (0..5).map(|_| generator.record(schema.fields())).collect();
        let (batches, decoder) = batches(&layout, &records, Limits::default());
        assert_eq!(decoder.misfits(), [], "seed {seed}, {table:?}: {records:?}");
        assert!(
            is_empty(&batches[0], "_extra"),
            "seed {seed}, {table:?}: {records:?}"
        );
        for (row, record) in records.iter().enumerate() {
            let restored = restore(&batches[0], row).unwrap();
            assert!(
                is_same(record, restored.get()),
                "seed {seed}, {table:?}:\n{record}\n{restored}"
            );
        }
    }
}
