//! The file of a cassette: exchanges without their secrets.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::Asked;
use super::difference::{differences, fits};
use crate::engine::claims::Claims;
use crate::engine::http::HttpResponse;
use crate::value::redact;

/// What is in the place of a secret.
pub(super) const REDACTED: &str = "REDACTED";

const FORMAT: &str = "folio-sdk cassette 1";

/// Values of chosen fields that are shorter are not looked for in other places: they would be found everywhere.
const SHORTEST: usize = 5;

/// Headers of responses that are not written: of the connection, and of a body that is written decoded.
const LEFT_OUT: [&str; 7] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "server",
    "transfer-encoding",
    "vary",
];

/// What is left out of a file.
#[derive(Clone, Default)]
pub(super) struct Redaction {
    fields: BTreeSet<String>,
    /// Texts that chosen fields had.
    texts: BTreeSet<String>,
    /// Ids of users.
    users: BTreeSet<uuid::Uuid>,
}

impl Redaction {
    pub(super) fn add_field(&mut self, field: String) {
        self.fields.insert(field);
    }

    fn user(&mut self, id: &str) {
        self.users.extend(uuid::Uuid::try_parse(id));
    }

    /// A value without its secrets.
    fn value(&mut self, value: &mut Value) {
        redact::Secrets::default().redact_value(value);
        self.walk(value, false, false);
    }

    fn walk(&mut self, value: &mut Value, chosen: bool, of_user: bool) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let chosen = chosen || self.fields.contains(name);
                    let of_user = name.eq_ignore_ascii_case("userId") || name.ends_with("UserId");
                    self.walk(value, chosen, of_user);
                }
            }
            Value::Array(list) => {
                for value in list {
                    self.walk(value, chosen, of_user);
                }
            }
            Value::String(text) if chosen => {
                self.texts
                    .insert(std::mem::replace(text, REDACTED.to_owned()));
            }
            Value::String(text) if of_user && is_uuid(text) => self.user(text),
            Value::Number(number) if chosen => *number = 0.into(),
            Value::Bool(own) if chosen => *own = false,
            _ => {}
        }
    }

    /// A token with nothing in it but what a client reads of it. It is put together when the file is written, by [`tokens`].
    fn token(&mut self, token: &str) -> String {
        let claims = Claims::of(token);
        match claims.user_id.as_deref().filter(|id| is_uuid(id)) {
            Some(user) => {
                self.user(user);
                format!("{TOKEN}{user} {}}}", claims.tenant().unwrap_or_default())
            }
            None => REDACTED.to_owned(),
        }
    }

    /// A header without its secret.
    fn header(&mut self, name: &str, value: &str) -> String {
        match name {
            "set-cookie" => {
                let (pair, attributes) = value
                    .split_once(';')
                    .map_or((value, ""), |(pair, rest)| (pair, rest));
                let (name, secret) = pair.split_once('=').unwrap_or((pair, ""));
                // What is taken back is empty.
                let secret = match secret.is_empty() {
                    true => String::new(),
                    false => self.token(secret),
                };
                let attributes: Vec<&str> = attributes
                    .split(';')
                    .filter(|part| {
                        !part.trim().to_ascii_lowercase().starts_with("expires=")
                            || !attributes.to_ascii_lowercase().contains("max-age=")
                    })
                    .collect();
                format!("{name}={secret};{}", attributes.join(";"))
            }
            "x-okapi-token" => self.token(value),
            name if redact::is_secret(name) => REDACTED.to_owned(),
            _ => value.to_owned(),
        }
    }

    /// The text of a file without what is to be found in it anywhere.
    fn text(&self, mut text: String) -> String {
        for (id, new) in others(&self.users, &text) {
            let (id, new) = (id.to_string(), new.to_string());
            text = text
                .replace(&id, &new)
                .replace(&id.to_ascii_uppercase(), &new);
        }
        let mut text = tokens(&text);
        let mut texts: Vec<&String> = self
            .texts
            .iter()
            .filter(|text| text.len() >= SHORTEST && !text.contains(REDACTED))
            .collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for own in texts {
            let escaped = Value::from(own.as_str()).to_string();
            let escaped = escaped.get(1..escaped.len() - 1).unwrap_or(own);
            text = text.replace(escaped, REDACTED);
        }
        text
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// All UUIDs of a text.
fn uuids(text: &str) -> BTreeSet<uuid::Uuid> {
    let starts = text.char_indices().map(|(start, _)| start);
    starts
        .filter_map(|start| text.get(start..start + 36))
        .filter(|part| part.as_bytes().get(8) == Some(&b'-') && is_uuid(part))
        .filter_map(|part| uuid::Uuid::try_parse(part).ok())
        .collect()
}

/// Other ids in place of those of users. Each stands in the same order among all ids of the text, since lists are read in the order of ids; that
/// is all that is left of it.
fn others(users: &BTreeSet<uuid::Uuid>, text: &str) -> Vec<(uuid::Uuid, uuid::Uuid)> {
    let all: Vec<uuid::Uuid> = uuids(text).union(users).copied().collect();
    let mut new = Vec::new();
    let mut low = 0;
    let mut rest = &all[..];
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|id| users.contains(id)).count();
        if run == 0 {
            low = first.as_u128();
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let high = rest.get(run).map_or(u128::MAX, uuid::Uuid::as_u128);
        let step = (high - low) / (run as u128 + 1);
        for (number, id) in (1..).zip(rest.iter().take(run)) {
            let plain = low + step * number;
            // Of version 4 where there is room.
            let formal = plain & !(0xf000 << 64) & !(0b11 << 62) | 0x4000 << 64 | 0b10 << 62;
            let fits = step > 1 << 81;
            new.push((
                *id,
                uuid::Uuid::from_u128(if fits { formal } else { plain }),
            ));
        }
        rest = rest.get(run..).unwrap_or_default();
    }
    new
}

/// Where a token is put together: a user and a tenant follow.
const TOKEN: &str = "{token of ";

/// A text with its tokens put together.
fn tokens(text: &str) -> String {
    let mut parts = text.split(TOKEN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (own, rest) = part.split_once('}').unwrap_or((part, ""));
        let (user, tenant) = own.split_once(' ').unwrap_or((own, ""));
        let payload = json!({"sub": REDACTED, "tenant": tenant, "user_id": user});
        let coded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        out.push_str(&format!(
            "{}.{}.{REDACTED}{rest}",
            coded(&json!({"alg": "none"})),
            coded(&payload)
        ));
    }
    out
}

/// A body in the file: JSON as it is, other text, or bytes.
#[derive(Clone, Debug, PartialEq)]
enum Body {
    None,
    /// It was streamed, and is not known.
    Unknown,
    Json(Value),
    Text(String),
    Bytes(Bytes),
}

impl Body {
    fn of(bytes: &Bytes, redaction: &mut Redaction) -> Self {
        if bytes.is_empty() {
            return Self::None;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Bytes(bytes.clone());
        };
        match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                redaction.value(&mut value);
                Self::Json(value)
            }
            Err(_) => Self::Text(redact::Secrets::default().redact(text).into_owned()),
        }
    }

    fn write(&self, into: &mut Map<String, Value>) {
        match self {
            Self::None => {}
            Self::Unknown => {
                into.insert("streamed".into(), true.into());
            }
            Self::Json(value) => {
                into.insert("json".into(), value.clone());
            }
            Self::Text(text) => {
                into.insert("text".into(), text.as_str().into());
            }
            Self::Bytes(bytes) => {
                into.insert("base64".into(), STANDARD.encode(bytes).into());
            }
        }
    }

    fn read(from: &Value) -> Result<Self, String> {
        if let Some(value) = from.get("json") {
            return Ok(Self::Json(value.clone()));
        }
        if let Some(text) = from.get("text").and_then(Value::as_str) {
            return Ok(Self::Text(text.to_owned()));
        }
        if let Some(text) = from.get("base64").and_then(Value::as_str) {
            let bytes = STANDARD
                .decode(text)
                .map_err(|error| format!("base64: {error}"))?;
            return Ok(Self::Bytes(bytes.into()));
        }
        Ok(match from.get("streamed") {
            Some(_) => Self::Unknown,
            None => Self::None,
        })
    }

    fn bytes(&self) -> Bytes {
        match self {
            Self::None | Self::Unknown => Bytes::new(),
            Self::Json(value) => value.to_string().into(),
            Self::Text(text) => text.clone().into(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// A request of a file.
pub(super) struct Request {
    method: String,
    path: String,
    tenant: Option<String>,
    query: Vec<(String, String)>,
    body: Body,
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(out, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

impl Request {
    pub(super) fn of(asked: &Asked, redaction: &mut Redaction) -> Self {
        let query = asked.url.query_pairs().map(|(name, value)| {
            let value = match redact::is_secret_parameter(&name) {
                true => REDACTED.to_owned(),
                false => value.into_owned(),
            };
            (name.into_owned(), value)
        });
        let tenant = asked.headers.get("x-okapi-tenant");
        Self {
            method: asked.method.to_string(),
            path: asked.path.clone(),
            tenant: tenant
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            query: query.collect(),
            body: match &asked.body {
                Some(bytes) => Body::of(bytes, redaction),
                None => Body::Unknown,
            },
        }
    }

    fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("method".into(), self.method.as_str().into());
        value.insert("path".into(), self.path.as_str().into());
        if let Some(tenant) = &self.tenant {
            value.insert("tenant".into(), tenant.as_str().into());
        }
        if !self.query.is_empty() {
            let pairs = self.query.iter().map(|(name, value)| json!([name, value]));
            value.insert("query".into(), pairs.collect());
        }
        self.body.write(&mut value);
        Value::Object(value)
    }

    fn read(from: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            from.get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| format!("a request has no {name:?}"))
        };
        let query = from.get("query").and_then(Value::as_array);
        let query = query.into_iter().flatten().filter_map(|pair| {
            Some((
                pair.get(0)?.as_str()?.to_owned(),
                pair.get(1)?.as_str()?.to_owned(),
            ))
        });
        Ok(Self {
            method: text("method")?,
            path: text("path")?,
            tenant: text("tenant").ok(),
            query: query.collect(),
            body: Body::read(from)?,
        })
    }

    /// How a request differs from this one, which was recorded; nothing where it is the same.
    pub(super) fn differences(&self, sent: &Self) -> Vec<String> {
        let mut out = Vec::new();
        let mut text = |place: &str, recorded: &str, sent: &str| {
            if !fits(recorded, sent) {
                out.push(format!("  {place}: recorded {recorded}, sent {sent}"));
            }
        };
        text("method", &self.method, &sent.method);
        text("path", &self.path, &sent.path);
        let tenant = |of: &Self| of.tenant.clone().unwrap_or_else(|| "none".to_owned());
        text("tenant", &tenant(self), &tenant(sent));
        let pairs = |of: &Self| {
            let mut pairs: Vec<Value> = of
                .query
                .iter()
                .map(|(name, value)| format!("{name}={value}").into())
                .collect();
            pairs.sort_by_key(Value::to_string);
            Value::from(pairs)
        };
        differences("query", &pairs(self), &pairs(sent), &mut out);
        match (&self.body, &sent.body) {
            (Body::Unknown, _) | (_, Body::Unknown) => {}
            (Body::Json(recorded), Body::Json(sent)) => {
                differences("body", recorded, sent, &mut out)
            }
            (Body::Text(recorded), Body::Text(sent)) if fits(recorded, sent) => {}
            (recorded, sent) if recorded == sent => {}
            (recorded, sent) => {
                let value = |body: &Body| {
                    let mut value = Map::new();
                    body.write(&mut value);
                    Value::Object(value)
                };
                differences("body", &value(recorded), &value(sent), &mut out);
            }
        }
        out
    }

    /// How much a request differs from this one.
    pub(super) fn distance(&self, sent: &Self) -> (bool, bool, usize) {
        (
            self.path != sent.path,
            self.method != sent.method,
            self.differences(sent).len(),
        )
    }
}

/// A response of a file.
pub(super) struct Response {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Body,
}

impl Response {
    pub(super) fn of(
        status: StatusCode,
        headers: &HeaderMap,
        body: &Bytes,
        redaction: &mut Redaction,
    ) -> Self {
        let headers = headers
            .iter()
            .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()))
            .filter_map(|(name, value)| {
                let value = redaction.header(name.as_str(), value.to_str().ok()?);
                Some((name.to_string(), value))
            })
            .collect();
        Self {
            status,
            headers,
            body: Body::of(body, redaction),
        }
    }

    fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("status".into(), self.status.as_u16().into());
        if !self.headers.is_empty() {
            let pairs = self
                .headers
                .iter()
                .map(|(name, value)| json!([name, value]));
            value.insert("headers".into(), pairs.collect());
        }
        self.body.write(&mut value);
        Value::Object(value)
    }

    fn read(from: &Value) -> Result<Self, String> {
        let status = from.get("status").and_then(Value::as_u64);
        let status = status
            .and_then(|status| u16::try_from(status).ok())
            .and_then(|status| StatusCode::from_u16(status).ok())
            .ok_or("a response has no \"status\"")?;
        let headers = from.get("headers").and_then(Value::as_array);
        let headers = headers.into_iter().flatten().filter_map(|pair| {
            Some((
                pair.get(0)?.as_str()?.to_owned(),
                pair.get(1)?.as_str()?.to_owned(),
            ))
        });
        Ok(Self {
            status,
            headers: headers.collect(),
            body: Body::read(from)?,
        })
    }

    pub(super) fn replayed(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.body.bytes().into());
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The file of exchanges.
pub(super) fn written(redaction: &Redaction, exchanges: &[(Request, Response)]) -> String {
    let exchanges: Vec<Value> = exchanges
        .iter()
        .map(
            |(request, response)| json!({"request": request.value(), "response": response.value()}),
        )
        .collect();
    let file = json!({"format": FORMAT, "redacted": redaction.fields, "exchanges": exchanges});
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    redaction.text(text) + "\n"
}

/// The exchanges of a file.
pub(super) fn read(file: &Value) -> Result<(Redaction, Vec<(Request, Response)>), String> {
    if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!("expected the format {FORMAT:?}"));
    }
    let fields = file.get("redacted").and_then(Value::as_array);
    let fields = fields.into_iter().flatten().filter_map(Value::as_str);
    let redaction = Redaction {
        fields: fields.map(str::to_owned).collect(),
        ..Redaction::default()
    };
    let exchanges = file.get("exchanges").and_then(Value::as_array);
    let exchanges = exchanges.into_iter().flatten().map(|exchange| {
        let of = |name: &str| exchange.get(name).cloned().unwrap_or_default();
        Ok((
            Request::read(&of("request"))?,
            Response::read(&of("response"))?,
        ))
    });
    Ok((redaction, exchanges.collect::<Result<_, String>>()?))
}
