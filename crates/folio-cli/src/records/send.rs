//! Sends a write and shows the response.

use folio_sdk::{FolioClient, Method};
use serde_json::value::RawValue;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::records::body::Payload;

/// Sends a request with a body, and shows the response: JSON by the chosen format, other content
/// unchanged, and a note if there is none.
///
/// # Errors
/// The server's error.
pub(crate) async fn send(
    context: &mut Context,
    method: Method,
    path: &str,
    payload: Option<Payload>,
) -> Result<Exit, CliError> {
    let folio = context.folio().await?;
    let sending = deliver(&folio, method.clone(), path, payload);
    let response = context.not_interrupted(sending).await?;
    let body = response.body();
    let status = response.status();
    // Whoever repeats it would write twice.
    let written = |error: CliError| {
        error.with_help(format!(
            "{method} {path} succeeded ({status}): only its response could not be shown"
        ))
    };
    match serde_json::from_slice::<Box<RawValue>>(body) {
        Ok(json) => context.results.record(&json, None).map_err(written)?,
        Err(_) if body.is_empty() => {
            let location = response.header("location").map(|at| format!(" ({at})"));
            context.console.note(format_args!(
                "{method} {path}: {status}{}",
                location.unwrap_or_default()
            ));
        }
        Err(_) => context.results.bytes(body).map_err(written)?,
    }
    Ok(Exit::Success)
}

async fn deliver(
    folio: &FolioClient,
    method: Method,
    path: &str,
    payload: Option<Payload>,
) -> Result<folio_sdk::Response, CliError> {
    let request = folio.request(method, path);
    let request = match payload {
        Some(Payload::Json(json)) => request.json(&json),
        Some(Payload::Other { media_type, bytes }) => request.body(bytes, &media_type),
        None => request,
    };
    Ok(request.send().await?)
}
