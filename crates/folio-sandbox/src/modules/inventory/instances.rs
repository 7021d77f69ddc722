//! `/inventory/instances`: instances with their relations to others, which storage keeps
//! separately.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::facts::paths::{BOUND_WITH, HOLDINGS, INSTANCES, ITEMS};
use crate::modules::inventory::support::{
    absent, as_text, body, changed_hrid, controlled_by_marc, found, plain, rejected,
    version_as_number, version_as_text,
};
use crate::modules::library::{Library, exactly};
use crate::modules::reply::{Step, done, ignored_response, shown};
use crate::value::json::text_at;
use crate::wire::message::{HttpRequest, HttpResponse};

const RELATIONS: &str = "/instance-storage/instance-relationships";
const TITLES: &str = "/preceding-succeeding-titles";

/// The fields of an instance that has a MARC record.
pub(super) const OF_MARC: [&str; 23] = [
    "hrid",
    "source",
    "alternativeTitles",
    "series",
    "identifiers",
    "contributors",
    "editions",
    "physicalDescriptions",
    "instanceFormatIds",
    "languages",
    "publication",
    "publicationFrequency",
    "publicationRange",
    "notes",
    "electronicAccess",
    "subjects",
    "classifications",
    "title",
    "indexTitle",
    "instanceTypeId",
    "modeOfIssuanceId",
    "precedingTitles",
    "succeedingTitles",
];

/// The order of an instance's fields.
pub(super) const ORDER: [&str; 45] = [
    "id",
    "_version",
    "hrid",
    "source",
    "title",
    "administrativeNotes",
    "matchKey",
    "indexTitle",
    "parentInstances",
    "childInstances",
    "isBoundWith",
    "alternativeTitles",
    "editions",
    "series",
    "identifiers",
    "contributors",
    "subjects",
    "classifications",
    "publication",
    "publicationFrequency",
    "publicationRange",
    "electronicAccess",
    "instanceTypeId",
    "instanceFormatIds",
    "physicalDescriptions",
    "languages",
    "notes",
    "modeOfIssuanceId",
    "catalogedDate",
    "previouslyHeld",
    "staffSuppress",
    "discoverySuppress",
    "deleted",
    "statisticalCodeIds",
    "sourceRecordFormat",
    "statusId",
    "statusUpdatedDate",
    "metadata",
    "tags",
    "natureOfContentTermIds",
    "publicationPeriod",
    "dates",
    "precedingTitles",
    "succeedingTitles",
    "links",
];

/// Fields that are not sent to the storage of instances.
const ELSEWHERE: [&str; 7] = [
    "parentInstances",
    "childInstances",
    "isBoundWith",
    "metadata",
    "precedingTitles",
    "succeedingTitles",
    "links",
];

/// Lists that an instance always has.
const LISTS: [&str; 17] = [
    "administrativeNotes",
    "alternativeTitles",
    "editions",
    "series",
    "identifiers",
    "contributors",
    "subjects",
    "classifications",
    "publication",
    "publicationFrequency",
    "publicationRange",
    "electronicAccess",
    "instanceFormatIds",
    "physicalDescriptions",
    "languages",
    "notes",
    "natureOfContentTermIds",
];

/// An instance of storage as mod-inventory shows it.
pub(super) fn represented(library: &Library<'_>, instance: &Value) -> Step<Value> {
    let id = text_at(instance, "id").unwrap_or_default();
    let mut shown: Map<String, Value> = Library::fields(instance);
    shown.retain(|name, value| ORDER.contains(&name.as_str()) && !value.is_null());
    version_as_text(&mut shown);
    for name in LISTS.into_iter().chain(["statisticalCodeIds"]) {
        shown.entry(name).or_insert_with(|| json!([]));
    }
    let tags = instance.pointer("/tags/tagList").cloned();
    let tags = tags.unwrap_or_else(|| json!([]));
    shown.insert("tags".into(), json!({ "tagList": tags }));
    for (name, own, other) in [
        ("parentInstances", "subInstanceId", "superInstanceId"),
        ("childInstances", "superInstanceId", "subInstanceId"),
    ] {
        let relations = library.find(RELATIONS, &exactly(own, &id))?;
        let relations: Vec<Value> = relations
            .iter()
            .map(|relation| {
                json!({
                    "id": relation.get("id"), other: relation.get(other),
                    "instanceRelationshipTypeId": relation.get("instanceRelationshipTypeId"),
                })
            })
            .collect();
        shown.insert(name.into(), relations.into());
    }
    for (name, own, other) in [
        (
            "precedingTitles",
            "succeedingInstanceId",
            "precedingInstanceId",
        ),
        (
            "succeedingTitles",
            "precedingInstanceId",
            "succeedingInstanceId",
        ),
    ] {
        let titles = titles_of(library, &id, own, other)?;
        shown.insert(name.into(), titles.into());
    }
    let bound = is_bound_with(library, &id)?;
    shown.insert("isBoundWith".into(), bound.into());
    Ok(Value::Object(shown))
}

/// The titles before an instance, or after it.
fn titles_of(library: &Library<'_>, id: &str, own: &str, other: &str) -> Step<Vec<Value>> {
    let mut titles = Vec::new();
    for relation in library.find(TITLES, &exactly(own, id))? {
        // A title that is an instance has its fields.
        let connected = library.referred(INSTANCES, &relation, other)?;
        let from = connected.as_ref().unwrap_or(&relation);
        let mut title = Map::new();
        for (name, of) in [
            ("id", &relation),
            ("title", from),
            ("hrid", from),
            (other, &relation),
            ("identifiers", from),
        ] {
            if let Some(value) = of.get(name).filter(|value| !value.is_null()) {
                title.insert(name.to_owned(), value.clone());
            }
        }
        titles.push(Value::Object(title));
    }
    Ok(titles)
}

/// Whether holdings of an instance, or their items, are bound with others.
fn is_bound_with(library: &Library<'_>, id: &str) -> Step<bool> {
    for holdings in library.find(HOLDINGS, &exactly("instanceId", id))? {
        let holdings = text_at(&holdings, "id").unwrap_or_default();
        let of_holdings = exactly("holdingsRecordId", &holdings);
        if library.first(BOUND_WITH, &of_holdings)?.is_some() {
            return Ok(true);
        }
        for item in library.find(ITEMS, &of_holdings)? {
            let item = text_at(&item, "id").unwrap_or_default();
            if library
                .first(BOUND_WITH, &exactly("itemId", &item))?
                .is_some()
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The instance of a request, as storage takes it.
fn to_storage(request: &Map<String, Value>) -> Value {
    let mut record = request.clone();
    record.retain(|name, value| {
        ORDER.contains(&name.as_str()) && !ELSEWHERE.contains(&name.as_str()) && !value.is_null()
    });
    version_as_number(&mut record);
    let tags = request.get("tags").and_then(|tags| tags.get("tagList"));
    let tags = tags.cloned().unwrap_or_else(|| json!([]));
    record.insert("tags".into(), json!({ "tagList": tags }));
    Value::Object(record)
}

fn list<'a>(
    record: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    record
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A title that is not an instance has a title.
fn untitled(request: &Map<String, Value>) -> Option<HttpResponse> {
    for (name, kind) in [
        ("succeedingTitles", "succeeding"),
        ("precedingTitles", "preceding"),
    ] {
        let without = list(request, name).any(|title| {
            text_at(title, "precedingInstanceId").is_none()
                && text_at(title, "succeedingInstanceId").is_none()
                && text_at(title, "title").is_none_or(|title| title.trim().is_empty())
        });
        if without {
            return Some(rejected(
                &format!("Title is required for unconnected {kind} title"),
                format!("{name}.title").into(),
                Value::Null,
            ));
        }
    }
    None
}

/// Relations become those of a request: new ones are stored, others replaced, and those that are
/// not named deleted.
fn relate(library: &Library<'_>, id: &str, request: &Map<String, Value>) -> Step<()> {
    let mut relations = Vec::new();
    for (name, own, other) in [
        ("parentInstances", "subInstanceId", "superInstanceId"),
        ("childInstances", "superInstanceId", "subInstanceId"),
    ] {
        for relation in list(request, name) {
            relations.push(json!({
                "id": relation.get("id"), own: id, other: relation.get(other),
                "instanceRelationshipTypeId": relation.get("instanceRelationshipTypeId"),
            }));
        }
    }
    let before = format!(
        "{} or {}",
        exactly("subInstanceId", id),
        exactly("superInstanceId", id)
    );
    become_those(library, RELATIONS, &before, relations)?;
    let mut titles = Vec::new();
    for (name, own, other) in [
        (
            "precedingTitles",
            "succeedingInstanceId",
            "precedingInstanceId",
        ),
        (
            "succeedingTitles",
            "precedingInstanceId",
            "succeedingInstanceId",
        ),
    ] {
        for title in list(request, name) {
            titles.push(json!({
                "id": title.get("id"), own: id, other: title.get(other), "title": title.get("title"),
                "hrid": title.get("hrid"), "identifiers": title.get("identifiers"),
            }));
        }
    }
    let before = format!(
        "{} or {}",
        exactly("succeedingInstanceId", id),
        exactly("precedingInstanceId", id)
    );
    become_those(library, TITLES, &before, titles)
}

fn become_those(library: &Library<'_>, path: &str, before: &str, records: Vec<Value>) -> Step<()> {
    let old: Vec<String> = library
        .find(path, before)?
        .iter()
        .filter_map(|record| text_at(record, "id"))
        .collect();
    let mut kept = Vec::new();
    for mut record in records {
        if let Value::Object(fields) = &mut record {
            fields.retain(|_, value| !value.is_null());
        }
        // Rejections by storage are ignored.
        match text_at(&record, "id") {
            Some(id) if old.contains(&id) => {
                kept.push(id.clone());
                ignored_response(library.replace(path, &id, record).map(|_| ()))?;
            }
            _ => {
                ignored_response(library.create(path, record).map(|_| ()))?;
            }
        }
    }
    for id in old.iter().filter(|id| !kept.contains(id)) {
        library
            .state
            .store
            .delete(&library.caller.tenant, path, id)?;
    }
    Ok(())
}

pub(super) fn create(library: &Library<'_>, http_request: &HttpRequest) -> Step<HttpResponse> {
    let request = body(http_request)?;
    let title = request.get("title").and_then(Value::as_str);
    if title.is_none_or(|title| title.trim().is_empty()) {
        let text = "Title must be provided for an instance";
        return Ok(plain(StatusCode::BAD_REQUEST, text));
    }
    if let Some(response) = untitled(&request) {
        return Ok(response);
    }
    let created = library.create(INSTANCES, to_storage(&request))?;
    let id = text_at(&created, "id").unwrap_or_default();
    relate(library, &id, &request)?;
    let host = http_request.header("host").unwrap_or("localhost");
    let location = format!("http://{host}/inventory/instances/{id}");
    Ok(HttpResponse::empty(StatusCode::CREATED).with_header(header::LOCATION, &location))
}

pub(super) fn read(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let Some(instance) = found(library, INSTANCES, id)? else {
        return Ok(absent("Not Found"));
    };
    let instance = represented(library, &instance)?;
    Ok(shown(StatusCode::OK, &instance, &ORDER))
}

pub(super) fn replace(
    library: &Library<'_>,
    http_request: &HttpRequest,
    id: &str,
) -> Step<HttpResponse> {
    let request = body(http_request)?;
    if let Some(response) = untitled(&request) {
        return Ok(response);
    }
    let Some(old) = found(library, INSTANCES, id)? else {
        return Ok(absent("Instance not found"));
    };
    let new = Value::Object(request.clone());
    if text_at(&old, "source").as_deref() == Some("MARC") {
        let old = represented(library, &old)?;
        if let Some(response) = controlled_by_marc("Instance", &OF_MARC, &old, &new) {
            return Ok(response);
        }
    }
    if let Some(response) = changed_hrid(&old, new.get("hrid")) {
        return Ok(response);
    }
    // The replaced record is the one with the body's id.
    let own = text_at(&new, "id").unwrap_or_else(|| "null".to_owned());
    as_text(library.replace(INSTANCES, &own, to_storage(&request)))?;
    relate(library, &own, &request)?;
    Ok(done())
}

/// `DELETE …/mark-deleted`: it is not found any more.
pub(super) fn mark_deleted(library: &Library<'_>, id: &str) -> Step<HttpResponse> {
    let Some(mut instance) = found(library, INSTANCES, id)? else {
        return Ok(absent("Not Found"));
    };
    for name in ["discoverySuppress", "staffSuppress"] {
        instance[name] = true.into();
    }
    if library.state.release == crate::facts::kinds::Release::Ramsons {
        instance["deleted"] = true.into();
    }
    let id = text_at(&instance, "id").unwrap_or_default();
    as_text(library.replace(INSTANCES, &id, instance))?;
    Ok(done())
}
