//! Deletions of many records, each in a separate tenant with the rows of the recording.

use std::collections::BTreeSet;

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::compare::differences;
use crate::session::{Session, bytes, text};
use crate::wire::exchange;
use crate::{Report, rows};

/// How many rows a table is given at most: whether none, some or all are deleted is what counts.
const MOST: usize = 12;

pub(crate) async fn deletes(file: &str) -> Report {
    let mut report = Report::default();
    let rows = rows(file);
    let modules: BTreeSet<&str> = rows.iter().map(|row| text(row, "module")).collect();
    let mut builder = Sandbox::builder().release("quesnelia");
    for module in modules {
        builder = builder.module_port(module);
    }
    for number in 0..rows.len() {
        builder = builder
            .tenant(format!("t{number}"))
            .user("diku_admin", "admin");
    }
    let mut session = Session::start("diku", builder).await;
    for (number, row) in rows.iter().enumerate() {
        session.tenant = format!("t{number}");
        report.add(file, text(row, "name"), &replayed(&mut session, row).await);
    }
    report
}

/// A number that the recordings have as text, too.
fn number(row: &Value, key: &str) -> Option<usize> {
    let value = row.get(key)?;
    let number = value.as_u64().map(|number| number.to_string());
    let number = number.or_else(|| value.as_str().map(str::to_owned))?;
    number.parse().ok()
}

/// The ids in a text.
fn ids_in(text: &str) -> Vec<String> {
    let is_id = |text: &str| {
        text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let mut ids: Vec<String> = Vec::new();
    for window in text.as_bytes().windows(36) {
        let found = std::str::from_utf8(window).unwrap_or_default();
        if is_id(found) && !found.starts_with("00000000-0000-4000-8000") {
            ids.push(found.to_owned());
        }
    }
    ids.dedup();
    ids
}

/// The collection and the field of the constraint that a text names: what refers to the row that
/// cannot be deleted.
fn referring(text: &str) -> Option<(String, String)> {
    let mut quoted = text.split('"').skip(1).step_by(2);
    let (_, constraint, table) = (quoted.next()?, quoted.next()?, quoted.next()?);
    let facts = include_str!("../../data/cql-indexes.jsonl");
    facts.lines().find_map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        let fits =
            row["kind"] == "foreignKey" && row["table"] == table && row["constraint"] == constraint;
        fits.then(|| {
            (
                row["path"].as_str().unwrap().to_owned(),
                row["field"].as_str().unwrap().to_owned(),
            )
        })
    })
}

async fn replayed(session: &mut Session, row: &Value) -> Vec<String> {
    let (name, path, told) = (text(row, "name"), text(row, "path"), text(row, "text"));
    session.token = session.login("diku_admin", "admin").await.unwrap().0;
    let collection = path.split('?').next().unwrap();
    let stored = match collection {
        "/circulation/loans" => "/loan-storage/loans",
        "/circulation/requests" => "/request-storage/requests",
        other => other,
    };
    let before = number(row, "rows_before").unwrap_or(3);
    let mut ids = ids_in(told);
    ids.extend(
        ids_in(path)
            .into_iter()
            .filter(|id| !told.contains(id.as_str())),
    );
    let wanted = before.min(MOST).max(ids.len());
    let more = (0..).map(|index: usize| format!("{index:08}-aaaa-4aaa-8aaa-aaaaaaaaaaaa"));
    ids.extend(more.take(wanted - ids.len()));
    if before == 0 {
        ids.clear();
    }
    let records = ids.iter().map(|id| json!({"id": id})).collect();
    let is_collection = session
        .sandbox
        .load(&session.tenant, stored, records)
        .is_ok();
    if told.contains("violates foreign key") {
        let (other, field) = referring(told).unwrap();
        let record = json!({"id": "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa", field: ids[0]});
        let loaded = session.sandbox.load(&session.tenant, &other, vec![record]);
        loaded.unwrap();
    }
    let counted = prepared(session, row).await || is_collection;
    let own_before = counted_rows(session, stored).await;
    let own_port = text(row, "route").starts_with("module port") && !name.contains("[gateway]");
    let reply = match session
        .sandbox
        .module_url(text(row, "module"))
        .filter(|_| own_port)
    {
        Some(url) => {
            let headers = [("x-okapi-tenant".to_owned(), session.tenant.clone())];
            exchange(&url, "DELETE", path, &headers, None).await
        }
        None => {
            let body = bytes(row.get("body"));
            session.send("DELETE", path, body.as_deref()).await
        }
    };
    let mut different = differences(row, reply.as_ref());
    let kind = |before: usize, after: usize| match (before, after) {
        (before, after) if before == after => "none",
        (_, 0) => "all",
        _ => "some",
    };
    if different.is_empty()
        && counted
        && let (Some(before), Some(after)) = (number(row, "rows_before"), number(row, "rows_after"))
    {
        let own_after = counted_rows(session, stored).await;
        // Of one row, some is all.
        let recorded = kind(before, after);
        let own = kind(own_before, own_after);
        if own != recorded && !(before > 1 && own_before == 1) {
            different.push(format!("deleted: {own}, recorded {recorded}"));
        }
    }
    different
}

/// What the row supposes and no collection has: passwords, PINs, MARC records, modules that publish
/// events. Whether there was any.
async fn prepared(session: &Session, row: &Value) -> bool {
    let (name, path) = (text(row, "name"), text(row, "path"));
    let has_rows = number(row, "rows_before").is_some_and(|rows| rows > 0);
    let send = async |method: &str, path: &str, body: Value| {
        let body = body.to_string();
        let reply = session.send(method, path, Some(body.as_bytes())).await;
        let status = reply.unwrap().status;
        assert!(status < 300, "{method} {path}: {status}");
    };
    if name.contains("userId of one") || name.contains("USERID") {
        let id = path.split('=').nth(1).unwrap();
        let body = json!({"userId": id, "password": "x"});
        send("POST", "/authn/credentials", body).await;
    }
    if path.starts_with("/patron-pin") && has_rows && row["body"]["id"].is_string() {
        let nobody = name.contains("nobody") || name.contains("again");
        let id = match nobody {
            true => "22222222-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
            false => text(&row["body"], "id"),
        };
        let body = json!({"id": id, "pin": "1234"});
        send("POST", "/patron-pin", body).await;
    }
    if let Some((instance, _)) = path.split_once("/source-record")
        && has_rows
    {
        let id = instance.rsplit('/').next().unwrap();
        let loaded = session.sandbox.load(
            &session.tenant,
            "/instance-storage/instances",
            vec![json!({"id": id})],
        );
        loaded.unwrap();
        let path = format!("{instance}/source-record/marc-json");
        send("PUT", &path, json!({"leader": "00000nam"})).await;
    }
    let pubsub = path.starts_with("/pubsub/");
    if pubsub && has_rows {
        // The row of the recording is one that publishes the event.
        let body = json!({"moduleId": "mod-recb-1.0.0", "eventDescriptors": [{"eventType": "RECB_EVENT"}]});
        send("POST", "/pubsub/event-types/declare/publisher", body).await;
    }
    pubsub
}

async fn counted_rows(session: &Session, stored: &str) -> usize {
    if stored.starts_with("/pubsub/") {
        let path = "/pubsub/event-types/RECB_EVENT/publishers";
        let reply = session.send("GET", path, None).await.unwrap();
        let list: Value = serde_json::from_str(&reply.text()).unwrap();
        return list["messagingModules"].as_array().unwrap().len();
    }
    let records = session.sandbox.records(&session.tenant, stored);
    records.map_or(0, |records| records.len())
}
