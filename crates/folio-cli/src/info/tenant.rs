//! The tenant of the login: its modules and interfaces, and the release that it has.

use std::time::Duration;

use folio_sdk::{ErrorKind, FolioClient, Platform, Tenancy};

use crate::context::Context;
use crate::data::{Operation, Release};
use crate::info::answer::Answer;
use crate::tenant_release::closest;

/// How long the modules are waited for: the command has results without them.
const LONGEST: Duration = Duration::from_secs(20);

/// A tenant, as far as it could be read.
#[derive(Debug)]
pub(crate) struct Tenant<'a> {
    pub(crate) folio: FolioClient,
    pub(crate) platform: Option<Platform>,
    /// The release that its modules are most like.
    pub(crate) release: Option<&'a Release>,
    tenancy: Option<Tenancy>,
}

/// The tenant of the selected profile or of the environment; none, with a note, if there is none or
/// it cannot be reached.
pub(crate) async fn of_login<'a>(
    context: &mut Context,
    releases: &'a [Release],
) -> Option<Tenant<'a>> {
    let folio = match context.folio().await {
        Ok(folio) => folio,
        Err(error) => {
            context
                .console
                .note(format_args!("without a tenant: {}", error.message()));
            return None;
        }
    };
    let tenancy = match tokio::time::timeout(LONGEST, folio.tenancy()).await {
        Ok(Ok(tenancy)) => tenancy,
        Err(_) => {
            context.console.warning(format_args!(
                "the tenant's modules are unknown: {} did not respond in {} s; --offline asks nothing",
                folio.url(),
                LONGEST.as_secs()
            ));
            return None;
        }
        Ok(Err(error)) => {
            context
                .console
                .warning(format_args!("the tenant's modules are unknown: {error}"));
            // Without a connection or login nothing else can be asked.
            let is_reached = error.status().is_some() && error.kind() != ErrorKind::Credentials;
            return is_reached.then(|| Tenant::of(folio, None, None));
        }
    };
    let release = closest(releases, tenancy.modules()).map(|likeness| likeness.release);
    Some(Tenant::of(folio, Some(tenancy), release))
}

impl<'a> Tenant<'a> {
    /// A tenant whose modules were read, or could not be read.
    pub(crate) fn of(
        folio: FolioClient,
        tenancy: Option<Tenancy>,
        release: Option<&'a Release>,
    ) -> Self {
        Self {
            platform: tenancy.as_ref().map(|tenancy| tenancy.modules().platform()),
            folio,
            release,
            tenancy,
        }
    }

    /// Whether the tenant has the interface of an operation in a version that fits that of the
    /// release; if its interfaces are unknown, whether it has the module in the same version or a
    /// newer one.
    pub(crate) fn has(&self, operation: &Operation, release: &Release) -> Answer {
        let Some(tenancy) = &self.tenancy else {
            return Answer::Unknown(String::new());
        };
        let Some(interface) = &operation.interface else {
            return Answer::Unknown("no gateway routes it".to_owned());
        };
        let id = interface.split(' ').next().unwrap_or_default();
        if let (Some(provides), Some(versions)) =
            (tenancy.provides(interface), tenancy.versions_of(id))
        {
            return match (provides, versions.is_empty()) {
                (true, _) => Answer::Yes,
                (false, true) => Answer::No(format!("the interface {id} is missing")),
                (false, false) => Answer::No(format!(
                    "{id} {} in place of {interface}",
                    versions.join(", ")
                )),
            };
        }
        let needed = release.modules.get(&operation.module);
        match (tenancy.modules().find(&operation.module), needed) {
            // Another module may provide the interface.
            (None, _) => Answer::Unknown(format!("{} is missing", operation.module)),
            (Some(module), Some(needed)) if module.compare_version(&needed.version).is_lt() => {
                Answer::Unknown(format!("{} is older than {}", module.id(), needed.version))
            }
            (Some(_), _) => Answer::Yes,
        }
    }
}
