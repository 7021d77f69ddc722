//! What tests over the sources of real releases have in common.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The folder with the sources, where there is one: `FOLIO_SHARED`, else `../shared` beside the
/// project. A test without it says so.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("FOLIO_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    if shared.join("folio-specs").is_dir() {
        return Some(shared);
    }
    say(&format!("{what} skipped: {} is absent", shared.display()));
    None
}

/// Past the test harness, which keeps to itself what a test that passes prints.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "\n{text}").unwrap();
}
