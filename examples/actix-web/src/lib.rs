//! A web service for FOLIO: locations, the holdings of an instance, and the whole catalogue as JSON
//! Lines.
//!
//! It demonstrates:
//!
//! - One [`FolioClient`] for all workers, as application data. Each actix-web worker has its own runtime; all of them use the client.
//! - Errors of the SDK become suitable responses ([`Problem`]). Failures between this service and FOLIO are server errors.
//! - If a caller disconnects, the request to FOLIO is cancelled. actix-web must be configured for that: a server that accepts
//!   half-closed connections cannot detect a disconnected caller.
//! - A long list is forwarded as a stream; the next page is requested at the pace of the caller.
//! - On shutdown, it finishes the received requests, then logs out.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::TcpListener;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Bytes, Data, Json, Path, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer, ResponseError, get, post};
use folio_sdk::inventory_storage::{Item, Location};
use folio_sdk::{Error, FolioClient, cql};
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::json;

/// The routes of the service.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(locations)
        .service(items)
        .service(check_in_note)
        .service(instances);
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
    let data = Data::new(folio.clone());
    let served = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes))
        .workers(2)
        .h1_allow_half_closed(false)
        .shutdown_signal(shutdown)
        .listen(listener)?
        .run()
        .await;
    if let Err(error) = folio.close().await {
        eprintln!("{error}");
    }
    served
}

#[get("/locations")]
async fn locations(folio: Data<FolioClient>) -> Result<Json<Vec<Location>>, Problem> {
    let page = folio
        .inventory_storage()
        .list_locations()
        .limit(1000)
        .send()
        .await?;
    Ok(Json(page.locations.into()))
}

#[get("/items/{barcode}")]
async fn items(
    folio: Data<FolioClient>,
    barcode: Path<String>,
) -> Result<Json<Vec<Item>>, Problem> {
    // Any input of the caller is a value: it cannot change the query.
    let by_barcode = cql::field("barcode").eq(barcode.into_inner());
    let page = folio
        .inventory_storage()
        .list_items()
        .query(by_barcode)
        .limit(10)
        .send()
        .await?;
    Ok(Json(page.items.into()))
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

/// Adds an administrative note. `_version` guards the instance: after a concurrent change the
/// caller gets 409.
#[post("/instances/{id}/notes")]
async fn check_in_note(
    folio: Data<FolioClient>,
    id: Path<String>,
    note: Json<Note>,
) -> Result<HttpResponse, Problem> {
    let inventory = folio.inventory_storage();
    let mut instance = inventory.get_instance(id.as_str()).send().await?;
    instance.administrative_notes.push(note.into_inner().text);
    inventory
        .update_instance(id.as_str())
        .body(&instance)
        .send()
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

#[get("/instances.jsonl")]
async fn instances(folio: Data<FolioClient>) -> Result<HttpResponse, Problem> {
    let mut instances = folio.inventory_storage().list_instances().stream();
    // The first record is awaited here: if FOLIO rejects the list, the response can still report
    // it.
    let first = instances.next().await.transpose()?;
    let records = futures_util::stream::iter(first.map(Ok)).chain(instances);
    let lines = records.map(|record| match record {
        Ok(instance) => serde_json::to_string(&instance)
            .map(|line| Bytes::from(line + "\n"))
            .map_err(io::Error::other),
        // An unreadable record is forwarded as FOLIO sent it.
        Err(error) => match error.record_json() {
            Some(json) => Ok(Bytes::from(json.replace('\n', " ") + "\n")),
            // The connection breaks, so that a partial list is not mistaken for a complete one.
            None => Err(io::Error::other(error)),
        },
    });
    Ok(HttpResponse::Ok()
        .content_type("application/jsonl")
        .streaming(lines))
}

/// An error of the SDK as a response of this service.
#[derive(Debug)]
pub struct Problem(Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl ResponseError for Problem {
    /// Client errors keep their status. Failures between this service and FOLIO are a bad gateway.
    fn status_code(&self) -> StatusCode {
        match &self.0 {
            error if error.is_not_found() => StatusCode::NOT_FOUND,
            error if error.is_conflict() => StatusCode::CONFLICT,
            error if error.is_validation() => StatusCode::UNPROCESSABLE_ENTITY,
            error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
            error if error.is_closed() || error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    fn error_response(&self) -> HttpResponse {
        // For the log; it contains no secret, but names of hosts and permissions that are internal.
        eprintln!("{self}");
        let status = self.status_code();
        let message = if status == StatusCode::BAD_GATEWAY {
            "FOLIO sent an unexpected response"
        } else {
            self.0.server_message().unwrap_or("FOLIO is unavailable")
        };
        let mut answer = HttpResponse::build(status);
        // FOLIO's `Retry-After` is passed on to the callers of this service.
        if let Some(wait) = self.0.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        answer.json(json!({"error": message}))
    }
}
