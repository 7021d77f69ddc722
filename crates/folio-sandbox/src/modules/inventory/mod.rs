//! mod-inventory: its items, instances and holdings are those of mod-inventory-storage. Nothing of
//! it was recorded: its behaviour follows its sources of the same release (mod-inventory 20.2).
//! Unsupported requests get 501.

mod holdings;
mod instances;
mod items;
pub(crate) mod routes;
mod status;
mod support;
