//! Writes progenitor's own output of the canonical documents in a folder, for `benches/compile`.
//!
//! `cargo run -p folio-codegen --example progenitor_baseline -- specs/trillium OUT
//! positional|builder [module ...]`

use std::error::Error;
use std::path::Path;

use folio_codegen::Specs;
use progenitor_impl::{GenerationSettings, Generator, InterfaceStyle};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [specs, out, style, modules @ ..] = &arguments[..] else {
        return Err("usage: progenitor_baseline SPECS OUT positional|builder [module ...]".into());
    };
    let specs = Specs::read(Path::new(specs), |module| {
        modules.is_empty() || modules.iter().any(|name| name == module)
    })?;
    let mut lib = String::from("#![allow(warnings)]\n");
    let mut operations = 0;
    for (name, document) in folio_codegen::lowered(&specs)? {
        let openapi: openapiv3::OpenAPI = serde_json::from_value(document)?;
        operations += openapi.operations().count();
        let mut settings = GenerationSettings::new();
        settings.with_interface(if style == "builder" {
            InterfaceStyle::Builder
        } else {
            InterfaceStyle::Positional
        });
        let tokens = Generator::new(&settings).generate_tokens(&openapi)?;
        std::fs::write(
            Path::new(out).join(format!("{name}.rs")),
            tokens.to_string(),
        )?;
        lib.push_str(&format!("pub mod {name};\n"));
    }
    std::fs::write(Path::new(out).join("lib.rs"), lib)?;
    println!("{operations} operations");
    Ok(())
}
