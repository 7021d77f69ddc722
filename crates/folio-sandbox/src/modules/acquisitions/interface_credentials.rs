//! Credentials of the interfaces of organizations (mod-organizations-storage).

use http::StatusCode;
use serde_json::{Map, Value};

use crate::jackson;
use crate::platform::auth::Caller;
use crate::platform::state::State;
use crate::value::json::text_at;
use crate::wire::message::{HandlerResult, HttpRequest, HttpResponse};
use crate::wire::rmb;

/// `…/interfaces/{id}/credentials`: the credentials of a library at a vendor.
pub(super) fn credentials(
    state: &State,
    request: &HttpRequest,
    caller: &Caller,
    id: &str,
) -> HandlerResult {
    const STORED: &str = "/organizations-storage/interfaces/credentials";
    let tenant = &caller.tenant;
    let mut own = state.store.all(tenant, STORED)?;
    own.retain(|one| text_at(one, "interfaceId").as_deref() == Some(id));
    let not_found = || HttpResponse::text(StatusCode::NOT_FOUND, "Not Found");
    let order = ["id", "username", "password", "interfaceId"].map(str::to_owned);
    match request.method.as_str() {
        "GET" => Ok(own.first().map_or_else(not_found, |one| {
            rmb::json_ordered(StatusCode::OK, one, &order)
        })),
        "DELETE" => {
            for one in &own {
                let id = text_at(one, "id").unwrap_or_default();
                state.store.delete(tenant, STORED, &id)?;
            }
            Ok(match own.len() {
                1 => HttpResponse::empty(StatusCode::NO_CONTENT),
                _ => not_found(),
            })
        }
        _ => {
            let mut record = match jackson::parse(&request.body) {
                Ok(Value::Object(fields)) => fields,
                Ok(_) => Map::new(),
                Err(response) => return Ok(response),
            };
            let own_id = match record.get("id").and_then(Value::as_str) {
                Some(id) => id.to_owned(),
                None => uuid::Uuid::new_v4().to_string(),
            };
            record.insert("id".into(), own_id.clone().into());
            record.insert("interfaceId".into(), id.into());
            let record = Value::Object(record);
            state.store.write(tenant, STORED, &own_id, &record)?;
            Ok(rmb::json_ordered(StatusCode::CREATED, &record, &order)
                .with_header(http::header::LOCATION, &own_id))
        }
    }
}
