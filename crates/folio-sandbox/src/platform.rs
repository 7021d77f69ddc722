//! What stands above the modules: which of them a tenant has, what runs them, the consortium it belongs to, and what the circulation rules
//! decide.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Caller;
pub(crate) use crate::consortium::{Consortium, Rule};
use crate::documents::modules;
use crate::handlers::lists::not_found;
use crate::handlers::okapi::no_module;
use crate::http::{Answer, Asked, decoded};
use crate::rmb::{self, json_answer};
use crate::state::{Error, State};
use crate::store::Store;

/// How many tenants mod-consortia gives if it is not told.
const CONSORTIA_PAGE: usize = 100;

/// Records of those who can log in.
pub(crate) fn user_records(state: &mut State) -> Result<(), Error> {
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

/// Gives the users of a consortium their shadows and affiliations: members' users in the central tenant, its users everywhere. A member's
/// own list has one record, of nobody, that leads to the central tenant.
pub(crate) fn found(state: &mut State, mut consortium: Consortium) -> Result<(), Error> {
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

/// The answer of what this file has; none of what it has not.
pub(crate) fn answer(state: &State, asked: &Asked, caller: &Caller, path: &str) -> Option<Answer> {
    if asked.method != "GET" {
        return None;
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    Some(match segments.as_slice() {
        ["entitlements", _, "applications"] => applications(state, asked),
        ["consortia"] => consortia(state, caller),
        ["consortia", id, "tenants"] => consortium_tenants(state, asked, caller, id),
        ["bl-users", "_self"] => composite(&state.store, caller, |user| {
            user.get("id").and_then(Value::as_str) == Some(&caller.user)
        }),
        ["bl-users", "by-username", username] => {
            let username = decoded(username);
            composite(&state.store, caller, |user| {
                user.get("username").and_then(Value::as_str) == Some(&username)
            })
        }
        ["circulation", "rules", policy] => {
            rule(state, asked, caller, policy.strip_suffix("-policy")?)
        }
        _ => return None,
    })
}

/// The modules as applications: each letter of the alphabet is one, so that there are several.
fn applications(state: &State, asked: &Asked) -> Answer {
    if !state.eureka {
        return no_module();
    }
    let mut applications: Vec<(String, Vec<Value>)> = Vec::new();
    for (name, version) in modules() {
        let letter = name.split('-').nth(1).and_then(|word| word.chars().next());
        let application = format!("app-{}", letter.unwrap_or('x'));
        let module = json!({"id": format!("{name}-{version}"), "name": name, "version": version});
        match applications
            .iter_mut()
            .find(|(known, _)| *known == application)
        {
            Some((_, list)) => list.push(module),
            None => applications.push((application, vec![module])),
        }
    }
    let list = applications
        .into_iter()
        .map(|(name, modules)| {
            json!({"id": format!("{name}-1.0.0"), "name": name, "version": "1.0.0", "modules": modules, "uiModules": []})
        })
        .collect();
    page(asked, "applicationDescriptors", list, 10)
}

/// A page as Spring modules give it; they refuse a limit of nothing.
fn page(asked: &Asked, key: &str, list: Vec<Value>, default: usize) -> Answer {
    let number = |name: &str, default| match asked.parameter(name) {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok(),
    };
    let (Some(offset), Some(limit @ 1..)) = (number("offset", 0), number("limit", default)) else {
        return rmb::errors(
            StatusCode::BAD_REQUEST,
            &[rmb::error(
                "Limit cannot be negative or zero",
                "VALIDATION_ERROR",
                "-1",
                &[],
            )],
        );
    };
    let total = list.len();
    let page: Vec<Value> = list.into_iter().skip(offset).take(limit).collect();
    json_answer(StatusCode::OK, &json!({key: page, "totalRecords": total}))
}

/// Only the central tenant has stored the consortium.
fn consortia(state: &State, caller: &Caller) -> Answer {
    let Some(consortium) = &state.consortium else {
        return no_module();
    };
    let list = if caller.tenant == consortium.central {
        vec![json!({"id": consortium.id, "name": "Sandbox consortium"})]
    } else {
        Vec::new()
    };
    json_answer(
        StatusCode::OK,
        &json!({"consortia": list, "totalRecords": list.len()}),
    )
}

fn consortium_tenants(state: &State, asked: &Asked, caller: &Caller, id: &str) -> Answer {
    let consortium = match &state.consortium {
        Some(consortium) if caller.tenant == consortium.central && consortium.id == id => {
            consortium
        }
        _ => {
            return rmb::errors(
                StatusCode::NOT_FOUND,
                &[rmb::error(
                    &format!("Object with consortiumId [{id}] was not found"),
                    "NOT_FOUND_ERROR",
                    "-1",
                    &[],
                )],
            );
        }
    };
    let list = consortium
        .tenants()
        .enumerate()
        .map(|(number, tenant)| {
            json!({
                "id": tenant, "code": format!("T{number}"), "name": format!("Tenant {tenant}"),
                "isCentral": *tenant == consortium.central, "isDeleted": false,
            })
        })
        .collect();
    page(asked, "tenants", list, CONSORTIA_PAGE)
}

fn composite(store: &Store, caller: &Caller, wanted: impl Fn(&Value) -> bool) -> Answer {
    match store.all(&caller.tenant, "/users") {
        Ok(users) => users
            .into_iter()
            .find(wanted)
            .map_or_else(not_found, |user| {
                rmb::json_ordered(
                    StatusCode::OK,
                    &json!({"user": user, "permissions": {"permissions": []}, "proxiesFor": []}),
                    &["user", "permissions", "proxiesFor"].map(str::to_owned),
                )
            }),
        Err(error) => Answer::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// The first rule whose conditions the question fulfils.
fn rule(state: &State, asked: &Asked, caller: &Caller, policy: &str) -> Answer {
    for name in [
        "item_type_id",
        "loan_type_id",
        "patron_type_id",
        "location_id",
    ] {
        match asked.parameter(name) {
            None => {
                return Answer::text(
                    StatusCode::BAD_REQUEST,
                    format!("Missing required parameter: {name}"),
                );
            }
            Some(text) if Uuid::try_parse(text).is_err() => {
                return Answer::text(
                    StatusCode::BAD_REQUEST,
                    format!("{name} is not a UUID: {text}"),
                );
            }
            Some(_) => {}
        }
    }
    let fits = |rule: &&Rule| {
        rule.tenant == caller.tenant
            && rule.policy == policy
            && rule
                .conditions
                .iter()
                .all(|(name, value)| asked.parameter(name) == Some(value))
    };
    let Some(rule) = state.rules.iter().find(fits) else {
        return Answer::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Circulation rules must have a fallback policy",
        );
    };
    let has = |name: &str| {
        rule.conditions
            .iter()
            .any(|(condition, _)| condition == name)
    };
    let key = rule
        .policy
        .split('-')
        .enumerate()
        .map(|(index, word)| match word.split_at_checked(1) {
            Some((first, rest)) if index > 0 => first.to_uppercase() + rest,
            _ => word.to_owned(),
        })
        .collect::<String>()
        + "PolicyId";
    let conditions = json!({
        "isItemTypePresent": has("item_type_id"), "isLoanTypePresent": has("loan_type_id"), "isPatronGroupPresent": has("patron_type_id"),
    });
    json_answer(
        StatusCode::OK,
        &json!({key: rule.id, "appliedRuleConditions": conditions}),
    )
}
