//! Error messages in JSON, in the forms of modules and gateways.

use super::text::{one_line, plain};
use super::types::{Parameter, ServerMessage, ValidationError};
use super::words;
use serde_json::Value;

/// The keys of a message, in order of preference: RMB and Kong `message`, old Spring and vendors
/// `errorMessage`, RFC 9457 `detail` and `title`, Spring Boot's own `error`, OAuth
/// `error_description`.
const MESSAGE_KEYS: [&str; 9] = [
    "message",
    "errorMessage",
    "error_description",
    "detail",
    "description",
    "msg",
    "reason",
    "title",
    "error",
];

pub(super) fn from_json(value: &Value, depth: u8) -> ServerMessage {
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) => listed(items, None),
        Value::Object(object) => {
            let own = MESSAGE_KEYS.iter().find_map(|key| match object.get(*key)? {
                Value::String(text) => one_line(text),
                nested @ Value::Object(_) if depth < 4 => from_json(nested, depth + 1).message,
                _ => None,
            });
            // Grails renders errors as HAL: {"total": 1, "_embedded": {"errors": [...]}}.
            let embedded = || object.get("_embedded")?.get("errors");
            match object.get("errors").or_else(embedded) {
                Some(Value::Array(items)) if !items.is_empty() => listed(items, own),
                // The same form nested, as in a module that wraps the response of another one.
                Some(nested @ Value::Object(errors))
                    if depth < 4
                        && (errors.get("errors").is_some_and(Value::is_array)
                            || errors.get("message").is_some_and(Value::is_string)) =>
                {
                    let nested = from_json(nested, depth + 1);
                    ServerMessage {
                        message: nested.message.or(own),
                        errors: nested.errors,
                    }
                }
                // Some Spring handlers: {"errors": {"field": "message"}}, or a list of messages per
                // field.
                Some(Value::Object(errors)) if !errors.is_empty() => {
                    let errors = errors
                        .iter()
                        .flat_map(|(key, value)| {
                            let values = match value {
                                Value::Array(values) => &values[..],
                                value => std::slice::from_ref(value),
                            };
                            values.iter().map(|value| ValidationError {
                                message: match value {
                                    Value::Object(_) if depth < 4 => {
                                        from_json(value, depth + 1).message.unwrap_or_default()
                                    }
                                    value => scalar(value).unwrap_or_default(),
                                },
                                parameters: vec![Parameter {
                                    key: key.clone(),
                                    value: None,
                                }],
                                ..ValidationError::default()
                            })
                        })
                        .collect::<Vec<_>>();
                    ServerMessage {
                        message: joined(&errors).or(own),
                        errors,
                    }
                }
                _ => {
                    // mod-circulation states the position of an error in the text of its rules
                    // (recorded).
                    let place = ["line", "column"].map(|key| {
                        let value = object.get(key).filter(|value| value.is_number());
                        value.map(|value| Parameter {
                            key: key.to_owned(),
                            value: Some(value.to_string()),
                        })
                    });
                    let errors = match (place, &own) {
                        ([Some(line), Some(column)], Some(own)) => vec![ValidationError {
                            message: own.clone(),
                            parameters: vec![line, column],
                            ..ValidationError::default()
                        }],
                        _ => Vec::new(),
                    };
                    ServerMessage {
                        message: own.or_else(|| one_line(&value.to_string())),
                        errors,
                    }
                }
            }
        }
        other => plain(&other.to_string()),
    }
}

/// The list of errors of RMB, folio-spring-support, the Eureka sidecar and Grails, with small
/// differences.
fn listed(items: &[Value], own: Option<String>) -> ServerMessage {
    let errors: Vec<ValidationError> = items
        .iter()
        .flat_map(|item| match item {
            Value::Object(object) => {
                let text = |key: &str| object.get(key).and_then(scalar);
                let mut parameters: Vec<Parameter> = object
                    .get("parameters")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(|parameter| {
                        // RMB has a parameter without a name if the message is complete (recorded).
                        let key = parameter.get("key").and_then(scalar);
                        Some(Parameter {
                            key: key.filter(|key| !key.is_empty())?,
                            value: parameter.get("value").and_then(scalar),
                        })
                    })
                    .collect();
                // mod-calendar: an object (real-facts, section 18).
                if let Some(Value::Object(named)) = object.get("_parameters") {
                    parameters.extend(named.iter().map(|(key, value)| Parameter {
                        key: key.clone(),
                        value: scalar(value),
                    }));
                }
                // Grails: {"object": …, "field": …, "rejected-value": …, "message": …}.
                if let Some(key) = text("field") {
                    parameters.push(Parameter {
                        key,
                        value: text("rejected-value").or_else(|| text("rejectedValue")),
                    });
                }
                let message = MESSAGE_KEYS
                    .iter()
                    .find_map(|key| text(key))
                    .unwrap_or_else(|| item.to_string());
                let code = text("code").filter(|code| code != "-1");
                let kind = text("type");
                // An error without parameters may name its field in the message.
                let reported = match parameters.is_empty() {
                    true => words::read(&message),
                    false => Vec::new(),
                };
                if reported.is_empty() {
                    return vec![ValidationError {
                        message,
                        code,
                        kind,
                        parameters,
                    }];
                }
                let reported = reported.into_iter().map(|error| ValidationError {
                    code: code.clone(),
                    kind: kind.clone(),
                    ..error
                });
                reported.collect()
            }
            other => vec![ValidationError {
                message: scalar(other).unwrap_or_default(),
                ..ValidationError::default()
            }],
        })
        .collect();
    ServerMessage {
        message: joined(&errors).or(own),
        errors,
    }
}

/// The errors in one line. Messages of RMB do not name the field ("may not be null"); its
/// parameters do.
fn joined(errors: &[ValidationError]) -> Option<String> {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    one_line(&texts.join("; "))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
