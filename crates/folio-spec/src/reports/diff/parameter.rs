//! Changes of parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::changes::Changes;
use super::side::Side;
use crate::canonical::operation::Operation;

impl Changes {
    /// Compares the parameters of an operation.
    pub(super) fn parameters(
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
        // Parameters of the path are compared by their place, regardless of their names.
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
}
