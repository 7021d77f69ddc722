//! A page: reads the records of a response one by one, so that an unreadable one affects no other.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::record_key::key_of;
use super::scan_back::last_record;
use super::walk::{Broken, ListWalk, read};
use crate::record::lenient;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::response::Response;

/// The records of one response. It stores the body and the positions of its records; a record is
/// decoded when it is requested.
pub(crate) struct PageBody {
    body: Bytes,
    exchange: Exchange,
    walk: ListWalk,
    key: Cow<'static, str>,
    /// The number of records of the previous pages.
    first: u64,
    /// The positions of the records passed so far, including null ones.
    spans: Vec<Range<usize>>,
}

/// The properties of a page, known when it was read to its end.
#[derive(Debug, Default)]
pub(crate) struct PageSummary {
    pub(crate) received: u64,
    /// The key of the last record that has one.
    pub(crate) last: Option<String>,
    /// A hash of the first and the last record.
    pub(crate) fingerprint: u64,
    /// The number of null records.
    pub(crate) nulls: u64,
    pub(crate) total: Option<u64>,
}

/// The keys of the first and the last record, as far as both ends of a page show them, and
/// `totalRecords`.
#[derive(Debug, Default)]
pub(crate) struct PageBounds {
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    pub(crate) total: Option<u64>,
}

impl PageBody {
    pub(crate) fn new(
        response: &Response,
        items: Option<Cow<'static, str>>,
        key: Cow<'static, str>,
        first: u64,
        is_sequence: bool,
    ) -> Self {
        let is_sequence = is_sequence
            || response
                .header("content-type")
                .is_some_and(|media_type| media_type.starts_with("application/stream+json"));
        Self {
            body: response.body().clone(),
            exchange: response.exchange().clone(),
            walk: ListWalk::new(items, is_sequence),
            key,
            first,
            spans: Vec::new(),
        }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The property that is the key of the records.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The number of records passed so far.
    pub(crate) fn received(&self) -> u64 {
        self.spans.len() as u64
    }

    /// The next record; none at the end of the page. An error other than that of a record ends it.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Option<Result<T>> {
        loop {
            let start = match self.locate() {
                Ok(Some(start)) => start,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            let json = self.body.get(start..).unwrap_or_default();
            let record = match read_record::<Option<T>>(json) {
                Some(Ok((record, length))) => {
                    self.pass(start..start + length);
                    // FOLIO's lists may contain null in place of a record: it is skipped.
                    record.map(Ok)
                }
                Some(Err(error)) => Some(Err(self.bad(start, error))),
                None => Some(Err(self.broken())),
            };
            if record.is_some() {
                return record;
            }
        }
    }

    /// Skips the next record without decoding it, and returns its position. Errors as in
    /// [`next`](Self::next).
    pub(crate) fn skip(&mut self) -> Option<Result<Range<usize>>> {
        let start = match self.locate() {
            Ok(Some(start)) => start,
            Ok(None) => return None,
            Err(error) => return Some(Err(error)),
        };
        let json = self.body.get(start..).unwrap_or_default();
        Some(match read::<IgnoredAny>(json) {
            Some(Ok((_, length))) => {
                self.pass(start..start + length);
                Ok(start..start + length)
            }
            Some(Err(error)) => match self.bad(start, error) {
                error if error.record_json().is_some() => {
                    Ok(self.spans.last().cloned().unwrap_or_default())
                }
                error => Err(error),
            },
            None => Err(self.broken()),
        })
    }

    /// Drops the first records, as long as `is_known` is true of their keys. Returns the number of
    /// dropped records, and whether others follow. None if that is unknown: the page is invalid, or
    /// a record has no key.
    pub(super) fn drop_first(&mut self, is_known: impl Fn(&str) -> bool) -> Option<(u64, bool)> {
        let has_more = loop {
            let walk = self.walk.clone();
            match self.skip() {
                None => break false,
                Some(skipped) => skipped.ok()?,
            };
            if !is_known(&self.key_of_last()?) {
                self.walk = walk;
                self.spans.pop();
                break true;
            }
        };
        let dropped = self.received();
        self.spans.clear();
        Some((dropped, has_more))
    }

    fn pass(&mut self, span: Range<usize>) {
        self.walk.pass(span.end);
        self.spans.push(span);
    }

    /// A record that is not a `T`; or the page is invalid JSON from here on.
    fn bad(&mut self, start: usize, error: serde_json::Error) -> Error {
        let body = self.body.clone();
        let json = body.get(start..).unwrap_or_default();
        // Without validating its text: a byte that is not UTF-8 costs only its record.
        let length = match read::<IgnoredAny>(json) {
            Some(Ok((_, length))) => length,
            // One record per line: the next line is independent.
            _ if self.walk.is_sequence() => memchr::memchr(b'\n', json).unwrap_or(json.len()),
            _ => return self.broken(),
        };
        let raw = json.get(..length).unwrap_or_default();
        let index = self.first + self.received();
        self.pass(start..start + length);
        Error::record(
            self.exchange.clone(),
            index,
            key_of(raw, &self.key),
            raw,
            error,
        )
    }

    /// The key of the last record passed that has one.
    pub(crate) fn last_key(&self) -> Option<String> {
        let mut backwards = self.spans.iter().rev();
        backwards.find_map(|span| key_of(self.body.get(span.clone())?, &self.key))
    }

    /// The key of the last record passed.
    pub(crate) fn key_of_last(&self) -> Option<String> {
        self.spans
            .last()
            .and_then(|span| key_of(self.body.get(span.clone())?, &self.key))
    }

    /// The text of a field of the last record passed, as CQL compares it: `a.b` is the property `b`
    /// of the object `a`. None if the field is absent, or is a list or an object.
    pub(super) fn text_of_last(&self, field: &str) -> Option<String> {
        let json = self.body.get(self.spans.last()?.clone())?;
        let mut json: &serde_json::value::RawValue = serde_json::from_slice(json).ok()?;
        for name in field.split('.') {
            let mut object: std::collections::BTreeMap<Cow<'_, str>, &serde_json::value::RawValue> =
                serde_json::from_str(json.get()).ok()?;
            json = object.remove(name)?;
        }
        match serde_json::from_str(json.get()).ok()? {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
                Some(json.get().to_owned())
            }
            _ => None,
        }
    }

    /// `totalRecords`, as far as the page was read.
    pub(super) fn total(&self) -> Option<u64> {
        self.walk.total
    }

    /// The properties of the page.
    pub(crate) fn summary(&self) -> PageSummary {
        let part = |span: Option<&Range<usize>>| {
            span.and_then(|span| self.body.get(span.clone()))
                .unwrap_or_default()
        };
        let mut hasher = DefaultHasher::new();
        (part(self.spans.first()), part(self.spans.last())).hash(&mut hasher);
        PageSummary {
            received: self.received(),
            last: self.last_key(),
            fingerprint: hasher.finish(),
            nulls: self
                .spans
                .iter()
                .filter(|span| part(Some(span)) == b"null")
                .count() as u64,
            total: self.walk.total,
        }
    }

    /// The properties of the page that are visible without parsing all of it.
    pub(crate) fn bounds(&self) -> PageBounds {
        let mut ahead = self.fresh();
        let key = |json: Option<&[u8]>| key_of(json.unwrap_or_default(), &self.key);
        let first = match ahead.locate() {
            Ok(Some(start)) => key(self.body.get(start..)),
            _ => None,
        };
        let (last, after) = match last_record(&self.body) {
            Some((span, after)) => (key(self.body.get(span)), after),
            None => (None, None),
        };
        PageBounds {
            first,
            last,
            total: ahead.walk.total.or(after),
        }
    }

    /// Whether the first element of the array is null. It reads no further than that.
    pub(crate) fn begins_with_null(&self) -> bool {
        let mut ahead = self.fresh();
        let start = ahead.locate().ok().flatten();
        start.is_some_and(|start| {
            let rest = self.body.get(start..).unwrap_or_default();
            rest.starts_with(b"null")
        })
    }

    /// The properties of the page, determined by parsing all of it.
    pub(crate) fn outline(&self) -> Result<PageSummary> {
        Ok(self.skip_all()?.summary())
    }

    /// The page at its end, without its records being decoded.
    fn skip_all(&self) -> Result<Self> {
        let mut ahead = self.fresh();
        while let Some(span) = ahead.skip() {
            span?;
        }
        Ok(ahead)
    }

    /// The same page from its start.
    pub(crate) fn fresh(&self) -> Self {
        Self {
            body: self.body.clone(),
            exchange: self.exchange.clone(),
            walk: self.walk.fresh(),
            key: self.key.clone(),
            first: self.first,
            spans: Vec::new(),
        }
    }

    /// Moves to the next element, and returns its position; none at the end, which is then known to
    /// be valid.
    fn locate(&mut self) -> Result<Option<usize>> {
        let walk = &mut self.walk;
        match walk.next(&self.body) {
            Ok(Some(start)) => Ok(Some(start)),
            Ok(None) => {
                walk.end();
                // mod-tags omits an empty list, also after the end of a list, where `totalRecords`
                // is not 0 (recorded).
                let only_counts = |name: &String| matches!(&**name, "totalRecords" | "resultInfo");
                let is_absent = walk.total.is_some() && walk.properties.iter().all(only_counts);
                if walk.found || is_absent {
                    return Ok(None);
                }
                Err(missing_key(
                    &self.exchange,
                    walk.items(),
                    &walk.properties,
                    &self.body,
                ))
            }
            Err(Broken) => Err(self.broken()),
        }
    }

    /// Broken JSON. serde_json states the position.
    fn broken(&mut self) -> Error {
        self.walk.end();
        match serde_json::from_slice::<IgnoredAny>(&self.body) {
            Err(error) => Error::decode(self.exchange.clone(), None, &self.body, error),
            Ok(_) => Error::unexpected(
                self.exchange.clone(),
                "the response is not a list: expected a JSON object or array".to_owned(),
                &self.body,
            ),
        }
    }
}

/// The error of a response that has other properties than the requested one.
pub(crate) fn missing_key(
    exchange: &Exchange,
    items: Option<&str>,
    keys: &[String],
    body: &[u8],
) -> Error {
    let present = if keys.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{}`", keys.join("`, `"))
    };
    let message = match items {
        Some(items) if keys.iter().any(|key| key == items) => {
            format!("`{items}` of the response is not an array")
        }
        Some(items) => format!("the response has no `{items}`; it has {present}"),
        None => format!(
            "the response is an object, not an array; pass the key of the list in it: it has {present}"
        ),
    };
    Error::unexpected(exchange.clone(), message, body)
}

/// As [`read`], for a record: deviations from its description are not errors.
fn read_record<T: DeserializeOwned>(json: &[u8]) -> Option<Result<(T, usize), serde_json::Error>> {
    lenient::reading(|| read(json).transpose()).transpose()
}
