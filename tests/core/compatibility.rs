//! The tenant's modules compared with the build's, and the help of errors if a gateway finds no
//! module.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use folio_sandbox::Sandbox;
use folio_sdk::{
    Compatibility, Error, Facts, FolioClient, Method, ModuleState, Operation, Platform, Request,
    RetryPolicy,
};
use folio_test_support::clock::Clock;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

const MODULES: &str = "/_/proxy/tenants/diku/modules";
const INTERFACES: &str = "/_/proxy/tenants/diku/interfaces";
const APPLICATIONS: &str = "/entitlements/diku/applications";

fn no_module() -> Reply {
    Reply::text(404, "No suitable module found for path and tenant")
}

/// Kong's response without a route.
fn no_route() -> Reply {
    Reply::new(
        404,
        "application/json",
        r#"{"message":"no Route matched with those values","request_id":"5"}"#,
    )
}

/// Okapi with one module of the build in its version, one older, and other modules.
fn okapi(asked: &Asked) -> Option<Reply> {
    let reply = match asked.path() {
        MODULES => json!([
            {"id": "mod-users-19.6.1-SNAPSHOT.123"}, {"id": "mod-users-bl-8.0.0"}, {"id": "folio_users-10.1.0"},
            {"id": "mod-inventory-storage-28.0.14"}, {"id": "edge-users-2.2.0"}
        ]),
        // As recorded, an interface that several modules provide is there twice.
        INTERFACES => json!([
            {"id": "users", "version": "16.5"}, {"id": "custom-fields", "version": "2.1", "interfaceType": "multiple"},
            {"id": "custom-fields", "version": "3.7", "interfaceType": "multiple"}, {"id": "_tenant", "version": "2.0"},
            {"id": "instance-storage", "version": "10.3"}, {"id": "item-storage", "version": "99.0"}
        ]),
        _ => return None,
    };
    Some(Reply::json(reply))
}

fn help(error: &Error) -> String {
    format!("{error:#}")
}

#[tokio::test]
async fn modules_and_interfaces_are_compared_with_the_build() {
    let server = Folio::start(|asked, _| okapi(asked)).await;
    let folio = server.connect().await;
    let found = folio.compatibility().await.unwrap();
    assert_eq!((&*found.tenant, found.platform), ("diku", Platform::Okapi));
    assert!(!found.is_compatible());
    let users = found.find("mod-users").unwrap();
    assert_eq!(users.tenant, ["19.6.1-SNAPSHOT.123"]);
    assert_eq!(users.state, ModuleState::Newer);
    let of = |id: &str| users.interfaces.iter().find(|one| one.id == id).unwrap();
    assert_eq!(of("users").is_compatible(), Some(true));
    // One of several modules provides it in a version that fits.
    assert_eq!(
        of("custom-fields").tenant.as_deref().unwrap(),
        ["2.1", "3.7"]
    );
    assert_eq!(of("custom-fields").is_compatible(), Some(true));
    assert_eq!(of("patron-pin").is_compatible(), Some(false));
    let storage = found.find("mod-inventory-storage").unwrap();
    assert_eq!(storage.state, ModuleState::Older);
    let unfit: Vec<&str> = storage
        .incompatible_interfaces()
        .map(|one| &*one.id)
        .collect();
    // The major version differs: too old, and too new.
    assert!(unfit.contains(&"instance-storage") && unfit.contains(&"item-storage"));
    assert!(!unfit.contains(&"_jsonSchemas"));

    let table = found.to_string();
    assert!(table.contains(" modules are compatible"), "{table}");
    assert!(table.contains("patron-pin 1.0: none"), "{table}");
    assert!(table.contains("28.0.14"), "{table}");
    let again: Compatibility =
        serde_json::from_value(serde_json::to_value(&found).unwrap()).unwrap();
    assert_eq!(again, found);
    let written = serde_json::to_value(&found).unwrap();
    assert_eq!(written["platform"], "okapi");
    let modules = written["modules"].as_array().unwrap();
    let storage = modules
        .iter()
        .find(|module| module["name"] == "mod-inventory-storage");
    assert_eq!(storage.unwrap()["state"], "older");
}

#[tokio::test]
async fn what_a_tenant_lacks_is_missing_and_what_cannot_be_read_is_not_known() {
    let server = Folio::start(|asked, _| match asked.path() {
        MODULES => Some(Reply::json(json!([{"id": "mod-users-19.1.0"}]))),
        INTERFACES => Some(Reply::text(
            403,
            "Access requires permission: okapi.proxy.interfaces",
        )),
        _ => None,
    })
    .await;
    let found = server.connect().await.compatibility().await.unwrap();
    let users = found.find("mod-users").unwrap();
    assert_eq!(
        (users.state, users.is_compatible()),
        (ModuleState::Older, true)
    );
    assert_eq!(users.interfaces[0].tenant, None);
    let storage = found.find("mod-inventory-storage").unwrap();
    assert_eq!(
        (storage.state, storage.is_compatible()),
        (ModuleState::Missing, false)
    );
    assert!(found.to_string().contains("unknown"), "{found}");
}

#[tokio::test]
async fn on_eureka_the_applications_tell() {
    let server = Folio::start(|asked, _| match asked.path() {
        APPLICATIONS => Some(Reply::json(json!({"totalRecords": 2, "applicationDescriptors": [
            {"id": "app-platform-1.0.0", "modules": [{"id": "mod-users-19.6.0", "name": "mod-users", "version": "19.6.0"}],
             "moduleDescriptors": [{"id": "mod-users-19.6.0", "provides": [{"id": "users", "version": "16.3"}]}]},
            {"id": "app-other-1.0.0", "modules": []}
        ]}))),
        path => (!path.starts_with("/authn")).then(no_route),
    })
    .await;
    let folio = server.connect().await;
    let found = folio.compatibility().await.unwrap();
    assert_eq!(found.platform, Platform::Eureka);
    let users = found.find("mod-users").unwrap();
    assert_eq!(users.state, ModuleState::Same);
    let interface = users
        .interfaces
        .iter()
        .find(|one| one.id == "users")
        .unwrap();
    assert_eq!(interface.is_compatible(), Some(false));
    let error = folio
        .folio_get::<Vec<Value>>("/users", "users")
        .await
        .unwrap_err();
    let said = help(&error);
    assert!(
        said.contains("mod-users-19.6.0, and `users` 16.3, which is not compatible"),
        "{said}"
    );
}

#[tokio::test]
async fn the_sandbox_has_what_it_is_made_of() {
    for eureka in [false, true] {
        let sandbox = Sandbox::builder().tenant("diku").user("ann", "secret");
        let sandbox = if eureka { sandbox.eureka() } else { sandbox };
        let sandbox = sandbox.start().await.unwrap();
        let folio = FolioClient::builder(sandbox.url())
            .tenant("diku")
            .credentials("ann", "secret")
            .connect()
            .await
            .unwrap();
        let found = folio.compatibility().await.unwrap();
        assert!(found.is_compatible(), "{found}");
        assert!(
            found
                .modules
                .iter()
                .all(|module| module.state == ModuleState::Same)
        );
    }
}

#[tokio::test]
async fn a_path_without_a_module_is_explained_once() {
    let server = Folio::start(|asked, _| {
        okapi(asked).or_else(|| Some(no_module()).filter(|_| !asked.path().starts_with("/authn")))
    })
    .await;
    let folio = server.connect().await;
    let mut errors = Vec::new();
    for _ in 0..5 {
        errors.push(folio.users().list_users().send().await.unwrap_err());
        let found = folio
            .folio_get::<Vec<Value>>("/instance-storage/instances", "instances")
            .await;
        errors.push(found.unwrap_err());
    }
    let said = help(&errors[0]);
    assert!(said.contains("No suitable module found"), "{said}");
    assert!(
        said.contains("needs the interface `users 16.") && said.contains("of mod-users"),
        "{said}"
    );
    assert!(
        said.contains("`users` 16.5, which is compatible: the module does not have this path"),
        "{said}"
    );
    let said = help(&errors[1]);
    assert!(
        said.contains("`instance-storage` 10.3, which is not compatible"),
        "{said}"
    );
    assert!(
        said.contains("tenant `diku` has mod-inventory-storage-28.0.14"),
        "{said}"
    );
    // A path that no module of the release has needs no lookup of the tenant's modules.
    let error = folio
        .folio_get::<Vec<Value>>("/badges", "badges")
        .await
        .unwrap_err();
    assert!(help(&error).contains("release does not have it"), "{error}");
    assert_eq!(server.asked(MODULES).len(), 1);
    assert_eq!(server.asked(INTERFACES).len(), 1);
    // Each call was sent once.
    assert_eq!(server.asked("/users").len(), 5);
}

#[tokio::test]
async fn many_failures_at_once_are_explained_by_one_lookup() {
    let server = Folio::start(|asked, _| {
        okapi(asked).or_else(|| Some(no_module()).filter(|_| !asked.path().starts_with("/authn")))
    })
    .await;
    let folio = server.connect().await;
    let calls = (0..40).map(|_| {
        let folio = folio.clone();
        tokio::spawn(async move { folio.users().list_users().send().await.unwrap_err() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(help(&call.await.unwrap()).contains("needs the interface `users"));
    }
    assert_eq!(server.asked(MODULES).len(), 1);
}

#[tokio::test]
async fn a_lookup_that_fails_hides_nothing_and_is_not_repeated() {
    for refused in [
        Reply::text(
            403,
            "Access requires permission: okapi.proxy.tenants.modules.list",
        ),
        Reply::text(500, "proxyClient failure"),
        Reply::text(503, "overloaded"),
        Reply::text(404, "diku"),
        Reply::Drop,
        Reply::json(json!({"not": "a list"})),
    ] {
        let server = Folio::start(move |asked, _| match asked.path() {
            MODULES | APPLICATIONS => Some(refused.clone()),
            "/users" => Some(no_module()),
            _ => None,
        })
        .await;
        let folio = server.connect().await;
        for _ in 0..3 {
            let error = folio.users().list_users().send().await.unwrap_err();
            assert_eq!(error.status().unwrap().as_u16(), 404);
            assert_eq!(error.url().unwrap(), format!("{}/users", server.url));
            assert_eq!(error.attempts(), 1);
            let said = help(&error);
            assert!(said.contains("No suitable module found"), "{said}");
            assert!(said.contains("needs the interface `users"), "{said}");
            assert!(said.contains("`compatibility()`"), "{said}");
        }
        assert!(
            server.asked(MODULES).len() == 1,
            "{}",
            server.asked(MODULES).len()
        );
        assert!(server.asked(APPLICATIONS).len() <= 1);
    }
}

#[tokio::test]
async fn other_errors_ask_nothing() {
    let answers = [
        Reply::text(404, "Not found"),
        Reply::text(404, "No running module instance found for mod-users-19.6.0"),
        Reply::new(
            404,
            "application/json",
            r#"{"errors":[{"message":"not found","code":"not_found_error"}]}"#,
        ),
        Reply::new(404, "text/html", "<html><body>404</body></html>"),
        Reply::text(403, "Access requires permission: users.collection.get"),
        Reply::text(422, "No suitable module found"),
    ];
    let count = answers.len();
    let server = Folio::start(move |asked, before| {
        (asked.path() == "/users").then(|| answers[before % count].clone())
    })
    .await;
    let folio = server
        .builder()
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    for _ in 0..count {
        folio.users().list_users().send().await.unwrap_err();
    }
    assert_eq!(server.asked(MODULES).len(), 0);
}

#[tokio::test]
async fn the_lookup_ends_with_the_deadline_of_the_call() {
    let server = Folio::start(|asked, _| match asked.path() {
        MODULES => Some(Reply::Stall),
        "/users" => Some(no_module()),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let call = folio
        .users()
        .list_users()
        .deadline(Duration::from_millis(300));
    let clock = Clock::stop();
    let (outcome, took) = clock.time(Duration::from_millis(1), call.send()).await;
    let error = outcome.unwrap_err();
    assert!(took < Duration::from_millis(400), "{took:?}");
    assert_eq!(error.status().unwrap().as_u16(), 404);
    assert!(help(&error).contains("needs the interface `users"));
}

#[tokio::test]
async fn another_tenant_is_asked_about_itself() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/_/proxy/tenants/college/modules" => Some(Reply::json(json!([]))),
        "/_/proxy/tenants/college/interfaces" => Some(Reply::json(json!([]))),
        "/users" => Some(no_module()),
        _ => okapi(asked),
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .for_tenant("college")
        .users()
        .list_users()
        .send()
        .await
        .unwrap_err();
    let said = help(&error);
    assert!(
        said.contains(
            "tenant `college` does not have mod-users, and the interface `users` is missing"
        ),
        "{said}"
    );
}

static CUSTOM_FIELDS: Operation = Operation::new("list_fields", Method::GET, "/custom-fields")
    .of_module("mod-users")
    .with_facts(Facts::unknown().is_multiple());

/// A module gets another version while its id is cached: the gateway no longer knows the old one.
#[tokio::test]
async fn after_an_upgrade_the_new_id_of_a_module_is_used() {
    for gone in [
        no_module(),
        no_route(),
        Reply::text(404, "No running module instance found for mod-users-19.6.0"),
    ] {
        let version = std::sync::Arc::new(AtomicUsize::new(0));
        let known = std::sync::Arc::clone(&version);
        let server = Folio::start(move |asked, _| {
            let id = format!("mod-users-19.6.{}", known.load(Ordering::SeqCst));
            match asked.path() {
                MODULES => Some(Reply::json(json!([{"id": id}]))),
                INTERFACES => Some(Reply::json(json!([]))),
                "/custom-fields" if asked.header("x-okapi-module-id") == id => {
                    Some(Reply::json(json!({"customFields": [id]})))
                }
                "/custom-fields" => Some(gone.clone()),
                _ => None,
            }
        })
        .await;
        let folio = server.connect().await;
        let call = || async {
            let found = folio.execute(Request::new(&CUSTOM_FIELDS, &[])).await?;
            found.json::<Value>()
        };
        assert_eq!(call().await.unwrap()["customFields"][0], "mod-users-19.6.0");
        version.store(1, Ordering::SeqCst);
        assert_eq!(call().await.unwrap()["customFields"][0], "mod-users-19.6.1");
        assert_eq!(call().await.unwrap()["customFields"][0], "mod-users-19.6.1");
        assert_eq!(server.asked(MODULES).len(), 2);
        assert_eq!(server.asked("/custom-fields").len(), 4);
        let opened = folio.open(Request::new(&CUSTOM_FIELDS, &[])).await;
        assert!(opened.is_ok());
    }
}

/// Where the id did not change, nothing is sent twice.
#[tokio::test]
async fn a_module_that_is_not_there_is_asked_once() {
    let server = Folio::start(move |asked, _| match asked.path() {
        MODULES => Some(Reply::json(json!([{"id": "mod-users-19.6.0"}]))),
        INTERFACES => Some(Reply::json(json!([]))),
        "/custom-fields" => Some(no_module()),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .execute(Request::new(&CUSTOM_FIELDS, &[]))
        .await
        .unwrap_err();
    assert_eq!(server.asked("/custom-fields").len(), 1);
    assert!(
        help(&error).contains("needs the interface `custom-fields"),
        "{error}"
    );
}

#[tokio::test]
async fn the_interfaces_of_a_tenant_are_known_or_unknown() {
    let server = Folio::start(|asked, _| okapi(asked)).await;
    let tenancy = server.connect().await.tenancy().await.unwrap();
    assert_eq!(tenancy.modules().platform(), Platform::Okapi);
    let users = tenancy.modules().find("mod-users").unwrap();
    // A snapshot precedes its release.
    assert!(users.compare_version("19.6.0").is_gt() && users.compare_version("19.6.1").is_lt());
    for (needed, expected) in [
        ("users 16.4", true),
        ("users 16.6", false),
        ("users 15.0", false),
        ("users", true),
        ("custom-fields 3.1", true),
        ("nothing 1.0", false),
        ("nothing", false),
    ] {
        assert_eq!(tenancy.provides(needed), Some(expected), "{needed}");
    }
    assert_eq!(
        tenancy.versions_of("custom-fields").unwrap(),
        ["2.1", "3.7"]
    );
    assert_eq!(tenancy.versions_of("nothing").unwrap(), [""; 0]);
    // Without permission for the interfaces they are unknown.
    let denied = Folio::start(|asked, _| match asked.path() {
        INTERFACES => Some(Reply::text(403, "Access requires permission: x")),
        _ => okapi(asked),
    })
    .await;
    let tenancy = denied.connect().await.tenancy().await.unwrap();
    assert_eq!(
        (tenancy.provides("users 16.4"), tenancy.versions_of("users")),
        (None, None)
    );
}
