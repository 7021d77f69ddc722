//! The table of what FolioClient offers, `docs/folioclient.md`: it leaves nothing out, and the
//! tests that it names are there.

use std::collections::BTreeSet;

use folio_sandbox::Sandbox;
use folio_sdk::{FolioClient, Id};
use folio_test_support::files::{root, walk};
use folio_test_support::sandbox::{admin, id};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

const TABLE: &str = include_str!("../../docs/folioclient.md");

/// The members and variables of FolioClient 1.0.15.
const MEMBERS: &str = "FolioClient ssl_verify okapi_url timeout __enter__ __aenter__ __exit__ __aexit__ close async_close logout async_logout \
    is_closed validate_client_open get_folio_http_client get_folio_http_client_async login async_login __repr__ gateway_url username password \
    initial_tenant_id tenant_id access_token refresh_token cookies access_token_expires folio_headers okapi_headers okapi_token \
    folio_token_expires http_timeout current_user folio_get folio_get_async folio_get_single_object folio_post folio_put folio_delete \
    folio_get_all get_all get_all_async get_all_ids put_user build_url handle_json_response extract_response_data should_continue_pagination \
    get_last_id construct_id_offset_query prepare_id_offset_query handle_delete_response FOLIOCLIENT_PREFER_ORJSON FOLIOCLIENT_HTTP_TIMEOUT \
    FOLIOCLIENT_CONNECT_TIMEOUT FOLIOCLIENT_READ_TIMEOUT FOLIOCLIENT_WRITE_TIMEOUT FOLIOCLIENT_POOL_TIMEOUT FOLIOCLIENT_FORBIDDEN_RETRY_DELAY \
    FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY FOLIOCLIENT_SERVER_ERROR_RETRY_FACTOR \
    FOLIOCLIENT_SERVER_ERROR_MAX_WAIT FOLIOCLIENT_MAX_AUTH_ERROR_RETRIES FOLIOCLIENT_AUTH_ERROR_RETRY_DELAY FOLIOCLIENT_AUTH_ERROR_RETRY_FACTOR \
    FOLIOCLIENT_AUTH_ERROR_MAX_WAIT SERVER_ERROR_RETRIES_MAX SERVER_ERROR_RETRY_DELAY SERVER_ERROR_RETRY_FACTOR AUTH_ERROR_RETRIES_MAX \
    AUTH_ERROR_RETRY_DELAY AUTH_ERROR_RETRY_FACTOR GITHUB_TOKEN FolioError FolioClientClosed FolioConnectionError FolioSystemUnavailableError \
    FolioTimeoutError FolioProtocolError FolioNetworkError FolioHTTPError FolioClientError FolioServerError folio_errors is_ecs ecs_consortium \
    ecs_members ecs_central_tenant_id identifier_types statistical_codes contributor_types contrib_name_types instance_types instance_formats \
    alt_title_types locations service_points electronic_access_relationships instance_note_types class_types organizations holding_note_types \
    call_number_types holdings_types modes_of_issuance authority_source_files subject_types module_versions get_module_version \
    get_latest_from_github get_from_github fetch_github_schema get_instance_json_schema get_holdings_schema get_item_schema get_user_schema \
    get_location_id get_loan_policy_id get_metadata_construct validate_uuid prepare_payload";

/// The cells of the rows, without the heads.
fn rows() -> Vec<[&'static str; 3]> {
    TABLE
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| FolioClient | here"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            cells
                .try_into()
                .unwrap_or_else(|cells| panic!("three cells: {cells:?}"))
        })
        .collect()
}

/// What stands between backticks.
fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn no_feature_of_folioclient_is_left_out() {
    let first: String = rows()
        .iter()
        .map(|[feature, ..]| *feature)
        .collect::<Vec<_>>()
        .join(" ");
    let named: BTreeSet<&str> = first
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    for member in MEMBERS.split_whitespace() {
        assert!(named.contains(member), "{member}");
    }
}

#[test]
fn every_feature_is_shown_by_a_test_or_said_not_to_be_wanted() {
    let mut tests = BTreeSet::new();
    for folder in ["tests", "src"] {
        for path in walk(&root().join(folder)) {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                // A function is a test if its attribute is one.
                for part in text
                    .split("#[test]")
                    .skip(1)
                    .chain(text.split("#[tokio::test").skip(1))
                {
                    let name = part
                        .split("fn ")
                        .nth(1)
                        .and_then(|rest| rest.split('(').next());
                    tests.extend(name.map(str::to_owned));
                }
            }
        }
    }
    let rows = rows();
    assert!(rows.len() > 50, "{}", rows.len());
    for [feature, here, shown] in rows {
        let mut named = words(shown).filter(|word| word.contains('_')).peekable();
        assert!(
            named.peek().is_some() || here.starts_with("not wanted"),
            "{feature}: no test"
        );
        for test in named {
            assert!(tests.contains(test), "{feature}: there is no test {test}");
        }
    }
}

async fn sandbox() -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let users = (0..1_200)
        .map(|n| json!({"id": id(n), "username": format!("u{n}")}))
        .collect();
    sandbox.load("diku", "/users", users).unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (sandbox, folio)
}

#[tokio::test]
async fn the_ids_of_a_list_are_a_record_of_one_field() {
    #[derive(Deserialize)]
    struct OnlyId {
        id: Id,
    }
    let (_sandbox, folio) = sandbox().await;
    let ids: Vec<Id> = folio
        .folio_get_all::<OnlyId>("/users", "users")
        .by_id()
        .map_ok(|record| record.id)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(ids.len(), 1_200);
    assert_eq!(ids[1_199], "000004af-0000-4000-8000-000000000000");
}

#[tokio::test]
async fn a_user_is_put_like_any_record() {
    let (sandbox, folio) = sandbox().await;
    let mut user: Value = folio
        .folio_get("/users/00000007-0000-4000-8000-000000000000", None)
        .await
        .unwrap();
    user["username"] = "renamed".into();
    user["active"] = true.into();
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    folio.folio_put(&path, &user).await.unwrap();
    let stored = sandbox.records("diku", "/users").unwrap();
    assert_eq!(
        stored
            .iter()
            .find(|stored| stored["id"] == user["id"])
            .unwrap()["username"],
        "renamed"
    );
}

#[test]
fn an_id_says_whether_it_is_a_uuid_of_whatever_version() {
    for text in [
        "69640328-788e-43fc-9c3c-af39e243f3b7",
        "69640328-788e-13fc-9c3c-AF39E243F3B7",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "00000000-0000-0000-0000-000000000000",
    ] {
        assert!(Id::from(text).to_uuid().is_ok(), "{text}");
    }
    for text in [
        "",
        "lib-1",
        "69640328-788e-43fc-9c3c",
        "69640328-788e-43fc-9c3c-af39e243f3bz",
        "69640328-788e-43fc-9c3c-af39e243f3b7 ",
    ] {
        assert!(Id::from(text).to_uuid().is_err(), "{text}");
    }
}
