//! Generic calls: the request, and the decoded response.

use folio_sdk::{ErrorKind, FolioClient, Method, Operation, Request, RetryPolicy, cql};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use folio_test_support::server::{Folio, PASSWORD, Reply};

/// Echoes the request.
async fn echo() -> (Folio, FolioClient) {
    let server = Folio::start(|asked, _| {
        Some(Reply::json(
            json!({"method": asked.method, "target": asked.target, "body": asked.body}),
        ))
        .filter(|_| !asked.path().starts_with("/authn"))
    })
    .await;
    let folio = server.connect().await;
    (server, folio)
}

#[tokio::test]
async fn a_query_is_encoded_so_that_every_server_reads_the_same() {
    let (_server, folio) = echo().await;
    let target: String = folio
        .folio_get("/users", "target")
        .query(
            cql::field("personal.lastName")
                .eq("O'Neil & \"Söhne\"+*;#%")
                .sort_by("username"),
        )
        .limit(50)
        .offset(10)
        .param("facets", "a:10")
        .param("facets", "b:5")
        .await
        .unwrap();
    assert_eq!(
        target,
        "/users?query=personal.lastName==%22O%27Neil%20%26%20%5C%22S%C3%B6hne%5C%22%2B%5C*%3B%23%25%22%20sortBy%20username&limit=50&offset=10&facets=a:10&facets=b:5"
    );
}

#[tokio::test]
async fn a_path_may_have_a_query_and_lack_its_slash() {
    let (_server, folio) = echo().await;
    for (path, expected) in [
        (
            "users?query=a==\"b c\"&limit=1",
            "/users?query=a==%22b%20c%22&limit=1",
        ),
        (
            "/users?query=a%3D%3D%22b+c%22",
            "/users?query=a==%22b%20c%22",
        ),
        ("/a b/ü/100%/x%2Fy", "/a%20b/%C3%BC/100%25/x%2Fy"),
        ("/users", "/users"),
        ("/users/", "/users/"),
        (
            "/_/proxy/tenants/diku/modules",
            "/_/proxy/tenants/diku/modules",
        ),
    ] {
        assert_eq!(
            folio.folio_get::<String>(path, "target").await.unwrap(),
            expected,
            "{path}"
        );
    }
    assert_eq!(
        folio
            .folio_get::<String>("/users?limit=5&x=1", "target")
            .limit(7)
            .await
            .unwrap(),
        "/users?x=1&limit=7"
    );
}

#[tokio::test]
async fn a_path_that_leads_elsewhere_is_not_sent() {
    let (server, folio) = echo().await;
    for path in [
        "/users/../groups",
        "/users/..",
        "/./users",
        "/users/%2e%2e/x",
        "/users//perms",
        "https://elsewhere/users",
        "",
    ] {
        let error = folio.folio_delete(path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{path}: {error}");
    }
    // An empty id must not delete the collection.
    assert_eq!(
        folio.folio_delete("/users/").await.unwrap_err().kind(),
        ErrorKind::Request
    );
    assert_eq!(server.log().len(), 1, "the login only");
}

#[tokio::test]
async fn arguments_of_a_path_are_one_segment_each() {
    static GET_PERMISSION: Operation = Operation::new(
        "get_permission",
        Method::GET,
        "/users/{userId}/permissions/{name}",
    );
    static DELETE_USER: Operation =
        Operation::new("delete_user", Method::DELETE, "/users/{userId}");
    let (server, folio) = echo().await;
    let response = folio
        .execute(Request::new(&GET_PERMISSION, &["a/../b", "ä?#%2F \\"]))
        .await
        .unwrap();
    assert_eq!(
        response.json::<Value>().unwrap()["target"],
        "/users/a%2F..%2Fb/permissions/%C3%A4%3F%23%252F%20%5C"
    );
    for id in ["", ".", ".."] {
        let error = folio
            .execute(Request::new(&DELETE_USER, &[id]))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(error.operation().unwrap().name, "delete_user");
    }
    assert!(
        folio
            .execute(Request::new(&DELETE_USER, &[]))
            .await
            .is_err()
    );
    assert!(
        folio
            .execute(Request::new(&DELETE_USER, &["a", "b"]))
            .await
            .is_err()
    );
    assert_eq!(server.log().len(), 2);
}

#[tokio::test]
async fn writes_take_any_json_and_give_whatever_is_answered() {
    let server = Folio::start(|asked, _| match (asked.method.as_str(), asked.path()) {
        ("POST", "/users") => Some(Reply::new(201, "application/json", asked.body.clone())),
        ("PUT", "/users/1") => Some(Reply::empty(204)),
        ("DELETE", "/users/1") => Some(Reply::text(200, "deleted")),
        ("POST", "/empty") => Some(Reply::empty(201)),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let body = json!([{"username": "a"}]);
    assert_eq!(folio.folio_post("/users", &body).await.unwrap(), body);
    assert_eq!(
        folio
            .folio_put("/users/1", &json!({"id": "1"}))
            .await
            .unwrap(),
        Value::Null
    );
    assert_eq!(
        folio.folio_delete("/users/1").await.unwrap(),
        Value::String("deleted".to_owned())
    );
    assert_eq!(
        folio.folio_post("/empty", &json!({})).await.unwrap(),
        Value::Null
    );
    let typed: Vec<std::collections::BTreeMap<String, String>> =
        folio.folio_post("/users", &body).typed().await.unwrap();
    assert_eq!(typed[0]["username"], "a");
    let nothing: Option<u8> = folio.folio_post("/empty", &()).typed().await.unwrap();
    assert_eq!(nothing, None);
    let error = folio
        .folio_post("/empty", &())
        .typed::<u8>()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("has no body"), "{error}");

    let put = &server.asked("/users/1")[0];
    assert_eq!(
        (put.body.as_str(), put.header("content-type")),
        ("{\"id\":\"1\"}", "application/json")
    );
    // A login without body still says how long it is.
    server.expire();
    folio.folio_post("/empty", &()).await.unwrap();
    assert_eq!(
        server.asked("/authn/refresh")[0].header("content-length"),
        "0"
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named_with_those_that_are() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/groups" => Some(Reply::json(json!({"usergroups": [], "totalRecords": 0}))),
        "/list" => Some(Reply::json(json!([1, 2]))),
        "/text" => Some(Reply::text(200, "plain")),
        _ => None,
    })
    .await;
    let folio = server.connect().await;
    let error = folio
        .folio_get::<Vec<Value>>("/groups", "groups")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("the response has no `groups`; it has `totalRecords`, `usergroups`"),
        "{error}"
    );
    let whole: Vec<u8> = folio.folio_get("/list", None).await.unwrap();
    assert_eq!(whole, [1, 2]);
    assert_eq!(
        folio.folio_get::<Vec<u8>>("/list", "").await.unwrap(),
        whole
    );
    let error = folio
        .folio_get::<Vec<u8>>("/list", "items")
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected an object with the key `items`"),
        "{error}"
    );
    let error = folio.folio_get::<Value>("/text", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.body_excerpt(), Some("plain"));
    let raw = folio.request(Method::GET, "/text").send().await.unwrap();
    assert_eq!(
        (
            raw.status().as_u16(),
            raw.header("content-type"),
            raw.text().unwrap().as_str()
        ),
        (200, Some("text/plain"), "plain")
    );
}

#[tokio::test]
async fn headers_of_the_caller_replace_the_clients() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/x").then(|| Reply::text(200, asked.header("accept")))
    })
    .await;
    let folio = server.connect().await;
    let token = server.secrets()[0].clone();
    let raw = folio
        .request(Method::GET, "/x")
        .header("accept", "text/csv")
        .header("x-okapi-token", &token)
        .header("x-okapi-tenant", "college")
        .header("content-type", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(raw.text().unwrap(), "text/csv");
    let asked = &server.asked("/x")[0];
    assert_eq!(asked.header("x-okapi-tenant"), "college");
    assert_eq!(asked.header("content-type"), "", "a GET has no body");
    for (name, value) in [("x y", "1"), ("x", "a\nb")] {
        let error = folio
            .request(Method::GET, "/x")
            .header(name, value)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
    for tenant in ["", "a\nb"] {
        let error = folio
            .for_tenant(tenant)
            .request(Method::GET, "/x")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            folio
                .request(Method::GET, "/x")
                .tenant(tenant)
                .send()
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::Request
        );
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_told_and_not_sent() {
    let (server, folio) = echo().await;
    let keyed = std::collections::BTreeMap::from([(vec![1], 2)]);
    let error = folio.folio_post("/x", &keyed).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        error.to_string().contains("key must be a string"),
        "{error}"
    );
    assert_eq!(server.log().len(), 1);
}

#[test]
fn a_client_is_built_of_sound_values_only() {
    let build = |url: &str, tenant: &str| {
        FolioClient::builder(url)
            .tenant(tenant)
            .credentials("ann", PASSWORD)
            .build()
    };
    assert!(build("http://localhost:9130", "diku").is_ok());
    let errors = [
        build("folio.example.edu", "diku").unwrap_err(),
        build("ftp://folio.example.edu", "diku").unwrap_err(),
        build("https://folio.example.edu?x=1", "diku").unwrap_err(),
        build("http://localhost", "").unwrap_err(),
        build("http://localhost", "a\nb").unwrap_err(),
        FolioClient::builder("http://localhost")
            .tenant("diku")
            .build()
            .unwrap_err(),
    ];
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::Configuration)
    );
    insta::assert_debug_snapshot!(errors.map(|error| error.to_string()));
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let folio = FolioClient::builder("http://localhost:1")
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .build()
        .unwrap();
    let mut call = std::pin::pin!(folio.request(Method::GET, "/x").send());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
        panic!("not at once")
    };
    assert_eq!(error.kind(), ErrorKind::Runtime);
}

#[test]
fn clients_and_calls_go_to_other_threads() {
    fn travels<T: Send + 'static>(_: T) {}
    fn shared<T: Send + Sync + 'static>(_: T) {}
    let folio = FolioClient::builder("http://localhost:1")
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .build()
        .unwrap();
    travels(folio.request(Method::GET, "/x").send());
    travels(std::future::IntoFuture::into_future(
        folio.folio_get::<Value>("/x", None),
    ));
    travels(folio.folio_get_all::<Value>("/x", "x").stream());
    shared(folio);
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<folio_sdk::Error>();
}

/// A server that answers each connection with a head, and then with pieces between which it waits
/// until they were taken.
async fn in_pieces(head: String, pieces: Vec<Vec<u8>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(head.as_bytes()).await;
            for piece in &pieces {
                let _ = stream.write_all(piece).await;
                let _ = stream.flush().await;
                tokio::task::yield_now().await;
            }
        }
    });
    address
}

#[tokio::test]
async fn a_body_is_whole_however_its_length_is_told_and_else_an_error() {
    let text: String = ('a'..='z').cycle().take(3_000_000).collect();
    let body = serde_json::to_vec(&json!({"text": text})).unwrap();
    let pieces: Vec<Vec<u8>> = body.chunks(100_000).map(<[u8]>::to_vec).collect();
    let chunks = pieces.iter().map(|piece| {
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend(piece);
        chunk.extend(b"\r\n");
        chunk
    });
    let mut chunks: Vec<Vec<u8>> = chunks.collect();
    chunks.push(b"0\r\n\r\n".to_vec());
    let head =
        |line: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{line}\r\n\r\n");
    let length = format!("content-length: {}", body.len());
    let more = format!("content-length: {}", body.len() + 1);
    let (short, all) = (pieces[..20].to_vec(), pieces);
    for (line, sent, is_whole) in [
        (&*length, &all, true),
        ("transfer-encoding: chunked", &chunks, true),
        ("connection: close", &all, true),
        (&length, &short, false),
        (&more, &all, false),
        ("content-length: 9000000000000000000", &all, false),
        ("transfer-encoding: chunked", &chunks[..20].to_vec(), false),
    ] {
        let url = in_pieces(head(line), sent.clone()).await;
        let folio = FolioClient::builder(url)
            .tenant("diku")
            .token("own")
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let answer = folio.folio_get::<Value>("/x", None).await;
        match answer {
            Ok(read) => assert!(is_whole && read["text"] == text, "{line}"),
            Err(error) => {
                assert!(!is_whole, "{line}: {error:#}");
                assert_eq!(error.kind(), ErrorKind::Transport, "{line}: {error:#}");
            }
        }
    }
}
