//! A web service for FOLIO: users by name and id, a change of barcode, and the whole catalogue as
//! JSON Lines.
//!
//! It demonstrates:
//!
//! - One [`FolioClient`] for all requests, as the state of the router; cloning it is cheap.
//! - Errors of the SDK become suitable responses ([`Problem`]). Failures between this service and FOLIO are server errors.
//! - If a caller disconnects, the request to FOLIO is cancelled: axum drops the handler, and the SDK's futures may be dropped anywhere.
//! - A long list is forwarded as a stream; the next page is requested at the pace of the caller.
//! - On shutdown, it finishes the received requests, then logs out.

use std::future::Future;
use std::io;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use folio_sdk::users::User;
use folio_sdk::{Error, FolioClient, cql};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

/// The routes of the service.
pub fn app(folio: FolioClient) -> Router {
    Router::new()
        .route("/users", get(find_users))
        .route("/users/{id}", get(user))
        .route("/users/{id}/barcode", put(set_barcode))
        .route("/instances.jsonl", get(instances))
        .with_state(folio)
}

/// Serves until `shutdown` completes, finishes the requests received by then, and logs out of
/// FOLIO.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    folio: FolioClient,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let served = axum::serve(listener, app(folio.clone()))
        .with_graceful_shutdown(shutdown)
        .await;
    if let Err(error) = folio.close().await {
        eprintln!("{error}");
    }
    served
}

#[derive(Deserialize)]
struct Search {
    name: Option<String>,
    limit: Option<u32>,
}

async fn find_users(
    State(folio): State<FolioClient>,
    Query(search): Query<Search>,
) -> Result<Json<Vec<User>>, Problem> {
    let mut list = folio
        .users()
        .list_users()
        .limit(search.limit.unwrap_or(20).min(100));
    if let Some(name) = search.name {
        // Any input of the caller is a value: it cannot change the query.
        list = list.query(cql::field("username").eq(name));
    }
    Ok(Json(list.await?.users.into()))
}

async fn user(
    State(folio): State<FolioClient>,
    Path(id): Path<String>,
) -> Result<Json<User>, Problem> {
    Ok(Json(folio.users().get_user(id).send().await?))
}

#[derive(Deserialize)]
struct Barcode {
    barcode: String,
}

async fn set_barcode(
    State(folio): State<FolioClient>,
    Path(id): Path<String>,
    Json(new): Json<Barcode>,
) -> Result<StatusCode, Problem> {
    let mut user = folio.users().get_user(&id).send().await?;
    user.barcode = Some(new.barcode);
    folio.users().update_user(&id).body(&user).send().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn instances(State(folio): State<FolioClient>) -> Result<Response, Problem> {
    let mut instances = folio.inventory_storage().list_instances().stream();
    // The first record is awaited here: if FOLIO rejects the list, the response can still report
    // it.
    let first = instances.next().await.transpose()?;
    let records = futures_util::stream::iter(first.map(Ok)).chain(instances);
    let lines = records.map(|record| match record {
        Ok(instance) => serde_json::to_string(&instance)
            .map(|line| line + "\n")
            .map_err(io::Error::other),
        // An unreadable record is forwarded as FOLIO sent it.
        Err(error) => match error.record_json() {
            Some(json) => Ok(json.replace('\n', " ") + "\n"),
            // The connection breaks, so that a partial list is not mistaken for a complete one.
            None => Err(io::Error::other(error)),
        },
    });
    let body = Body::from_stream(lines);
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

/// An error of the SDK as a response of this service.
#[derive(Debug)]
pub struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Client errors keep their status. Failures between this service and FOLIO are a bad gateway.
fn status(error: &Error) -> StatusCode {
    if error.is_not_found() {
        StatusCode::NOT_FOUND
    } else if error.is_conflict() {
        StatusCode::CONFLICT
    } else if error.is_validation() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else if error.is_timeout() {
        StatusCode::GATEWAY_TIMEOUT
    } else if error.is_closed() || error.is_retryable() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::BAD_GATEWAY
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        // For the log; it contains no secret, but names of hosts and permissions that are internal.
        eprintln!("{error}");
        let status = status(&error);
        let message = if status == StatusCode::BAD_GATEWAY {
            "FOLIO sent an unexpected response"
        } else {
            error.server_message().unwrap_or("FOLIO is unavailable")
        };
        let mut answer = (status, Json(json!({"error": message}))).into_response();
        // FOLIO's `Retry-After` is passed on to the callers of this service.
        if let Some(wait) = error.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
