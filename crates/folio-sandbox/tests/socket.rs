//! The sandbox as any client sees it: over a socket, by HTTP alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::time::Duration;

use folio_sandbox::{Builder, Effect, Error, Fault, Sandbox};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// In a build of the whole workspace reqwest has TLS without a provider of its own, and wants one even for http.
fn client(gzip: bool) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().gzip(gzip).build().unwrap()
}

/// A client without any cleverness: what the test does not say is not sent.
struct Caller {
    client: Client,
    url: String,
    tenant: Option<&'static str>,
    token: Option<String>,
    cookie: Option<String>,
}

impl Caller {
    fn new(sandbox: &Sandbox) -> Self {
        Self {
            client: client(true),
            url: sandbox.url().to_owned(),
            tenant: Some("diku"),
            token: None,
            cookie: None,
        }
    }

    async fn of(sandbox: &Sandbox) -> Self {
        let mut caller = Self::new(sandbox);
        let answer = caller.login("diku_admin", "admin").await;
        assert_eq!(answer.status(), 201);
        caller.token = Some(cookie(&answer, "folioAccessToken"));
        caller
    }

    async fn login(&self, username: &str, password: &str) -> Response {
        self.send(
            "POST",
            "/authn/login-with-expiry",
            Some(json!({"username": username, "password": password})),
        )
        .await
        .unwrap()
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Response> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in [
            ("x-okapi-tenant", self.tenant),
            ("x-okapi-token", self.token.as_deref()),
            ("cookie", self.cookie.as_deref()),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    async fn told(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let answer = self.send(method, path, body).await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, text) = self.told("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

fn cookie(answer: &Response, name: &str) -> String {
    let cookies = answer.headers().get_all("set-cookie");
    let found = cookies
        .iter()
        .find_map(|cookie| cookie.to_str().unwrap().strip_prefix(&format!("{name}=")))
        .unwrap();
    found.split(';').next().unwrap().to_owned()
}

async fn start(builder: Builder) -> Sandbox {
    builder.start().await.unwrap()
}

fn id(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

fn groups(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| json!({"id": id(number), "group": format!("g{number:04}")}))
        .collect()
}

#[tokio::test]
async fn a_login_gives_tokens_in_cookies_and_when_they_expire() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::new(&sandbox);
    let answer = caller.login("diku_admin", "admin").await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookies: Vec<_> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, (age, end)) in cookies.iter().zip([
        (
            "; Max-Age=600; Expires=",
            " GMT; Path=/; Secure; HTTPOnly; SameSite=Lax",
        ),
        (
            "; Max-Age=604800; Expires=",
            " GMT; Path=/authn; Secure; HTTPOnly; SameSite=Lax",
        ),
    ]) {
        assert!(cookie.contains(age) && cookie.ends_with(end), "{cookie}");
    }
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert!(
        body["accessTokenExpiration"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );

    let (status, text) = caller
        .told(
            "POST",
            "/authn/login-with-expiry",
            Some(json!({"username": "diku_admin", "password": "wrong"})),
        )
        .await;
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &error["errors"][0]["code"]),
        (422, &json!("password.incorrect"))
    );
    let elsewhere = Caller {
        tenant: Some("nowhere"),
        ..Caller::new(&sandbox)
    };
    assert_eq!(
        elsewhere
            .told(
                "POST",
                "/authn/login-with-expiry",
                Some(json!({"username": "a", "password": "b"}))
            )
            .await,
        (400, "No such Tenant nowhere".to_owned())
    );
}

#[tokio::test]
async fn five_wrong_passwords_block_an_account() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::new(&sandbox);
    for _ in 0..5 {
        assert_eq!(caller.login("diku_admin", "wrong").await.status(), 422);
    }
    assert_eq!(caller.login("diku_admin", "admin").await.status(), 422);
    assert_eq!(sandbox.logins(), 0);
}

#[tokio::test]
async fn a_request_without_a_good_token_is_refused_as_okapi_does() {
    let sandbox = start(
        Sandbox::builder()
            .tenant("other")
            .user("o", "o")
            .tenant("diku")
            .user("diku_admin", "admin"),
    )
    .await;
    let mut caller = Caller::new(&sandbox);
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.token = Some("x.y.z".to_owned());
    assert_eq!(
        caller.told("GET", "/users", None).await,
        (401, "Invalid token".to_owned())
    );
    let mut caller = Caller::of(&sandbox).await;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    assert_eq!(caller.told("GET", "/unknown/path", None).await.0, 404);
    caller.tenant = Some("other");
    assert_eq!(caller.told("GET", "/users", None).await.0, 403);
    caller.tenant = Some("nowhere");
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.tenant = None;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    caller.cookie = Some("folioAccessToken=stale".to_owned());
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.cookie = None;
    sandbox.expire_tokens();
    assert_eq!(
        caller.told("GET", "/users", None).await,
        (401, "Invalid token".to_owned())
    );
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_replay_ends_all_sessions() {
    let sandbox = start(Sandbox::builder()).await;
    let mut caller = Caller::new(&sandbox);
    let first = cookie(
        &caller.login("diku_admin", "admin").await,
        "folioRefreshToken",
    );
    let other = cookie(
        &caller.login("diku_admin", "admin").await,
        "folioRefreshToken",
    );
    caller.cookie = Some(format!("folioRefreshToken={first}"));
    let answer = caller.send("POST", "/authn/refresh", None).await.unwrap();
    assert_eq!(answer.status(), 201);
    let second = cookie(&answer, "folioRefreshToken");
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
    for revoked in [other, second] {
        caller.cookie = Some(format!("folioRefreshToken={revoked}"));
        assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
    }
    caller.cookie = None;
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 400);
    assert_eq!((sandbox.logins(), sandbox.refreshes()), (2, 1));
}

#[tokio::test]
async fn tokens_expire_by_themselves() {
    let sandbox = start(Sandbox::builder().access_token_lifetime(Duration::from_millis(300))).await;
    let caller = Caller::of(&sandbox).await;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(caller.told("GET", "/users", None).await.0, 401);
}

#[tokio::test]
async fn permissions_are_those_of_the_module() {
    let sandbox =
        start(Sandbox::builder().user_with_permissions("reader", "r", ["users.collection.get"]))
            .await;
    let mut caller = Caller::new(&sandbox);
    caller.token = Some(cookie(
        &caller.login("reader", "r").await,
        "folioAccessToken",
    ));
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    let (status, text) = caller.told("GET", "/groups", None).await;
    assert_eq!(status, 403);
    assert!(text.contains("usergroups.collection.get"), "{text}");
}

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

#[tokio::test]
async fn faults_happen_where_and_as_often_as_they_were_asked_for() {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(4)).unwrap();
    let caller = Caller::of(&sandbox).await;
    let statuses = async |path: &str, times: usize| {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(caller.told("GET", path, None).await.0);
        }
        statuses
    };
    sandbox.fault(
        Fault::new(Effect::status(503, "busy"))
            .method("GET")
            .path("/groups")
            .after(1)
            .times(2),
    );
    assert_eq!(statuses("/users", 2).await, [200, 200]);
    assert_eq!(statuses("/groups", 4).await, [200, 503, 503, 200]);

    let count = || sandbox.records("diku", "/groups").unwrap().len();
    for (effect, done) in [
        (Effect::Drop, 0),
        (Effect::DropAnswer, 1),
        (Effect::BreakBody, 1),
    ] {
        let before = count();
        sandbox.fault(Fault::new(effect.clone()).method("POST").times(1));
        let body = json!({"group": format!("{effect:?}")});
        let answer = caller.send("POST", "/groups", Some(body)).await;
        let failed = match answer {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(failed, "{effect:?}");
        assert_eq!(count(), before + done, "{effect:?}");
    }
    sandbox.fault(Fault::new(Effect::Truncate).path("/groups").times(1));
    let page = caller.get("/groups?limit=6").await;
    assert_eq!(page["usergroups"].as_array().unwrap().len(), 3);
    assert_eq!(
        page["resultInfo"]["diagnostics"].as_array().unwrap().len(),
        1
    );
    sandbox.fault(Fault::new(Effect::NullElement).path("/groups").times(1));
    assert!(
        caller.get("/groups").await["usergroups"]
            .as_array()
            .unwrap()
            .contains(&Value::Null)
    );
    sandbox.fault(
        Fault::new(Effect::Delay(Duration::from_millis(100)))
            .path("/groups")
            .times(1),
    );
    let started = std::time::Instant::now();
    caller.get("/groups").await;
    assert!(started.elapsed() >= Duration::from_millis(100));
    sandbox.fault(Fault::new(Effect::status(500, "always")));
    assert_eq!(statuses("/groups", 2).await, [500, 500]);
    sandbox.clear_faults();
    assert_eq!(statuses("/groups", 1).await, [200]);
}

#[tokio::test]
async fn faults_by_chance_are_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let sandbox = start(Sandbox::builder().seed(seed)).await;
        let caller = Caller::of(&sandbox).await;
        sandbox.fault(Fault::new(Effect::status(503, "busy")).probability(0.3));
        let mut run = Vec::new();
        for _ in 0..60 {
            run.push(caller.told("GET", "/groups", None).await.0);
        }
        let failed = run.iter().filter(|status| **status == 503).count();
        assert!((5..35).contains(&failed), "{failed}");
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(300)).unwrap();
    let caller = Caller::of(&sandbox).await;
    let page = caller.get("/groups?limit=300").await;
    assert_eq!(page["usergroups"].as_array().unwrap().len(), 300);
    let plain = client(false);
    let request = || {
        plain
            .get(format!("{}/groups?limit=300", sandbox.url()))
            .header("x-okapi-token", caller.token.as_deref().unwrap())
    };
    assert!(
        request()
            .send()
            .await
            .unwrap()
            .headers()
            .get("content-encoding")
            .is_none()
    );
    let answer = request()
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(answer.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn what_is_kept_of_the_exchanges_has_no_secret() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::of(&sandbox).await;
    caller.get("/groups?query=group%3D%3D%22a%22").await;
    let exchanges = sandbox.exchanges();
    let text = format!("{exchanges:?} {sandbox:?}");
    assert!(
        !text.contains("admin\"") && !text.contains(caller.token.as_deref().unwrap()),
        "{text}"
    );
    assert_eq!(
        exchanges[1].query,
        [("query".to_owned(), "group==\"a\"".to_owned())]
    );
    assert_eq!(
        (exchanges[1].status, exchanges[1].header("X-Okapi-Token")),
        (Some(200), Some("(secret)"))
    );
}

#[tokio::test]
async fn records_outlive_the_sandbox_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("folio.sqlite");
    let sandbox = start(Sandbox::builder().file(&file)).await;
    sandbox.load("diku", "/groups", groups(3)).unwrap();
    sandbox.shutdown();
    let sandbox = start(Sandbox::builder().file(&file)).await;
    assert_eq!(sandbox.records("diku", "/groups").unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told() {
    let sandbox = start(Sandbox::builder()).await;
    let error = sandbox.load("diku", "/grupos", groups(1)).unwrap_err();
    assert!(matches!(&error, Error::NoCollection(path) if path == "/grupos"));
    assert_eq!(
        error.to_string(),
        "the sandbox has no collection /grupos: expected a path such as /users"
    );
    for record in [json!(7), json!({"id": 7})] {
        assert!(matches!(
            sandbox.load("diku", "/groups", vec![record]),
            Err(Error::Record(_))
        ));
    }
}
