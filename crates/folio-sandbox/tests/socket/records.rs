//! Lists and records.

use super::*;

#[tokio::test]
async fn a_list_has_pages_and_a_total() {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(25)).unwrap();
    let caller = Caller::of(&sandbox).await;
    let page = caller.get("/groups").await;
    assert_eq!(
        (
            page["usergroups"].as_array().unwrap().len(),
            &page["totalRecords"]
        ),
        (10, &json!(25))
    );
    let page = caller
        .get("/groups?limit=10&offset=20&query=cql.allRecords%3D1%20sortBy%20group")
        .await;
    assert_eq!(page["usergroups"][0]["group"], "g0020");
    assert_eq!(page["usergroups"].as_array().unwrap().len(), 5);
    let page = caller.get("/groups?limit=0").await;
    assert_eq!(
        (
            page["usergroups"].as_array().unwrap().len(),
            &page["totalRecords"]
        ),
        (0, &json!(25))
    );
    let page = caller
        .get(&format!(
            "/groups?limit=3&query=id%3E%22{}%22%20sortBy%20id",
            id(4)
        ))
        .await;
    assert_eq!(
        (&page["usergroups"][0]["id"], &page["totalRecords"]),
        (&json!(id(5)), &json!(20))
    );
    let page = caller
        .get("/groups?limit=1&query=group%3D%3D%22*1%22%20sortBy%20group/sort.descending")
        .await;
    assert_eq!(
        (&page["usergroups"][0]["group"], &page["totalRecords"]),
        (&json!("g0021"), &json!(3))
    );
    for bad in [
        "limit=-1",
        "limit=x",
        "offset=2147483648",
        "query=group%3D%3D",
        "query=id%3Ex",
        "totalRecords=some",
    ] {
        assert_eq!(
            caller.told("GET", &format!("/groups?{bad}"), None).await.0,
            400,
            "{bad}"
        );
    }
    // An id that is no UUID finds nothing, and the total is there whatever is asked for.
    assert_eq!(
        caller.get("/groups?query=id%3D%3Dx").await["totalRecords"],
        0
    );
    assert_eq!(
        caller.get("/groups?totalRecords=none").await["totalRecords"],
        25
    );
}

#[tokio::test]
async fn what_has_no_value_comes_last_and_first_when_descending() {
    let sandbox = start(Sandbox::builder()).await;
    let records = [
        ("a", Some("Zoë")),
        ("b", None),
        ("c", Some("anna")),
        ("d", Some("Ángel")),
    ];
    let records = records
        .iter()
        .enumerate()
        .map(|(number, (group, desc))| json!({"id": id(number), "group": group, "desc": desc}))
        .collect();
    sandbox.load("diku", "/groups", records).unwrap();
    let caller = Caller::of(&sandbox).await;
    for (sort, expected) in [("desc", "dcab"), ("desc/sort.descending", "bacd")] {
        let page = caller
            .get(&format!(
                "/groups?query=cql.allRecords%3D1%20sortBy%20{sort}"
            ))
            .await;
        let order: String = page["usergroups"]
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["group"].as_str().unwrap())
            .collect();
        assert_eq!(order, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_record_is_made_read_replaced_and_deleted_as_rmb_does() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::of(&sandbox).await;
    let path = format!("/groups/{}", id(1));
    assert_eq!(
        caller.told("GET", &path, None).await,
        (404, "Not found".to_owned())
    );
    assert_eq!(
        caller
            .told("PUT", &path, Some(json!({"group": "a"})))
            .await
            .0,
        404
    );
    assert_eq!(caller.told("DELETE", &path, None).await.0, 404);

    let answer = caller
        .send(
            "POST",
            "/groups",
            Some(json!({"id": id(1), "group": "a", "desc": null})),
        )
        .await
        .unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["location"].to_str().unwrap()
        ),
        (201, id(1).as_str())
    );
    let made: Value = answer.json().await.unwrap();
    assert_eq!((&made["group"], made.get("desc")), (&json!("a"), None));
    assert!(
        made["metadata"]["createdDate"]
            .as_str()
            .unwrap()
            .ends_with("+00:00")
    );

    let (status, text) = caller
        .told("POST", "/groups", Some(json!({"id": id(1), "group": "b"})))
        .await;
    assert_eq!(status, 422);
    assert!(text.contains("id value already exists in table"), "{text}");
    let (status, text) = caller
        .told("POST", "/groups", Some(json!({"desc": "no group"})))
        .await;
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &error["errors"][0]["parameters"]),
        (422, &json!([{"key": "group", "value": "null"}]))
    );
    // Jackson makes text of a number, and of nothing that is nested.
    for (group, status) in [(json!(7), 201), (json!(["x"]), 400)] {
        let body = json!({"group": group});
        assert_eq!(caller.told("POST", "/groups", Some(body)).await.0, status);
    }
    assert_eq!(
        caller
            .told(
                "POST",
                "/material-types",
                Some(json!({"name": "c", "colour": "red"}))
            )
            .await
            .0,
        422
    );
    assert_eq!(caller.told("POST", "/groups", Some(json!([]))).await.0, 400);
    assert_eq!(caller.told("POST", "/groups", None).await.0, 400);

    // A PUT replaces: what it lacks is gone.
    assert_eq!(
        caller
            .told("PUT", &path, Some(json!({"group": "a", "desc": "x"})))
            .await,
        (204, String::new())
    );
    assert_eq!(caller.get(&path).await["desc"], "x");
    assert_eq!(
        caller
            .told("PUT", &path, Some(json!({"id": id(1), "group": "a"})))
            .await
            .0,
        204
    );
    let read = caller.get(&path).await;
    assert_eq!(
        (read.get("desc"), &read["metadata"]["createdDate"]),
        (None, &made["metadata"]["createdDate"])
    );
    // mod-users ignores the id in the body of a group.
    assert_eq!(
        caller
            .told("PUT", &path, Some(json!({"id": id(2), "group": "a"})))
            .await
            .0,
        204
    );
    assert_eq!(caller.get(&path).await["id"], id(1));
    assert_eq!(
        caller.told("DELETE", &path, None).await,
        (204, String::new())
    );
    assert_eq!(sandbox.records("diku", "/groups").unwrap().len(), 1);
}
