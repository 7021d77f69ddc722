//! Requests: queues, and their effects on items and loans.

use serde_json::json;

use crate::id;
use crate::library::{DESK, HOLDINGS, INSTANCE, Library, OTHER_DESK, STUDENT, messages};

#[tokio::test]
async fn an_item_goes_to_the_first_who_asked_for_it() {
    let library = Library::with("").await;
    for (number, name) in [(100, "ann"), (101, "bob"), (102, "cal")] {
        library.patron(number, name, STUDENT);
    }
    library.item(200, "one", "Available");
    assert_eq!(library.lend("one", "ann").await.0, 201);
    let (status, answer) = library.ask(300, "Hold", 200, 101).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["position"], 1);
    let (_, second) = library.ask(301, "Hold", 200, 102).await;
    assert_eq!(second["position"], 2);
    let (status, answer) = library.ask(302, "Hold", 200, 102).await;
    assert_eq!(status, 422);
    assert_eq!(
        messages(&answer),
        ["This requester already has an open request for this item"]
    );
    let (_, answer) = library.ask(303, "Page", 200, 102).await;
    assert!(!messages(&answer).is_empty());
    // Somebody turns the queue around.
    let queue = format!("/circulation/requests/queue/item/{}", id(200));
    let (status, answer) = library
        .post(
            &format!("{queue}/reorder"),
            json!({"reorderedQueue": [{"id": id(301), "newPosition": 1}, {"id": id(300), "newPosition": 2}]}),
        )
        .await;
    assert_eq!(status, 200, "{answer}");
    let first = library.caller.get(&queue).await["requests"][0].clone();
    assert_eq!(first["id"], id(301));
    // At another desk it goes in transit, at the right one on the hold shelf.
    let at = "2026-12-01T10:00:00.000Z";
    let answer = library.return_at("one", OTHER_DESK, at).await;
    assert_eq!(answer["item"]["status"]["name"], "In transit");
    let answer = library.return_at("one", DESK, at).await;
    assert_eq!(answer["item"]["status"]["name"], "Awaiting pickup");
    let request = library
        .caller
        .get(&format!("/circulation/requests/{}", id(301)))
        .await;
    assert_eq!(request["status"], "Open - Awaiting pickup");
    assert!(request["holdShelfExpirationDate"].is_string());
    let (_, answer) = library.lend("one", "bob").await;
    assert_eq!(
        messages(&answer),
        [
            "A title (Barcode: one) cannot be checked out to user Last of bob, First because it has been requested by another patron"
        ]
    );
    assert_eq!(library.lend("one", "cal").await.0, 201);
    let request = library
        .caller
        .get(&format!("/circulation/requests/{}", id(301)))
        .await;
    assert_eq!(request["status"], "Closed - Filled");
    let left = library.caller.get(&queue).await;
    assert_eq!(left["totalRecords"], 1);
    assert_eq!(left["requests"][0]["position"], 1);
}

#[tokio::test]
async fn a_recall_shortens_a_loan_and_a_page_takes_an_item_from_the_shelf() {
    let library = Library::with("").await;
    library.patron(100, "ann", STUDENT);
    library.patron(101, "bob", STUDENT);
    library.item(200, "one", "Available");
    library.item(201, "two", "Available");
    library.lend("one", "ann").await;
    let (status, answer) = library.ask(300, "Recall", 200, 101).await;
    assert_eq!(status, 201, "{answer}");
    let loans = library
        .caller
        .get(&format!("/circulation/loans?query=itemId=={}", id(200)))
        .await;
    assert_eq!(loans["loans"][0]["action"], "recallrequested");
    assert_eq!(loans["loans"][0]["dueDateChangedByRecall"], true);
    let (status, answer) = library.ask(301, "Page", 201, 101).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(library.status_of(201).await, "Paged");
    // A hold moves to the other item.
    let (status, answer) = library
        .post(
            &format!("/circulation/requests/{}/move", id(300)),
            json!({"destinationItemId": id(201), "requestType": "Recall"}),
        )
        .await;
    assert_eq!(status, 422, "{answer}");
    let (status, _) = library
        .caller
        .told(
            "DELETE",
            &format!("/circulation/requests/{}", id(301)),
            None,
        )
        .await;
    assert_eq!(status, 204);
    let points = library
        .caller
        .get(&format!(
            "/circulation/requests/allowed-service-points?operation=create&requesterId={}&itemId={}",
            id(100),
            id(201)
        ))
        .await;
    assert!(points.is_object(), "{points}");
}

#[tokio::test]
async fn a_title_is_requested_where_the_tenant_has_it_so() {
    let library = Library::with("").await;
    library.load(
        "/configurations/entries",
        json!({
            "id": id(400), "module": "SETTINGS", "configName": "TLR", "enabled": true,
            "value": "{\"titleLevelRequestsFeatureEnabled\":true,\"createTitleLevelRequestsByDefault\":false,\"tlrHoldShouldFollowCirculationRules\":false}",
        }),
    );
    library.patron(100, "ann", STUDENT);
    library.item(200, "one", "Available");
    let mut request = Library::request(300, "Page", 200, 100);
    request["requestLevel"] = "Title".into();
    let fields = request.as_object_mut().unwrap();
    fields.remove("itemId");
    fields.remove("holdingsRecordId");
    let (status, answer) = library.post("/circulation/requests", request).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["itemId"], id(200));
    assert_eq!(answer["holdingsRecordId"], id(HOLDINGS));
    let queue = library
        .caller
        .get(&format!(
            "/circulation/requests/queue/instance/{}",
            id(INSTANCE)
        ))
        .await;
    assert_eq!(queue["totalRecords"], 1);
}

#[tokio::test]
async fn a_request_of_an_instance_is_of_the_item_that_can_be_had_first() {
    let library = Library::with("").await;
    for (number, name) in [(100, "ann"), (101, "bob"), (102, "cal")] {
        library.patron(number, name, STUDENT);
    }
    library.item(200, "one", "Available");
    library.item(201, "two", "Available");
    library.lend("one", "ann").await;
    let path = "/circulation/requests/instances";
    let request = |patron: usize| {
        json!({
            "requestDate": "2026-11-26T06:56:01.000Z", "requesterId": id(patron), "instanceId": id(INSTANCE), "pickupServicePointId": id(DESK),
        })
    };
    let (status, answer) = library.post(path, request(101)).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        (&answer["requestType"], &answer["itemId"]),
        (&json!("Page"), &json!(id(201)))
    );
    let (status, answer) = library.post(path, request(101)).await;
    assert_eq!(status, 422);
    assert_eq!(
        messages(&answer),
        ["This requester already has an open request for an item of this instance"]
    );
    let (status, answer) = library.post(path, request(102)).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        (&answer["requestType"], &answer["itemId"]),
        (&json!("Recall"), &json!(id(200)))
    );
    let (status, answer) = library.post(path, json!({})).await;
    assert_eq!(status, 422);
    assert_eq!(messages(&answer), ["Request must have a request date"]);
}
