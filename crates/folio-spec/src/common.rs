//! Records of one content that several modules have are one record: they move to `common.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::module::Module;
use crate::pins::Pins;

const LOCAL: &str = "#/components/schemas/";

/// Moves shared records out of the modules; gives the document that has them.
pub(crate) fn extract(modules: &mut [Module], release: &str, pins: &Pins) -> Value {
    // By content: in which modules, under which name.
    let mut found: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (index, module) in modules.iter().enumerate() {
        for name in schemas(&module.document).keys() {
            found
                .entry(fingerprint(schemas(&module.document), name))
                .or_default()
                .push((index, name.clone()));
        }
    }
    found.retain(|_, places| {
        places
            .iter()
            .map(|(module, _)| module)
            .collect::<BTreeSet<_>>()
            .len()
            > 1
    });
    let sources = |(module, name): &(usize, String)| -> Vec<String> {
        let list = schemas(&modules[*module].document)
            .get(name)
            .and_then(|schema| schema.pointer("/x-folio/sources")?.as_array());
        list.into_iter()
            .flatten()
            .filter_map(|source| source.as_str().map(str::to_owned))
            .collect()
    };
    let mut pinned: Vec<(usize, &String, &str)> = found
        .iter()
        .filter_map(|(content, places)| {
            let sources: Vec<String> = places.iter().flat_map(sources).collect();
            let (votes, name) = pins.shared(&sources)?;
            Some((votes, content, name))
        })
        .collect();
    pinned.sort_by_key(|(votes, content, _)| (std::cmp::Reverse(*votes), *content));
    let own: Vec<BTreeSet<String>> = modules
        .iter()
        .enumerate()
        .map(|(index, module)| {
            let moved: BTreeSet<&String> = found
                .values()
                .flatten()
                .filter(|(module, _)| *module == index)
                .map(|(_, name)| name)
                .collect();
            let names = schemas(&module.document).keys();
            names
                .filter(|name| !moved.contains(name))
                .map(|name| name.to_lowercase())
                .collect()
        })
        .collect();
    let names = name(&found, &pinned, &own);
    let mut moved: Vec<BTreeMap<String, String>> = vec![BTreeMap::new(); modules.len()];
    for (content, places) in &found {
        for (module, name) in places {
            moved[*module].insert(name.clone(), names[content].clone());
        }
    }
    let mut shared: BTreeMap<String, Value> = BTreeMap::new();
    for (module, moved) in modules.iter_mut().zip(&moved) {
        let mut kept = Map::new();
        let mut gone = Map::new();
        if let Some(Value::Object(schemas)) = module.document.pointer_mut("/components/schemas") {
            for (name, schema) in std::mem::take(schemas) {
                if moved.contains_key(&name) {
                    gone.insert(name, schema)
                } else {
                    kept.insert(name, schema)
                };
            }
        }
        module.document["components"]["schemas"] = kept.into();
        let others: BTreeMap<&String, &String> =
            moved.iter().filter(|(own, shared)| own != shared).collect();
        if !others.is_empty() {
            module.document["x-folio"]["names"] = json!(others);
        }
        rename(
            &mut module.document,
            moved,
            "common.json#/components/schemas/",
        );
        for (name, mut schema) in gone {
            rename(&mut schema, moved, LOCAL);
            let sources = schema
                .pointer("/x-folio/sources")
                .cloned()
                .unwrap_or_default();
            let entry = shared.entry(moved[&name].clone()).or_insert(schema);
            let mut all: BTreeSet<String> = BTreeSet::new();
            for list in [
                entry
                    .pointer("/x-folio/sources")
                    .cloned()
                    .unwrap_or_default(),
                sources,
            ] {
                all.extend(
                    list.as_array()
                        .into_iter()
                        .flatten()
                        .filter_map(|source| source.as_str().map(str::to_owned)),
                );
            }
            entry["x-folio"]["sources"] = all.into_iter().collect();
        }
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": "common", "version": release},
        "paths": {},
        "components": {"schemas": shared},
        "x-folio": {"release": release},
    })
}

/// The name that it has already, else the one that most modules use; where two contents want one, the one in more modules has it and the
/// others get a number. No module that has a shared record has another one of its own (`own`, by module) under that name.
fn name(
    found: &BTreeMap<String, Vec<(usize, String)>>,
    pinned: &[(usize, &String, &str)],
    own: &[BTreeSet<String>],
) -> BTreeMap<String, String> {
    let is_own = |content: &String, name: &str| {
        let mut places = found.get(content).into_iter().flatten();
        places.any(|(module, _)| {
            own.get(*module)
                .is_some_and(|own| own.contains(&name.to_lowercase()))
        })
    };
    let mut wishes: Vec<(&String, String, usize)> = found
        .iter()
        .map(|(content, places)| {
            let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
            places
                .iter()
                .for_each(|(_, name)| *votes.entry(name).or_default() += 1);
            let best = votes.iter().max_by_key(|(name, count)| {
                (
                    **count,
                    std::cmp::Reverse(name.len()),
                    std::cmp::Reverse(**name),
                )
            });
            (
                content,
                best.map(|(name, _)| (*name).to_owned()).unwrap_or_default(),
                places.len(),
            )
        })
        .collect();
    wishes.sort_by(|a, b| {
        (std::cmp::Reverse(a.2), &a.1, a.0).cmp(&(std::cmp::Reverse(b.2), &b.1, b.0))
    });
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for (_, content, name) in pinned {
        if !is_own(content, name) && taken.insert(name.to_lowercase()) {
            names.insert((*content).clone(), (*name).to_owned());
        }
    }
    for (content, wish, _) in wishes {
        if names.contains_key(content) {
            continue;
        }
        let mut name = wish.clone();
        let mut number = 2;
        while is_own(content, &name) || !taken.insert(name.to_lowercase()) {
            name = format!("{wish}V{number}");
            number += 1;
        }
        names.insert(content.clone(), name);
    }
    names
}

fn schemas(document: &Value) -> &Map<String, Value> {
    static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    document
        .pointer("/components/schemas")
        .and_then(Value::as_object)
        .unwrap_or_else(|| NONE.get_or_init(Map::new))
}

/// The name and the content of a record, all the way down, without where it stands. Records of one content and two names are two: what they
/// have in common may be chance.
fn fingerprint(schemas: &Map<String, Value>, name: &str) -> String {
    fn write(
        schemas: &Map<String, Value>,
        value: &Value,
        stack: &mut Vec<String>,
        out: &mut String,
    ) {
        match value {
            Value::Object(map) => {
                out.push('{');
                for (key, value) in map.iter().filter(|(key, _)| *key != "x-folio") {
                    out.push_str(&format!("{key:?}:"));
                    write(schemas, value, stack, out);
                    out.push(',');
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for value in list {
                    write(schemas, value, stack, out);
                    out.push(',');
                }
                out.push(']');
            }
            Value::String(text) if text.starts_with(LOCAL) => {
                let target = &text[LOCAL.len()..];
                match stack.iter().rposition(|open| open == target) {
                    Some(depth) => out.push_str(&format!("^{}", stack.len() - depth)),
                    None => {
                        out.push_str(target);
                        stack.push(target.to_owned());
                        write(
                            schemas,
                            schemas.get(target).unwrap_or(&Value::Null),
                            stack,
                            out,
                        );
                        stack.pop();
                    }
                }
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut out = name.to_owned();
    write(
        schemas,
        schemas.get(name).unwrap_or(&Value::Null),
        &mut vec![name.to_owned()],
        &mut out,
    );
    out
}

fn rename(value: &mut Value, moved: &BTreeMap<String, String>, to: &str) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| rename(value, moved, to)),
        Value::Array(list) => list.iter_mut().for_each(|value| rename(value, moved, to)),
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(LOCAL).and_then(|name| moved.get(name)) {
                *text = format!("{to}{name}");
            }
        }
        _ => {}
    }
}
