//! `folio routes`.

use folio_test_support::recordings::{rows, text};
use folio_test_support::server::{Asked, Folio, PASSWORD, Reply};
use serde_json::{Value, json};

use crate::support::Ended;
use crate::support::program::{Program, demo, with_reader};

/// The row of an operation.
fn row(found: &Ended, method: &str, path: &str) -> Value {
    let rows = found.json();
    let rows = rows.as_array().unwrap().clone();
    rows.into_iter()
        .find(|row| row["method"] == method && row["path"] == path)
        .unwrap_or_else(|| panic!("{method} {path} is not in {found:?}"))
}

#[tokio::test]
async fn all_words_must_occur_in_path_name_module_permission_or_record() {
    let folio = Program::default();
    for (words, method, path) in [
        (&["users.item.put"][..], "PUT", "/users/{userId}"),
        (&["LIST_USERS"], "GET", "/users"),
        (
            &["mod-circulation", "renew-by-id"],
            "POST",
            "/circulation/renew-by-id",
        ),
        (
            &["GET", "/users/5f1c3d0a-0000-4000-8000-000000000000"],
            "GET",
            "/users/{userId}",
        ),
        (&["usergroup", "GET"], "GET", "/groups"),
    ] {
        let arguments: Vec<&str> = ["routes", "--offline", "--format", "json"]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let found = folio.run(&arguments).await;
        assert_eq!(found.code, Some(0), "{found:?}");
        row(&found, method, path);
    }
    let found = folio
        .run(&["routes", "--offline", "--format", "json", "GET", "/users"])
        .await;
    let rows = found.json();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["method"] == "GET"),
        "{rows}"
    );
}

#[tokio::test]
async fn an_operation_shows_its_call_permissions_and_list() {
    let found = Program::default()
        .run(&[
            "routes",
            "--offline",
            "--format",
            "json",
            "--release",
            "trillium",
            "--module",
            "users",
            "list_users",
        ])
        .await;
    let users = row(&found, "GET", "/users");
    let expected = json!({
        "method": "GET", "path": "/users", "call": "folio.users().list_users()", "module": "mod-users", "version": "19.6.0",
        "interface": "users 16.4", "permissions": ["users.collection.get"],
        "desired": ["users.basic-read.execute", "users.restricted-read.execute"],
        "parameters": ["query", "totalRecords", "offset", "limit"], "list": "cql", "items": "users", "key": "id",
        "record": "User", "release": "trillium",
    });
    assert_eq!(users, expected);
    let table = Program::default()
        .run(&[
            "routes",
            "--offline",
            "--format",
            "table",
            "list_users",
            "--module",
            "mod-users",
        ])
        .await;
    assert!(
        table.out.contains("folio.users().list_users()"),
        "{table:?}"
    );
    assert!(table.err.contains("operations of trillium"), "{table:?}");
    // Of another release.
    let old = Program::default()
        .run(&[
            "routes",
            "--offline",
            "--format",
            "json",
            "--release",
            "ramsons",
            "GET",
            "/users",
            "--module",
            "mod-users",
        ])
        .await;
    assert_eq!(row(&old, "GET", "/users")["version"], "19.4.6");
}

#[tokio::test]
async fn without_a_result_the_error_helps() {
    let folio = Program::default();
    let none = folio.run(&["routes", "--offline", "nosuchword"]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(5), ""), "{none:?}");
    assert!(
        none.err
            .contains("trillium has no operation with nosuchword"),
        "{none:?}"
    );
    let module = folio
        .run(&["routes", "--offline", "user", "--module", "mod-userz"])
        .await;
    assert!(module.err.contains("no module `mod-userz`"), "{module:?}");
    let release = folio
        .run(&["routes", "--offline", "user", "--release", "iris"])
        .await;
    assert_eq!(release.code, Some(2), "{release:?}");
    assert!(
        release
            .err
            .contains("known releases: ramsons, sunflower, trillium"),
        "{release:?}"
    );
    // An operation of an earlier release only.
    let gone = folio
        .run(&[
            "routes",
            "--offline",
            "GET",
            "/authn/loginAttempts/{id}",
            "--release",
            "trillium",
            "mod-authtoken",
        ])
        .await;
    assert_eq!(gone.code, Some(5), "{gone:?}");
    // Nothing is asked for without an address, and the command works.
    let alone = folio.run(&["routes", "list_users"]).await;
    assert_eq!(alone.code, Some(0), "{alone:?}");
    assert!(alone.err.contains("without a tenant"), "{alone:?}");
}

#[tokio::test]
async fn a_tenant_shows_what_it_and_the_user_have() {
    for eureka in [false, true] {
        let sandbox = with_reader(eureka).await;
        let arguments = [
            "routes",
            "--format",
            "json",
            "/users",
            "--module",
            "mod-users",
        ];
        let admin = Program::admin(&sandbox).run(&arguments).await;
        assert_eq!(admin.code, Some(0), "{admin:?}");
        let list = row(&admin, "GET", "/users");
        assert_eq!(
            (&list["tenant"], &list["user"]),
            (&json!("yes"), &json!("yes")),
            "{eureka} {admin:?}"
        );
        let reader = Program::at(sandbox.url(), "reader", "secret")
            .run(&arguments)
            .await;
        assert_eq!(
            row(&reader, "GET", "/users")["user"],
            "yes",
            "{eureka} {reader:?}"
        );
        assert_eq!(
            row(&reader, "POST", "/users")["user"],
            "no: lacks users.item.post",
            "{eureka} {reader:?}"
        );
        assert!(!format!("{reader:?}").contains("secret"), "{reader:?}");
        // Only reading requests beside the logins.
        let writes = sandbox
            .exchanges()
            .into_iter()
            .filter(|exchange| exchange.method != "GET" && !exchange.path.contains("/authn/"));
        assert_eq!(writes.count(), 0);
    }
}

#[tokio::test]
async fn a_module_that_the_tenant_lacks_is_missing_on_okapi() {
    let sandbox = demo(false)
        .without_module("mod-calendar")
        .start()
        .await
        .unwrap();
    let found = Program::admin(&sandbox)
        .run(&[
            "routes",
            "--format",
            "json",
            "GET",
            "/calendar/calendars",
            "--module",
            "mod-calendar",
        ])
        .await;
    let answer = row(&found, "GET", "/calendar/calendars")["tenant"].clone();
    assert_eq!(answer, "no: the interface calendar is missing", "{found:?}");
}

/// Okapi with recorded responses about permissions.
async fn recorded(status: u64, own: &'static str, bl: Option<Value>) -> Folio {
    let recording = rows("auth");
    let found = recording
        .iter()
        .find(|row| text(row, "name") == own)
        .unwrap_or_else(|| panic!("no row {own}"));
    assert_eq!(found["status"], status);
    let reply = Reply::new(
        found["status"].as_u64().unwrap() as u16,
        text(found, "type"),
        text(found, "text"),
    );
    Folio::start(move |asked: &Asked, _| {
        Some(match asked.path() {
            "/_/proxy/tenants/diku/modules" => Reply::json(json!([{"id": "mod-users-19.6.0"}])),
            "/_/proxy/tenants/diku/interfaces" => {
                Reply::json(json!([{"id": "users", "version": "16.4"}]))
            }
            "/bl-users/by-username/ann" => {
                Reply::json(json!({"user": {"id": "3cd90eb8-e49c-4bd1-a886-af5b60d945f0"}}))
            }
            path if path.starts_with("/perms/users/3cd90eb8") => reply.clone(),
            "/bl-users/_self" => match &bl {
                Some(body) => Reply::json(body.clone()),
                None => Reply::text(
                    404,
                    "No record found for query '/perms/users?query=userId=='",
                ),
            },
            _ => return None,
        })
    })
    .await
}

#[tokio::test]
async fn recorded_permissions_are_read() {
    let arguments = [
        "routes",
        "--format",
        "json",
        "/users",
        "--module",
        "mod-users",
    ];
    // The names alone, as recorded.
    let names = recorded(200, "perms of the user", None).await;
    let found = Program::at(&names.url, "ann", PASSWORD)
        .run(&arguments)
        .await;
    assert_eq!(row(&found, "GET", "/users")["user"], "yes", "{found:?}");
    assert_eq!(
        row(&found, "POST", "/users")["user"],
        "no: lacks users.item.post",
        "{found:?}"
    );
    let asked = names.asked("/perms/users/3cd90eb8-e49c-4bd1-a886-af5b60d945f0/permissions");
    assert_eq!(
        (
            asked[0].param("indexField").as_deref(),
            asked[0].param("expanded").as_deref()
        ),
        (Some("userId"), Some("true"))
    );
    // Denied, as recorded; mod-users-bl shows the same.
    let own = json!({"permissions": {"permissions": [{"permissionName": "users.item.post"}]}});
    let denied = recorded(403, "permissions missing: own perms", Some(own)).await;
    let found = Program::at(&denied.url, "ann", PASSWORD)
        .run(&arguments)
        .await;
    assert_eq!(row(&found, "POST", "/users")["user"], "yes", "{found:?}");
    assert_eq!(
        row(&found, "GET", "/users")["user"],
        "no: lacks users.collection.get",
        "{found:?}"
    );
    // Unknown is not `no`.
    for (status, name) in [
        (403, "permissions missing: own perms"),
        (404, "perms of an unknown user"),
    ] {
        let unknown = recorded(status, name, None).await;
        let found = Program::at(&unknown.url, "ann", PASSWORD)
            .run(&arguments)
            .await;
        assert_eq!(row(&found, "GET", "/users")["user"], "unknown", "{found:?}");
        assert!(
            found
                .err
                .contains("the permissions of the user are unknown"),
            "{found:?}"
        );
    }
}
