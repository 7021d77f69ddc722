//! Replays the files, each in a sandbox of its own.

use std::collections::{BTreeMap, HashMap};

use folio_sandbox::{Builder, Sandbox};
use serde_json::{Value, json};

use super::compare::differences;
use super::wire::{Reply, exchange};
use super::{Report, rows};

/// A sandbox and what a client of it remembers.
struct Session {
    sandbox: Sandbox,
    address: String,
    tenant: String,
    token: String,
    /// Ids and HRIDs of the recording, and what they are here.
    names: HashMap<String, String>,
}

impl Session {
    async fn start(tenant: &str, builder: Builder) -> Self {
        let sandbox = builder
            .tenant(tenant)
            .user("diku_admin", "admin")
            .user_records()
            .start()
            .await
            .unwrap();
        let mut session = Self {
            address: sandbox.url().trim_start_matches("http://").to_owned(),
            sandbox,
            tenant: tenant.to_owned(),
            token: String::new(),
            names: HashMap::new(),
        };
        session.token = session.login("diku_admin", "admin").await.unwrap().0;
        // The administrator has the fields that the recorded one has.
        let mut admin = session.sandbox.records(tenant, "/users").unwrap().remove(0);
        let now = "2026-11-26T06:33:35.390+00:00";
        for (name, value) in [
            ("departments", json!([])),
            ("proxyFor", json!([])),
            (
                "personal",
                json!({"lastName": "Superuser", "firstName": "Admin", "email": "admin@example.org", "addresses": [], "preferredContactTypeId": "002"}),
            ),
            ("createdDate", now.into()),
            ("updatedDate", now.into()),
            ("metadata", json!({"createdDate": now, "updatedDate": now})),
        ] {
            admin[name] = value;
        }
        session.names.insert(
            "f6f3832c-2995-4547-980e-6247b23ccef3".to_owned(),
            admin["id"].as_str().unwrap().to_owned(),
        );
        session.sandbox.load(tenant, "/users", vec![admin]).unwrap();
        let reply = session.send("GET", "/_/proxy/modules", None).await.unwrap();
        let modules: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        for module in modules.as_array().into_iter().flatten() {
            if module["name"] == "mod-users" {
                session.names.insert(
                    "mod-users-19.3.2".to_owned(),
                    module["id"].as_str().unwrap().to_owned(),
                );
            }
        }
        session
    }

    /// The access token and the refresh token of a new session.
    async fn login(&self, username: &str, password: &str) -> Option<(String, String)> {
        let body = json!({"username": username, "password": password}).to_string();
        let headers = [
            ("x-okapi-tenant".to_owned(), self.tenant.clone()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let reply = exchange(
            &self.address,
            "POST",
            "/authn/login-with-expiry",
            &headers,
            Some(body.as_bytes()),
        )
        .await?;
        Some((
            reply.cookie("folioAccessToken")?,
            reply.cookie("folioRefreshToken")?,
        ))
    }

    fn headers(&self, json: bool) -> Vec<(String, String)> {
        let mut headers = vec![
            ("x-okapi-tenant".to_owned(), self.tenant.clone()),
            ("x-okapi-token".to_owned(), self.token.clone()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ];
        if json {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        headers
    }

    fn renamed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (recorded, own) in &self.names {
            if text.contains(recorded.as_str()) {
                text = text.replace(recorded, own);
            }
            let upper = recorded.to_uppercase();
            if text.contains(&upper) {
                text = text.replace(&upper, &own.to_uppercase());
            }
        }
        text
    }

    /// Learns what an id or an HRID of the recording is here.
    fn learn(&mut self, row: &Value, reply: &Reply) {
        if reply.status != 201 && reply.status != 200 {
            return;
        }
        let own: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        let text = row["text"].as_str().unwrap_or_default();
        for name in ["id", "hrid"] {
            let recorded = row["diff"]["added"][name]
                .as_str()
                .map(str::to_owned)
                .or_else(|| {
                    let pretty = format!("\n  \"{name}\" : \"");
                    let compact = format!("{{\"{name}\":\"");
                    let start = text
                        .find(&pretty)
                        .or_else(|| text.find(&compact).filter(|at| *at == 0))?;
                    text[start..].split('"').nth(3).map(str::to_owned)
                });
            let recorded = recorded.or_else(|| {
                let location = row["location"].as_str().filter(|_| name == "id")?;
                let at = location.len().checked_sub(36)?;
                Some(location[at..].to_owned())
            });
            if let (Some(recorded), Some(own)) = (recorded, own[name].as_str())
                && recorded != own
            {
                self.names.insert(recorded, own.to_owned());
            }
        }
    }

    async fn send(&self, method: &str, path: &str, body: Option<&[u8]>) -> Option<Reply> {
        exchange(
            &self.address,
            method,
            path,
            &self.headers(body.is_some()),
            body,
        )
        .await
    }
}

/// The bytes of a body: text as it is, other JSON written.
fn bytes(body: Option<&Value>) -> Option<Vec<u8>> {
    match body? {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        other => Some(other.to_string().into_bytes()),
    }
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_default()
}

pub(crate) async fn exchanges(file: &str) -> Report {
    let mut session = Session::start("ramconf", Sandbox::builder().reference_data()).await;
    let mut report = Report::default();
    let (mut access, mut refresh) = session.login("diku_admin", "admin").await.unwrap();
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
            session
                .renamed(&String::from_utf8_lossy(&body))
                .into_bytes()
        });
        let path = session.renamed(text(&row, "path"));
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
    let session = Session::start("cql", Sandbox::builder()).await;
    let mut report = Report::default();
    let mut ids: Vec<String> = Vec::new();
    let mut main = String::new();
    for row in rows(file) {
        if let Some(path) = row["post"].as_str() {
            let reply = session
                .send("POST", path, bytes(row.get("body")).as_deref())
                .await
                .unwrap();
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

/// A batch of instances, described by its size.
fn batch_of(words: &str, kind: Option<&str>) -> Option<Value> {
    let mut parts = words.split(' ');
    let count: usize = parts.next()?.parse().ok()?;
    let given = words.contains("hrid given");
    let list: Vec<Value> = (0..count)
        .map(|number| {
            let mut record = json!({"source": "recB", "title": "x", "instanceTypeId": kind});
            if given {
                record["hrid"] = format!("recB{count}x{number}").into();
            }
            record
        })
        .collect();
    Some(json!({ "instances": list }))
}

pub(crate) async fn crud(file: &str) -> Report {
    let mut session = Session::start("diku", Sandbox::builder().release("quesnelia")).await;
    for row in rows("refs") {
        session
            .sandbox
            .load("diku", text(&row, "post"), vec![row["body"].clone()])
            .unwrap();
    }
    present_before(&session, &rows(file));
    let mut report = Report::default();
    let mut referring = String::new();
    for (number, row) in rows(file).into_iter().enumerate() {
        let name = text(&row, "name");
        if row.get("path").is_none() {
            continue;
        }
        let path = session.renamed(text(&row, "path"));
        let described = row["body"]
            .as_str()
            .filter(|_| name.starts_with("batch size"));
        let body = match described {
            Some(words) => batch_of(words, Some("30fffe0e-e985-4144-b2e2-1e8179bdb41f"))
                .map(|body| body.to_string().into_bytes()),
            None => {
                let mut sent = row.get("body").cloned();
                // A field of that release alone.
                if let Some(fields) = sent.as_mut().and_then(Value::as_object_mut) {
                    fields.remove("publicationPeriod");
                }
                bytes(sent.as_ref()).map(|body| {
                    session
                        .renamed(&String::from_utf8_lossy(&body))
                        .into_bytes()
                })
            }
        };
        let method = text(&row, "method");
        let body = body.or((method == "POST" || method == "PUT").then(Vec::new));
        // What was done between the recorded requests: the other record of a unique value, and the end of what refers to a record.
        let (collection, case) = name.split_once(": ").unwrap_or(("", name));
        if let Some(field) = case
            .strip_prefix("put ")
            .and_then(|case| case.strip_suffix(" of another record"))
            && let Some(value) = row["body"].get(field)
            && session.sandbox.records("diku", collection).is_ok()
        {
            let id = format!("33333333-aaaa-4aaa-8aaa-{number:012}");
            let other = json!({"id": id, field: value});
            session
                .sandbox
                .load("diku", collection, vec![other])
                .unwrap();
        }
        if case == "(a record that refers to it)" {
            let id = row["body"]["id"].as_str().unwrap_or_default();
            referring = format!("{path}/{}", session.renamed(id));
        }
        if case == "delete" && !referring.is_empty() {
            session
                .send("DELETE", &std::mem::take(&mut referring), None)
                .await;
        }
        let reply = session.send(method, &path, body.as_deref()).await;
        if let Some(reply) = &reply {
            session.learn(&row, reply);
        }
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}

/// Records that were there before the recording: those that a stored record refers to, and that no row creates.
fn present_before(session: &Session, rows: &[Value]) {
    const REFERENCES: [(&str, &str); 12] = [
        ("instanceId", "/instance-storage/instances"),
        ("superInstanceId", "/instance-storage/instances"),
        ("subInstanceId", "/instance-storage/instances"),
        ("precedingInstanceId", "/instance-storage/instances"),
        ("succeedingInstanceId", "/instance-storage/instances"),
        ("holdingsRecordId", "/holdings-storage/holdings"),
        ("itemId", "/item-storage/items"),
        ("instanceTypeId", "/instance-types"),
        ("permanentLocationId", "/locations"),
        ("materialTypeId", "/material-types"),
        ("permanentLoanTypeId", "/loan-types"),
        ("illPolicyId", "/ill-policies"),
    ];
    let created: Vec<&str> = rows
        .iter()
        .filter(|row| row["method"] == "POST" && row["status"] == 201)
        .flat_map(|row| [row["body"]["id"].as_str(), row["location"].as_str()])
        .flatten()
        .collect();
    for row in rows
        .iter()
        .filter(|row| row["status"].as_u64().is_some_and(|status| status < 300))
    {
        let body = &row["body"];
        let bodies = ["items", "instances", "holdingsRecords", "boundWithContents"]
            .iter()
            .filter_map(|list| body[*list].as_array())
            .flatten()
            .chain([body]);
        for body in bodies {
            for (field, path) in REFERENCES {
                if let Some(id) = body[field].as_str()
                    && !created.iter().any(|known| known.ends_with(id))
                {
                    let known = session.sandbox.records("diku", path).unwrap();
                    if known.iter().any(|record| record["id"] == id) {
                        continue;
                    }
                    let instance = "1b913411-09a7-5dbb-94a9-617224a7b0d4";
                    let record = match path {
                        "/holdings-storage/holdings" => {
                            json!({"id": id, "instanceId": instance, "permanentLocationId": "fcd64ce1-6995-48f0-840e-89ffa2288371"})
                        }
                        "/item-storage/items" => {
                            json!({"id": id, "holdingsRecordId": "22222222-aaaa-4aaa-8aaa-aaaaaaaaaaaa"})
                        }
                        _ => json!({"id": id, "name": id}),
                    };
                    session.sandbox.load("diku", path, vec![record]).unwrap();
                }
            }
        }
    }
    let holdings = json!({"id": "22222222-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "instanceId": "1b913411-09a7-5dbb-94a9-617224a7b0d4"});
    session
        .sandbox
        .load("diku", "/holdings-storage/holdings", vec![holdings])
        .unwrap();
}

pub(crate) async fn lists(file: &str) -> Report {
    let session = Session::start(
        "diku",
        Sandbox::builder().release("quesnelia").reference_data(),
    )
    .await;
    let mut report = Report::default();
    for row in rows(file) {
        let name = text(&row, "name");
        if row.get("path").is_none() {
            continue;
        }
        let reply = session
            .send(text(&row, "method"), text(&row, "path"), None)
            .await;
        let mut different = differences(&row, reply.as_ref());
        if let Some(reply) = &reply
            && different.is_empty()
            && reply.status == 200
        {
            let own = reply.text();
            let form = match own.get(..5) {
                Some(start) if start.starts_with("{\n  \"") && own.contains("\": [\n") => {
                    "streamed: one record a line"
                }
                Some(start) if start.starts_with("{\n") || start.starts_with("[ ") => "pretty",
                _ => "one line",
            };
            if let Some(recorded) = row["form"].as_str()
                && recorded != form
            {
                different.push(format!("form: {form}, recorded {recorded}"));
            }
        }
        report.add(file, name, &different);
    }
    report
}

pub(crate) async fn deletes(file: &str) -> Report {
    // What refers to the rows of a table, so that they cannot be deleted.
    let referring: BTreeMap<&str, (&str, &str)> = BTreeMap::from([
        (
            "/instance-storage/instances",
            ("/holdings-storage/holdings", "instanceId"),
        ),
        (
            "/holdings-storage/holdings",
            ("/item-storage/items", "holdingsRecordId"),
        ),
        (
            "/item-storage/items",
            ("/inventory-storage/bound-with-parts", "itemId"),
        ),
    ]);
    let mut report = Report::default();
    let mut builder = Sandbox::builder();
    let rows = rows(file);
    for number in 0..rows.len() {
        builder = builder
            .tenant(format!("t{number}"))
            .user("diku_admin", "admin");
    }
    let mut session = Session::start("diku", builder).await;
    for (number, row) in rows.iter().enumerate() {
        let name = text(row, "name");
        let path = text(row, "path");
        session.tenant = format!("t{number}");
        session.token = session.login("diku_admin", "admin").await.unwrap().0;
        let collection = path.split('?').next().unwrap();
        let stored = match collection {
            "/circulation/loans" => "/loan-storage/loans",
            "/circulation/requests" => "/request-storage/requests",
            other => other,
        };
        let mut ids: Vec<String> = path
            .as_bytes()
            .windows(36)
            .filter_map(|window| std::str::from_utf8(window).ok())
            .filter(|text| folio_like_uuid(text) && !text.starts_with("00000000-0000-4000-8000"))
            .map(str::to_owned)
            .collect();
        let before = usize::try_from(row["rows_before"].as_u64().unwrap_or(3))
            .unwrap()
            .min(9);
        let extra = (0..).map(|index: usize| format!("{index:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"));
        let wanted = before.max(ids.len());
        ids.extend(extra.take(wanted - ids.len()));
        if before == 0 {
            ids.clear();
        }
        let records = ids.iter().map(|id| json!({"id": id})).collect();
        let is_collection = session
            .sandbox
            .load(&session.tenant, stored, records)
            .is_ok();
        if name.contains("userId of one") || name.contains("USERID") {
            let id = path.split('=').nth(1).unwrap();
            let body = json!({"userId": id, "password": "x"}).to_string();
            session
                .send("POST", "/authn/credentials", Some(body.as_bytes()))
                .await;
        }
        let referred = row["state"] == "referenced"
            || name.contains("referenced")
            || text(row, "text").contains("violates foreign key");
        if referred && let Some((other, field)) = referring.get(stored) {
            let record = json!({"id": "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa", *field: ids[0]});
            session
                .sandbox
                .load(&session.tenant, other, vec![record])
                .unwrap();
        }
        let count = |session: &Session| {
            let records = session.sandbox.records(&session.tenant, stored);
            records.map_or(0, |records| records.len())
        };
        let own_before = count(&session);
        let reply = session
            .send("DELETE", path, bytes(row.get("body")).as_deref())
            .await;
        let mut different = differences(row, reply.as_ref());
        let after = count(&session);
        let (recorded_before, recorded_after) =
            (row["rows_before"].as_u64(), row["rows_after"].as_u64());
        let kind = |before: u64, after: u64| match (before, after) {
            (before, after) if before == after => "none",
            (_, 0) => "all",
            _ => "some",
        };
        if different.is_empty()
            && is_collection
            && let (Some(before), Some(after_then)) = (recorded_before, recorded_after)
        {
            let (own, recorded) = (
                kind(own_before as u64, after as u64),
                kind(before, after_then),
            );
            if own != recorded {
                different.push(format!("deleted: {own}, recorded {recorded}"));
            }
        }
        report.add(file, name, &different);
    }
    report
}

fn folio_like_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

include!("access.rs");
