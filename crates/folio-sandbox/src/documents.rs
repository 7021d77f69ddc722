//! What the canonical documents say that the sandbox serves.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// The routes of all modules.
pub(crate) struct Routes {
    routes: Vec<Route>,
    documents: BTreeMap<String, Value>,
    /// Collections by their paths: the array in the list, the schema of a record.
    collections: BTreeMap<String, Collection>,
}

/// A list of records.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    pub(crate) path: String,
    pub(crate) items: String,
    /// The document and the reference of a record's schema.
    pub(crate) schema: Option<(String, Value)>,
    pub(crate) locking: bool,
    /// Parameters of the list that are fields of its records: only those with that value are wanted.
    pub(crate) filters: Vec<String>,
}

struct Route {
    method: String,
    segments: Vec<Segment>,
    path: String,
    permissions: Vec<String>,
    module: String,
}

enum Segment {
    Literal(String),
    Parameter,
}

/// What serves a request.
pub(crate) struct Served<'a> {
    pub(crate) path: &'a str,
    pub(crate) permissions: &'a [String],
    pub(crate) arguments: Vec<String>,
    pub(crate) module: &'a str,
}

/// The routes of the documents that were built in.
pub(crate) fn routes() -> &'static Routes {
    static ROUTES: OnceLock<Routes> = OnceLock::new();
    ROUTES.get_or_init(|| {
        Routes::new(
            DOCUMENTS
                .iter()
                .map(|(name, text)| {
                    (
                        (*name).to_owned(),
                        serde_json::from_str(text).unwrap_or_default(),
                    )
                })
                .collect(),
        )
    })
}

/// The modules of the release and their versions.
pub(crate) fn modules() -> &'static [(String, String)] {
    static MODULES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    MODULES.get_or_init(|| {
        let release: Value = serde_json::from_str(RELEASE).unwrap_or_default();
        let modules = release.get("modules").and_then(Value::as_object);
        modules
            .into_iter()
            .flatten()
            .filter_map(|(name, facts)| {
                let version = facts.get("version")?.as_str()?;
                Some((name.clone(), version.to_owned()))
            })
            .collect()
    })
}

impl Routes {
    pub(crate) fn new(documents: BTreeMap<String, Value>) -> Self {
        let mut routes = Vec::new();
        let mut collections = BTreeMap::new();
        for (name, document) in &documents {
            for (path, item) in document
                .get("paths")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let permissions = operation
                        .pointer("/x-folio/permissions")
                        .and_then(Value::as_array);
                    routes.push(Route {
                        method: method.to_uppercase(),
                        segments: path
                            .split('/')
                            .filter(|segment| !segment.is_empty())
                            .map(|s| {
                                if s.contains('{') {
                                    Segment::Parameter
                                } else {
                                    Segment::Literal(s.to_owned())
                                }
                            })
                            .collect(),
                        path: path.clone(),
                        permissions: permissions
                            .into_iter()
                            .flatten()
                            .filter_map(|p| p.as_str().map(str::to_owned))
                            .collect(),
                        module: name.clone(),
                    });
                }
                if let Some(collection) = collection(&documents, name, path, item) {
                    collections.entry(path.clone()).or_insert(collection);
                }
            }
        }
        // Paths without parameters are found before those with: `/users/profile-picture` is no user.
        routes.sort_by_key(|route| {
            route
                .segments
                .iter()
                .filter(|segment| matches!(segment, Segment::Parameter))
                .count()
        });
        Self {
            routes,
            documents,
            collections,
        }
    }

    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Served<'_>> {
        let segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        self.routes
            .iter()
            .filter(|route| route.method == method)
            .find_map(|route| {
                if route.segments.len() != segments.len() {
                    return None;
                }
                let mut arguments = Vec::new();
                for (known, given) in route.segments.iter().zip(&segments) {
                    match known {
                        Segment::Literal(text) if text == given => {}
                        Segment::Literal(_) => return None,
                        Segment::Parameter => arguments.push(crate::server::decoded(given)),
                    }
                }
                Some(Served {
                    path: &route.path,
                    permissions: &route.permissions,
                    arguments,
                    module: &route.module,
                })
            })
    }

    pub(crate) fn collection(&self, path: &str) -> Option<&Collection> {
        self.collections.get(path)
    }

    /// The collection below `/{module}` whose lists have their records in `items`.
    pub(crate) fn listed(&self, module: &str, items: &str) -> Option<&Collection> {
        self.collections.values().find(|collection| {
            collection.items == items && collection.path.split('/').nth(1) == Some(module)
        })
    }

    /// The schema that a reference in a document leads to, with the document it stands in.
    pub(crate) fn resolve<'a>(
        &'a self,
        document: &'a str,
        schema: &'a Value,
    ) -> (&'a str, &'a Value) {
        resolve(&self.documents, document, schema)
    }
}

fn resolve<'a>(
    documents: &'a BTreeMap<String, Value>,
    document: &'a str,
    schema: &'a Value,
) -> (&'a str, &'a Value) {
    let (mut document, mut schema) = (document, schema);
    for _ in 0..32 {
        let Some(Value::String(reference)) = schema.get("$ref") else {
            break;
        };
        let (file, name) = match reference.split_once("#/components/schemas/") {
            Some(("", name)) => (document, name),
            Some((file, name)) => (file.trim_end_matches(".json"), name),
            None => break,
        };
        let Some(found) = documents
            .get(file)
            .and_then(|d| d.get("components")?.get("schemas")?.get(name))
        else {
            break;
        };
        (document, schema) = (file, found);
    }
    (document, schema)
}

fn collection(
    documents: &BTreeMap<String, Value>,
    name: &str,
    path: &str,
    item: &Value,
) -> Option<Collection> {
    let get = item.get("get")?;
    let paging = get.pointer("/x-folio/paging")?;
    if !matches!(
        paging.get("style").and_then(Value::as_str),
        Some("cql" | "offset")
    ) {
        return None;
    }
    let items = paging.get("items")?.as_str()?.to_owned();
    let json = |of: &Value| -> Option<Value> {
        let content: &Map<String, Value> = of.get("content")?.as_object()?;
        content
            .iter()
            .find(|(media_type, _)| media_type.contains("json"))?
            .1
            .get("schema")
            .cloned()
    };
    let list = get.pointer("/responses/200").and_then(json)?;
    let (home, list) = resolve(documents, name, &list);
    let record = list.get("properties")?.get(&items)?.get("items")?.clone();
    let (_, fields) = resolve(documents, home, &record);
    let parameters = get.get("parameters").and_then(Value::as_array);
    let filters = parameters
        .into_iter()
        .flatten()
        .filter_map(|parameter| Some(parameter.get("name")?.as_str()?.to_owned()))
        .filter(|name| fields.pointer(&format!("/properties/{name}")).is_some())
        .collect();
    let posted = item.pointer("/post/requestBody").and_then(json);
    let schema = match posted {
        Some(posted) => Some((name.to_owned(), posted)),
        None => Some((home.to_owned(), record)),
    };
    let locking = schema.as_ref().is_some_and(|(home, schema)| {
        resolve(documents, home, schema)
            .1
            .pointer("/x-folio/locking")
            == Some(&Value::Bool(true))
    });
    Some(Collection {
        path: path.to_owned(),
        items,
        schema,
        locking,
        filters,
    })
}
