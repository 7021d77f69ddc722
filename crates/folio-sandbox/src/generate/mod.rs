//! Invented records: a demo library, and inventory as varied as that of a catalogue. The same seed
//! gives the same records. Each is made when it is read, so that millions take little memory and no
//! time.

pub(crate) mod demo;
mod instances;
pub(crate) mod lending;
mod maker;
mod places;
mod random;
mod references;
#[cfg(test)]
mod tests;
mod titles;
mod write;

use std::sync::Arc;

use crate::facts::paths::{HOLDINGS, INSTANCES, ITEMS};

pub(crate) use maker::Maker;
use references::references;

/// The records of a collection.
struct InventedCollection {
    kind: InventedKind,
    seed: u64,
}

#[derive(Clone, Copy)]
enum InventedKind {
    Instances,
    Holdings,
    Items,
}

impl Maker for InventedCollection {
    fn text(&self, number: u32) -> String {
        let mut out = String::with_capacity(2_048);
        match self.kind {
            InventedKind::Instances => instances::write(self.seed, number, references(), &mut out),
            InventedKind::Holdings => {
                places::write_holdings(self.seed, number, references(), &mut out)
            }
            InventedKind::Items => places::write_item(self.seed, number, references(), &mut out),
        }
        out
    }

    fn id(&self, number: u32) -> uuid::Uuid {
        match self.kind {
            InventedKind::Instances => instances::id(self.seed, number),
            InventedKind::Holdings => places::holdings_id(self.seed, number),
            InventedKind::Items => places::item_id(self.seed, number),
        }
    }

    fn field(&self, number: u32, path: &str) -> Option<Option<String>> {
        let text = match (self.kind, path) {
            (_, "id") => self.id(number).to_string(),
            (InventedKind::Instances, "title") => instances::title(self.seed, number).1,
            (InventedKind::Instances, "hrid") => instances::hrid(number),
            (InventedKind::Instances, "matchKey") => return Some(None),
            (InventedKind::Holdings, "hrid") => places::holdings_hrid(number),
            (InventedKind::Holdings, "instanceId") => {
                places::instance_of(self.seed, number).to_string()
            }
            (InventedKind::Items, "hrid") => places::item_hrid(number),
            (InventedKind::Items, "barcode") => return Some(places::barcode(self.seed, number)),
            (InventedKind::Items, "holdingsRecordId") => {
                places::holdings_of(self.seed, number).to_string()
            }
            _ => return None,
        };
        Some(Some(text))
    }
}

/// The collections of a number of instances: path, generator, number of records.
pub(crate) fn collections(seed: u64, count: u32) -> Vec<(&'static str, Arc<dyn Maker>, u32)> {
    [
        (INSTANCES, InventedKind::Instances),
        (HOLDINGS, InventedKind::Holdings),
        (ITEMS, InventedKind::Items),
    ]
    .map(|(path, kind)| {
        let maker: Arc<dyn Maker> = Arc::new(InventedCollection { kind, seed });
        (path, maker, count)
    })
    .into()
}

/// Where the sequences of HRIDs are then.
pub(crate) fn counters(count: u32) -> [(&'static str, i64); 3] {
    ["hrid instances", "hrid holdings", "hrid items"].map(|name| (name, i64::from(count)))
}
