//! Files about the gateway, logins, and modules beyond RMB: what their rows leave out, tokens above all, is supplied here.

use std::collections::BTreeMap;

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::compare::differences;
use crate::session::{Session, bytes, text, tokens_of, uuid_of};
use crate::wire::{Reply, exchange};
use crate::{Report, rows};

pub(crate) async fn auth(file: &str) -> Report {
    let mut session = Session::start("diku", Sandbox::builder().release("quesnelia")).await;
    let mut report = Report::default();
    let rows = rows(file);
    // The users were created before the recording: their names are in the logins, their ids in what follows.
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for row in &rows {
        let body = &row["body"];
        if let (Some(name), Some(id)) = (body["username"].as_str(), body["userId"].as_str()) {
            ids.insert(name.to_owned(), id.to_owned());
        }
    }
    for (name, id) in [
        ("recBa51d1a", "3cd90eb8-e49c-4bd1-a886-af5b60d945f0"),
        ("recBa5217a2", "fc1d150f-c992-403a-870e-3f034eaaf3ed"),
        ("recBa5217b", "3bc1420e-f140-417a-ba46-8196919f276d"),
        ("recBa5217c", "20f1cdf8-c278-478e-9058-15838e3612d9"),
    ] {
        ids.insert(name.to_owned(), id.to_owned());
    }
    let mut names: Vec<String> = rows
        .iter()
        .filter_map(|row| row["body"]["username"].as_str())
        .filter(|name| {
            name.starts_with("recB") && !name.contains("nobody") && !name.ends_with([' ', '*'])
        })
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    for name in &names {
        let id = ids
            .entry(name.clone())
            .or_insert_with(|| uuid_of(name))
            .clone();
        let user = json!({"id": id, "username": name, "active": true, "personal": {"lastName": name, "email": "b@example.org", "preferredContactTypeId": "002"}}).to_string();
        session.send("POST", "/users", Some(user.as_bytes())).await;
        if name == "recBa5217a2" {
            let perms =
                json!({"id": uuid_of("a2"), "userId": id, "permissions": ["users.collection.get"]})
                    .to_string();
            session
                .send("POST", "/perms/users", Some(perms.as_bytes()))
                .await;
        }
        if name != "recBa51d1a" && name != "recBa5217z" && name != "recBa5217a2" {
            let body = json!({"userId": id, "password": "Recb1234!"}).to_string();
            session
                .send("POST", "/authn/credentials", Some(body.as_bytes()))
                .await;
            let perms = json!({"id": uuid_of(&format!("p{name}")), "userId": id, "permissions": ["users.collection.get", "usergroups.collection.get"]}).to_string();
            session
                .send("POST", "/perms/users", Some(perms.as_bytes()))
                .await;
        }
    }
    let admin = session.token.clone();
    let mut current: (String, String) = (admin.clone(), "none".to_owned());
    let mut sessions: Vec<(String, String)> = Vec::new();
    for row in &rows {
        let name = text(row, "name");
        if row.get("path").is_none() || row.get("method").is_none() || row["status"].is_array() {
            continue;
        }
        // What was done between the recorded requests.
        for (word, user, active) in [
            ("made active again", "recBa5217b", Some(true)),
            ("inactive user: login", "recBa5217d", Some(false)),
            (
                "cache: k1 inactive, path not used before",
                "recBa535fk1",
                Some(false),
            ),
            ("deleted user: token", "recBa5217f", None),
        ] {
            if name.contains(word)
                && let Some(id) = ids.get(user)
            {
                let path = format!("/users/{id}");
                match active {
                    None => drop(session.send("DELETE", &path, None).await),
                    Some(active) => {
                        let mut record: Value = serde_json::from_str(
                            &session.send("GET", &path, None).await.unwrap().text(),
                        )
                        .unwrap();
                        record["active"] = active.into();
                        session
                            .send("PUT", &path, Some(record.to_string().as_bytes()))
                            .await;
                    }
                }
            }
        }
        let path = session.renamed(text(row, "path"));
        let is_login = path.contains("/login") && !path.contains("Attempts");
        let of_user = name.starts_with("permissions")
            || name.starts_with("own x-okapi")
            || name.contains("access token")
            || name == "bl self"
            || name.starts_with("logout")
            || name.starts_with("clean:")
            || name.contains("with a good token")
            || name.starts_with("inactive user: token")
            || name.starts_with("poll:")
            || name.starts_with("cache:");
        let mut headers: BTreeMap<String, String> = BTreeMap::from([
            ("x-okapi-tenant".to_owned(), "diku".to_owned()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ]);
        let body = bytes(row.get("body"));
        if body.is_some() && !name.contains("no content type") {
            headers.insert("content-type".to_owned(), "application/json".to_owned());
        }
        let cookies = row["sent"].get("cookie").is_some();
        if (!is_login || name.contains("with a good token"))
            && !path.starts_with("/authn/refresh")
            && (!cookies || name.contains("token header"))
            && !name.contains("no token")
            && !name.contains("without any token")
            && !name.contains("no cookie")
        {
            headers.insert(
                "x-okapi-token".to_owned(),
                if of_user {
                    current.0.clone()
                } else {
                    admin.clone()
                },
            );
        }
        if name.contains("with a garbled token") {
            headers.insert("x-okapi-token".to_owned(), "abc".to_owned());
        }
        if name == "login: no tenant" || name.contains("without tenant in the header") {
            headers.remove("x-okapi-tenant");
        }
        if name == "login: unknown tenant" {
            headers.insert("x-okapi-tenant".to_owned(), "nosuch".to_owned());
        }
        let (mut access, mut refresh) = current.clone();
        if name.contains("replay of the first") || name.contains("session 1") {
            (access, refresh) = sessions.iter().rev().nth(1).cloned().unwrap_or_default();
        }
        if name.contains("access token in the refresh cookie")
            || name.contains("with the access token")
        {
            refresh = access.clone();
        }
        if name.contains("jwt-like") {
            refresh = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA".to_owned();
        }
        for (key, value) in row["sent"].as_object().into_iter().flatten() {
            headers.insert(
                key.to_lowercase(),
                tokens_of(value.as_str().unwrap_or_default(), &access, &refresh),
            );
        }
        let headers: Vec<(String, String)> = headers.into_iter().collect();
        let reply = exchange(
            &session.address,
            text(row, "method"),
            &path,
            &headers,
            body.as_deref(),
        )
        .await;
        if let Some(reply) = &reply
            && let (Some(access), Some(refresh)) = (
                reply.cookie("folioAccessToken"),
                reply.cookie("folioRefreshToken"),
            )
            && !access.is_empty()
        {
            current = (access, refresh);
            sessions.push(current.clone());
        }
        session.token.clone_from(&admin);
        let mut different = differences(row, reply.as_ref());
        if let Some(reply) = &reply
            && different.is_empty()
        {
            different.extend(cookies_differ(row, reply));
        }
        report.add(file, name, &different);
    }
    report
}

/// Compares cookies attribute by attribute; values and dates are masked.
fn cookies_differ(row: &Value, reply: &Reply) -> Option<String> {
    let form = |cookie: &str| -> String {
        cookie
            .split("; ")
            .map(|part| match part.split_once('=') {
                Some(("Expires", value)) if !value.contains("1970") => "Expires=…".to_owned(),
                Some((name, value)) if name.starts_with("folio") && !value.is_empty() => {
                    format!("{name}=…")
                }
                _ => part.to_owned(),
            })
            .collect::<Vec<_>>()
            .join("; ")
    };
    let own: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| form(value))
        .collect();
    let recorded: Vec<String> = row["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(form)
        .collect();
    (own != recorded).then(|| format!("cookies: {own:?}, recorded {recorded:?}"))
}

/// Rows that were recorded one after the other, with the headers that they name.
async fn simple(file: &str, mut session: Session) -> Report {
    let mut report = Report::default();
    for row in rows(file) {
        let name = text(&row, "name");
        if row.get("path").is_none() || row.get("method").is_none() {
            continue;
        }
        let path = session.renamed(text(&row, "path"));
        let sent = row.get("sent").map(|sent| without_removed(file, sent));
        let sent = sent.map(|sent| completed(name, &path, sent));
        let body = bytes(sent.as_ref()).map(|body| {
            session
                .renamed(&String::from_utf8_lossy(&body))
                .into_bytes()
        });
        let mut headers = session.headers(false);
        headers.retain(|(name, _)| name != "accept");
        if name.ends_with("gateway no token") {
            headers.retain(|(name, _)| name != "x-okapi-token");
        }
        if name.ends_with("gateway other tenant") {
            headers.retain(|(name, _)| name != "x-okapi-tenant");
            headers.push(("x-okapi-tenant".to_owned(), "nosuch".to_owned()));
        }
        for (key, value) in row["sent_headers"].as_object().into_iter().flatten() {
            headers.push((key.clone(), value.as_str().unwrap_or_default().to_owned()));
        }
        let reply = exchange(
            &session.address,
            text(&row, "method"),
            &path,
            &headers,
            body.as_deref(),
        )
        .await;
        if let Some(reply) = &reply {
            session.learn(&row, reply);
        }
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}

pub(crate) async fn spring(file: &str) -> Report {
    let session = Session::start("diku", Sandbox::builder()).await;
    // What the tenant had before the recording: the rows that clean up name it.
    for row in rows(file) {
        let path = text(&row, "path");
        if text(&row, "name").ends_with("clean")
            && row["status"] == 204
            && let Some((collection, id)) = path.rsplit_once('/')
        {
            let label = match id {
                "69070f74-bab1-48de-b5a8-007026a74f5b" => "",
                "ee8522e2-5b90-425e-8f0c-23547563fcd2" => "5",
                other => other,
            };
            let record = json!({"id": id, "label": label, "name": id});
            session
                .sandbox
                .load("diku", collection, vec![record])
                .unwrap();
        }
    }
    simple(file, session).await
}

pub(crate) async fn acq(file: &str) -> Report {
    let session = Session::start("diku", Sandbox::builder()).await;
    // Reference data that the rows name.
    let id = "cd592659-77aa-4eb3-ac34-c9a4657bb20f";
    let group = json!({"id": id, "name": "Amherst (AC)", "description": "Amherst College"});
    session
        .sandbox
        .load("diku", "/batch-group-storage/batch-groups", vec![group])
        .unwrap();
    simple(file, session).await
}

pub(crate) async fn eureka_login(file: &str) -> Report {
    let session = Session::start("diku", Sandbox::builder().eureka()).await;
    let mut report = Report::default();
    let mut current = ("abc".to_owned(), "abc".to_owned());
    for row in rows(file) {
        let name = text(&row, "name");
        let mut headers: Vec<(String, String)> = Vec::new();
        for (key, value) in row["sent"].as_object().into_iter().flatten() {
            headers.push((
                key.clone(),
                tokens_of(value.as_str().unwrap_or_default(), &current.0, &current.1),
            ));
        }
        let body = bytes(row.get("sent_body"));
        if body.is_some()
            && !headers.iter().any(|(key, _)| key == "content-type")
            && !name.contains("content type")
        {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let reply = exchange(
            &session.address,
            text(&row, "method"),
            text(&row, "path"),
            &headers,
            body.as_deref(),
        )
        .await;
        if let Some(reply) = &reply
            && let (Some(access), Some(refresh)) = (
                reply.cookie("folioAccessToken"),
                reply.cookie("folioRefreshToken"),
            )
            && !access.is_empty()
        {
            current = (access, refresh);
        }
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}

/// A body that the recording has cut, with its end.
fn completed(name: &str, path: &str, sent: Value) -> Value {
    if !name.ends_with("required too long") {
        return sent;
    }
    let end = match path {
        "/notes" => {
            r#"","domain":"users","typeId":"c46169b8-715f-4a24-929e-eb0653911d7f","links":[]}"#
        }
        "/calendar/calendars" => {
            r#"","startDate":"2061-01-01","endDate":"2061-12-31","assignments":[],"normalHours":[],"exceptions":[]}"#
        }
        _ => "\"}",
    };
    let cut = sent.as_str().unwrap_or_default();
    format!("{cut}{end}").into()
}

/// A body without fields of order lines that a later release has no more.
fn without_removed(file: &str, sent: &Value) -> Value {
    let parsed = sent
        .as_str()
        .filter(|_| file == "acq")
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    match parsed {
        Some(Value::Object(mut fields))
            if fields.contains_key("alerts") || fields.contains_key("reportingCodes") =>
        {
            fields.remove("alerts");
            fields.remove("reportingCodes");
            Value::Object(fields).to_string().into()
        }
        _ => sent.clone(),
    }
}
