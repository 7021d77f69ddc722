//! Changes of interfaces and operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::changes::Changes;
use super::side::Side;
use crate::canonical::operation::{Operation, operations};
use crate::canonical::route::route_key;

impl Changes {
    /// Compares the interfaces that a module provides.
    pub(super) fn interfaces(&mut self, a: &Side<'_>, b: &Side<'_>) {
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
        // The changes of its operations show the breaking ones.
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.add("interface", id, "removed", false);
        }
    }

    /// Compares the operations of a module.
    pub(super) fn operations(&mut self, a: &Side<'_>, b: &Side<'_>) {
        fn keyed(document: &Value) -> BTreeMap<(String, &str), Operation<'_>> {
            operations(document)
                .map(|operation| ((route_key(operation.path), operation.method), operation))
                .collect()
        }
        let (old, new) = (keyed(a.document), keyed(b.document));
        for (key, operation) in &old {
            let subject = operation.subject();
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
                    operation.subject(),
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
            ("gives", response, true),
        ] {
            let (before, after) = (body(a, old), body(b, new));
            if before != after {
                let shown = |ty: Option<String>| ty.unwrap_or_else(|| "nothing".to_owned());
                self.add(
                    "operation",
                    subject,
                    format!("{what} {}, before {}", shown(after), shown(before)),
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
        self.permissions(subject, old, new);
        self.paging(subject, old, new);
        self.facts(subject, old, new);
        self.parameters(subject, (a, old), (b, new));
    }

    fn permissions(&mut self, subject: &str, old: &Operation<'_>, new: &Operation<'_>) {
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
    }

    fn paging(&mut self, subject: &str, old: &Operation<'_>, new: &Operation<'_>) {
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
                let shown = |value: Option<Value>| match value {
                    None => "nothing".to_owned(),
                    Some(Value::String(text)) => text,
                    Some(other) => other.to_string(),
                };
                self.add(
                    "operation",
                    subject,
                    format!("{what} {}, before {}", shown(of(new)), shown(of(old))),
                    false,
                );
            }
        }
    }

    /// The server's behaviour. A change of deleted or stored records breaks programs that compile.
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

    /// The interface that an operation is of, unless it is reported already that this interface has
    /// another version.
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
        let is_provided = |side: &Side<'_>, interface: &str| {
            let all = side.document.pointer("/x-folio/interfaces");
            interface.split_once(' ').is_some_and(|(id, version)| {
                all.and_then(|all| all.get(id)).and_then(Value::as_str) == Some(version)
            })
        };
        let (before, after) = (of(old), of(new));
        let id = |interface: &str| interface.split(' ').next().map(str::to_owned);
        if before != after
            && (id(before) != id(after) || !is_provided(a, before) || !is_provided(b, after))
        {
            let shown = |interface: &str| match interface {
                "" => "none".to_owned(),
                interface => interface.to_owned(),
            };
            self.add(
                "operation",
                subject,
                format!(
                    "is of the interface {}, before {}",
                    shown(after),
                    shown(before)
                ),
                false,
            );
        }
    }

    /// Which media types other than JSON are accepted and returned: a media type that is gone stops
    /// a program that sends or reads it.
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
            // That there is a body now, or none any more, is reported with its type.
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

/// The type of the body that is sent.
fn request(side: &Side<'_>, operation: &Operation<'_>) -> Option<String> {
    body(side, operation.value.pointer("/requestBody/content"))
}

/// The type of the first response of success.
fn response(side: &Side<'_>, operation: &Operation<'_>) -> Option<String> {
    let responses = operation.value.get("responses")?.as_object()?;
    let mut successes = responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'));
    successes.find_map(|(_, response)| body(side, response.get("content")))
}
