//! Requests whose path several modules provide, and requests whose path no module provides.

use std::future::Future;

use crate::client::handle::FolioClient;
use crate::wire::error::{Error, Result};
use crate::wire::headers::MODULE_ID;
use crate::wire::request::Request;

/// Sends a request that must name its module, with `send`. A module may have been upgraded since
/// the list was cached: then the gateway does not know the old version, so that nothing was
/// executed, and the request is sent once more with the new one.
pub(super) async fn send<T, F: Future<Output = Result<T>> + Send>(
    client: FolioClient,
    request: Request,
    send: impl Fn(FolioClient, Request) -> F + Send,
) -> Result<T> {
    let directory = client.directory();
    let first = directory
        .addressed(client.clone(), request.clone().probing())
        .await?;
    let id = first.headers().get(MODULE_ID).cloned();
    let tenant = request.tenant_or(client.tenant()).to_owned();
    let error = match send(client.clone(), first).await {
        Err(error) if error.is_missing_module() || error.is_module_down() => error,
        done => return done,
    };
    directory.forget(&client, &tenant);
    match directory.addressed(client.clone(), request.clone()).await {
        Ok(second) if second.headers().get(MODULE_ID) != id.as_ref() && !request.is_spent() => {
            send(client, second).await
        }
        _ => Err(explained(&client, &request, error).await),
    }
}

/// The error of a call, with help if a gateway found no module for it.
pub(super) async fn explained(client: &FolioClient, request: &Request, error: Error) -> Error {
    if !error.is_missing_module() || request.is_probing() {
        return error;
    }
    client
        .directory()
        .explained(client.clone(), request, error)
        .await
}
