//! A lending library: the common data of the tests of circulation and inventory.

use folio_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{Caller, id, start};

pub(crate) const DESK: usize = 1;
pub(crate) const OTHER_DESK: usize = 2;
pub(crate) const LOCATION: usize = 10;
pub(crate) const BOOK: usize = 20;
pub(crate) const DVD: usize = 21;
pub(crate) const LOAN_TYPE: usize = 25;
pub(crate) const STUDENT: usize = 30;
pub(crate) const STAFF: usize = 31;
pub(crate) const INSTANCE: usize = 40;
pub(crate) const HOLDINGS: usize = 41;
/// Policies: loans of weeks, of hours, to a fixed date, and none; requests, notices, overdue fines,
/// lost items.
pub(crate) const WEEKS: usize = 50;
pub(crate) const HOURS: usize = 51;
pub(crate) const FIXED: usize = 52;
pub(crate) const NOT_LENT: usize = 53;
pub(crate) const REQUESTS: usize = 60;
pub(crate) const HOLDS: usize = 61;
pub(crate) const NOTICES: usize = 65;
pub(crate) const FINES: usize = 70;
pub(crate) const LOST: usize = 75;

pub(crate) struct Library {
    pub(crate) sandbox: Sandbox,
    pub(crate) caller: Caller,
}

/// The policies of a rule.
pub(crate) fn policies(loan: usize, request: usize) -> String {
    format!(
        "l {} r {} n {} o {} i {}",
        id(loan),
        id(request),
        id(NOTICES),
        id(FINES),
        id(LOST)
    )
}

impl Library {
    /// A library with these rules after the fallback, which lends for three weeks.
    pub(crate) async fn with(rules: &str) -> Self {
        let sandbox = start(Sandbox::builder().user_records()).await;
        for (path, records) in records() {
            sandbox.load("diku", path, records).unwrap();
        }
        let caller = Caller::of(&sandbox).await;
        let library = Self { sandbox, caller };
        let text = format!(
            "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line\nfallback-policy: {}\n{rules}",
            policies(WEEKS, REQUESTS)
        );
        let (status, text) = library
            .caller
            .told(
                "PUT",
                "/circulation/rules",
                Some(json!({"rulesAsText": text})),
            )
            .await;
        assert_eq!(status, 204, "{text}");
        library
    }

    /// The item of a barcode: books but for those that begin with a d.
    pub(crate) fn item(&self, number: usize, barcode: &str, status: &str) {
        let material = if barcode.starts_with('d') { DVD } else { BOOK };
        self.load(
            "/item-storage/items",
            json!({
                "id": id(number), "hrid": format!("it{number}"), "_version": 1, "holdingsRecordId": id(HOLDINGS), "barcode": barcode,
                "status": {"name": status}, "materialTypeId": id(material), "permanentLoanTypeId": id(LOAN_TYPE),
                "effectiveLocationId": id(LOCATION),
            }),
        );
    }

    pub(crate) fn patron(&self, number: usize, barcode: &str, group: usize) {
        self.load(
            "/users",
            json!({
                "id": id(number), "username": barcode, "barcode": barcode, "active": true, "patronGroup": id(group),
                "personal": {"lastName": format!("Last of {barcode}"), "firstName": "First"},
            }),
        );
    }

    pub(crate) fn load(&self, path: &str, record: Value) {
        self.sandbox.load("diku", path, vec![record]).unwrap();
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let (status, text) = self.caller.told("POST", path, Some(body)).await;
        (status, serde_json::from_str(&text).unwrap_or(text.into()))
    }

    pub(crate) async fn lend(&self, item: &str, patron: &str) -> (u16, Value) {
        self.post(
            "/circulation/check-out-by-barcode",
            json!({"itemBarcode": item, "userBarcode": patron, "servicePointId": id(DESK)}),
        )
        .await
    }

    pub(crate) async fn return_at(&self, item: &str, desk: usize, at: &str) -> Value {
        let (status, answer) = self
            .post(
                "/circulation/check-in-by-barcode",
                json!({"itemBarcode": item, "servicePointId": id(desk), "checkInDate": at}),
            )
            .await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A request of the item of a number.
    pub(crate) fn request(number: usize, kind: &str, item: usize, patron: usize) -> Value {
        json!({
            "id": id(number), "requestType": kind, "requestLevel": "Item", "requestDate": "2026-11-26T06:56:01.000Z",
            "instanceId": id(INSTANCE), "holdingsRecordId": id(HOLDINGS), "itemId": id(item), "requesterId": id(patron),
            "fulfillmentPreference": "Hold Shelf", "pickupServicePointId": id(DESK),
        })
    }

    pub(crate) async fn ask(
        &self,
        number: usize,
        kind: &str,
        item: usize,
        patron: usize,
    ) -> (u16, Value) {
        self.post(
            "/circulation/requests",
            Self::request(number, kind, item, patron),
        )
        .await
    }

    pub(crate) async fn status_of(&self, item: usize) -> String {
        let item = self
            .caller
            .get(&format!("/item-storage/items/{}", id(item)))
            .await;
        item["status"]["name"].as_str().unwrap().to_owned()
    }
}

/// The messages of a rejection.
pub(crate) fn messages(answer: &Value) -> Vec<&str> {
    answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["message"].as_str().unwrap())
        .collect()
}

fn records() -> Vec<(&'static str, Vec<Value>)> {
    let period =
        |duration: i64, interval: &str| json!({"duration": duration, "intervalId": interval});
    let desk = |number: usize, name: &str| json!({"id": id(number), "name": name, "code": name, "discoveryDisplayName": name, "pickupLocation": true, "holdShelfExpiryPeriod": period(3, "Days")});
    vec![
        (
            "/location-units/institutions",
            vec![json!({"id": id(11), "name": "Institution", "code": "I"})],
        ),
        (
            "/location-units/campuses",
            vec![json!({"id": id(12), "name": "Campus", "code": "C", "institutionId": id(11)})],
        ),
        (
            "/location-units/libraries",
            vec![json!({"id": id(13), "name": "Library", "code": "L", "campusId": id(12)})],
        ),
        (
            "/service-points",
            vec![desk(DESK, "Desk"), desk(OTHER_DESK, "Other desk")],
        ),
        (
            "/locations",
            vec![json!({
                "id": id(LOCATION), "name": "Stacks", "code": "S", "institutionId": id(11), "campusId": id(12), "libraryId": id(13),
                "primaryServicePoint": id(DESK), "servicePointIds": [id(DESK)],
            })],
        ),
        (
            "/material-types",
            vec![
                json!({"id": id(BOOK), "name": "book"}),
                json!({"id": id(DVD), "name": "dvd"}),
            ],
        ),
        (
            "/loan-types",
            vec![json!({"id": id(LOAN_TYPE), "name": "Can circulate"})],
        ),
        (
            "/groups",
            vec![
                json!({"id": id(STUDENT), "group": "student"}),
                json!({"id": id(STAFF), "group": "staff"}),
            ],
        ),
        (
            "/instance-storage/instances",
            vec![json!({
                "id": id(INSTANCE), "hrid": "in1", "_version": 1, "source": "FOLIO", "title": "A title", "instanceTypeId": id(45),
                "contributors": [{"name": "A name", "contributorNameTypeId": id(46)}],
            })],
        ),
        (
            "/holdings-storage/holdings",
            vec![json!({
                "id": id(HOLDINGS), "hrid": "ho1", "_version": 1, "instanceId": id(INSTANCE), "permanentLocationId": id(LOCATION), "effectiveLocationId": id(LOCATION),
                "callNumber": "QA 76",
            })],
        ),
        (
            "/loan-policy-storage/loan-policies",
            vec![
                json!({
                    "id": id(WEEKS), "name": "Weeks", "loanable": true, "renewable": true,
                    "loansPolicy": {"profileId": "Rolling", "period": period(3, "Weeks"), "closedLibraryDueDateManagementId": "END_OF_THE_NEXT_OPEN_DAY", "itemLimit": 2},
                    "renewalsPolicy": {"unlimited": false, "numberAllowed": 1, "renewFromId": "CURRENT_DUE_DATE"},
                }),
                json!({
                    "id": id(HOURS), "name": "Hours", "loanable": true, "renewable": true,
                    "loansPolicy": {"profileId": "Rolling", "period": period(2, "Hours"), "closedLibraryDueDateManagementId": "CURRENT_DUE_DATE_TIME"},
                    "renewalsPolicy": {"unlimited": true, "renewFromId": "SYSTEM_DATE"},
                }),
                json!({
                    "id": id(FIXED), "name": "Fixed", "loanable": true, "renewable": false,
                    "loansPolicy": {"profileId": "Fixed", "fixedDueDateScheduleId": id(55), "closedLibraryDueDateManagementId": "CURRENT_DUE_DATE"},
                }),
                json!({"id": id(NOT_LENT), "name": "Not lent", "loanable": false, "renewable": false}),
            ],
        ),
        (
            "/fixed-due-date-schedule-storage/fixed-due-date-schedules",
            vec![json!({
                "id": id(55), "name": "Term", "schedules": [{"from": "2020-01-01T00:00:00.000+00:00", "to": "2099-12-31T00:00:00.000+00:00", "due": "2099-12-30T00:00:00.000+00:00"}],
            })],
        ),
        (
            "/request-policy-storage/request-policies",
            vec![
                json!({"id": id(REQUESTS), "name": "All", "requestTypes": ["Hold", "Page", "Recall"]}),
                json!({"id": id(HOLDS), "name": "Holds", "requestTypes": ["Hold"]}),
            ],
        ),
        (
            "/patron-notice-policy-storage/patron-notice-policies",
            vec![json!({"id": id(NOTICES), "name": "None", "active": true})],
        ),
        (
            "/overdue-fines-policies",
            vec![json!({
                "id": id(FINES), "name": "Fines", "countClosed": true, "forgiveOverdueFine": false, "gracePeriodRecall": false,
                "overdueFine": {"quantity": 0.5, "intervalId": "day"}, "maxOverdueFine": 5.0,
            })],
        ),
        (
            "/lost-item-fees-policies",
            vec![json!({
                "id": id(LOST), "name": "Lost", "chargeAmountItem": {"chargeType": "anotherCost", "amount": 20.0}, "lostItemProcessingFee": 3.0,
                "chargeAmountItemPatron": true, "chargeAmountItemSystem": true, "returnedLostItemProcessingFee": true, "lostItemReturned": "Charge",
            })],
        ),
        (
            "/owners",
            vec![
                json!({"id": id(80), "owner": "Owner", "servicePointOwner": [{"value": id(DESK), "label": "Desk"}]}),
            ],
        ),
    ]
}
