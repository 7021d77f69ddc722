//! What a server says about an error, in whatever it is wrapped: FOLIO's modules, gateways and proxies each have their own form.

mod words;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::value::redact::Secrets;

/// How much of a body is looked at. Error bodies are small; a page of a proxy that is larger has its words at the beginning.
const MOST: usize = 256 * 1024;

/// How much text is kept of a message.
const LONGEST: usize = 4096;

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ServerMessage {
    /// On one line.
    pub(crate) message: Option<String>,
    pub(crate) errors: Vec<ValidationError>,
}

impl ServerMessage {
    /// Whether the errors are about the content of what was sent. Newer modules answer so with 400 and the code `validation_error`, or
    /// with parameters that name the fields.
    pub(crate) fn is_validation(&self) -> bool {
        self.errors.iter().any(|error| {
            error.code.as_deref() == Some("validation_error") || !error.parameters.is_empty()
        })
    }
}

/// The versions of a record that another client has changed meanwhile: FOLIO's optimistic locking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VersionConflict {
    /// The `_version` that the record has now.
    pub stored: i64,
    /// The `_version` that was sent; none if there was none.
    pub sent: Option<i64>,
}

impl VersionConflict {
    /// Reads the words of RMB's database trigger, which come as text or within JSON: "Stored _version is 4, _version of request is 3".
    pub(crate) fn of(message: &str) -> Option<Self> {
        let number = |words: &str| -> Option<i64> {
            let (_, after) = message.split_once(words)?;
            let after = after.trim_start();
            let end = after
                .char_indices()
                .find(|(at, c)| !(c.is_ascii_digit() || *at == 0 && *c == '-'))
                .map_or(after.len(), |(at, _)| at);
            after.get(..end)?.parse().ok()
        };
        Some(Self {
            stored: number("Stored _version is")?,
            sent: number("_version of request is"),
        })
    }
}

/// One of the errors that a FOLIO module lists in its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValidationError {
    /// What is wrong, in the server's words.
    pub message: String,
    /// The code, such as `validation_error` or the name of a database constraint.
    pub code: Option<String>,
    /// The type, `1` or the name of a Java exception.
    pub kind: Option<String>,
    /// What it is about: mostly the name of a field and the value it had.
    pub parameters: Vec<Parameter>,
}

/// A field or other thing that an error concerns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The field, as the server names it.
    pub key: String,
    /// The value that was refused.
    pub value: Option<String>,
}

impl ValidationError {
    /// The field that it concerns, where the server says so: of an expression of the database, as RMB gives for values that must be unique,
    /// the field in it, `barcode` of `lower(jsonb ->> 'barcode'::text)`.
    pub fn field(&self) -> Option<&str> {
        let key = self.parameters.first()?.key.as_str();
        let Some((_, inner)) = key.rsplit_once("->> '") else {
            return Some(key);
        };
        inner.split('\'').next()
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        if let Some(code) = &self.code {
            write!(out, " [{code}]")?;
        }
        for (index, parameter) in self.parameters.iter().enumerate() {
            write!(
                out,
                "{}{}",
                if index == 0 { " (" } else { ", " },
                parameter.key
            )?;
            if let Some(value) = &parameter.value {
                write!(out, " = {value}")?;
            }
        }
        if self.parameters.is_empty() {
            Ok(())
        } else {
            out.write_str(")")
        }
    }
}

/// Reads the body of an error. What it is, is told by its first character: modules forward the answers of others without their
/// content type, and gateways send HTML as anything.
///
/// Secrets are redacted before it is read, since reading changes their form, and after, since they may have been written in parts.
pub(crate) fn parse(content_type: Option<&str>, body: &[u8], secrets: &Secrets) -> ServerMessage {
    let cut = body.get(..MOST).unwrap_or(body);
    let text = text_of(cut, cut.len() < body.len());
    let text = secrets.redact(&text);
    let mut said = read(content_type, &text);
    if said.errors.is_empty() && said.message.is_some() {
        said.errors = words::read(&text);
    }
    let shown = |text: &mut String| *text = secrets.shown(text);
    said.message.iter_mut().for_each(shown);
    for error in &mut said.errors {
        shown(&mut error.message);
        error.code.iter_mut().for_each(shown);
        error.kind.iter_mut().for_each(shown);
        for parameter in &mut error.parameters {
            shown(&mut parameter.key);
            parameter.value.iter_mut().for_each(shown);
        }
    }
    said
}

fn read(content_type: Option<&str>, text: &str) -> ServerMessage {
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first() {
        None => ServerMessage::default(),
        Some(b'{' | b'[' | b'"') => match serde_json::from_str::<Value>(text) {
            Ok(value) => from_json(&value, 0),
            Err(_) => plain(text),
        },
        Some(b'<') => html(text),
        Some(_) if content_type.is_some_and(|media_type| media_type.starts_with("text/html")) => {
            html(text)
        }
        Some(_) => plain(text),
    }
}

/// The text of a body. FOLIO's modules write UTF-8, whatever they say: mod-circulation says `text/plain; ISO_8859_1` (real-facts, section 3).
/// What is not UTF-8 comes from proxies and old servers, and is read as Latin-1, in which every byte is a character; or as UTF-16, if a byte
/// order mark says so.
pub(crate) fn text_of(body: &[u8], is_cut: bool) -> Cow<'_, str> {
    let words = |read: fn([u8; 2]) -> u16, body: &[u8]| {
        let (pairs, _) = body.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match body {
        [0xff, 0xfe, rest @ ..] => words(u16::from_le_bytes, rest).into(),
        [0xfe, 0xff, rest @ ..] => words(u16::from_be_bytes, rest).into(),
        _ => match std::str::from_utf8(body) {
            Ok(text) => text.into(),
            // Cut off within a character.
            Err(error) if is_cut && error.error_len().is_none() => String::from_utf8_lossy(body),
            Err(_) => body.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

/// What a body is that was expected to be JSON, if that can be told.
pub(crate) fn mistaken(body: &[u8], is_secret: bool, secrets: &Secrets) -> Option<String> {
    match body {
        [0x1f, 0x8b, ..] => {
            return Some(
                "the response is compressed by gzip, but has no header `Content-Encoding: gzip`"
                    .to_owned(),
            );
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Some("the response is UTF-16 text, and UTF-8 was expected".to_owned());
        }
        _ => {}
    }
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start();
    if body.first() != Some(&b'<') {
        return None;
    }
    if !is_page(body) {
        return Some("the response is XML, and JSON was expected".to_owned());
    }
    let text = text_of(body.get(..MOST).unwrap_or(body), body.len() > MOST);
    let words = html(&secrets.redact(&text)).message;
    let words = words.map(|words| secrets.shown(&words));
    let shown = words.filter(|_| !is_secret).map(|words| {
        let end = words
            .char_indices()
            .nth(200)
            .map_or(words.len(), |(end, _)| end);
        format!(" (\"{}\")", words.get(..end).unwrap_or_default())
    });
    Some(format!(
        "the response is an HTML page{}, and JSON was expected: it comes from a proxy, a login page or a web server, not from FOLIO; is the URL of the gateway right?",
        shown.unwrap_or_default()
    ))
}

/// Whether a body is a page of HTML.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let body = body
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(body)
        .trim_ascii_start();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|begin| {
            body.get(..begin.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(begin.as_bytes()))
        })
}

fn plain(text: &str) -> ServerMessage {
    ServerMessage {
        message: one_line(text),
        errors: Vec::new(),
    }
}

/// The keys under which a message stands, the best first: RMB and Kong `message`, old Spring and vendors `errorMessage`, RFC 9457 `detail`
/// and `title`, Spring Boot's own `error`, OAuth `error_description`.
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

fn from_json(value: &Value, depth: u8) -> ServerMessage {
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
                // The whole form once more, as of a module that wraps the response of another one.
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
                // Some Spring handlers: {"errors": {"field": "message"}}, or a list of messages per field.
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
                    // mod-circulation says where in the text of its rules an error is (recorded).
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

/// The list of errors that RMB, folio-spring-support, the Eureka sidecar and Grails give, each a little different.
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
                        // RMB has one without a name where the message says it all (recorded).
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
                // What has no parameters may say in words what it is about.
                let told = match parameters.is_empty() {
                    true => words::read(&message),
                    false => Vec::new(),
                };
                if told.is_empty() {
                    return vec![ValidationError {
                        message,
                        code,
                        kind,
                        parameters,
                    }];
                }
                let told = told.into_iter().map(|error| ValidationError {
                    code: code.clone(),
                    kind: kind.clone(),
                    ..error
                });
                told.collect()
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

/// The errors in one line. Messages of RMB do not name the field ("may not be null"): its parameters do.
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

/// The words of a page of a proxy: its title and its text.
fn html(text: &str) -> ServerMessage {
    let mut words = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        words.push_str(before);
        words.push(' ');
        // Case does not matter in HTML, and nor do the contents of style and script.
        let hidden = ["style", "script", "!--"].into_iter().find(|name| {
            tag.get(1..=name.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        });
        let end = match hidden {
            Some("!--") => tag.find("-->").map(|end| end + 3),
            Some(name) => {
                let lower = tag.to_ascii_lowercase();
                lower
                    .find(&format!("</{name}"))
                    .and_then(|close| tag.get(close..)?.find('>').map(|end| close + end + 1))
            }
            None => tag.find('>').map(|end| end + 1),
        };
        rest = end.and_then(|end| tag.get(end..)).unwrap_or_default();
    }
    words.push_str(rest);
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        words = words.replace(entity, character);
    }
    // The heading mostly repeats the title: "502 Bad Gateway 502 Bad Gateway nginx".
    let line = one_line(&words).map(|line| {
        let half = line.match_indices(' ').map(|(at, _)| at).find(|at| {
            let (title, body) = line.split_at(*at);
            *at > 2
                && body
                    .strip_prefix(' ')
                    .is_some_and(|body| body.starts_with(title))
        });
        match half.and_then(|at| line.get(at + 1..)) {
            Some(rest) => rest.to_owned(),
            None => line,
        }
    });
    ServerMessage {
        message: line,
        errors: Vec::new(),
    }
}

fn one_line(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST {
            let end = line
                .char_indices()
                .map(|(at, _)| at)
                .take_while(|at| *at <= LONGEST)
                .last()
                .unwrap_or_default();
            line.truncate(end);
            line.push_str(" …");
            break;
        }
    }
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Option<String> {
        parse(None, body.as_bytes(), &Secrets::default()).message
    }

    #[test]
    fn every_form_that_servers_use_gives_its_words() {
        insta::assert_debug_snapshot!(
            [
                "",
                "  \n ",
                "Not found",
                "\"a JSON string\"",
                "ERROR: Stored _version is 4,\n  _version of request is 3 (23F09)",
                r#"{"errors":[{"message":"must not be null","type":"1","code":"-1","parameters":[{"key":"personal","value":"null"}]}]}"#,
                r#"{"errors":[{"message":"Item is checked out","parameters":[{"key":"itemId","value":"7"}]},{"message":"second"}],"total_records":2}"#,
                r#"{"errors":[{"type":"NotFoundException","code":"not_found_error","message":"no tenant","parameters":[]}],"total_records":1}"#,
                r#"{"message":"no Route matched with those values","request_id":"abc"}"#,
                r#"{"timestamp":"2025-01-01T00:00:00Z","status":404,"error":"Not Found","path":"/x"}"#,
                r#"{"timestamp":"2025-01-01","status":500,"error":"Internal Server Error","message":"boom"}"#,
                r#"{"errorMessage":"old Spring"}"#,
                r#"{"error":{"message":"nested"}}"#,
                r#"{"message":"Validation failed","errors":[{"object":"Sas","field":"name","rejected-value":null,"message":"cannot be null"}],"total":1}"#,
                r#"{"errors":{"name":"is required"}}"#,
                r#"{"errors":{"name":["is required","is short"],"code":{"message":"is taken"}}}"#,
                r#"{"errors":{"errors":[{"message":"wrapped","type":"1"}],"total_records":1}}"#,
                r#"{"total":1,"_embedded":{"errors":[{"message":"Property [name] cannot be null","path":"/licenses"}]}}"#,
                r#"{"timestamp":"2026-11-26T07:42:11Z","status":400,"errors":[{"code":"invalidParameter","message":"wrong type","_parameters":{"limit":"abc"},"_trace":["a.b"]}]}"#,
                r#"{"errors":[{"message":"tag 1 not found","type":"-1","code":"not_found_error"}]}"#,
                r#"["one","two"]"#,
                r#"{"unknown":1}"#,
                "{ broken",
                "<html><head><title>502 Bad Gateway</title><style>a{}</style></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
                "<!DOCTYPE html><HTML><SCRIPT>var x = '<';</SCRIPT><body>Service &amp; more<!-- no --></body>",
                "<",
            ]
            .map(|body| (body, message(body)))
        );
    }

    #[test]
    fn errors_tell_the_field_they_concern() {
        let parsed = parse(
            Some("application/json"),
            br#"{"errors":[{"message":"may not be null","type":"1","code":"-1","parameters":[{"key":"username","value":"null"}]}]}"#,
            &Secrets::default(),
        );
        let [error] = &parsed.errors[..] else {
            panic!("{parsed:?}")
        };
        assert_eq!(error.field(), Some("username"));
        assert_eq!(error.code, None);
        assert!(parsed.is_validation());
    }

    #[test]
    fn versions_in_conflict_are_numbers() {
        let of =
            |message| VersionConflict::of(message).map(|conflict| (conflict.stored, conflict.sent));
        for (message, expected) in [
            (
                "Stored _version is 4, _version of request is 3",
                Some((4, Some(3))),
            ),
            (
                "ERROR: Cannot update record 7 because it has been changed (optimistic locking): Stored _version is 12, _version of request is -1 (23F09)",
                Some((12, Some(-1))),
            ),
            (
                "Stored _version is 1, _version of request is <NULL>",
                Some((1, None)),
            ),
            ("Stored _version is <NULL>, _version of request is 3", None),
            (
                "Stored _version is 99999999999999999999, _version of request is 3",
                None,
            ),
            ("Stored _version is", None),
            ("another conflict", None),
        ] {
            assert_eq!(of(message), expected, "{message}");
        }
    }

    #[test]
    fn a_message_has_an_end() {
        let long = "word ".repeat(10_000);
        let message = message(&long).unwrap_or_default();
        assert!(message.len() < LONGEST + 20 && message.ends_with('…'));
        let wide = "ü".repeat(10_000);
        assert!(
            super::parse(None, wide.as_bytes(), &Secrets::default())
                .message
                .unwrap_or_default()
                .len()
                < LONGEST + 20
        );
    }

    #[test]
    fn no_bytes_make_it_fail() {
        for body in [
            &b"\xff\xfe"[..],
            b"<\xc3",
            b"<style",
            b"<script>",
            b"<!--",
            b"{\"errors\":[null,1,[]]}",
            b"[[]]",
            b"\0\0",
        ] {
            let _ = parse(None, body, &Secrets::default());
        }
    }
}
