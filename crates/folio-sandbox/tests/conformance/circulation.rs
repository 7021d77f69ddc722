//! Check-out, check-in, renewal and requests. The users, items and policies were created before the
//! recording: they are reconstructed here from the rows.

use folio_sandbox::{Builder, Sandbox};
use serde_json::{Value, json};

use crate::compare::{RELEASE_FIELDS, differences, masked};
use crate::lending::{DESK, prepare};
use crate::session::{Session, bytes, text, uuid_of};
use crate::wire::{Reply, exchange};
use crate::{Report, rows};

/// A request for delivery.
const DELIVERY: &str = "f059bce5-fad6-4260-812b-5b2f20eadeda";

/// The rules of the reference data.
const RULES: &str = "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line\nfallback-policy: l d9cd0bed-1b49-4b5e-a7bd-064b8d177231 r 334e5a9e-94f9-4673-8d1d-ab552863886b n 122b3d2b-4788-4f1e-9117-56daa91cb75c o cd3f6cac-fa17-4079-9fae-2fb28e521412 i ed892c0e-52e0-4cd9-8133-c0ef07b4a709 \nm 1a54b431-2e4f-452d-9cae-9cee66c9a892: l 43198de5-f56a-4a53-a0bd-5a324418967a r 334e5a9e-94f9-4673-8d1d-ab552863886b n 122b3d2b-4788-4f1e-9117-56daa91cb75c o cd3f6cac-fa17-4079-9fae-2fb28e521412 i ed892c0e-52e0-4cd9-8133-c0ef07b4a709";

/// The runs that the file consists of, by what their rows' names begin with, and what they were
/// recorded without.
pub(crate) fn run_of(name: &str) -> usize {
    match name {
        _ if name.starts_with("[no calendar module]") => 1,
        _ if name.starts_with("[events cannot be published]") => 2,
        _ => 0,
    }
}

fn builder(run: usize) -> Builder {
    let builder = Sandbox::builder()
        .release("quesnelia")
        .without_module("mod-notes")
        .without_module("mod-users-bl");
    match run {
        1 => builder.without_module("mod-calendar"),
        2 => builder.without_module("mod-pubsub"),
        _ => builder,
    }
}

pub(crate) async fn circulation(file: &str) -> Report {
    let mut report = Report::default();
    for run in 0..3 {
        let rows: Vec<Value> = rows(file)
            .into_iter()
            .filter(|row| run_of(text(row, "name")) == run)
            .collect();
        let mut session = Session::start("diku", builder(run)).await;
        prepare(&session, &rows);
        if run == 1 {
            permit(&session);
        }
        let rules = json!({ "rulesAsText": RULES }).to_string();
        let put = session
            .send("PUT", "/circulation/rules", Some(rules.as_bytes()))
            .await
            .unwrap();
        assert_eq!(put.status, 204, "{}", put.text());
        for row in &rows {
            replay(file, &mut session, row, run, &mut report).await;
        }
    }
    report
}

async fn replay(file: &str, session: &mut Session, row: &Value, run: usize, report: &mut Report) {
    let name = text(row, "name");
    if name.contains("state after:") {
        report.add(file, name, &state(session, row).await);
        return;
    }
    if name.starts_with("part 3: declare lost") {
        // Somebody made an owner of fees for the service point before it.
        let owner = json!({"id": uuid_of("owner"), "owner": "recB owner", "servicePointOwner": [{"value": DESK, "label": "Circ Desk 1"}]});
        session
            .sandbox
            .load("diku", "/owners", vec![owner])
            .unwrap();
    }
    before(session, row, run).await;
    let path = session.renamed(text(row, "path"));
    let body = bytes(row.get("body")).map(|body| {
        session
            .renamed(&String::from_utf8_lossy(&body))
            .into_bytes()
    });
    let headers = session.headers(body.is_some());
    let reply = exchange(
        &session.address,
        text(row, "method"),
        &path,
        &headers,
        body.as_deref(),
    )
    .await;
    if let Some(reply) = &reply {
        session.learn(row, reply);
    }
    let mut found = differences(row, reply.as_ref());
    if let Some(reply) = reply.filter(|reply| found.is_empty() && reply.status < 300) {
        found.extend(whole(row, &reply));
    }
    report.add(file, name, &found);
}

/// What was done before a row, and not recorded as a row: the rows after it show it.
async fn before(session: &mut Session, row: &Value, run: usize) {
    let name = text(row, "name");
    if run == 2 {
        lend(session, row).await;
    } else if name.trim_start_matches("[no calendar module] ") == "check out" {
        let body = json!({"itemBarcode": row["body"]["itemBarcode"], "servicePointId": DESK, "checkInDate": "2026-11-26T06:56:00.000Z"});
        let path = "/circulation/check-in-by-barcode";
        session
            .send("POST", path, Some(body.to_string().as_bytes()))
            .await;
    } else if name == "request hold" {
        let path = session.renamed(&format!("/circulation/requests/{DELIVERY}"));
        session.send("DELETE", &path, None).await;
    }
}

/// Where the rows before were not recorded, the item that comes in is lent first.
async fn lend(session: &mut Session, row: &Value) {
    let barcode = match row["body"]["itemBarcode"].as_str() {
        Some(barcode) if text(row, "path").ends_with("/check-in-by-barcode") => barcode.to_owned(),
        _ if text(row, "path").ends_with("/claim-item-returned") => "recBa5102iC".to_owned(),
        _ => return,
    };
    let body =
        json!({"itemBarcode": barcode, "userBarcode": "recBa5102p1", "servicePointId": DESK});
    let reply = session
        .send(
            "POST",
            "/circulation/check-out-by-barcode",
            Some(body.to_string().as_bytes()),
        )
        .await
        .unwrap();
    let loan: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
    if let (Some(recorded), Some(own)) = (text(row, "path").split('/').nth(3), loan["id"].as_str())
    {
        session.names.insert(recorded.to_owned(), own.to_owned());
    }
}

/// The administrator of the run without calendars may override blocks.
fn permit(session: &Session) {
    let user = &session.sandbox.records("diku", "/users").unwrap();
    let admin = user.iter().find(|user| user["username"] == "diku_admin");
    let record = json!({
        "id": uuid_of("permissions"), "userId": admin.unwrap()["id"],
        "permissions": ["circulation.override-patron-block", "circulation.override-item-limit-block", "circulation.override-item-not-loanable-block", "circulation.override-renewal-block"],
    });
    session
        .sandbox
        .load("diku", "/perms/users", vec![record])
        .unwrap();
}

/// A value without what differs from run to run, for comparison.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| {
                !RELEASE_FIELDS.contains(&name.as_str()) || *name == "displaySummary"
            })
            .filter(|(name, value)| *name != "displaySummary" || !value.is_null())
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::String(text) => masked(text).into(),
        Value::Number(number) => number.as_f64().into(),
        other => other.clone(),
    }
}

/// Paths and values that differ.
fn unequal(path: &str, own: &Value, recorded: &Value, found: &mut Vec<String>) {
    match (own, recorded) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let at = format!("{path}/{name}");
                match (a.get(name), b.get(name)) {
                    (Some(a), Some(b)) => unequal(&at, a, b, found),
                    (a, b) => found.push(format!("{at} {a:?}, recorded {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (a, b)) in a.iter().zip(b).enumerate() {
                unequal(&format!("{path}/{place}"), a, b, found);
            }
        }
        _ if own == recorded => {}
        _ => found.push(format!("{path} {own}, recorded {recorded}")),
    }
}

/// How far dates are from each other that a policy has calculated: `dueDate` and the end of the
/// hold shelf, as days from the row's day.
fn days(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_days(value, "", &mut found);
    found
}

fn collect_days(value: &Value, name: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect_days(value, name, found);
            }
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| collect_days(value, name, found)),
        Value::String(text) if matches!(name, "dueDate" | "holdShelfExpirationDate") => {
            // Whether it is the end of a day, or a time.
            found.push(format!(
                "{name} {}",
                if text.contains("T23:59:59") {
                    "end of a day"
                } else {
                    "time"
                }
            ));
        }
        _ => {}
    }
}

fn whole(row: &Value, reply: &Reply) -> Vec<String> {
    let recorded = serde_json::from_str::<Value>(text(row, "text"));
    let own = serde_json::from_str::<Value>(&reply.text());
    let (Ok(recorded), Ok(own)) = (recorded, own) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    unequal("", &plain(&own), &plain(&recorded), &mut found);
    if days(&own) != days(&recorded) {
        found.push(format!("{:?}, recorded {:?}", days(&own), days(&recorded)));
    }
    if found.is_empty() {
        return found;
    }
    vec![format!("record: {}", found.join(" | "))]
}

async fn get(session: &Session, path: &str) -> Value {
    match session.send("GET", path, None).await {
        Some(reply) => serde_json::from_str(&reply.text()).unwrap_or_default(),
        None => Value::Null,
    }
}

/// Records without ids, in an order that does not depend on them.
fn sorted(list: &Value) -> Value {
    let mut list: Vec<Value> = list.as_array().into_iter().flatten().map(plain).collect();
    list.sort_by_key(ToString::to_string);
    list.into()
}

/// What the storage modules have after a row.
async fn state(session: &Session, row: &Value) -> Vec<String> {
    let id = session.renamed(text(&row["item"], "id"));
    let item = get(session, &format!("/item-storage/items/{id}")).await;
    let list = |path: &str, query: &str, key: &str| {
        let path = format!("{path}?limit=200&query={query}");
        let key = key.to_owned();
        async move { get(session, &path).await[&key].clone() }
    };
    let loans = list("/loan-storage/loans", &format!("itemId=={id}"), "loans").await;
    let history = list(
        "/loan-storage/loan-history",
        &format!("loan.itemId=={id}"),
        "loansHistory",
    )
    .await;
    let history: Value = history
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| {
            json!({
                "operation": entry["operation"], "action": entry["loan"]["action"], "itemStatus": entry["loan"]["itemStatus"],
                "status": entry["loan"]["status"],
            })
        })
        .collect();
    let recorded_history: Value = row["loan_history"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("createdDate");
            entry
        })
        .collect();
    let requests = list(
        "/request-storage/requests",
        &format!("itemId=={id}"),
        "requests",
    )
    .await;
    let check_ins = list(
        "/check-in-storage/check-ins",
        &format!("itemId=={id}"),
        "checkIns",
    )
    .await;
    let sessions = get(
        session,
        "/patron-action-session-storage/patron-action-sessions?limit=500",
    )
    .await;
    // The recording has the sessions of the item's loans.
    let of_loans: Value = sessions["patronActionSessions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|session| {
            loans
                .as_array()
                .into_iter()
                .flatten()
                .any(|loan| loan["id"] == session["loanId"])
        })
        .cloned()
        .collect();
    let mut found = Vec::new();
    for (what, own, recorded) in [
        ("item", plain(&item), plain(&row["item"])),
        ("loans", sorted(&loans), sorted(&row["loans"])),
        ("history", sorted(&history), sorted(&recorded_history)),
        ("requests", sorted(&requests), sorted(&row["requests"])),
        ("check-ins", sorted(&check_ins), sorted(&row["check_ins"])),
        ("sessions", sorted(&of_loans), sorted(&row["sessions"])),
    ] {
        unequal(what, &own, &recorded, &mut found);
    }
    if found.is_empty() {
        return found;
    }
    vec![format!("state: {}", found.join(" | "))]
}
