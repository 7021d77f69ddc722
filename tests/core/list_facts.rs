//! The documents' facts about reading lists: no `sortBy`, no `cql.allRecords`, small pages, a query
//! in the body.

use folio_sdk::FolioClient;
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

const COUNT: usize = 230;

/// A server of lists that rejects the same requests as the recorded ones.
async fn server() -> Folio {
    Folio::start(|asked, _| {
        let query = asked.param("query").unwrap_or_default();
        let records = |key: &str, limit: usize, offset: usize| {
            let page: Vec<Value> = (0..COUNT)
                .skip(offset)
                .take(limit)
                .map(|number| json!({"id": format!("{number:08x}-0000-4000-8000-000000000000"), "title": "a", "source": "x", "instanceTypeId": "00000000-0000-4000-8000-000000000000"}))
                .collect();
            Reply::json(json!({key: page, "totalRecords": COUNT}))
        };
        let (limit, offset) = (asked.number("limit"), asked.number("offset"));
        match asked.path() {
            "/perms/permissions"
            | "/instance-storage/reindex"
            | "/item-storage-dereferenced/items"
                if query.contains("sortBy") =>
            {
                Some(Reply::new(400, "text/plain", "expected ')', got sortby"))
            }
            "/perms/permissions" => Some(records("permissions", limit, offset)),
            "/settings/entries" if query.contains("cql.allRecords") || query.contains("sortBy") => {
                Some(Reply::new(
                    500,
                    "text/plain",
                    "Unsupported CQL index: cql.allRecords",
                ))
            }
            "/settings/entries" => Some(records("items", limit, offset)),
            "/bl-users" if limit > 75 => Some(Reply::new(500, "text/plain", "URI is too long")),
            "/bl-users" => Some(records("compositeUsers", limit, offset)),
            "/search/consortium/locations" if !query.is_empty() => {
                Some(Reply::new(400, "text/plain", "unknown parameter"))
            }
            "/search/consortium/locations" => Some(records("locations", limit, offset)),
            "/instance-storage/instances/retrieve" => {
                let body: Value = serde_json::from_str(&asked.body).unwrap();
                let query = body["query"].as_str().unwrap();
                if asked.target.contains('?') || !query.starts_with("title=\"a\" sortBy title") {
                    return Some(Reply::new(400, "text/plain", asked.target.clone() + &asked.body));
                }
                let number = |name: &str| usize::try_from(body[name].as_u64().unwrap()).unwrap();
                Some(records("instances", number("limit"), number("offset")))
            }
            _ => None,
        }
    })
    .await
}

async fn read(folio: &FolioClient, path: &str, key: &str) -> usize {
    let list = folio.folio_get_all::<Value>(path, key).stream();
    let all: Vec<_> = list.collect().await;
    let records: Vec<Value> = all.into_iter().map(Result::unwrap).collect();
    records.len()
}

#[tokio::test]
async fn lists_are_read_in_the_way_that_their_servers_take() {
    let server = server().await;
    let folio = server.connect().await;
    for (path, key) in [
        ("/perms/permissions", "permissions"),
        ("/settings/entries", "items"),
        ("/bl-users", "compositeUsers"),
        ("/search/consortium/locations", "locations"),
    ] {
        assert_eq!(read(&folio, path, key).await, COUNT, "{path}");
    }
}

#[cfg(feature = "inventory-storage")]
#[tokio::test]
async fn a_list_whose_query_is_in_the_body_gives_its_collection_and_streams() {
    use folio_sdk::inventory_storage::CqlQueryRequestDto;

    let server = server().await;
    let folio = server.connect().await;
    let api = folio.inventory_storage();
    let body = CqlQueryRequestDto {
        query: Some("title=\"a\" sortBy title".to_owned()),
        limit: Some(100),
        offset: Some(0),
        ..CqlQueryRequestDto::default()
    };
    let page = api.retrieve_instances().body(&body).send().await.unwrap();
    assert_eq!(page.instances.len(), 100);
    let list = api.retrieve_instances().body(&body).stream();
    let all: Vec<_> = list.collect().await;
    let ids = all.into_iter().map(|record| record.unwrap().id);
    assert_eq!(ids.collect::<std::collections::BTreeSet<_>>().len(), COUNT);
}

#[test]
fn the_rest_of_a_path_keeps_its_slashes_and_leads_nowhere_else() {
    use folio_sdk::{Method, Operation, Request};

    static BELOW: Operation = Operation::new("export_rest", Method::GET, "/export/{+rest}");
    static BEHIND: Operation = Operation::new("get_settings", Method::GET, "/settings{+rest}");
    for (operation, rest, target) in [
        (&BELOW, "a/b c/d?e", "/export/a/b%20c/d%3Fe"),
        (&BEHIND, "", "/settings"),
        (&BEHIND, "/a b", "/settings/a%20b"),
        (&BEHIND, "Appended", "/settingsAppended"),
    ] {
        assert_eq!(Request::new(operation, &[rest]).target(), target);
    }
}

#[tokio::test]
async fn a_rest_of_a_path_that_leads_elsewhere_is_not_sent() {
    use folio_sdk::{Method, Operation, Request};

    static BELOW: Operation = Operation::new("export_rest", Method::GET, "/export/{+rest}");
    let server = server().await;
    let folio = server.connect().await;
    for rest in ["", "/a", "a/../../users", "a//b", "."] {
        let error = folio
            .execute(Request::new(&BELOW, &[rest]))
            .await
            .unwrap_err();
        assert!(
            error.to_string().contains("`rest` of the path"),
            "{rest}: {error}"
        );
    }
}
