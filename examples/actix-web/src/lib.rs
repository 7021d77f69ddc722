//! A web service beside FOLIO: locations, the holdings of an instance, and the whole catalogue as JSON Lines.
//!
//! What it shows:
//!
//! - One [`FolioClient`] for all workers: it is application data. Workers of actix-web have a runtime each; the client is used from all.
//! - Errors of the SDK become fitting answers ([`Problem`]). What is wrong between this service and FOLIO is never the caller's fault.
//! - A caller who hangs up takes the request to FOLIO along. Of actix-web's servers this has to be asked for: one that takes half-closed
//!   connections cannot know that nobody waits any more.
//! - A long list goes through without being held: the response is a stream, and the next page is asked for when the caller took this one.
//! - When it is told to stop, it answers what has come, then logs out.

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

/// Serves until `shutdown` completes, answers what has come by then, and logs out of FOLIO.
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
    Ok(Json(page.locations))
}

#[get("/items/{barcode}")]
async fn items(
    folio: Data<FolioClient>,
    barcode: Path<String>,
) -> Result<Json<Vec<Item>>, Problem> {
    // Whatever the caller writes is a value: it cannot become a part of the query.
    let by_barcode = cql::field("barcode").eq(barcode.into_inner());
    let page = folio
        .inventory_storage()
        .list_items()
        .query(by_barcode)
        .limit(10)
        .send()
        .await?;
    Ok(Json(page.items))
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

/// Adds an administrative note. `_version` guards the instance: if somebody else changes it meanwhile, the caller gets 409.
#[post("/instances/{id}/notes")]
async fn check_in_note(
    folio: Data<FolioClient>,
    id: Path<String>,
    note: Json<Note>,
) -> Result<HttpResponse, Problem> {
    let inventory = folio.inventory_storage();
    let mut instance = inventory.get_instance(id.as_str()).send().await?;
    instance
        .administrative_notes
        .push(note.into_inner().text);
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
    // The first record is awaited here: if FOLIO refuses the list, the answer can still say so.
    let first = instances.next().await.transpose()?;
    let records = futures_util::stream::iter(first.map(Ok)).chain(instances);
    let lines = records.map(|record| match record {
        Ok(instance) => serde_json::to_string(&instance)
            .map(|line| Bytes::from(line + "\n"))
            .map_err(io::Error::other),
        // A record that the SDK cannot read is passed on as FOLIO sent it.
        Err(error) => match error.record_json() {
            Some(json) => Ok(Bytes::from(json.replace('\n', " ") + "\n")),
            // The connection breaks, so that nobody takes a part of the list for the whole.
            None => Err(io::Error::other(error)),
        },
    });
    Ok(HttpResponse::Ok()
        .content_type("application/jsonl")
        .streaming(lines))
}

/// An error of the SDK as an answer of this service.
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
    /// What is the caller's to mend keeps its status. What is wrong between this service and FOLIO is a bad gateway.
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
        // For the log; it has no secret in it, but it names hosts and permissions that are nobody's business.
        eprintln!("{self}");
        let status = self.status_code();
        let message = if status == StatusCode::BAD_GATEWAY {
            "FOLIO did not answer as expected"
        } else {
            self.0
                .server_message()
                .unwrap_or("FOLIO cannot be asked now")
        };
        let mut answer = HttpResponse::build(status);
        // What FOLIO asks of this service, this service asks of its callers.
        if let Some(wait) = self.0.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            answer.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        answer.json(json!({"error": message}))
    }
}
