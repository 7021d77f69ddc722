//! Writes the generated code of all releases into a folder, as the published package of the SDK
//! holds it.
//!
//! `cargo run -p folio-codegen --example package -- SPECS OUT`; `.ci/package` uses it.

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [specs, out] = &arguments[..] else {
        return Err("usage: package SPECS OUT".into());
    };
    folio_codegen::package(Path::new(specs), Path::new(out))?;
    Ok(())
}
