//! Calls besides the records: reference data, circulation rules, the consortium, modules and their
//! versions, the identity of the client. Over a real socket.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_sdk::{
    Error, ErrorKind, FolioClient, Id, Platform, ReferenceData, ReferenceList, ReferenceRecords,
    RetryPolicy, RuleParameters,
};
use folio_test_support::sandbox::id;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use folio_test_support::server::{Folio, PASSWORD, Reply, quick};

async fn client(sandbox: &Sandbox, tenant: &str, user: &str) -> FolioClient {
    FolioClient::builder(sandbox.url())
        .tenant(tenant)
        .credentials(user, "secret")
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap()
}

/// A sandbox of the tenant `diku` with a number of locations.
async fn locations(number: usize) -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .allow_cross_tenant(true)
        .start()
        .await
        .unwrap();
    let records = (0..number)
        .map(|n| json!({"id": id(n), "code": format!("L/{n}"), "name": format!("Place {}", n % 100)}))
        .collect();
    sandbox.load("diku", "/locations", records).unwrap();
    let folio = client(&sandbox, "diku", "ann").await;
    (sandbox, folio)
}

fn asked(sandbox: &Sandbox, path: &str) -> usize {
    sandbox
        .exchanges()
        .iter()
        .filter(|exchange| exchange.path == path)
        .count()
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

// ---------------------------------------------------------------- reference data

#[tokio::test]
async fn a_reference_list_is_read_to_its_end_once_for_all_who_ask() {
    let (sandbox, folio) = locations(2_300).await;
    let reads = join_all((0..40).map(|_| {
        // One handle per case: the cache belongs to the client.
        let reference = folio.for_tenant("diku").reference_data();
        tokio::spawn(async move { reference.locations::<Value>().await.unwrap() })
    }))
    .await;
    let pages = asked(&sandbox, "/locations");
    // Three pages and an empty one; one more if the reader waits for the server, which is then
    // requested two pages ahead of the end. Each read of its own would take 160.
    assert!(pages <= 5, "{pages} pages of 1000");
    for list in &reads {
        let list = list.as_ref().unwrap();
        assert_eq!(list.len(), 2_300);
        assert!(Arc::ptr_eq(list, reads[0].as_ref().unwrap()));
    }
    folio.reference_data().locations::<Value>().await.unwrap();
    assert_eq!(asked(&sandbox, "/locations"), pages);
}

fn one_more(sandbox: &Sandbox, number: usize) {
    let location = json!({"id": id(number), "code": format!("L/{number}"), "name": "x"});
    sandbox.load("diku", "/locations", vec![location]).unwrap();
}

#[tokio::test]
async fn a_kept_list_expires_and_can_be_refreshed_or_forgotten() {
    let (sandbox, folio) = locations(3).await;
    let reference = folio.reference_data();
    let codes = |list: Arc<ReferenceRecords<Value>>| list.len();
    assert_eq!(codes(reference.locations().await.unwrap()), 3);
    one_more(&sandbox, 9);
    pass(Duration::from_secs(590)).await;
    assert_eq!(codes(reference.locations().await.unwrap()), 3);
    // One who wants it newer gets it newer, and so do all others.
    assert_eq!(
        codes(
            reference
                .clone()
                .max_age(Duration::from_secs(60))
                .locations()
                .await
                .unwrap()
        ),
        4
    );
    assert_eq!(codes(reference.locations().await.unwrap()), 4);
    one_more(&sandbox, 10);
    assert_eq!(
        codes(
            reference
                .clone()
                .max_age(Duration::ZERO)
                .locations()
                .await
                .unwrap()
        ),
        5
    );
    one_more(&sandbox, 11);
    assert_eq!(codes(reference.locations().await.unwrap()), 5);
    reference.invalidate();
    assert_eq!(codes(reference.locations().await.unwrap()), 6);
    one_more(&sandbox, 12);
    pass(Duration::from_secs(601)).await;
    assert_eq!(codes(reference.locations().await.unwrap()), 7);
}

#[tokio::test]
async fn reference_lists_of_tenants_and_types_do_not_mix() {
    let (sandbox, folio) = locations(3).await;
    sandbox
        .load(
            "college",
            "/locations",
            vec![json!({"id": id(7), "code": "C", "name": "College"})],
        )
        .unwrap();
    let college = folio.for_tenant("college");
    for _ in 0..2 {
        assert_eq!(
            folio
                .reference_data()
                .locations::<Value>()
                .await
                .unwrap()
                .len(),
            3
        );
        assert_eq!(
            college.reference_data().locations::<Value>().await.unwrap()[0]["name"],
            "College"
        );
        assert_eq!(
            college.reference_data().location_id("C").await.unwrap(),
            id(7).as_str()
        );
    }
    assert!(folio.reference_data().location_id("C").await.is_err());
    college.reference_data().invalidate();
    let before = asked(&sandbox, "/locations");
    folio.reference_data().locations::<Value>().await.unwrap();
    assert_eq!(asked(&sandbox, "/locations"), before);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_hide_the_others_of_a_reference_list() {
    #[derive(Debug, Deserialize)]
    struct Place {
        code: String,
    }
    let (sandbox, folio) = locations(3).await;
    sandbox
        .load("diku", "/locations", vec![json!({"id": id(1), "code": 7})])
        .unwrap();
    let places = folio.reference_data().locations::<Place>().await.unwrap();
    assert_eq!(
        places
            .iter()
            .map(|place| place.code.as_str())
            .collect::<Vec<_>>(),
        ["L/0", "L/2"]
    );
    let [error] = places.errors() else {
        panic!("{:?}", places.errors())
    };
    assert_eq!(
        (error.kind(), error.record_id()),
        (ErrorKind::Record, Some(id(1).as_str()))
    );
    // The record type of the generated module does as well.
    #[cfg(feature = "inventory-storage")]
    {
        let places = folio
            .reference_data()
            .service_points::<folio_sdk::inventory_storage::ServicePoint>()
            .await
            .unwrap();
        assert!(places.is_empty());
    }
}

#[tokio::test]
async fn a_failed_reference_list_is_told_to_all_who_waited_and_not_kept() {
    let (sandbox, folio) = locations(3).await;
    sandbox.fault(
        Fault::new(Effect::status(500, "down"))
            .path("/locations")
            .times(1),
    );
    sandbox.fault(Fault::new(Effect::Delay(Duration::from_millis(50))).path("/locations"));
    let reference = folio.reference_data();
    let (first, second) = tokio::join!(
        reference.locations::<Value>(),
        reference.locations::<Value>()
    );
    assert_eq!(first.unwrap_err().server_message(), Some("down"));
    assert_eq!(second.unwrap_err().server_message(), Some("down"));
    assert_eq!(asked(&sandbox, "/locations"), 1);
    assert_eq!(reference.locations::<Value>().await.unwrap().len(), 3);
    folio.close().await.unwrap();
    assert!(
        reference
            .locations::<Value>()
            .await
            .unwrap_err()
            .is_closed()
    );
}

#[tokio::test]
async fn a_location_is_found_by_its_code_and_never_guessed() {
    let (_sandbox, folio) = locations(120).await;
    let reference = folio.reference_data();
    assert_eq!(
        reference.location_id("L/17").await.unwrap(),
        id(17).as_str()
    );
    assert_eq!(
        reference.location_id("Place 99").await.unwrap(),
        id(99).as_str()
    );
    let error = reference.location_id("l/17").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lookup);
    assert_eq!(
        format!("{error:#}"),
        "none of the 120 records of /locations in tenant `diku` has the code or name \"l/17\"\n  help:        similar names: L/1, L/17"
    );
    // 0 to 19 are called as 100 to 119 are.
    let error = reference.location_id("Place 7").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "2 records of /locations in tenant `diku` are called \"Place 7\": {}, {}",
            id(7),
            id(107)
        )
    );
    let error = reference.location_id("").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Lookup);
}

#[tokio::test]
async fn a_list_of_ones_own_is_reference_data_too() {
    static GROUPS: ReferenceList = ReferenceList::new("/groups", "usergroups");
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .start()
        .await
        .unwrap();
    sandbox
        .load(
            "diku",
            "/groups",
            vec![json!({"id": id(1), "group": "staff"})],
        )
        .unwrap();
    let folio = client(&sandbox, "diku", "ann").await;
    assert_eq!(
        folio
            .reference_data()
            .id_of(&GROUPS, "staff")
            .await
            .unwrap(),
        id(1).as_str()
    );
    assert_eq!(
        folio
            .reference_data()
            .id_of(&ReferenceData::PATRON_GROUPS, "staff")
            .await
            .unwrap(),
        id(1).as_str()
    );
}

/// The names are those of the descriptions: each path is a list there, with this key, and can be
/// read by id where that is said.
#[test]
fn every_reference_list_is_one_of_the_canonical_documents() {
    let mut known = Vec::new();
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/specs/trillium")).unwrap() {
        let document: Value =
            serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            let paging = &item["get"]["x-folio"]["paging"];
            if let Some(items) = paging["items"].as_str() {
                let list = ReferenceList::new(path.clone().leak(), items.to_owned().leak());
                known.push(if paging["key"] == "id" {
                    list.by_id()
                } else {
                    list
                });
            }
        }
    }
    for list in ReferenceData::LISTS {
        assert!(known.contains(list), "{list:?}");
    }
    let paths: BTreeSet<&str> = ReferenceData::LISTS
        .iter()
        .map(ReferenceList::path)
        .collect();
    assert_eq!(paths.len(), ReferenceData::LISTS.len());
}

#[tokio::test]
async fn every_reference_list_is_read_from_a_folio_that_has_it() {
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .start()
        .await
        .unwrap();
    let folio = client(&sandbox, "diku", "ann").await;
    for list in ReferenceData::LISTS {
        sandbox
            .load(
                "diku",
                list.path(),
                vec![json!({"id": id(1), "name": "The one"})],
            )
            .unwrap();
        assert_eq!(
            folio.reference_data().id_of(list, "The one").await.unwrap(),
            id(1).as_str(),
            "{list:?}"
        );
    }
}

// ---------------------------------------------------------------- circulation rules

#[tokio::test]
async fn the_rules_give_the_policy_of_a_case_and_are_asked_once_for_it() {
    let sandbox = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .start()
        .await
        .unwrap();
    let folio = client(&sandbox, "diku", "ann").await;
    sandbox.circulation_rule("diku", "loan", &[("patron_type_id", &id(3))], &id(31));
    sandbox.circulation_rule("diku", "loan", &[], &id(30));
    sandbox.circulation_rule("diku", "overdue-fine", &[], &id(40));
    let case = |group| RuleParameters {
        material_type: id(1).into(),
        loan_type: id(2).into(),
        patron_group: id(group).into(),
        location: id(4).into(),
    };
    let rules = folio.circulation_rules();
    for _ in 0..3 {
        let policy = rules.loan_policy(&case(3)).await.unwrap();
        assert_eq!(*policy.id(), id(31).as_str());
        assert_eq!(policy.conditions()["patronGroupMatch"], true);
        assert_eq!(
            *rules.loan_policy(&case(5)).await.unwrap().id(),
            id(30).as_str()
        );
        assert_eq!(
            *rules.overdue_fine_policy(&case(3)).await.unwrap().id(),
            id(40).as_str()
        );
    }
    assert_eq!(asked(&sandbox, "/circulation/rules/loan-policy"), 2);
    rules
        .clone()
        .max_age(Duration::ZERO)
        .loan_policy(&case(3))
        .await
        .unwrap();
    assert_eq!(asked(&sandbox, "/circulation/rules/loan-policy"), 3);

    let error = rules
        .loan_policy(&RuleParameters {
            location: "L/1".into(),
            ..case(3)
        })
        .await
        .unwrap_err();
    let message = error.server_message().unwrap();
    assert!(
        message.starts_with("invalid uuid format of location_id, expecting"),
        "{message}"
    );
    let error = rules.request_policy(&case(3)).await.unwrap_err();
    assert!(
        error.to_string().contains("blank circulation rules"),
        "{error}"
    );
    assert_eq!(error.operation().unwrap().name, "request_policy");
}

// ---------------------------------------------------------------- consortium

async fn consortium(members: usize) -> Sandbox {
    let names: Vec<String> = (0..members)
        .rev()
        .map(|n| format!("member{n:03}"))
        .collect();
    Sandbox::builder()
        .tenant("central")
        .user("carla", "secret")
        .tenant("member001")
        .user("mia", "secret")
        .tenant("alone")
        .user("otto", "secret")
        .consortium("central", names)
        .start()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_consortium_is_found_from_any_members_login() {
    let sandbox = consortium(250).await;
    for (tenant, user) in [("central", "carla"), ("member001", "mia")] {
        let folio = client(&sandbox, tenant, user).await;
        let consortium = folio.consortium().await.unwrap().unwrap();
        assert_eq!(consortium.central_tenant(), "central");
        assert_eq!(consortium.central().tenant(), "central");
        let members = consortium.members().await.unwrap();
        // All pages, in their order, whatever the server's.
        let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
        assert_eq!(ids.len(), 251);
        assert!(ids.is_sorted());
        assert_eq!(
            (ids[0], ids[1], ids[250]),
            ("central", "member000", "member249")
        );
        assert_eq!(members.iter().filter(|member| member.is_central).count(), 1);
        // The handle is what it was.
        assert_eq!(folio.tenant(), tenant);
        let mut users = folio.folio_get_all::<Value>("/users", "users");
        assert!(users.next().await.unwrap().unwrap()["type"].is_string());
    }
}

#[tokio::test]
async fn a_tenant_outside_of_consortia_has_none() {
    let sandbox = consortium(3).await;
    let folio = client(&sandbox, "alone", "otto").await;
    assert!(folio.consortium().await.unwrap().is_none());

    // A FOLIO that has none of the modules.
    let server = Folio::start(|_, _| None).await;
    assert!(server.connect().await.consortium().await.unwrap().is_none());
    // What is not known is no "no".
    for (first, second) in [(403, 403), (403, 404), (500, 200), (404, 500)] {
        let server = Folio::start(move |asked, _| match asked.path() {
            "/user-tenants" => Some(Reply::text(first, "no")),
            "/consortia" if second == 200 => Some(Reply::json(json!({"consortia": []}))),
            "/consortia" => Some(Reply::text(second, "no")),
            _ => None,
        })
        .await;
        server.connect().await.consortium().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_consortium_whose_affiliations_say_nothing_is_found_by_its_list() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/user-tenants" => Some(Reply::json(json!({"userTenants": [], "totalRecords": 0}))),
        "/consortia" => Some(Reply::json(json!({"consortia": [{"id": "c1", "name": "C"}], "totalRecords": 1}))),
        "/consortia/c1/tenants" if asked.number("offset") == 0 => Some(Reply::json(json!({"tenants": [
            {"id": "b", "code": "B", "name": "B", "isCentral": false}, {"id": "gone", "code": "G", "name": "G", "isCentral": false, "isDeleted": true},
            {"id": "a", "code": "A", "name": "A", "isCentral": true}], "totalRecords": 3}))),
        "/consortia/c1/tenants" => Some(Reply::json(json!({"tenants": [], "totalRecords": 3}))),
        _ => None,
    })
    .await;
    let consortium = server.connect().await.consortium().await.unwrap().unwrap();
    assert_eq!(
        (consortium.id().as_str(), consortium.central_tenant()),
        ("c1", "a")
    );
    let members: Vec<String> = consortium
        .members()
        .await
        .unwrap()
        .into_iter()
        .map(|member| member.id)
        .collect();
    assert_eq!(members, ["a", "b"]);
    assert_eq!(
        server.asked("/user-tenants")[0].param("limit").as_deref(),
        Some("1")
    );
}

#[tokio::test]
async fn members_are_asked_of_the_own_tenant_where_the_central_one_refuses() {
    let server = Folio::start(
        |asked, _| match (asked.path(), asked.header("x-okapi-tenant")) {
            ("/user-tenants", _) => Some(Reply::json(
                json!({"userTenants": [{"consortiumId": "c1", "centralTenantId": "central"}]}),
            )),
            ("/consortia/c1/tenants", "central") => Some(Reply::text(403, "Invalid token")),
            ("/consortia/c1/tenants", "diku") if asked.number("offset") == 0 => Some(Reply::json(
                json!({"tenants": [{"id": "diku"}, {"id": "central", "isCentral": true}]}),
            )),
            ("/consortia/c1/tenants", "diku") => Some(Reply::json(json!({"tenants": []}))),
            _ => None,
        },
    )
    .await;
    let consortium = server.connect().await.consortium().await.unwrap().unwrap();
    assert_eq!(consortium.members().await.unwrap().len(), 2);

    let server = Folio::start(|asked, _| match asked.path() {
        "/user-tenants" => Some(Reply::json(
            json!({"userTenants": [{"consortiumId": "c1", "centralTenantId": "central"}]}),
        )),
        "/consortia/c1/tenants" => Some(Reply::text(403, "Access denied")),
        _ => None,
    })
    .await;
    let consortium = server.connect().await.consortium().await.unwrap().unwrap();
    let error = consortium.members().await.unwrap_err();
    assert!(
        error.is_forbidden() && format!("{error:#}").contains("affiliation"),
        "{error:#}"
    );
}

// ---------------------------------------------------------------- modules

#[tokio::test]
async fn modules_and_versions_are_the_same_on_both_platforms() {
    let okapi = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .start()
        .await
        .unwrap();
    let eureka = Sandbox::builder()
        .tenant("diku")
        .user("ann", "secret")
        .eureka()
        .start()
        .await
        .unwrap();
    let (one, other) = (
        client(&okapi, "diku", "ann").await,
        client(&eureka, "diku", "ann").await,
    );
    let (one, other) = (one.modules().await.unwrap(), other.modules().await.unwrap());
    assert_eq!(
        (one.platform(), other.platform()),
        (Platform::Okapi, Platform::Eureka)
    );
    // Okapi and mod-authtoken are among the modules of a tenant there (`gateway.jsonl`), and Eureka
    // has neither.
    let own = ["mod-authtoken", "okapi"];
    let shared = one.iter().filter(|module| !own.contains(&module.name()));
    assert!(shared.eq(other.iter()));
    assert_eq!(one.len(), other.len() + own.len());
    assert!(other.len() > 50);
    assert_eq!(
        one.version_of("mod-users").unwrap(),
        other.version_of("mod-users").unwrap()
    );
}

#[tokio::test]
async fn a_failure_that_is_neither_404_nor_403_does_not_lead_to_the_other_platform() {
    let server = Folio::start(|asked, _| {
        asked
            .path()
            .starts_with("/_/proxy/")
            .then(|| Reply::text(500, "proxyClient failure"))
    })
    .await;
    let folio = server.connect().await;
    let error = folio.modules().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 500);
    assert_eq!(
        server
            .log()
            .iter()
            .filter(|asked| asked.path().starts_with("/entitlements"))
            .count(),
        0
    );
    // A tenant's name is one segment of the path.
    folio.for_tenant("a/b c").modules().await.unwrap_err();
    assert_eq!(
        server.log().last().unwrap().path(),
        "/_/proxy/tenants/a%2Fb%20c/modules"
    );
}

// ---------------------------------------------------------------- who the client is

#[tokio::test]
async fn the_current_user_is_the_one_of_the_logins_tenant() {
    let sandbox = consortium(3).await;
    let folio = client(&sandbox, "member001", "mia").await;
    let own: Value = folio.current_user().await.unwrap();
    assert_eq!(
        (own["username"].as_str(), own["type"].as_str()),
        (Some("mia"), Some("staff"))
    );
    // In the central tenant, mia's shadow has another name. The user is the same, and her record
    // that of her own tenant.
    let central = folio.for_tenant("central");
    assert_eq!(central.current_user::<Value>().await.unwrap(), own);
    assert_eq!(
        central.current_user_id().await.unwrap(),
        own["id"].as_str().unwrap()
    );
    let shadow: Value = central
        .folio_get(format!("/users/{}", own["id"].as_str().unwrap()), None)
        .await
        .unwrap();
    assert!(
        shadow["username"].as_str().unwrap().starts_with("mia_"),
        "{shadow}"
    );

    // Logged in through the central tenant, mia is still of her own.
    let folio = client(&sandbox, "central", "mia").await;
    assert_eq!(folio.current_user::<Value>().await.unwrap(), own);
}

#[tokio::test]
async fn a_user_whose_token_says_nothing_is_found_by_name_with_every_character_escaped() {
    const NAME: &str = r#"o"b*r?\ien/é&"#;
    for by_view in [true, false] {
        let server = Folio::start(move |asked, _| match asked.path() {
            "/authn/login-with-expiry" => Some(Reply::new(201, "application/json", "{}").with(
                "set-cookie",
                "folioAccessToken=eyJhbGciOiJIUzI1NiJ9.access-1.x; Path=/",
            )),
            "/users" => Some(Reply::json(
                json!({"users": [{"id": "u7"}], "totalRecords": 1}),
            )),
            path if path.starts_with("/bl-users/by-username/") && by_view => {
                Some(Reply::json(json!({"user": {"id": "u7"}})))
            }
            "/users/u7" => Some(Reply::json(json!({"id": "u7", "username": NAME}))),
            _ => None,
        })
        .await;
        server.grant(1);
        let folio = FolioClient::builder(&server.url)
            .tenant("diku")
            .credentials(NAME, PASSWORD)
            .retry(quick())
            .build()
            .unwrap();
        let college = folio.for_tenant("college");
        assert_eq!(college.current_user_id().await.unwrap(), "u7");
        let user: Value = college.current_user().await.unwrap();
        assert_eq!(user["username"], NAME);
        let log = server.log();
        assert_eq!(
            log[1].path(),
            "/bl-users/by-username/o%22b%2Ar%3F%5Cien%2F%C3%A9%26"
        );
        if !by_view {
            let asked = &server.asked("/users")[0];
            assert_eq!(
                asked.param("query").unwrap(),
                r#"username=="o\"b\*r\?\\ien/é&""#
            );
        }
        assert!(
            log.iter()
                .all(|asked| asked.header("x-okapi-tenant") == "diku"),
            "{log:?}"
        );
    }
}

#[tokio::test]
async fn a_user_without_a_record_is_an_error_and_not_empty_text() {
    for users in [json!([]), json!([{"id": "a"}, {"id": "b"}])] {
        let server = Folio::start(move |asked, _| {
            (asked.path() == "/users").then(|| Reply::json(json!({"users": users})))
        })
        .await;
        let error = server.connect().await.current_user_id().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lookup);
        assert!(
            error
                .to_string()
                .ends_with("users of tenant `diku` have the username `ann`; expected exactly one"),
            "{error}"
        );
    }
    let server = Folio::start(|asked, _| {
        asked
            .path()
            .starts_with("/bl-users")
            .then(|| Reply::text(500, "down"))
    })
    .await;
    assert_eq!(
        server
            .connect()
            .await
            .current_user_id()
            .await
            .unwrap_err()
            .server_message(),
        Some("down")
    );
}

#[tokio::test]
async fn another_http_client_speaks_with_the_headers_of_this_one() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/x")
            .then(|| Reply::json(json!({"tenant": asked.header("x-okapi-tenant")})))
    })
    .await;
    let folio = server.connect().await;
    let headers = folio.for_tenant("college").folio_headers().await.unwrap();
    assert!(!format!("{headers:?}").contains("access-"), "{headers:?}");
    assert_eq!(headers.len(), 2);

    let mut stream = tokio::net::TcpStream::connect(server.url.trim_start_matches("http://"))
        .await
        .unwrap();
    let mut request = "GET /x HTTP/1.1\r\n".to_owned();
    for (name, value) in &headers {
        request += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = vec![0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"tenant":"college"}"#),
        "{answer}"
    );

    folio.close().await.unwrap();
    assert!(folio.folio_headers().await.unwrap_err().is_closed());
}

#[tokio::test]
async fn headers_for_others_have_a_token_that_does_not_die_at_once() {
    let server = Folio::start(|_, _| None).await;
    let folio = server.connect().await;
    let first = folio.folio_headers().await.unwrap();
    pass(Duration::from_secs(500)).await;
    assert_eq!(folio.folio_headers().await.unwrap(), first);
    assert_eq!(server.refreshes(), 0);
    // Of ten minutes, the last one is left: others would soon be refused.
    pass(Duration::from_secs(45)).await;
    assert_ne!(folio.folio_headers().await.unwrap(), first);
    assert_eq!((server.refreshes(), server.logins()), (1, 1));
}

#[tokio::test]
async fn helpers_go_to_other_threads() {
    fn travels<T: Send + 'static>(_: T) {}
    let server = Folio::start(|_, _| None).await;
    let folio = server.connect().await;
    travels({
        let folio = folio.clone();
        async move {
            folio.consortium().await?;
            folio.modules().await?;
            folio.current_user::<Value>().await?;
            folio.folio_headers().await?;
            folio.reference_data().locations::<Value>().await?;
            let id = Id::from("x");
            let parameters = RuleParameters {
                material_type: id.clone(),
                loan_type: id.clone(),
                patron_group: id.clone(),
                location: id,
            };
            folio.circulation_rules().loan_policy(&parameters).await?;
            Ok::<(), Error>(())
        }
    });
}
