//! The names of what stands within a record and has none: objects, lists of values, unions.
//!
//! The rule is in `docs/names.md`. A name is written beside the schema, as `x-folio.name`; what a
//! release has at the same place keeps the name of that release.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::nested_candidates::candidates;
use crate::base::pointer::escaped;
use crate::base::words::singular;
use crate::canonical::identifier::camel;
use crate::canonical::reference::{SHARED, name_in_module, names_after, reached};
use crate::canonical::release::Release;
use crate::canonical::schema::{components, schemas};

/// A place within a component: the component's name, and the pointer in it.
type Place = (String, String);

/// Names what stands within the components of a module.
pub(super) fn write(document: &mut Value, module: &str, releases: &[Release]) {
    let earlier = Earlier::of(module, releases);
    let mut nested = Vec::new();
    for (name, schema) in schemas(document) {
        let within = Within {
            component: name,
            words: vec![camel(name)],
        };
        within.component(schema, &mut nested);
    }
    let own: BTreeSet<String> = schemas(document).map(|(name, _)| key(name)).collect();
    let names = named(&nested, &own, &earlier);
    for (nested, name) in nested.iter().zip(names) {
        let (component, at) = &nested.place;
        let schema = document
            .pointer_mut(&format!("/components/schemas/{component}"))
            .and_then(|schema| schema.pointer_mut(at));
        if let Some(Value::Object(schema)) = schema {
            let folio = schema.entry("x-folio").or_insert_with(|| json!({}));
            folio["name"] = name.into();
        }
    }
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        let items = paths.values_mut().filter_map(Value::as_object_mut);
        items.flat_map(Map::values_mut).for_each(name_bodies);
    }
}

/// Names what an operation takes or returns that is one of several things, after the operation.
fn name_bodies(operation: &mut Value) {
    // `ListUsers` of `list_users`.
    let Some(name) = operation["operationId"].as_str().map(camel) else {
        return;
    };
    let mut contents = Vec::new();
    for (key, part) in operation.as_object_mut().into_iter().flatten() {
        match (&**key, part) {
            ("requestBody", body) => contents.push((format!("{name}Body"), body)),
            ("responses", Value::Object(responses)) => {
                let responses = responses.iter_mut();
                let responses = responses.filter(|(status, _)| status.starts_with('2'));
                contents.extend(responses.map(|(_, it)| (format!("{name}Content"), it)));
            }
            _ => {}
        }
    }
    for (name, content) in contents {
        let Some(Value::Object(content)) = content.get_mut("content") else {
            continue;
        };
        for media in content.values_mut() {
            if let Some(Value::Object(schema)) = media.get_mut("schema")
                && ["oneOf", "anyOf"]
                    .iter()
                    .any(|key| schema.contains_key(*key))
            {
                schema.insert("x-folio".to_owned(), json!({"name": name}));
            }
        }
    }
}

/// The names within a schema, each with its pointer.
pub(crate) fn within(schema: &Value) -> Vec<(String, String)> {
    fn walk(at: &str, schema: &Value, out: &mut Vec<(String, String)>) {
        let Value::Object(parts) = schema else { return };
        if let (false, Some(name)) = (at.is_empty(), schema.pointer("/x-folio/name")) {
            let name = name.as_str().unwrap_or_default();
            out.push((at.to_owned(), name.to_owned()));
        }
        for (step, part) in parts.iter().filter(|(step, _)| *step != "x-folio") {
            let at = format!("{at}/{}", escaped(step));
            match part {
                Value::Array(list) => {
                    for (index, part) in list.iter().enumerate() {
                        walk(&format!("{at}/{index}"), part, out);
                    }
                }
                part => walk(&at, part, out),
            }
        }
    }
    let mut names = Vec::new();
    walk("", schema, &mut names);
    names
}

/// How names are compared: two that differ in case only are one.
fn key(name: &str) -> String {
    name.to_lowercase()
}

/// What the releases that were imported before call things in a module.
#[derive(Default)]
struct Earlier {
    /// What stands within components, by its place; the newest release counts.
    nested: BTreeMap<Place, String>,
    /// The names of components in any of them.
    components: BTreeSet<String>,
}

impl Earlier {
    fn of(module: &str, releases: &[Release]) -> Self {
        let mut earlier = Self::default();
        for release in releases {
            let Some(document) = release.modules.get(module) else {
                continue;
            };
            for (name, schema) in schemas(document) {
                earlier.add(name, schema, |name| name.to_owned());
            }
            // The shared records that the module refers to, directly or through others.
            for shared in reached(&release.common, names_after(document, SHARED)) {
                let own = |shared: &str| {
                    let reference = format!("{SHARED}{shared}");
                    let own = name_in_module(document, &reference).unwrap_or(shared);
                    own.to_owned()
                };
                if let Some(schema) = components(&release.common).and_then(|all| all.get(shared)) {
                    earlier.add(&own(shared), schema, own);
                }
            }
        }
        earlier
    }

    fn add(&mut self, component: &str, schema: &Value, own: impl Fn(&str) -> String) {
        self.components.insert(key(component));
        for (at, name) in within(schema) {
            let place = (component.to_owned(), at);
            self.nested.entry(place).or_insert_with(|| own(&name));
        }
    }
}

/// Something within a component that needs a name.
struct Nested {
    place: Place,
    /// The component's name, the steps that lead to it, and its own.
    words: Vec<String>,
}

/// One name for each: the earlier one, else the first of its candidates that no other has or wants.
fn named(nested: &[Nested], own: &BTreeSet<String>, earlier: &Earlier) -> Vec<String> {
    let mut names: Vec<Option<String>> = vec![None; nested.len()];
    let mut taken = own.clone();
    for (name, nested) in names.iter_mut().zip(nested) {
        *name = earlier
            .nested
            .get(&nested.place)
            .filter(|name| taken.insert(key(name)))
            .cloned();
    }
    // Names of other releases stay free for what has them there.
    taken.extend(earlier.components.iter().cloned());
    taken.extend(earlier.nested.values().map(|name| key(name)));
    let deepest = nested.iter().map(|it| it.words.len()).max().unwrap_or(0);
    for depth in 0..=deepest {
        let open: Vec<usize> = (0..nested.len())
            .filter(|&index| nested[index].words.len() == depth && names[index].is_none())
            .collect();
        let wishes: Vec<Vec<String>> = open
            .iter()
            .map(|&index| candidates(&nested[index].words))
            .collect();
        for (&index, name) in open.iter().zip(settled(&wishes, &mut taken)) {
            names[index] = Some(name);
        }
    }
    names.into_iter().map(Option::unwrap_or_default).collect()
}

/// Each takes its first wish that is free; where several wish for one, none of them has it.
fn settled(wishes: &[Vec<String>], taken: &mut BTreeSet<String>) -> Vec<String> {
    let mut level = vec![0; wishes.len()];
    let wish = |index: usize, level: usize| match wishes[index].get(level) {
        Some(name) => name.clone(),
        None => {
            let last = wishes[index].last().map(String::as_str);
            let number = level + 2 - wishes[index].len();
            format!("{}{number}", last.unwrap_or_default())
        }
    };
    loop {
        let mut wanted: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, &level) in level.iter().enumerate() {
            wanted
                .entry(key(&wish(index, level)))
                .or_default()
                .push(index);
        }
        wanted.retain(|name, by| by.len() > 1 || taken.contains(name));
        if wanted.is_empty() {
            break;
        }
        for (name, by) in wanted {
            let has_run_out = by.iter().all(|&index| level[index] >= wishes[index].len());
            // Numbers tell apart what has no candidate left: the first keeps its own.
            let skipped = usize::from(has_run_out && !taken.contains(&name));
            for index in by.into_iter().skip(skipped) {
                level[index] += 1;
            }
        }
    }
    let names: Vec<String> = level
        .iter()
        .enumerate()
        .map(|(index, &level)| wish(index, level))
        .collect();
    taken.extend(names.iter().map(|name| key(name)));
    names
}

/// A walk through a component.
#[derive(Clone)]
struct Within<'a> {
    component: &'a str,
    words: Vec<String>,
}

impl Within<'_> {
    /// What is in a component itself. The elements of a list are named after it.
    fn component(&self, schema: &Value, out: &mut Vec<Nested>) {
        self.parts("", schema, out);
        for key in ["items", "additionalProperties"] {
            if let Some(part) = schema.get(key) {
                let one = singular(self.component);
                let word = if one == self.component { "Entry" } else { &one };
                self.step(word).value(&format!("/{key}"), part, out);
            }
        }
    }

    fn step(&self, word: &str) -> Self {
        let mut step = self.clone();
        step.words.push(camel(word));
        step
    }

    /// A value at a place: it gets a name if it becomes a type.
    fn value(&self, at: &str, schema: &Value, out: &mut Vec<Nested>) {
        for key in ["oneOf", "anyOf"] {
            let parts = schema.get(key).and_then(Value::as_array);
            let parts = parts.into_iter().flatten().enumerate();
            let parts: Vec<_> = parts.filter(|(_, part)| !is_null(part)).collect();
            if let [(index, only)] = parts[..] {
                return self.value(&format!("{at}/{key}/{index}"), only, out);
            }
        }
        if is_type(schema) {
            out.push(Nested {
                place: (self.component.to_owned(), at.to_owned()),
                words: self.words.clone(),
            });
        }
        self.parts(at, schema, out);
        for key in ["items", "additionalProperties"] {
            if let Some(part) = schema.get(key) {
                let mut element = self.clone();
                if let Some(last) = element.words.last_mut() {
                    *last = singular(last);
                }
                element.value(&format!("{at}/{key}"), part, out);
            }
        }
    }

    /// The properties of a schema and of its parts.
    fn parts(&self, at: &str, schema: &Value, out: &mut Vec<Nested>) {
        for (name, property) in object(schema, "properties") {
            let at = format!("{at}/properties/{}", escaped(name));
            self.step(name).value(&at, property, out);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            let parts = schema.get(key).and_then(Value::as_array);
            for (index, part) in parts.into_iter().flatten().enumerate() {
                self.parts(&format!("{at}/{key}/{index}"), part, out);
            }
        }
    }
}

fn object<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let object = schema.get(key).and_then(Value::as_object);
    object.into_iter().flat_map(Map::iter)
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
        || schema["enum"] == json!([null])
        || *schema == json!({"nullable": true})
}

/// Whether a schema in place becomes a type of its own: a record, one of several texts, a union.
fn is_type(schema: &Value) -> bool {
    let several = |key: &str| {
        let parts = schema.get(key).and_then(Value::as_array);
        parts.is_some_and(|parts| parts.len() > 1)
    };
    let is_enum = schema["type"] == "string" && schema["enum"].is_array();
    let has_parts = ["oneOf", "anyOf", "allOf"].into_iter().any(several);
    is_enum || has_parts || object(schema, "properties").next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Value {
        json!({"type": "string", "enum": ["a", "b"]})
    }

    fn record(fields: Value) -> Value {
        json!({"type": "object", "properties": fields})
    }

    fn list(items: &Value) -> Value {
        json!({"type": "array", "items": items})
    }

    fn document(components: Value) -> Value {
        json!({"paths": {}, "components": {"schemas": components}, "x-folio": {}})
    }

    fn names(document: &Value) -> Vec<String> {
        let all = schemas(document).flat_map(|(_, schema)| within(schema));
        let mut names: Vec<String> = all.map(|(_, name)| name).collect();
        names.sort();
        names
    }

    #[test]
    fn what_stands_within_a_record_is_named_by_its_holder_and_its_field() {
        let status = record(json!({"type": text()}));
        let results = record(json!({"processingStatus": status}));
        let result = record(json!({"receivingItemResults": list(&results)}));
        let mut document = document(json!({
            "ReceivingResults": record(json!({"receivingResults": list(&result)})),
            "User": record(json!({"personal": record(json!({"addresses": list(&record(json!({"a": {}})))}))})),
            "Notes": list(&record(json!({"a": {}}))),
        }));
        write(&mut document, "mod-a", &[]);
        let expected = [
            "Note",
            "ProcessingStatusType",
            "ReceivingItemResult",
            "ReceivingItemResultProcessingStatus",
            "ReceivingResult",
            "UserPersonal",
            "UserPersonalAddress",
        ];
        assert_eq!(names(&document), expected);
    }

    #[test]
    fn those_that_collide_take_more_of_what_is_around_them() {
        let notice = record(json!({"sendOptions": record(json!({"sendHow": text()}))}));
        let mut document = document(json!({
            "PatronNoticePolicy": record(json!({
                "loanNotices": list(&notice), "requestNotices": list(&notice),
            })),
        }));
        write(&mut document, "mod-a", &[]);
        let expected = [
            "LoanNoticeSendOptions",
            "LoanNoticeSendOptionsSendHow",
            "PatronNoticePolicyLoanNotice",
            "PatronNoticePolicyRequestNotice",
            "RequestNoticeSendOptions",
            "RequestNoticeSendOptionsSendHow",
        ];
        assert_eq!(names(&document), expected);
    }

    #[test]
    fn no_name_is_that_of_a_component() {
        let part = record(json!({"data": record(json!({"a": {}}))}));
        let mut document = document(json!({
            "Title": part.clone(), "TitleData": record(json!({"b": {}})), "Titledata": part,
        }));
        write(&mut document, "mod-a", &[]);
        assert_eq!(names(&document), ["TitleDataValue", "TitledataData"]);
    }

    #[test]
    fn what_an_earlier_release_has_keeps_its_name_and_its_name_stays_free() {
        let mut earlier = document(json!({"Thing": record(json!({"part": text()}))}));
        earlier["components"]["schemas"]["Thing"]["properties"]["part"]["x-folio"] =
            json!({"name": "OldPart"});
        let release = Release {
            modules: BTreeMap::from([("mod-a".to_owned(), earlier)]),
            common: json!({}),
        };
        let mut newer = document(json!({
            "Thing": record(json!({"part": text()})), "Old": record(json!({"part": text()})),
        }));
        write(&mut newer, "mod-a", std::slice::from_ref(&release));
        assert_eq!(names(&newer), ["OldPart", "OldPartValue"]);
    }
}
