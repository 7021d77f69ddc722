//! Changes of records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changes::Changes;
use super::side::{Side, is_record};
use crate::canonical::operation::operations;
use crate::canonical::reference::each_text;
use crate::canonical::release::Release;
use crate::canonical::schema::schemas;

/// The components of a release that are sent, by document and name: a newly required field in one
/// breaks a program that does not send it.
pub(super) fn sent(release: &Release) -> BTreeSet<(String, String)> {
    fn references(value: &Value, document: &str, out: &mut Vec<(String, String)>) {
        each_text(value, &mut |text| {
            if let Some((file, name)) = text.split_once("#/components/schemas/") {
                let document = if file.is_empty() { document } else { "common" };
                out.push((document.to_owned(), name.to_owned()));
            }
        });
    }
    let mut open = Vec::new();
    for (module, document) in &release.modules {
        for operation in operations(document) {
            if let Some(body) = operation.value.get("requestBody") {
                references(body, module, &mut open);
            }
        }
    }
    let mut sent = BTreeSet::new();
    while let Some((document, name)) = open.pop() {
        let home = release.modules.get(&document).unwrap_or(&release.common);
        if let Some(schema) = home.pointer(&format!("/components/schemas/{name}"))
            && sent.insert((document.clone(), name))
        {
            references(schema, &document, &mut open);
        }
    }
    sent
}

impl Changes {
    /// Compares the records of a document.
    pub(super) fn records(&mut self, a: &Side<'_>, b: &Side<'_>) {
        let keyed = |document| {
            schemas(document)
                .filter(|(_, schema)| is_record(schema))
                .collect::<BTreeMap<_, _>>()
        };
        let (old, new) = (keyed(a.document), keyed(b.document));
        for (name, schema) in &old {
            match new.get(name) {
                None => {
                    // A record that became shared is unchanged for programs: modules re-export
                    // shared types.
                    let moved = b
                        .release
                        .common
                        .pointer(&format!("/components/schemas/{name}"));
                    match moved.filter(|_| !std::ptr::eq(b.document, &b.release.common)) {
                        Some(moved) => {
                            let is_sent = self.is_sent("common", name);
                            self.record(name, is_sent, (a, schema), (b, moved));
                        }
                        None => self.add("record", *name, "removed", true),
                    }
                }
                Some(other) => {
                    let is_sent = self.is_sent(&self.module, name);
                    self.record(name, is_sent, (a, schema), (b, other));
                }
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            if a.release
                .common
                .pointer(&format!("/components/schemas/{name}"))
                .is_none()
            {
                self.add("record", *name, "added", false);
            }
        }
    }

    /// `is_sent`: whether programs make such records.
    fn record(
        &mut self,
        at: &str,
        is_sent: bool,
        (a, old): (&Side<'_>, &Value),
        (b, new): (&Side<'_>, &Value),
    ) {
        self.values(at, old, new);
        let whole = |schema: &Value| {
            ["oneOf", "anyOf"]
                .iter()
                .any(|key| schema.get(*key).is_some())
        };
        if whole(old) || whole(new) {
            let (before, after) = (a.ty(old), b.ty(new));
            if before != after {
                self.add("record", at, format!("is {after}, before {before}"), true);
            }
        }
        let parts = |side: &Side<'_>, schema: &Value| -> BTreeSet<String> {
            let list = schema.get("allOf").and_then(Value::as_array);
            let named = list
                .into_iter()
                .flatten()
                .filter(|part| part.get("$ref").is_some());
            named.map(|part| side.ty(part)).collect()
        };
        let (before, after) = (parts(a, old), parts(b, new));
        for part in after.difference(&before) {
            self.add("record", at, format!("has the fields of {part} too"), false);
        }
        for part in before.difference(&after) {
            self.add(
                "record",
                at,
                format!("no longer has the fields of {part}"),
                true,
            );
        }
        fn inline(schema: &Value) -> impl Iterator<Item = &Value> {
            let parts = schema.get("allOf").and_then(Value::as_array);
            std::iter::once(schema).chain(parts.into_iter().flatten())
        }
        let fields = |schema: &Value| -> BTreeMap<String, Value> {
            let all = inline(schema).filter_map(|part| part.get("properties")?.as_object());
            all.flatten()
                .map(|(name, field)| (name.clone(), field.clone()))
                .collect()
        };
        let needs = |schema: &Value, name: &str| {
            let lists = inline(schema).filter_map(|part| part.get("required")?.as_array());
            lists.flatten().any(|required| required == name)
        };
        let (before, after) = (fields(old), fields(new));
        for (name, schema) in &before {
            let field = format!("{at}.{name}");
            let Some(other) = after.get(name) else {
                self.add("field", field, "removed", true);
                continue;
            };
            match (needs(old, name), needs(new, name)) {
                (false, true) => self.add("field", &field, "is now required", true),
                (true, false) => self.add("field", &field, "is no longer required", true),
                _ => {}
            }
            if a.ty(schema) != b.ty(other) {
                self.add(
                    "field",
                    &field,
                    format!("is {}, before {}", b.ty(other), a.ty(schema)),
                    true,
                );
            } else {
                let inner = |schema: &Value| {
                    schema
                        .get("items")
                        .cloned()
                        .unwrap_or_else(|| schema.clone())
                };
                let (one, two) = (inner(schema), inner(other));
                if one.get("$ref").is_none() && two.get("$ref").is_none() {
                    self.record(&field, is_sent, (a, &one), (b, &two));
                }
            }
        }
        for name in after.keys().filter(|name| !before.contains_key(*name)) {
            let required = needs(new, name);
            let change = if required {
                "added, and required"
            } else {
                "added"
            };
            self.add("field", format!("{at}.{name}"), change, required && is_sent);
        }
    }
}
