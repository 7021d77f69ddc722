//! Consortia, and applications of Eureka.

use http::StatusCode;
use serde_json::{Value, json};

use crate::facts::documents::modules;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::wire::message::{HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;
use crate::wire::rmb::{self, json_response};

/// The default page size of mod-consortia.
const CONSORTIA_PAGE: usize = 100;

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    path: &str,
) -> Option<HttpResponse> {
    if request.method != "GET" {
        return None;
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    Some(match segments.as_slice() {
        ["entitlements", _, "applications"] => applications(state, request),
        ["consortia"] => consortia(state, caller),
        ["consortia", id, "tenants"] => consortium_tenants(state, request, caller, id),
        _ => return None,
    })
}

/// The modules as applications: each letter of the alphabet is one, so that there are several.
fn applications(state: &State, request: &HttpRequest) -> HttpResponse {
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
    page(request, "applicationDescriptors", list, 10)
}

/// A page as Spring modules give it; they reject a limit of nothing.
fn page(request: &HttpRequest, key: &str, list: Vec<Value>, default: usize) -> HttpResponse {
    let number = |name: &str, default| match request.parameter(name) {
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
    json_response(StatusCode::OK, &json!({key: page, "totalRecords": total}))
}

/// Only the central tenant has stored the consortium.
fn consortia(state: &State, caller: &Caller) -> HttpResponse {
    let Some(consortium) = &state.consortium else {
        return no_module();
    };
    let list = if caller.tenant == consortium.central {
        vec![json!({"id": consortium.id, "name": "Sandbox consortium"})]
    } else {
        Vec::new()
    };
    json_response(
        StatusCode::OK,
        &json!({"consortia": list, "totalRecords": list.len()}),
    )
}

fn consortium_tenants(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    id: &str,
) -> HttpResponse {
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
    page(request, "tenants", list, CONSORTIA_PAGE)
}
