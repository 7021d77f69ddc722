//! The bugs of FolioClient 1.0.15 that cost its users data or nights, one test each, over a real
//! socket. Each says how a client that had the bug would be found out: by the server's log, by the
//! order of what came, or by counts. The table of what FolioClient does, and where it is here, is
//! `docs/folioclient.md`.

use std::collections::BTreeSet;
use std::time::Duration;

use folio_sandbox::Sandbox;
use folio_sdk::{Deletion, Error, ErrorKind, FolioClient, Method, RetryPolicy, cql};
use folio_test_support::clock::Clock;
use folio_test_support::patience::within;
use folio_test_support::sandbox::{admin, id};
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use folio_test_support::server::{Folio, PASSWORD, Reply, nowhere, quick};

/// A server whose only path is `/x`.
async fn x(reply: Reply) -> Folio {
    Folio::start(move |asked, _| (asked.path() == "/x").then(|| reply.clone())).await
}

/// 50 service points, their codes in the reverse order of their ids.
async fn fifty() -> (Sandbox, FolioClient) {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let records = (0..50)
        .map(|n| {
            json!({"id": id(n), "name": if n % 2 == 0 { "even" } else { "odd" }, "code": format!("c{:02}", 99 - n), "discoveryDisplayName": "x"})
        })
        .collect();
    sandbox.load("diku", "/service-points", records).unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (sandbox, folio)
}

/// The codes of what a query wants, as they come, and how many pages were asked for.
async fn codes(
    sandbox: &Sandbox,
    folio: &FolioClient,
    query: &str,
    by_id: bool,
) -> (Vec<String>, usize) {
    let before = sandbox.exchanges().len();
    let list = folio
        .folio_get_all::<Value>("/service-points", "servicepoints")
        .query(query)
        .limit(7);
    let list = if by_id { list.by_id() } else { list };
    // A list that never ends fails the test, and does not hang it.
    let mut records = list.stream();
    let mut codes = Vec::new();
    while let Some(record) = records.try_next().await.unwrap() {
        codes.push(record["code"].as_str().unwrap().to_owned());
        assert!(codes.len() <= 50, "{query}: more than there are");
    }
    (codes, sandbox.exchanges().len() - before)
}

/// Found out by the calls that fail: one that ends early would close the connection of the others.
#[tokio::test]
async fn bug_01_calls_at_once_on_one_client_do_not_close_each_others_connections() {
    let server = Folio::start(|asked, _| {
        let number = asked.number("n");
        // The first to be sent are the last to be answered.
        let reply =
            Reply::json(json!({"n": number})).after(Duration::from_millis(60 - 2 * number as u64));
        (asked.path() == "/x").then_some(reply)
    })
    .await;
    let folio = server.builder().max_in_flight(30).build().unwrap();
    let answers = join_all((0..30).map(|n| {
        folio
            .folio_get::<usize>("/x", "n")
            .param("n", n)
            .into_future()
    }))
    .await;
    let answers: Vec<usize> = answers.into_iter().collect::<Result<_, Error>>().unwrap();
    assert_eq!(answers, (0..30).collect::<Vec<_>>());
    assert_eq!((server.asked("/x").len(), server.logins()), (30, 1));
}

/// Detected by the count of attempts at a port without a listener, and by the call that succeeds
/// once there is one.
#[tokio::test]
async fn bug_02_a_connection_that_cannot_be_made_is_tried_as_often_as_configured() {
    let address = nowhere().await;
    let builder = || {
        FolioClient::builder(format!("http://{address}"))
            .tenant("diku")
            .credentials("ann", PASSWORD)
    };
    let folio = builder().retry(quick().max_attempts(4)).build().unwrap();
    let get = || {
        folio
            .request(Method::GET, "/x")
            .header("x-okapi-token", "given")
    };
    for error in [
        folio.connect().await.unwrap_err(),
        get().send().await.unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Connect, 4),
            "{error}"
        );
    }

    let patient = RetryPolicy::default()
        .max_attempts(50)
        .initial_backoff(Duration::from_millis(20))
        .max_backoff(Duration::from_millis(20));
    let folio = builder().retry(patient).build().unwrap();
    let clock = Clock::stop();
    let call = tokio::spawn(async move { folio.folio_get::<i32>("/x", "n").await });
    // Three of its attempts fail, and the next one finds the server.
    clock
        .run(
            Duration::from_millis(1),
            tokio::time::sleep(Duration::from_millis(60)),
        )
        .await;
    assert!(!call.is_finished());
    let server = Folio::listen(TcpListener::bind(address).await.unwrap(), |asked, _| {
        (asked.path() == "/x").then(|| Reply::json(json!({"n": 7})))
    });
    let outcome = clock.run(Duration::from_millis(1), call).await;
    assert_eq!(outcome.unwrap().unwrap(), 7);
    assert_eq!(server.asked("/x").len(), 1);
}

/// Detected by the order of the log: a client with the bug sends the rejected token once more. And
/// by a clock that stands still while a client with the bug logs in with a blocking call on the
/// thread of all tasks.
#[tokio::test]
async fn bug_03_a_refused_token_is_renewed_before_the_first_repetition_and_nothing_else_stops_meanwhile()
 {
    let server = Folio::start(|asked, _| match asked.path() {
        "/x" => Some(Reply::json(json!({"n": 1}))),
        _ => None,
    })
    .await;
    // Not even a repetition is needed: the gateway refused, no module has seen the request.
    let folio = server
        .builder()
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    server.expire();
    folio.folio_get::<i32>("/x", "n").await.unwrap();
    let order: Vec<String> = server
        .log()
        .iter()
        .map(|asked| asked.path().to_owned())
        .collect();
    assert_eq!(
        order,
        ["/authn/login-with-expiry", "/x", "/authn/refresh", "/x"]
    );
    let tokens: BTreeSet<String> = server
        .asked("/x")
        .iter()
        .map(|asked| asked.header("x-okapi-token").to_owned())
        .collect();
    assert_eq!(tokens.len(), 2);

    let slow = Folio::start(|asked, _| match asked.path() {
        "/authn/login-with-expiry" => {
            Some(Reply::text(503, "wait").after(Duration::from_millis(200)))
        }
        _ => None,
    })
    .await;
    let folio = slow.builder().retry(RetryPolicy::none()).build().unwrap();
    // One thread for all, as `#[tokio::test]` has it.
    let login = tokio::spawn(async move { folio.connect().await });
    // A blocking login would hold the thread that the server responds in, and the clock with it.
    slow.wait_for("/authn/login-with-expiry", 1).await;
    let clock = Clock::stop();
    for tick in 0..30 {
        clock.advance(Duration::from_millis(5)).await;
        assert!(!login.is_finished(), "after {tick} ticks of 200 ms");
    }
    clock.advance(Duration::from_millis(50)).await;
    within("the login", login).await.unwrap().unwrap_err();
}

/// Found out by records that come again and by the number of pages: `id>"x" and a or b` means
/// `(id>"x" and a) or b`, and never ends.
#[tokio::test]
async fn bug_04_a_query_with_or_is_read_by_id_to_its_end_and_each_record_once() {
    let (sandbox, folio) = fifty().await;
    for (query, most) in [
        (r#"name=="odd" or name=="even""#, 9),
        // An order of the caller's is read by offset, and each page begins with the last record of
        // the one before.
        (r#"name=="odd" or name=="even" sortBy id"#, 10),
    ] {
        let (codes, pages) = codes(&sandbox, &folio, query, true).await;
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 50, "{query}");
        assert!(pages <= most, "{query}: {pages} pages of 7");
    }
}

/// Found out by records that are missing or come in another order than was asked for.
#[tokio::test]
async fn bug_05_only_an_order_by_id_is_taken_for_one() {
    let (sandbox, folio) = fifty().await;
    let ascending: Vec<String> = (50..100).map(|n| format!("c{n}")).collect();
    let descending: Vec<String> = ascending.iter().rev().cloned().collect();
    // The codes are in the reverse order of the ids.
    for (query, expected) in [
        ("cql.allRecords=1 sortBy id", &descending),
        ("cql.allRecords=1 sortby id", &descending),
        ("cql.allRecords=1 SORTBY id", &descending),
        ("cql.allRecords=1 sortBy id/sort.descending", &ascending),
        ("cql.allRecords=1 sortBy code", &ascending),
        ("cql.allRecords=1 sortBy identifier code", &ascending),
        ("code==c* sortBy code/sort.descending", &descending),
        (r#"name<>"sortBy id" sortBy code"#, &ascending),
    ] {
        for by_id in [false, true] {
            assert_eq!(
                &codes(&sandbox, &folio, query, by_id).await.0,
                expected,
                "{query}"
            );
        }
    }
}

/// Found out by the kind of the error, and by a server that hears nothing after the logout.
#[tokio::test]
async fn bug_06_a_closed_client_says_so_and_closes_twice_without_harm() {
    let server = x(Reply::json(json!({}))).await;
    let folio = server.connect().await;
    folio.close().await.unwrap();
    folio.close().await.unwrap();
    let heard = server.log().len();
    let errors = [
        folio.folio_get::<Value>("/x", None).await.unwrap_err(),
        folio.folio_post("/x", &json!({})).await.unwrap_err(),
        folio
            .folio_get_all::<Value>("/x", "x")
            .next()
            .await
            .unwrap()
            .unwrap_err(),
        folio
            .for_tenant("other")
            .folio_get::<Value>("/x", None)
            .await
            .unwrap_err(),
        folio.connect().await.unwrap_err(),
    ];
    assert!(errors.iter().all(Error::is_closed), "{errors:?}");
    assert_eq!(server.log().len(), heard);
    assert_eq!(server.asked("/authn/logout").len(), 1);
}

/// Found out by the paths that the server hears.
#[tokio::test]
async fn bug_07_a_path_of_the_gateway_is_kept_by_all_calls_and_the_logout() {
    let server =
        Folio::start(|asked, _| (asked.path() == "/okapi/x").then(|| Reply::json(json!({})))).await;
    let folio = FolioClient::builder(format!("{}/okapi/", server.url))
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .connect()
        .await
        .unwrap();
    server.expire();
    folio.folio_get::<Value>("/x", None).await.unwrap();
    folio.folio_get::<Value>("x?limit=1", None).await.unwrap();
    folio.close().await.unwrap();
    let log = server.log();
    assert!(
        log.iter().all(|asked| asked.path().starts_with("/okapi/")),
        "{log:?}"
    );
    for path in ["login-with-expiry", "refresh", "logout"] {
        assert_eq!(
            server.asked(&format!("/okapi/authn/{path}")).len(),
            1,
            "{path}"
        );
    }
}

/// Found out by the text of `Debug`, and by the headers of every request but those to
/// `/authn/refresh` and `/authn/logout`.
#[tokio::test]
async fn bug_08_no_text_shows_the_password_and_the_refresh_token_goes_to_its_endpoints_only() {
    let server = x(Reply::json(json!({}))).await;
    let builder = server.builder();
    let mut shown = format!("{builder:?}");
    let folio = builder.connect().await.unwrap();
    folio.folio_get::<Value>("/x", None).await.unwrap();
    server.expire();
    folio.folio_post("/x", &json!([])).await.unwrap();
    shown += &format!("{folio:?} {:?}", folio.folio_get::<Value>("/x", None));
    let heard = server.log().len();
    shown += &format!("{folio:?} {folio:#?}");
    // Nor does showing it ask the server.
    assert_eq!(server.log().len(), heard);
    folio.close().await.unwrap();
    for secret in server.secrets() {
        assert!(!shown.contains(&secret), "{shown}");
    }
    for asked in server
        .log()
        .iter()
        .filter(|asked| !matches!(asked.path(), "/authn/refresh" | "/authn/logout"))
    {
        assert!(!format!("{asked:?}").contains("refresh-"), "{asked:?}");
        assert_eq!(asked.header("cookie"), "");
    }
}

/// Found out by the tenant that the server heard with each number: tasks switch tenants all the
/// time.
#[tokio::test]
async fn bug_09_a_task_on_another_tenant_changes_no_other_tasks_tenant() {
    let server = Folio::start(|asked, _| {
        let reply =
            Reply::json(json!({"tenant": asked.header("x-okapi-tenant"), "n": asked.number("n")}));
        (asked.path() == "/x")
            .then(|| reply.after(Duration::from_millis(asked.number("n") as u64 % 3)))
    })
    .await;
    let folio = server.builder().max_in_flight(32).connect().await.unwrap();
    let tasks: Vec<_> = (0..8_usize)
        .map(|task| {
            let folio = folio.clone();
            tokio::spawn(async move {
                for call in 0..20 {
                    let wanted = format!("tenant{}", (task + call) % 5);
                    let handle = folio.for_tenant(&wanted);
                    tokio::task::yield_now().await;
                    let tenant: String = handle
                        .folio_get("/x", "tenant")
                        .param("n", call)
                        .await
                        .unwrap();
                    assert_eq!(tenant, wanted);
                    let own: String = folio
                        .folio_get("/x", "tenant")
                        .param("n", call)
                        .await
                        .unwrap();
                    assert_eq!(own, "diku");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(folio.tenant(), "diku");
    assert_eq!(server.asked("/x").len(), 8 * 20 * 2);
}

/// Found out by the versions: a list in which the module with the longer name comes first.
#[tokio::test]
async fn bug_10_the_version_of_a_module_is_that_of_exactly_this_module() {
    let okapi = Folio::start(|asked, _| {
        (asked.path() == "/_/proxy/tenants/diku/modules").then(|| {
            Reply::json(json!([{"id": "mod-users-bl-8.0.0"}, {"id": "mod-users-keycloak-4.0.1"}, {"id": "mod-users-19.4.0"}]))
        })
    })
    .await;
    let eureka = Folio::start(|asked, _| {
        let descriptors = json!([
            {"id": "app-a-1.0.0", "modules": [{"id": "mod-users-bl-8.0.0", "name": "mod-users-bl", "version": "8.0.0"}]},
            {"id": "app-b-1.0.0", "modules": [{"id": "mod-users-19.4.0", "name": "mod-users", "version": "19.4.0"}]},
        ]);
        (asked.path() == "/entitlements/diku/applications").then(|| {
            let page = if asked.number("offset") == 0 { descriptors } else { json!([]) };
            Reply::json(json!({"applicationDescriptors": page, "totalRecords": 2}))
        })
    })
    .await;
    for server in [okapi, eureka] {
        let folio = server.connect().await;
        assert_eq!(folio.module_version("mod-users").await.unwrap(), "19.4.0");
        assert_eq!(folio.module_version("mod-users-bl").await.unwrap(), "8.0.0");
        let error = folio.module_version("mod-user").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lookup);
        assert!(
            format!("{error:#}").contains("mod-users-19.4.0"),
            "{error:#}"
        );
    }
}

/// Found out by the count of what the server carried out.
#[tokio::test]
async fn bug_11_a_post_whose_connection_breaks_is_not_sent_again() {
    for broken in [
        Reply::Drop,
        Reply::Break(json!({"id": "made-by-the-server"}).to_string()),
    ] {
        let reply = broken.clone();
        let server = Folio::start(move |asked, n| {
            (asked.path() == "/x").then(|| {
                if asked.method == "GET" || n > 0 {
                    Reply::json(json!({}))
                } else {
                    reply.clone()
                }
            })
        })
        .await;
        let folio = server.connect().await;
        // A connection that lies in the pool, so that the POST goes over a used one.
        folio.folio_get::<Value>("/x", None).await.unwrap();
        let error = folio
            .folio_post("/x", &json!({"name": "no id"}))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1));
        assert_eq!(
            server
                .asked("/x")
                .iter()
                .filter(|asked| asked.method == "POST")
                .count(),
            1,
            "{broken:?}"
        );
        // The client is as good as before.
        folio.folio_get::<Value>("/x", None).await.unwrap();
        assert_eq!(server.logins(), 1);
    }
}

/// Found out by the kind of the error and its text: a client that reads JSON from everything tells
/// of a parser.
#[tokio::test]
async fn bug_12_to_delete_what_is_not_there_is_not_found_in_the_servers_words() {
    let server = x(Reply::text(404, "Not found")).await;
    let folio = server.connect().await;
    let error = folio
        .folio_delete("/x")
        .confirm(Deletion::Record)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(error.server_message(), Some("Not found"));

    let server = x(Reply::empty(204)).await;
    assert_eq!(
        server
            .connect()
            .await
            .folio_delete("/x")
            .confirm(Deletion::Record)
            .await
            .unwrap(),
        Value::Null
    );
}

/// Found out by the body that the server hears.
#[tokio::test]
async fn bug_13_a_list_or_any_other_json_can_be_sent() {
    let server = x(Reply::json(json!({}))).await;
    let folio = server.connect().await;
    folio
        .folio_post("/x", &json!([{"n": 1}, {"n": 2}]))
        .await
        .unwrap();
    folio.folio_put("/x", &["a", "b"]).await.unwrap();
    folio.folio_post("/x", "text").await.unwrap();
    folio.folio_post("/x", &Value::Null).await.unwrap();
    let bodies: Vec<String> = server
        .asked("/x")
        .into_iter()
        .map(|asked| asked.body)
        .collect();
    assert_eq!(
        bodies,
        [r#"[{"n":1},{"n":2}]"#, r#"["a","b"]"#, r#""text""#, "null"]
    );
}

/// Found out by the query string that the server hears. A word that does not exist does not
/// compile.
#[tokio::test]
async fn bug_14_what_is_asked_for_is_sent() {
    let server = x(Reply::json(json!({"x": []}))).await;
    let folio = server.connect().await;
    let _: Vec<Value> = folio
        .folio_get("/x", "x")
        .query("a==b")
        .limit(3)
        .offset(6)
        .param("expand", true)
        .await
        .unwrap();
    let _ = folio
        .folio_get_all::<Value>("/x", "x")
        .limit(4)
        .param("expand", true)
        .next()
        .await;
    folio
        .folio_post("/x", &json!({}))
        .param("upsert", true)
        .header("x-okapi-request-id", "17")
        .await
        .unwrap();
    let asked = server.asked("/x");
    let params = |n: usize, names: &[&str]| {
        names
            .iter()
            .map(|name| asked[n].param(name).unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        params(0, &["query", "limit", "offset", "expand"]),
        ["a==b", "3", "6", "true"]
    );
    assert_eq!(params(1, &["limit", "expand"]), ["4", "true"]);
    assert_eq!(params(2, &["upsert"]), ["true"]);
    assert_eq!(asked[2].header("x-okapi-request-id"), "17");
}

/// Found out by the error, which names the keys that are there, and by names of keys that would
/// come as records.
#[tokio::test]
async fn bug_15_a_key_that_is_not_there_is_an_error_and_keys_are_no_records() {
    let server = x(Reply::json(
        json!({"usergroups": [{"group": "staff"}], "totalRecords": 1}),
    ))
    .await;
    let folio = server.connect().await;
    let error = folio
        .folio_get::<Vec<Value>>("/x", "groups")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(
        error.to_string().contains("`groups`") && error.to_string().contains("`usergroups`"),
        "{error}"
    );
    let mut all = folio.folio_get_all::<Value>("/x", None);
    let error = all.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("`usergroups`"), "{error}");
    assert!(all.next().await.is_none());
}

/// Found out by the records that a hostile value finds, by a list without end, and by a call
/// without end.
#[tokio::test]
async fn bug_16_values_are_escaped_pages_have_records_and_calls_have_an_end() {
    let (sandbox, folio) = fifty().await;
    for hostile in [
        r#"x" or cql.allRecords=1 or name=="x"#,
        "*",
        "e?en",
        r"\",
        r#"""#,
        "^even",
    ] {
        let query = cql::field("name").eq(hostile).to_string();
        assert_eq!(
            codes(&sandbox, &folio, &query, false).await.0.len(),
            0,
            "{query}"
        );
    }
    let error = folio
        .folio_get_all::<Value>("/service-points", "servicepoints")
        .limit(0)
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);

    let server = x(Reply::Stall).await;
    let folio = server
        .builder()
        .retry(RetryPolicy::none())
        .connect()
        .await
        .unwrap();
    // An unset timeout has a default. The clock runs ahead as soon as nothing else is to be done.
    tokio::time::pause();
    let asked = tokio::time::Instant::now();
    let error = folio.folio_get::<Value>("/x", None).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(
        asked.elapsed() <= Duration::from_secs(120),
        "{:?}",
        asked.elapsed()
    );
}

/// Detected by the requests: a list that is cached without a TTL is not requested again after its
/// time, and one that is invalidated whenever a task turns to another tenant is requested each
/// time.
#[tokio::test]
async fn bug_17_reference_lists_are_kept_for_a_time_a_tenant_and_within_bounds() {
    let server = Folio::start(|asked, _| {
        let point = json!({"id": "00000000-0000-4000-8000-000000000000", "name": asked.header("x-okapi-tenant")});
        (asked.path() == "/service-points").then(|| {
            let first = !asked.param("query").unwrap().contains("id>");
            Reply::json(json!({"servicepoints": if first { vec![point] } else { vec![] }}))
        })
    })
    .await;
    let folio = server.connect().await;
    let name = async |tenant: &str| {
        let list = folio
            .for_tenant(tenant)
            .reference_data()
            .service_points::<Value>()
            .await
            .unwrap();
        list[0]["name"].as_str().unwrap().to_owned()
    };
    let reads = || {
        server
            .asked("/service-points")
            .iter()
            .filter(|asked| !asked.param("query").unwrap().contains("id>"))
            .count()
    };
    for _ in 0..5 {
        assert_eq!(
            (name("a").await, name("b").await),
            ("a".to_owned(), "b".to_owned())
        );
    }
    assert_eq!(reads(), 2);
    // More tenants than the cache holds: the one that was used last is still there, and the first
    // ones are not.
    for tenant in 0..600 {
        name(&format!("t{tenant}")).await;
    }
    assert_eq!(reads(), 602);
    name("t599").await;
    assert_eq!(reads(), 602);
    name("a").await;
    assert_eq!(reads(), 603);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(601)).await;
    tokio::time::resume();
    name("a").await;
    assert_eq!(reads(), 604);
}
