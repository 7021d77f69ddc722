//! Lists, and deletions of many records.

use std::collections::BTreeMap;

use folio_sandbox::Sandbox;
use serde_json::json;

use crate::compare::differences;
use crate::session::{Session, bytes, text};
use crate::{Report, rows};

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
        if name == "list /bl-users: default limit" {
            // Users without a record of permissions: those of the reference data are not here.
            let users = (1..20).map(|number| json!({"id": format!("{number:08}-0000-4000-8000-000000000000"), "username": format!("u{number}")}));
            session
                .sandbox
                .load("diku", "/users", users.collect())
                .unwrap();
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
                // A single object, or none, looks the same.
                _ if text(&row, "form").starts_with("objects") => text(&row, "form"),
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
