//! Other records of mod-circulation, besides loans and requests: patron sessions, check-ins,
//! events.

use serde_json::json;

use crate::modules::circulation::items::Item;
use crate::modules::circulation::loan::Loan;
use crate::modules::library::Library;
use crate::modules::reply::{Step, failed};
use crate::value::java::{now, written};

const SESSIONS: &str = "/patron-action-session-storage/patron-action-sessions";
const CHECK_INS: &str = "/check-in-storage/check-ins";

/// Records the actions of a patron: notices of a session are sent when it ends.
pub(crate) fn add(
    library: &Library<'_>,
    loan: &Loan,
    action: &str,
    session: Option<&str>,
) -> Step<()> {
    let Some(patron) = loan.text("userId") else {
        return Ok(());
    };
    let mut record = json!({
        "id": uuid::Uuid::new_v4().to_string(), "patronId": patron, "loanId": loan.id(), "actionType": action,
    });
    if let Some(session) = session {
        record["sessionId"] = session.into();
    }
    library.create(SESSIONS, record)?;
    Ok(())
}

/// Ends the sessions of a patron.
pub(crate) fn end(library: &Library<'_>, patron: &str, action: &str) -> Step<()> {
    let query = format!(
        "{} and {}",
        crate::modules::library::exactly("patronId", patron),
        crate::modules::library::exactly("actionType", action)
    );
    for session in library.find(SESSIONS, &query)? {
        if let Some(id) = crate::value::json::text_at(&session, "id") {
            library
                .state
                .store
                .delete(&library.caller.tenant, SESSIONS, &id)?;
        }
    }
    Ok(())
}

/// Writes down that an item came in.
pub(crate) fn check_in(
    library: &Library<'_>,
    item: &Item,
    service_point: &str,
    queue: usize,
) -> Step<()> {
    let mut record = json!({
        "id": uuid::Uuid::new_v4().to_string(), "occurredDateTime": written(now()), "itemId": item.id(),
        "servicePointId": service_point, "performedByUserId": library.caller.user,
        "itemStatusPriorToCheckIn": item.status(), "requestQueueSize": queue,
    });
    if let Some(location) = item.text("effectiveLocationId") {
        record["itemLocationId"] = location.into();
    }
    library.create(CHECK_INS, record)?;
    Ok(())
}

/// Whether events can be published. As recorded, data stored before are preserved.
pub(crate) fn published(library: &Library<'_>) -> Step<()> {
    if !library
        .state
        .wiring
        .has(&library.caller.tenant, "mod-pubsub")
    {
        return Err(failed(
            "Error during publishing Event Message in PubSub. Status code: 400 . Status message: Bad Request ",
        )
        .into());
    }
    Ok(())
}
