//! Writes the program that calls each operation of the release of the folio-sdk build.

mod calls;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use folio_codegen::{Specs, features, surface};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=FOLIO_SPECS_DIR");
    let specs = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../specs");
    let features = features(&specs.join("features.json"))?;
    let is_on = |name: &str| env::var_os(format!("CARGO_FEATURE_{}", name.to_ascii_uppercase()));
    let release = features.release(|name| is_on(name).is_some())?;
    let folder = match env::var_os("FOLIO_SPECS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => specs.join(release),
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rustc-env=FOLIO_SPECS_READ={}", folder.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let specs = Specs::read(&folder, |_| true)?;
    for (name, text) in calls::files(&surface(&specs)?) {
        std::fs::write(out.join(name), text)?;
    }
    Ok(())
}
