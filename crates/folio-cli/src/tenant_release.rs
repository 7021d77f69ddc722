//! The release that a tenant has: the one whose modules are most like those of the tenant.

use folio_sdk::{FolioClient, Modules};

use crate::data::{self, Release};
use crate::error::CliError;

/// A release compared with the modules of a tenant.
#[derive(Clone, Debug)]
pub(crate) struct Likeness<'a> {
    pub(crate) release: &'a Release,
    /// The tenant's modules in the same major and minor version.
    pub(crate) same: usize,
    /// The tenant's modules that the release has in any version.
    pub(crate) known: usize,
}

impl Likeness<'_> {
    /// Whether most modules are those of the release.
    pub(crate) fn is_certain(&self) -> bool {
        self.same * 2 > self.known
    }
}

/// Major and minor version: a release gets patches.
fn line(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

/// The release with most modules in the same version; the newest of several. None if the tenant has
/// no module that a release knows.
pub(crate) fn closest<'a>(releases: &'a [Release], modules: &Modules) -> Option<Likeness<'a>> {
    let all = releases.iter().map(|release| {
        let known = modules
            .iter()
            .filter_map(|module| Some((module, release.modules.get(module.name())?)));
        let (mut same, mut count) = (0, 0);
        for (module, facts) in known {
            count += 1;
            same += usize::from(line(module.version()) == line(&facts.version));
        }
        Likeness {
            release,
            same,
            known: count,
        }
    });
    all.filter(|likeness| likeness.known > 0)
        .max_by_key(|likeness| likeness.same)
}

/// The name of the release that a tenant has. None if the user may not read its modules, or no release
/// has them.
///
/// # Errors
/// The request failed for another reason.
pub(crate) async fn of(folio: &FolioClient) -> Result<Option<String>, CliError> {
    let releases = data::releases()?;
    match folio.modules().await {
        Ok(modules) => {
            Ok(closest(&releases, &modules).map(|likeness| likeness.release.name.clone()))
        }
        Err(error) if error.is_forbidden() || error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
