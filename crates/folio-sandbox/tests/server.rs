//! Behaviour of a real FOLIO system that a client may not expect: the rows of the recordings behind
//! the worst defects.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::time::Duration;

use folio_sandbox::{Builder, Sandbox};
use reqwest::{Client, Method};
use serde_json::{Value, json};

struct Caller {
    client: Client,
    url: String,
    token: String,
}

impl Caller {
    async fn of(sandbox: &Sandbox) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut caller = Self {
            client: Client::builder().build().unwrap(),
            url: sandbox.url().to_owned(),
            token: String::new(),
        };
        let body = json!({"username": "diku_admin", "password": "admin"});
        let (status, text) = caller.send("POST", "/authn/login", Some(body)).await;
        assert_eq!(status, 201, "{text}");
        let text: Value = serde_json::from_str(&text).unwrap();
        caller.token = text["okapiToken"].as_str().unwrap().to_owned();
        caller
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .header("x-okapi-tenant", "diku");
        if !self.token.is_empty() {
            request = request.header("x-okapi-token", &self.token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, text) = self.send("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

async fn demo(builder: Builder) -> (Sandbox, Caller) {
    let sandbox = builder.demo_data().start().await.unwrap();
    let caller = Caller::of(&sandbox).await;
    (sandbox, caller)
}

fn count(sandbox: &Sandbox, path: &str) -> usize {
    sandbox.records("diku", path).unwrap().len()
}

const INSTANCES: &str = "/instance-storage/instances";
const HOLDINGS: &str = "/holdings-storage/holdings";
const ITEMS: &str = "/item-storage/items";
const BATCH: &str = "/instance-storage/batch/synchronous?upsert=true";

#[tokio::test]
async fn a_request_line_of_more_than_4096_bytes_is_414() {
    let (_sandbox, caller) = demo(Sandbox::builder()).await;
    let padded = |size: usize| {
        let start = "/groups?limit=0&x=";
        let rest = size - "GET ".len() - start.len() - " HTTP/1.1\r\n".len();
        format!("{start}{}", "a".repeat(rest))
    };
    assert_eq!(caller.send("GET", &padded(4_090), None).await.0, 200);
    assert_eq!(caller.send("GET", &padded(4_200), None).await.0, 414);
    let large = caller
        .client
        .get(format!("{}/groups", caller.url))
        .header("x-large", "a".repeat(9_000));
    assert_eq!(large.send().await.unwrap().status(), 431);
}

#[tokio::test]
async fn an_upsert_without_an_hrid_gives_a_new_one_each_time() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let mut instance = sandbox.records("diku", INSTANCES).unwrap().remove(0);
    let id = instance["id"].as_str().unwrap().to_owned();
    let path = format!("{INSTANCES}/{id}");
    let hrid = instance["hrid"].clone();
    instance.as_object_mut().unwrap().remove("hrid");
    let (status, text) = caller.send("PUT", &path, Some(instance.clone())).await;
    assert_eq!(status, 400);
    assert!(
        text.starts_with("The hrid field cannot be changed: new=null, old="),
        "{text}"
    );
    let body = json!({"instances": [instance]});
    assert_eq!(
        caller.send("POST", BATCH, Some(body)).await,
        (201, String::new())
    );
    let changed = caller.get(&path).await;
    assert_ne!(changed["hrid"], hrid);
    assert_eq!(changed["_version"], 2);
}

#[tokio::test]
async fn a_batch_of_1664_records_without_an_hrid_fails_as_a_whole() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let kind = sandbox.records("diku", "/instance-types").unwrap()[0]["id"].clone();
    let before = count(&sandbox, INSTANCES);
    let batch = |size: usize| {
        let one = json!({"title": "x", "source": "s", "instanceTypeId": kind});
        json!({"instances": vec![one; size]})
    };
    let (status, text) = caller.send("POST", BATCH, Some(batch(1_664))).await;
    assert_eq!(
        (status, text.as_str()),
        (
            500,
            "ERROR: target lists can have at most 1664 entries (54011)"
        )
    );
    assert_eq!(count(&sandbox, INSTANCES), before);
    assert_eq!(caller.send("POST", BATCH, Some(batch(1_663))).await.0, 201);
    assert_eq!(count(&sandbox, INSTANCES), before + 1_663);
}

#[tokio::test]
async fn a_put_of_what_is_not_there_differs_from_kind_to_kind() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let id = "0a0f9660-9bed-4891-ad79-77f21fa4136e";
    let mut holdings = sandbox.records("diku", HOLDINGS).unwrap().remove(0);
    holdings["id"] = id.into();
    // Done, it says, and nothing is stored.
    let path = format!("{HOLDINGS}/{id}");
    assert_eq!(
        caller.send("PUT", &path, Some(holdings)).await,
        (204, String::new())
    );
    assert_eq!(caller.send("GET", &path, None).await.0, 404);
    // It is created.
    let policy = json!({"id": id, "name": "p", "loanable": false, "renewable": false});
    let path = format!("/loan-policy-storage/loan-policies/{id}");
    assert_eq!(
        caller.send("PUT", &path, Some(policy)).await,
        (204, String::new())
    );
    assert_eq!(caller.get(&path).await["name"], "p");
    // It is told.
    let group = json!({"id": id, "group": "g"});
    let path = format!("/groups/{id}");
    assert_eq!(
        caller.send("PUT", &path, Some(group)).await,
        (404, "Not found".to_owned())
    );
    assert_eq!(
        caller.send("DELETE", &path, None).await,
        (404, "Not found".to_owned())
    );
    let user = format!("/users/{id}");
    assert_eq!(
        caller.send("DELETE", &user, None).await,
        (404, id.to_owned())
    );
}

#[tokio::test]
async fn some_collections_are_emptied_whatever_the_query() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let requests = "/request-storage/requests";
    let load = |path: &str| {
        let records = (0..3).map(|n| json!({"id": format!("{n:08}-0000-4000-8000-000000000000")}));
        sandbox.load("diku", path, records.collect()).unwrap();
    };
    for query in [
        "",
        "?query=id%3D%3D00000001-0000-4000-8000-000000000000",
        "?query=foo%20bar",
        "?qurey=x",
    ] {
        load(requests);
        let path = format!("{requests}{query}");
        assert_eq!(
            caller.send("DELETE", &path, None).await,
            (204, String::new()),
            "{query}"
        );
        assert_eq!(count(&sandbox, requests), 0, "{query}");
    }
    let notices = "/scheduled-notice-storage/scheduled-notices";
    load(notices);
    assert_eq!(
        caller
            .send("DELETE", &format!("{notices}?query="), None)
            .await
            .0,
        204
    );
    assert_eq!(count(&sandbox, notices), 0);
    // These want a query.
    let before = count(&sandbox, ITEMS);
    for query in ["", "?query=", "?qurey=cql.allRecords%3D1"] {
        let (status, text) = caller
            .send("DELETE", &format!("{ITEMS}{query}"), None)
            .await;
        assert_eq!(
            (status, text.as_str()),
            (400, "Expected CQL but query parameter is empty")
        );
    }
    assert_eq!(count(&sandbox, ITEMS), before);
    // The users go without a query, and with a misspelt one; with an empty one they stay.
    let (status, text) = caller.send("DELETE", "/users?query=", None).await;
    assert_eq!((status, text.as_str()), (500, "null response from handler"));
    assert!(count(&sandbox, "/users") > 0);
    assert_eq!(
        caller
            .send("DELETE", "/users?qurey=id%3D%3Dx", None)
            .await
            .0,
        204
    );
    assert_eq!(count(&sandbox, "/users"), 0);
    // The gateway has no such route.
    assert_eq!(caller.send("DELETE", "/locations", None).await.0, 404);
}

#[tokio::test]
async fn what_others_refer_to_cannot_be_deleted() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let before = count(&sandbox, INSTANCES);
    let id = sandbox.records("diku", INSTANCES).unwrap()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (status, text) = caller
        .send("DELETE", &format!("{INSTANCES}/{id}"), None)
        .await;
    assert_eq!(status, 400);
    assert!(
        text.contains("violates foreign key constraint \"instanceid_instance_fkey\""),
        "{text}"
    );
    let all = format!("{INSTANCES}?query=cql.allRecords%3D1");
    assert_eq!(caller.send("DELETE", &all, None).await.0, 400);
    assert_eq!(count(&sandbox, INSTANCES), before);
    let group = sandbox.records("diku", "/groups").unwrap()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (status, text) = caller
        .send("DELETE", &format!("/groups/{group}"), None)
        .await;
    assert_eq!(
        (status, text),
        (
            400,
            format!(
                "Cannot delete groups.id = {group} because id is still referenced from table users."
            )
        )
    );
}

#[tokio::test]
async fn what_must_be_unique_is_and_references_lead_somewhere() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let (status, text) = caller
        .send("POST", "/groups", Some(json!({"group": "STAFF"})))
        .await;
    assert_eq!(status, 422);
    assert!(
        text.contains(
            "lower(f_unaccent(jsonb ->> 'group'::text)) value already exists in table groups: staff"
        ),
        "{text}"
    );
    let mut user = sandbox.records("diku", "/users").unwrap().remove(0);
    let nobody = "93668df3-65f2-5bae-a173-0e3a8e2ace93";
    user["patronGroup"] = nobody.into();
    for name in ["id", "username", "barcode"] {
        user.as_object_mut().unwrap().remove(name);
    }
    let told = caller.send("POST", "/users", Some(user)).await;
    assert_eq!(
        told,
        (400, format!("Cannot add {nobody}. Patron group not found"))
    );
    let same = json!({"id": sandbox.records("diku", INSTANCES).unwrap()[0]["id"], "title": "x", "source": "s",
        "instanceTypeId": sandbox.records("diku", "/instance-types").unwrap()[0]["id"]});
    let (status, text) = caller.send("POST", INSTANCES, Some(same)).await;
    assert_eq!(status, 400);
    assert!(text.starts_with("Key (id)=("), "{text}");
}

#[tokio::test]
async fn a_spring_module_gives_a_record_another_id_than_the_clients() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let id = "264312fa-0bcf-5572-8b48-85e3a7bd959e";
    for _ in 0..2 {
        let body = json!({"id": id, "name": "a type"});
        let (status, text) = caller.send("POST", "/note-types", Some(body)).await;
        let made: Value = serde_json::from_str(&text).unwrap_or_default();
        if status == 201 {
            assert_ne!(made["id"], id);
        }
    }
    assert!(count(&sandbox, "/note-types") >= 1);
    let tag = json!({"id": id, "label": "a"});
    assert_eq!(caller.send("POST", "/tags", Some(tag)).await.0, 201);
    assert_ne!(sandbox.records("diku", "/tags").unwrap()[0]["id"], id);
}

#[tokio::test]
async fn a_get_can_use_up_a_number() {
    let (_sandbox, caller) = demo(Sandbox::builder()).await;
    let path = "/orders-storage/po-number";
    let first = caller.get(path).await;
    assert_ne!(first, caller.get(path).await);
}

#[tokio::test]
async fn some_requests_are_never_answered() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let mut item = sandbox.records("diku", ITEMS).unwrap().remove(0);
    item["holdingsRecordId"] = "abc".into();
    for name in ["id", "hrid", "barcode"] {
        item.as_object_mut().unwrap().remove(name);
    }
    let requests = [
        ("POST", ITEMS.to_owned(), Some(item)),
        (
            "DELETE",
            "/holdings-sources/0a0f9660-9bed-4891-ad79-77f21fa4136e".to_owned(),
            None,
        ),
    ];
    for (method, path, body) in requests {
        let waited =
            tokio::time::timeout(Duration::from_millis(300), caller.send(method, &path, body));
        assert!(waited.await.is_err(), "{method} {path}");
    }
    // The sandbox serves others meanwhile, and ends in spite of it.
    assert_eq!(caller.send("GET", "/groups", None).await.0, 200);
    sandbox.shutdown();
}

#[tokio::test]
async fn a_login_with_an_old_token_or_cookie_is_401() {
    let (_sandbox, caller) = demo(Sandbox::builder()).await;
    let body = json!({"username": "diku_admin", "password": "admin"});
    for (name, value) in [
        ("x-okapi-token", "abc"),
        ("cookie", "folioAccessToken=abc"),
        ("authorization", "Bearer abc"),
    ] {
        let answer = caller
            .client
            .post(format!("{}/authn/login-with-expiry", caller.url))
            .header("x-okapi-tenant", "diku")
            .header(name, value)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401, "{name}");
    }
}

#[tokio::test]
async fn a_list_that_wraps_its_query_takes_no_order_and_settings_know_few_indexes() {
    let (_sandbox, caller) = demo(Sandbox::builder()).await;
    let (status, text) = caller
        .send(
            "GET",
            "/perms/permissions?query=cql.allRecords%3D1%20sortBy%20id",
            None,
        )
        .await;
    assert_eq!(status, 400);
    assert!(text.ends_with("expected ')', got sortby"), "{text}");
    let (status, text) = caller
        .send("GET", "/settings/entries?query=cql.allRecords%3D1", None)
        .await;
    assert_eq!(
        (status, text.as_str()),
        (500, "Unsupported CQL index: cql.allRecords")
    );
}

#[tokio::test]
async fn what_no_module_has_is_404_and_what_is_not_emulated_501() {
    let (_sandbox, caller) = demo(Sandbox::builder()).await;
    for path in ["/nosuch", "/users/", "//users", "/Users", "/%75sers"] {
        assert_eq!(
            caller.send("GET", path, None).await,
            (
                404,
                "No suitable module found for path and tenant".to_owned()
            ),
            "{path}"
        );
    }
    let (status, text) = caller
        .send(
            "POST",
            "/circulation/check-out-by-barcode-dry-run",
            Some(json!({})),
        )
        .await;
    assert_eq!(status, 501);
    assert!(text.contains("does not emulate it"), "{text}");
}

#[tokio::test]
async fn the_total_of_a_query_is_an_estimate_from_a_thousand_matches_on() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let caller = Caller::of(&sandbox).await;
    let groups = (0..2_000).map(
        |n| json!({"id": format!("{n:08}-0000-4000-8000-000000000000"), "group": format!("g{n}")}),
    );
    sandbox.load("diku", "/groups", groups.collect()).unwrap();
    let total = async |query: &str| {
        caller.get(&format!("/groups?{query}")).await["totalRecords"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total("limit=10").await, 2_000);
    assert_eq!(total("limit=0&query=cql.allRecords%3D1").await, 2_000);
    assert_ne!(total("limit=10&query=group%3D%3Dg*").await, 2_000);
    assert_eq!(
        total("limit=10&query=group%3D%3Dg1*").await,
        1_111 - 1_111 / 40
    );
    assert_eq!(total("limit=10&query=group%3D%3Dg11*").await, 111);
    // The page that is the last one has the truth.
    assert_eq!(
        total("limit=10&offset=1995&query=group%3D%3Dg*").await,
        2_000
    );
}

#[tokio::test]
async fn items_follow_their_holdings_and_carry_what_the_server_sets() {
    let (sandbox, caller) = demo(Sandbox::builder()).await;
    let mut holdings = sandbox.records("diku", HOLDINGS).unwrap().remove(0);
    let id = holdings["id"].as_str().unwrap().to_owned();
    let locations = sandbox.records("diku", "/locations").unwrap();
    let other = locations
        .iter()
        .find(|location| location["id"] != holdings["permanentLocationId"])
        .unwrap();
    holdings["permanentLocationId"] = other["id"].clone();
    assert_eq!(
        caller
            .send("PUT", &format!("{HOLDINGS}/{id}"), Some(holdings))
            .await,
        (204, String::new())
    );
    let items = sandbox.records("diku", ITEMS).unwrap();
    let item = items
        .iter()
        .find(|item| item["holdingsRecordId"] == id.as_str())
        .unwrap();
    assert_eq!(item["effectiveLocationId"], other["id"]);
    assert_eq!(item["_version"], 2);
}
