//! Requests in a cassette, and their differences from a sent request.

use std::fmt;

use serde_json::{Map, Value};

use super::asked::Asked;
use super::body::RecordedBody;
use super::difference::{differences, fits};
use super::pairs::{self, Pairs};
use super::redaction::{REDACTED, Redaction};
use crate::value::redact;

/// A request of a file.
pub(super) struct RecordedRequest {
    method: String,
    path: String,
    tenant: Option<String>,
    query: Pairs,
    body: RecordedBody,
}

impl fmt::Display for RecordedRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let separator = if index == 0 { '?' } else { '&' };
            write!(out, "{separator}{name}={value}")?;
        }
        Ok(())
    }
}

impl RecordedRequest {
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
                Some(bytes) => RecordedBody::of(bytes, redaction),
                None => RecordedBody::Unknown,
            },
        }
    }

    pub(super) fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("method".into(), self.method.as_str().into());
        value.insert("path".into(), self.path.as_str().into());
        if let Some(tenant) = &self.tenant {
            value.insert("tenant".into(), tenant.as_str().into());
        }
        pairs::write(&self.query, "query", &mut value);
        self.body.write(&mut value);
        Value::Object(value)
    }

    pub(super) fn read(from: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            from.get(name)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| format!("a request has no {name:?}"))
        };
        Ok(Self {
            method: text("method")?,
            path: text("path")?,
            tenant: text("tenant").ok(),
            query: pairs::read(from, "query"),
            body: RecordedBody::read(from)?,
        })
    }

    /// The difference of a request from this recorded one; nothing if they are equal.
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
            (RecordedBody::Unknown, _) | (_, RecordedBody::Unknown) => {}
            (RecordedBody::Json(recorded), RecordedBody::Json(sent)) => {
                differences("body", recorded, sent, &mut out)
            }
            (RecordedBody::Text(recorded), RecordedBody::Text(sent)) if fits(recorded, sent) => {}
            (recorded, sent) if recorded == sent => {}
            (recorded, sent) => {
                let value = |body: &RecordedBody| {
                    let mut value = Map::new();
                    body.write(&mut value);
                    Value::Object(value)
                };
                differences("body", &value(recorded), &value(sent), &mut out);
            }
        }
        out
    }

    /// The degree of difference of a request from this one.
    pub(super) fn distance(&self, sent: &Self) -> (bool, bool, usize) {
        (
            self.path != sent.path,
            self.method != sent.method,
            self.differences(sent).len(),
        )
    }
}
