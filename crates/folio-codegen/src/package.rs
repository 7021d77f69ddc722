//! Writes the code that the published package holds: that of each release, for any modules.

use std::path::Path;

use folio_sdk_build::{Features, Written, condition};

use crate::described::described;
use crate::document::Specs;
use crate::emit::disabled_if_not_built;
use crate::error::Error;
use crate::features::features;
use crate::generate::generate_conditional;
use crate::lists::lists;

/// The fingerprint of this generator: of its sources.
pub fn fingerprint() -> &'static str {
    env!("FOLIO_CODEGEN_FINGERPRINT")
}

/// Writes the code of all releases of `specs` into a folder, as `folio_sdk_build::Package` reads
/// it.
///
/// # Errors
/// A document is not canonical or contains a character that marks conditions, or a file cannot be
/// read or written.
pub fn package(specs: &Path, out: &Path) -> Result<(), Error> {
    let features = features(&specs.join("features.json"))?;
    let package = Written::new(out, specs, &features, fingerprint()).map_err(Error::Package)?;
    for release in features.releases() {
        write_release(specs, release, &features, &package)?;
    }
    Ok(())
}

fn write_release(
    root: &Path,
    release: &str,
    features: &Features,
    package: &Written<'_>,
) -> Result<(), Error> {
    let folder = root.join(release);
    let specs = Specs::read(&folder, |_| true)?.described(&root.join("glossary"), true)?;
    for path in &specs.files {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        if has_marks(&text) {
            let problem = "a character marks conditions in generated code (U+E000 to U+E003)";
            return Err(Error::Package(format!("{}: {problem}", path.display())));
        }
    }
    let mut files = generate_conditional(&specs)?;
    // No module is built: all have what is there without them.
    let modules = features.disabled(&Default::default(), Some(release));
    files.insert("disabled.rs".to_owned(), disabled_if_not_built(&modules));
    files.insert("described_lists.rs".to_owned(), lists(&folder)?);
    files.insert("described.rs".to_owned(), described(&folder)?);
    package
        .add(release, &files, &specs.files)
        .map_err(Error::Package)
}

/// Whether text has a character that marks conditions, as it is or as JSON escapes it.
fn has_marks(text: &str) -> bool {
    let escaped = text.to_ascii_lowercase();
    let mut escapes = escaped.match_indices("\\ue00");
    text.contains(condition::is_mark)
        || escapes.any(|(at, it)| {
            let last = escaped.as_bytes().get(at + it.len());
            matches!(last, Some(b'0'..=b'3'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_in_each_form() {
        for text in ["a\u{e000}b", r#"{"a": "\uE003"}"#, r"\ue001"] {
            assert!(has_marks(text), "{text}");
        }
        for text in ["", "ue000", r"\ue004", "\u{e004}"] {
            assert!(!has_marks(text), "{text}");
        }
    }
}
