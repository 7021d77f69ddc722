//! Ten programs of the kind people write beside FOLIO, each a module and a binary of its name. They
//! use what the README, the guide and the documentation show, and compile unchanged for each
//! release of FOLIO: `.ci/programs` builds them with all of them.
//!
//! [`recipes`] has the programs of `docs/recipes.md`.
//!
//! Each binary reads `FOLIO_URL`, `FOLIO_TENANT`, `FOLIO_USERNAME` and `FOLIO_PASSWORD`: `cargo run
//! -p folio-example-programs --bin export-users > users.csv`.

pub mod circulate;
pub mod export_users;
pub mod export_users_blocking;
pub mod import_marc;
pub mod load_users;
pub mod loans_service;
pub mod member_locations;
pub mod nightly_items;
pub mod order;
pub mod recipes;
pub mod tag_instances;

/// What a program may end with.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A value of a CSV file.
fn csv(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", value.replace('"', "\"\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests;
