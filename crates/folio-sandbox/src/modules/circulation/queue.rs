//! The open requests for an item or an instance, in the order of their positions.

use serde_json::{Value, json};

use crate::facts::paths::{LOAN_POLICIES, REQUESTS};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies::{self, RequestPolicy};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::Step;
use crate::value::json::text_at;

pub(crate) const NOT_YET_FILLED: &str = "Open - Not yet filled";
pub(crate) const AWAITING_PICKUP: &str = "Open - Awaiting pickup";
pub(crate) const IN_TRANSIT: &str = "Open - In transit";
pub(crate) const AWAITING_DELIVERY: &str = "Open - Awaiting delivery";
pub(crate) const FILLED: &str = "Closed - Filled";
pub(crate) const CANCELLED: &str = "Closed - Cancelled";

const OPEN: [&str; 4] = [
    NOT_YET_FILLED,
    AWAITING_PICKUP,
    IN_TRANSIT,
    AWAITING_DELIVERY,
];

/// All statuses that a request may have.
pub(crate) const STATUSES: [&str; 8] = [
    NOT_YET_FILLED,
    AWAITING_PICKUP,
    IN_TRANSIT,
    AWAITING_DELIVERY,
    FILLED,
    CANCELLED,
    "Closed - Unfilled",
    "Closed - Pickup expired",
];

/// A queue of requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue {
    pub(crate) requests: Vec<Value>,
    /// Positions as they are stored, by ids.
    stored: Vec<(String, Option<i64>)>,
}

pub(crate) fn is_type(request: &Value, kind: &str) -> bool {
    request.get("requestType").and_then(Value::as_str) == Some(kind)
}

pub(crate) fn is_status(request: &Value, status: &str) -> bool {
    request.get("status").and_then(Value::as_str) == Some(status)
}

pub(crate) fn is_title_level(request: &Value) -> bool {
    request.get("requestLevel").and_then(Value::as_str) == Some("Title")
}

/// Whether a request is for an item.
pub(crate) fn is_for(request: &Value, item: &str) -> bool {
    request.get("itemId").and_then(Value::as_str) == Some(item)
}

pub(crate) fn position(request: &Value) -> Option<i64> {
    request.get("position").and_then(Value::as_i64)
}

fn id(request: &Value) -> String {
    text_at(request, "id").unwrap_or_default()
}

/// Which requests a check-in or a check-out may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    CheckIn,
    CheckOut,
}

impl Queue {
    fn read(library: &Library<'_>, field: &str, value: &str, levels: &[&str]) -> Step<Self> {
        let any = |field: &str, values: &[&str]| {
            let tests: Vec<String> = values.iter().map(|value| exactly(field, value)).collect();
            format!("({})", tests.join(" or "))
        };
        let query = format!(
            "{} and {} and {} sortBy position/number",
            exactly(field, value),
            any("status", &OPEN),
            any("requestLevel", levels)
        );
        let mut requests = library.find(REQUESTS, &query)?;
        requests.sort_by_key(|request| position(request).unwrap_or(0));
        let stored = requests
            .iter()
            .map(|request| (id(request), position(request)))
            .collect();
        Ok(Self { requests, stored })
    }

    pub(crate) fn of_item(library: &Library<'_>, item: &str) -> Step<Self> {
        Self::read(library, "itemId", item, &["Item"])
    }

    pub(crate) fn of_instance(library: &Library<'_>, instance: &str) -> Step<Self> {
        Self::read(library, "instanceId", instance, &["Item", "Title"])
    }

    /// The queue that counts: of the title where requests may be for titles.
    pub(crate) fn of(
        library: &Library<'_>,
        item: Option<&str>,
        instance: Option<&str>,
    ) -> Step<Self> {
        match (library.title_level()?.0, item, instance) {
            (true, _, Some(instance)) => Self::of_instance(library, instance),
            (false, Some(item), _) => Self::of_item(library, item),
            _ => Ok(Self::default()),
        }
    }

    pub(crate) fn of_what(library: &Library<'_>, item: &Item) -> Step<Self> {
        Self::of(library, Some(&item.id()), item.instance_id().as_deref())
    }

    fn resequence(&mut self) {
        for (place, request) in self.requests.iter_mut().enumerate() {
            request["position"] = (place + 1).into();
        }
    }

    /// Puts a request at the end.
    pub(crate) fn add(&mut self, request: Value) {
        self.requests.push(request);
        self.resequence();
    }

    /// Takes a request out; those behind it move up.
    pub(crate) fn remove(&mut self, request: &str) {
        self.requests.retain(|known| id(known) != request);
        self.resequence();
    }

    /// Replaces the known state of a changed request.
    pub(crate) fn put(&mut self, request: &Value) {
        let wanted = id(request);
        if let Some(known) = self.requests.iter_mut().find(|known| id(known) == wanted) {
            *known = request.clone();
        }
    }

    /// Whether there is a recall that waits.
    pub(crate) fn has_open_recall(&self) -> bool {
        self.requests
            .iter()
            .any(|request| is_type(request, "Recall") && is_status(request, NOT_YET_FILLED))
    }

    /// The recall of an item, if there is one.
    pub(crate) fn recall_of(&self, item: &str) -> Option<&Value> {
        self.requests
            .iter()
            .find(|request| is_type(request, "Recall") && is_for(request, item))
    }

    /// Whether the first that waits for a loaned item has placed a hold.
    pub(crate) fn first_is_hold(&self, item: &str) -> bool {
        self.requests
            .iter()
            .find(|request| {
                is_for(request, item)
                    || is_title_level(request)
                        && is_type(request, "Hold")
                        && request.get("itemId").is_none()
            })
            .is_some_and(|request| is_type(request, "Hold"))
    }

    /// Whether a hold that waits makes the period of a loan another one.
    pub(crate) fn has_waiting_hold(&self, item: &str) -> bool {
        self.requests.iter().any(|request| {
            is_type(request, "Hold")
                && is_status(request, NOT_YET_FILLED)
                && request
                    .get("itemId")
                    .and_then(Value::as_str)
                    .is_none_or(|own| own == item)
        })
    }

    /// The request that an item fills: the first one that fits.
    pub(crate) fn filled_by(
        &self,
        library: &Library<'_>,
        item: &Item,
        at: At,
    ) -> Step<Option<Value>> {
        for request in &self.requests {
            if fits(library, item, request, at)? {
                return Ok(Some(request.clone()));
            }
        }
        Ok(None)
    }

    /// Before an item fills a request, waiting requests ahead of it move behind it.
    pub(crate) fn move_up(&mut self, request: &str) {
        let first = self
            .requests
            .iter()
            .position(|known| id(known) != request && is_status(known, NOT_YET_FILLED));
        let own = self.requests.iter().position(|known| id(known) == request);
        if let (Some(first), Some(own)) = (first, own)
            && first < own
        {
            let moved = self.requests.remove(own);
            self.requests.insert(first, moved);
            self.resequence();
        }
    }

    /// Stores the requests with changed positions.
    pub(crate) fn store_positions(&mut self, library: &Library<'_>) -> Step<()> {
        let changed: Vec<Value> = self
            .requests
            .iter()
            .filter(|request| {
                let before = self.stored.iter().find(|(known, _)| *known == id(request));
                before.map(|(_, position)| *position) != Some(position(request))
            })
            .cloned()
            .collect();
        // Positions are unique: all of them are taken away before they are given anew, as a batch
        // does.
        for request in &changed {
            if let Some(mut stored) = library.get(REQUESTS, &id(request))? {
                if let Some(fields) = stored.as_object_mut() {
                    fields.remove("position");
                }
                library.state.store.write(
                    &library.caller.tenant,
                    REQUESTS,
                    &id(request),
                    &stored,
                )?;
            }
        }
        for request in &changed {
            if let Some(mut stored) = library.get(REQUESTS, &id(request))? {
                stored["position"] = json!(position(request));
                library.replace(REQUESTS, &id(request), stored)?;
            }
        }
        self.stored = self
            .requests
            .iter()
            .map(|request| (id(request), position(request)))
            .collect();
        Ok(())
    }
}

/// Whether an item fills a request.
fn fits(library: &Library<'_>, item: &Item, request: &Value, at: At) -> Step<bool> {
    let own = is_for(request, &item.id());
    if !is_title_level(request) {
        return Ok(own);
    }
    if text_at(request, "instanceId") != item.instance_id() {
        return Ok(false);
    }
    let unassigned = text_at(request, "itemId").is_none();
    if is_type(request, "Recall") {
        match at {
            At::CheckOut => return Ok(own),
            At::CheckIn if is_status(request, NOT_YET_FILLED) => {}
            At::CheckIn if unassigned ^ own => {}
            At::CheckIn => return Ok(false),
        }
    } else if !(unassigned ^ own) {
        return Ok(false);
    }
    let requester = Person::by_id(library, text_at(request, "requesterId").as_deref())?;
    let group = requester.and_then(|requester| requester.group_id());
    let policy = RequestPolicy::of(library, item, group.as_deref())?;
    let kind = text_at(request, "requestType").unwrap_or_default();
    Ok(policy.allows(&kind) && policies::loan(library, item, group.as_deref())?.is_loanable())
}

/// Whether a request may be placed for an item of a status.
pub(crate) fn allowed_for(status: &str, kind: &str) -> bool {
    match kind {
        "Page" => matches!(status, "Available" | "Restricted"),
        "Hold" => matches!(
            status,
            "Checked out"
                | "Awaiting pickup"
                | "Awaiting delivery"
                | "In transit"
                | "Missing"
                | "Paged"
                | "On order"
                | "In process"
                | "Restricted"
                // A status that mod-circulation does not know counts as none, which a hold may wait
                // for.
                | "Order closed"
                | ""
        ),
        "Recall" => matches!(
            status,
            "Checked out"
                | "Awaiting pickup"
                | "Awaiting delivery"
                | "In transit"
                | "Paged"
                | "On order"
                | "In process"
                | "Restricted"
        ),
        _ => false,
    }
}

/// The service point, record and all, that a request is to be picked up at.
pub(crate) fn pickup(library: &Library<'_>, request: &Value) -> Step<Option<Value>> {
    library.referred(
        crate::facts::paths::SERVICE_POINTS,
        request,
        "pickupServicePointId",
    )
}

/// A loan policy by its id, with its schedules.
pub(crate) fn loan_policy(library: &Library<'_>, loan: &Value) -> Step<Option<Value>> {
    library.referred(LOAN_POLICIES, loan, "loanPolicyId")
}
