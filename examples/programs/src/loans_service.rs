//! A web service that answers a user's open loans: `GET /users/{barcode}/loans`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use folio_sdk::circulation_storage::Loan;
use folio_sdk::{Error, FolioClient, cql};
use futures_util::TryStreamExt;
use serde_json::json;

/// The route of the service.
pub fn app(folio: FolioClient) -> Router {
    Router::new()
        .route("/users/{barcode}/loans", get(loans))
        .with_state(folio)
}

async fn loans(
    State(folio): State<FolioClient>,
    Path(barcode): Path<String>,
) -> Result<Json<Vec<Loan>>, Problem> {
    let barcode = cql::field("barcode").eq(barcode);
    let found = folio
        .users()
        .list_users()
        .query(barcode)
        .limit(1)
        .send()
        .await?;
    let Some(user) = found.users.into_iter().next() else {
        return Err(Problem::NoSuchUser);
    };
    let query = cql::field("userId")
        .eq(user.id.unwrap_or_default())
        .and(cql::field("status.name").eq("Open"));
    let loans = folio
        .circulation_storage()
        .list_loans()
        .query(query)
        .stream();
    Ok(Json(loans.try_collect().await?))
}

enum Problem {
    NoSuchUser,
    Folio(Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Folio(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, problem) = match self {
            Self::NoSuchUser => (StatusCode::NOT_FOUND, "no such user".to_owned()),
            Self::Folio(error) => {
                eprintln!("{error:#}");
                let status = match &error {
                    error if error.is_timeout() => StatusCode::GATEWAY_TIMEOUT,
                    // FOLIO is down, or overloaded: the caller may try again.
                    error if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_GATEWAY,
                };
                (status, "FOLIO does not answer as it should".to_owned())
            }
        };
        (status, Json(json!({ "problem": problem }))).into_response()
    }
}
