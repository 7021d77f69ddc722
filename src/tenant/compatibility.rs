//! Compares the tenant's modules and interfaces with those that this build was made for.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::client::FolioClient;
use crate::tenant::modules::Platform;
use crate::tenant::tenancy::Tenancy;
use crate::tenant::version::{compared, fits};
use crate::wire::error::Result;

/// A module of this build.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) module: &'static str,
    pub(crate) version: &'static str,
    /// The interfaces that it provides, with their versions.
    pub(crate) interfaces: &'static [(&'static str, &'static str)],
}

include!(concat!(env!("OUT_DIR"), "/built.rs"));

/// The modules and interfaces of a tenant compared with those of the build, returned by
/// [`FolioClient::compatibility`].
///
/// `Display` writes a table, and serde writes JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Compatibility {
    /// The tenant.
    pub tenant: String,
    /// The tenant's platform.
    pub platform: Platform,
    /// The FOLIO release of this build, `trillium`. With `FOLIO_SPECS_DIR`, the release that its
    /// documents name.
    pub release: String,
    /// The modules whose features are enabled, sorted by name.
    pub modules: Vec<ModuleCompatibility>,
}

/// A module of the build, and the tenant's version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModuleCompatibility {
    /// The name, `mod-users`.
    pub name: String,
    /// The version of the build, `19.6.0`.
    pub built: String,
    /// The versions that the tenant has; usually one.
    pub tenant: Vec<String>,
    /// The comparison of the newest of them with the build's version.
    pub state: ModuleState,
    /// The interfaces that the module provides in the build's release.
    pub interfaces: Vec<InterfaceCompatibility>,
}

/// The tenant's version of a module compared with that of the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ModuleState {
    /// The tenant does not have the module.
    Missing,
    /// The tenant's version is older.
    Older,
    /// The tenant's version is newer.
    Newer,
    /// The versions are equal.
    Same,
    /// The module has no interfaces, and the tenant does not list it: an edge module, which has its
    /// own address, or Okapi itself.
    Unlisted,
}

/// An interface of the build, and the tenant's version of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InterfaceCompatibility {
    /// The id, `users`.
    pub id: String,
    /// The version of the build, `16.4`.
    pub built: String,
    /// The versions that the tenant has, from any module; empty if it has none. `None` if the
    /// tenant's interfaces could not be read: Okapi denies permission, or Eureka's list of
    /// applications has no descriptors.
    pub tenant: Option<Vec<String>>,
}

impl Compatibility {
    pub(crate) fn of(tenancy: &Tenancy) -> Self {
        let modules = BUILT.iter().map(|built| {
            let mut tenant: Vec<String> = tenancy
                .modules
                .iter()
                .filter(|module| module.name() == built.module)
                .map(|module| module.version().to_owned())
                .collect();
            tenant.sort_by(|one, other| compared(one, other));
            let state = match tenant.last() {
                None if built.interfaces.is_empty() => ModuleState::Unlisted,
                None => ModuleState::Missing,
                Some(newest) => match compared(newest, built.version) {
                    Ordering::Less => ModuleState::Older,
                    Ordering::Equal => ModuleState::Same,
                    Ordering::Greater => ModuleState::Newer,
                },
            };
            let interfaces = built.interfaces.iter().map(|(id, version)| {
                let tenant = tenancy.versions_of(id);
                InterfaceCompatibility {
                    id: (*id).to_owned(),
                    built: (*version).to_owned(),
                    tenant,
                }
            });
            ModuleCompatibility {
                name: built.module.to_owned(),
                built: built.version.to_owned(),
                tenant,
                state,
                interfaces: interfaces.collect(),
            }
        });
        Self {
            tenant: tenancy.modules.tenant().to_owned(),
            platform: tenancy.modules.platform(),
            release: RELEASE.to_owned(),
            modules: modules.collect(),
        }
    }

    /// Whether all modules are [compatible](ModuleCompatibility::is_compatible).
    pub fn is_compatible(&self) -> bool {
        self.problems().next().is_none()
    }

    /// The incompatible modules.
    pub fn problems(&self) -> impl Iterator<Item = &ModuleCompatibility> {
        self.modules.iter().filter(|module| !module.is_compatible())
    }

    /// The module of this name, `mod-users`.
    pub fn find(&self, name: &str) -> Option<&ModuleCompatibility> {
        self.modules.iter().find(|module| module.name == name)
    }
}

impl ModuleCompatibility {
    /// Whether the tenant has all interfaces of the module in compatible versions, whichever module
    /// provides them: on Eureka, `mod-login-keycloak` provides `login`. If the tenant's interfaces
    /// are unknown, whether it has the module at all.
    pub fn is_compatible(&self) -> bool {
        let known = self
            .interfaces
            .iter()
            .map(|interface| interface.is_compatible());
        let known: Vec<Option<bool>> = known.collect();
        match known.contains(&None) || known.is_empty() {
            true => self.state != ModuleState::Missing,
            false => known.iter().all(|fits| *fits == Some(true)),
        }
    }

    /// The interfaces without a compatible version in the tenant.
    pub fn incompatible_interfaces(&self) -> impl Iterator<Item = &InterfaceCompatibility> {
        let interfaces = self.interfaces.iter();
        interfaces.filter(|interface| interface.is_compatible() == Some(false))
    }
}

impl InterfaceCompatibility {
    /// Whether one of the tenant's versions is compatible, by FOLIO's rule: the same major version,
    /// and at least the minor version (Okapi's `InterfaceDescriptor`). `None` if the tenant's
    /// versions are unknown.
    pub fn is_compatible(&self) -> Option<bool> {
        let mut versions = self.tenant.as_ref()?.iter();
        Some(versions.any(|version| fits(&self.built, version)))
    }
}

impl fmt::Display for ModuleState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Missing => "missing",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Same => "same",
            Self::Unlisted => "unlisted",
        })
    }
}

impl fmt::Display for InterfaceCompatibility {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.id, self.built)?;
        match self.tenant.as_deref() {
            None => out.write_str(": unknown"),
            Some([]) => out.write_str(": none"),
            Some(versions) => write!(out, ": {}", versions.join(", ")),
        }
    }
}

/// A table with one line per module: name, version of the build, version of the tenant, state, and
/// the incompatible interfaces as `<id> <version of the build>: <version of the tenant>`.
impl fmt::Display for Compatibility {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 5]> = self
            .modules
            .iter()
            .map(|module| {
                let tenant = match &module.tenant[..] {
                    [] => "-".to_owned(),
                    versions => versions.join(", "),
                };
                let unfit: Vec<String> = module
                    .incompatible_interfaces()
                    .map(ToString::to_string)
                    .collect();
                let interfaces = match unfit.is_empty() {
                    false => unfit.join("; "),
                    true if module.interfaces.is_empty() => String::new(),
                    true if module.interfaces.iter().any(|one| one.tenant.is_none()) => {
                        "unknown".to_owned()
                    }
                    true => "compatible".to_owned(),
                };
                [
                    module.name.clone(),
                    module.built.clone(),
                    tenant,
                    module.state.to_string(),
                    interfaces,
                ]
            })
            .collect();
        let fit = self.modules.len() - self.problems().count();
        writeln!(
            out,
            "tenant {} ({:?}) and this build for {}: {fit} of {} modules are compatible",
            self.tenant,
            self.platform,
            self.release,
            self.modules.len()
        )?;
        let head = ["module", "build", "tenant", "state", "interfaces"].map(str::to_owned);
        let mut widths = [0; 5];
        for row in rows.iter().chain([&head]) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in [&head].into_iter().chain(&rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl FolioClient {
    /// Compares the modules and interfaces of this handle's tenant with those of this build: its
    /// release (`trillium`, unless the feature of another one is enabled) and the modules whose
    /// features are enabled.
    ///
    /// Call it when a program starts, or when calls fail: the help of a 404 "No suitable module
    /// found" contains the same comparison for a single interface.
    ///
    /// Sends the requests of [`modules`](Self::modules); on Okapi, also `GET
    /// /_/proxy/tenants/{tenant}/interfaces`. If only that request fails, the versions of the
    /// interfaces are unknown. Nothing is cached.
    ///
    /// ```no_run
    /// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
    /// let compatibility = folio.compatibility().await?;
    /// if !compatibility.is_compatible() {
    ///     eprintln!("{compatibility}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`modules`](Self::modules).
    pub async fn compatibility(&self) -> Result<Compatibility> {
        Ok(Compatibility::of(&self.tenancy().await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_fits_by_folios_rule() {
        for (needed, provided, expected) in [
            ("16.4", "16.4", true),
            ("16.4", "16.10", true),
            ("16.4", "16.3", false),
            ("16.4", "17.0", false),
            ("16.4", "15.9", false),
            ("1.2.3", "1.2.3", true),
            ("1.2.3", "1.2.2", false),
            ("1.2.3", "1.3.0", true),
            ("1.2", "1.2.3", true),
            ("15.0 16.0", "16.2", true),
            ("15.0 16.0", "14.2", false),
            ("1.0", "", false),
            ("x", "x", true),
        ] {
            assert_eq!(fits(needed, provided), expected, "{needed} {provided}");
        }
    }

    #[test]
    fn versions_are_ordered_as_semantic_versions() {
        let ascending = [
            "",
            "1.0.0-SNAPSHOT",
            "1.0.0-SNAPSHOT.9",
            "1.0.0-SNAPSHOT.210",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2",
            "1.10.0",
            "28.0.14",
        ];
        for (index, one) in ascending.iter().enumerate() {
            for (place, other) in ascending.iter().enumerate() {
                assert_eq!(compared(one, other), index.cmp(&place), "{one} {other}");
            }
        }
        assert_eq!(compared("1.0", "1.0.0"), Ordering::Equal);
        assert_eq!(compared("1.0.0+1", "1.0.0+2"), Ordering::Equal);
    }

    #[test]
    fn what_is_built_is_known() {
        assert!(BUILT.is_sorted_by_key(|built| built.module));
        assert!(BUILT.iter().all(|built| !built.version.is_empty()));
    }
}
