//! Files about circulation and modules beyond RMB, whose rows were recorded one after the other.

use folio_sandbox::Sandbox;
use serde_json::Value;

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
    simple(file, Session::start("diku", Sandbox::builder()).await).await
}

pub(crate) async fn acq(file: &str) -> Report {
    simple(file, Session::start("diku", Sandbox::builder()).await).await
}

pub(crate) async fn circulation(file: &str) -> Report {
    simple(
        file,
        Session::start("diku", Sandbox::builder().release("quesnelia")).await,
    )
    .await
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
