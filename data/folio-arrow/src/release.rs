//! The releases of FOLIO whose lists are known.

use std::fmt;
use std::str::FromStr;

use crate::facts::facts;
use crate::table::TableError;

/// A release of FOLIO. The default is the newest one.
///
/// ```
/// use folio_arrow::Release;
///
/// let names: Vec<&str> = Release::all().map(|release| release.name()).collect();
/// assert_eq!(names, ["ramsons", "sunflower", "trillium"]);
/// assert_eq!(Release::default().name(), "trillium");
/// assert!("tulip".parse::<Release>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release(usize);

impl Release {
    /// All releases, oldest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..facts().releases.len()).map(Self)
    }

    /// The name, in lower case.
    pub fn name(self) -> &'static str {
        facts().releases.get(self.0).copied().unwrap_or_default()
    }
}

impl Default for Release {
    fn default() -> Self {
        Self(facts().releases.len().saturating_sub(1))
    }
}

impl FromStr for Release {
    type Err = TableError;

    fn from_str(name: &str) -> Result<Self, TableError> {
        let mut known = Self::all();
        let release = known.find(|release| release.name().eq_ignore_ascii_case(name));
        release.ok_or_else(|| TableError::release(name))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
