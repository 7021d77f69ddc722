//! Routes whose responses are independent of records.

use http::StatusCode;
use serde_json::{Value, json};

use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::okapi::no_module;
use crate::wire::rmb;

/// The migrations of mod-inventory-storage 27, and their effects.
const MIGRATIONS: [(&str, &str); 3] = [
    ("publicationPeriodMigration", "INSTANCE"),
    ("itemShelvingOrderMigration", "ITEM"),
    ("subjectSeriesMigration", "INSTANCE"),
];

/// The response to a path of this file; none for other paths.
pub(crate) fn respond(request: &HttpRequest, path: &str) -> Option<HandlerResult> {
    if request.method != "GET" {
        return None;
    }
    let pretty = |value: &Value, order: &[&str]| {
        let order: Vec<String> = order.iter().map(|&name| name.to_owned()).collect();
        Some(Ok(rmb::json_ordered(StatusCode::OK, value, &order)))
    };
    match path {
        // Each module has it at its own port, and none at the gateway.
        "/_/jsonSchemas" => Some(Ok(no_module())),
        // mod-login writes no log unless it is configured to.
        "/authn/log/events" => Some(Ok(HttpResponse::empty(StatusCode::NO_CONTENT))),
        "/inventory-storage/migrations" => {
            let list: Vec<Value> = MIGRATIONS
                .iter()
                .map(|(name, kind)| json!({"migrations": [name], "affectedEntities": [kind]}))
                .collect();
            pretty(
                &json!({"asyncMigrations": list, "totalRecords": list.len()}),
                &["asyncMigrations"],
            )
        }
        // Migrations are not started here.
        "/inventory-storage/migrations/jobs" => {
            pretty(&json!({"jobs": [], "totalRecords": 0}), &["jobs"])
        }
        "/users/configurations/entry" => pretty(
            &json!({
                "id": "6e2b9830-d05e-4954-a6c6-a4fa44d64ab6",
                "configName": "PROFILE_PICTURE_CONFIG",
                "enabled": false,
                "enabledObjectStorage": false,
                "encryptionKey": "ThisIsASimpleDefaultKeyToTestIts",
                "maxFileSize": 4.0,
            }),
            &["id"],
        ),
        _ => None,
    }
}
