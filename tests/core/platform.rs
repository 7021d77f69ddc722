//! The modules of a tenant on both platforms, and paths that several modules provide.

use folio_sdk::{ErrorKind, Facts, FolioClient, Method, Operation, Platform, Request, Result};
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

const OKAPI: &str = "/_/proxy/tenants/diku/modules";
const EUREKA: &str = "/entitlements/diku/applications";

fn entitlements() -> Reply {
    Reply::json(
        json!({"applicationDescriptors": [{"id": "app-1", "modules": [
        {"id": "mod-users-19.4.6", "name": "mod-users", "version": "19.4.6"}]}], "totalRecords": 1}),
    )
}

#[tokio::test]
async fn where_the_proxy_is_forbidden_the_entitlements_are_asked() {
    let server = Folio::start(|asked, _| match asked.path() {
        OKAPI => Some(Reply::text(403, "Access Denied")),
        EUREKA => Some(entitlements()),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    assert_eq!(folio.module_version("mod-users").await.unwrap(), "19.4.6");
    assert_eq!(folio.modules().await.unwrap().platform(), Platform::Eureka);

    // On Okapi, which knows no entitlements, the missing permission is reported.
    let server = Folio::start(|asked, _| {
        (asked.path() == OKAPI).then(|| {
            Reply::text(
                403,
                "Access for user 'ann' (7) requires permission: okapi.proxy.tenants.modules.list",
            )
        })
    })
    .await;
    let folio = server.connect().await;
    let error = folio.module_version("mod-users").await.unwrap_err();
    assert!(
        error.is_forbidden()
            && error
                .to_string()
                .contains("okapi.proxy.tenants.modules.list"),
        "{error:#}"
    );
    assert_eq!(server.asked(EUREKA).len(), 1);
}

static OF_USERS: Operation = Operation::new("list_custom_fields", Method::GET, "/custom-fields")
    .of_module("mod-users")
    .with_facts(Facts::unknown().is_multiple());
static OF_ORDERS: Operation = Operation::new("list_custom_fields", Method::GET, "/custom-fields")
    .of_module("mod-orders-storage")
    .with_facts(Facts::unknown().is_multiple());

/// Routes as Okapi does (`ModuleCache`): a path of an interface of type `multiple` is found only by
/// the id of its module.
fn routed(asked: &Asked) -> Option<Reply> {
    match (asked.path(), asked.header("x-okapi-module-id")) {
        (OKAPI, _) => Some(Reply::json(json!([
            {"id": "mod-users-19.4.6"}, {"id": "mod-users-bl-7.9.1"}, {"id": "mod-orders-storage-13.8.4"},
        ]))),
        ("/_/proxy/tenants/both/modules", _) => Some(Reply::json(json!([
            {"id": "mod-users-19.4.6"}, {"id": "mod-users-19.5.0"},
        ]))),
        ("/custom-fields", module @ ("mod-users-19.4.6" | "mod-orders-storage-13.8.4")) => {
            Some(Reply::json(json!({"customFields": [{"name": module}]})))
        }
        _ => None,
    }
}

async fn fields(folio: &FolioClient, operation: &'static Operation) -> Result<String> {
    let response = folio.execute(Request::new(operation, &[])).await?;
    let fields: Value = response.json()?;
    Ok(fields["customFields"][0]["name"]
        .as_str()
        .unwrap()
        .to_owned())
}

#[tokio::test]
async fn what_several_modules_provide_is_addressed_to_the_one_that_is_called() {
    let server = Folio::start(|asked, _| routed(asked)).await;
    let folio = server.connect().await;
    for _ in 0..2 {
        assert_eq!(fields(&folio, &OF_USERS).await.unwrap(), "mod-users-19.4.6");
        assert_eq!(
            fields(&folio, &OF_ORDERS).await.unwrap(),
            "mod-orders-storage-13.8.4"
        );
    }
    assert_eq!(server.asked(OKAPI).len(), 1, "the modules are cached");
    // What the caller says is not looked up.
    let own = Request::new(&OF_USERS, &[]).header("X-Okapi-Module-Id", "mod-orders-storage-13.8.4");
    folio.execute(own).await.unwrap();
    assert_eq!(server.asked(OKAPI).len(), 1);
    // A download is addressed as well.
    let download = folio.open(Request::new(&OF_USERS, &[])).await.unwrap();
    assert!(download.bytes().await.unwrap().starts_with(b"{"));
    // Nothing else has the header.
    let _ = folio.folio_get::<Value>("/users", "users").await;
    assert_eq!(server.asked("/users")[0].header("x-okapi-module-id"), "");
}

#[tokio::test]
async fn a_module_that_the_tenant_has_not_or_has_twice_is_an_error_that_says_so() {
    static OF_NOBODY: Operation =
        Operation::new("list_custom_fields", Method::GET, "/custom-fields")
            .of_module("mod-nobody")
            .with_facts(Facts::unknown().is_multiple());
    let server = Folio::start(|asked, _| routed(asked)).await;
    let folio = server.connect().await;
    let none = fields(&folio, &OF_NOBODY).await.unwrap_err();
    let several = fields(&folio.for_tenant("both"), &OF_USERS)
        .await
        .unwrap_err();
    let unknown = fields(&folio.for_tenant("elsewhere"), &OF_USERS)
        .await
        .unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Lookup);
    assert_eq!(several.kind(), ErrorKind::Lookup);
    for (error, words) in [
        (&none, "\"mod-nobody\""),
        (
            &several,
            "several versions: mod-users-19.4.6, mod-users-19.5.0",
        ),
        (&unknown, "/entitlements/elsewhere/applications"),
    ] {
        let shown = format!("{error:#}");
        assert!(
            shown.contains(words) && shown.contains("X-Okapi-Module-Id"),
            "{shown}"
        );
    }
    assert_eq!(server.asked("/custom-fields").len(), 0);
}
