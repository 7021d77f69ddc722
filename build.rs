//! Generates the endpoint modules and records of the enabled features from the canonical documents in `specs/`.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use folio_codegen::Specs;

/// The release that is built.
const RELEASE: &str = "trillium";

/// The variable that names a folder of one's own imported documents.
const SPECS_DIR: &str = "FOLIO_SPECS_DIR";

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={}", problem.replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={SPECS_DIR}");
    let folder = match env::var_os(SPECS_DIR) {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(variable("CARGO_MANIFEST_DIR")?)
            .join("specs")
            .join(RELEASE),
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    let enabled =
        |feature: &str| env::var_os(format!("CARGO_FEATURE_{}", shouted(feature))).is_some();
    let specs = Specs::read(&folder, enabled).map_err(|error| {
        format!("folio-sdk reads FOLIO's canonical documents, and could not: {error}. {SPECS_DIR} names another folder; `folio-spec import` fills one")
    })?;
    missing(&specs, &folder)?;
    let files: BTreeMap<String, String> =
        folio_codegen::generate(&specs).map_err(|error| error.to_string())?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    for (name, text) in files {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// A feature of a module that the folder does not have is an error, not an empty module.
fn missing(specs: &Specs, folder: &std::path::Path) -> Result<(), String> {
    for module in MODULES {
        let enabled = env::var_os(format!("CARGO_FEATURE_{}", shouted(module))).is_some();
        if enabled
            && !specs
                .modules
                .iter()
                .any(|document| document.feature() == module)
        {
            return Err(format!(
                "the feature `{module}` is on, and {} has no document of that module: import it with `folio-spec import`, or turn the feature off",
                folder.display()
            ));
        }
    }
    Ok(())
}

/// The features that are modules.
const MODULES: [&str; 7] = [
    "circulation-storage",
    "inventory-storage",
    "login",
    "login-keycloak",
    "notes",
    "search",
    "users",
];

fn shouted(feature: &str) -> String {
    feature.replace('-', "_").to_ascii_uppercase()
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
