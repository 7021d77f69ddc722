//! Exchanges of the first day, and queries.

use folio_sandbox::Sandbox;
use serde_json::Value;

use crate::compare::differences;
use crate::session::{Session, bytes, text};
use crate::wire::exchange;
use crate::{Report, rows};

pub(crate) async fn exchanges(file: &str) -> Report {
    let mut session = Session::start("ramconf", Sandbox::builder().reference_data()).await;
    let mut report = Report::default();
    let (mut access, mut refresh) = session
        .login(&session.username, &session.password)
        .await
        .unwrap();
    let mut before = refresh.clone();
    for row in rows(file) {
        let name = text(&row, "name");
        let mut headers = Vec::new();
        for (key, value) in row["sent"].as_object().unwrap() {
            let used = if name.contains("replay") && !name.contains("after") {
                &before
            } else {
                &refresh
            };
            let value = value
                .as_str()
                .unwrap()
                .replace("ramconf", &session.tenant)
                .replace("<token>", &access)
                .replace("<folioAccessToken>", &access)
                .replace("<folioRefreshToken>", used);
            headers.push((key.clone(), value));
        }
        if name == "refresh bad cookie" {
            for (key, value) in &mut headers {
                if key == "cookie" {
                    *value = "folioRefreshToken=abc".to_owned();
                }
            }
        }
        let body = bytes(row.get("sent_body")).map(|body| {
            let body = session.renamed(&String::from_utf8_lossy(&body));
            session.addressed(&body, "ramconf").into_bytes()
        });
        let path = session.renamed(text(&row, "path"));
        let path = session.addressed(&path, "ramconf");
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
            if let (Some(new), Some(newer)) = (
                reply.cookie("folioAccessToken"),
                reply.cookie("folioRefreshToken"),
            ) && !new.is_empty()
            {
                access = new;
                before = std::mem::replace(&mut refresh, newer);
            }
        }
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}

async fn cql(file: &str) -> Report {
    // The records were loaded at the modules' own ports, where nobody says who does so, into a
    // tenant without an administrator's record.
    let modules = ["mod-users", "mod-inventory-storage"];
    let builder = modules.iter().fold(Sandbox::builder(), |builder, module| {
        builder.module_port(module)
    });
    let session = Session::start("cql", builder).await;
    let users = session.sandbox.records("cql", "/users").unwrap();
    let admin = format!("/users/{}", users[0]["id"].as_str().unwrap());
    session.send("DELETE", &admin, None).await;
    let mut report = Report::default();
    let mut ids: Vec<String> = Vec::new();
    let mut main = String::new();
    for row in rows(file) {
        if let Some(path) = row["post"].as_str() {
            let module = match path {
                "/users" | "/groups" | "/addresstypes" | "/departments" => modules[0],
                _ => modules[1],
            };
            let url = session.sandbox.module_url(module).unwrap();
            let headers = [
                ("x-okapi-tenant".to_owned(), session.tenant.clone()),
                ("content-type".to_owned(), "application/json".to_owned()),
            ];
            let body = bytes(row.get("body"));
            let reply = match session.elsewhere {
                false => exchange(&url, "POST", path, &headers, body.as_deref()).await,
                true => session.send("POST", path, body.as_deref()).await,
            };
            let reply = reply.unwrap();
            assert_eq!(
                reply.status,
                201,
                "{path}: {} {}",
                reply.text(),
                row["body"]
            );
            if path == "/users" || path == "/instance-storage/instances" {
                ids.push(row["body"]["id"].as_str().unwrap().to_owned());
                main = path.to_owned();
            }
            continue;
        }
        let query = text(&row, "query");
        let encoded: String = query
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                    (byte as char).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let path = format!("{}?limit=2000&query={encoded}", text(&row, "get"));
        let reply = session.send("GET", &path, None).await.unwrap();
        let mut different = Vec::new();
        if row["status"] != u64::from(reply.status) {
            different.push(format!(
                "status: {} {}, recorded {} {}",
                reply.status,
                reply.text().chars().take(200).collect::<String>(),
                row["status"],
                row["text"]
            ));
        } else if reply.status >= 400 {
            if reply.text() != text(&row, "text") {
                different.push(format!("text: {}, recorded {}", reply.text(), row["text"]));
            }
        } else {
            let list: Value = serde_json::from_str(&reply.text()).unwrap();
            let key = if main == "/users" {
                "users"
            } else {
                "instances"
            };
            let mut found: Vec<u64> = list[key]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|record| ids.iter().position(|id| record["id"] == id.as_str()))
                .map(|index| index as u64)
                .collect();
            let recorded: Vec<u64> = row["found"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_u64)
                .collect();
            if row["ordered"] != true {
                found.sort_unstable();
            }
            if found != recorded {
                let missing: Vec<_> = recorded
                    .iter()
                    .filter(|index| !found.contains(index))
                    .collect();
                let more: Vec<_> = found
                    .iter()
                    .filter(|index| !recorded.contains(index))
                    .collect();
                different.push(if missing.is_empty() && more.is_empty() {
                    let at = (0..found.len())
                        .find(|at| found[*at] != recorded[*at])
                        .unwrap();
                    format!(
                        "order: at {at}: {:?}, recorded {:?}",
                        &found[at..(at + 4).min(found.len())],
                        &recorded[at..(at + 4).min(found.len())]
                    )
                } else {
                    format!("found: without {missing:?}, with {more:?}")
                });
            }
        }
        report.add(file, query, &different);
    }
    report
}

pub(crate) async fn cql_users(file: &str) -> Report {
    cql(file).await
}

pub(crate) async fn cql_instances(file: &str) -> Report {
    cql(file).await
}
