//! The initial data of a sandbox: demo, reference and generated data, users, consortium.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::generate::{demo, lending};
use crate::modules::circulation::rules::routes;
use crate::platform::consortium::Consortium;
use crate::platform::error::Error;
use crate::platform::state::State;
use crate::setup::builder::{Builder, DEFAULT};

/// Puts demo data, reference data, generated records and those of users into their tenants; each
/// into a file once only.
pub(super) fn fill(builder: &Builder, state: &mut State) -> Result<(), Error> {
    let options = &builder.options;
    let demo = options
        .demo
        .as_deref()
        .or(builder.demo.then_some(DEFAULT.0));
    let mut fillings: Vec<(String, bool)> = Vec::new();
    fillings.extend(demo.map(|tenant| (tenant.to_owned(), true)));
    if builder.reference || options.generated > 0 {
        let tenants = state.auth.tenants.keys().cloned();
        fillings.extend(tenants.map(|tenant| (tenant, false)));
    }
    for (tenant, demo) in fillings {
        let filled = format!("{} {tenant}", if demo { "demo" } else { "reference" });
        if state.store.setting(&filled)?.is_some() {
            continue;
        }
        let records = match demo {
            true => [demo::demo(), lending::policies()].concat(),
            false => demo::reference(),
        };
        for (path, records) in records {
            state.load(&tenant, path, records)?;
        }
        if demo {
            routes::initial(&state.store, &tenant, &lending::rules())?;
        }
        state.store.set_setting(&filled, "done")?;
    }
    if options.generated > 0 {
        let tenant = match builder.users.first() {
            Some(user) if !builder.demo => user.tenant.as_str(),
            _ => builder
                .tenant
                .as_deref()
                .filter(|_| !builder.demo)
                .unwrap_or(DEFAULT.0),
        };
        state
            .store
            .generate(tenant, builder.seed, options.generated)?;
        state
            .store
            .prepare(tenant, "/instance-storage/instances", &["title"]);
    }
    if builder.user_records || builder.consortium.is_some() {
        user_records(state)?;
    }
    Ok(())
}

/// Records of the users with credentials.
fn user_records(state: &mut State) -> Result<(), Error> {
    let tenants: Vec<(String, Vec<Value>)> = state
        .auth
        .tenants
        .iter()
        .map(|(tenant, users)| {
            let records = users
                .iter()
                .map(|user| user_record(&user.id, &user.username, "staff"))
                .collect();
            (tenant.clone(), records)
        })
        .collect();
    for (tenant, mut records) in tenants {
        // One that is in a file may have been changed.
        let mut new = Vec::new();
        for record in records.drain(..) {
            let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
            if !state.store.has(&tenant, "/users", id)? {
                new.push(record);
            }
        }
        state.load(&tenant, "/users", new)?;
    }
    Ok(())
}

fn user_record(id: &str, username: &str, kind: &str) -> Value {
    json!({"id": id, "username": username, "active": true, "type": kind, "personal": {"lastName": username}})
}

/// Creates the shadow users and affiliations of a consortium: members' users in the central tenant,
/// its users everywhere. A member's own list has one record, without a real user, that refers to
/// the central tenant.
pub(super) fn found(state: &mut State, mut consortium: Consortium) -> Result<(), Error> {
    let tenants: Vec<String> = consortium.tenants().cloned().collect();
    let mut affiliations = Vec::new();
    for home in &tenants {
        let users = state.auth.tenants.entry(home.clone()).or_default();
        let users: Vec<(String, String)> = users
            .iter()
            .map(|user| (user.id.clone(), user.username.clone()))
            .collect();
        for (id, username) in users {
            let others = tenants
                .iter()
                .filter(|tenant| *tenant != home)
                .filter(|tenant| **tenant == consortium.central || *home == consortium.central);
            for there in others {
                // mod-consortia appends five random letters.
                let letters: String =
                    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{there}/{id}").as_bytes())
                        .simple()
                        .to_string()
                        .chars()
                        .take(5)
                        .collect();
                let shadow = format!("{username}_{letters}");
                state.load(there, "/users", vec![user_record(&id, &shadow, "shadow")])?;
                affiliations.push((id.clone(), shadow, there.clone(), false));
                consortium.affiliations.insert((id.clone(), there.clone()));
            }
            affiliations.push((id, username, home.clone(), true));
        }
    }
    let record = |user: &str, username: &str, tenant: &str| {
        json!({
            "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{user} in {tenant}").as_bytes()).to_string(),
            "userId": user, "username": username, "tenantId": tenant, "centralTenantId": consortium.central, "consortiumId": consortium.id,
        })
    };
    let all = affiliations
        .iter()
        .map(|(user, username, tenant, _)| record(user, username, tenant))
        .collect();
    state.load(&consortium.central, "/user-tenants", all)?;
    for member in &consortium.members {
        let nobody = Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("nobody of {member}").as_bytes(),
        );
        let dummy = record(&nobody.to_string(), "dummy_user", member);
        state.load(member, "/user-tenants", vec![dummy])?;
    }
    state.consortium = Some(consortium);
    Ok(())
}
