//! Generates the endpoint modules and records of the enabled features from the canonical documents
//! in `specs/`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use folio_codegen::{Error, Features, Options, Specs};

/// The variable that selects another directory of imported documents.
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
    let specs = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("specs");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let said = |error: Error| error.to_string();

    let index = specs.join("features.json");
    println!("cargo::rerun-if-changed={}", index.display());
    let features = Features::read(&index).map_err(said)?;
    let release = features.release(is_on).map_err(said)?;
    let (folder, release) = match env::var_os(SPECS_DIR) {
        Some(folder) => {
            let folder = PathBuf::from(folder);
            if folder.is_relative() {
                // Cargo runs this in the directory of the package, regardless of the caller's
                // directory.
                let base = env::current_dir().unwrap_or_default();
                let found = base.join(&folder);
                let problem = format!(
                    "{SPECS_DIR} is the relative path {}, which is relative to the directory of the package folio-sdk: {}",
                    folder.display(),
                    found.display()
                );
                if !found.is_dir() {
                    return Err(format!(
                        "{problem}. The directory does not exist: use an absolute path, or set it in .cargo/config.toml: [env] {SPECS_DIR} = {{ value = \"{}\", relative = true }}",
                        folder.display()
                    ));
                }
                println!("cargo::warning={problem}");
            }
            (folder, None)
        }
        None => (specs.join(release), Some(release)),
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    // For the tests, which compare with the documents: their directory and, below, the built
    // modules.
    println!("cargo::rustc-env=FOLIO_SPECS_READ={}", folder.display());
    let unread = |error: Error| {
        format!(
            "folio-sdk could not read FOLIO's canonical documents: {error}. {SPECS_DIR} selects another directory; `folio-spec import` writes one"
        )
    };
    let wanted = match features.modules(&folder, release, is_on) {
        Ok(wanted) => wanted,
        Err(error @ Error::Features(_)) => return Err(error.to_string()),
        Err(error) => return Err(unread(error)),
    };
    let disabled = folio_codegen::disabled(&features.disabled(&wanted, release));
    for (name, text) in [
        ("disabled.rs", Ok(disabled)),
        ("described_lists.rs", folio_codegen::lists(&folder)),
        ("described.rs", folio_codegen::described(&folder)),
    ] {
        let path = out.join(name);
        std::fs::write(&path, text.map_err(unread)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    // Of the glossary only what is built is read. Documents of your own are described by it, too.
    let glossary = specs.join("glossary");
    let documents = Specs::read(&folder, |module| wanted.contains(module)).map_err(unread)?;
    let specs = documents.describe(&glossary).map_err(said)?;
    for file in specs
        .files
        .iter()
        .filter(|file| file.starts_with(&glossary))
    {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let built: Vec<String> = wanted.into_iter().collect();
    println!("cargo::rustc-env=FOLIO_MODULES_BUILT={}", built.join(","));
    let options = Options {
        schemas: is_on("schemars"),
    };
    for (name, text) in folio_codegen::generate(&specs, options).map_err(said)? {
        let path = out.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Whether a feature of the SDK is enabled.
fn is_on(feature: &str) -> bool {
    let variable = feature.replace('-', "_").to_ascii_uppercase();
    env::var_os(format!("CARGO_FEATURE_{variable}")).is_some()
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
