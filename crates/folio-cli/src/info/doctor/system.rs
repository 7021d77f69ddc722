//! The tenant: platform, modules, release, interfaces, and the permissions of the user.

use folio_sdk::{FolioClient, Platform, Tenancy};

use super::check::{Check, Report};
use crate::data::{Operation, Release};
use crate::info::answer::Answer;
use crate::info::path_template::matches;
use crate::info::permissions::{self, Permissions};
use crate::info::tenant::Tenant;
use crate::tenant_release::closest;

/// How many names a check shows.
const SHOWN: usize = 5;

pub(super) async fn examine(
    folio: &FolioClient,
    wanted: &[String],
    report: &mut Report,
    releases: &[Release],
    operations: &[Operation],
) {
    let tenancy = match folio.tenancy().await {
        Ok(tenancy) => Some(tenancy),
        Err(error) => {
            let is_forbidden = error.is_forbidden();
            let seen = format!("the modules of the tenant cannot be read: {error}");
            report.add(match is_forbidden {
                true => Check::warning("platform", seen).advice(
                    "the permission okapi.proxy.tenants.modules.list (Okapi) or mgr-tenant-entitlements.applications.collection.get (Eureka) is needed",
                ),
                false => Check::failed("platform", seen).advice("check URL and tenant: neither Okapi nor Eureka responds there"),
            });
            report.skip(&["release", "interfaces"], "the modules are unknown");
            None
        }
    };
    let mut release = None;
    if let Some(tenancy) = &tenancy {
        let platform = match tenancy.modules().platform() {
            Platform::Okapi => "Okapi",
            Platform::Eureka => "Eureka",
            _ => "another platform",
        };
        let count = tenancy.modules().len();
        report.add(match count {
            0 => Check::failed("platform", format!("{platform}; the tenant has no modules"))
                .advice("enable modules for the tenant"),
            _ => Check::ok(
                "platform",
                format!("{platform}; the tenant has {count} modules"),
            ),
        });
        release = of_release(tenancy, releases, report);
        interfaces(tenancy, release, report);
    }
    let platform = tenancy.as_ref().map(|tenancy| tenancy.modules().platform());
    let permissions = permissions::of_user(folio, platform).await;
    let newest = releases.last();
    let Some(release) = release.or(newest) else {
        return;
    };
    let tenant = Tenant::of(folio.clone(), tenancy, Some(release));
    user(&tenant, wanted, &permissions, report, release, operations);
}

/// Which release the modules are of, and which of them differ.
fn of_release<'a>(
    tenancy: &Tenancy,
    releases: &'a [Release],
    report: &mut Report,
) -> Option<&'a Release> {
    let known: Vec<&str> = releases.iter().map(|release| &*release.name).collect();
    let advice = format!(
        "this program knows {}: records of another release may have other fields; update the program, or compare with `folio diff-release`",
        known.join(", ")
    );
    let likeness = closest(releases, tenancy.modules()).filter(|likeness| likeness.same > 0);
    let Some(likeness) = likeness else {
        report.add(
            Check::failed("release", "no module has a version of a known release").advice(advice),
        );
        return None;
    };
    let release = likeness.release;
    let mut older = Vec::new();
    let mut newer = Vec::new();
    for module in tenancy.modules().iter() {
        let Some(facts) = release.modules.get(module.name()) else {
            continue;
        };
        match module.compare_version(&facts.version) {
            std::cmp::Ordering::Less => older.push(module.id()),
            std::cmp::Ordering::Greater => newer.push(module.id()),
            std::cmp::Ordering::Equal => {}
        }
    }
    let mut seen = format!(
        "{}: {} of {} known modules are of this release",
        release.name, likeness.same, likeness.known
    );
    for (word, ids) in [("older", &older), ("newer", &newer)] {
        if !ids.is_empty() {
            seen.push_str(&format!("; {word}: {}", some(ids)));
        }
    }
    report.add(match likeness.is_certain() {
        true => Check::ok("release", seen),
        false => Check::warning("release", seen).advice(advice),
    });
    Some(release)
}

/// Whether the interfaces of the tenant's modules are those of the release.
fn interfaces(tenancy: &Tenancy, release: Option<&Release>, report: &mut Report) {
    let Some(release) = release else {
        report.add(Check::skipped("interfaces", "the release is unknown"));
        return;
    };
    let mut count = 0;
    let mut other = Vec::new();
    for module in tenancy.modules().iter() {
        let Some(facts) = release.modules.get(module.name()) else {
            continue;
        };
        for (id, version) in &facts.interfaces {
            let needed = format!("{id} {version}");
            let Some(provides) = tenancy.provides(&needed) else {
                report.add(Check::skipped(
                    "interfaces",
                    "the tenant's interfaces cannot be read",
                ));
                return;
            };
            count += 1;
            if !provides {
                let versions = tenancy.versions_of(id).unwrap_or_default();
                let versions = if versions.is_empty() {
                    "none".to_owned()
                } else {
                    versions.join(", ")
                };
                other.push(format!("{id} {versions} in place of {version}"));
            }
        }
    }
    report.add(match other.is_empty() {
        true => Check::ok("interfaces", format!("all {count} interfaces of the tenant's modules fit {}", release.name)),
        false => Check::warning("interfaces", format!("{} of {count} interfaces do not fit {}: {}", other.len(), release.name, some(&other)))
            .advice("operations of these interfaces may be missing or different: `folio routes` shows which"),
    });
}

/// The permissions of the user, and those that the wanted operations need.
fn user(
    tenant: &Tenant<'_>,
    wanted: &[String],
    permissions: &Permissions,
    report: &mut Report,
    release: &Release,
    operations: &[Operation],
) {
    match permissions {
        Permissions::Known(names) => {
            let seen = format!("the user has {} permissions", names.len());
            report.add(match names.is_empty() {
                true => Check::warning("permissions", seen)
                    .advice("assign permissions or roles to the user"),
                false => Check::ok("permissions", seen),
            });
        }
        Permissions::Unknown(reason) => {
            let seen = format!("the permissions of the user cannot be read: {reason}");
            report.add(Check::warning("permissions", seen).advice(
                "on Okapi this needs perms.users.get, or mod-users-bl and a record of permissions",
            ));
        }
    }
    for text in wanted {
        let found: Vec<&Operation> = operations
            .iter()
            .filter(|operation| {
                operation.releases.contains(&release.name) && is_named(operation, text)
            })
            .collect();
        if found.is_empty() {
            let seen = format!("{text}: {} has no such operation", release.name);
            report.add(
                Check::failed("operation", seen).advice("`folio routes WORD` finds operations"),
            );
        }
        for operation in found {
            report.add(of_operation(tenant, operation, permissions, release));
        }
    }
}

fn of_operation(
    tenant: &Tenant<'_>,
    operation: &Operation,
    permissions: &Permissions,
    release: &Release,
) -> Check {
    let subject = format!("{} {}", operation.method, operation.path);
    if let Answer::No(reason) = tenant.has(operation, release) {
        let advice = format!(
            "enable {} for the tenant, in the version of {}",
            operation.module, release.name
        );
        return Check::failed("operation", format!("{subject}: {reason}")).advice(advice);
    }
    let needed = operation.permissions.as_deref();
    match needed.and_then(|needed| permissions.missing(needed)) {
        Some(_) if needed.is_some_and(<[String]>::is_empty) => {
            Check::ok("operation", format!("{subject}: needs no permission"))
        }
        None => Check::skipped("operation", format!("{subject}: unknown")),
        Some(missing) if missing.is_empty() => Check::ok(
            "operation",
            format!(
                "{subject}: the user has {}",
                needed.unwrap_or_default().join(", ")
            ),
        ),
        Some(missing) => Check::failed(
            "operation",
            format!("{subject}: the user lacks {}", missing.join(", ")),
        )
        .advice("assign the permission, or a role that has it, to the user"),
    }
}

/// `GET /users`, `/users/0a1b…`. The name of an operation may be that of several modules.
fn is_named(operation: &Operation, text: &str) -> bool {
    let (method, path) = match text.trim().split_once(' ') {
        Some((method, path)) => (Some(method), path.trim()),
        None => (None, text.trim()),
    };
    method.is_none_or(|method| operation.method.eq_ignore_ascii_case(method))
        && (operation.path == path || matches(&operation.path, path))
}

fn some(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
