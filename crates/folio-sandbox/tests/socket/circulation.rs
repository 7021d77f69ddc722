//! Lending, returning, renewing and requesting: the consequences of the rules and policies beyond
//! the recorded rows.

use serde_json::json;

use crate::id;
use crate::library::{
    BOOK, DESK, DVD, FIXED, HOLDS, HOURS, Library, NOT_LENT, REQUESTS, STAFF, STUDENT, WEEKS,
    messages, policies,
};

#[tokio::test]
async fn the_rules_decide_on_what_terms_an_item_is_lent() {
    let rules = format!(
        "m {}: {}\ng {} + m {}: {}\n",
        id(DVD),
        policies(HOURS, REQUESTS),
        id(STAFF),
        id(DVD),
        policies(FIXED, HOLDS)
    );
    let library = Library::with(&rules).await;
    library.patron(100, "ann", STUDENT);
    library.patron(101, "bob", STAFF);
    for (number, barcode) in [(200, "book"), (201, "dvd-1"), (202, "dvd-2")] {
        library.item(number, barcode, "Available");
    }
    let question = format!(
        "item_type_id={}&loan_type_id={}&patron_type_id={}&location_id={}",
        id(DVD),
        id(25),
        id(STAFF),
        id(10)
    );
    let policy = library
        .caller
        .get(&format!("/circulation/rules/loan-policy?{question}"))
        .await;
    assert_eq!(policy["loanPolicyId"], id(FIXED));
    let policy = library
        .caller
        .get(&format!("/circulation/rules/request-policy?{question}"))
        .await;
    assert_eq!(policy["requestPolicyId"], id(HOLDS));
    let all = library
        .caller
        .get(&format!("/circulation/rules/loan-policy-all?{question}"))
        .await;
    let lines: Vec<_> = all["circulationRuleMatches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["loanPolicyId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(lines, [id(FIXED), id(HOURS), id(WEEKS)]);
    let (status, loan) = library.lend("dvd-1", "bob").await;
    assert_eq!(status, 201, "{loan}");
    assert!(
        loan["dueDate"]
            .as_str()
            .unwrap()
            .starts_with("2099-12-30T23:59:59"),
        "{loan}"
    );
    let (_, loan) = library.lend("dvd-2", "ann").await;
    assert_eq!(loan["loanPolicyId"], id(HOURS));
    assert_eq!(loan["borrower"]["barcode"], "ann");
    assert_eq!(library.status_of(202).await, "Checked out");
    let (_, loan) = library.lend("book", "ann").await;
    assert_eq!(loan["loanPolicyId"], id(WEEKS));
    // Another patron does not get it, and it is not lent twice.
    let (status, answer) = library.lend("book", "bob").await;
    assert_eq!(status, 422);
    assert!(
        messages(&answer).contains(&"Cannot check out item that already has an open loan"),
        "{answer}"
    );
    let open = library
        .caller
        .get(&format!("/circulation/loans?query=userId=={}", id(100)))
        .await;
    assert_eq!(open["totalRecords"], 2);
    assert_eq!(open["loans"][0]["item"]["location"]["name"], "Stacks");
}

#[tokio::test]
async fn rules_that_are_wrong_are_not_stored() {
    let library = Library::with("").await;
    for (rules, message, line) in [
        (
            format!("m {}: l {}", id(BOOK), id(WEEKS)),
            "Must contain one of each policy type, missing type r",
            3,
        ),
        (
            format!("m {}: {}", id(BOOK), policies(99, REQUESTS)),
            "The policy l does not exist",
            3,
        ),
        (format!("m {}", id(BOOK)), "Policy missing", 3),
    ] {
        let text = format!(
            "priority: last-line\nfallback-policy: {}\n{rules}",
            policies(WEEKS, REQUESTS)
        );
        let (status, answer) = library
            .caller
            .told(
                "PUT",
                "/circulation/rules",
                Some(json!({ "rulesAsText": text })),
            )
            .await;
        assert_eq!(status, 422, "{answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["message"], message);
        assert_eq!(answer["line"], line);
    }
    let kept = library.caller.get("/circulation/rules").await;
    assert!(
        kept["rulesAsText"]
            .as_str()
            .unwrap()
            .contains("number-of-criteria")
    );
}

#[tokio::test]
async fn a_loan_is_refused_to_who_may_not_have_it() {
    let rules = format!(
        "m {}: {}\nm {}: {}\n",
        id(DVD),
        policies(NOT_LENT, REQUESTS),
        id(BOOK),
        policies(WEEKS, REQUESTS)
    );
    let library = Library::with(&rules).await;
    library.patron(100, "ann", STUDENT);
    library.patron(101, "blocked", STUDENT);
    library.load(
        "/manualblocks",
        json!({"id": id(300), "type": "Manual", "desc": "Pay first", "userId": id(101), "borrowing": true, "renewals": false, "requests": false}),
    );
    for (number, barcode, status) in [
        (200, "one", "Available"),
        (201, "two", "Available"),
        (202, "three", "Available"),
        (203, "dvd", "Available"),
        (204, "lost", "Declared lost"),
    ] {
        library.item(number, barcode, status);
    }
    let (_, answer) = library.lend("one", "blocked").await;
    assert_eq!(messages(&answer), ["Patron blocked from borrowing"]);
    assert_eq!(answer["errors"][0]["parameters"][0]["value"], "Pay first");
    let (_, answer) = library.lend("dvd", "ann").await;
    assert_eq!(messages(&answer), ["Item is not loanable"]);
    let (_, answer) = library.lend("nothing", "ann").await;
    assert_eq!(
        messages(&answer),
        ["No item with barcode nothing could be found"]
    );
    let (_, answer) = library.lend("one", "nobody").await;
    assert_eq!(
        messages(&answer),
        ["Could not find user with matching barcode"]
    );
    let (_, answer) = library.lend("lost", "ann").await;
    assert!(messages(&answer)[0].contains("Declared lost"), "{answer}");
    for item in ["one", "two"] {
        assert_eq!(library.lend(item, "ann").await.0, 201);
    }
    let (_, answer) = library.lend("three", "ann").await;
    assert_eq!(
        messages(&answer),
        ["Patron has reached maximum limit of 2 items for material type"]
    );
    assert_eq!(
        answer["errors"][0]["overridableBlock"]["name"],
        "itemLimitBlock"
    );
    // Who has the permission overrides the block.
    library.load(
        "/perms/users",
        json!({"id": id(301), "userId": admin(&library), "permissions": ["circulation.override-item-limit-block.post"]}),
    );
    let (status, loan) = library
        .post(
            "/circulation/check-out-by-barcode",
            json!({
                "itemBarcode": "three", "userBarcode": "ann", "servicePointId": id(DESK),
                "overrideBlocks": {"itemLimitBlock": {}, "comment": "as an exception"},
            }),
        )
        .await;
    assert_eq!(status, 201, "{loan}");
    assert_eq!(loan["actionComment"], "as an exception");
}

fn admin(library: &Library) -> serde_json::Value {
    let users = library.sandbox.records("diku", "/users").unwrap();
    let admin = users.iter().find(|user| user["username"] == "diku_admin");
    admin.unwrap()["id"].clone()
}

#[tokio::test]
async fn a_proxy_borrows_for_their_sponsor() {
    let library = Library::with("").await;
    library.patron(100, "sponsor", STUDENT);
    library.patron(101, "proxy", STUDENT);
    library.item(200, "one", "Available");
    let body = json!({
        "itemBarcode": "one", "userBarcode": "sponsor", "proxyUserBarcode": "proxy", "servicePointId": id(DESK),
    });
    let path = "/circulation/check-out-by-barcode";
    let (_, answer) = library.post(path, body.clone()).await;
    assert_eq!(
        messages(&answer),
        ["Cannot check out item via proxy when relationship is invalid"]
    );
    library.load(
        "/proxiesfor",
        json!({"id": id(300), "userId": id(100), "proxyUserId": id(101), "status": "Active", "requestForSponsor": "Yes"}),
    );
    let (status, loan) = library.post(path, body).await;
    assert_eq!(status, 201, "{loan}");
    assert_eq!(loan["userId"], id(100));
    assert_eq!(loan["proxyUserId"], id(101));
}

#[tokio::test]
async fn a_due_date_moves_to_a_day_on_which_the_library_is_open() {
    let library = Library::with("").await;
    library.patron(100, "ann", STUDENT);
    library.item(200, "one", "Available");
    // Only on Mondays: the 25th of January 2027 is one.
    library.load(
        "/calendar/calendars",
        json!({
            "id": id(300), "name": "Mondays", "startDate": "2026-01-01", "endDate": "2028-12-31", "assignments": [id(DESK)],
            "normalHours": [{"startDay": "MONDAY", "startTime": "09:00", "endDay": "MONDAY", "endTime": "17:00"}], "exceptions": [],
        }),
    );
    // Three weeks later is a Wednesday.
    let (status, loan) = library
        .post(
            "/circulation/check-out-by-barcode",
            json!({"itemBarcode": "one", "userBarcode": "ann", "servicePointId": id(DESK), "loanDate": "2026-12-30T10:00:00.000Z"}),
        )
        .await;
    assert_eq!(status, 201, "{loan}");
    assert!(
        loan["dueDate"]
            .as_str()
            .unwrap()
            .starts_with("2027-01-25T23:59:59"),
        "{loan}"
    );
}

#[tokio::test]
async fn renewals_are_counted() {
    let library = Library::with("").await;
    library.patron(100, "ann", STUDENT);
    library.item(200, "one", "Available");
    let (_, loan) = library.lend("one", "ann").await;
    let body = json!({"itemBarcode": "one", "userBarcode": "ann"});
    let (status, renewed) = library
        .post("/circulation/renew-by-barcode", body.clone())
        .await;
    assert_eq!(status, 200, "{renewed}");
    assert_eq!(renewed["renewalCount"], 1);
    assert!(renewed["dueDate"].as_str() > loan["dueDate"].as_str());
    let (status, answer) = library.post("/circulation/renew-by-barcode", body).await;
    assert_eq!(status, 422);
    assert_eq!(messages(&answer), ["loan at maximum renewal number"]);
    let (status, answer) = library
        .post(
            "/circulation/renew-by-id",
            json!({"itemId": id(200), "userId": id(101)}),
        )
        .await;
    assert_eq!(status, 422, "{answer}");
}

#[tokio::test]
async fn who_returns_late_or_loses_an_item_pays() {
    let library = Library::with("").await;
    library.patron(100, "ann", STUDENT);
    library.item(200, "one", "Available");
    library.item(201, "two", "Available");
    let (_, loan) = library
        .post(
            "/circulation/check-out-by-barcode",
            json!({"itemBarcode": "one", "userBarcode": "ann", "servicePointId": id(DESK), "loanDate": "2026-01-05T10:00:00.000Z"}),
        )
        .await;
    assert!(
        loan["dueDate"].as_str().unwrap().starts_with("2026-01-26"),
        "{loan}"
    );
    library
        .return_at("one", DESK, "2026-01-30T12:00:00.000Z")
        .await;
    let fines = library.sandbox.records("diku", "/accounts").unwrap();
    assert_eq!(fines.len(), 1, "{fines:?}");
    assert_eq!(fines[0]["feeFineType"], "Overdue fine");
    assert_eq!(fines[0]["amount"], 2.0);
    let (_, loan) = library.lend("two", "ann").await;
    let path = format!("/circulation/loans/{}", loan["id"].as_str().unwrap());
    let (status, answer) = library
        .post(
            &format!("{path}/declare-item-lost"),
            json!({"servicePointId": id(DESK), "comment": "gone", "declaredLostDateTime": "2026-12-01T10:00:00.000Z"}),
        )
        .await;
    assert_eq!(status, 204, "{answer}");
    assert_eq!(library.status_of(201).await, "Declared lost");
    let mut amounts: Vec<f64> = library
        .sandbox
        .records("diku", "/accounts")
        .unwrap()
        .iter()
        .map(|account| account["amount"].as_f64().unwrap())
        .collect();
    amounts.sort_by(f64::total_cmp);
    assert_eq!(amounts, [2.0, 3.0, 20.0]);
    let history = library
        .caller
        .get(&format!(
            "/loan-storage/loan-history?query=loan.itemId=={}",
            id(201)
        ))
        .await;
    let actions: Vec<&str> = history["loansHistory"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["loan"]["action"].as_str().unwrap())
        .collect();
    assert!(
        actions.contains(&"checkedout") && actions.contains(&"declaredLost"),
        "{actions:?}"
    );
}
