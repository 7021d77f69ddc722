//! Files about circulation and modules beyond RMB, whose rows were recorded one after the other.

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::compare::differences;
use crate::session::{Session, bytes, text};
use crate::wire::exchange;
use crate::{Report, rows};

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
