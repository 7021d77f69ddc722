//! The gateway: Okapi with mod-authtoken, or Kong and sidecars; and the modules' own ports behind
//! it.

use super::*;

use folio_sandbox::Module;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const LOAN_TYPE: &str = "2b94c631-fca9-4892-a730-03ee529ffe2a";
const OTHER: &str = "2b94c631-fca9-4892-a730-03ee529ffe2b";

fn item(field: &str) -> Value {
    json!({"id": "1714f71f-b845-444b-a79e-a577487a6f7d", field: LOAN_TYPE})
}

#[tokio::test]
async fn a_module_deletes_a_table_at_its_own_port_alone() {
    let builder = Sandbox::builder().module_port("mod-inventory-storage");
    let sandbox = start(builder).await;
    let url = sandbox.module_url("mod-inventory-storage").unwrap();
    let load = |path: &str, records: Vec<Value>| sandbox.load("diku", path, records).unwrap();
    load(
        "/loan-types",
        vec![json!({"id": LOAN_TYPE}), json!({"id": OTHER})],
    );
    load("/item-storage/items", vec![item("temporaryLoanTypeId")]);
    let gateway = Caller::of(&sandbox).await;
    assert_eq!(gateway.told("DELETE", "/loan-types", None).await.0, 404);
    let port = Caller {
        url,
        ..Caller::new(&sandbox)
    };
    // Of the records that refer to one, PostgreSQL names the constraint that was made first.
    let (status, text) = port.told("DELETE", "/loan-types?query=id==x", None).await;
    assert_eq!(
        (status, text.as_str()),
        (
            500,
            "ERROR: update or delete on table \"loan_type\" violates foreign key constraint \"temporaryloantypeid_loan_type_fkey\" on table \"item\" (23503)"
        )
    );
    let mut both = item("temporaryLoanTypeId");
    both["permanentLoanTypeId"] = LOAN_TYPE.into();
    load("/item-storage/items", vec![both]);
    let (_, text) = port.told("DELETE", "/loan-types", None).await;
    assert!(
        text.contains("permanentloantypeid_loan_type_fkey"),
        "{text}"
    );
    assert_eq!(sandbox.records("diku", "/loan-types").unwrap().len(), 2);
    load("/item-storage/items", vec![json!({"id": item("x")["id"]})]);
    let (status, _) = port.told("DELETE", "/loan-types?query=id==x", None).await;
    assert_eq!(status, 204);
    assert_eq!(
        sandbox.records("diku", "/loan-types").unwrap(),
        Vec::<Value>::new()
    );
    // Nobody looks at a tenant's token there, and one that has no schema is PostgreSQL's business.
    let nowhere = Caller {
        tenant: Some("nowhere"),
        ..port
    };
    let tags = start(Sandbox::builder().module_port("mod-tags")).await;
    let nobody = Caller {
        tenant: None,
        url: tags.module_url("mod-tags").unwrap(),
        ..Caller::new(&tags)
    };
    let said = "x-okapi-tenant header must be provided\n".to_owned();
    assert_eq!(nobody.told("GET", "/tags", None).await, (400, said));
    let (status, text) = nowhere.told("GET", "/loan-types", None).await;
    assert_eq!(status, 400);
    assert_eq!(
        text,
        "FATAL: role \"nowhere_mod_inventory_storage\" does not exist (28000): null"
    );
}

#[tokio::test]
async fn a_tenant_may_lack_modules() {
    let builder = Sandbox::builder()
        .tenant("small")
        .user("clerk", "clerk")
        .modules(["mod-users", "mod-authtoken", "mod-login"])
        .tenant("open")
        .user("clerk", "clerk")
        .modules(["mod-users"]);
    let sandbox = builder.start().await.unwrap();
    let small = Caller {
        tenant: Some("small"),
        ..Caller::new(&sandbox)
    };
    assert_eq!(small.login("clerk", "clerk").await.status(), 201);
    let none = (
        404,
        "No suitable module found for path and tenant".to_owned(),
    );
    assert_eq!(small.told("GET", "/perms/users", None).await, none);
    assert_eq!(small.told("GET", "/_/proxy/modules", None).await, none);
    assert_eq!(small.told("GET", "/users", None).await.0, 400);
    let open = Caller {
        tenant: Some("open"),
        ..Caller::new(&sandbox)
    };
    // Without mod-authtoken nobody checks who asks, and without mod-login nobody can log in.
    assert_eq!(open.told("GET", "/users", None).await.0, 200);
    assert_eq!(open.login("clerk", "clerk").await.status(), 404);
}

/// A module that answers with the request that it gets.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
            while !read.ends_with(b"0\r\n\r\n") {
                let count = socket.read(&mut chunk).await.unwrap();
                read.extend_from_slice(&chunk[..count]);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\nx-of-module: yes\r\ncontent-length: {}\r\n\r\n",
                read.len()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(&read).await.unwrap();
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_module_is_registered_enabled_and_called() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::of(&sandbox).await;
    let id = "mod-shelves-1.2.3";
    let descriptor = json!({"id": id, "provides": [{"id": "shelves", "version": "1.0", "handlers": [{"methods": ["GET", "POST"], "pathPattern": "/shelves*"}]}]});
    let (status, _) = caller
        .told("POST", "/_/proxy/modules", Some(descriptor.clone()))
        .await;
    assert_eq!(status, 201);
    let (status, text) = caller
        .told("POST", "/_/proxy/modules", Some(descriptor))
        .await;
    assert_eq!(
        (status, text.as_str()),
        (400, "create: module mod-shelves-1.2.3 exists already")
    );
    let (status, text) = caller.told("GET", "/shelves/1", None).await;
    assert_eq!(
        (status, text.as_str()),
        (
            404,
            "No running module instance found for mod-shelves-1.2.3"
        )
    );
    let place = json!({"srvcId": id, "url": echo().await});
    let (status, _) = caller
        .told("POST", "/_/discovery/modules", Some(place))
        .await;
    assert_eq!(status, 201);
    let answer = caller
        .send("POST", "/shelves/1?a=b", Some(json!({"n": 1})))
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-of-module"], "yes");
    let text = answer.text().await.unwrap();
    assert!(
        text.starts_with("POST /shelves/1?a=b HTTP/1.1\r\n"),
        "{text}"
    );
    for line in [
        "X-Okapi-Match-Path-Pattern: /shelves*",
        "X-Okapi-User-Id: ",
        "X-Okapi-Token: ey",
        "transfer-encoding: chunked",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("{\"n\":1}"));
    let of_tenant = format!("/_/proxy/tenants/diku/modules/{id}");
    assert_eq!(caller.told("DELETE", &of_tenant, None).await.0, 204);
    assert_eq!(caller.told("GET", "/shelves/1", None).await.0, 404);
    assert_eq!(
        caller.told("GET", &of_tenant, None).await,
        (404, id.to_owned())
    );
}

#[tokio::test]
async fn a_module_that_is_down_or_breaks_off_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
                .await;
        }
    });
    let half = Module::new("mod-half-1.0.0", ["GET"], "/half").at(format!("http://{address}"));
    let down = Module::new("mod-down-1.0.0", ["GET"], "/down").at("http://127.0.0.1:1");
    let sandbox = start(Sandbox::builder().module(half).module(down)).await;
    let caller = Caller::of(&sandbox).await;
    let (status, text) = caller.told("GET", "/down", None).await;
    assert_eq!(status, 500);
    assert_eq!(
        text,
        "proxyClient failure: mod-down-1.0.0 http://127.0.0.1:1: finishConnect(..) failed: Connection refused: /127.0.0.1:1: GET /down"
    );
    // Okapi never ends the answer of a module that stops in the middle.
    let answer = caller.send("GET", "/half", None).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = tokio::time::timeout(Duration::from_millis(300), answer.bytes()).await;
    assert!(body.is_err());
}

#[tokio::test]
async fn permissions_count_when_what_is_remembered_of_them_is_old() {
    let sandbox = start(Sandbox::builder()).await;
    let admin = Caller::of(&sandbox).await;
    let id = "6d8a2b5c-1f0e-4c3d-9a7b-0123456789ab";
    let user = json!({"id": id, "username": "clerk", "active": true, "personal": {"lastName": "Clerk", "email": "c@example.org", "preferredContactTypeId": "002"}});
    assert_eq!(
        admin.told("POST", "/users", Some(user.clone())).await.0,
        201
    );
    let password = json!({"userId": id, "password": "clerk"});
    assert_eq!(
        admin
            .told("POST", "/authn/credentials", Some(password))
            .await
            .0,
        201
    );
    let record = json!({"userId": id, "permissions": ["users.collection.get"]});
    assert_eq!(
        admin.told("POST", "/perms/users", Some(record)).await.0,
        201
    );
    let login = admin.login("clerk", "clerk").await;
    let clerk = Caller {
        token: Some(cookie(&login, "folioAccessToken")),
        ..Caller::new(&sandbox)
    };
    assert_eq!(clerk.told("GET", "/users", None).await.0, 200);
    let permissions = format!("/perms/users/{id}/permissions?indexField=userId");
    let grant = json!({"permissionName": "usergroups.collection.get"});
    assert_eq!(admin.told("POST", &permissions, Some(grant)).await.0, 200);
    // mod-authtoken remembers for a minute what a user may do.
    assert_eq!(clerk.told("GET", "/groups", None).await.0, 403);
    sandbox.advance(Duration::from_secs(59));
    assert_eq!(clerk.told("GET", "/groups", None).await.0, 403);
    sandbox.advance(Duration::from_secs(1));
    assert_eq!(clerk.told("GET", "/groups", None).await.0, 200);
    let mut inactive = user;
    inactive["active"] = false.into();
    assert_eq!(
        admin
            .told("PUT", &format!("/users/{id}"), Some(inactive))
            .await
            .0,
        204
    );
    // Okapi remembers for three minutes what a token may use.
    sandbox.advance(Duration::from_secs(100));
    assert_eq!(clerk.told("GET", "/groups?limit=0", None).await.0, 200);
    let (status, text) = clerk.told("GET", &format!("/users/{id}"), None).await;
    assert_eq!(status, 401);
    assert_eq!(
        text,
        format!("Invalid token: user with id {id} is not active")
    );
    sandbox.advance(Duration::from_secs(81));
    assert_eq!(clerk.told("GET", "/groups", None).await.0, 401);
    sandbox.advance(Duration::from_secs(600));
    assert_eq!(
        clerk.told("GET", "/groups", None).await,
        (401, "Invalid token".to_owned())
    );
}

fn code(text: &str) -> String {
    let body: Value = serde_json::from_str(text).unwrap();
    body["errors"][0]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn eureka_rejects_as_kong_and_its_sidecars_do() {
    let builder = Sandbox::builder()
        .eureka()
        .tenant("diku")
        .user("diku_admin", "admin")
        .user_with_permissions("clerk", "clerk", ["users.collection.get"]);
    let sandbox = builder.start().await.unwrap();
    let admin = Caller::of(&sandbox).await;
    let (status, text) = admin.told("GET", "/nosuch", None).await;
    assert_eq!(status, 404);
    assert!(text.contains("no Route matched with those values"));
    let login = admin.login("clerk", "clerk").await;
    let clerk = Caller {
        token: Some(cookie(&login, "folioAccessToken")),
        ..Caller::new(&sandbox)
    };
    assert_eq!(clerk.told("GET", "/users", None).await.0, 200);
    let (status, text) = clerk.told("GET", "/groups", None).await;
    assert_eq!((status, code(&text).as_str()), (403, "authorization_error"));
    assert!(text.contains("Access Denied"), "{text}");
    let (status, text) = Caller::new(&sandbox).told("GET", "/users", None).await;
    assert_eq!((status, code(&text).as_str()), (401, "authorization_error"));
    let elsewhere = Caller {
        tenant: Some("nowhere"),
        ..Caller::new(&sandbox)
    };
    let body = json!({"username": "a", "password": "b"});
    let (status, text) = elsewhere
        .told("POST", "/authn/login-with-expiry", Some(body))
        .await;
    assert_eq!((status, code(&text).as_str()), (400, "tenant_not_enabled"));
    let differing = Caller {
        cookie: Some("folioAccessToken=another".to_owned()),
        ..clerk
    };
    let (status, text) = differing.told("GET", "/users", None).await;
    assert_eq!(status, 404);
    assert!(
        text.contains("X-Okapi-Token token is not equal to folioAccessToken token in cookies"),
        "{text}"
    );
    sandbox.expire_tokens();
    let (status, text) = admin.told("GET", "/users", None).await;
    assert_eq!((status, code(&text).as_str()), (401, "authorization_error"));
}

#[tokio::test]
async fn keycloak_may_be_down_and_come_back() {
    let sandbox = start(Sandbox::builder().eureka()).await;
    let mut caller = Caller::new(&sandbox);
    let login = caller.login("diku_admin", "admin").await;
    assert!(login.headers().get_all("set-cookie").iter().any(|cookie| {
        cookie
            .to_str()
            .unwrap()
            .contains("Path=/authn; Max-Age=1800; ")
    }));
    let refresh = cookie(&login, "folioRefreshToken");
    caller.cookie = Some(format!("folioRefreshToken={refresh}"));
    // The same token may be used again.
    for _ in 0..2 {
        assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 201);
    }
    sandbox.keycloak_down(true);
    let (status, text) = caller.told("POST", "/authn/refresh", None).await;
    assert_eq!(
        (status, code(&text).as_str()),
        (422, "token.refresh.unprocessable")
    );
    let down = Caller::new(&sandbox).login("diku_admin", "admin").await;
    assert_eq!(down.status(), 400);
    assert!(
        down.text()
            .await
            .unwrap()
            .contains("Failed to connect to keycloak:8080")
    );
    sandbox.keycloak_down(false);
    let again = caller.send("POST", "/authn/refresh", None).await.unwrap();
    assert_eq!(again.status(), 201);
    // A logout ends the session: the tokens that it had before end with it.
    caller.cookie = Some(format!(
        "folioRefreshToken={}",
        cookie(&again, "folioRefreshToken")
    ));
    assert_eq!(caller.told("POST", "/authn/logout", None).await.0, 204);
    caller.cookie = Some(format!("folioRefreshToken={refresh}"));
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
    // The idle time of a session.
    let login = Caller::new(&sandbox).login("diku_admin", "admin").await;
    caller.cookie = Some(format!(
        "folioRefreshToken={}",
        cookie(&login, "folioRefreshToken")
    ));
    sandbox.advance(Duration::from_secs(1801));
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
}

#[tokio::test]
async fn users_act_in_the_tenants_that_they_are_affiliated_with() {
    for eureka in [false, true] {
        let builder = Sandbox::builder()
            .tenant("central")
            .user("boss", "boss")
            .tenant("one")
            .user("clerk", "clerk")
            .tenant("two")
            .user("other", "other")
            .consortium("central", ["one", "two"]);
        let builder = if eureka { builder.eureka() } else { builder };
        let sandbox = builder.start().await.unwrap();
        let shared = json!({"id": "0c45bb50-7c9b-48b0-86eb-178a494e25fe", "title": "Shared", "source": "FOLIO"});
        sandbox
            .load("central", "/instance-storage/instances", vec![shared])
            .unwrap();
        let login = |tenant: &'static str, name: &'static str| {
            let caller = Caller {
                tenant: Some(tenant),
                ..Caller::new(&sandbox)
            };
            async move {
                let login = caller.login(name, name).await;
                cookie(&login, "folioAccessToken")
            }
        };
        let clerk = login("one", "clerk").await;
        let boss = login("central", "boss").await;
        let path = "/instance-storage/instances/0c45bb50-7c9b-48b0-86eb-178a494e25fe";
        let rejected = if eureka { 401 } else { 403 };
        for (token, tenant, status) in [
            (&clerk, "one", 404),
            // The shared record is in the central tenant, where a member's users have shadows.
            (&clerk, "central", 200),
            (&clerk, "two", rejected),
            (&boss, "two", 404),
        ] {
            let caller = Caller {
                tenant: Some(tenant),
                token: Some(token.clone()),
                ..Caller::new(&sandbox)
            };
            assert_eq!(
                caller.told("GET", path, None).await.0,
                status,
                "{tenant}, eureka: {eureka}"
            );
        }
    }
}
