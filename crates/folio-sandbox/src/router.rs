//! What a FOLIO answers: Okapi's checks, then the module's answer.

use http::StatusCode;
use serde_json::Value;

use crate::auth::Caller;
use crate::circulation;
use crate::cql::fold::text_at;
use crate::documents::{Served, routes};
use crate::faults::Effect;
use crate::handlers::{
    Done, acquisitions, batch, credentials, deletion, lists, login, okapi, permissions, plain,
    singles, spring, views, write,
};
use crate::http::{Answer, Asked, broken_percent};
use crate::inventory;
use crate::platform;
use crate::rmb;
use crate::state::State;
use crate::users_bl;

pub(crate) fn answer(state: &mut State, asked: &Asked, effect: Option<&Effect>) -> Answer {
    if asked.body.len() > state.max_body {
        // A gateway rejects it before anybody looks at it.
        return Answer::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/html",
            "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n",
        );
    }
    let path = asked
        .path
        .strip_prefix(&state.base)
        .unwrap_or(&asked.path)
        .to_owned();
    if broken_percent(&path).is_some() {
        return Answer {
            body: b"Bad Request".to_vec(),
            ..Answer::empty(StatusCode::BAD_REQUEST)
        };
    }
    if asked.method == "OPTIONS"
        && let Some(answer) = okapi::preflight(asked)
    {
        return answer;
    }
    match served(state, asked, &path, effect) {
        Ok(answer) => answer,
        Err(error) => rmb::storage(&error),
    }
}

/// The token of a request; an error where its carriers do not agree.
fn token(asked: &Asked) -> Result<Option<String>, Answer> {
    let differ = || {
        Answer::bad_request(
            "Different tokens in Authentication and X-Okapi-Token. Use only one of them",
        )
    };
    let cookies = asked.cookies("folioAccessToken");
    if cookies.len() > 1 {
        return Err(differ());
    }
    let bearer = asked.header("authorization").map(|value| {
        value
            .strip_prefix("Bearer ")
            .map_or_else(|| value.to_owned(), str::to_owned)
    });
    let header = asked
        .header("x-okapi-token")
        .filter(|token| !token.is_empty())
        .map(str::to_owned);
    let mut tokens: Vec<String> = cookies.into_iter().chain(header).chain(bearer).collect();
    tokens.dedup();
    if tokens.len() == 1 && tokens.first().is_some_and(String::is_empty) {
        // An empty cookie alone is no token.
        tokens.clear();
    }
    match tokens.len() {
        0 | 1 => Ok(tokens.pop().filter(|token| !token.is_empty())),
        _ => Err(differ()),
    }
}

/// Paths of interfaces that several modules provide.
const SEVERAL: [&str; 2] = ["/custom-fields", "/_/jsonSchemas"];

/// Paths that need no token.
fn is_open(method: &str, path: &str) -> bool {
    method == "POST"
        && matches!(
            path,
            "/authn/login"
                | "/authn/login-with-expiry"
                | "/authn/refresh"
                | "/authn/logout"
                | "/authn/logout-all"
                | "/authn/update"
                | "/authn/token"
                | "/bl-users/login"
                | "/bl-users/login-with-expiry"
        )
}

fn served(state: &mut State, asked: &Asked, path: &str, effect: Option<&Effect>) -> Done {
    let token = match token(asked) {
        Ok(token) => token,
        Err(answer) => return Ok(answer),
    };
    let invalid = || Answer::text(StatusCode::UNAUTHORIZED, "Invalid token");
    if state.eureka && path.starts_with("/_/") {
        return Ok(okapi::no_route());
    }
    let owns = path.starts_with("/_/") && !path.starts_with("/_/invoke");
    let newer = state.release == crate::kinds::Release::Ramsons;
    if owns
        && path == "/_/version"
        && newer
        && token.is_none()
        && asked.headers.contains_key("x-okapi-tenant")
    {
        // Okapi 6 asks mod-authtoken where a tenant is named.
        return Ok(Answer::bad_request(
            "Token missing, access requires permission: okapi.version.get",
        ));
    }
    if owns && !state.eureka {
        if let Some(token) = &token
            && state.auth.caller(token).is_none()
        {
            return Ok(invalid());
        }
        if let Some(answer) = okapi::own(state, asked, path) {
            return Ok(answer);
        }
    }
    let tenant = asked
        .headers
        .get_all("x-okapi-tenant")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let tenant = match tenant {
        Some(tenant) => {
            if !state.auth.tenants.contains_key(&tenant) {
                return Ok(Answer::bad_request(format!("No such Tenant {tenant}")));
            }
            tenant
        }
        None => match token
            .as_deref()
            .and_then(|token| state.auth.tenant_of(token))
        {
            Some(tenant) => tenant.to_owned(),
            None => return Ok(okapi::no_module()),
        },
    };
    let known = is_known(state, path);
    let route = routes()
        .find(&asked.method, path)
        .filter(|route| known && !state.without.contains(route.module));
    // Several modules have such an interface: Okapi wants to be told which, and of others it does not want to be.
    let several = SEVERAL.iter().any(|start| path.starts_with(start));
    let told = asked.headers.contains_key("x-okapi-module-id");
    if several != told && !state.eureka {
        return Ok(okapi::no_module());
    }
    if route.is_none() && !is_open(&asked.method, path) {
        // Okapi looks for the path before it looks at the token.
        return Ok(if state.eureka {
            okapi::no_route()
        } else {
            okapi::no_module()
        });
    }
    let caller = match &token {
        None => None,
        Some(token) => match state.auth.caller(token) {
            Some(caller) => Some(caller),
            None if state.auth.is_refresh(token) => {
                return Ok(Answer::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "Unexpected exception during token validation",
                ));
            }
            None => return Ok(invalid()),
        },
    };
    let caller = match caller {
        None => None,
        Some(caller) => match allowed(state, asked, route.as_ref(), caller, &tenant)? {
            Ok(caller) => {
                if let Some(token) = &token {
                    state.auth.remember(token, &asked.method, path);
                }
                Some(caller)
            }
            Err(_)
                if token.as_deref().is_some_and(|token| {
                    tenant == state.auth.tenant_of(token).unwrap_or_default()
                        && state.auth.remembers(token, &asked.method, path)
                }) =>
            {
                // Within three minutes Okapi does not ask again.
                token.as_deref().and_then(|token| state.auth.caller(token))
            }
            Err(answer) => return Ok(answer),
        },
    };
    match (asked.method.as_str(), path) {
        ("POST", "/authn/login-with-expiry") => return login::login(state, asked, false),
        ("POST", "/authn/login") => return login::login(state, asked, true),
        ("POST", "/bl-users/login-with-expiry") => {
            return login::login_of_users_bl(state, asked, false);
        }
        ("POST", "/bl-users/login") => return login::login_of_users_bl(state, asked, true),
        ("POST", "/authn/refresh") => return Ok(login::refresh(state, asked)),
        ("POST", "/authn/logout") => {
            return Ok(login::logout(state, asked, caller.as_ref(), false));
        }
        ("POST", "/authn/logout-all") => {
            return Ok(login::logout(state, asked, caller.as_ref(), true));
        }
        _ => {}
    }
    if let Some(done) = credentials::credentials(state, asked, &tenant, path) {
        return done;
    }
    let Some(route) = route else {
        return Ok(okapi::no_module());
    };
    let Some(caller) = caller else {
        return Ok(Answer::bad_request(format!(
            "Token missing, access requires permission: {}",
            route.permissions.join(",")
        )));
    };
    module(state, asked, &caller, &route, path, effect)
}

/// Whether the release has a path.
fn is_known(state: &State, path: &str) -> bool {
    let later = ["/retrieve"];
    state.release == crate::kinds::Release::Ramsons || !later.iter().any(|end| path.ends_with(end))
}

/// Who asks, and whether they may: Okapi's and mod-authtoken's answer where not.
fn allowed(
    state: &State,
    asked: &Asked,
    route: Option<&Served>,
    caller: Caller,
    tenant: &str,
) -> rusqlite::Result<Result<Caller, Answer>> {
    let forbidden = || Answer::text(StatusCode::FORBIDDEN, "Invalid token");
    let allows = |consortium: &platform::Consortium| consortium.allows(&caller.user, tenant);
    if tenant != caller.home
        && !state.cross_tenant
        && !state.consortium.as_ref().is_some_and(allows)
    {
        return Ok(Err(forbidden()));
    }
    if let Some(user) = asked.header("x-okapi-user-id")
        && user != caller.user
        && crate::cql::uuid::is_uuid(user)
    {
        return Ok(Err(forbidden()));
    }
    // The user may have been deleted or made inactive. Those without a record are not asked for.
    let account = state
        .auth
        .tenants
        .get(&caller.home)
        .and_then(|accounts| accounts.iter().find(|account| account.id == caller.user));
    let record = state.store.get(&caller.home, "/users", &caller.user)?;
    let by_record = account.is_none_or(|account| account.by_record);
    match &record {
        None if by_record => {
            return Ok(Err(Answer::text(
                StatusCode::UNAUTHORIZED,
                format!("Invalid token: User with id {} does not exist", caller.user),
            )));
        }
        Some(user) if user.get("active") == Some(&Value::Bool(false)) => {
            return Ok(Err(Answer::text(
                StatusCode::UNAUTHORIZED,
                format!("Invalid token: user with id {} is not active", caller.user),
            )));
        }
        _ => {}
    }
    let required = route.map_or(&[][..], |route| route.permissions);
    let own = match account.filter(|account| !account.by_record) {
        Some(account) => account.permissions.clone(),
        None => {
            let records = state.store.all(&caller.home, "/perms/users")?;
            let own = records
                .iter()
                .find(|record| text_at(record, "userId").as_ref() == Some(&caller.user));
            let Some(own) = own else {
                return Ok(Err(Answer::bad_request(format!(
                    "Unable to retrieve permissions for user with id '{0}': User does not exist: {0}",
                    caller.user
                ))));
            };
            let list = own.get("permissions").and_then(Value::as_array);
            Some(
                list.into_iter()
                    .flatten()
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .collect(),
            )
        }
    };
    if let Some(own) = own
        && let Some(missing) = required.iter().find(|wanted| !own.contains(**wanted))
    {
        return Ok(Err(Answer::text(
            StatusCode::FORBIDDEN,
            format!(
                "Access for user '{}' ({}) requires permission: {missing}",
                caller.username, caller.user
            ),
        )));
    }
    Ok(Ok(Caller {
        tenant: tenant.to_owned(),
        ..caller
    }))
}

fn not_implemented(asked: &Asked, module: &str) -> Answer {
    let text = format!(
        "The sandbox knows {} {} of {module} and does not emulate it.",
        asked.method, asked.path
    );
    Answer::text(StatusCode::NOT_IMPLEMENTED, text)
}

/// The answer of the module that serves a path.
fn module(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    served: &Served,
    path: &str,
    effect: Option<&Effect>,
) -> Done {
    if let Some((at, digits)) = broken_percent(&asked.raw_query)
        && served.raml
    {
        let whole = format!("{}?{}", asked.path, asked.raw_query);
        return Ok(Answer::bad_request(format!(
            "invalid hex byte '{digits}' at index {} of '{whole}'",
            asked.path.len() + 1 + at + 1
        )));
    }
    let is_json = matches!(asked.method.as_str(), "GET" | "POST");
    // mod-circulation ignores the header.
    if served.raml
        && served.module != "mod-circulation"
        && let Some(answer) = rmb::not_acceptable(asked, is_json)
    {
        return Ok(answer);
    }
    if served.module == "mod-settings"
        && asked.header("accept").is_some_and(|accept| {
            !accept.is_empty()
                && !["*/*", "application/*", "json"]
                    .iter()
                    .any(|kind| accept.contains(kind))
        })
    {
        return Ok(Answer::new(
            StatusCode::NOT_FOUND,
            "text/html; charset=utf-8",
            "<html><body><h1>Resource not found</h1></body></html>",
        ));
    }
    if let Some(done) = plain::answer(state, asked, caller, path) {
        return done;
    }
    let kind = state.kind(served.path);
    if let Some(bare) = &kind.bare
        && !lists::has_own_parameter(asked, served.module, served.path)
    {
        let least = crate::kinds::ListFacts {
            negative_limit: kind.negative_limit,
            ..Default::default()
        };
        // Of mod-circulation's routes, none checks a number that it does not read.
        if served.module != "mod-circulation"
            && let Err(answer) = lists::number(asked, "limit", 0, &least)
        {
            return Ok(answer);
        }
        return Ok(bare.answer(Default::default(), ""));
    }
    if asked.method == "POST" && path == "/_/proxy/tenants" {
        return Ok(okapi::create_tenant(state, asked));
    }
    if let Some(done) = permissions::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = singles::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = circulation::answer(state, asked, caller, path, effect) {
        return done;
    }
    if let Some(done) = inventory::answer(state, asked, caller, path, effect) {
        return done;
    }
    if let Some(done) = users_bl::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = views::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(answer) = platform::answer(state, asked, caller, path) {
        return Ok(answer);
    }
    if let Some(done) = acquisitions::answer(state, asked, caller, path) {
        return done;
    }
    if let Some(done) = spring::other_paths(state, asked, caller, path) {
        return done;
    }
    let is_batch = served.path.ends_with("/batch/synchronous")
        || served.path.ends_with("/batch/synchronous-unsafe");
    let (above, id) = match served.arguments.as_slice() {
        [] => (Some(served.path), None),
        [id] => (
            served.path.rsplit_once('/').map(|(above, _)| above),
            Some(id.as_str()),
        ),
        _ => (None, None),
    };
    if let Some(collection) = above.and_then(|above| routes().collection(above))
        && let Some(done) = spring::answer(state, asked, caller, collection, id)
    {
        return done;
    }
    let done = match served.arguments.as_slice() {
        [] if is_batch => Some(batch::synchronous(state, asked, caller, served.path)),
        [] if asked.method == "POST" && served.path.ends_with("/retrieve") => {
            lists::retrieve(state, asked, caller, served.path)
        }
        [] => routes()
            .collection(served.path)
            .map(|collection| match asked.method.as_str() {
                "GET" => lists::list(state, asked, caller, collection, effect),
                "POST" => write::create(state, asked, caller, collection),
                "DELETE" => deletion::many(state, asked, caller, collection),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        [id] => served
            .path
            .rsplit_once('/')
            .and_then(|(above, _)| routes().collection(above))
            .map(|collection| match asked.method.as_str() {
                "GET" => lists::read(state, caller, collection, id),
                "PUT" => write::update(state, asked, caller, collection, id),
                "DELETE" => deletion::one(state, caller, collection, id),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        _ => None,
    };
    done.unwrap_or_else(|| Ok(not_implemented(asked, served.module)))
}
