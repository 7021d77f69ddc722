//! Generates the endpoint modules and records of the enabled features from the canonical documents
//! in `specs/`. The published package has `build/package.rs` in its place, which takes them out of
//! the package (`docs/publish.md`).

#[path = "build/cargo.rs"]
mod cargo;
#[path = "build/generate.rs"]
mod generate;

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    cargo::run(generate::generate)
}
