//! Records with the same content in several modules become one record in `common.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::canonical::operation::json_schema;
use crate::canonical::reference::{LOCAL, PENDING, SHARED, each_text_mut};
use crate::canonical::schema::{components, schemas, sources};
use crate::corrections::pins::Pins;
use crate::module::Module;
use crate::module::equal::equals;
use crate::module::generic_names::is_generic;
use crate::module::nested_candidates::LONGEST;
use crate::module::nested_names;

/// Moves shared records out of the modules; returns the document that has them.
pub(crate) fn extract(modules: &mut [Module], release: &str, pins: &Pins) -> Value {
    let found = shared(modules);
    let sources_at = |(module, name): &(usize, String)| -> Vec<String> {
        let schema = components(&modules[*module].document).and_then(|all| all.get(name));
        let sources = schema.into_iter().flat_map(sources);
        sources.map(str::to_owned).collect()
    };
    let mut pinned: Vec<(usize, &String, &str)> = found
        .iter()
        .filter_map(|(content, places)| {
            let sources: Vec<String> = places.iter().flat_map(sources_at).collect();
            let (votes, name) = pins.shared(&sources)?;
            (!is_generic(name)).then_some((votes, content, name))
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
            schemas(&module.document)
                .filter(|(name, _)| !moved.contains(name))
                .flat_map(|(name, schema)| {
                    let nested = nested_names::within(schema)
                        .into_iter()
                        .map(|(_, name)| name);
                    nested.chain([name.clone()])
                })
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
        rename(&mut module.document, moved, SHARED);
        for (name, mut schema) in gone {
            rename(&mut schema, moved, LOCAL);
            let mut all: BTreeSet<String> = sources(&schema).map(str::to_owned).collect();
            let entry = shared.entry(moved[&name].clone()).or_insert(schema);
            all.extend(sources(entry).map(str::to_owned));
            entry["x-folio"]["sources"] = all.into_iter().collect();
        }
    }
    for (record, old, new) in tell_nested_apart(&mut shared) {
        for (module, moved) in modules.iter_mut().zip(&moved) {
            if moved.values().any(|shared| *shared == record) {
                module.document["x-folio"]["names"][&old] = new.clone().into();
            }
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

/// Gives what stands within shared records names that differ: each module has them under its own.
/// The record after which one is named keeps the name; what stands within another record is named
/// after that one. Returns the changes: the record, the name that the modules have, and the one in
/// the shared document.
fn tell_nested_apart(shared: &mut BTreeMap<String, Value>) -> Vec<(String, String, String)> {
    let mut taken: BTreeSet<String> = shared.keys().map(|name| name.to_lowercase()).collect();
    let mut nested: Vec<(String, String, String)> = Vec::new();
    for (record, schema) in shared.iter() {
        let within = nested_names::within(schema).into_iter();
        nested.extend(within.map(|(at, name)| (record.clone(), at, name)));
    }
    // Stable: of two with an equal right to a name, the first one has it.
    nested.sort_by_key(|(record, _, name)| !name.starts_with(&**record));
    let mut changes = Vec::new();
    for (record, at, name) in nested {
        let mut other = name.clone();
        let mut number = 1;
        while !taken.insert(other.to_lowercase()) {
            other = match number {
                1 => within_record(&record, &name),
                number => format!("{name}V{number}"),
            };
            number += 1;
        }
        if other == name {
            continue;
        }
        let schema = shared.get_mut(&record);
        if let Some(nested) = schema.and_then(|schema| schema.pointer_mut(&at)) {
            nested["x-folio"]["name"] = other.clone().into();
        }
        changes.push((record, name, other));
    }
    changes
}

/// The name of what stands within a record, when another record's has its own name:
/// `ResultInfoV2Facet` of `ResultInfoFacet` in `ResultInfoV2`, `CheckOutRequestItemNotLoanableBlock`
/// of `OverrideBlocksItemNotLoanableBlock` in `CheckOutRequest`. Of a long name the first words are
/// left out.
fn within_record(record: &str, name: &str) -> String {
    let numbered = record.trim_end_matches(|c: char| c.is_ascii_digit());
    let plain = numbered.strip_suffix('V').unwrap_or(record);
    let own = name.strip_prefix(plain).filter(|rest| !rest.is_empty());
    let mut rest = own.unwrap_or(name);
    while record.len() + rest.len() > LONGEST {
        let next = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| c.is_ascii_uppercase());
        let Some((at, _)) = next else { break };
        rest = &rest[at..];
    }
    format!("{record}{rest}")
}

/// The name that it has already, else the one that most modules use; where two contents want one,
/// the one in more modules has it and the others get a number. No module that has a shared record
/// has another one of its own (`own`, by module) under that name.
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

/// The records that a module stores: those that it creates at a path and replaces below it. They
/// are its own, even if other modules describe them, too: a program selects the collection by the
/// record type, and the modules that share a record differ from release to release.
fn stored(document: &Value) -> BTreeSet<String> {
    let body = |operation: Option<&Value>| -> Option<String> {
        let schema = json_schema(operation?.get("requestBody")?)?;
        let reference = schema.get("$ref")?.as_str()?;
        Some(reference.strip_prefix(LOCAL)?.to_owned())
    };
    let paths = document.get("paths").and_then(Value::as_object);
    let mut stored = BTreeSet::new();
    for (path, item) in paths.into_iter().flatten() {
        let Some((list, _)) = path.rsplit_once("/{") else {
            continue;
        };
        let posted = paths.and_then(|paths| body(paths.get(list)?.get("post")));
        let replaced = body(item.get("put"));
        stored.extend(posted.filter(|posted| Some(posted) == replaced.as_ref()));
    }
    stored
}

/// The records of several modules, each by a key, with their modules and names. They have the same
/// name and content at all levels: equal contents of records with two names may be a coincidence.
fn shared(modules: &[Module]) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut all = BTreeMap::new();
    for (index, module) in modules.iter().enumerate() {
        for (name, schema) in schemas(&module.document) {
            let mut schema = schema.clone();
            if let Value::Object(schema) = &mut schema {
                schema.remove("x-folio");
            }
            each_text_mut(&mut schema, &mut |text| {
                if let Some(name) = text.strip_prefix(LOCAL) {
                    *text = format!("{PENDING}{index} {name}");
                }
            });
            all.insert(format!("{index} {name}"), schema);
        }
    }
    let place = |key: &str| -> Option<(usize, String)> {
        let (index, name) = key.split_once(' ')?;
        Some((index.parse().ok()?, name.to_owned()))
    };
    let name = |key: &String| place(key).map(|(_, name)| name).unwrap_or_default();
    let kept: Vec<BTreeSet<String>> = modules
        .iter()
        .map(|module| stored(&module.document))
        .collect();
    let class = |key: &String| match place(key) {
        // Unlike any other, and so are its references.
        Some((index, name)) if kept.get(index).is_some_and(|kept| kept.contains(&name)) => {
            key.clone()
        }
        _ => name(key),
    };
    let mut found = BTreeMap::new();
    for group in equals(&all, class) {
        if let ([first, _, ..], Some(key)) = (&group[..], group.first().map(name)) {
            let key = format!("{key} {first}");
            found.insert(key, group.iter().filter_map(|key| place(key)).collect());
        }
    }
    found
}

/// Replaces the references to records that moved; `to` goes before their new names.
fn rename(value: &mut Value, moved: &BTreeMap<String, String>, to: &str) {
    each_text_mut(value, &mut |text| {
        if let Some(name) = text.strip_prefix(LOCAL).and_then(|name| moved.get(name)) {
            *text = format!("{to}{name}");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::report::ModuleReport;

    fn module(name: &str, schemas: Value) -> Module {
        let references: Vec<Value> = schemas
            .as_object()
            .unwrap()
            .keys()
            .map(|name| json!({"$ref": format!("{LOCAL}{name}")}))
            .collect();
        Module {
            name: name.to_owned(),
            document: json!({
                "paths": {"/x": {"get": {"used": references}}},
                "components": {"schemas": schemas},
                "x-folio": {},
            }),
            unrouted: Vec::new(),
            untyped: 0,
            dropped_required: 0,
            report: ModuleReport::default(),
        }
    }

    fn record(field: &str, source: &str) -> Value {
        json!({"type": "object", "properties": {field: {"type": "string"}}, "x-folio": {"sources": [source]}})
    }

    #[test]
    fn what_stands_within_a_shared_record_is_named_after_it() {
        let within =
            |at: &str, name: &str| json!({"properties": {at: {"x-folio": {"name": name}}}});
        let block = |record: &str| within(record, "OverrideBlocksItemNotLoanableBlock");
        let mut shared = BTreeMap::from([
            ("CheckOutRequest".to_owned(), block("overrideBlocks")),
            ("OverrideBlocks".to_owned(), block("itemNotLoanableBlock")),
            ("ResultInfo".to_owned(), within("facets", "ResultInfoFacet")),
            (
                "ResultInfoV2".to_owned(),
                within("facets", "ResultInfoFacet"),
            ),
            ("Title".to_owned(), within("data", "TitleData")),
            ("TitleData".to_owned(), json!({})),
        ]);
        let changes = tell_nested_apart(&mut shared);
        let changes: Vec<(&str, &str)> = changes
            .iter()
            .map(|(record, _, new)| (&**record, &**new))
            .collect();
        let expected = [
            ("ResultInfoV2", "ResultInfoV2Facet"),
            // Nothing else distinguishes the two.
            ("Title", "TitleDataV2"),
            ("CheckOutRequest", "CheckOutRequestItemNotLoanableBlock"),
        ];
        for change in expected {
            assert!(changes.contains(&change), "{change:?}: {changes:?}");
        }
        assert_eq!(changes.len(), 3);
        let named = shared["ResultInfoV2"].pointer("/properties/facets/x-folio/name");
        assert_eq!(named, Some(&json!("ResultInfoV2Facet")));
    }

    #[test]
    fn records_of_one_name_and_content_are_shared() {
        let mut modules = [
            module(
                "mod-a",
                json!({"Tags": record("list", "mod-a/tags.json"), "Note": record("text", "mod-a/note.json")}),
            ),
            module(
                "mod-b",
                json!({"Tags": record("list", "mod-b/tags.json"), "Note": record("other", "mod-b/note.json")}),
            ),
        ];
        let common = extract(&mut modules, "r1", &Pins::default());
        let shared = common["components"]["schemas"].as_object().unwrap();
        assert_eq!(shared.keys().collect::<Vec<_>>(), ["Tags"]);
        let sources = json!(["mod-a/tags.json", "mod-b/tags.json"]);
        assert_eq!(shared["Tags"]["x-folio"]["sources"], sources);
        for module in &modules {
            let own: Vec<&String> = schemas(&module.document).map(|(name, _)| name).collect();
            assert_eq!(own, ["Note"]);
            let used = &module.document["paths"]["/x"]["get"]["used"];
            let expected =
                json!([{"$ref": format!("{LOCAL}Note")}, {"$ref": format!("{SHARED}Tags")}]);
            assert_eq!(*used, expected);
        }
    }

    #[test]
    fn a_record_that_a_module_stores_is_its_own() {
        let stored = |name: &str| {
            let mut module = module(name, json!({"Item": record("title", "x")}));
            let body = json!({"requestBody": {"content": {"application/json": {"schema": {"$ref": format!("{LOCAL}Item")}}}}});
            module.document["paths"] =
                json!({"/items": {"post": body}, "/items/{id}": {"put": body}});
            module
        };
        let plain = |name: &str| module(name, json!({"Item": record("title", "x")}));
        for (mut modules, is_shared) in [
            ([plain("mod-a"), plain("mod-b")], true),
            ([stored("mod-a"), plain("mod-b")], false),
            ([stored("mod-a"), stored("mod-b")], false),
        ] {
            let common = extract(&mut modules, "r1", &Pins::default());
            let shared = common["components"]["schemas"].as_object().unwrap();
            assert_eq!(shared.contains_key("Item"), is_shared);
        }
    }
}
