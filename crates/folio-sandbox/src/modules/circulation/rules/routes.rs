//! `/circulation/rules`: their text, and the lookups of policies.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::facts::paths::{
    LOAN_POLICIES, LOCATIONS, LOST_POLICIES, NOTICE_POLICIES, OVERDUE_POLICIES, REQUEST_POLICIES,
};
use crate::modules::circulation::items::Item;
use crate::modules::circulation::rules::apply::{Match, Question, matches};
use crate::modules::circulation::rules::parser::parse;
use crate::modules::library::Library;
use crate::modules::reply::{Step, bad_request, body, done, failed, shown};
use crate::store::Store;
use crate::value::json::text_at;
use crate::value::uuid::is_versioned_uuid;
use crate::wire::message::{HttpRequest, HttpResponse};
use crate::wire::rmb;

const RULES: &str = "/circulation-rules-storage";

const RULES_ID: &str = "1721f01b-e69d-5c4c-5df2-523428a04c54";

/// The rules of a tenant without its own: the form of a fallback.
const NO_RULES: &str = "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line";

/// A kind of policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    Loan,
    Request,
    Notice,
    OverdueFine,
    LostItem,
}

impl PolicyKind {
    const ALL: [Self; 5] = [
        Self::Loan,
        Self::Request,
        Self::Notice,
        Self::OverdueFine,
        Self::LostItem,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Loan => "loan",
            Self::Request => "request",
            Self::Notice => "notice",
            Self::OverdueFine => "overdue-fine",
            Self::LostItem => "lost-item",
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Loan => 'l',
            Self::Request => 'r',
            Self::Notice => 'n',
            Self::OverdueFine => 'o',
            Self::LostItem => 'i',
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Loan => "loanPolicyId",
            Self::Request => "requestPolicyId",
            Self::Notice => "noticePolicyId",
            Self::OverdueFine => "overdueFinePolicyId",
            Self::LostItem => "lostItemPolicyId",
        }
    }

    /// The same key in the list of all matching rules, which differs for overdue fines.
    fn key_of_all(self) -> &'static str {
        match self {
            Self::OverdueFine => "overduePolicyId",
            other => other.key(),
        }
    }

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Loan => LOAN_POLICIES,
            Self::Request => REQUEST_POLICIES,
            Self::Notice => NOTICE_POLICIES,
            Self::OverdueFine => OVERDUE_POLICIES,
            Self::LostItem => LOST_POLICIES,
        }
    }
}

/// A policy that the rules select, and the examined parameters.
#[derive(Clone, Debug)]
pub(crate) struct ChosenPolicy {
    pub(crate) id: String,
    pub(crate) material_type: bool,
    pub(crate) loan_type: bool,
    pub(crate) patron_group: bool,
}

fn stored(library: &Library<'_>) -> Step<Value> {
    let stored = library.all(RULES)?.into_iter().next();
    Ok(stored.unwrap_or_else(|| record(NO_RULES)))
}

/// The record of a tenant's rules, as the module creates it.
fn record(text: &str) -> Value {
    json!({"id": RULES_ID, "rulesAsText": text, "metadata": {"createdDate": rmb::now()}})
}

/// Stores the rules of a new tenant.
pub(crate) fn initial(store: &Store, tenant: &str, text: &str) -> rusqlite::Result<()> {
    store.write(tenant, RULES, RULES_ID, &record(text))
}

/// The rules as the storage module shows them, or mod-circulation.
pub(crate) fn read(library: &Library<'_>, storage: bool) -> Step<HttpResponse> {
    let rules = stored(library)?;
    let order = ["id", "rulesAsText", "metadata"];
    Ok(if storage {
        rmb::json_ordered(StatusCode::OK, &rules, &order.map(str::to_owned))
    } else {
        shown(StatusCode::OK, &rules, &order)
    })
}

fn store(library: &Library<'_>, text: &str) -> Step<()> {
    let mut rules = stored(library)?;
    let now = rmb::now();
    let user = &library.caller.user;
    rules["rulesAsText"] = text.into();
    // The storage module treats a PUT as a new record.
    rules["metadata"] = json!({
        "createdDate": now, "createdByUserId": user, "updatedDate": now, "updatedByUserId": user,
    });
    let id = text_at(&rules, "id").unwrap_or_default();
    library
        .state
        .store
        .write(&library.caller.tenant, RULES, &id, &rules)?;
    Ok(())
}

/// `PUT` to the storage module, which does not look into the text.
pub(crate) fn put_stored(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    if let Some(response) = rmb::wrong_content_type(http_request) {
        return Ok(response);
    }
    let value = crate::jackson::parse(&http_request.body)?;
    store(library, &text_at(&value, "rulesAsText").unwrap_or_default())?;
    Ok(done())
}

/// `PUT`: the text is understood, and the policies exist.
pub(crate) fn put(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let wrong = |value: &Value| {
        shown(
            StatusCode::UNPROCESSABLE_ENTITY,
            value,
            &["message", "line", "column"],
        )
    };
    let fields = match crate::jackson::parse(&http_request.body) {
        // Only a text that is not JSON has a position in the message.
        Err(_) => match body(&http_request.body) {
            Err(crate::modules::reply::Stop::Response(response)) => {
                let message = String::from_utf8_lossy(&response.body).into_owned();
                return Ok(wrong(&json!({ "message": message })));
            }
            other => other?,
        },
        Ok(_) => body(&http_request.body)?,
    };
    let Some(text) = crate::modules::reply::text(&fields, "rulesAsText") else {
        return Ok(failed(
            "java.lang.NullPointerException: Cannot invoke \"String.length()\" because \"s\" is null\n\tat org.antlr.v4.runtime.CharStreams.fromString(CharStreams.java:222)\n",
        ));
    };
    let mut known = Vec::new();
    for kind in PolicyKind::ALL {
        for policy in library.all(kind.path())? {
            known.push((kind.letter(), text_at(&policy, "id").unwrap_or_default()));
        }
    }
    let exists = |letter: char, id: &str| {
        known
            .iter()
            .any(|(own, known)| *own == letter && known == id)
    };
    if let Err(problem) = parse(&text, &exists) {
        return Ok(wrong(&json!({
            "message": problem.message, "line": problem.line, "column": problem.column,
        })));
    }
    store(library, &text)?;
    Ok(done())
}

fn all_matches(library: &Library<'_>, mut question: Question) -> Step<Vec<Match>> {
    let rules = stored(library)?;
    let text = text_at(&rules, "rulesAsText").unwrap_or_default();
    if text.trim().is_empty() {
        return Err(failed("Cannot apply blank circulation rules").into());
    }
    let Ok(rules) = parse(&text, &|_, _| true) else {
        return Err(failed("Cannot apply blank circulation rules").into());
    };
    // The units of a location that there is not are those of nothing.
    let location = match &question.location {
        Some(id) => library.get(LOCATIONS, id)?,
        None => None,
    };
    if let Some(location) = location {
        question.library = text_at(&location, "libraryId");
        question.campus = text_at(&location, "campusId");
        question.institution = text_at(&location, "institutionId");
    }
    Ok(matches(&rules, &question))
}

/// The policy of a kind that the rules give.
pub(crate) fn policy_of(
    library: &Library<'_>,
    kind: PolicyKind,
    question: &Question,
) -> Step<ChosenPolicy> {
    if let Some(given) = set_directly(library, kind, question) {
        return Ok(given);
    }
    let found = all_matches(library, question.clone())?;
    let deciding = found.first();
    let Some((rule, id)) =
        deciding.and_then(|rule| Some((rule, rule.policies.of(kind.letter()).next()?.to_owned())))
    else {
        return Err(failed(format!(
            "Executing circulation rules to determine {} policy did not find a match",
            kind.name().replace('-', " ")
        ))
        .into());
    };
    // Only the responses for loans contain the examined parameters.
    let looks = |letter| kind == PolicyKind::Loan && rule.looks_at(letter);
    Ok(ChosenPolicy {
        material_type: looks('m'),
        loan_type: looks('t'),
        patron_group: looks('g'),
        id,
    })
}

/// A policy that a test has set with [`crate::Sandbox::circulation_rule`], which goes before the
/// text of the rules.
fn set_directly(
    library: &Library<'_>,
    kind: PolicyKind,
    question: &Question,
) -> Option<ChosenPolicy> {
    let value = |name: &str| match name {
        "item_type_id" => question.material_type.as_deref(),
        "loan_type_id" => question.loan_type.as_deref(),
        "patron_type_id" => question.patron_group.as_deref(),
        "location_id" => question.location.as_deref(),
        _ => None,
    };
    let rule = library.state.rules.iter().find(|rule| {
        rule.tenant == library.caller.tenant
            && rule.policy == kind.name()
            && rule
                .conditions
                .iter()
                .all(|(name, wanted)| value(name) == Some(wanted))
    })?;
    let looks = |wanted: &str| {
        kind == PolicyKind::Loan && rule.conditions.iter().any(|(name, _)| name == wanted)
    };
    Some(ChosenPolicy {
        id: rule.id.clone(),
        material_type: looks("item_type_id"),
        loan_type: looks("loan_type_id"),
        patron_group: looks("patron_type_id"),
    })
}

/// The question about an item and a patron group.
pub(crate) fn question(item: &Item, group: Option<&str>) -> Question {
    Question {
        material_type: item.text("materialTypeId"),
        loan_type: item.loan_type_id(),
        patron_group: group.map(str::to_owned),
        location: item.text("effectiveLocationId"),
        ..Question::default()
    }
}

/// `GET /circulation/rules/{kind}-policy` and `…-policy-all`; none of other paths.
pub(crate) fn respond(
    library: &Library<'_>,
    http_request: &HttpRequest,
    last: &str,
) -> Option<Step<HttpResponse>> {
    let (name, all) = match last.strip_suffix("-policy-all") {
        Some(name) => (name, true),
        None => (last.strip_suffix("-policy")?, false),
    };
    let kind = PolicyKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)?;
    Some(asked_for(library, http_request, kind, all))
}

fn asked_for(
    library: &Library<'_>,
    http_request: &HttpRequest,
    kind: PolicyKind,
    all: bool,
) -> Step<HttpResponse> {
    const FORM: &str = "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[1-5][a-fA-F0-9]{3}-[89abAB][a-fA-F0-9]{3}-[a-fA-F0-9]{12}$";
    let mut values = Map::new();
    for name in [
        "item_type_id",
        "loan_type_id",
        "patron_type_id",
        "location_id",
    ] {
        let Some(value) = http_request.parameter(name) else {
            return Ok(bad_request(format!(
                "required query parameter missing: {name}"
            )));
        };
        if !is_versioned_uuid(value) {
            return Ok(bad_request(format!(
                "invalid uuid format of {name}, expecting {FORM} but it is {value}"
            )));
        }
        values.insert(name.to_owned(), value.into());
    }
    let value = |name: &str| values.get(name).and_then(Value::as_str).map(str::to_owned);
    let question = Question {
        material_type: value("item_type_id"),
        loan_type: value("loan_type_id"),
        patron_group: value("patron_type_id"),
        location: value("location_id"),
        ..Question::default()
    };
    if all {
        let found: Vec<Value> = all_matches(library, question)?
            .iter()
            .filter_map(|rule| {
                let id = rule.policies.of(kind.letter()).next()?;
                Some(json!({kind.key_of_all(): id, "circulationRuleLine": rule.policies.line}))
            })
            .collect();
        return Ok(shown(
            StatusCode::OK,
            &json!({ "circulationRuleMatches": found }),
            &[],
        ));
    }
    let given = policy_of(library, kind, &question)?;
    Ok(shown(
        StatusCode::OK,
        &json!({
            kind.key(): given.id,
            "appliedRuleConditions": {
                "materialTypeMatch": given.material_type, "loanTypeMatch": given.loan_type, "patronGroupMatch": given.patron_group,
            },
        }),
        &[kind.key(), "appliedRuleConditions"],
    ))
}
