//! mod-inventory: its items, instances and holdings are those of mod-inventory-storage. Nothing of
//! it was recorded: what it takes, shows and rejects is as its sources of the same release have it
//! (mod-inventory 20.2). What is not emulated answers 501.

mod holdings;
mod instances;
mod items;
pub(crate) mod routes;
mod status;
mod support;
