//! The adapters, before a FOLIO that is a router of axum in the same process: no socket is opened.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use axum::{Json, Router};
use folio_example_middleware::{Inner, Tower, TraceContext};
use folio_sdk::{FolioClient, FolioClientBuilder, HttpError, HttpRequest, RetryPolicy};
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::{Value, json};
use tower::{ServiceBuilder, ServiceExt};

/// The headers `traceparent` of the requests for users.
type Seen = Arc<Mutex<Vec<Option<String>>>>;

async fn login() -> (
    StatusCode,
    AppendHeaders<[(&'static str, &'static str); 2]>,
    Json<Value>,
) {
    let cookies = AppendHeaders([
        ("set-cookie", "folioAccessToken=access; Path=/"),
        ("set-cookie", "folioRefreshToken=refresh; Path=/authn"),
    ]);
    let body = json!({"accessTokenExpiration": "2099-01-01T00:00:00Z", "refreshTokenExpiration": "2099-01-01T00:00:00Z"});
    (StatusCode::CREATED, cookies, Json(body))
}

/// The first request for a user is answered with 503.
async fn user(
    State(seen): State<Seen>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    let context = headers
        .get("traceparent")
        .map(|value| value.to_str().unwrap().to_owned());
    let mut seen = seen.lock().unwrap();
    seen.push(context);
    match seen.len() {
        1 => Err(StatusCode::SERVICE_UNAVAILABLE),
        _ => Ok(Json(json!({"id": id, "username": "ann"}))),
    }
}

fn folio() -> (FolioClientBuilder, Seen) {
    let seen = Seen::default();
    let router = Router::new()
        .route("/authn/login-with-expiry", post(login))
        .route("/users/{id}", get(user))
        .with_state(Arc::clone(&seen));
    let service = router.map_request(|request: HttpRequest| request.map(axum::body::Body::new));
    let builder = FolioClient::builder("http://folio.test")
        .tenant("diku")
        .credentials("ann", "correct-horse")
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .http_service(Tower::new(service));
    (builder, seen)
}

const ID: &str = "8c1a2a5e-0000-4000-8000-000000000000";

#[tokio::test]
async fn layers_of_tower_see_each_attempt() {
    let (builder, _) = folio();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let folio = builder
        .http_layer(move |inner| {
            let service = ServiceBuilder::new()
                .concurrency_limit(1)
                .map_request(move |request: HttpRequest| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    request
                })
                .service(Inner(inner));
            Arc::new(Tower::new(service))
        })
        .build()
        .unwrap();
    let user = folio.users().get_user(ID).send().await.unwrap();
    assert_eq!(user.username.as_deref(), Some("ann"));
    // A login, an attempt that was answered with 503, and its retry.
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_trace_context_is_sent_with_each_attempt() {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let (builder, seen) = folio();
    let folio = builder
        .http_layer(|inner| Arc::new(TraceContext::around(inner)))
        .build()
        .unwrap();
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let span = tracer.start("load");
    let context = opentelemetry::Context::current_with_span(span);
    let id = context.span().span_context().trace_id().to_string();
    let _entered = context.attach();
    folio.users().get_user(ID).send().await.unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for parent in seen.iter() {
        assert!(
            parent.as_deref().is_some_and(|parent| parent.contains(&id)),
            "{parent:?}"
        );
    }
}

#[tokio::test]
async fn what_a_failure_means_survives_the_layers() {
    let (_, seen) = folio();
    let refusing = tower::service_fn(|_: HttpRequest| async {
        Err::<folio_sdk::HttpResponse, _>(HttpError::not_sent("the circuit is open"))
    });
    let folio = FolioClient::builder("http://folio.test")
        .tenant("diku")
        .token("access")
        .http_service(Tower::new(refusing))
        .build()
        .unwrap();
    let error = folio.users().get_user(ID).send().await.unwrap_err();
    assert!(error.to_string().contains("the circuit is open"), "{error}");
    assert_eq!(error.attempts(), 1);
    assert!(seen.lock().unwrap().is_empty());
}
