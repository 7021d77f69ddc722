//! Plausible records of inventory, invented: instances, their holdings and their items, as varied as those of a catalogue. The same seed gives
//! the same records. Each is made when it is read, so that millions take little memory and no time.

pub(crate) mod demo;
mod instances;
mod places;
mod random;
#[cfg(test)]
mod tests;
mod titles;
mod write;

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::store::Maker;

const INSTANCES: &str = "/instance-storage/instances";
const HOLDINGS: &str = "/holdings-storage/holdings";
const ITEMS: &str = "/item-storage/items";

/// What is written into records from reference data: identifiers of types and places.
pub(super) struct References {
    statuses: Vec<String>,
    formats: Vec<String>,
    modes: Vec<String>,
    terms: Vec<String>,
    name_types: Vec<String>,
    contributor_types: Vec<String>,
    identifier_types: Vec<String>,
    title_types: Vec<String>,
    classification_types: Vec<String>,
    call_number_types: Vec<String>,
    relationships: Vec<String>,
    instance_notes: Vec<String>,
    holdings_notes: Vec<String>,
    item_notes: Vec<String>,
    instance_types: Vec<String>,
    holdings_types: Vec<String>,
    sources: Vec<String>,
    ill_policies: Vec<String>,
    material_types: Vec<String>,
    loan_types: Vec<String>,
    statistical_codes: Vec<String>,
    damaged: Vec<String>,
    locations: Vec<String>,
    user: String,
}

fn references() -> &'static References {
    static REFERENCES: OnceLock<References> = OnceLock::new();
    REFERENCES.get_or_init(|| {
        let records = demo::reference();
        let ids = |path: &str| -> Vec<String> {
            let own = records.iter().find(|(known, _)| *known == path);
            own.into_iter()
                .flat_map(|(_, records)| records)
                .filter_map(|record| record.get("id").and_then(Value::as_str))
                .map(str::to_owned)
                .collect()
        };
        References {
            statuses: ids("/instance-statuses"),
            formats: ids("/instance-formats"),
            modes: ids("/modes-of-issuance"),
            terms: ids("/nature-of-content-terms"),
            name_types: ids("/contributor-name-types"),
            contributor_types: ids("/contributor-types"),
            identifier_types: ids("/identifier-types"),
            title_types: ids("/alternative-title-types"),
            classification_types: ids("/classification-types"),
            call_number_types: ids("/call-number-types"),
            relationships: ids("/electronic-access-relationships"),
            instance_notes: ids("/instance-note-types"),
            holdings_notes: ids("/holdings-note-types"),
            item_notes: ids("/item-note-types"),
            instance_types: ids("/instance-types"),
            holdings_types: ids("/holdings-types"),
            sources: ids("/holdings-sources"),
            ill_policies: ids("/ill-policies"),
            material_types: ids("/material-types"),
            loan_types: ids("/loan-types"),
            statistical_codes: ids("/statistical-codes"),
            damaged: ids("/item-damaged-statuses"),
            locations: ids("/locations"),
            user: demo::cataloguer(),
        }
    })
}

/// The records of a collection.
struct Collection {
    kind: Kind,
    seed: u64,
}

#[derive(Clone, Copy)]
enum Kind {
    Instances,
    Holdings,
    Items,
}

impl Maker for Collection {
    fn text(&self, number: u32) -> String {
        let mut out = String::with_capacity(2_048);
        match self.kind {
            Kind::Instances => instances::write(self.seed, number, references(), &mut out),
            Kind::Holdings => places::write_holdings(self.seed, number, references(), &mut out),
            Kind::Items => places::write_item(self.seed, number, references(), &mut out),
        }
        out
    }

    fn id(&self, number: u32) -> uuid::Uuid {
        match self.kind {
            Kind::Instances => instances::id(self.seed, number),
            Kind::Holdings => places::holdings_id(self.seed, number),
            Kind::Items => places::item_id(self.seed, number),
        }
    }

    fn field(&self, number: u32, path: &str) -> Option<Option<String>> {
        let text = match (self.kind, path) {
            (_, "id") => self.id(number).to_string(),
            (Kind::Instances, "title") => instances::title(self.seed, number).1,
            (Kind::Instances, "hrid") => instances::hrid(number),
            (Kind::Instances, "matchKey") => return Some(None),
            (Kind::Holdings, "hrid") => places::holdings_hrid(number),
            (Kind::Holdings, "instanceId") => places::instance_of(self.seed, number).to_string(),
            (Kind::Items, "hrid") => places::item_hrid(number),
            (Kind::Items, "barcode") => return Some(places::barcode(self.seed, number)),
            (Kind::Items, "holdingsRecordId") => places::holdings_of(self.seed, number).to_string(),
            _ => return None,
        };
        Some(Some(text))
    }
}

/// The collections of so many instances: path, what makes the records, how many they are.
pub(crate) fn collections(seed: u64, count: u32) -> Vec<(&'static str, Arc<dyn Maker>, u32)> {
    [
        (INSTANCES, Kind::Instances),
        (HOLDINGS, Kind::Holdings),
        (ITEMS, Kind::Items),
    ]
    .map(|(path, kind)| {
        let maker: Arc<dyn Maker> = Arc::new(Collection { kind, seed });
        (path, maker, count)
    })
    .into()
}

/// Where the sequences of HRIDs are then.
pub(crate) fn counters(count: u32) -> [(&'static str, i64); 3] {
    ["hrid instances", "hrid holdings", "hrid items"].map(|name| (name, i64::from(count)))
}
