//! Puts the canonical documents into the sandbox, which serves what they describe.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            println!("cargo::error={problem}");
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=FOLIO_SPECS_DIR");
    let variable =
        |name: &str| std::env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let folder = match std::env::var_os("FOLIO_SPECS_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../specs/trillium"),
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    let said = |error: std::io::Error| {
        format!(
            "{}: {error}; FOLIO_SPECS_DIR names another folder of canonical documents",
            folder.display()
        )
    };
    let folder = folder.canonicalize().map_err(said)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(said)? {
        let path = entry.map_err(said)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
            && path.file_stem().is_some_and(|stem| stem != "release")
        {
            names.push(path);
        }
    }
    names.sort();
    let mut text = String::from("pub(crate) const DOCUMENTS: &[(&str, &str)] = &[\n");
    for path in names {
        let name = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "    ({name:?}, include_str!({:?})),",
            path.display().to_string()
        );
    }
    text.push_str("];\n");
    let release = folder.join("release.json");
    println!("cargo::rerun-if-changed={}", release.display());
    if release.exists() {
        let _ = writeln!(
            text,
            "const RELEASE: &str = include_str!({:?});",
            release.display().to_string()
        );
    } else {
        text.push_str("const RELEASE: &str = \"{}\";\n");
    }
    let out = Path::new(&variable("OUT_DIR")?).join("documents.rs");
    std::fs::write(&out, text).map_err(|error| format!("{}: {error}", out.display()))
}
