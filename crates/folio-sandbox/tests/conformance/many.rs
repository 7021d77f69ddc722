//! Lists.

use folio_sandbox::Sandbox;

use crate::compare::differences;
use crate::session::{Session, text};
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
            let users = (1..20).map(|number| serde_json::json!({"id": format!("{number:08}-0000-4000-8000-000000000000"), "username": format!("u{number}")}));
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
