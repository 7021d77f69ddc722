//! mod-inventory-storage: its views, and MARC records beside instances.

pub(crate) mod source_records;
pub(crate) mod views;
