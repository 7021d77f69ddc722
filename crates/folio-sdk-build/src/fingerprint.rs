//! Fingerprints of files: whether code was generated from what is there now.

use std::fmt;
use std::path::Path;

/// A number that differs if content differs: FNV-1a with 64 bits. It recognises changes that
/// nobody hides; it is not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// That of no content.
    pub const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    /// That of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::EMPTY.and(bytes)
    }

    /// That of what this is the fingerprint of, followed by these bytes.
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    /// That of a file. Line ends count as `\n`, so that a checkout with others has the same.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of_file(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let is_return = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
        match bytes.contains(&b'\r') {
            false => Ok(Self::of(&bytes)),
            true => {
                let kept = (0..bytes.len()).filter(|at| !is_return(*at));
                Ok(Self::of(&kept.map(|at| bytes[at]).collect::<Vec<u8>>()))
            }
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// The fingerprint of all files below a folder, with their names.
///
/// # Errors
/// A file cannot be read.
pub fn of_folder(folder: &Path) -> Result<Fingerprint, String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(problem)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<_> = paths.collect::<Result<_, _>>().map_err(problem)?;
    paths.sort();
    paths
        .iter()
        .try_fold(Fingerprint::EMPTY, |fingerprint, path| {
            let content = match path.is_dir() {
                true => of_folder(path)?,
                false => Fingerprint::of_file(path)?,
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            Ok(fingerprint.and(format!("{name} {content}\n").as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn it_is_that_of_the_published_test_vectors() {
        for (text, expected) in [
            ("", "cbf29ce484222325"),
            ("a", "af63dc4c8601ec8c"),
            ("foobar", "85944171f73967e8"),
        ] {
            assert_eq!(Fingerprint::of(text.as_bytes()).to_string(), expected);
        }
    }

    #[test]
    fn a_name_a_place_and_content_count_and_line_ends_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a"), "x\ny").unwrap();
        let first = of_folder(folder.path()).unwrap();
        std::fs::write(at("a"), "x\r\ny").unwrap();
        assert_eq!(of_folder(folder.path()).unwrap(), first);
        std::fs::write(at("a"), "x\ry").unwrap();
        assert_ne!(of_folder(folder.path()).unwrap(), first);
        std::fs::write(at("a"), "x\ny").unwrap();
        std::fs::rename(at("a"), at("b")).unwrap();
        assert_ne!(of_folder(folder.path()).unwrap(), first);
        std::fs::create_dir(at("d")).unwrap();
        std::fs::rename(at("b"), at("d/a")).unwrap();
        assert_ne!(of_folder(folder.path()).unwrap(), first);
    }
}
