//! The input of a build script from cargo, and its output for cargo.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The variable that selects another directory of imported documents.
pub(crate) const SPECS_DIR: &str = "FOLIO_SPECS_DIR";

/// Runs a build script; a problem is an error of the build.
pub(crate) fn run(script: impl FnOnce() -> Result<(), String>) -> ExitCode {
    println!("cargo::rerun-if-env-changed={SPECS_DIR}");
    match script() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={}", problem.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

/// Whether a feature of the SDK is enabled.
pub(crate) fn is_on(feature: &str) -> bool {
    let variable = feature.replace('-', "_").to_ascii_uppercase();
    env::var_os(format!("CARGO_FEATURE_{variable}")).is_some()
}

/// The directory of the package.
pub(crate) fn root() -> Result<PathBuf, String> {
    variable("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// States what is built, for the tests, which compare with the documents: their directory, and the
/// modules.
pub(crate) fn state_build<'a>(documents: &Path, modules: impl IntoIterator<Item = &'a String>) {
    println!("cargo::rustc-env=FOLIO_SPECS_READ={}", documents.display());
    let modules: Vec<&str> = modules.into_iter().map(String::as_str).collect();
    println!("cargo::rustc-env=FOLIO_MODULES_BUILT={}", modules.join(","));
}

/// Writes a file of the build.
pub(crate) fn write(name: &str, text: &str) -> Result<(), String> {
    let path = PathBuf::from(variable("OUT_DIR")?).join(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
