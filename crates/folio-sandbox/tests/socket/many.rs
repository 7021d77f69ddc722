//! Versions, batches and deletions by query.

use super::*;

#[tokio::test]
async fn records_with_versions_are_locked_optimistically() {
    let sandbox = start(Sandbox::builder().demo_data()).await;
    let caller = Caller::of(&sandbox).await;
    let mut instance =
        caller.get("/instance-storage/instances?limit=1").await["instances"][0].clone();
    let path = format!(
        "/instance-storage/instances/{}",
        instance["id"].as_str().unwrap()
    );
    let version = instance["_version"].as_i64().unwrap();
    assert_eq!(
        caller.told("PUT", &path, Some(instance.clone())).await.0,
        204
    );
    assert_eq!(caller.get(&path).await["_version"], version + 1);
    let (status, text) = caller.told("PUT", &path, Some(instance.clone())).await;
    assert_eq!(status, 409);
    assert!(
        text.contains(&format!(
            "Stored _version is {}, _version of request is {version}",
            version + 1
        )),
        "{text}"
    );
    instance.as_object_mut().unwrap().remove("_version");
    assert_eq!(caller.told("PUT", &path, Some(instance)).await.0, 409);
}

#[tokio::test]
async fn a_batch_is_written_as_a_whole_or_not_at_all() {
    let builder = Sandbox::builder().demo_data().max_batch(3).max_body(10_000);
    let sandbox = start(builder).await;
    let caller = Caller::of(&sandbox).await;
    let path = "/item-storage/batch/synchronous";
    let upsert = "/item-storage/batch/synchronous?upsert=true";
    let unsafe_path = "/item-storage/batch/synchronous-unsafe";
    let items = || sandbox.records("diku", "/item-storage/items").unwrap();
    let before = items();
    let known = before[0].clone();
    let mut new = known.clone();
    new.as_object_mut().unwrap().remove("_version");
    new["id"] = json!("11111111-1111-4111-8111-111111111111");
    new["barcode"] = json!("new");
    new["hrid"] = json!("it-new");
    let mut bad = new.clone();
    bad["id"] = json!("22222222-2222-4222-8222-222222222222");
    bad.as_object_mut().unwrap().remove("materialTypeId");
    let mut stale = known.clone();
    stale["_version"] = json!(99);
    let mut bare = known.clone();
    bare.as_object_mut().unwrap().remove("_version");
    let large = "x".repeat(10_000);
    for (to, records, status, word) in [
        (path, json!([new, known]), 422, "id value already exists"),
        (upsert, json!([new, bad]), 422, "materialTypeId"),
        (
            upsert,
            json!([new, stale]),
            409,
            "_version of request is 99",
        ),
        (
            upsert,
            json!([new, bare]),
            409,
            "_version of request is <NULL>",
        ),
        (upsert, json!([new, new]), 409, "Stored _version is 1"),
        (
            upsert,
            json!([new, new, new, new]),
            413,
            "maximum of 3 records",
        ),
        (
            upsert,
            json!([{"id": large}]),
            413,
            "Request Entity Too Large",
        ),
        (unsafe_path, json!([new, bare]), 413, "DB_ALLOW_SUPPRESS"),
    ] {
        let (told, text) = caller
            .told("POST", to, Some(json!({"items": records})))
            .await;
        assert_eq!(told, status, "{text}");
        assert!(text.contains(word), "{text}");
        assert_eq!(items(), before);
    }
    let body = json!({"items": [new, known]});
    let (status, text) = caller.told("POST", upsert, Some(body)).await;
    assert_eq!((status, text.as_str()), (201, ""));
    let after = items();
    assert_eq!(after.len(), before.len() + 1);
    let version = |id: &Value| {
        let record = after.iter().find(|record| record["id"] == *id);
        record.map(|record| record["_version"].as_i64().unwrap())
    };
    assert_eq!(version(&new["id"]), Some(1));
    assert_eq!(
        version(&known["id"]),
        known["_version"].as_i64().map(|version| version + 1)
    );
}

#[tokio::test]
async fn a_list_is_retrieved_by_a_query_in_a_post() {
    let sandbox = start(Sandbox::builder().demo_data()).await;
    let caller = Caller::of(&sandbox).await;
    let ids: Vec<Value> = sandbox.records("diku", "/item-storage/items").unwrap()[..2]
        .iter()
        .map(|item| item["id"].clone())
        .collect();
    let query = format!("id==({} or {})", ids[0], ids[1]);
    let body = json!({"query": query, "limit": 10, "offset": 0});
    let path = "/item-storage/items/retrieve";
    let (status, text) = caller.told("POST", path, Some(body)).await;
    assert_eq!(status, 200, "{text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_collection_is_deleted_by_query_only() {
    let sandbox = start(Sandbox::builder().demo_data()).await;
    let caller = Caller::of(&sandbox).await;
    let count = || {
        sandbox
            .records("diku", "/item-storage/items")
            .unwrap()
            .len()
    };
    let before = count();
    assert!(before > 1);
    for path in ["/item-storage/items", "/item-storage/items?query="] {
        assert_eq!(caller.told("DELETE", path, None).await.0, 400);
    }
    let barcode = sandbox.records("diku", "/item-storage/items").unwrap()[0]["barcode"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        caller
            .told(
                "DELETE",
                &format!("/item-storage/items?query=barcode%3D%3D{barcode}"),
                None
            )
            .await
            .0,
        204
    );
    assert_eq!(count(), before - 1);
}
