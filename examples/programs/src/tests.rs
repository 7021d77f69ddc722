//! The programs over the FOLIO in the process; those whose modules it does not emulate, over a
//! server that plays their part.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::path::Path;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{FolioClient, Id};
use folio_test_support::clock::Clock;
use folio_test_support::sandbox::{ADMIN, ADMIN_PASSWORD, admin, demo};
use folio_test_support::server::{Asked, Folio, Reply};
use folio_test_support::service::http;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::*;

#[tokio::test]
async fn active_users_are_exported_with_and_without_async() {
    let (sandbox, folio) = demo().await;
    let mut out = Vec::new();
    let count = export_users::run(&folio, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    let active = sandbox.records("diku", "/users").unwrap();
    let active = active.iter().filter(|user| user["active"] == true).count();
    assert!(count > 10 && count == active, "{count} {active}");
    assert_eq!(text.lines().count(), count + 1);
    assert!(
        text.lines()
            .skip(1)
            .all(|line| line.split(',').count() >= 5)
    );
    let url = sandbox.url().to_owned();
    let same = tokio::task::spawn_blocking(move || {
        let folio = folio_sdk::blocking::FolioClient::builder(url)
            .tenant("diku")
            .credentials(ADMIN, ADMIN_PASSWORD)
            .connect()
            .unwrap();
        let mut out = Vec::new();
        export_users_blocking::run(&folio, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    });
    assert_eq!(same.await.unwrap(), text);
}

#[tokio::test]
async fn instances_are_tagged_once() {
    let (sandbox, folio) = demo().await;
    let instances = || {
        sandbox
            .records("diku", "/instance-storage/instances")
            .unwrap()
    };
    let codes = sandbox.records("diku", "/statistical-codes").unwrap();
    let code = codes.iter().find(|code| code["code"] == "gift").unwrap();
    let code = code["id"].as_str().unwrap();
    let mut hrids: Vec<String> = instances()
        .iter()
        .map(|instance| instance["hrid"].as_str().unwrap().to_owned())
        .collect();
    let count = hrids.len();
    hrids.push("in99999999".to_owned());
    let first = tag_instances::run(&folio, hrids.clone(), code, "checked")
        .await
        .unwrap();
    assert_eq!(first.failed.len(), 0, "{:?}", first.failed);
    assert_eq!((first.changed, first.unchanged), (count, 0));
    assert_eq!(first.missing, ["in99999999"]);
    let before = instances();
    assert!(before.iter().all(|instance| {
        instance["administrativeNotes"]
            .as_array()
            .unwrap()
            .contains(&json!("checked"))
    }));
    let second = tag_instances::run(&folio, hrids, code, "checked")
        .await
        .unwrap();
    assert_eq!((second.changed, second.unchanged), (0, count));
    assert_eq!(instances(), before);
}

#[tokio::test]
async fn users_are_loaded_again_and_none_is_doubled() {
    let (sandbox, folio) = demo().await;
    let known = "00000000-0000-4000-8000-00000000abcd";
    let other = json!({"id": known, "username": "here-before", "externalSystemId": "ext-5", "active": true,
        "personal": {"lastName": "Before"}});
    sandbox.load("diku", "/users", vec![other]).unwrap();
    let users: Vec<Value> = (0..200)
        .map(|n| json!({"username": format!("loaded-{n}"), "externalSystemId": format!("ext-{n}"), "active": true, "personal": {"lastName": format!("Name {n}")}}))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.json");
    std::fs::write(&file, json!(users).to_string()).unwrap();
    let report = load_users::run(&folio, &file).await.unwrap();
    assert_eq!(
        (report.created, report.updated, report.failed),
        (199, 1, 0),
        "{report}"
    );
    let again = load_users::run(&folio, &file).await.unwrap();
    assert_eq!((again.unchanged, again.total()), (200, 200), "{again}");
    let stored = sandbox.records("diku", "/users").unwrap();
    let same = stored
        .iter()
        .filter(|user| user["externalSystemId"] == "ext-5");
    assert!(same.map(|user| &user["id"]).eq([known]));
}

#[tokio::test]
async fn the_service_answers_loans_and_fitting_statuses() {
    let http = http();
    let (sandbox, folio) = demo().await;
    let users = sandbox.records("diku", "/users").unwrap();
    let user = users
        .iter()
        .find(|user| user["barcode"].is_string())
        .unwrap();
    let loan = json!({"id": Id::new_v4(), "userId": user["id"], "itemId": Id::new_v4(), "action": "checkedout",
        "loanDate": "2026-01-01T00:00:00.000+00:00", "status": {"name": "Open"}});
    sandbox
        .load("diku", "/loan-storage/loans", vec![loan])
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, loans_service::app(folio)).await });
    let get = async |barcode: &str| {
        let request = http.get(format!("{url}/users/{barcode}/loans"));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, body) = get(user["barcode"].as_str().unwrap()).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert!(!body.as_array().unwrap().is_empty());
    assert_eq!(get("unknown").await.0, 404);
    sandbox.fault(Fault::new(Effect::status(403, "Access denied")).path("/users"));
    assert_eq!(get("anybody").await.0, 502);
}

#[tokio::test]
async fn items_and_holdings_are_written_again_each_night() {
    let (sandbox, folio) = demo().await;
    let folder = tempfile::tempdir().unwrap();
    let items = sandbox
        .records("diku", "/item-storage/items")
        .unwrap()
        .len();
    let lines = |path: &Path| std::fs::read_to_string(path).unwrap().lines().count();
    for _ in 0..2 {
        let (holdings, written) = nightly_items::run(&folio, folder.path()).await.unwrap();
        assert!(holdings > 0);
        assert_eq!(written as usize, items);
        assert_eq!(lines(&folder.path().join("items.jsonl")), items);
    }
}

#[tokio::test]
async fn locations_of_all_members_are_listed() {
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user(ADMIN, ADMIN_PASSWORD)
        .consortium("diku", ["college", "university"])
        .start()
        .await
        .unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    let found = member_locations::run(&folio).await.unwrap();
    assert!(found.contains_key("college") && found.contains_key("university"));
    assert!(found.values().all(Result::is_ok), "{found:?}");
}

/// A server that plays modules which the sandbox lacks, and a client of it.
pub(crate) async fn played(
    modules: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static,
) -> (Folio, FolioClient) {
    let server = Folio::start(modules).await;
    server.accept("a.b.c");
    let folio = FolioClient::builder(&server.url)
        .tenant("diku")
        .token("a.b.c")
        .build()
        .unwrap();
    (server, folio)
}

fn modules(asked: &Asked, before: usize) -> Reply {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let id = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
    let answer = |status, value: Value| Reply::new(status, "application/json", value.to_string());
    match (&*asked.method, asked.path()) {
        // A block that may be overridden, as mod-circulation reports it.
        ("POST", "/circulation/check-out-by-barcode") if body.get("overrideBlocks").is_none() => {
            answer(
                422,
                json!({"errors": [{"message": "Patron has reached maximum allowed outstanding fee/fine balance for all fee/fine types",
                "parameters": [], "code": "USER_IS_BLOCKED_AUTOMATICALLY",
                "overridableBlock": {"name": "patronBlock", "missingPermissions": []}}]}),
            )
        }
        ("POST", "/circulation/check-out-by-barcode") => answer(
            201,
            json!({"id": id, "userId": id, "itemId": id, "loanDate": "2026-01-01T00:00:00.000Z", "action": "checkedout"}),
        ),
        ("POST", "/circulation/check-in-by-barcode") => answer(200, json!({"loan": null})),
        ("POST", "/data-import/uploadDefinitions") => {
            let file = &body["fileDefinitions"][0];
            answer(
                201,
                json!({"id": id, "status": "NEW", "fileDefinitions": [{"id": id, "name": file["name"], "jobExecutionId": id}]}),
            )
        }
        ("POST", path) if path.starts_with("/data-import/") && path.ends_with("/processFiles") => {
            Reply::empty(204)
        }
        ("POST", path) if path.starts_with("/data-import/") => answer(
            200,
            json!({"id": id, "status": "LOADED", "fileDefinitions": [{"id": id, "name": "x.mrc", "jobExecutionId": id}]}),
        ),
        ("GET", path) if path.starts_with("/change-manager/jobExecutions/") => answer(
            200,
            json!({"id": id, "parentJobId": id, "subordinationType": "PARENT_SINGLE", "userId": id,
                "status": if before == 0 { "PARSING_IN_PROGRESS" } else { "COMMITTED" }, "uiStatus": "RUNNING",
                "progress": {"current": 1, "total": 2}}),
        ),
        ("POST", "/orders/composite-orders" | "/orders/order-lines") => answer(201, body),
        ("GET", path) if path.starts_with("/orders/composite-orders/") => answer(
            200,
            json!({"id": id, "vendor": id, "orderType": "One-Time", "poNumber": "10001", "workflowStatus": "Pending"}),
        ),
        ("PUT", path) if path.starts_with("/orders/composite-orders/") => Reply::empty(204),
        // The page after the last record.
        ("GET", "/finance-storage/transactions") if asked.target.contains("id%3E") => {
            answer(200, json!({"transactions": [], "totalRecords": 0}))
        }
        ("GET", "/finance-storage/transactions") => answer(
            200,
            json!({"transactions": [{"id": id, "amount": 10.0, "currency": "USD", "fiscalYearId": id, "source": "PoLine",
                "transactionType": "Encumbrance"}], "totalRecords": 1}),
        ),
        _ => Reply::text(404, "Not found"),
    }
}

/// The bodies that came with a method and a path that begins so.
fn bodies(server: &Folio, method: &str, path: &str) -> Vec<Value> {
    let asked = server.log().into_iter();
    asked
        .filter(|asked| asked.method == method && asked.path().starts_with(path))
        .map(|asked| serde_json::from_str(&asked.body).unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn a_block_is_overridden_only_if_that_was_asked_for() {
    let (server, folio) = played(|asked, before| Some(modules(asked, before))).await;
    let desk = Id::new_v4();
    let error = circulate::check_out(&folio, "item", "user", &desk, None)
        .await
        .unwrap_err();
    assert!(error.is_validation());
    let loan = circulate::check_out(&folio, "item", "user", &desk, Some("paid in cash"))
        .await
        .unwrap();
    assert!(loan.id.is_some());
    let sent = bodies(&server, "POST", "/circulation/check-out-by-barcode");
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[2]["overrideBlocks"],
        json!({"patronBlock": {}, "comment": "paid in cash"})
    );
    circulate::check_in(&folio, "item", &desk, "2026-01-01T10:00:00Z".into())
        .await
        .unwrap();
}

#[tokio::test]
async fn items_of_the_demo_are_lent_and_returned() {
    let (sandbox, folio) = demo().await;
    let desk = &sandbox.records("diku", "/service-points").unwrap()[0];
    let desk: Id = desk["id"].as_str().unwrap().into();
    let status = || {
        let items = sandbox.records("diku", "/item-storage/items").unwrap();
        items[0]["status"]["name"].clone()
    };
    let loan = circulate::check_out(&folio, "0004000000", "20250000", &desk, None)
        .await
        .unwrap();
    assert!(loan.due_date.is_some());
    assert_eq!(status(), "Checked out");
    let now = std::time::SystemTime::now();
    circulate::check_in(&folio, "0004000000", &desk, now.into())
        .await
        .unwrap();
    assert_eq!(status(), "Available");
}

#[tokio::test]
async fn a_patron_block_of_the_demo_needs_the_permission_to_override_it() {
    let (sandbox, folio) = demo().await;
    let find = |path: &str, field: &str, value: &str| {
        let records = sandbox.records("diku", path).unwrap();
        let found = records.into_iter().find(|record| record[field] == value);
        Id::from(found.unwrap()["id"].as_str().unwrap())
    };
    let desk = find("/service-points", "code", "SP1");
    let block = json!({"id": Id::new_v4(), "userId": find("/users", "barcode", "20250000"), "type": "Manual",
        "desc": "card lost", "borrowing": true, "renewals": false, "requests": false});
    sandbox.load("diku", "/manualblocks", vec![block]).unwrap();
    let lend = async |comment| {
        circulate::check_out(&folio, "0004000000", "20250000", &desk, comment).await
    };
    let error = lend(Some("shown in person")).await.unwrap_err();
    let body: Value = error.body_json().unwrap();
    let missing = &body["errors"][0]["overridableBlock"]["missingPermissions"];
    assert_eq!(*missing, json!(["circulation.override-patron-block.post"]));
    let user = folio.current_user_id().await.unwrap();
    let granted = json!({"id": Id::new_v4(), "userId": user, "permissions": missing});
    sandbox.load("diku", "/perms/users", vec![granted]).unwrap();
    assert!(lend(None).await.unwrap_err().is_validation());
    assert!(lend(Some("shown in person")).await.is_ok());
}

#[tokio::test]
async fn a_file_is_imported_and_followed() {
    let (server, folio) = played(|asked, before| Some(modules(asked, before))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.mrc");
    std::fs::write(&file, "00026     2200025   4500").unwrap();
    let profile = json!({"id": Id::new_v4(), "name": "Default", "dataType": "MARC"});
    let profile = serde_json::from_value(profile).unwrap();
    let import = import_marc::run(&folio, &file, profile, std::time::Duration::from_secs(60));
    let clock = Clock::stop();
    let job = clock
        .run(std::time::Duration::from_millis(1), import)
        .await
        .unwrap();
    assert_eq!(job.status.to_string(), "COMMITTED");
    assert_eq!(
        bodies(&server, "GET", "/change-manager/jobExecutions").len(),
        2
    );
}

#[tokio::test]
async fn an_order_is_opened_and_its_encumbrances_are_read() {
    let (server, folio) = played(|asked, before| Some(modules(asked, before))).await;
    let title = |title: &str| order::Title {
        title: title.to_owned(),
        price: 10.into(),
        copies: 1,
    };
    let id = Id::new_v4();
    let (order, encumbrances) = order::run(&folio, &id, &id, &id, vec![title("One"), title("Two")])
        .await
        .unwrap();
    assert_eq!(order.po_number.as_deref(), Some("10001"));
    assert_eq!(encumbrances.len(), 1);
    let lines = bodies(&server, "POST", "/orders/order-lines");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["titleOrPackage"], "Two");
    assert_eq!(lines[0]["purchaseOrderId"], order_id(&server));
    assert_eq!(
        bodies(&server, "PUT", "/orders/composite-orders/")[0]["workflowStatus"],
        "Open"
    );
}

fn order_id(server: &Folio) -> Value {
    bodies(server, "POST", "/orders/composite-orders")[0]["id"].clone()
}
