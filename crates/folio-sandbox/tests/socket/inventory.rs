//! mod-inventory over the records of mod-inventory-storage, and mod-users-bl over those of the
//! modules that it calls.

use serde_json::json;

use crate::id;
use crate::library::{BOOK, DESK, HOLDINGS, INSTANCE, LOAN_TYPE, Library, STUDENT, messages};

#[tokio::test]
async fn an_item_is_the_same_in_inventory_and_storage() {
    let library = Library::with("").await;
    let item = json!({
        "id": id(200), "holdingsRecordId": id(HOLDINGS), "barcode": "one", "status": {"name": "Available"},
        "materialType": {"id": id(BOOK)}, "permanentLoanType": {"id": id(LOAN_TYPE)}, "unknown": true,
        "circulationNotes": [{"noteType": "Check in", "note": "look", "staffOnly": true}],
    });
    let (status, created) = library.post("/inventory/items", item.clone()).await;
    assert_eq!(status, 201, "{created}");
    assert_eq!(created["_version"], "1");
    assert_eq!(created["title"], "A title");
    assert_eq!(created["contributorNames"], json!([{"name": "A name"}]));
    assert_eq!(
        created["materialType"],
        json!({"id": id(BOOK), "name": "book"})
    );
    assert_eq!(created["effectiveLocation"]["name"], "Stacks");
    assert_eq!(
        created["effectiveCallNumberComponents"]["callNumber"],
        "QA 76"
    );
    assert_eq!(created["isBoundWith"], false);
    let stored = library
        .caller
        .get(&format!("/item-storage/items/{}", id(200)))
        .await;
    assert_eq!(stored["_version"], 1);
    assert_eq!(stored["materialTypeId"], id(BOOK));
    assert!(stored["circulationNotes"][0]["id"].is_string());
    let (status, answer) = library
        .post(
            "/inventory/items",
            json!({"barcode": "one", "status": {"name": "Available"}}),
        )
        .await;
    assert_eq!(
        (status, answer),
        (
            400,
            "Barcode must be unique, one is already assigned to another item".into()
        )
    );
    // It comes back from a list with its version, which is a text, and replaces itself.
    let list = library
        .caller
        .get("/inventory/items?query=barcode==one")
        .await;
    assert_eq!(list["totalRecords"], 1);
    let mut item = list["items"][0].clone();
    item["copyNumber"] = "c. 2".into();
    let path = format!("/inventory/items/{}", id(200));
    let (status, text) = library.caller.told("PUT", &path, Some(item.clone())).await;
    assert_eq!(status, 204, "{text}");
    let (status, text) = library.caller.told("PUT", &path, Some(item.clone())).await;
    assert_eq!(status, 409, "{text}");
    item["hrid"] = "other".into();
    let (status, text) = library.caller.told("PUT", &path, Some(item)).await;
    assert_eq!(status, 422);
    assert!(text.contains("HRID can not be updated"), "{text}");
    // A loan shows in both.
    library.patron(100, "ann", STUDENT);
    assert_eq!(library.lend("one", "ann").await.0, 201);
    assert_eq!(
        library.caller.get(&path).await["status"]["name"],
        "Checked out"
    );
    let (status, answer) = library
        .post(&format!("{path}/mark-missing"), json!({}))
        .await;
    assert_eq!(status, 422);
    assert_eq!(
        messages(&answer),
        ["Item is not allowed to be marked as Missing"]
    );
    let (status, answer) = library
        .post(&format!("{path}/mark-long-missing"), json!({}))
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(library.status_of(200).await, "Long missing");
}

#[tokio::test]
async fn what_an_item_lacks_is_told() {
    let library = Library::with("").await;
    for (body, message) in [
        (json!({}), "Status is a required field"),
        (
            json!({"status": {"name": "Nowhere"}}),
            "Undefined status specified",
        ),
    ] {
        let (status, answer) = library.post("/inventory/items", body).await;
        assert_eq!(status, 422);
        assert_eq!(messages(&answer), [message]);
    }
    let (status, text) = library
        .caller
        .told("GET", &format!("/inventory/items/{}", id(999)), None)
        .await;
    assert_eq!((status, text.as_str()), (404, "Not Found"));
    let (status, text) = library
        .caller
        .told("GET", "/inventory/items?limit=x", None)
        .await;
    assert_eq!(
        (status, text.as_str()),
        (400, "limit and offset must be numeric when supplied")
    );
    let (status, text) = library
        .caller
        .told("DELETE", "/inventory/items", None)
        .await;
    assert_eq!(
        (status, text.as_str()),
        (400, "query parameter is required")
    );
    let (status, text) = library
        .caller
        .told(
            "PATCH",
            &format!("/inventory/items/{}", id(999)),
            Some(json!({})),
        )
        .await;
    assert_eq!(status, 501, "{text}");
}

#[tokio::test]
async fn an_instance_has_its_relations_elsewhere() {
    let library = Library::with("").await;
    let (status, text) = library
        .post("/inventory/instances", json!({"source": "FOLIO"}))
        .await;
    assert_eq!(
        (status, text),
        (400, "Title must be provided for an instance".into())
    );
    library.load(
        "/instance-types",
        json!({"id": id(45), "name": "text", "code": "txt", "source": "rdacontent"}),
    );
    let instance = json!({
        "id": id(400), "source": "FOLIO", "title": "Another title", "instanceTypeId": id(45),
        "precedingTitles": [{"title": "Before"}], "succeedingTitles": [{"succeedingInstanceId": id(INSTANCE)}],
    });
    let answer = library
        .caller
        .send("POST", "/inventory/instances", Some(instance))
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(
        location.ends_with(&format!("/inventory/instances/{}", id(400))),
        "{location}"
    );
    let path = format!("/inventory/instances/{}", id(400));
    let mut instance = library.caller.get(&path).await;
    assert_eq!(instance["_version"], "1");
    assert_eq!(instance["precedingTitles"][0]["title"], "Before");
    assert_eq!(instance["succeedingTitles"][0]["title"], "A title");
    instance["precedingTitles"] = json!([]);
    let (status, text) = library.caller.told("PUT", &path, Some(instance)).await;
    assert_eq!(status, 204, "{text}");
    assert_eq!(
        library.caller.get(&path).await["precedingTitles"],
        json!([])
    );
    let (status, _) = library
        .caller
        .told("DELETE", &format!("{path}/mark-deleted"), None)
        .await;
    assert_eq!(status, 204);
    assert_eq!(library.caller.get(&path).await["staffSuppress"], true);
}

#[tokio::test]
async fn what_a_marc_record_has_stays_as_it_is() {
    let library = Library::with("").await;
    library.load(
        "/instance-storage/instances",
        json!({"id": id(400), "hrid": "in2", "_version": 1, "source": "MARC", "title": "Of MARC", "instanceTypeId": id(45)}),
    );
    let path = format!("/inventory/instances/{}", id(400));
    let mut instance = library.caller.get(&path).await;
    instance["title"] = "Changed".into();
    let (status, text) = library.caller.told("PUT", &path, Some(instance)).await;
    assert_eq!(status, 422);
    assert!(
        text.contains("Instance is controlled by MARC record"),
        "{text}"
    );
    let path = format!("/inventory/holdings/{}", id(HOLDINGS));
    let mut holdings = library
        .caller
        .get(&format!("/holdings-storage/holdings/{}", id(HOLDINGS)))
        .await;
    holdings["hrid"] = "other".into();
    let (status, text) = library.caller.told("PUT", &path, Some(holdings)).await;
    assert_eq!(status, 422);
    assert!(text.contains("HRID can not be updated"), "{text}");
}

#[tokio::test]
async fn what_is_open_for_a_user_keeps_them_from_being_deleted() {
    let library = Library::with("").await;
    library.patron(100, "ann", STUDENT);
    library.item(200, "one", "Available");
    let path = format!("/bl-users/by-id/{}", id(100));
    let (status, text) = library.caller.told("GET", &path, None).await;
    assert_eq!(status, 404, "{text}");
    assert!(
        text.starts_with("No record found for query '/perms/users"),
        "{text}"
    );
    let user = library.caller.get(&format!("{path}?include=groups")).await;
    assert_eq!(user["user"]["barcode"], "ann");
    assert_eq!(user["patronGroup"]["group"], "student");
    library.lend("one", "ann").await;
    let open = library
        .caller
        .get("/bl-users/by-username/ann/open-transactions")
        .await;
    assert_eq!(
        (&open["loans"], &open["hasOpenTransactions"]),
        (&json!(1), &json!(true))
    );
    let (status, _) = library.caller.told("DELETE", &path, None).await;
    assert_eq!(status, 409);
    library
        .return_at("one", DESK, "2026-12-01T10:00:00.000Z")
        .await;
    let (status, _) = library.caller.told("DELETE", &path, None).await;
    assert_eq!(status, 204);
    let (status, text) = library.caller.told("DELETE", &path, None).await;
    assert_eq!(status, 404);
    assert!(text.ends_with("not found"), "{text}");
}
