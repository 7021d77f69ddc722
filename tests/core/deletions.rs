//! The records that a DELETE deletes are a fact of the operation: nothing is sent before the caller
//! has confirmed it, by any kind of call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use folio_sdk::{
    Deletes, Deletion, ErrorKind, Facts, FolioClient, Method, Operation, Request, cql,
};
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

const ID: &str = "69640328-788e-43fc-9c3c-af39e243f3b7";

/// A server that executes every DELETE, as FOLIO does. Its lists have `matching` records with a
/// query and `all` without.
async fn server(matching: u64, all: u64) -> (Folio, FolioClient) {
    let folio = Folio::start(move |asked: &Asked, _| match &*asked.method {
        "DELETE" => Some(Reply::empty(204)),
        "GET" if asked.param("limit").as_deref() == Some("0") => {
            let total = match asked.param("query") {
                Some(_) => matching,
                None => all,
            };
            Some(Reply::json(json!({"records": [], "totalRecords": total})))
        }
        _ => None,
    })
    .await;
    let client = folio.connect().await;
    (folio, client)
}

fn deletions(server: &Folio) -> Vec<String> {
    let all = server.log().into_iter();
    let deletions = all.filter(|asked| asked.method == "DELETE");
    deletions.map(|asked| asked.target).collect()
}

/// Rejected before it is sent; returns the error.
async fn rejected(server: &Folio, client: &FolioClient, request: Request) -> String {
    let error = client.execute(request.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request, "{request:?}: {error:#}");
    assert_eq!(deletions(server), [] as [String; 0], "{request:?}");
    format!("{error:#}")
}

/// The routes through the gateway that empty their table regardless of the query (recorded:
/// deletes.jsonl).
const EMPTIED: [&str; 9] = [
    "/loan-storage/loans",
    "/loan-policy-storage/loan-policies",
    "/request-storage/requests",
    "/fixed-due-date-schedule-storage/fixed-due-date-schedules",
    "/staff-slips-storage/staff-slips",
    "/cancellation-reason-storage/cancellation-reasons",
    "/request-policy-storage/request-policies",
    "/circulation/loans",
    "/circulation/requests",
];

#[tokio::test]
async fn a_server_that_ignores_the_query_is_asked_only_if_all_are_meant() {
    for path in EMPTIED {
        let (server, client) = server(1, 290).await;
        let delete = || Request::to(Method::DELETE, path);
        let query = || delete().query(cql::field("status").eq("Closed - Cancelled"));
        for confirmed in [
            None,
            Some(Deletion::Matching),
            Some(Deletion::AtMost(5)),
            Some(Deletion::All),
            Some(Deletion::Record),
        ] {
            let with = |request: Request| match confirmed {
                Some(deletion) => request.confirm(deletion),
                None => request,
            };
            rejected(&server, &client, with(query())).await;
            if confirmed != Some(Deletion::All) {
                let said = rejected(&server, &client, with(delete())).await;
                assert!(said.contains("deletes all records"), "{said}");
            }
        }
        // Also if the query is in the path.
        let written = format!("{path}?query=id==5");
        rejected(&server, &client, Request::to(Method::DELETE, written)).await;
        client
            .execute(delete().confirm(Deletion::All))
            .await
            .unwrap();
        assert_eq!(deletions(&server), [path]);
    }
}

#[tokio::test]
async fn a_collection_is_not_emptied_by_mistake() {
    let (server, client) = server(1, 290).await;
    for target in [
        "/users",
        "/users?",
        "/users?query=",
        "/users?query=%20",
        "/users?qurey=id==x",
        "/users?Query=id==x",
        "/users?query=id==x",
        "/users?query=id==x&query=id==y",
        "/%75sers",
        "/locations",
        "/material-types",
        "/location-units/campuses",
        "/scheduled-notice-storage/scheduled-notices",
        "/scheduled-notice-storage/scheduled-notices?qurey=id==x",
        "/instance-storage/instances?query=id==x&limit=1",
        "/_/proxy/tenants/diku/modules",
        "/nobody/described/this",
        "/nobody/described/this?query=id==x",
    ] {
        rejected(&server, &client, Request::to(Method::DELETE, target)).await;
        let error = client.folio_delete(target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{target}");
        let error = client
            .request(Method::DELETE, target)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{target}");
    }
    assert_eq!(deletions(&server), [] as [String; 0]);
    let said = rejected(
        &server,
        &client,
        Request::to(Method::DELETE, "/users?qurey=x"),
    )
    .await;
    assert!(
        said.contains("no parameter `qurey`") && said.contains("it has `query`"),
        "{said}"
    );
}

#[tokio::test]
async fn a_query_that_matches_everything_is_found_by_counting() {
    for query in [
        "id==(\"\" or \"00000000-0000-4000-8000-000000000000\")",
        "title=*",
        "x=\"\"",
        "username==*",
        "id>=00000000-0000-0000-0000-000000000000",
        "active==true or active<>true",
        "_all=*",
        "cql.allRecords=1",
    ] {
        let (server, client) = server(290, 290).await;
        let delete = Request::to(Method::DELETE, "/users").query(query);
        let said = rejected(&server, &client, delete.clone().confirm(Deletion::Matching)).await;
        assert!(said.contains("matches all 290 records"), "{said}");
        let said = rejected(
            &server,
            &client,
            delete.clone().confirm(Deletion::AtMost(289)),
        )
        .await;
        assert!(said.contains("matches 290 records"), "{said}");
        let counted = server.asked("/users");
        assert!(
            counted
                .iter()
                .all(|asked| asked.param("limit").as_deref() == Some("0"))
        );
        client.execute(delete.confirm(Deletion::All)).await.unwrap();
        assert_eq!(deletions(&server).len(), 1);
    }
}

#[tokio::test]
async fn records_that_match_are_deleted_after_they_were_counted() {
    for (confirmed, counts) in [
        (Deletion::Matching, 2),
        (Deletion::AtMost(3), 1),
        (Deletion::All, 0),
    ] {
        let (server, client) = server(3, 290).await;
        let query = cql::field("active").eq(false);
        let typed = client.users().delete_users_by_query().query(query.clone());
        typed.confirm(confirmed).send().await.unwrap();
        assert_eq!(server.asked("/users").len(), counts + 1);
        assert_eq!(deletions(&server), ["/users?query=active==%22false%22"]);
        client
            .request(Method::DELETE, "/instance-storage/instances")
            .query(query)
            .confirm(confirmed)
            .send()
            .await
            .unwrap();
        assert_eq!(deletions(&server).len(), 2);
    }
}

#[tokio::test]
async fn nothing_is_deleted_if_the_records_cannot_be_counted() {
    let cases = [
        Reply::text(
            400,
            "org.folio.cql2pgjson.exception.QueryValidationException: no",
        ),
        Reply::json(json!({"users": []})),
        Reply::text(200, "not JSON"),
    ];
    for reply in cases {
        let server = Folio::start(move |asked: &Asked, _| match &*asked.method {
            "GET" => Some(reply.clone()),
            _ => Some(Reply::empty(204)).filter(|_| asked.method == "DELETE"),
        })
        .await;
        let client = server.connect().await;
        let delete = client
            .request(Method::DELETE, "/users")
            .query("active==false");
        let error = delete.confirm(Deletion::Matching).send().await.unwrap_err();
        assert!(
            format!("{error:#}").contains("nothing was deleted"),
            "{error:#}"
        );
        assert_eq!(deletions(&server), [] as [String; 0]);
    }
}

#[tokio::test]
async fn what_parameters_or_a_body_select_is_deleted_and_nothing_without_them() {
    let consortium = format!("/consortia/{ID}/user-tenants");
    for (path, parameters, body) in [
        ("/calendar/calendars", vec![("id", ID)], None),
        ("/print/entries", vec![("ids", ID)], None),
        ("/user-tenants", vec![("tenantId", "college")], None),
        (
            &consortium,
            vec![("userId", ID), ("tenantId", "college")],
            None,
        ),
        (
            "/notify/user/_self",
            vec![("olderthan", "2026-01-01")],
            None,
        ),
        ("/authn/credentials", vec![("userId", ID)], None),
        (
            "/pubsub/messaging-modules",
            vec![("moduleId", "mod-a"), ("moduleRole", "PUBLISHER")],
            None,
        ),
        (
            "/change-manager/jobExecutions",
            vec![],
            Some(json!({"ids": [ID]})),
        ),
        (
            "/entitlements",
            vec![],
            Some(json!({"tenantId": ID, "applications": ["app-1.0.0"]})),
        ),
    ] {
        let (server, client) = server(1, 290).await;
        let delete = || Request::to(Method::DELETE, path);
        rejected(&server, &client, delete()).await;
        rejected(
            &server,
            &client,
            delete().query("id==5").confirm(Deletion::Matching),
        )
        .await;
        if body.is_some() {
            for empty in [json!({}), json!([]), Value::Null] {
                rejected(&server, &client, delete().json(&empty)).await;
            }
        }
        for (name, _) in &parameters {
            let blank = parameters.iter().fold(delete(), |request, (other, value)| {
                request.param(*other, if other == name { " " } else { value })
            });
            rejected(&server, &client, blank).await;
        }
        let request = parameters.iter().fold(delete(), |request, (name, value)| {
            request.param(*name, value)
        });
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        client.execute(request).await.unwrap();
        assert_eq!(deletions(&server).len(), 1, "{path}");
    }
}

#[tokio::test]
async fn one_record_is_deleted_without_a_word_and_no_more_than_that() {
    let (server, client) = server(1, 290).await;
    for path in [
        format!("/users/{ID}"),
        format!("/roles/{ID}/capabilities"),
        format!("/nobody/described/this/{ID}"),
        "/perms/users/anybody".to_owned(),
    ] {
        client.folio_delete(&path).await.unwrap();
    }
    client.users().delete_user(ID).send().await.unwrap();
    let sent = deletions(&server).len();
    assert_eq!(sent, 5);
    for target in [
        format!("/users/{ID}?query=a"),
        format!("/users/{ID}?qurey=a"),
    ] {
        let error = client.folio_delete(&target).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{target}");
    }
    // It is unknown whether this names a record.
    let unknown = || client.folio_delete("/nobody/described/this/rare");
    assert_eq!(unknown().await.unwrap_err().kind(), ErrorKind::Request);
    unknown().confirm(Deletion::Record).await.unwrap();
    assert_eq!(deletions(&server).len(), sent + 1);
}

#[tokio::test]
async fn an_operation_of_ones_own_states_what_it_deletes() {
    static UNKNOWN: Operation = Operation::new("delete_badges_by_query", Method::DELETE, "/badges");
    static MATCHING: Operation = Operation::new("purge", Method::DELETE, "/badges")
        .with_facts(Facts::unknown().deletes(Deletes::Matching));
    static ALL: Operation = Operation::new("delete_badge", Method::DELETE, "/badges")
        .with_facts(Facts::unknown().deletes(Deletes::All));
    let (server, client) = server(2, 290).await;
    let request = |operation| Request::new(operation, &[]).query("colour==red");
    for operation in [&UNKNOWN, &ALL] {
        rejected(
            &server,
            &client,
            request(operation).confirm(Deletion::Matching),
        )
        .await;
    }
    client
        .execute(request(&MATCHING).confirm(Deletion::Matching))
        .await
        .unwrap();
    assert_eq!(deletions(&server), ["/badges?query=colour==red"]);
}

#[tokio::test]
async fn the_count_asks_the_tenant_that_the_deletion_goes_to() {
    let counted = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&counted);
    let server = Folio::start(move |asked: &Asked, _| match &*asked.method {
        "GET" => {
            assert_eq!(asked.header("x-okapi-tenant"), "college");
            seen.fetch_add(1, Ordering::Relaxed);
            let total = if asked.param("query").is_some() { 1 } else { 5 };
            Some(Reply::json(json!({"users": [], "totalRecords": total})))
        }
        "DELETE" => Some(Reply::empty(204)),
        _ => None,
    })
    .await;
    let client = server.connect().await.for_tenant("college");
    let delete = client
        .users()
        .delete_users_by_query()
        .query("active==false");
    delete.confirm(Deletion::Matching).send().await.unwrap();
    assert_eq!(counted.load(Ordering::Relaxed), 2);
}
