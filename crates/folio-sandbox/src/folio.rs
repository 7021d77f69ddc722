//! What a FOLIO answers: Okapi's checks, login, and the collections of the modules.

#![allow(
    clippy::result_large_err,
    reason = "an answer is made once a request, and goes out whole either way"
)]

use std::collections::HashSet;

use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::State;
use crate::auth::{Caller, LoginError, Session, now};
use crate::cql::Query;
use crate::documents::{Collection, routes};
use crate::faults::Effect;
use crate::server::{Answer, Asked};
use crate::store::Page;
use crate::validate;

/// The largest `limit` and `offset` that RMB takes.
const MOST: i64 = 2_147_483_647;

pub(crate) fn answer(state: &mut State, asked: &Asked, effect: Option<&Effect>) -> Answer {
    if asked.body.len() > state.max_body {
        // A gateway refuses it before anybody looks at it.
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
    match (asked.method.as_str(), path.as_str()) {
        ("POST", "/authn/login-with-expiry") => return login(state, asked),
        ("POST", "/authn/refresh") => return refresh(state, asked),
        _ => {}
    }
    let caller = match caller(state, asked) {
        Ok(caller) => caller,
        Err(answer) => return answer,
    };
    match (asked.method.as_str(), path.as_str()) {
        ("POST", "/authn/logout") => return logout(state, asked, false),
        ("POST", "/authn/logout-all") => return logout(state, asked, true),
        _ => {}
    }
    let Some(served) = routes().find(&asked.method, &path) else {
        return Answer::text(
            StatusCode::NOT_FOUND,
            format!(
                "No suitable module found for path {path} for tenant {}",
                caller.tenant
            ),
        );
    };
    if let Some(own) = &caller.permissions
        && let Some(missing) = served
            .permissions
            .iter()
            .find(|permission| !own.contains(**permission))
    {
        return Answer::text(
            StatusCode::FORBIDDEN,
            format!("Access for user requires permission: {missing}"),
        );
    }
    let is_batch = served.path.ends_with("/batch/synchronous")
        || served.path.ends_with("/batch/synchronous-unsafe");
    if let Some(answer) = crate::platform::answer(state, asked, &caller, &path) {
        return answer;
    }
    let done = match served.arguments.as_slice() {
        [] if is_batch => Some(batch(state, asked, &caller, served.path)),
        [] if asked.method == "POST" && served.path.ends_with("/retrieve") => {
            retrieve(state, asked, &caller, served.path)
        }
        [] => routes()
            .collection(served.path)
            .map(|collection| match asked.method.as_str() {
                "GET" => list(state, asked, &caller, collection, effect),
                "POST" => create(state, asked, &caller, collection),
                "DELETE" => delete_by_query(state, asked, &caller, collection),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        [id] => served
            .path
            .rsplit_once('/')
            .and_then(|(above, _)| routes().collection(above))
            .map(|collection| match asked.method.as_str() {
                "GET" => read(state, &caller, collection, id),
                "PUT" => update(state, asked, &caller, collection, id),
                "DELETE" => delete(state, &caller, collection, id),
                _ => Ok(not_implemented(asked, served.module)),
            }),
        _ => None,
    };
    match done {
        None => not_implemented(asked, served.module),
        Some(Ok(answer)) => answer,
        Some(Err(error)) => Answer::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("Internal server error: {error}"),
        ),
    }
}

type Done = rusqlite::Result<Answer>;

fn not_implemented(asked: &Asked, module: &str) -> Answer {
    let text = format!(
        "The sandbox knows {} {} of {module} and does not implement it.",
        asked.method, asked.path
    );
    Answer::text(StatusCode::NOT_IMPLEMENTED, text)
}

// ---------------------------------------------------------------- login

pub(crate) fn errors(message: &str, code: &str, kind: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    json!({"errors": [{"message": message, "type": kind, "code": code, "parameters": parameters}], "total_records": 1})
}

fn login(state: &mut State, asked: &Asked) -> Answer {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let (Some(username), Some(password)) = (
        text("username").or_else(|| text("userId")),
        text("password"),
    ) else {
        return Answer::text(
            StatusCode::BAD_REQUEST,
            "You must provide a username or userId, and a password",
        );
    };
    let Some(tenant) = asked.header("x-okapi-tenant") else {
        return Answer::text(StatusCode::BAD_REQUEST, "Missing Tenant");
    };
    let home = match &state.consortium {
        Some(consortium) => consortium.home(&state.auth, tenant, username),
        None => tenant,
    };
    match state.auth.login(home, username, password) {
        Ok(session) => session_answer(&session),
        Err(LoginError::UnknownTenant) => {
            Answer::text(StatusCode::BAD_REQUEST, format!("No such Tenant {tenant}"))
        }
        Err(LoginError::Wrong) => Answer::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &errors(
                "Error verifying user existence or password",
                "wrong.username.or.wrong.password.or.account.blocked",
                "error",
                &[("username", username)],
            ),
        ),
    }
}

fn session_answer(session: &Session) -> Answer {
    let body = json!({"accessTokenExpiration": session.access_expires, "refreshTokenExpiration": session.refresh_expires});
    let mut answer = Answer::json(StatusCode::CREATED, &body);
    let cookies = [
        (
            "folioAccessToken",
            &session.access,
            session.access_seconds,
            "/",
        ),
        (
            "folioRefreshToken",
            &session.refresh,
            session.refresh_seconds,
            "/authn",
        ),
    ];
    for (name, token, seconds, path) in cookies {
        let cookie = format!(
            "{name}={token}; Max-Age={seconds}; Path={path}; Secure; HTTPOnly; SameSite=Lax"
        );
        if let Ok(value) = HeaderValue::try_from(cookie) {
            answer.headers.append(header::SET_COOKIE, value);
        }
    }
    answer
}

fn refresh(state: &mut State, asked: &Asked) -> Answer {
    let refused = || {
        Answer::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &errors(
                "Invalid refresh token",
                "token.refresh.unprocessable",
                "error",
                &[],
            ),
        )
    };
    match &cookies(asked, "folioRefreshToken")[..] {
        [token] => state
            .auth
            .refresh(token)
            .map_or_else(refused, |session| session_answer(&session)),
        _ => Answer::json(
            StatusCode::BAD_REQUEST,
            &errors("Issue parsing token", "token.parse.failure", "error", &[]),
        ),
    }
}

fn logout(state: &mut State, asked: &Asked, all: bool) -> Answer {
    let refresh = cookies(asked, "folioRefreshToken");
    match (&refresh[..], all) {
        ([token], false) => state.auth.logout(token),
        _ => {
            if let Ok(Some(token)) = token(asked) {
                state.auth.logout_all(&token);
            }
        }
    }
    let mut answer = Answer::empty(StatusCode::NO_CONTENT);
    for (name, path) in [("folioAccessToken", "/"), ("folioRefreshToken", "/authn")] {
        if let Ok(value) = HeaderValue::try_from(format!(
            "{name}=; Max-Age=0; Path={path}; Secure; HTTPOnly; SameSite=Lax"
        )) {
            answer.headers.append(header::SET_COOKIE, value);
        }
    }
    answer
}

fn cookies(asked: &Asked, name: &str) -> Vec<String> {
    let all = asked
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    all.filter_map(|pair| pair.trim().split_once('='))
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// The token of a request; an error where its carriers do not agree.
fn token(asked: &Asked) -> Result<Option<String>, Answer> {
    let mut tokens = cookies(asked, "folioAccessToken");
    if tokens.len() > 1 {
        return Err(Answer::text(
            StatusCode::BAD_REQUEST,
            "multiple occurrences of folioAccessToken in cookie",
        ));
    }
    tokens.extend(asked.header("x-okapi-token").map(str::to_owned));
    tokens.extend(
        asked
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::to_owned),
    );
    tokens.dedup();
    match tokens.len() {
        0 | 1 => Ok(tokens.pop()),
        _ => Err(Answer::text(
            StatusCode::BAD_REQUEST,
            "X-Okapi-Token is not equal to Authorization token",
        )),
    }
}

/// Who asks; Okapi's answer where nobody may.
fn caller(state: &State, asked: &Asked) -> Result<Caller, Answer> {
    let token = token(asked)?;
    let tenant = asked.header("x-okapi-tenant");
    if let Some(tenant) = tenant
        && !state.auth.tenants.contains_key(tenant)
    {
        return Err(Answer::text(
            StatusCode::BAD_REQUEST,
            format!("No such Tenant {tenant}"),
        ));
    }
    let Some(token) = token else {
        return Err(Answer::text(
            StatusCode::BAD_REQUEST,
            "Token missing, access requires permission",
        ));
    };
    let caller = state
        .auth
        .caller(&token)
        .ok_or_else(|| Answer::text(StatusCode::UNAUTHORIZED, "Invalid token"))?;
    match tenant {
        Some(tenant)
            if tenant != caller.tenant
                && !state.cross_tenant
                && !state
                    .consortium
                    .as_ref()
                    .is_some_and(|consortium| consortium.allows(&caller.user, tenant)) =>
        {
            Err(Answer::text(StatusCode::FORBIDDEN, "Invalid token"))
        }
        Some(tenant) => Ok(Caller {
            tenant: tenant.to_owned(),
            ..caller
        }),
        None => Ok(caller),
    }
}

// ---------------------------------------------------------------- collections

fn list(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    collection: &Collection,
    effect: Option<&Effect>,
) -> Done {
    let number = |name: &str, default: i64| {
        match asked.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse::<i64>().ok().filter(|n| (0..=MOST).contains(n)).ok_or_else(|| {
            Answer::text(StatusCode::BAD_REQUEST, format!("'{name}' parameter is incorrect. parameter value {{{text}}} is not valid: must be from 0 to {MOST}"))
        }),
    }
    };
    let (offset, limit) = match (number("offset", 0), number("limit", 10)) {
        (Ok(offset), Ok(limit)) => (offset, limit),
        (Err(answer), _) | (_, Err(answer)) => return Ok(answer),
    };
    let query = match asked
        .parameter("query")
        .filter(|query| !query.trim().is_empty())
        .map(parse)
        .transpose()
    {
        Ok(query) => query,
        Err(answer) => return Ok(answer),
    };
    let totals = asked.parameter("totalRecords").unwrap_or("auto");
    if !matches!(totals, "exact" | "estimated" | "none" | "auto") {
        return Ok(Answer::text(
            StatusCode::BAD_REQUEST,
            "'totalRecords' parameter is incorrect: exact, estimated, none or auto",
        ));
    }
    let size = |n: i64| usize::try_from(n).unwrap_or_default();
    let page = Page {
        query: query.as_ref(),
        offset: size(offset),
        limit: size(limit),
        count: totals != "none",
    };
    let wanted: Vec<(&str, &str)> = collection
        .filters
        .iter()
        .filter_map(|name| Some((name.as_str(), asked.parameter(name)?)))
        .collect();
    let (mut records, total) = if wanted.is_empty() {
        state.store.list(&caller.tenant, &collection.path, &page)?
    } else {
        let mut all = state.store.all(&caller.tenant, &collection.path)?;
        all.retain(|record| {
            wanted
                .iter()
                .all(|(name, text)| record.get(name).and_then(Value::as_str) == Some(text))
        });
        let total = all.len();
        let page = all.into_iter().skip(page.offset).take(page.limit);
        (page.collect(), total)
    };
    let mut info = json!({"totalRecords": total, "diagnostics": []});
    match effect {
        Some(Effect::Truncate) => {
            records.truncate(records.len() / 2);
            info["diagnostics"] =
                json!([{"source": "database", "code": "500", "message": "the list ended early"}]);
        }
        Some(Effect::NullElement) => records.insert(records.len() / 2, Value::Null),
        _ => {}
    }
    // RMB's streamed lists have the total after the records.
    let mut body = Map::new();
    body.insert(collection.items.clone(), records.into());
    if totals != "none" {
        body.insert("totalRecords".into(), total.into());
    }
    body.insert("resultInfo".into(), info);
    Ok(Answer::json(StatusCode::OK, &Value::Object(body)))
}

/// `POST …/retrieve`: a list whose query is in the body, where it has room. None where no such list is known.
fn retrieve(state: &mut State, asked: &Asked, caller: &Caller, path: &str) -> Option<Done> {
    let collection = routes().collection(path.strip_suffix("/retrieve")?)?;
    let body = match record(asked) {
        Ok(body) => body,
        Err(answer) => return Some(Ok(answer)),
    };
    let query = body.iter().map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), text)
    });
    let asked = Asked {
        method: "GET".to_owned(),
        path: collection.path.clone(),
        query: query.collect(),
        headers: asked.headers.clone(),
        body: bytes::Bytes::new(),
    };
    Some(list(state, &asked, caller, collection, None))
}

fn parse(text: &str) -> Result<Query, Answer> {
    let query = Query::parse(text)
        .map_err(|error| Answer::text(StatusCode::BAD_REQUEST, error.to_string()))?;
    for term in query.clause.terms() {
        let wild = term.text.contains('*') || term.text.is_empty();
        if term.index == "id"
            && !wild
            && uuid::Uuid::try_parse(&crate::cql::unescaped(&term.text)).is_err()
        {
            return Err(Answer::text(
                StatusCode::BAD_REQUEST,
                format!("invalid input syntax for type uuid: \"{}\"", term.text),
            ));
        }
    }
    Ok(query)
}

/// The record in a request's body.
fn record(asked: &Asked) -> Result<Map<String, Value>, Answer> {
    let content_type = asked.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json") {
        let text = format!(
            "Content-type header must be [\"application/json\"] but it is \"{content_type}\""
        );
        return Err(Answer::text(StatusCode::BAD_REQUEST, text));
    }
    match serde_json::from_slice(&asked.body) {
        Ok(Value::Object(record)) => Ok(record),
        Ok(_) => Err(Answer::text(
            StatusCode::BAD_REQUEST,
            "Json content error: expected an object",
        )),
        Err(error) => Err(Answer::text(
            StatusCode::BAD_REQUEST,
            format!("Json content error {error}"),
        )),
    }
}

fn violations(collection: &Collection, record: &Value, known: Option<&Value>) -> Option<Answer> {
    let (document, schema) = collection.schema.as_ref()?;
    let violations = validate::check(routes(), document, schema, record, known);
    let list: Vec<Value> = violations.iter().map(validate::Violation::json).collect();
    (!list.is_empty()).then(|| {
        let count = list.len();
        Answer::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({"errors": list, "total_records": count}),
        )
    })
}

/// Whether the records of a collection have a field.
fn has_field(collection: &Collection, field: &str) -> bool {
    collection
        .schema
        .as_ref()
        .is_some_and(|(document, schema)| {
            let (_, schema) = routes().resolve(document, schema);
            schema
                .get("properties")
                .is_some_and(|properties| properties.get(field).is_some())
        })
}

/// A record as it is stored when it is new.
fn born(
    caller: &Caller,
    collection: &Collection,
    mut record: Map<String, Value>,
) -> Result<(String, Map<String, Value>), Answer> {
    // RMB strips what is null before it looks.
    record.retain(|_, value| !value.is_null());
    if let Some(answer) = violations(collection, &Value::Object(record.clone()), None) {
        return Err(answer);
    }
    let id = record
        .get("id")
        .and_then(Value::as_str)
        .map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    record.insert("id".into(), id.clone().into());
    if has_field(collection, "metadata") {
        let now = now();
        record.insert(
            "metadata".into(),
            json!({"createdDate": now, "createdByUserId": caller.user, "updatedDate": now, "updatedByUserId": caller.user}),
        );
    }
    if collection.locking {
        record.insert("_version".into(), 1.into());
    }
    Ok((id, record))
}

/// A record as it is stored in place of another.
fn changed(
    caller: &Caller,
    collection: &Collection,
    id: &str,
    mut record: Map<String, Value>,
    stored: &Value,
) -> Result<Map<String, Value>, Answer> {
    record.retain(|_, value| !value.is_null());
    if let Some(answer) = violations(collection, &Value::Object(record.clone()), Some(stored)) {
        return Err(answer);
    }
    record.insert(
        "id".into(),
        stored.get("id").cloned().unwrap_or_else(|| id.into()),
    );
    if collection.locking {
        let (have, want) = (
            stored.get("_version").and_then(Value::as_i64),
            record.get("_version").and_then(Value::as_i64),
        );
        if have.is_some() && have != want {
            let want = want.map_or_else(|| "null".to_owned(), |version| version.to_string());
            let text = format!(
                "Cannot update record {id} because it has been changed (optimistic locking): Stored _version is {}, _version of request is {want} (23F09)",
                have.unwrap_or_default()
            );
            return Err(Answer::text(StatusCode::CONFLICT, text));
        }
        record.insert("_version".into(), (have.unwrap_or_default() + 1).into());
    }
    if has_field(collection, "metadata") {
        let mut metadata = stored
            .get("metadata")
            .cloned()
            .unwrap_or_else(|| json!({"createdDate": now(), "createdByUserId": caller.user}));
        metadata["updatedDate"] = now().into();
        metadata["updatedByUserId"] = caller.user.clone().into();
        record.insert("metadata".into(), metadata);
    }
    Ok(record)
}

/// RMB's answer where there is a record of this id already.
fn exists(collection: &Collection, id: &str) -> Answer {
    let name = collection
        .path
        .trim_start_matches('/')
        .replace(['/', '-'], "_");
    let body = errors(
        &format!("id value already exists in table {name}: {id}"),
        "-1",
        "1",
        &[("id", id)],
    );
    Answer::json(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

fn create(state: &mut State, asked: &Asked, caller: &Caller, collection: &Collection) -> Done {
    let (id, record) = match record(asked).and_then(|record| born(caller, collection, record)) {
        Ok(born) => born,
        Err(answer) => return Ok(answer),
    };
    let record = Value::Object(record);
    if !state
        .store
        .insert(&caller.tenant, &collection.path, &id, &record)?
    {
        return Ok(exists(collection, &id));
    }
    let mut answer = Answer::json(StatusCode::CREATED, &record);
    if let Ok(location) = HeaderValue::try_from(format!("{}/{id}", collection.path)) {
        answer.headers.insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// `POST /…-storage/batch/synchronous`: all records or none. An existing record is replaced only with `upsert=true` and its `_version`.
fn batch(state: &mut State, asked: &Asked, caller: &Caller, path: &str) -> Done {
    let body = match record(asked) {
        Ok(body) => body,
        Err(answer) => return Ok(answer),
    };
    let module = path.split('/').nth(1).unwrap_or_default();
    let Some((collection, records)) = body.iter().find_map(|(items, records)| {
        let collection = routes().listed(module, items)?;
        Some((collection, records.as_array()?))
    }) else {
        return Ok(Answer::text(
            StatusCode::BAD_REQUEST,
            "Json content error: expected a list of records",
        ));
    };
    if path.ends_with("-unsafe") && !state.suppress_locking {
        // So it is: the status of a body that is too large for a variable that is not set.
        return Ok(Answer::text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "DB_ALLOW_SUPPRESS_OPTIMISTIC_LOCKING environment variable doesn't allow to disable optimistic locking",
        ));
    }
    if records.len() > state.max_batch {
        let text = format!(
            "Expected a maximum of {} records to prevent out of memory but got {}",
            state.max_batch,
            records.len()
        );
        return Ok(Answer::text(StatusCode::PAYLOAD_TOO_LARGE, text));
    }
    let upsert = asked.parameter("upsert") == Some("true") || path.ends_with("-unsafe");
    let mut rows: Vec<(String, Value)> = Vec::with_capacity(records.len());
    let mut ids = HashSet::with_capacity(records.len());
    for record in records {
        let Value::Object(record) = record else {
            return Ok(Answer::text(
                StatusCode::BAD_REQUEST,
                "Json content error: expected an object",
            ));
        };
        let mut record = record.clone();
        let id = record.get("id").and_then(Value::as_str).map(str::to_owned);
        let stored = match &id {
            Some(id) => state.store.get(&caller.tenant, &collection.path, id)?,
            None => None,
        };
        let made = match (&id, &stored) {
            (Some(id), Some(_)) if !upsert => Err(exists(collection, id)),
            (Some(id), Some(stored)) => {
                if path.ends_with("-unsafe") {
                    record.insert(
                        "_version".into(),
                        stored.get("_version").cloned().unwrap_or_default(),
                    );
                }
                changed(caller, collection, id, record, stored).map(|record| (id.clone(), record))
            }
            _ => born(caller, collection, record),
        };
        match made {
            Err(answer) => return Ok(answer),
            Ok((id, _)) if !ids.insert(id.to_ascii_lowercase()) => {
                return Ok(Answer::text(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "ON CONFLICT DO UPDATE command cannot affect row a second time (21000)",
                ));
            }
            Ok((id, record)) => rows.push((id, Value::Object(record))),
        }
    }
    state.store.load(&caller.tenant, &collection.path, &rows)?;
    Ok(Answer::empty(StatusCode::CREATED))
}

pub(crate) fn not_found() -> Answer {
    Answer::text(StatusCode::NOT_FOUND, "Not found")
}

fn read(state: &State, caller: &Caller, collection: &Collection, id: &str) -> Done {
    if uuid::Uuid::try_parse(id).is_err() && has_field(collection, "id") {
        return Ok(not_found());
    }
    let found = state.store.get(&caller.tenant, &collection.path, id)?;
    Ok(found.map_or_else(not_found, |record| Answer::json(StatusCode::OK, &record)))
}

fn update(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    collection: &Collection,
    id: &str,
) -> Done {
    let record = match record(asked) {
        Ok(record) => record,
        Err(answer) => return Ok(answer),
    };
    if let Some(own) = record.get("id").and_then(Value::as_str)
        && !own.eq_ignore_ascii_case(id)
    {
        return Ok(Answer::text(
            StatusCode::BAD_REQUEST,
            "You cannot change the value of the id field",
        ));
    }
    let Some(stored) = state.store.get(&caller.tenant, &collection.path, id)? else {
        return Ok(not_found());
    };
    let record = match changed(caller, collection, id, record, &stored) {
        Ok(record) => record,
        Err(answer) => return Ok(answer),
    };
    state
        .store
        .replace(&caller.tenant, &collection.path, id, &Value::Object(record))?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn delete(state: &mut State, caller: &Caller, collection: &Collection, id: &str) -> Done {
    Ok(
        match state.store.delete(&caller.tenant, &collection.path, id)? {
            true => Answer::empty(StatusCode::NO_CONTENT),
            false => not_found(),
        },
    )
}

fn delete_by_query(
    state: &mut State,
    asked: &Asked,
    caller: &Caller,
    collection: &Collection,
) -> Done {
    let Some(text) = asked
        .parameter("query")
        .filter(|query| !query.trim().is_empty())
    else {
        return Ok(Answer::text(
            StatusCode::BAD_REQUEST,
            "Expected CQL but query parameter is empty",
        ));
    };
    match parse(text) {
        Err(answer) => Ok(answer),
        Ok(query) => {
            state
                .store
                .delete_by_query(&caller.tenant, &collection.path, &query)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
    }
}
