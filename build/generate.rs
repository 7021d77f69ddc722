//! Generates the endpoint modules and records of the enabled features from the canonical documents
//! in `specs/`, or in the directory that `FOLIO_SPECS_DIR` names.

use std::env;
use std::path::PathBuf;

use folio_codegen::{Document, Error, Options, Specs};

use crate::cargo::{SPECS_DIR, is_on, root, state_build, write};

/// Generates the files of the build.
pub(crate) fn generate() -> Result<(), String> {
    let specs = root()?.join("specs");
    let said = |error: Error| error.to_string();

    let index = specs.join("features.json");
    println!("cargo::rerun-if-changed={}", index.display());
    let features = folio_codegen::features(&index).map_err(said)?;
    let release = features.release(is_on)?;
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
    let unread = |error: Error| {
        format!(
            "folio-sdk could not read FOLIO's canonical documents: {error}. {SPECS_DIR} selects another directory; `folio-spec import` writes one"
        )
    };
    let present = Document::modules(&folder).map_err(unread)?;
    let wanted = features.modules(&present, &folder, release, is_on)?;
    state_build(&folder, &wanted);
    let disabled = folio_codegen::disabled(&features.disabled(&wanted, release));
    for (name, text) in [
        ("disabled.rs", Ok(disabled)),
        ("described_lists.rs", folio_codegen::lists(&folder)),
        ("described.rs", folio_codegen::described(&folder)),
    ] {
        write(name, &text.map_err(unread)?)?;
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
    let options = Options {
        schemas: is_on("schemars"),
    };
    let files = folio_codegen::generate(&specs, options).map_err(said)?;
    files.iter().try_for_each(|(name, text)| write(name, text))
}
