//! mod-inventory-storage: its views, settings of HRIDs, and MARC records of instances.

pub(crate) mod bulk_ids;
pub(crate) mod hrid_settings;
pub(crate) mod instance_sets;
pub(crate) mod source_records;
pub(crate) mod views;
