//! The changes between two releases, for their API users.

mod changes;
mod operation;
pub(crate) mod page;
mod parameter;
mod record;
mod side;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::canonical::operation::operations;
use crate::canonical::release::Release;
pub use changes::Change;
use changes::Changes;
use record::sent;
use side::Side;

/// The differences from `old` to `new`, by module.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    /// A release with one module, its operations and schemas.
    fn release(paths: Value, schemas: Value) -> Release {
        let module = json!({
            "info": {"version": "1.0.0"}, "paths": paths, "components": {"schemas": schemas},
            "x-folio": {"interfaces": {"a": "1.0"}},
        });
        Release {
            modules: BTreeMap::from([("mod-a".to_owned(), module)]),
            common: json!({"components": {"schemas": {}}}),
        }
    }

    fn changes(old: &Release, new: &Release) -> Vec<String> {
        diff(old, new).iter().map(ToString::to_string).collect()
    }

    fn operation(more: &Value) -> Value {
        let mut operation = json!({
            "operationId": "list_a", "parameters": [],
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
            "x-folio": {"interface": "a 1.0", "permissions": ["a.get"], "paging": {"style": "cql", "max": 10}},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            operation[key] = value.clone();
        }
        operation
    }

    #[test]
    fn each_change_of_an_operation_is_one_line() {
        let records = json!({"A": {"properties": {}}, "B": {"properties": {}}});
        let of = |more: Value| release(json!({"/a": {"get": operation(&more)}}), records.clone());
        let folio = |key: &str, value: Value| {
            let mut folio = operation(&json!({}))["x-folio"].clone();
            folio[key] = value;
            json!({"x-folio": folio})
        };
        let response = |schema: Value| json!({"responses": {"200": {"content": {"application/json": {"schema": schema}}}}});
        for (more, expected) in [
            (json!({}), vec![]),
            (
                json!({"operationId": "get_a"}),
                vec!["! operation GET /a: `list_a` is now `get_a`"],
            ),
            (
                json!({"deprecated": true}),
                vec!["  operation GET /a: is deprecated"],
            ),
            (
                response(json!({"$ref": "#/components/schemas/B"})),
                vec!["! operation GET /a: gives B, before A"],
            ),
            (
                folio("permissions", json!(["a.all"])),
                vec![
                    "! operation GET /a: needs the permission a.all",
                    "  operation GET /a: no longer needs the permission a.get",
                ],
            ),
            (
                folio("paging", json!({"style": "cql", "max": 5})),
                vec!["  operation GET /a: gives a page of at most 5, before 10"],
            ),
            (
                folio("paging", json!(null)),
                vec!["! operation GET /a: is no longer a list"],
            ),
            (
                folio("facts", json!({"effect": true})),
                vec![
                    "! operation GET /a: changes something though it is a GET: true, before not known",
                ],
            ),
            (
                folio("interface", json!("b 1.0")),
                vec!["  operation GET /a: is of the interface b 1.0, before a 1.0"],
            ),
            (
                json!({"parameters": [{"in": "query", "name": "x", "required": true, "schema": {"type": "string"}}]}),
                vec!["! parameter GET /a x: added, and required"],
            ),
            (
                json!({"requestBody": {"required": true, "content": {"text/csv": {}}}}),
                vec!["! operation GET /a: takes text/csv, before nothing"],
            ),
        ] {
            assert_eq!(
                changes(&of(json!({})), &of(more.clone())),
                expected,
                "{more}"
            );
        }
    }

    #[test]
    fn a_field_that_is_newly_required_breaks_who_sends_the_record() {
        let schemas = |required: Value| json!({"A": {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}, "required": required}});
        let body = json!({"post": {"operationId": "create_a", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}});
        let old = release(
            json!({"/a": body}),
            json!({"A": {"type": "object", "properties": {"x": {"type": "string"}}}}),
        );
        let new = release(json!({"/a": body}), schemas(json!(["y"])));
        assert_eq!(changes(&old, &new), ["! field A.y: added, and required"]);
        let unsent = |schemas: Value| release(json!({}), schemas);
        let found = changes(
            &unsent(json!({"A": {"properties": {}}})),
            &unsent(schemas(json!(["y"]))),
        );
        assert_eq!(
            found,
            ["  field A.x: added", "  field A.y: added, and required"]
        );
    }

    #[test]
    fn types_and_values_of_records_are_compared() {
        let of = |schema: Value| release(json!({}), json!({"A": {"properties": {"x": schema}}}));
        for (old, new, expected) in [
            (
                json!({"type": "string"}),
                json!({"type": "string", "format": "uuid"}),
                vec!["! field A.x: is string (uuid), before string"],
            ),
            (
                json!({"type": "string"}),
                json!({"type": "string", "maxLength": 5}),
                vec![],
            ),
            (
                json!({"type": "string", "enum": ["a", "b"]}),
                json!({"type": "string", "enum": ["b", "c"]}),
                vec!["  value A.x: `c` added", "! value A.x: `a` removed"],
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!({"type": "array", "items": {"type": "integer"}}),
                vec!["! field A.x: is array of integer, before array of string"],
            ),
        ] {
            assert_eq!(
                changes(&of(old.clone()), &of(new.clone())),
                expected,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn modules_come_and_go() {
        let with = release(json!({"/a": {"get": operation(&json!({}))}}), json!({}));
        let without = Release {
            modules: BTreeMap::new(),
            common: json!({}),
        };
        assert_eq!(changes(&with, &without), ["! module mod-a: removed"]);
        assert_eq!(
            changes(&without, &with),
            ["  module mod-a: added, with 1 operations"]
        );
    }
}
