//! What changed between two releases, for those who program against them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use crate::canonical::{Operation, Release, operations, schemas};
use crate::descriptor::shape;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The module, or `common`.
    pub module: String,
    /// What changed: `GET /users` or `User.personal.lastName`.
    pub subject: String,
    /// `module`, `operation`, `record`, `field`, `parameter` or `value`.
    pub kind: &'static str,
    /// How.
    pub change: String,
    /// Whether a program that compiled against the first, or ran against it, may not do so against the second.
    pub breaking: bool,
}

impl Change {
    /// The change as JSON.
    pub fn json(&self) -> Value {
        json!({
            "module": self.module, "kind": self.kind, "subject": self.subject, "change": self.change, "breaking": self.breaking,
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { "!" } else { " " };
        write!(
            out,
            "{mark} {} {}: {}",
            self.kind, self.subject, self.change
        )
    }
}

/// What differs from `old` to `new`, by module.
pub fn diff(old: &Release, new: &Release) -> Vec<Change> {
    let mut changes = Changes::default();
    let names: BTreeSet<&String> = old.modules.keys().chain(new.modules.keys()).collect();
    for name in names {
        changes.module.clone_from(name);
        match (old.modules.get(name), new.modules.get(name)) {
            (Some(a), Some(b)) => {
                let (a, b) = (
                    Side {
                        document: a,
                        release: old,
                    },
                    Side {
                        document: b,
                        release: new,
                    },
                );
                let version = |side: &Side<'_>| {
                    let version = side.document.pointer("/info/version");
                    version
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned()
                };
                if version(&a) != version(&b) {
                    changes.add(
                        "module",
                        name,
                        format!("{} is now {}", version(&a), version(&b)),
                        false,
                    );
                }
                changes.operations(&a, &b);
                changes.records(&a, &b);
            }
            (Some(_), None) => changes.add("module", name, "removed", true),
            (None, Some(b)) => {
                let count = operations(b).count();
                changes.add(
                    "module",
                    name,
                    format!("added, with {count} operations"),
                    false,
                );
            }
            (None, None) => {}
        }
    }
    "common".clone_into(&mut changes.module);
    let (a, b) = (
        Side {
            document: &old.common,
            release: old,
        },
        Side {
            document: &new.common,
            release: new,
        },
    );
    changes.records(&a, &b);
    changes.list
}

/// A document, with the release that its references are read in.
struct Side<'a> {
    document: &'a Value,
    release: &'a Release,
}

impl Side<'_> {
    /// A type in words: `array of Item`, `string (uuid)`, `object`.
    fn ty(&self, schema: &Value) -> String {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            // What has no name of its own in Rust is what it stands for.
            let target = if reference.starts_with("common.json") {
                self.release
                    .common
                    .pointer(&format!("/components/schemas/{name}"))
            } else {
                self.document
                    .pointer(&format!("/components/schemas/{name}"))
            };
            return match target {
                Some(target) if is_record(target) => name.to_owned(),
                Some(target) => self.ty(target),
                None => name.to_owned(),
            };
        }
        if let Some([only]) = schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            return self.ty(only);
        }
        for key in ["oneOf", "anyOf", "allOf"] {
            if let Some(parts) = schema.get(key).and_then(Value::as_array) {
                let parts: Vec<String> = parts.iter().map(|part| self.ty(part)).collect();
                return format!("{key} ({})", parts.join(", "));
            }
        }
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        match text("type") {
            Some("array") => {
                let items = schema
                    .get("items")
                    .map_or_else(|| "anything".to_owned(), |items| self.ty(items));
                format!("array of {items}")
            }
            Some("string") if schema.get("enum").is_some() => "one of several values".to_owned(),
            // Limits and patterns are the server's; of the formats three have types of their own.
            Some("string") => match text("format") {
                Some(format @ ("uuid" | "date-time" | "binary")) => format!("string ({format})"),
                _ => "string".to_owned(),
            },
            Some("integer") => match text("format") {
                Some("int32") => "integer (int32)".to_owned(),
                _ => "integer".to_owned(),
            },
            Some(other) => other.to_owned(),
            None => "anything".to_owned(),
        }
    }
}

fn is_record(schema: &Value) -> bool {
    schema.get("properties").is_some()
        || schema.get("allOf").is_some()
        || schema.get("enum").is_some()
}

#[derive(Default)]
struct Changes {
    module: String,
    list: Vec<Change>,
}

impl Changes {
    fn add(
        &mut self,
        kind: &'static str,
        subject: impl Into<String>,
        change: impl Into<String>,
        breaking: bool,
    ) {
        self.list.push(Change {
            module: self.module.clone(),
            subject: subject.into(),
            kind,
            change: change.into(),
            breaking,
        });
    }

    fn operations(&mut self, a: &Side<'_>, b: &Side<'_>) {
        fn keyed(document: &Value) -> BTreeMap<(String, &str), Operation<'_>> {
            operations(document)
                .map(|operation| ((shape(operation.path), operation.method), operation))
                .collect()
        }
        let (old, new) = (keyed(a.document), keyed(b.document));
        for (key, operation) in &old {
            let subject = subject(operation);
            match new.get(key) {
                None => self.add(
                    "operation",
                    subject,
                    format!("removed (`{}`)", operation.name()),
                    true,
                ),
                Some(other) => self.operation(&subject, (a, operation), (b, other)),
            }
        }
        for (key, operation) in &new {
            if !old.contains_key(key) {
                self.add(
                    "operation",
                    subject(operation),
                    format!("added (`{}`)", operation.name()),
                    false,
                );
            }
        }
    }

    fn operation(
        &mut self,
        subject: &str,
        (a, old): (&Side<'_>, &Operation<'_>),
        (b, new): (&Side<'_>, &Operation<'_>),
    ) {
        if old.name() != new.name() {
            self.add(
                "operation",
                subject,
                format!("`{}` is now `{}`", old.name(), new.name()),
                true,
            );
        }
        for (what, body, breaking) in [
            (
                "takes",
                request as fn(&Side<'_>, &Operation<'_>) -> Option<String>,
                true,
            ),
            ("gives", answer, true),
        ] {
            let (before, after) = (body(a, old), body(b, new));
            if before != after {
                let told = |ty: Option<String>| ty.unwrap_or_else(|| "nothing".to_owned());
                self.add(
                    "operation",
                    subject,
                    format!("{what} {}, before {}", told(after), told(before)),
                    breaking,
                );
            }
        }
        let permissions = |operation: &Operation<'_>| -> BTreeSet<String> {
            let list = operation.fact("permissions").and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let (before, after) = (permissions(old), permissions(new));
        for permission in after.difference(&before) {
            self.add(
                "operation",
                subject,
                format!("needs the permission {permission}"),
                true,
            );
        }
        for permission in before.difference(&after) {
            self.add(
                "operation",
                subject,
                format!("no longer needs the permission {permission}"),
                false,
            );
        }
        let style = |operation: &Operation<'_>| {
            operation
                .fact("paging")
                .and_then(|paging| paging.get("style"))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        match (style(old), style(new)) {
            (Some(_), None) => self.add("operation", subject, "is no longer a list", true),
            (None, Some(style)) => {
                self.add("operation", subject, format!("is a list ({style})"), false)
            }
            (Some(before), Some(after)) if before != after => {
                self.add(
                    "operation",
                    subject,
                    format!("is paged by {after}, before by {before}"),
                    false,
                );
            }
            _ => {}
        }
        self.parameters(subject, (a, old), (b, new));
    }

    fn parameters(
        &mut self,
        subject: &str,
        (a, old): (&Side<'_>, &Operation<'_>),
        (b, new): (&Side<'_>, &Operation<'_>),
    ) {
        fn keyed<'a>(operation: &Operation<'a>) -> BTreeMap<(&'a str, &'a str), &'a Value> {
            let list = operation.value.get("parameters").and_then(Value::as_array);
            let text = |parameter: &'a Value, key: &str| {
                parameter
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            list.into_iter()
                .flatten()
                .map(|parameter| ((text(parameter, "in"), text(parameter, "name")), parameter))
                .filter(|((place, _), _)| *place != "path")
                .collect()
        }
        let is_required = |parameter: &Value| parameter.get("required") == Some(&Value::Bool(true));
        let ty = |side: &Side<'_>, parameter: &Value| {
            side.ty(parameter.get("schema").unwrap_or(&Value::Null))
        };
        let (before, after) = (keyed(old), keyed(new));
        for (key, parameter) in &before {
            let subject = format!("{subject} {}", key.1);
            match after.get(key) {
                None => self.add("parameter", subject, "removed", true),
                Some(other) => {
                    if ty(a, parameter) != ty(b, other) {
                        self.add(
                            "parameter",
                            &subject,
                            format!("is {}, before {}", ty(b, other), ty(a, parameter)),
                            true,
                        );
                    }
                    if !is_required(parameter) && is_required(other) {
                        self.add("parameter", &subject, "is now required", true);
                    }
                }
            }
        }
        for (key, parameter) in &after {
            if !before.contains_key(key) {
                let required = is_required(parameter);
                let change = if required {
                    "added, and required"
                } else {
                    "added"
                };
                self.add(
                    "parameter",
                    format!("{subject} {}", key.1),
                    change,
                    required,
                );
            }
        }
    }

    fn records(&mut self, a: &Side<'_>, b: &Side<'_>) {
        let keyed = |document| {
            schemas(document)
                .filter(|(_, schema)| is_record(schema))
                .collect::<BTreeMap<_, _>>()
        };
        let (old, new) = (keyed(a.document), keyed(b.document));
        for (name, schema) in &old {
            match new.get(name) {
                None => {
                    // A record that several modules have by now is where it was: modules name what they share.
                    let moved = b
                        .release
                        .common
                        .pointer(&format!("/components/schemas/{name}"));
                    match moved.filter(|_| !std::ptr::eq(b.document, &b.release.common)) {
                        Some(moved) => self.record(name, (a, schema), (b, moved)),
                        None => self.add("record", *name, "removed", true),
                    }
                }
                Some(other) => self.record(name, (a, schema), (b, other)),
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

    fn record(&mut self, at: &str, (a, old): (&Side<'_>, &Value), (b, new): (&Side<'_>, &Value)) {
        let values = |schema: &Value| -> BTreeSet<String> {
            let list = schema.get("enum").and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .map(|value| {
                    value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned)
                })
                .collect()
        };
        let (before, after) = (values(old), values(new));
        for value in after.difference(&before) {
            self.add("value", at, format!("`{value}` added"), false);
        }
        for value in before.difference(&after) {
            self.add("value", at, format!("`{value}` removed"), true);
        }
        let fields = |schema: &Value| {
            schema
                .get("properties")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let needs = |schema: &Value, name: &str| {
            let list = schema.get("required").and_then(Value::as_array);
            list.into_iter().flatten().any(|required| required == name)
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
                    self.record(&field, (a, &one), (b, &two));
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
            self.add("field", format!("{at}.{name}"), change, required);
        }
    }
}

fn subject(operation: &Operation<'_>) -> String {
    format!("{} {}", operation.method.to_uppercase(), operation.path)
}

/// The type of a body of JSON, or its media type.
fn body(side: &Side<'_>, content: Option<&Value>) -> Option<String> {
    let content = content?.as_object()?;
    let (media_type, value) = content
        .iter()
        .find(|(media_type, _)| media_type.contains("json"))
        .or_else(|| content.iter().next())?;
    if !media_type.contains("json") {
        return Some(media_type.clone());
    }
    Some(
        value
            .get("schema")
            .map_or_else(|| "any JSON".to_owned(), |schema| side.ty(schema)),
    )
}

fn request(side: &Side<'_>, operation: &Operation<'_>) -> Option<String> {
    body(side, operation.value.pointer("/requestBody/content"))
}

fn answer(side: &Side<'_>, operation: &Operation<'_>) -> Option<String> {
    let responses = operation.value.get("responses")?.as_object()?;
    let mut successes = responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'));
    successes.find_map(|(_, response)| body(side, response.get("content")))
}
