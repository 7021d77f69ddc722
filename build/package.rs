//! The build script of the published package: takes the endpoint modules and records of the enabled
//! features out of the package. It generates them, with the feature `generate`, where the documents
//! are not those that the package's code is from, and for `FOLIO_SPECS_DIR`.

mod cargo;
#[cfg(feature = "generate")]
mod generate;

use std::env;
use std::process::ExitCode;

use folio_sdk_build::Package;

use crate::cargo::{SPECS_DIR, is_on, root, state_build, write};

fn main() -> ExitCode {
    cargo::run(build)
}

fn build() -> Result<(), String> {
    if env::var_os(SPECS_DIR).is_some() {
        return generated(&format!("{SPECS_DIR} is set"));
    }
    let root = root()?;
    let Some(package) = Package::open(&root)? else {
        return generated("the package has no generated code");
    };
    for path in package.watched() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let features = package.features();
    let release = features.release(is_on)?;
    if let Some(reason) = package.outdated(release, generator())? {
        return generated(&format!("the package's code is outdated: {reason}"));
    }
    let folder = root.join("specs").join(release);
    let present = features.modules_of(release);
    let modules = features.modules(&present, &folder, Some(release), is_on)?;
    state_build(&folder, &modules);
    let files = package.files(release, &modules, is_on)?;
    files.iter().try_for_each(|(name, text)| write(name, text))
}

/// The fingerprint of the generator of this build.
#[cfg(feature = "generate")]
fn generator() -> Option<&'static str> {
    Some(folio_codegen::fingerprint())
}

#[cfg(not(feature = "generate"))]
fn generator() -> Option<&'static str> {
    None
}

#[cfg(feature = "generate")]
fn generated(_reason: &str) -> Result<(), String> {
    generate::generate()
}

#[cfg(not(feature = "generate"))]
fn generated(reason: &str) -> Result<(), String> {
    Err(format!(
        "{reason}, so that the endpoint modules are to be generated, and the feature `generate` of folio-sdk is off: `cargo add folio-sdk --features generate`"
    ))
}
