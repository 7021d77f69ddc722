//! The reference data that invented records refer to.

use std::sync::OnceLock;

use serde_json::Value;

use crate::generate::demo;

/// The identifiers of types and locations that generated records reference.
pub(super) struct References {
    pub(super) statuses: Vec<String>,
    pub(super) formats: Vec<String>,
    pub(super) modes: Vec<String>,
    pub(super) terms: Vec<String>,
    pub(super) name_types: Vec<String>,
    pub(super) contributor_types: Vec<String>,
    pub(super) identifier_types: Vec<String>,
    pub(super) title_types: Vec<String>,
    pub(super) classification_types: Vec<String>,
    pub(super) call_number_types: Vec<String>,
    pub(super) relationships: Vec<String>,
    pub(super) instance_notes: Vec<String>,
    pub(super) holdings_notes: Vec<String>,
    pub(super) item_notes: Vec<String>,
    pub(super) instance_types: Vec<String>,
    pub(super) holdings_types: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) ill_policies: Vec<String>,
    pub(super) material_types: Vec<String>,
    pub(super) loan_types: Vec<String>,
    pub(super) statistical_codes: Vec<String>,
    pub(super) damaged: Vec<String>,
    pub(super) locations: Vec<String>,
    pub(super) user: String,
}

/// The identifiers of a sandbox's reference data.
pub(super) fn references() -> &'static References {
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
