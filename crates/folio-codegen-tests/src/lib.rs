//! Tables of the types that a build of folio-sdk has, for its tests: by them a test reaches each
//! type by its name.
//!
//! The macros are for the tests of folio-sdk alone. They read which documents and which of their
//! modules the build has, as its `build.rs` states it, and ask the generator what it made of them
//! ([`surface`](mod@folio_codegen::surface)). The published crates contain none of it.

mod tables;

use std::path::Path;
use std::sync::OnceLock;

use folio_codegen::{Specs, Surface, surface};
use proc_macro::TokenStream;

/// `fn through(module: &str, component: &str, json: &str) -> Option<Result<String, String>>`: reads
/// JSON as the type of a component, and writes it again.
#[proc_macro]
pub fn records(_: TokenStream) -> TokenStream {
    code(tables::records)
}

/// `const RECORDS: &[(&str, &str)]`, the modules and their records; and `reread(module, record,
/// json)`, which calls the test's own `of::<T>(json)` with the type of a record.
#[proc_macro]
pub fn rereads(_: TokenStream) -> TokenStream {
    code(tables::rereads)
}

/// `const VARIANTS`, the variants of all unions; and `variant(module, union, json)`: which of them
/// JSON is read as, and what is written.
#[proc_macro]
pub fn unions(_: TokenStream) -> TokenStream {
    code(tables::unions)
}

/// `fn schemas()`: each type with the place of its schema in the document, and the function that
/// makes its JSON Schema.
#[proc_macro]
pub fn schemas(_: TokenStream) -> TokenStream {
    code(tables::schemas)
}

fn code(table: fn(&[Surface]) -> String) -> TokenStream {
    // Once for all tables of a program: each takes seconds.
    static BUILT: OnceLock<Result<Vec<Surface>, String>> = OnceLock::new();
    let made = BUILT.get_or_init(built).as_ref();
    let made = made.map_err(String::clone).and_then(|built| {
        let text = table(built);
        text.parse().map_err(|error| format!("{error}: {text}"))
    });
    made.unwrap_or_else(|problem| {
        let problem = format!("compile_error!({problem:?});");
        problem.parse().unwrap_or_default()
    })
}

/// What the build of the package has whose test this is.
fn built() -> Result<Vec<Surface>, String> {
    let stated = |name: &str| {
        std::env::var(name)
            .map_err(|_| format!("{name} is not set: these macros are for the tests of folio-sdk"))
    };
    let folder = stated("FOLIO_SPECS_READ")?;
    let modules = stated("FOLIO_MODULES_BUILT")?;
    let is_built = |module: &str| modules.split(',').any(|built| built == module);
    let specs = Specs::read(Path::new(&folder), is_built).map_err(|error| error.to_string())?;
    surface(&specs).map_err(|error| error.to_string())
}
