//! Writes what `build.rs` would generate into a folder, to look at it.
//!
//! `cargo run -p folio-codegen --example generate -- specs/trillium OUT [module ...]`, with JSON
//! Schemas if `SCHEMAS` is set, and documented by the glossary in the folder that `GLOSSARY` names
//! (`specs/glossary`).

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use folio_codegen::{Options, Specs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [specs, out, modules @ ..] = &arguments[..] else {
        return Err("usage: [SCHEMAS=1] generate SPECS OUT [module ...]".into());
    };
    let options = Options {
        schemas: std::env::var_os("SCHEMAS").is_some(),
    };
    let start = Instant::now();
    let specs = Specs::read(Path::new(specs), |module| {
        modules.is_empty() || modules.iter().any(|name| name == module)
    })?;
    let glossary = std::env::var_os("GLOSSARY").map(std::path::PathBuf::from);
    let specs = match glossary {
        Some(glossary) => specs.describe(&glossary)?,
        None => specs,
    };
    for (name, text) in folio_codegen::generate(&specs, options)? {
        std::fs::write(Path::new(out).join(name), text)?;
    }
    println!("{} modules in {:.2?}", specs.modules.len(), start.elapsed());
    Ok(())
}
