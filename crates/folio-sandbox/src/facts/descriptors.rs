//! The modules as Okapi describes them: ids, interfaces with their handlers, permissions. All of it
//! is derived from the canonical documents.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::facts::documents::{modules, routes};
use crate::facts::kinds::Release;

/// Names and versions of Okapi itself and of mod-authtoken, which no document contains, as
/// recorded.
pub(crate) fn okapi(release: Release) -> [(&'static str, &'static str); 2] {
    let version = match release {
        Release::Quesnelia => "5.3.0",
        Release::Ramsons => "6.1.3",
    };
    [("mod-authtoken", "2.15.3"), ("okapi", version)]
}

/// Names and versions of all modules, in the order of their ids.
pub(crate) fn all(release: Release) -> Vec<(String, &'static str)> {
    let own = okapi(release);
    let mut list: Vec<(String, &str)> = modules()
        .iter()
        .map(|(name, version)| (name.as_str(), version.as_str()))
        .filter(|(name, _)| own.iter().all(|(known, _)| known != name))
        .chain(own)
        .map(|(name, version)| (format!("{name}-{version}"), name))
        .collect();
    list.sort();
    list
}

/// An interface with its handlers.
fn interface(module: &str, id: &str, version: &str) -> Value {
    let handlers: Vec<Value> = routes()
        .handlers(module, id)
        .into_iter()
        .map(|handler| {
            json!({
                "methods": [handler.method], "pathPattern": handler.path,
                "permissionsRequired": handler.permissions,
            })
        })
        .collect();
    json!({"id": id, "version": version, "handlers": handlers})
}

/// The interfaces of a module.
fn provides(module: &str) -> Vec<Value> {
    let own = routes().interfaces();
    own.iter()
        .filter(|(name, ..)| *name == module)
        .map(|(_, id, version)| interface(module, id, version))
        .collect()
}

/// The whole descriptor of a module.
pub(crate) fn descriptor(id: &str, name: &str) -> Value {
    let provides = provides(name);
    let mut permissions = BTreeMap::new();
    for wanted in provides
        .iter()
        .filter_map(|interface| interface.get("handlers")?.as_array())
        .flatten()
        .filter_map(|handler| handler.get("permissionsRequired")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
    {
        permissions.insert(wanted.to_owned(), permission(wanted));
    }
    let sets: Vec<Value> = permissions.into_values().collect();
    let launch = json!({"dockerImage": format!("folioorg/{id}"), "dockerPull": false});
    json!({
        "id": id, "name": name, "provides": provides, "permissionSets": sets, "launchDescriptor": launch,
    })
}

/// A permission as a descriptor defines it.
fn permission(name: &str) -> Value {
    json!({"permissionName": name, "displayName": name.replace('.', " "), "description": name})
}

/// The interfaces of some modules, with handlers or without.
pub(crate) fn interfaces(has: impl Fn(&str) -> bool, full: bool) -> Vec<Value> {
    let own = routes().interfaces();
    own.iter()
        .filter(|(module, ..)| has(module))
        .map(|(module, id, version)| match full {
            true => interface(module, id, version),
            false => json!({"id": id, "version": version}),
        })
        .collect()
}
