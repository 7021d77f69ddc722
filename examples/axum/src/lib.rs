//! A web service beside FOLIO: users by name and id, a change of barcode, and the whole catalogue as JSON Lines.
//!
//! What it shows:
//!
//! - One [`FolioClient`] for all requests: it is the state of the router, and a clone of it costs nothing.
//! - Errors of the SDK become fitting answers ([`Problem`]). What is wrong between this service and FOLIO is never the caller's fault.
//! - A caller who hangs up takes the request to FOLIO along: axum drops the handler, and the SDK's futures may be dropped anywhere.
//! - A long list goes through without being held: the response is a stream, and the next page is asked for when the caller took this one.
//! - When it is told to stop, it answers what has come, then logs out.

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

/// Serves until `shutdown` completes, answers what has come by then, and logs out of FOLIO.
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
        // Whatever the caller writes is a value: it cannot become a part of the query.
        list = list.query(cql::field("username").eq(name));
    }
    Ok(Json(list.send().await?.users))
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
    // The first record is awaited here: if FOLIO refuses the list, the answer can still say so.
    let first = instances.next().await.transpose()?;
    let records = futures_util::stream::iter(first.map(Ok)).chain(instances);
    let lines = records.map(|record| match record {
        Ok(instance) => serde_json::to_string(&instance)
            .map(|line| line + "\n")
            .map_err(io::Error::other),
        // A record that the SDK cannot read is passed on as FOLIO sent it.
        Err(error) => match error.record_json() {
            Some(json) => Ok(json.replace('\n', " ") + "\n"),
            // The connection breaks, so that nobody takes a part of the list for the whole.
            None => Err(io::Error::other(error)),
        },
    });
    let body = Body::from_stream(lines);
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], body).into_response())
}

/// An error of the SDK as an answer of this service.
#[derive(Debug)]
pub struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// What is the caller's to mend keeps its status. What is wrong between this service and FOLIO is a bad gateway.
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
        // For the log; it has no secret in it, but it names hosts and permissions that are nobody's business.
        eprintln!("{error}");
        let status = status(&error);
        let message = if status == StatusCode::BAD_GATEWAY {
            "FOLIO did not answer as expected"
        } else {
            error
                .server_message()
                .unwrap_or("FOLIO cannot be asked now")
        };
        let mut answer = (status, Json(json!({"error": message}))).into_response();
        // What FOLIO asks of this service, this service asks of its callers.
        if let Some(wait) = error.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}
