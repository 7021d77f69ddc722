//! Whether a record is as its schema says: what RMB answers 422 for.

use serde_json::{Value, json};

use crate::documents::Routes;

/// What is wrong with a record: the field, its value, what is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Violation {
    pub(crate) field: String,
    pub(crate) value: String,
    pub(crate) message: String,
    code: &'static str,
}

/// The codes of RMB: the message keys of Bean Validation, and -1 of all else.
const NOT_NULL: &str = "javax.validation.constraints.NotNull.message";
const PATTERN: &str = "javax.validation.constraints.Pattern.message";
const SIZE: &str = "javax.validation.constraints.Size.message";
const OTHER: &str = "-1";

impl Violation {
    /// RMB's form of it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "message": self.message, "type": "1", "code": self.code,
            "parameters": [{"key": self.field, "value": self.value}],
        })
    }
}

/// Checks a record; `known` is the one that is stored, whose own fields are taken for described: a server newer than these documents has
/// fields that they lack.
pub(crate) fn check(
    routes: &Routes,
    document: &str,
    schema: &Value,
    record: &Value,
    known: Option<&Value>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    Checker {
        routes,
        violations: &mut violations,
    }
    .value(document, schema, record, known, "", 0);
    violations
}

struct Checker<'a> {
    routes: &'a Routes,
    violations: &'a mut Vec<Violation>,
}

impl Checker<'_> {
    fn wrong(&mut self, field: &str, value: &Value, message: impl Into<String>) {
        self.violates(OTHER, field, value, message);
    }

    fn violates(
        &mut self,
        code: &'static str,
        field: &str,
        value: &Value,
        message: impl Into<String>,
    ) {
        let value: String = match value {
            Value::String(text) => text.chars().take(80).collect(),
            other => other.to_string().chars().take(80).collect(),
        };
        self.violations.push(Violation {
            field: field.to_owned(),
            value,
            message: message.into(),
            code,
        });
    }

    fn value(
        &mut self,
        document: &str,
        schema: &Value,
        value: &Value,
        known: Option<&Value>,
        at: &str,
        depth: usize,
    ) {
        if depth > 64 {
            return;
        }
        let (document, schema) = self.routes.resolve(document, schema);
        // RMB leaves out what is null when it reads a record.
        if value.is_null() {
            return;
        }
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.value(document, part, value, known, at, depth + 1);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(document, schema, value, known, at, depth),
            Some("array") => match value.as_array() {
                Some(elements) => {
                    let known: &[Value] =
                        known.and_then(Value::as_array).map_or(&[], Vec::as_slice);
                    if let Some(items) = schema.get("items") {
                        for (index, element) in elements.iter().enumerate() {
                            self.value(
                                document,
                                items,
                                element,
                                known.get(index),
                                &format!("{at}[{index}]"),
                                depth + 1,
                            );
                        }
                    }
                }
                None => self.wrong(at, value, "must be an array"),
            },
            Some("string") => match value.as_str() {
                Some(text) => self.text(schema, text, value, at),
                None => self.wrong(at, value, "must be a string"),
            },
            Some("integer")
                if value.as_i64().is_none() && value.as_f64().is_none_or(|n| n.fract() != 0.0) =>
            {
                self.wrong(at, value, "must be an integer");
            }
            Some("number") if !value.is_number() => self.wrong(at, value, "must be a number"),
            Some("boolean") if !value.is_boolean() => self.wrong(at, value, "must be a boolean"),
            _ => {}
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.contains(value)
        {
            self.wrong(at, value, "is not one of the allowed values");
        }
    }

    fn text(&mut self, schema: &Value, text: &str, value: &Value, at: &str) {
        let length = |key: &str| {
            schema
                .get(key)
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok())
        };
        if schema.get("format").and_then(Value::as_str) == Some("uuid")
            && (text.len() != 36 || uuid::Uuid::try_parse(text).is_err())
        {
            self.violates(PATTERN, at, value, "must match the pattern of a UUID");
        }
        if length("maxLength").is_some_and(|max| text.chars().count() > max)
            || length("minLength").is_some_and(|min| text.chars().count() < min)
        {
            self.violates(SIZE, at, value, "size is out of bounds");
        }
    }

    fn object(
        &mut self,
        document: &str,
        schema: &Value,
        value: &Value,
        known: Option<&Value>,
        at: &str,
        depth: usize,
    ) {
        let Some(fields) = value.as_object() else {
            return self.wrong(at, value, "must be an object");
        };
        let path = |name: &str| {
            if at.is_empty() {
                name.to_owned()
            } else {
                format!("{at}.{name}")
            }
        };
        for name in schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            if fields.get(name).is_none_or(Value::is_null) {
                self.violates(NOT_NULL, &path(name), &Value::Null, "must not be null");
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, field) in fields {
            let known = known.and_then(|known| known.get(name));
            match (
                properties.and_then(|p| p.get(name)),
                schema.get("additionalProperties"),
            ) {
                (Some(property), _) => {
                    self.value(document, property, field, known, &path(name), depth + 1)
                }
                (None, Some(Value::Bool(false))) if known.is_none() => {
                    self.wrong(&path(name), field, format!("Unrecognized field \"{name}\""));
                }
                (None, Some(values @ Value::Object(_))) => {
                    self.value(document, values, field, known, &path(name), depth + 1)
                }
                _ => {}
            }
        }
    }
}
