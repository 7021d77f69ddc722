//! Logins on Eureka, at the port of mod-login-keycloak. The rows omit tokens and the headers that
//! the sidecar would set.

use std::collections::BTreeMap;

use folio_sandbox::Sandbox;
use serde_json::json;

use crate::compare::{cookies_differ, differences};
use crate::session::{Session, bytes, text, tokens_of};
use crate::wire::exchange;
use crate::{Report, rows};

pub(crate) async fn eureka_login(file: &str) -> Report {
    let builder = Sandbox::builder()
        .eureka()
        .module_port("mod-login-keycloak")
        .tenant("diku")
        .user("sleeper", "admin")
        .user("locker", "admin");
    let session = Session::start("diku", builder).await;
    let admin = session.names["f6f3832c-2995-4547-980e-6247b23ccef3"].clone();
    let users = session.sandbox.records("diku", "/users").unwrap();
    let mut sleeper = users
        .into_iter()
        .find(|user| user["username"] == "sleeper")
        .unwrap();
    sleeper["active"] = false.into();
    session
        .sandbox
        .load("diku", "/users", vec![sleeper])
        .unwrap();
    let url = session.sandbox.module_url("mod-login-keycloak").unwrap();
    let mut report = Report::default();
    // Sessions by the row that began them: the first, the second, the newest tokens of the first.
    let mut tokens: BTreeMap<&str, (String, String)> = BTreeMap::new();
    for row in rows(file) {
        let name = text(&row, "name");
        session
            .sandbox
            .keycloak_down(name.contains("Keycloak unreachable"));
        let which = match name {
            name if name.contains("second session") => "second",
            name if name.contains("replay of the first") => "first",
            _ => "newest",
        };
        let (access, mut refresh) = tokens.get(which).cloned().unwrap_or_default();
        if name.contains("garbled") {
            refresh = "abc".to_owned();
        }
        if name.contains("with the access token") {
            refresh.clone_from(&access);
        }
        let mut headers: Vec<(String, String)> = Vec::new();
        for (key, value) in row["sent"].as_object().into_iter().flatten() {
            let value = value.as_str().unwrap_or_default();
            headers.push((key.clone(), tokens_of(value, &access, &refresh)));
        }
        if name == "logout without cookies" {
            // The sidecar tells the module who logs out.
            headers.push(("x-okapi-user-id".to_owned(), admin.clone()));
        }
        let body = bytes(row.get("sent_body"));
        if body.is_some() {
            let kind = match name {
                "login text" => "text/plain",
                _ => "application/json",
            };
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let path = text(&row, "path").replace("00000000-0000-4000-8000-0000000000ad", &admin);
        let reply = exchange(&url, text(&row, "method"), &path, &headers, body.as_deref()).await;
        let mut different = differences(&row, reply.as_ref());
        if let Some(reply) = &reply {
            if let (Some(access), Some(refresh)) = (
                reply.cookie("folioAccessToken"),
                reply.cookie("folioRefreshToken"),
            ) && !access.is_empty()
            {
                let session = (access, refresh);
                match name {
                    "login" => {
                        tokens.insert("first", session.clone());
                        tokens.insert("newest", session);
                    }
                    name if name.contains("second session") => {
                        tokens.insert("second", session);
                    }
                    name if name.starts_with("refresh") => {
                        tokens.insert("newest", session);
                    }
                    _ => {}
                }
            }
            if different.is_empty() {
                different.extend(cookies_differ(&row, reply));
            }
        }
        report.add(file, name, &different);
    }
    // Keycloak is up again: what it gave before is still good.
    let body = json!({"username": "diku_admin", "password": "admin"}).to_string();
    session.sandbox.keycloak_down(false);
    let reply = session
        .send("POST", "/authn/login-with-expiry", Some(body.as_bytes()))
        .await;
    assert_eq!(reply.unwrap().status, 201);
    report
}
