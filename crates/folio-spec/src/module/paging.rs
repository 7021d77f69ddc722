//! Determines the lists among the operations, and their pagination (`x-folio.paging`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::canonical::identifier::snake;
use crate::canonical::operation::json_response;
use crate::canonical::reference::LOCAL;
use crate::canonical::schema::{all_properties, resolved};
use crate::corrections::overrides::Overrides;
use crate::read::entry::Entry;

/// Finds the lists of a document and writes how they are paged: as their parameters and responses
/// show, and as the overrides state.
pub(super) fn write(document: &mut Value, overrides: &Overrides, entry: &Entry) {
    let schemas = document
        .pointer("/components/schemas")
        .cloned()
        .unwrap_or_default();
    let style = overrides.paging_style(&entry.name);
    let rmb = entry.text("kind") == "raml";
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        let Some(get) = item.get_mut("get") else {
            continue;
        };
        let stated = overrides.list(&entry.name, path);
        let own = stated.and_then(|stated| stated.style.as_deref());
        let style = own.or(style.as_deref());
        let Some(mut paging) = paging(path, get, &schemas, style, own.is_some(), rmb) else {
            continue;
        };
        if let Some(stated) = stated {
            if stated.paged == Some(false) {
                continue;
            }
            for (key, fact) in [
                ("sort", stated.sort),
                ("all", stated.all),
                ("query", stated.query),
            ] {
                if let Some(fact) = fact {
                    paging[key] = fact.into();
                }
            }
            if let Some(max) = stated.max {
                paging["max"] = max.into();
            }
            if let Some(kind) = &stated.job {
                paging["job"] = kind.clone().into();
            }
        }
        get["x-folio"]["paging"] = paging;
    }
    if let Some(style) = style {
        document["x-folio"]["paging"] = style.into();
    }
    retrieved(document);
}

/// What `POST …/retrieve` returns is the list of the GET beside it, where nothing is described:
/// RMB serves both with one function.
fn retrieved(document: &mut Value) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    let retrieving: Vec<String> = paths
        .iter()
        .filter(|(_, item)| item.get("post").is_some())
        .filter_map(|(path, _)| path.strip_suffix("/retrieve").map(str::to_owned))
        .collect();
    for list in retrieving {
        let get = paths.get(&list).and_then(|item| item.get("get"));
        let Some(get) =
            get.filter(|get| get.pointer("/x-folio/paging/style") == Some(&"cql".into()))
        else {
            continue;
        };
        let (Some(response), Some(mut paging)) = (
            get.pointer("/responses/200").cloned(),
            get.pointer("/x-folio/paging").cloned(),
        ) else {
            continue;
        };
        paging["style"] = "retrieve".into();
        let post = paths
            .get_mut(&format!("{list}/retrieve"))
            .and_then(|item| item.get_mut("post"));
        let Some(post) = post else { continue };
        let is_described = post["responses"].as_object().is_some_and(|responses| {
            responses.iter().any(|(status, response)| {
                status.starts_with('2') && response.get("content").is_some()
            })
        });
        if is_described || post.pointer("/x-folio/untyped") == Some(&Value::Bool(true)) {
            continue;
        }
        post["responses"]["200"] = response;
        post["x-folio"]["responseFrom"] = "get".into();
        post["x-folio"]["paging"] = paging;
    }
}

/// How the list of a GET is paged; none if it is no list.
fn paging(
    path: &str,
    get: &Value,
    schemas: &Value,
    style: Option<&str>,
    is_stated: bool,
    rmb: bool,
) -> Option<Value> {
    let parameter = |name: &str| {
        get["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    };
    let style = match style {
        Some(style) if is_stated => style,
        _ if parameter("perPage").is_some() => "erm",
        // What has no offset returns its first records only: mod-search's `/browse` shows the
        // neighbours of what is asked for.
        _ if parameter("limit").is_none() || parameter("offset").is_none() => return None,
        Some(style) => style,
        None if parameter("query").is_some() => "cql",
        None => "offset",
    };
    let schema = json_response(get)?;
    let resolve = |schema: &Value| resolved(schema, schemas).clone();
    let response = resolve(schema);
    let mut body = response.clone();
    // ERM returns the array, or, if asked for `stats`, an object around it: lists that are read to
    // their end do not ask.
    let variants = ["oneOf", "anyOf"]
        .iter()
        .find_map(|key| response.get(*key)?.as_array());
    let array = variants
        .into_iter()
        .flatten()
        .map(&resolve)
        .find(|variant| variant["type"] == "array");
    // One of several collections, such as of whole records or of their ids: what all have in common
    // shows where the records are.
    let collections: Vec<_> = variants
        .filter(|_| array.is_none())
        .into_iter()
        .flatten()
        .map(|variant| all_properties(resolved(variant, schemas), schemas))
        .collect();
    let mut paging = json!({"style": style});
    if let Some(array) = array {
        if let Some(record) = array.pointer("/items/$ref") {
            paging["record"] = record.clone();
        }
        body = array;
    }
    let item = if body["type"] == "array" {
        resolve(&body["items"])
    } else {
        let mut properties = all_properties(&body, schemas);
        if let [first, others @ ..] = &collections[..] {
            let in_all = first
                .iter()
                .filter(|(name, _)| others.iter().all(|other| other.contains_key(*name)));
            properties.extend(in_all.map(|(name, property)| (*name, *property)));
        }
        let is_counted = properties.contains_key("totalRecords");
        let (errors, arrays): (Vec<_>, Vec<_>) = properties
            .iter()
            .filter(|(name, property)| {
                property["type"] == "array" && !matches!(**name, "resultInfo" | "facets")
            })
            .partition(|(name, _)| **name == "errors");
        // `errors` is about the list itself, unless it is a list of errors.
        let arrays = match arrays.is_empty() && is_counted {
            true => errors,
            false => arrays,
        };
        let last = snake(path.rsplit('/').next().unwrap_or_default());
        let (name, list) = match &arrays[..] {
            [only] => only,
            several => several.iter().find(|(name, _)| snake(name) == last)?,
        };
        paging["items"] = (**name).into();
        if let Some(record) = largest(&collections, name, schemas) {
            paging["record"] = record.into();
        }
        resolve(&list["items"])
    };
    if style == "cql" && rmb && item.pointer("/properties/id").is_some() {
        paging["key"] = "id".into();
    }
    if style == "search" && parameter("query").is_none() {
        paging["query"] = false.into();
    }
    let max = parameter("limit")
        .and_then(|limit| limit.pointer("/schema/maximum"))
        .and_then(Value::as_u64);
    if let Some(max) = max.filter(|max| *max < 2_147_483_647) {
        paging["max"] = max.into();
    }
    Some(paging)
}

/// The record of several collections that has the fields of all: of whole records and of their ids
/// it is the whole one. A client reads an id as a record of which the other fields are absent, also
/// those that are required.
fn largest(collections: &[BTreeMap<&str, &Value>], items: &str, schemas: &Value) -> Option<String> {
    let mut records = Vec::new();
    for properties in collections {
        let reference = properties.get(items)?.pointer("/items/$ref")?.as_str()?;
        let record = schemas.get(reference.strip_prefix(LOCAL)?)?;
        records.push((reference, all_properties(record, schemas)));
    }
    let (reference, _) = records.iter().find(|(_, fields)| {
        let mut others = records.iter().flat_map(|(_, others)| others.keys());
        others.all(|name| fields.contains_key(name))
    })?;
    Some((*reference).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(parameters: &[&str], response: &Value) -> Value {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|name| json!({"in": "query", "name": name, "schema": {"maximum": 500}}))
            .collect();
        json!({
            "parameters": parameters,
            "responses": {"200": {"content": {"application/json": {"schema": response}}}},
            "x-folio": {},
        })
    }

    fn schemas() -> Value {
        let list =
            |record: &str| json!({"type": "array", "items": {"$ref": format!("{LOCAL}{record}")}});
        json!({
            "Book": {"type": "object", "properties": {"id": {}, "title": {}}, "required": ["id", "title"]},
            "Id": {"type": "object", "properties": {"id": {}}, "required": ["id"]},
            "Books": {"type": "object", "properties": {"books": list("Book"), "totalRecords": {}, "resultInfo": {"type": "array"}}},
            "Ids": {"type": "object", "properties": {"books": list("Id"), "totalRecords": {}}},
            "Two": {"type": "object", "properties": {"books": list("Book"), "others": list("Id")}},
            "Errors": {"type": "object", "properties": {"errors": {"type": "array"}, "totalRecords": {}}},
            "BookList": list("Book"),
        })
    }

    #[test]
    fn parameters_and_response_show_how_a_list_is_paged() {
        let reference = |name: &str| json!({"$ref": format!("{LOCAL}{name}")});
        let cql = ["limit", "offset", "query"];
        let book = format!("{LOCAL}Book");
        for (parameters, response, rmb, expected) in [
            (
                &cql[..],
                reference("Books"),
                true,
                Some(json!({"style": "cql", "items": "books", "key": "id", "max": 500})),
            ),
            (
                &cql[..],
                reference("Books"),
                false,
                Some(json!({"style": "cql", "items": "books", "max": 500})),
            ),
            (
                &cql[..2],
                reference("Books"),
                true,
                Some(json!({"style": "offset", "items": "books", "max": 500})),
            ),
            (
                &cql[..2],
                reference("BookList"),
                true,
                Some(json!({"style": "offset", "max": 500})),
            ),
            (
                &["perPage"][..],
                json!({"oneOf": [reference("BookList"), reference("Books")]}),
                false,
                Some(json!({"style": "erm", "record": book})),
            ),
            (
                &cql[..],
                json!({"oneOf": [reference("Ids"), reference("Books")]}),
                false,
                Some(json!({"style": "cql", "items": "books", "record": book, "max": 500})),
            ),
            (
                &cql[..],
                reference("Two"),
                false,
                Some(json!({"style": "cql", "items": "books", "max": 500})),
            ),
            (
                &cql[..],
                reference("Errors"),
                false,
                Some(json!({"style": "cql", "items": "errors", "max": 500})),
            ),
            (&["limit"][..], reference("Books"), true, None),
            (&cql[..], reference("Book"), true, None),
        ] {
            let found = paging(
                "/books",
                &get(parameters, &response),
                &schemas(),
                None,
                false,
                rmb,
            );
            assert_eq!(found, expected, "{parameters:?} {response}");
        }
    }

    #[test]
    fn a_retrieval_by_post_gives_the_list_of_the_get_beside_it() {
        let mut document = json!({"paths": {
            "/books": {"get": get(&["limit", "offset", "query"], &json!({"$ref": format!("{LOCAL}Books")}))},
            "/books/retrieve": {"post": {"responses": {"204": {}}, "x-folio": {}}},
        }, "components": {"schemas": schemas()}, "x-folio": {}});
        let entry = Entry {
            name: "mod-books".to_owned(),
            folder: "/m".into(),
            manifest: json!({"kind": "raml"}),
        };
        write(&mut document, &Overrides::default(), &entry);
        let post = &document["paths"]["/books/retrieve"]["post"];
        let paging = json!({"style": "retrieve", "items": "books", "key": "id", "max": 500});
        assert_eq!(
            post["x-folio"],
            json!({"responseFrom": "get", "paging": paging})
        );
        assert_eq!(
            post["responses"]["200"],
            document["paths"]["/books"]["get"]["responses"]["200"]
        );
    }
}
