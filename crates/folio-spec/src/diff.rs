//! What changed between two releases, for those who program against them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use crate::canonical::{Operation, Release, operations, schemas};
use crate::descriptor::route_key;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The module, or `common`.
    pub module: String,
    /// What changed: `GET /users` or `User.personal.lastName`.
    pub subject: String,
    /// `module`, `interface`, `operation`, `parameter`, `record`, `field` or `value`.
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
    let mut changes = Changes {
        sent: sent(new),
        ..Changes::default()
    };
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
                changes.interfaces(&a, &b);
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

/// The components of a release that are sent, by document and name: what is newly required in one stops a program that does not send it.
fn sent(release: &Release) -> BTreeSet<(String, String)> {
    fn references(value: &Value, document: &str, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(map) => map
                .values()
                .for_each(|value| references(value, document, out)),
            Value::Array(list) => list
                .iter()
                .for_each(|value| references(value, document, out)),
            Value::String(text) => {
                if let Some((file, name)) = text.split_once("#/components/schemas/") {
                    let document = if file.is_empty() { document } else { "common" };
                    out.push((document.to_owned(), name.to_owned()));
                }
            }
            _ => {}
        }
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
        || schema.get("enum").is_some()
        || ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| schema.get(*key).is_some())
}

#[derive(Default)]
struct Changes {
    module: String,
    sent: BTreeSet<(String, String)>,
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

    fn interfaces(&mut self, a: &Side<'_>, b: &Side<'_>) {
        let of = |side: &Side<'_>| {
            let all = side.document.pointer("/x-folio/interfaces");
            all.and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let (before, after) = (of(a), of(b));
        for (id, version) in &after {
            let version = version.as_str().unwrap_or_default();
            match before.get(id).and_then(Value::as_str) {
                None => self.add("interface", id, format!("added, {version}"), false),
                Some(old) if old != version => {
                    self.add("interface", id, format!("{old} is now {version}"), false);
                }
                Some(_) => {}
            }
        }
        // Its operations tell what breaks.
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.add("interface", id, "removed", false);
        }
    }

    fn operations(&mut self, a: &Side<'_>, b: &Side<'_>) {
        fn keyed(document: &Value) -> BTreeMap<(String, &str), Operation<'_>> {
            operations(document)
                .map(|operation| ((route_key(operation.path), operation.method), operation))
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
        self.media_types(subject, old, new);
        let needs_body = |operation: &Operation<'_>| {
            operation.value.pointer("/requestBody/required") == Some(&Value::Bool(true))
        };
        if request(a, old).is_some() && !needs_body(old) && needs_body(new) {
            self.add("operation", subject, "its body is now required", true);
        }
        if request(b, new).is_some() && needs_body(old) && !needs_body(new) {
            self.add("operation", subject, "its body is now optional", false);
        }
        self.interface(subject, (a, old), (b, new));
        let deprecated = |operation: &Operation<'_>| {
            operation.value.get("deprecated") == Some(&Value::Bool(true))
        };
        if deprecated(new) && !deprecated(old) {
            self.add("operation", subject, "is deprecated", false);
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
        for (key, what) in [
            ("items", "its records stand in"),
            ("key", "is read on by"),
            ("max", "gives a page of at most"),
            ("sort", "takes `sortBy`:"),
            ("all", "takes `cql.allRecords`:"),
            ("query", "takes a query:"),
            ("job", "has a resource job for"),
        ] {
            let of = |operation: &Operation<'_>| operation.fact("paging")?.get(key).cloned();
            if style(old).is_some() && style(new).is_some() && of(old) != of(new) {
                let told = |value: Option<Value>| match value {
                    None => "nothing".to_owned(),
                    Some(Value::String(text)) => text,
                    Some(other) => other.to_string(),
                };
                self.add(
                    "operation",
                    subject,
                    format!("{what} {}, before {}", told(of(new)), told(of(old))),
                    false,
                );
            }
        }
        self.facts(subject, old, new);
        self.parameters(subject, (a, old), (b, new));
    }

    /// What the server does. A change of what is deleted or stored breaks programs that compile.
    fn facts(&mut self, subject: &str, old: &Operation<'_>, new: &Operation<'_>) {
        for (key, what, breaking) in [
            ("deletes", "deletes", true),
            ("creates", "stores", true),
            ("absent", "where there is no such record", true),
            ("effect", "changes something though it is a GET", true),
            ("versioned", "is guarded by `_version`", true),
            ("sensitive", "holds secrets", false),
            ("omits", "leaves out of its body", false),
        ] {
            let of = |operation: &Operation<'_>| operation.fact("facts")?.get(key).cloned();
            let (before, after) = (of(old), of(new));
            if before != after {
                let shown = |value: Option<Value>| match value {
                    None => "not known".to_owned(),
                    Some(Value::String(text)) => text,
                    Some(other) => other.to_string(),
                };
                let change = format!("{what}: {}, before {}", shown(after), shown(before));
                self.add("operation", subject, change, breaking);
            }
        }
    }

    /// The interface that an operation is of, unless it is told already that this interface has another version.
    fn interface(
        &mut self,
        subject: &str,
        (a, old): (&Side<'_>, &Operation<'_>),
        (b, new): (&Side<'_>, &Operation<'_>),
    ) {
        fn of<'a>(operation: &'a Operation<'_>) -> &'a str {
            let interface = operation.fact("interface").and_then(Value::as_str);
            interface.unwrap_or_default()
        }
        let is_told = |side: &Side<'_>, interface: &str| {
            let all = side.document.pointer("/x-folio/interfaces");
            interface.split_once(' ').is_some_and(|(id, version)| {
                all.and_then(|all| all.get(id)).and_then(Value::as_str) == Some(version)
            })
        };
        let (before, after) = (of(old), of(new));
        let id = |interface: &str| interface.split(' ').next().map(str::to_owned);
        if before != after && (id(before) != id(after) || !is_told(a, before) || !is_told(b, after))
        {
            let told = |interface: &str| match interface {
                "" => "none".to_owned(),
                interface => interface.to_owned(),
            };
            self.add(
                "operation",
                subject,
                format!(
                    "is of the interface {}, before {}",
                    told(after),
                    told(before)
                ),
                false,
            );
        }
    }

    /// What else than JSON is taken and given: a media type that is gone stops a program that sends or reads it.
    fn media_types(&mut self, subject: &str, old: &Operation<'_>, new: &Operation<'_>) {
        fn types(content: Option<&Value>) -> BTreeSet<String> {
            let content = content.and_then(Value::as_object);
            content
                .into_iter()
                .flatten()
                .map(|(key, _)| key.clone())
                .collect()
        }
        let taken =
            |operation: &Operation<'_>| types(operation.value.pointer("/requestBody/content"));
        let given = |operation: &Operation<'_>| -> BTreeSet<String> {
            let responses = operation.value.get("responses").and_then(Value::as_object);
            let good = responses
                .into_iter()
                .flatten()
                .filter(|(status, _)| status.starts_with('2'));
            good.flat_map(|(_, response)| types(response.get("content")))
                .collect()
        };
        for (what, before, after) in [
            ("takes", taken(old), taken(new)),
            ("gives", given(old), given(new)),
        ] {
            // That there is a body now, or none any more, is told with its type.
            if before.is_empty() || after.is_empty() {
                continue;
            }
            for media_type in before.difference(&after) {
                let change = format!("no longer {what} {media_type}");
                self.add("operation", subject, change, true);
            }
            for media_type in after.difference(&before) {
                self.add(
                    "operation",
                    subject,
                    format!("{what} {media_type} too"),
                    false,
                );
            }
        }
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
        // Of the path they are told by their place, whatever they are called.
        let in_path = |operation: &Operation<'_>| -> Vec<Value> {
            let list = operation.value.get("parameters").and_then(Value::as_array);
            list.into_iter()
                .flatten()
                .filter(|parameter| parameter.get("in").and_then(Value::as_str) == Some("path"))
                .cloned()
                .collect()
        };
        let is_required = |parameter: &Value| parameter.get("required") == Some(&Value::Bool(true));
        let ty = |side: &Side<'_>, parameter: &Value| {
            side.ty(parameter.get("schema").unwrap_or(&Value::Null))
        };
        for (one, two) in in_path(old).iter().zip(&in_path(new)) {
            if ty(a, one) != ty(b, two) {
                let name = two.get("name").and_then(Value::as_str).unwrap_or_default();
                self.add(
                    "parameter",
                    format!("{subject} {name}"),
                    format!("is {}, before {}", ty(b, two), ty(a, one)),
                    true,
                );
            }
        }
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
                    match (is_required(parameter), is_required(other)) {
                        (false, true) => self.add("parameter", &subject, "is now required", true),
                        (true, false) => {
                            self.add("parameter", &subject, "is no longer required", false);
                        }
                        _ => {}
                    }
                    let none = Value::Null;
                    let (one, two) = (
                        parameter.get("schema").unwrap_or(&none),
                        other.get("schema").unwrap_or(&none),
                    );
                    self.values(&subject, one, two);
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

    fn is_sent(&self, document: &str, name: &str) -> bool {
        self.sent.contains(&(document.to_owned(), name.to_owned()))
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

    /// The values of an enum, or of a list of one.
    fn values(&mut self, at: &str, old: &Value, new: &Value) {
        let values = |schema: &Value| -> BTreeSet<String> {
            let schema = schema.get("items").unwrap_or(schema);
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
        // That there are values now, or none any more, is another type.
        if before.is_empty() || after.is_empty() {
            return;
        }
        for value in after.difference(&before) {
            self.add("value", at, format!("`{value}` added"), false);
        }
        for value in before.difference(&after) {
            self.add("value", at, format!("`{value}` removed"), true);
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
