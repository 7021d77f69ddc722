//! The programs of `docs/recipes.md`, one file per section. The page shows them as they stand here;
//! `tests.rs` compares the two and runs each of them.
//!
//! A new recipe is a file here, a section of the page, and a row of `RECIPES` in `tests.rs`.

pub mod agreements;
pub mod authorities;
pub mod check_out;
pub mod correct;
pub mod data_import;
pub mod move_holdings;
pub mod oai_pmh;
pub mod order;
pub mod patrons;
pub mod permissions;
pub mod sharing;
pub mod statistics;

#[cfg(test)]
mod tests;
