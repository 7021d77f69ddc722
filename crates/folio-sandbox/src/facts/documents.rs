//! The parts of the canonical documents that the sandbox serves.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Map, Value};

include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// The modules of acquisitions, which report every constraint as text, regardless of their
/// interface.
pub(crate) const ACQUISITIONS: [&str; 4] = [
    "mod-finance-storage",
    "mod-invoice-storage",
    "mod-orders-storage",
    "mod-organizations-storage",
];

/// The routes of all modules.
pub(crate) struct Routes {
    routes: Vec<Route>,
    documents: Documents,
    /// Lists by path: their descriptions, and their kinds.
    lists: BTreeMap<&'static str, DescribedList>,
}

/// The documents by name, each parsed on first use: all of a release have millions of bytes.
struct Documents(BTreeMap<&'static str, (&'static str, OnceLock<Value>)>);

impl Documents {
    fn get(&self, name: &str) -> Option<&Value> {
        let (text, parsed) = self.0.get(name)?;
        Some(parsed.get_or_init(|| serde_json::from_str(text).unwrap_or_default()))
    }
}

#[derive(Default)]
struct DescribedList {
    /// Module and array.
    described: Vec<(&'static str, &'static str)>,
    collection: OnceLock<Option<Collection>>,
}

/// A list of records.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    pub(crate) path: String,
    pub(crate) items: String,
    /// The document and the reference of a record's schema.
    pub(crate) schema: Option<(String, Value)>,
    pub(crate) locking: bool,
    /// The module of the document that describes it.
    pub(crate) module: String,
    /// Whether a Spring module serves it, and not one of RMB.
    pub(crate) spring: bool,
    /// The name of the schema of its records, which is often that of the Java class.
    pub(crate) class: String,
    /// Whether the creation of a record can result in 422.
    pub(crate) declares_422: bool,
    /// Parameters of the list that are fields of its records: only those with that value are
    /// wanted.
    pub(crate) filters: Vec<String>,
}

struct Route {
    method: &'static str,
    segments: Vec<Segment>,
    path: &'static str,
    permissions: &'static [&'static str],
    module: &'static str,
    raml: bool,
}

enum Segment {
    Literal(&'static str),
    Parameter,
}

/// The handler of a request.
pub(crate) struct MatchedRoute {
    pub(crate) path: &'static str,
    pub(crate) permissions: &'static [&'static str],
    pub(crate) arguments: Vec<String>,
    pub(crate) module: &'static str,
    /// Whether the route is one of RMB, whose rules for headers apply.
    pub(crate) raml: bool,
}

/// A route of an interface.
pub(crate) struct Handler {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) permissions: &'static [&'static str],
}

impl Collection {
    /// Whether the records have a field.
    pub(crate) fn has_field(&self, field: &str) -> bool {
        self.schema.as_ref().is_some_and(|(document, schema)| {
            let (_, schema) = routes().resolve(document, schema);
            schema
                .get("properties")
                .is_some_and(|properties| properties.get(field).is_some())
        })
    }
}

/// The routes of the documents that were built in.
pub(crate) fn routes() -> &'static Routes {
    static ROUTES: OnceLock<Routes> = OnceLock::new();
    ROUTES.get_or_init(Routes::new)
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
    fn new() -> Self {
        let mut routes: Vec<Route> = ROUTES
            .iter()
            .map(|(method, path, module, permissions, raml)| Route {
                method,
                raml: *raml,
                segments: path
                    .split('/')
                    .skip(1)
                    .map(|segment| match segment.contains('{') {
                        true => Segment::Parameter,
                        false => Segment::Literal(segment),
                    })
                    .collect(),
                path,
                permissions,
                module,
            })
            .collect();
        let mut lists: BTreeMap<&str, DescribedList> = BTreeMap::new();
        for (path, module, items) in LISTS {
            lists
                .entry(path)
                .or_default()
                .described
                .push((module, items));
        }
        // Paths without parameters take precedence: `/users/profile-picture` is not a user.
        routes.sort_by_key(|route| {
            route
                .segments
                .iter()
                .filter(|segment| matches!(segment, Segment::Parameter))
                .count()
        });
        let documents = DOCUMENTS
            .iter()
            .map(|(name, text)| (*name, (*text, OnceLock::new())));
        Self {
            routes,
            documents: Documents(documents.collect()),
            lists,
        }
    }

    pub(crate) fn find(&self, method: &str, path: &str) -> Option<MatchedRoute> {
        // Edge modules listen elsewhere; one of them has paths of mod-inventory.
        let is_edge = |route: &Route| route.module.starts_with("edge-");
        self.find_where(method, path, |route| !is_edge(route))
    }

    /// The route of a module alone.
    pub(crate) fn find_of(&self, module: &str, method: &str, path: &str) -> Option<MatchedRoute> {
        self.find_where(method, path, |route| route.module == module)
    }

    fn find_where(
        &self,
        method: &str,
        path: &str,
        wanted: impl Fn(&Route) -> bool,
    ) -> Option<MatchedRoute> {
        // Paths are literal: a slash too many, another letter case or an encoded letter makes
        // another path.
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        self.routes
            .iter()
            .filter(|route| route.method == method && wanted(route))
            .find_map(|route| {
                if route.segments.len() != segments.len() {
                    return None;
                }
                let mut arguments = Vec::new();
                for (known, given) in route.segments.iter().zip(&segments) {
                    match known {
                        Segment::Literal(text) if *text == *given => {}
                        Segment::Literal(_) => return None,
                        Segment::Parameter if given.is_empty() => return None,
                        Segment::Parameter => arguments.push(crate::wire::message::decoded(given)),
                    }
                }
                Some(MatchedRoute {
                    path: route.path,
                    permissions: route.permissions,
                    arguments,
                    module: route.module,
                    raml: route.raml,
                })
            })
    }

    pub(crate) fn collection(&self, path: &str) -> Option<&Collection> {
        let (path, list) = self.lists.get_key_value(path)?;
        let found = list.collection.get_or_init(|| {
            list.described.iter().find_map(|(module, _)| {
                let item = self.documents.get(module)?.get("paths")?.get(*path)?;
                collection(&self.documents, module, path, item)
            })
        });
        found.as_ref()
    }

    /// The collection below `/{module}` whose lists have their records in `items`.
    pub(crate) fn listed(&self, module: &str, items: &str) -> Option<&Collection> {
        self.lists
            .iter()
            .filter(|(path, list)| {
                path.split('/').nth(1) == Some(module)
                    && list.described.iter().any(|(_, array)| *array == items)
            })
            .filter_map(|(path, _)| self.collection(path))
            .find(|collection| collection.items == items)
    }

    /// The schema of a request's body, and its document.
    pub(crate) fn body_of(
        &self,
        module: &'static str,
        path: &str,
        method: &str,
    ) -> Option<(&'static str, &Value)> {
        let document = self.documents.get(module)?;
        let operation = document.get("paths")?.get(path)?.get(method)?;
        let content = operation.pointer("/requestBody/content")?.as_object()?;
        let (_, media) = content.iter().find(|(name, _)| name.contains("json"))?;
        Some((module, media.get("schema")?))
    }

    /// The parameters of a GET in its query, without those of every list.
    pub(crate) fn own_parameters(&self, module: &str, path: &str) -> Vec<&str> {
        let parameters = self
            .documents
            .get(module)
            .and_then(|document| {
                document
                    .get("paths")?
                    .get(path)?
                    .get("get")?
                    .get("parameters")
            })
            .and_then(Value::as_array);
        parameters
            .into_iter()
            .flatten()
            .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("query"))
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .filter(|name| {
                !matches!(
                    *name,
                    "query" | "limit" | "offset" | "totalRecords" | "lang" | "facets"
                )
            })
            .collect()
    }

    /// All permissions that routes need.
    pub(crate) fn permissions(&self) -> impl Iterator<Item = &'static str> {
        let all: std::collections::BTreeSet<&str> = self
            .routes
            .iter()
            .flat_map(|route| route.permissions.iter().copied())
            .collect();
        all.into_iter()
    }

    /// Whether a route needs a permission of this name.
    pub(crate) fn has_permission(&self, name: &str) -> bool {
        self.routes
            .iter()
            .any(|route| route.permissions.contains(&name))
    }

    /// The routes of an interface of a module.
    pub(crate) fn handlers(&self, module: &str, interface: &str) -> Vec<Handler> {
        let Some(document) = self.documents.get(module) else {
            return Vec::new();
        };
        self.routes
            .iter()
            .filter(|route| route.module == module)
            .filter(|route| {
                let of = document
                    .get("paths")
                    .and_then(|paths| paths.get(route.path)?.get(route.method.to_lowercase()))
                    .and_then(|operation| operation.pointer("/x-folio/interface"))
                    .and_then(Value::as_str)
                    .and_then(|of| of.split(' ').next());
                of == Some(interface)
            })
            .map(|route| Handler {
                method: route.method,
                path: route.path,
                permissions: route.permissions,
            })
            .collect()
    }

    /// Module, interface and version of all interfaces.
    pub(crate) fn interfaces(&self) -> Vec<(&'static str, String, String)> {
        let mut found = Vec::new();
        for name in self.documents.0.keys() {
            let Some(document) = self.documents.get(name) else {
                continue;
            };
            let interfaces = document
                .pointer("/x-folio/interfaces")
                .and_then(Value::as_object);
            for (interface, version) in interfaces.into_iter().flatten() {
                let version = version.as_str().unwrap_or_default().to_owned();
                found.push((*name, interface.clone(), version));
            }
        }
        found
    }

    /// The target of a reference in a document, and its document.
    pub(crate) fn resolve<'a>(
        &'a self,
        document: &'a str,
        schema: &'a Value,
    ) -> (&'a str, &'a Value) {
        resolve(&self.documents, document, schema)
    }
}

fn resolve<'a>(
    documents: &'a Documents,
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

fn collection(documents: &Documents, name: &str, path: &str, item: &Value) -> Option<Collection> {
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
    let class = schema
        .as_ref()
        .and_then(|(_, schema)| schema.get("$ref"))
        .and_then(Value::as_str)
        .and_then(|reference| reference.rsplit('/').next())
        .unwrap_or_default()
        .to_owned();
    let source = get.pointer("/x-folio/source").and_then(Value::as_str);
    Some(Collection {
        module: name.to_owned(),
        spring: source.is_some_and(|source| !source.ends_with(".raml"))
            && !matches!(name, "mod-settings"),
        class,
        declares_422: item.pointer("/post/responses/422").is_some()
            && !crate::facts::documents::ACQUISITIONS.contains(&name),
        path: path.to_owned(),
        items,
        schema,
        locking,
        filters,
    })
}

/// The routes of a module that its descriptor does not list, such as `DELETE /loan-types`: they are
/// served only at its own port.
pub(crate) fn unlisted(module: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    static FACTS: OnceLock<Value> = OnceLock::new();
    let facts = FACTS.get_or_init(|| serde_json::from_str(RELEASE).unwrap_or_default());
    let list = facts
        .get("modules")
        .and_then(|modules| modules.get(module)?.get("unrouted")?.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|route| route.as_str()?.split_once(' '))
}

/// Business modules and their storage modules, whose records they show.
const SHOWN: [(&str, &str); 12] = [
    ("/circulation/loans", "/loan-storage/loans"),
    ("/circulation/requests", "/request-storage/requests"),
    ("/inventory/instances", "/instance-storage/instances"),
    ("/inventory/items", "/item-storage/items"),
    ("/finance/budgets", "/finance-storage/budgets"),
    ("/finance/fiscal-years", "/finance-storage/fiscal-years"),
    ("/finance/funds", "/finance-storage/funds"),
    ("/finance/ledgers", "/finance-storage/ledgers"),
    ("/invoice/invoice-lines", "/invoice-storage/invoice-lines"),
    ("/invoice/invoices", "/invoice-storage/invoices"),
    ("/orders/order-lines", "/orders-storage/po-lines"),
    (
        "/organizations/organizations",
        "/organizations-storage/organizations",
    ),
];

/// Where the records of a collection are stored.
pub(crate) fn stored_at(path: &str) -> &str {
    SHOWN
        .iter()
        .find(|(shown, _)| *shown == path)
        .map_or(path, |(_, stored)| stored)
}
