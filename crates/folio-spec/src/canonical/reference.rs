//! References of a document: local, shared, and pending while components have no names.

use std::collections::BTreeSet;

use serde_json::Value;

/// The prefix of a reference to a component of the same document.
pub(crate) const LOCAL: &str = "#/components/schemas/";

/// The prefix of a module's reference to a shared component.
pub(crate) const SHARED: &str = "common.json#/components/schemas/";

/// The prefix of a reference before components have names; the position in the source follows.
pub(crate) const PENDING: &str = "pending:";

/// Visits each text of a document: references are among them, in `$ref`, in the mappings of
/// discriminators and in the facts of lists.
pub(crate) fn each_text<'a>(value: &'a Value, visit: &mut dyn FnMut(&'a str)) {
    match value {
        Value::Object(map) => map.values().for_each(|value| each_text(value, visit)),
        Value::Array(list) => list.iter().for_each(|value| each_text(value, visit)),
        Value::String(text) => visit(text),
        _ => {}
    }
}

/// Visits each text of a document, to replace references.
pub(crate) fn each_text_mut(value: &mut Value, visit: &mut dyn FnMut(&mut String)) {
    match value {
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| each_text_mut(value, visit)),
        Value::Array(list) => list
            .iter_mut()
            .for_each(|value| each_text_mut(value, visit)),
        Value::String(text) => visit(text),
        _ => {}
    }
}

/// The names of the components of the same document that a value refers to, in their order.
pub(crate) fn local_names(value: &Value) -> Vec<&str> {
    names_after(value, LOCAL)
}

/// The names after a prefix of references, in their order.
pub(crate) fn names_after<'a>(value: &'a Value, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    each_text(value, &mut |text| names.extend(text.strip_prefix(prefix)));
    names
}

/// The components of a document among `open`, and those that they refer to, directly or through
/// others.
pub(crate) fn reached<'a>(document: &'a Value, mut open: Vec<&'a str>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = document.pointer(&format!("/components/schemas/{name}"))
            && reached.insert(name)
        {
            open.extend(local_names(schema));
        }
    }
    reached
}

/// The name under which a module of a release has a record.
pub(crate) fn name_in_module<'a>(module: &'a Value, reference: &'a str) -> Option<&'a str> {
    if let Some(name) = reference.strip_prefix(LOCAL) {
        return Some(name);
    }
    let shared = reference.strip_prefix(SHARED)?;
    let names = module.pointer("/x-folio/names").and_then(Value::as_object);
    let mut names = names.into_iter().flatten();
    let own = names.find(|(_, name)| *name == shared);
    Some(own.map_or(shared, |(name, _)| name))
}

/// Removes the components that no operation refers to, directly or through other components.
pub(crate) fn prune(document: &mut Value) {
    let reached = reached(document, local_names(&document["paths"]));
    let reached: BTreeSet<String> = reached.into_iter().map(str::to_owned).collect();
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.retain(|name, _| reached.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn components_that_nothing_refers_to_are_removed() {
        let reference = |name: &str| json!({"$ref": format!("{LOCAL}{name}")});
        let mut document = json!({
            "paths": {"/a": {"get": {"x": reference("A"), "y": {"$ref": format!("{SHARED}D")}}}},
            "components": {"schemas": {
                "A": {"properties": {"b": reference("B"), "a": reference("A")}},
                "B": {"discriminator": {"mapping": {"c": format!("{LOCAL}C")}}},
                "C": {}, "D": {}, "E": {"items": reference("E")},
            }},
        });
        prune(&mut document);
        let left: Vec<&String> = document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(left, ["A", "B", "C"]);
    }

    #[test]
    fn a_shared_record_has_the_name_that_its_module_uses() {
        let module = json!({"x-folio": {"names": {"Note": "Note2"}}});
        for (reference, name) in [
            (format!("{LOCAL}User"), Some("User")),
            (format!("{SHARED}Note2"), Some("Note")),
            (format!("{SHARED}Metadata"), Some("Metadata")),
            ("other.json#/User".to_owned(), None),
        ] {
            assert_eq!(name_in_module(&module, &reference), name, "{reference}");
        }
    }
}
