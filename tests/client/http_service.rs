//! The HTTP extension point: a service in place of the connections, and layers around it. No socket
//! is opened here.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use folio_sdk::testing::Cassette;
use folio_sdk::{
    Error, ErrorKind, FolioClient, FolioClientBuilder, HttpBody, HttpError, HttpFuture, HttpPath,
    HttpRequest, HttpResponse, HttpService, RetryPolicy,
};
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

/// The behaviour of a service for a request other than a login, by the number of the request.
type Script = fn(usize, &HttpRequest) -> Result<HttpResponse, HttpError>;

/// Responds to logins, and to all else by a script.
#[derive(Debug)]
struct Scripted {
    script: Script,
    asked: Arc<Mutex<Vec<String>>>,
}

fn response(status: u16, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body.to_string()));
    *response.status_mut() = status.try_into().unwrap();
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", json);
    response
}

impl HttpService for Scripted {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let path = &request.extensions().get::<HttpPath>().unwrap().0;
        if path.starts_with("/authn/") {
            let mut response = response(
                201,
                &json!({"accessTokenExpiration": "2099-01-01T00:00:00Z", "refreshTokenExpiration": "2099-01-01T00:00:00Z"}),
            );
            for cookie in [
                "folioAccessToken=access; Path=/",
                "folioRefreshToken=refresh; Path=/authn",
            ] {
                let cookie = http::HeaderValue::from_static(cookie);
                response.headers_mut().append("set-cookie", cookie);
            }
            return Box::pin(async { Ok(response) });
        }
        let mut asked = self.asked.lock().unwrap();
        asked.push(format!("{} {path}", request.method()));
        let response = (self.script)(asked.len(), &request);
        Box::pin(async { response })
    }
}

fn client(script: Script) -> (FolioClientBuilder, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let service = Scripted {
        script,
        asked: Arc::clone(&asked),
    };
    let builder = FolioClient::builder("https://folio.test/okapi")
        .tenant("diku")
        .credentials("ann", "correct-horse")
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .http_service(service);
    (builder, asked)
}

#[tokio::test]
async fn a_service_takes_the_place_of_connections() {
    let (builder, asked) = client(|_, request| {
        assert_eq!(
            request.uri(),
            "https://folio.test/okapi/groups?limit=50&offset=0"
        );
        assert_eq!(request.headers()["x-okapi-tenant"], "diku");
        assert!(
            request.headers()["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("folio-sdk/")
        );
        Ok(response(
            200,
            &json!({"usergroups": [{"group": "staff"}], "totalRecords": 1}),
        ))
    });
    let folio = builder.connect().await.unwrap();
    let groups: Vec<Value> = folio
        .folio_get("/groups", "usergroups")
        .limit(50)
        .param("offset", 0)
        .await
        .unwrap();
    assert_eq!(groups[0]["group"], "staff");
    folio.close().await.unwrap();
    assert_eq!(*asked.lock().unwrap(), ["GET /groups"]);
}

#[tokio::test]
async fn each_attempt_passes_through_all_layers_the_last_one_first() {
    #[derive(Debug)]
    struct Named(&'static str, Arc<dyn HttpService>);
    impl HttpService for Named {
        fn call(&self, mut request: HttpRequest) -> HttpFuture {
            let name = http::HeaderValue::from_static(self.0);
            request.headers_mut().append("x-layer", name);
            self.1.call(request)
        }
    }
    let (builder, asked) = client(|number, request| {
        let layers: Vec<_> = request.headers().get_all("x-layer").iter().collect();
        assert_eq!(layers, ["outer", "inner"]);
        match number {
            1 => Ok(response(503, &json!({}))),
            _ => Ok(response(200, &json!({"usergroups": []}))),
        }
    });
    let folio = builder
        .http_layer(|service| Arc::new(Named("inner", service)))
        .http_layer(|service| Arc::new(Named("outer", service)))
        .build()
        .unwrap();
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    assert!(groups.is_empty());
    assert_eq!(asked.lock().unwrap().len(), 2);
}

async fn post(script: Script) -> (Result<Value, Error>, Vec<String>) {
    let (builder, asked) = client(script);
    let folio = builder.build().unwrap();
    let sent = folio.folio_post("/notes", &json!({"title": "a"})).await;
    let asked = asked.lock().unwrap().clone();
    (sent, asked)
}

#[tokio::test]
async fn what_a_service_says_of_a_failure_decides_what_is_sent_again() {
    // Nothing was sent: also a POST is sent again.
    let (sent, asked) = post(|number, _| match number {
        1 | 2 => Err(HttpError::connect("no route")),
        _ => Ok(response(201, &json!({"id": "x"}))),
    })
    .await;
    assert_eq!(sent.unwrap()["id"], "x");
    assert_eq!(asked.len(), 3);

    // It may have been sent.
    for script in [
        (|_, _| Err(HttpError::new("connection lost"))) as Script,
        |_, _| Err(HttpError::timeout("too late")),
    ] {
        let (sent, asked) = post(script).await;
        let error = sent.unwrap_err();
        assert!(error.is_outcome_unknown(), "{error:#}");
        assert_eq!(asked, ["POST /notes"]);
    }

    // The service does not want to send it.
    let (sent, asked) = post(|_, _| Err(HttpError::not_sent("the circuit is open"))).await;
    let error = sent.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(!error.is_outcome_unknown() && !error.is_retryable());
    assert!(error.to_string().contains("the circuit is open"), "{error}");
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn reads_are_retried_after_any_transient_failure() {
    let (builder, asked) = client(|number, _| match number {
        1 => Err(HttpError::new("connection lost")),
        2 => Err(HttpError::timeout("too late")),
        3 => Ok(response(502, &json!({}))),
        // The body breaks off.
        4 => {
            let pieces: Vec<Result<_, HttpError>> = vec![
                Ok(http_body::Frame::data(Bytes::from_static(
                    b"{\"usergroups\":",
                ))),
                Err(HttpError::new("connection lost")),
            ];
            let body = StreamBody::new(futures_util::stream::iter(pieces));
            Ok(HttpResponse::new(HttpBody::wrap(body)))
        }
        _ => Ok(response(200, &json!({"usergroups": [1]}))),
    });
    let folio = builder
        .retry(
            RetryPolicy::default()
                .max_attempts(9)
                .initial_backoff(Duration::from_millis(1)),
        )
        .build()
        .unwrap();
    let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    assert_eq!(groups, [1]);
    assert_eq!(asked.lock().unwrap().len(), 5);
}

/// A service that never responds, and records whether it was cancelled.
#[derive(Debug, Default)]
struct Silent {
    dropped: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl HttpService for Silent {
    fn call(&self, _: HttpRequest) -> HttpFuture {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let guard = OnDrop(Arc::clone(&self.dropped));
        Box::pin(async move {
            let _guard = guard;
            pending().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_given_up_at_the_timeout() {
    let service = Silent::default();
    let (dropped, calls) = (Arc::clone(&service.dropped), Arc::clone(&service.calls));
    let folio = FolioClient::builder("http://folio.test")
        .tenant("diku")
        .token("access")
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy::none())
        .http_service(service)
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    let read = folio.folio_get::<Value>("/groups", None).await;
    assert!(read.unwrap_err().is_timeout());
    assert_eq!(started.elapsed().as_secs(), 5);
    assert!(dropped.load(Ordering::Relaxed));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_a_service_gives_ends_at_the_timeout_as_well() {
    let (builder, _) = client(|_, _| {
        let frames = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            let frame = http_body::Frame::data(Bytes::from_static(b" "));
            Some((Ok::<_, HttpError>(frame), ()))
        });
        Ok(HttpResponse::new(HttpBody::wrap(StreamBody::new(frames))))
    });
    let folio = builder
        .timeout(Duration::from_secs(20))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let started = tokio::time::Instant::now();
    let error = folio.folio_get::<Value>("/groups", None).await.unwrap_err();
    assert!(error.is_timeout(), "{error:#}");
    assert_eq!(started.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn a_cassette_is_a_layer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("groups.json");
    let script: Script = |_, _| Ok(response(200, &json!({"usergroups": [{"group": "staff"}]})));
    let recording = Cassette::record(&file);
    let folio = client(script).0.cassette(&recording).build().unwrap();
    let recorded: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    recording.finish().unwrap();

    let replaying = Cassette::replay(&file).unwrap();
    let (builder, asked) = client(|_, _| Err(HttpError::new("not reached")));
    let folio = builder.cassette(&replaying).build().unwrap();
    let replayed: Vec<Value> = folio.folio_get("/groups", "usergroups").await.unwrap();
    assert_eq!(recorded, replayed);
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_and_errors_show_no_content() {
    let body = HttpBody::from(Bytes::from_static(b"{\"password\":\"correct-horse\"}"));
    assert_eq!(format!("{body:?}"), "HttpBody { bytes: Some(28) }");
    let whole = body.collect().await.unwrap().to_bytes();
    assert_eq!(whole.len(), 28);
    assert_eq!(HttpError::connect("no route").to_string(), "no route");
}
