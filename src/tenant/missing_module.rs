//! Help for a path for which a gateway finds no module: the interface that the call needs, and the
//! tenant's version of it.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::client::FolioClient;
use crate::engine::cache::CacheKey;
use crate::tenant::compatibility::RELEASE;
use crate::tenant::tenancy::{TENANCY_AGE, Tenancy};
use crate::tenant::version::fits;
use crate::wire::described;
use crate::wire::error::Error;
use crate::wire::request::Request;
use crate::wire::retry::RetryPolicy;

/// The timeout of the lookup.
const LONGEST: Duration = Duration::from_secs(10);

/// The requirements of a call: a module, and an interface with its version.
type Need = (&'static str, &'static str);

/// Boxed: it sends requests through the pipeline from which it is called.
type Explaining = Pin<Box<dyn Future<Output = Error> + Send>>;

/// Adds help to the error of a call for which a gateway reported that no module has its path. Other
/// errors are unchanged.
///
/// The tenant's modules are looked up once per minute and tenant, including failed lookups, and
/// only within the deadline of the call. If the lookup fails, for example because the user lacks
/// the permission, the help is limited to the facts known without it.
pub(crate) fn explained(client: FolioClient, request: &Request, error: Error) -> Explaining {
    let needs = needs(request);
    let tenant = request.tenant_or(client.tenant()).to_owned();
    let deadline = request.call_deadline().or(client.session().deadline);
    let left = deadline.map_or(LONGEST, |deadline| {
        deadline.saturating_sub(error.elapsed()).min(LONGEST)
    });
    Box::pin(async move {
        if needs.is_empty() {
            return error.with_help(format!(
                "the gateway has no route for this path, and FOLIO's {RELEASE} release does not have it either: check path, method and tenant"
            ));
        }
        let handle = client.for_tenant(&tenant);
        let tenancy = match left.is_zero() {
            true => None,
            false => tokio::time::timeout(left, look(&handle, &tenant))
                .await
                .unwrap_or_default(),
        };
        let help = help(&needs, &tenant, tenancy.as_deref().and_then(Option::as_ref));
        error.with_help(help)
    })
}

async fn look(client: &FolioClient, tenant: &str) -> Option<Arc<Option<Tenancy>>> {
    let load = async {
        let once = RetryPolicy::none();
        let found = client
            .tenancy_by(|request| request.retry(once.clone()))
            .await;
        let count = found.as_ref().map_or(1, |found| found.modules.len());
        // A failure is cached, too: many calls may fail at once.
        Ok((found.ok(), count))
    };
    let key = CacheKey::new::<Option<Tenancy>>(tenant, "tenancy");
    client
        .session()
        .cache
        .get(key, TENANCY_AGE, load)
        .await
        .ok()
}

fn needs(request: &Request) -> Vec<Need> {
    let operation = request.operation();
    if !operation.interface.is_empty() {
        return vec![(operation.module, operation.interface)];
    }
    described::interfaces(request.own_path())
        .into_iter()
        .map(|row| (row.module, row.interface))
        .collect()
}

fn help(needs: &[Need], tenant: &str, tenancy: Option<&Tenancy>) -> String {
    let mut text = String::from("it needs ");
    for (index, (module, interface)) in needs.iter().enumerate() {
        let or = if index == 0 { "" } else { " or " };
        let _ = write!(text, "{or}the interface `{interface}`");
        if !module.is_empty() {
            let _ = write!(text, " of {module}");
        }
    }
    let Some(tenancy) = tenancy else {
        text.push_str("; `compatibility()` compares the tenant's modules with this build");
        return text;
    };
    for (module, interface) in needs {
        let (id, version) = interface.split_once(' ').unwrap_or((interface, ""));
        let modules: Vec<String> = tenancy
            .modules
            .iter()
            .filter(|known| known.name() == *module)
            .map(|known| known.id())
            .collect();
        let has = match &modules[..] {
            [] => format!("tenant `{tenant}` does not have {module}"),
            ids => format!("tenant `{tenant}` has {}", ids.join(" and ")),
        };
        let _ = match tenancy.versions_of(id).as_deref() {
            None => write!(text, "; {has}"),
            Some([]) => write!(
                text,
                "; {has}, and the interface `{id}` is missing: enable a module that provides it"
            ),
            Some(versions) if versions.iter().any(|known| fits(version, known)) => write!(
                text,
                "; {has}, and `{id}` {}, which is compatible: the module does not have this path: check method and path (letter case, trailing slash)",
                versions.join(", ")
            ),
            Some(versions) => write!(
                text,
                "; {has}, and `{id}` {}, which is not compatible: build for the tenant's release, or call the tenant's version by path",
                versions.join(", ")
            ),
        };
    }
    text
}
