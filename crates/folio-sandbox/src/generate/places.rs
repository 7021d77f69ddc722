//! Invented holdings and items of the invented instances. Most instances have one of each; of
//! twenty, one has two holdings and an electronic one none, and one of the holdings has two items
//! and another one none.

use crate::generate::instances::{self, date, metadata, one};
use crate::generate::random::Random;
use crate::generate::references::References;
use crate::generate::titles::note;
use crate::generate::write::Object;

const HOLDINGS: u64 = 2;
const HOLDINGS_ID: u64 = 21;
const PLACE: u64 = 22;
const ITEM: u64 = 3;
const ITEM_ID: u64 = 31;
const BARCODE: u64 = 32;

pub(super) fn holdings_id(seed: u64, number: u32) -> uuid::Uuid {
    Random::of(seed, HOLDINGS_ID, number).uuid()
}

pub(super) fn holdings_hrid(number: u32) -> String {
    format!("ho{:011}", u64::from(number) + 1)
}

/// The instance of holdings. That of the electronic one belongs to the instance before.
pub(super) fn instance_of(seed: u64, number: u32) -> uuid::Uuid {
    instances::id(seed, number - u32::from(instances::is_electronic(number)))
}

pub(super) fn item_id(seed: u64, number: u32) -> uuid::Uuid {
    Random::of(seed, ITEM_ID, number).uuid()
}

pub(super) fn item_hrid(number: u32) -> String {
    format!("it{:011}", u64::from(number) + 1)
}

fn holdings_number(number: u32) -> u32 {
    number - u32::from(number % 20 == 8)
}

/// The holdings of an item.
pub(super) fn holdings_of(seed: u64, number: u32) -> uuid::Uuid {
    holdings_id(seed, holdings_number(number))
}

/// The barcode of an item, which some have not.
pub(super) fn barcode(seed: u64, number: u32) -> Option<String> {
    let mut random = Random::of(seed, BARCODE, number);
    (!random.chance(3)).then(|| format!("3{:012}", u64::from(number) * 10 + random.next() % 10))
}

/// The locations of holdings, and their call numbers.
struct Shelf {
    location: String,
    call_number: Option<(String, String)>,
    prefix: Option<&'static str>,
    suffix: Option<&'static str>,
}

fn place(seed: u64, number: u32, references: &References) -> Shelf {
    let mut random = Random::of(seed, PLACE, number);
    let location = one(&mut random, &references.locations).to_owned();
    let call_number = random.chance(92).then(|| {
        let kind = one(&mut random, &references.call_number_types).to_owned();
        let text = match random.chance(50) {
            true => format!(
                "{:03}.{} {}{}",
                random.next() % 1_000,
                random.next() % 1_000,
                random.of_list(&["A", "B", "G", "M", "S", "W"]),
                random.next() % 100
            ),
            false => format!(
                "{}{} .{}{} {}",
                random.of_list(&["QA", "PR", "ML", "Z", "HB", "VK"]),
                1 + random.next() % 9_000,
                random.of_list(&["A", "C", "K", "R"]),
                random.next() % 1_000,
                1900 + random.next() % 126
            ),
        };
        (text, kind)
    });
    Shelf {
        location,
        prefix: (call_number.is_some() && random.chance(6)).then_some("Folio"),
        suffix: (call_number.is_some() && random.chance(4)).then_some("c.2"),
        call_number,
    }
}

/// Writes holdings.
pub(super) fn write_holdings(seed: u64, number: u32, references: &References, out: &mut String) {
    let mut random = Random::of(seed, HOLDINGS, number);
    let random = &mut random;
    let place = place(seed, number, references);
    let mut object = Object::new(out);
    object.raw("_version", 1);
    object.list("administrativeNotes", |_| {});
    if let Some((text, _)) = &place.call_number {
        object.text("callNumber", text);
    }
    if let Some(prefix) = place.prefix {
        object.text("callNumberPrefix", prefix);
    }
    if let Some(suffix) = place.suffix {
        object.text("callNumberSuffix", suffix);
    }
    if let Some((_, kind)) = &place.call_number {
        object.text("callNumberTypeId", kind);
    }
    object.raw("discoverySuppress", random.chance(2));
    object.text("effectiveLocationId", &place.location);
    object.list("electronicAccess", |_| {});
    object.list("formerIds", |_| {});
    object.list("holdingsStatements", |list| {
        if random.chance(8) {
            list.object(|own| {
                let from = 1950 + random.next() % 60;
                own.text(
                    "statement",
                    &format!("v.1-{} ({from}-{})", 5 + random.next() % 40, from + 12),
                );
            });
        }
    });
    object.list("holdingsStatementsForIndexes", |_| {});
    object.list("holdingsStatementsForSupplements", |_| {});
    if random.chance(60) {
        object.text("holdingsTypeId", one(random, &references.holdings_types));
    }
    object.text("hrid", &holdings_hrid(number));
    object.id("id", holdings_id(seed, number));
    if random.chance(25) {
        object.text("illPolicyId", one(random, &references.ill_policies));
    }
    object.id("instanceId", instance_of(seed, number));
    let date = date(random, number);
    metadata(&mut object, &date, references);
    object.list("notes", |list| {
        if random.chance(12) {
            list.object(|own| {
                own.text(
                    "holdingsNoteTypeId",
                    one(random, &references.holdings_notes),
                );
                own.text("note", &note(random, 1));
                own.raw("staffOnly", random.chance(30));
            });
        }
    });
    object.text("permanentLocationId", &place.location);
    object.text("sourceId", one(random, &references.sources));
    object.list("statisticalCodeIds", |_| {});
    object.object("tags", |tags| tags.list("tagList", |_| {}));
    object.end();
}

const STATUSES: [&str; 8] = [
    "Available",
    "Available",
    "Available",
    "Available",
    "Available",
    "In process",
    "Missing",
    "On order",
];

/// Writes an item.
pub(super) fn write_item(seed: u64, number: u32, references: &References, out: &mut String) {
    let mut random = Random::of(seed, ITEM, number);
    let random = &mut random;
    let place = place(seed, holdings_number(number), references);
    let volume = random
        .chance(10)
        .then(|| format!("v.{}", 1 + random.next() % 30));
    let date = date(random, number);
    let mut object = Object::new(out);
    object.raw("_version", 1);
    object.list("administrativeNotes", |_| {});
    if let Some(barcode) = barcode(seed, number) {
        object.text("barcode", &barcode);
    }
    object.list("circulationNotes", |_| {});
    if number % 20 == 8 {
        object.text("copyNumber", "2");
    }
    object.raw("discoverySuppress", false);
    object.object("effectiveCallNumberComponents", |own| {
        if let Some((text, _)) = &place.call_number {
            own.text("callNumber", text);
        }
        if let Some(prefix) = place.prefix {
            own.text("prefix", prefix);
        }
        if let Some(suffix) = place.suffix {
            own.text("suffix", suffix);
        }
        if let Some((_, kind)) = &place.call_number {
            own.text("typeId", kind);
        }
    });
    object.text("effectiveLocationId", &place.location);
    if let Some((text, _)) = &place.call_number {
        // As for an item that is stored: number, volume, copy, suffix.
        let copy = (number % 20 == 8).then_some("2");
        let parts = [Some(text.as_str()), volume.as_deref(), copy, place.suffix];
        let parts: Vec<&str> = parts
            .into_iter()
            .flatten()
            .flat_map(str::split_whitespace)
            .collect();
        object.text("effectiveShelvingOrder", &parts.join(" "));
    }
    object.list("electronicAccess", |_| {});
    object.list("formerIds", |_| {});
    object.id("holdingsRecordId", holdings_of(seed, number));
    object.text("hrid", &item_hrid(number));
    object.id("id", item_id(seed, number));
    if random.chance(2) {
        object.text("itemDamagedStatusId", one(random, &references.damaged));
    }
    let material = match random.chance(75) {
        true => references.material_types.first().map_or("", String::as_str),
        false => one(random, &references.material_types),
    };
    object.text("materialTypeId", material);
    metadata(&mut object, &date, references);
    object.list("notes", |list| {
        if random.chance(8) {
            list.object(|own| {
                own.text("itemNoteTypeId", one(random, &references.item_notes));
                own.text("note", &note(random, 1));
                own.raw("staffOnly", random.chance(50));
            });
        }
    });
    object.text("permanentLoanTypeId", one(random, &references.loan_types));
    object.list("statisticalCodeIds", |_| {});
    object.object("status", |status| {
        status.text("date", &date);
        status.text("name", random.of_list(&STATUSES));
    });
    object.object("tags", |tags| tags.list("tagList", |_| {}));
    if let Some(volume) = &volume {
        object.text("volume", volume);
    }
    object.list("yearCaption", |_| {});
    object.end();
}
