//! The fingerprint of the generator: that of its sources. Code in a package of the SDK states from
//! which generator it is.

use std::path::Path;
use std::process::ExitCode;

use folio_sdk_build::{Fingerprint, of_folder};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=Cargo.toml");
    let sources = of_folder(Path::new("src"));
    let manifest = Fingerprint::of_file(Path::new("Cargo.toml"));
    match (sources, manifest) {
        (Ok(sources), Ok(manifest)) => {
            let both = sources.and(manifest.to_string().as_bytes());
            println!("cargo::rustc-env=FOLIO_CODEGEN_FINGERPRINT={both}");
            ExitCode::SUCCESS
        }
        (Err(problem), _) | (_, Err(problem)) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}
