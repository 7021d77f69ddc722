//! `POST /circulation/requests`.

use http::StatusCode;
use serde_json::Value;

use crate::modules::circulation::blocks::{self, Action, Overrides};
use crate::modules::circulation::loan::open_loans;
use crate::modules::circulation::people::{Active, Person};
use crate::modules::circulation::policies::RequestPolicy;
use crate::modules::circulation::queue::allowed_for;
use crate::modules::circulation::requests::placed::Placed;
use crate::modules::circulation::requests::validate::{self, not_allowed};
use crate::modules::circulation::requests::{recall, stored, title};
use crate::modules::library::Library;
use crate::modules::reply::{Block, Step, ValidationError, body, shown, unless_rejected};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

pub(crate) fn respond(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let fields = body(&http_request.body)?;
    let overrides = Overrides::of(
        fields
            .get("requestProcessingParameters")
            .and_then(|parameters| parameters.get("overrideBlocks")),
    );
    let placed = validate::read(library, fields, true)?;
    let request = place(library, placed, &overrides, false)?;
    let request = stored::shown(library, &request, false)?;
    Ok(shown(StatusCode::CREATED, &request, &stored::ORDER))
}

/// Places a request, or reports all its errors; in fail-fast mode, the first one.
pub(crate) fn place(
    library: &Library<'_>,
    mut placed: Placed,
    overrides: &Overrides,
    fast: bool,
) -> Step<Value> {
    let check = |placed: &Placed| {
        if fast {
            let first = placed.rejections.first().cloned();
            unless_rejected(first.as_slice())
        } else {
            Ok(())
        }
    };
    check(&placed)?;
    patron(library, &mut placed, overrides)?;
    check(&placed)?;
    of_item(library, &mut placed)?;
    check(&placed)?;
    by_policy(library, &mut placed)?;
    if placed.is_title_level() && matches!(placed.kind(), "Hold" | "Recall") {
        let pageable = title::pageable(library, &placed)?;
        if let Some(item) = pageable.first() {
            let instance = placed.text("instanceId");
            placed.rejections.push(
                ValidationError::with(
                    "Hold/Recall title level request not allowed: pageable available item found for instance",
                    &[
                        ("itemId", Some(&item.id())),
                        ("instanceId", instance.as_deref()),
                    ],
                )
                .code("HOLD_AND_RECALL_TLR_NOT_ALLOWED_PAGEABLE_AVAILABLE_ITEM_FOUND"),
            );
        }
    }
    unless_rejected(&placed.rejections)?;
    let (titles, _) = library.title_level()?;
    let kind = placed.kind();
    if let Some(mut item) = placed.item.clone() {
        recall::item(library, &mut item, kind, &placed.queue, titles)?;
        recall::loan(library, &item, kind)?;
    }
    let request = stored::create(library, &placed.record())?;
    placed.queue.add(request.clone());
    placed.queue.store_positions(library)?;
    let mut request = request;
    request["position"] = placed.queue.requests.len().into();
    Ok(request)
}

fn patron(library: &Library<'_>, placed: &mut Placed, overrides: &Overrides) -> Step<()> {
    let refused = validate::requester(placed);
    placed.rejections.extend(refused);
    if placed
        .requester
        .as_ref()
        .is_some_and(|requester| requester.active() != Active::Yes)
    {
        let rejection = ValidationError::with(
            "Inactive users cannot make requests",
            &[
                ("requesterId", placed.text("requesterId").as_deref()),
                ("itemId", placed.text("itemId").as_deref()),
            ],
        );
        placed.rejections.push(rejection);
    }
    let (titles, _) = library.title_level()?;
    let refused = validate::already_requested(placed, titles, false);
    placed.rejections.extend(refused);
    if overrides.asks_for(Block::Patron) {
        let refused = Overrides::insufficient(library, Block::Patron)?;
        placed.rejections.extend(refused);
    } else if let Some(requester) = &placed.requester {
        let refused = blocks::manual(library, &requester.id(), Action::Request)?;
        placed.rejections.extend(refused);
    }
    Ok(())
}

fn of_item(library: &Library<'_>, placed: &mut Placed) -> Step<()> {
    if placed.no_instance || placed.no_item {
        return Ok(());
    }
    let user = placed.text("requesterId");
    if placed.is_title_level() {
        let instance = placed.text("instanceId");
        for loan in open_loans(library, "userId", user.as_deref().unwrap_or_default())? {
            let id = text_at(&loan, "itemId");
            let item = crate::modules::circulation::items::Item::by_id(library, id.as_deref())?;
            if item.is_some_and(|item| item.instance_id() == instance) {
                placed.rejections.push(
                    ValidationError::with(
                        "This requester already has a loan for one of the instance's items",
                        &[("userId", user.as_deref()), ("itemId", id.as_deref())],
                    )
                    .code("REQUESTER_ALREADY_HAS_LOAN_FOR_ONE_OF_INSTANCES_ITEMS"),
                );
                break;
            }
        }
        return Ok(());
    }
    let id = placed.text("itemId");
    let Some(item) = placed.item.clone() else {
        placed.no_item = true;
        placed.rejections.push(ValidationError::new(
            "Item does not exist",
            "itemId",
            id.as_deref(),
        ));
        return Ok(());
    };
    if !allowed_for(&item.status(), placed.kind()) {
        placed.rejections.push(not_allowed(placed.kind()));
    }
    let refused = loaned_already(library, &item.id(), user.as_deref())?;
    placed.rejections.extend(refused);
    Ok(())
}

/// Whether the requester has the item on loan.
pub(crate) fn loaned_already(
    library: &Library<'_>,
    item: &str,
    user: Option<&str>,
) -> Step<Option<ValidationError>> {
    let loans = open_loans(library, "itemId", item)?;
    let own = loans
        .iter()
        .find(|loan| user.is_some() && text_at(loan, "userId").as_deref() == user);
    Ok(own.map(|loan| {
        ValidationError::with(
            "This requester already has this item on loan",
            &[
                ("itemId", Some(item)),
                ("userId", user),
                ("loanId", text_at(loan, "id").as_deref()),
            ],
        )
        .code("REQUESTER_ALREADY_HAS_THIS_ITEM_ON_LOAN")
    }))
}

fn by_policy(library: &Library<'_>, placed: &mut Placed) -> Step<()> {
    let group = placed.requester.as_ref().and_then(Person::group_id);
    if placed.no_instance || placed.no_item || placed.no_recallable_item || group.is_none() {
        return Ok(());
    }
    let (titles, by_rules) = library.title_level()?;
    if titles && placed.is_title_level() && placed.kind() == "Hold" {
        if by_rules {
            let instance = placed.text("instanceId");
            let mut any = false;
            for item in crate::modules::circulation::items::Item::of_instance(
                library,
                instance.as_deref().unwrap_or_default(),
            )? {
                any |= RequestPolicy::of(library, &item, group.as_deref())?.allows("Hold");
            }
            if !any {
                placed.rejections.push(
                    ValidationError::with(
                        "Hold requests are not allowed for this patron and title combination",
                        &[
                            ("requesterId", placed.text("requesterId").as_deref()),
                            ("instanceId", instance.as_deref()),
                        ],
                    )
                    .code("REQUEST_NOT_ALLOWED_FOR_PATRON_TITLE_COMBINATION"),
                );
            }
        }
        return Ok(());
    }
    let Some(item) = placed.item.clone() else {
        return Ok(());
    };
    let policy = RequestPolicy::of(library, &item, group.as_deref())?;
    let refused = by_policy_of(
        &policy,
        placed.kind(),
        placed.text("pickupServicePointId").as_deref(),
    );
    placed.rejections.extend(refused);
    Ok(())
}

/// Why a policy does not allow a request.
pub(crate) fn by_policy_of(
    policy: &RequestPolicy,
    kind: &str,
    service_point: Option<&str>,
) -> Option<ValidationError> {
    if !policy.allows(kind) {
        return Some(not_allowed(kind));
    }
    let allowed = policy.service_points(kind)?;
    let place = service_point.unwrap_or_default();
    (!allowed.contains(&place)).then(|| {
        // The order of these parameters is not known: Java makes it differ from run to run.
        ValidationError::with(
            "One or more Pickup locations are no longer available",
            &[
                ("pickupServicePointId", service_point),
                ("requestType", Some(kind)),
                ("requestPolicyId", policy.id().as_deref()),
            ],
        )
        .code("REQUEST_PICKUP_SERVICE_POINT_IS_NOT_ALLOWED")
    })
}
