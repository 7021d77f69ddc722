//! Takes a record from the source: assigns it an id or a key, and finds an earlier duplicate.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::wire::error::Error;
use crate::wire::request::Request;
use crate::wire::same_record::version_number;
use crate::write::entry::{Entry, Fields};
use crate::write::key::{Claim, Claims, Earlier, key_at, lane};
use crate::write::report::{Outcome, WriteResult};
use crate::write::upsert::Upsert;
use crate::write::writer::{MATCH_ON, NEW_IDS, Writer};

/// The reason why a record is not written.
struct Unfit {
    problem: String,
    /// The remedy.
    help: Option<&'static str>,
    /// The earlier record that has its id or key.
    repeats: Option<u64>,
}

impl From<String> for Unfit {
    fn from(problem: String) -> Self {
        Self {
            problem,
            help: None,
            repeats: None,
        }
    }
}

/// The identification of a record.
struct Identity {
    id: String,
    /// Whether the source record had an id.
    is_given: bool,
    /// The value of its match field.
    key: Option<String>,
    /// The earlier record with the same id or key.
    repeats: Option<u64>,
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Upsert<T> {
    /// Takes a record: assigns it an id or a key, and measures it.
    pub(super) fn take(&mut self, writer: &Writer, record: T) -> Result<(Entry, usize), Outcome> {
        let index = self.taken;
        self.taken += 1;
        let (text, mut fields) = match parsed(&record) {
            Ok(parsed) => parsed,
            Err((problem, record)) => return Err(unfit(writer, index, problem.into(), record)),
        };
        let has_fractions = fields.values().any(has_fractions);
        let mut claims = writer.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let content = claims.content(&fields);
        let identity = self.identity(writer, &mut claims, (index, content), &record, &fields);
        drop(claims);
        let identity = match identity {
            Ok(identity) => identity,
            Err(problem) => return Err(unfit(writer, index, problem, Value::Object(fields))),
        };
        if !identity.is_given {
            fields.insert("id".to_owned(), identity.id.clone().into());
        }
        let guard = fields.remove("_version").as_ref().and_then(version_number);
        let size = size(&fields);
        let mut entry =
            Entry::new(index, identity.id, identity.is_given, fields).with_content(content);
        if let Some(key) = identity.key {
            entry = entry.with_key(key);
        }
        entry.guard = guard;
        entry.repeats = identity.repeats;
        if has_fractions {
            entry = entry.with_text(text);
        }
        Ok((entry, size))
    }

    /// The id of a record, and its key if records are matched on one. Registers both.
    fn identity(
        &self,
        writer: &Writer,
        claims: &mut Claims,
        me: (u64, u32),
        record: &T,
        fields: &Fields,
    ) -> Result<Identity, Unfit> {
        let given = match fields.get("id") {
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            None | Some(Value::Null) => None,
            Some(_) => {
                let problem = "the record's `id` is empty or not a string".to_owned();
                return Err(problem.into());
            }
        };
        let is_given = given.is_some();
        let (id, key, repeats) = match (&writer.match_on, &self.id_from_key, given) {
            (Some(field), _, given) => {
                let key = key_at(fields, field)
                    .map_err(|problem| format!("{problem}; stored records are matched by it"))?;
                let repeats = claim_first(claims, Claim::Key, (field, &key), &key, me)?;
                let id = given.unwrap_or_else(|| Uuid::new_v4().to_string());
                (id, Some(key), repeats)
            }
            (None, _, Some(id)) => {
                // The last one wins.
                let earlier = claims.claim(Claim::Id, &lane(&id), me, true);
                (id, None, earlier.map(|earlier| earlier.index))
            }
            (None, ..) if writer.new_ids.load(Ordering::Relaxed) => {
                return Err(Unfit {
                    problem: NEW_IDS.to_owned(),
                    help: Some(MATCH_ON),
                    repeats: None,
                });
            }
            (None, Some(key_of), None) => {
                let key = key_of(record).filter(|key| !key.trim().is_empty());
                let key = key.ok_or_else(|| {
                    "the record has no key from which to derive its id: the closure of `id_from_key` returned `None` or blank text".to_owned()
                })?;
                let id = made(writer, &key);
                let repeats = claim_first(claims, Claim::Id, ("key", &key), &id, me)?;
                (id, None, repeats)
            }
            (None, None, None) => (Uuid::new_v4().to_string(), None, None),
        };
        Ok(Identity {
            id,
            is_given,
            key,
            repeats,
        })
    }
}

/// Registers the id or key of a record, and returns the earlier record that has it; an error if
/// that one has other content: only the first of several is written. `what` and `key` are used in
/// the error.
fn claim_first(
    claims: &mut Claims,
    claim: Claim,
    (what, key): (&str, &str),
    text: &str,
    me: (u64, u32),
) -> Result<Option<u64>, Unfit> {
    match claims.claim(claim, text, me, false) {
        None => Ok(None),
        Some(Earlier { index, same: true }) => Ok(Some(index)),
        Some(Earlier { index, same: false }) => Err(Unfit {
            problem: format!(
                "record {} has the same {what} \"{key}\" as record {index} (counted from 0), but other content: only the first of them is written",
                me.0
            ),
            help: None,
            repeats: Some(index),
        }),
    }
}

/// A record as text and as fields; or its error, and the readable part of it.
fn parsed(record: &impl Serialize) -> Result<(Vec<u8>, Fields), (String, Value)> {
    let unwritable = |error: serde_json::Error| {
        let problem = format!("the record cannot be serialized as JSON: {error}");
        (problem, Value::Null)
    };
    let text = serde_json::to_vec(record).map_err(unwritable)?;
    match serde_json::from_slice(&text).map_err(unwritable)? {
        Value::Object(fields) => Ok((text, fields)),
        other => Err(("the record is not a JSON object".to_owned(), other)),
    }
}

/// The outcome of a record that is not written.
fn unfit(writer: &Writer, index: u64, unfit: Unfit, record: Value) -> Outcome {
    let request = Request::to(Method::POST, writer.collection.path());
    let error = Error::request(request.exchange(writer.client.url()), unfit.problem);
    let error = match unfit.help {
        Some(help) => error.with_help(help),
        None => error,
    };
    Outcome {
        index,
        id: String::new(),
        result: WriteResult::Failed { error, record },
        repeats: unfit.repeats,
    }
}

/// The id derived from a key.
fn made(writer: &Writer, key: &str) -> String {
    let place = format!(
        "folio-sdk:{}{}",
        writer.client.tenant(),
        writer.collection.path()
    );
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, place.as_bytes());
    Uuid::new_v5(&namespace, key.as_bytes()).to_string()
}

/// Whether a value has numbers that `Value` does not represent exactly: `10.10`, or more digits
/// than a double has.
fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fractions),
        Value::Object(fields) => fields.values().any(has_fractions),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The approximate size of a record as JSON, in bytes.
fn size(fields: &Fields) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::Null => 4,
            Value::Bool(_) => 5,
            Value::Number(_) => 8,
            Value::String(text) => text.len() + 3,
            Value::Array(items) => items.iter().map(of).sum::<usize>() + 2,
            Value::Object(fields) => size(fields),
        }
    }
    fields
        .iter()
        .map(|(key, value)| key.len() + 4 + of(value))
        .sum::<usize>()
        + 2
}
