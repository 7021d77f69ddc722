//! Creating, reading, replacing and deleting records of every kind.

use std::collections::{HashMap, HashSet};

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::compare::differences;
use crate::session::{Session, bytes, text};
use crate::wire::expect;
use crate::{Report, rows};

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
        // What was done between the recorded requests: the other record of a unique value, and the
        // end of what refers to a record.
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
        expect(&row);
        let reply = session.send(method, &path, body.as_deref()).await;
        if let Some(reply) = &reply {
            session.learn(&row, reply);
        }
        report.add(file, name, &differences(&row, reply.as_ref()));
    }
    report
}

/// Records that were there before the recording: those that a stored record refers to, and that no
/// row creates.
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
        .flat_map(|row| {
            let batch = ["items", "instances", "holdingsRecords"]
                .iter()
                .filter_map(|list| row["body"][*list].as_array())
                .flatten()
                .map(|record| record["id"].as_str());
            [row["body"]["id"].as_str(), row["location"].as_str()]
                .into_iter()
                .chain(batch)
        })
        .flatten()
        .collect();
    let ids = |path: &str| -> HashSet<String> {
        let records = session.sandbox.records("diku", path).unwrap();
        let ids = records.iter().filter_map(|record| record["id"].as_str());
        ids.map(str::to_owned).collect()
    };
    let mut known: HashMap<&str, HashSet<String>> = REFERENCES
        .iter()
        .map(|(_, path)| (*path, ids(path)))
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
                    if !known.entry(path).or_default().insert(id.to_owned()) {
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
