//! `GET /circulation/requests/allowed-service-points`: the possible pickup service points of a
//! request.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::{INSTANCES, REQUESTS, SERVICE_POINTS};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::people::Person;
use crate::modules::circulation::policies::RequestPolicy;
use crate::modules::circulation::queue::allowed_for;
use crate::modules::library::Library;
use crate::modules::reply::{Step, ValidationError, bad_request, failed, shown};
use crate::value::json::text_at;
use crate::value::uuid::is_uuid;
use crate::wire::message::{HttpRequest, HttpResponse};

const TYPES: [&str; 3] = ["Hold", "Page", "Recall"];

pub(crate) fn respond(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let operation = http_request.parameter("operation").map(str::to_uppercase);
    if let Some(word) = &operation
        && !matches!(word.as_str(), "CREATE" | "REPLACE" | "MOVE")
    {
        return Err(failed(format!(
            "No enum constant org.folio.circulation.domain.Request.Operation.{word}"
        ))
        .into());
    }
    let given = |name: &str| http_request.parameter(name).map(str::to_owned);
    let (mut requester, instance, item, request) = (
        given("requesterId"),
        given("instanceId"),
        given("itemId"),
        given("requestId"),
    );
    let mut problems: Vec<String> = [
        ("Requester", &requester),
        ("Instance", &instance),
        ("Item", &item),
        ("Request", &request),
    ]
    .into_iter()
    .filter_map(|(name, id)| {
        let id = id.as_ref()?;
        (!is_uuid(id)).then(|| format!("{name} ID is not a valid UUID: {id}."))
    })
    .collect();
    let fits = matches!(
        (
            operation.as_deref(),
            requester.is_some(),
            instance.is_some(),
            item.is_some(),
            request.is_some(),
        ),
        (Some("CREATE"), true, true, false, false)
            | (Some("CREATE"), true, false, true, false)
            | (Some("REPLACE"), false, false, false, true)
            | (Some("MOVE"), false, false, true, true)
    );
    if !fits {
        problems.push("Invalid combination of query parameters".to_owned());
    }
    if !problems.is_empty() {
        return Ok(bad_request(problems.join(" ")));
    }
    let missing =
        |what: &str, id: &str| ValidationError::bare(format!("{what} with ID {id} was not found"));
    if let Some(id) = &instance
        && library.get(INSTANCES, id)?.is_none()
    {
        return Err(missing("Instance", id).into());
    }
    let (mut item, mut instance) = (item, instance);
    if let Some(id) = &request {
        let Some(request) = library.get(REQUESTS, id)? else {
            return Err(missing("Request", id).into());
        };
        requester = text_at(&request, "requesterId");
        if operation.as_deref() == Some("REPLACE") {
            if crate::modules::circulation::queue::is_title_level(&request) {
                instance = text_at(&request, "instanceId");
            } else {
                item = text_at(&request, "itemId");
            }
        }
    }
    let user = requester.unwrap_or_default();
    let Some(person) = Person::by_id(library, Some(&user))? else {
        return Err(missing("User", &user).into());
    };
    let items = match (&item, &instance) {
        (Some(id), _) => match Item::by_id(library, Some(id))? {
            Some(item) => vec![item],
            None => {
                return Err(
                    ValidationError::bare(format!("Item with id={id} cannot be found")).into(),
                );
            }
        },
        (None, Some(id)) => Item::of_instance(library, id)?,
        (None, None) => Vec::new(),
    };
    // For a request that exists, the status of its item does not matter.
    let ignores_status = operation.as_deref() == Some("REPLACE");
    let allowed = if items.is_empty() && item.is_none() {
        without_items(library, operation.as_deref() == Some("CREATE"))?
    } else {
        by_items(
            library,
            &items,
            person.group_id().as_deref(),
            ignores_status,
        )?
    };
    Ok(shown(StatusCode::OK, &Value::Object(allowed), &[]))
}

/// All service points for pickups.
fn places(library: &Library<'_>) -> Step<Vec<Value>> {
    library.find(SERVICE_POINTS, "pickupLocation==true")
}

fn summary(place: &Value) -> Value {
    json!({"id": text_at(place, "id"), "name": text_at(place, "name")})
}

/// A title without items can be held anywhere, unless holds of titles follow the rules.
fn without_items(library: &Library<'_>, is_new: bool) -> Step<Map<String, Value>> {
    let mut allowed = Map::new();
    let (titles, by_rules) = library.title_level()?;
    if is_new && titles && !by_rules {
        let places: Vec<Value> = places(library)?.iter().map(summary).collect();
        if !places.is_empty() {
            allowed.insert("Hold".to_owned(), places.into());
        }
    }
    Ok(allowed)
}

fn by_items(
    library: &Library<'_>,
    items: &[Item],
    group: Option<&str>,
    ignores_status: bool,
) -> Step<Map<String, Value>> {
    let all = places(library)?;
    let mut allowed: Map<String, Value> = Map::new();
    for item in items {
        let policy = RequestPolicy::of(library, item, group)?;
        for kind in TYPES {
            if !policy.allows(kind) || !ignores_status && !allowed_for(&item.status(), kind) {
                continue;
            }
            let named = policy.service_points(kind).filter(|ids| !ids.is_empty());
            let places: Vec<Value> = all
                .iter()
                .filter(|place| {
                    let id = text_at(place, "id").unwrap_or_default();
                    named.as_ref().is_none_or(|ids| ids.contains(&id.as_str()))
                })
                .map(summary)
                .collect();
            if places.is_empty() {
                continue;
            }
            let known = allowed
                .entry(kind)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Some(known) = known.as_array_mut() {
                for place in places {
                    if !known.contains(&place) {
                        known.push(place);
                    }
                }
            }
        }
    }
    Ok(allowed)
}
