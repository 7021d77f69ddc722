//! Files of the project, and the directory of external test data next to it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// The folder of the project.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A file or directory of the shared test data: the sources of the releases, samples. The directory
/// is `FOLIO_SHARED`, else `../shared` next to the project. If it is absent, the test is reported
/// as skipped, with `what` it tests.
pub fn shared(what: &str, below: &str) -> Option<PathBuf> {
    let shared =
        std::env::var_os("FOLIO_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    found(what, shared.join(below))
}

/// The shared folder, if it has the sources of the releases. Otherwise the test is reported as
/// skipped.
pub fn release_sources(what: &str) -> Option<PathBuf> {
    shared(what, "folio-specs").and_then(|specs| specs.parent().map(Path::to_owned))
}

/// A file or folder that a test needs. Where it is absent, the test is reported as skipped.
pub fn found(what: &str, path: PathBuf) -> Option<PathBuf> {
    // Without `..`: references of samples are resolved by their paths, which must not lead upwards
    // themselves.
    match std::fs::canonicalize(&path) {
        Ok(path) => Some(path),
        Err(_) => {
            skipped(what, &format!("{} is absent", path.display()));
            None
        }
    }
}

/// Reports that a test is skipped, and why.
pub fn skipped(what: &str, why: &str) {
    report(&format!("SKIPPED: {what}: {why}"));
}

/// Writes past the test harness, which captures a test's output and shows it only on failure.
pub fn report(text: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "\n{text}").unwrap();
}

/// A folder that is removed with everything in it when this is dropped: in memory where the system
/// has such a place, since tests write many small files.
pub fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()),
        false => tempfile::tempdir(),
    }
    .unwrap()
}

/// All files of a folder and of the folders in it.
pub fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found
}

/// The canonical documents of a folder, by their names.
pub fn documents(folder: impl AsRef<Path>) -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let document = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, document)
        })
        .collect()
}
