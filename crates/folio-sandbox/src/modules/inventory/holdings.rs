//! `/inventory/holdings/{id}`: mod-inventory only replaces holdings.

use serde_json::Value;

use crate::facts::paths::HOLDINGS;
use crate::modules::inventory::support::{
    absent, as_text, body, changed_hrid, controlled_by_marc, found, version_as_number,
};
use crate::modules::library::Library;
use crate::modules::reply::{Step, done};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

/// The source of holdings that have a MARC record.
const MARC: &str = "036ee84a-6afd-4c3c-9ad3-4a12ab875f59";

/// The fields of holdings that have a MARC record.
pub(super) const OF_MARC: [&str; 14] = [
    "formerIds",
    "holdingsTypeId",
    "permanentLocationId",
    "shelvingTitle",
    "copyNumber",
    "callNumberTypeId",
    "callNumberPrefix",
    "callNumber",
    "callNumberSuffix",
    "holdingsStatements",
    "holdingsStatementsForIndexes",
    "holdingsStatementsForSupplements",
    "notes",
    "electronicAccess",
];

pub(super) fn replace(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let mut request = body(http_request)?;
    version_as_number(&mut request);
    let Some(old) = found(library, HOLDINGS, id)? else {
        return Ok(absent("Holdings not found"));
    };
    let new = Value::Object(request);
    if text_at(&old, "sourceId").as_deref() == Some(MARC)
        && let Some(response) = controlled_by_marc("Holdings", &OF_MARC, &old, &new)
    {
        return Ok(response);
    }
    if let Some(response) = changed_hrid(&old, new.get("hrid")) {
        return Ok(response);
    }
    let own = text_at(&new, "id").unwrap_or_else(|| "null".to_owned());
    as_text(library.replace(HOLDINGS, &own, new))?;
    Ok(done())
}
