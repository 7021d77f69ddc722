//! The users, items, policies and reference data with which the rows of circulation were recorded.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::circulation::run_of;
use crate::session::{Session, text, uuid_of};

pub(crate) const DESK: &str = "3a40852d-49fd-4df2-a1f9-6e2641a6e91f";
const LOCATION: &str = "758258bc-ecc1-41b8-abca-f7b610822ffd";
const GROUP: &str = "bdc2b6d4-5ceb-4a12-ab46-249b9a68473e";
const VIDEO: &str = "30b3e36a-d3b2-415e-98c2-47fbdf878862";

/// The statuses of items whose barcodes name them.
const STATUSES: [&str; 16] = [
    "Missing",
    "Declared lost",
    "Withdrawn",
    "In process",
    "On order",
    "Intellectual item",
    "Claimed returned",
    "Unknown",
    "Lost and paid",
    "Aged to lost",
    "Restricted",
    "Unavailable",
    "Long missing",
    "Order closed",
    "In process (non-requestable)",
    "Available",
];

/// What the rows say of users and items: ids by barcodes, holdings and material types of items.
#[derive(Default)]
struct Known {
    ids: BTreeMap<String, String>,
    material: BTreeMap<String, String>,
    holdings: BTreeMap<String, String>,
    instances: BTreeMap<String, String>,
}

/// The beginning of the barcodes of a run.
fn prefix(barcode: &str) -> &str {
    barcode.get(..9).unwrap_or(barcode)
}

impl Known {
    fn of(rows: &[Value]) -> Self {
        let mut known = Self::default();
        for row in rows {
            let body = &row["body"];
            for name in ["itemBarcode", "userBarcode", "proxyUserBarcode"] {
                if let Some(barcode) = body[name]
                    .as_str()
                    .filter(|code| code.starts_with("recBa5"))
                {
                    known
                        .ids
                        .entry(barcode.to_owned())
                        .or_insert_with(|| uuid_of(barcode));
                }
            }
            for id in [
                ("request: inactive user", "inactive"),
                ("request: blocked user", "blocked"),
                ("request: user without group", "nog"),
            ] {
                if text(row, "name") == id.0 {
                    let barcode = format!("recBa5135{}", id.1);
                    known
                        .ids
                        .insert(barcode, text(body, "requesterId").to_owned());
                }
            }
        }
        if rows.iter().any(|row| run_of(text(row, "name")) == 2) {
            let barcode = "recBa5102p1";
            known.ids.insert(barcode.to_owned(), uuid_of(barcode));
        }
        for row in rows {
            known.item(&row["item"]);
            if let Ok(answer) = serde_json::from_str::<Value>(text(row, "text")) {
                for record in [&answer, &answer["loan"]] {
                    if let (Some(barcode), Some(id)) = (
                        record["borrower"]["barcode"].as_str(),
                        record["userId"].as_str(),
                    ) {
                        known.ids.insert(barcode.to_owned(), id.to_owned());
                    }
                    known.item(&record["item"]);
                }
                if let (Some(barcode), Some(id)) = (
                    answer["requester"]["barcode"].as_str(),
                    answer["requesterId"].as_str(),
                ) {
                    known.ids.insert(barcode.to_owned(), id.to_owned());
                }
                if let (Some(barcode), Some(id)) = (
                    answer["item"]["barcode"].as_str(),
                    answer["itemId"].as_str(),
                ) {
                    known.ids.insert(barcode.to_owned(), id.to_owned());
                    let run = prefix(barcode).to_owned();
                    if let (Some(holdings), Some(instance)) = (
                        answer["holdingsRecordId"].as_str(),
                        answer["instanceId"].as_str(),
                    ) {
                        known.holdings.insert(run.clone(), holdings.to_owned());
                        known.instances.insert(run, instance.to_owned());
                    }
                }
            }
        }
        known
    }

    fn item(&mut self, item: &Value) {
        let Some(barcode) = item["barcode"].as_str() else {
            return;
        };
        if let Some(id) = item["id"].as_str() {
            self.ids.insert(barcode.to_owned(), id.to_owned());
        }
        if let Some(material) = item["materialTypeId"].as_str() {
            self.material
                .insert(barcode.to_owned(), material.to_owned());
        }
        let run = prefix(barcode).to_owned();
        if let Some(holdings) = item["holdingsRecordId"].as_str() {
            self.holdings.insert(run.clone(), holdings.to_owned());
        }
        if let Some(instance) = item["instanceId"].as_str() {
            self.instances.insert(run, instance.to_owned());
        }
    }
}

pub(crate) fn prepare(session: &Session, rows: &[Value]) {
    let load =
        |path: &str, records: Vec<Value>| session.sandbox.load("diku", path, records).unwrap();
    reference(&load);
    let known = Known::of(rows);
    let mut runs: Vec<&str> = known.ids.keys().map(|barcode| prefix(barcode)).collect();
    runs.dedup();
    for run in runs {
        let id = |map: &BTreeMap<String, String>, what: &str| {
            map.get(run)
                .cloned()
                .unwrap_or_else(|| uuid_of(&format!("{what} {run}")))
        };
        let (holdings, instance) = (
            id(&known.holdings, "holdings"),
            id(&known.instances, "instance"),
        );
        load(
            "/instance-storage/instances",
            vec![json!({
                "id": instance, "source": "recB", "title": "recB circulation", "instanceTypeId": uuid_of("type"),
            })],
        );
        load(
            "/holdings-storage/holdings",
            vec![json!({
                "id": holdings, "instanceId": instance, "permanentLocationId": LOCATION, "effectiveLocationId": LOCATION,
            })],
        );
        let of_run = known
            .ids
            .iter()
            .filter(|(barcode, _)| prefix(barcode) == run);
        for (barcode, id) in of_run {
            let rest = &barcode[9..];
            if rest.starts_with('i') && !rest.starts_with("inactive") || rest.starts_with("st") {
                load(
                    "/item-storage/items",
                    vec![item(&known, barcode, id, &holdings)],
                );
            } else {
                load("/users", vec![user(rest, barcode, id)]);
                if rest == "blocked" {
                    load(
                        "/manualblocks",
                        vec![json!({
                            "id": uuid_of(barcode), "type": "Manual", "desc": "recB block", "userId": id, "borrowing": true, "renewals": true,
                            "requests": true,
                        })],
                    );
                }
            }
        }
    }
}

fn item(known: &Known, barcode: &str, id: &str, holdings: &str) -> Value {
    let rest = &barcode[9..];
    let status = rest.strip_prefix("st").map_or("Available", |status| {
        STATUSES
            .into_iter()
            .find(|known| known.replace(' ', "") == status)
            .unwrap_or("Available")
    });
    let material = match rest {
        "iG" => "1a54b431-2e4f-452d-9cae-9cee66c9a892",
        "iX" => "3d9e5b02-bbfb-4013-b342-4634bbec7f5f",
        _ => known.material.get(barcode).map_or(VIDEO, String::as_str),
    };
    json!({
        "id": id, "hrid": format!("it{:08}", known.ids.keys().position(|own| own == barcode).unwrap() + 1), "_version": 1, "holdingsRecordId": holdings, "barcode": barcode, "status": {"name": status, "date": "2026-11-26T06:55:49.402+00:00"},
        "materialTypeId": material, "permanentLoanTypeId": "2e48e713-17f3-4c13-a9f8-23845bb210a4", "effectiveLocationId": LOCATION,
        "effectiveCallNumberComponents": {}, "formerIds": [], "yearCaption": [], "administrativeNotes": [], "notes": [],
        "circulationNotes": [], "electronicAccess": [], "statisticalCodeIds": [],
        "metadata": {"createdDate": "2026-11-26T06:55:49.402+00:00", "createdByUserId": uuid_of("x"), "updatedDate": "2026-11-26T06:55:49.402+00:00", "updatedByUserId": uuid_of("x")},
    })
}

fn user(rest: &str, barcode: &str, id: &str) -> Value {
    let mut user = json!({
        "id": id, "username": barcode, "barcode": barcode, "active": rest != "inactive", "patronGroup": GROUP,
        "personal": {"lastName": format!("recB {rest}"), "firstName": "F", "preferredContactTypeId": "002"},
    });
    if rest == "nog" {
        user.as_object_mut().unwrap().remove("patronGroup");
    }
    if rest == "expired" {
        user["expirationDate"] = "2020-01-01T00:00:00.000+00:00".into();
    }
    user
}

/// The reference data of the recorded server, as far as the rows need it.
fn reference(load: &dyn Fn(&str, Vec<Value>)) {
    let period =
        |duration: i64, interval: &str| json!({"duration": duration, "intervalId": interval});
    load(
        "/location-units/institutions",
        vec![json!({"id": uuid_of("institution"), "name": "Københavns Universitet", "code": "KU"})],
    );
    load(
        "/location-units/campuses",
        vec![
            json!({"id": uuid_of("campus"), "name": "City Campus", "code": "CC", "institutionId": uuid_of("institution")}),
        ],
    );
    load(
        "/location-units/libraries",
        vec![
            json!({"id": uuid_of("library"), "name": "Datalogisk Institut", "code": "DI", "campusId": uuid_of("campus")}),
        ],
    );
    load(
        "/service-points",
        vec![
            json!({"id": DESK, "name": "Circ Desk 1", "code": "cd1", "discoveryDisplayName": "Circulation Desk -- Hallway", "pickupLocation": true, "holdShelfExpiryPeriod": period(3, "Weeks")}),
            json!({"id": "c4c90014-c8c9-4ade-8f24-b5e313319f4b", "name": "Circ Desk 2", "code": "cd2", "discoveryDisplayName": "Circulation Desk -- Back Entrance", "pickupLocation": true, "holdShelfExpiryPeriod": period(5, "Days")}),
            json!({"id": "7c5abc9f-f3d7-4856-b8d7-6712462ca007", "name": "Online", "code": "Online", "discoveryDisplayName": "Online", "pickupLocation": false}),
        ],
    );
    load(
        "/locations",
        vec![json!({
            "id": LOCATION, "name": "ORWIG ETHNO CD", "code": "KU/CC/DI/O", "institutionId": uuid_of("institution"), "campusId": uuid_of("campus"),
            "libraryId": uuid_of("library"), "primaryServicePoint": DESK, "servicePointIds": [DESK],
        })],
    );
    load(
        "/material-types",
        vec![
            json!({"id": VIDEO, "name": "video recording"}),
            json!({"id": "1a54b431-2e4f-452d-9cae-9cee66c9a892", "name": "book"}),
            json!({"id": "3d9e5b02-bbfb-4013-b342-4634bbec7f5f", "name": "recB a a51d1"}),
            json!({"id": "de48f7fa-f19d-4378-bb10-3b3972a6c741", "name": "recB b a51d1"}),
        ],
    );
    load(
        "/loan-types",
        vec![json!({"id": "2e48e713-17f3-4c13-a9f8-23845bb210a4", "name": "Reading room"})],
    );
    load(
        "/groups",
        vec![json!({"id": GROUP, "group": "undergrad", "desc": "Undergraduate Student"})],
    );
    load(
        "/loan-policy-storage/loan-policies",
        vec![
            json!({
                "id": "d9cd0bed-1b49-4b5e-a7bd-064b8d177231", "name": "Example Loan Policy", "loanable": true, "renewable": true,
                "loansPolicy": {"profileId": "Rolling", "period": period(60, "Days"), "closedLibraryDueDateManagementId": "CURRENT_DUE_DATE", "gracePeriod": period(7, "Days")},
                "renewalsPolicy": {"unlimited": true, "renewFromId": "CURRENT_DUE_DATE", "differentPeriod": true, "period": period(30, "Days")},
                "requestManagement": {"recalls": {"minimumGuaranteedLoanPeriod": period(30, "Days"), "recallReturnInterval": period(5, "Days")}},
            }),
            json!({
                "id": "43198de5-f56a-4a53-a0bd-5a324418967a", "name": "One Hour", "loanable": true, "renewable": true,
                "loansPolicy": {"profileId": "Rolling", "period": period(1, "Hours"), "closedLibraryDueDateManagementId": "CURRENT_DUE_DATE_TIME"},
                "renewalsPolicy": {"unlimited": false, "numberAllowed": 3, "renewFromId": "SYSTEM_DATE", "differentPeriod": false},
            }),
            json!({
                "id": "61d3e0a5-5a36-4416-8d17-f45cae674934", "name": "recB a51d1", "loanable": true, "renewable": true,
                "loansPolicy": {"profileId": "Rolling", "period": period(3, "Weeks"), "closedLibraryDueDateManagementId": "CURRENT_DUE_DATE"},
                "renewalsPolicy": {"unlimited": false, "numberAllowed": 1, "renewFromId": "SYSTEM_DATE", "differentPeriod": false},
            }),
            json!({"id": "cac9b6f2-d1ea-4d9f-ad6e-53efb95b7be9", "name": "recB not loanable a51d1", "loanable": false, "renewable": false}),
        ],
    );
    load(
        "/request-policy-storage/request-policies",
        vec![
            json!({"id": "334e5a9e-94f9-4673-8d1d-ab552863886b", "name": "Allow All", "requestTypes": ["Hold", "Page", "Recall"]}),
        ],
    );
    load(
        "/patron-notice-policy-storage/patron-notice-policies",
        vec![
            json!({"id": "122b3d2b-4788-4f1e-9117-56daa91cb75c", "name": "sendNothing", "active": true}),
        ],
    );
    load(
        "/overdue-fines-policies",
        vec![
            json!({"id": "cd3f6cac-fa17-4079-9fae-2fb28e521412", "name": "Overdue fine policy", "countClosed": true, "maxOverdueFine": 0.0, "forgiveOverdueFine": true, "gracePeriodRecall": true, "maxOverdueRecallFine": 0.0}),
        ],
    );
    load(
        "/lost-item-fees-policies",
        vec![json!({
            "id": "ed892c0e-52e0-4cd9-8133-c0ef07b4a709", "name": "Lost item fee policy", "chargeAmountItem": {"chargeType": "actualCost", "amount": 0.0},
            "lostItemProcessingFee": 0.0, "chargeAmountItemPatron": true, "chargeAmountItemSystem": true, "returnedLostItemProcessingFee": true,
            "lostItemReturned": "Charge",
        })],
    );
    load(
        "/cancellation-reason-storage/cancellation-reasons",
        vec![
            json!({"id": "75187e8d-e25a-47a7-89ad-23ba612338de", "name": "Patron Cancelled", "description": "Cancelled at patron’s request"}),
        ],
    );
}
