//! Writes what `build.rs` would generate into a folder, to look at it.
//!
//! `cargo run -p folio-codegen --example generate -- specs/trillium OUT [feature ...]`

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use folio_codegen::Specs;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [specs, out, features @ ..] = &arguments[..] else {
        return Err("usage: generate SPECS OUT [feature ...]".into());
    };
    let start = Instant::now();
    let specs = Specs::read(Path::new(specs), |feature| {
        features.is_empty() || features.iter().any(|f| f == feature)
    })?;
    for (name, text) in folio_codegen::generate(&specs)? {
        std::fs::write(Path::new(out).join(name), text)?;
    }
    println!("{} modules in {:.2?}", specs.modules.len(), start.elapsed());
    Ok(())
}
