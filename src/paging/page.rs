//! A page: finds the records in an answer and reads them one by one, each on its own, so that a bad one stands alone.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use bytes::Bytes;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};

use crate::record::lenient;
use crate::wire::error::{Error, Exchange, Result};
use crate::wire::response::Response;

/// The records of one answer. It keeps the body and where in it the records are; a record is decoded when it is taken.
pub(crate) struct Page {
    body: Bytes,
    exchange: Exchange,
    /// The property that is the array of records; none if the answer is the array.
    items: Option<Cow<'static, str>>,
    key: Cow<'static, str>,
    /// How many records came on the pages before.
    first: u64,
    at: usize,
    phase: Phase,
    /// Where the records are that were passed, those that are null included.
    spans: Vec<Range<usize>>,
    /// Whether the array was found, and the properties of the answer otherwise.
    found: bool,
    properties: Vec<String>,
    total: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    /// Before a property of the answer; after the brace that opens it there may be none.
    Property {
        first: bool,
    },
    /// In the array, before an element or the end.
    Element {
        first: bool,
    },
    /// In an answer that is one record after the other, without an array.
    Sequence,
    Done,
}

/// What a page was like, known when it was read to its end.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) received: u64,
    /// The key of the last record that has one.
    pub(crate) last: Option<String>,
    /// A hash of the first and the last record.
    pub(crate) ends: u64,
    /// How many of the records are null.
    pub(crate) nulls: u64,
    pub(crate) total: Option<u64>,
}

/// The keys of the first and the last record, as far as they can be told from both ends of a page, and `totalRecords`.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    pub(crate) total: Option<u64>,
}

/// The text is no JSON from here on.
struct Broken;

impl Page {
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
            items,
            key,
            first,
            at: 0,
            phase: if is_sequence {
                Phase::Sequence
            } else {
                Phase::Start
            },
            spans: Vec::new(),
            found: false,
            properties: Vec::new(),
            total: None,
        }
    }

    pub(crate) fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// How many records were passed.
    pub(crate) fn received(&self) -> u64 {
        self.spans.len() as u64
    }

    /// The next record; none at the end of the page. An error other than one of a record ends it.
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
                    // FOLIO's lists may have null for a record: it is none.
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

    /// Goes past the next record without decoding it, and says where it is. Errors as [`next`](Self::next) gives them.
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

    fn pass(&mut self, span: Range<usize>) {
        self.at = span.end;
        self.spans.push(span);
    }

    /// A record that is no `T`; or the page is no JSON from here on.
    fn bad(&mut self, start: usize, error: serde_json::Error) -> Error {
        let body = self.body.clone();
        let json = body.get(start..).unwrap_or_default();
        // Without a look at its text: a byte that is not UTF-8 costs its record only.
        let length = match read::<IgnoredAny>(json) {
            Some(Ok((_, length))) => length,
            // One record a line: the next line is another.
            _ if self.phase == Phase::Sequence => memchr::memchr(b'\n', json).unwrap_or(json.len()),
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

    /// The key of the last record that was passed and has one.
    pub(crate) fn last_key(&self) -> Option<String> {
        let mut backwards = self.spans.iter().rev();
        backwards.find_map(|span| key_of(self.body.get(span.clone())?, &self.key))
    }

    /// The key of the record that was passed last.
    pub(crate) fn key_of_last(&self) -> Option<String> {
        self.spans
            .last()
            .and_then(|span| key_of(self.body.get(span.clone())?, &self.key))
    }

    /// The text of a field of the record that was passed last, as CQL compares it: `a.b` is the property `b` of the object `a`. None if there is
    /// no such field, or it is a list or an object.
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
        self.total
    }

    /// What the page was like.
    pub(crate) fn shape(&self) -> Shape {
        let part = |span: Option<&Range<usize>>| {
            span.and_then(|span| self.body.get(span.clone()))
                .unwrap_or_default()
        };
        let mut hasher = DefaultHasher::new();
        (part(self.spans.first()), part(self.spans.last())).hash(&mut hasher);
        Shape {
            received: self.received(),
            last: self.last_key(),
            ends: hasher.finish(),
            nulls: self
                .spans
                .iter()
                .filter(|span| part(Some(span)) == b"null")
                .count() as u64,
            total: self.total,
        }
    }

    /// What can be told of the page without reading all of it.
    pub(crate) fn ends(&self) -> Ends {
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
        Ends {
            first,
            last,
            total: ahead.total.or(after),
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

    /// What the page is like, found by reading all of it.
    pub(crate) fn outline(&self) -> Result<Shape> {
        Ok(self.read_ahead()?.shape())
    }

    /// The page at its end, without its records being decoded.
    fn read_ahead(&self) -> Result<Self> {
        let mut ahead = self.fresh();
        while let Some(span) = ahead.skip() {
            span?;
        }
        Ok(ahead)
    }

    /// The same page with nothing read of it.
    fn fresh(&self) -> Self {
        Self {
            body: self.body.clone(),
            exchange: self.exchange.clone(),
            items: self.items.clone(),
            key: self.key.clone(),
            spans: Vec::new(),
            properties: Vec::new(),
            ..*self
        }
    }

    /// The same page, to be read once more.
    pub(super) fn again(self) -> Self {
        Self {
            at: 0,
            phase: if self.phase == Phase::Sequence {
                Phase::Sequence
            } else {
                Phase::Start
            },
            spans: Vec::new(),
            properties: Vec::new(),
            found: false,
            ..self
        }
    }

    /// Moves to the next element, and says where it begins; none at the end, which is then known to be as it should.
    fn locate(&mut self) -> Result<Option<usize>> {
        match self.walk() {
            Ok(Some(start)) => Ok(Some(start)),
            Ok(None) => {
                self.phase = Phase::Done;
                // mod-tags leaves out a list that is empty, behind the end of a list too, where `totalRecords` is not 0 (recorded).
                let only_counts = |name: &String| matches!(&**name, "totalRecords" | "resultInfo");
                let is_absent = self.total.is_some() && self.properties.iter().all(only_counts);
                if self.found || is_absent {
                    return Ok(None);
                }
                let items = self.items.as_deref();
                Err(missing_key(
                    &self.exchange,
                    items,
                    &self.properties,
                    &self.body,
                ))
            }
            Err(Broken) => Err(self.broken()),
        }
    }

    fn walk(&mut self) -> Result<Option<usize>, Broken> {
        let body = self.body.clone();
        let body: &[u8] = &body;
        loop {
            self.at = blank(body, self.at);
            let next = body.get(self.at).copied();
            match (self.phase, next) {
                (Phase::Done, _) => {
                    self.found = true;
                    return Ok(None);
                }
                (Phase::Sequence, None) => {
                    self.found = true;
                    return Ok(None);
                }
                (Phase::Sequence, Some(_)) => return Ok(Some(self.at)),
                (Phase::Start, Some(b'[')) => {
                    self.at += 1;
                    // There is no property that the array could be.
                    self.items = None;
                    self.found = true;
                    self.phase = Phase::Element { first: true };
                }
                (Phase::Start, Some(b'{')) => {
                    self.at += 1;
                    self.phase = Phase::Property { first: true };
                }
                (Phase::Property { .. }, Some(b'}')) | (Phase::Element { .. }, Some(b']'))
                    if self.closes(next) =>
                {
                    self.at += 1;
                    if next == Some(b']') && self.items.is_some() {
                        self.phase = Phase::Property { first: false };
                    } else if blank(body, self.at) == body.len() {
                        return Ok(None);
                    } else {
                        return Err(Broken);
                    }
                }
                (Phase::Element { first }, Some(byte)) => {
                    if !first {
                        (byte == b',').then_some(()).ok_or(Broken)?;
                        self.at = blank(body, self.at + 1);
                    }
                    self.phase = Phase::Element { first: false };
                    return Ok(Some(self.at));
                }
                (Phase::Property { first }, Some(byte)) => {
                    if !first {
                        (byte == b',').then_some(()).ok_or(Broken)?;
                        self.at = blank(body, self.at + 1);
                    }
                    self.phase = Phase::Property { first: false };
                    self.property(body)?;
                }
                _ => return Err(Broken),
            }
        }
    }

    /// Whether a bracket can close what is open: not after a comma, which is passed with what follows it.
    fn closes(&self, next: Option<u8>) -> bool {
        match self.phase {
            Phase::Property { .. } => next == Some(b'}'),
            Phase::Element { .. } => next == Some(b']'),
            _ => false,
        }
    }

    /// Goes past a property of the answer, or into the array.
    fn property(&mut self, body: &[u8]) -> Result<(), Broken> {
        let rest = |at: usize| body.get(at..).unwrap_or_default();
        let (property, length) = value::<String>(rest(self.at))?;
        let at = blank(body, self.at + length);
        (body.get(at) == Some(&b':')).then_some(()).ok_or(Broken)?;
        let at = blank(body, at + 1);
        let wanted = self.items.as_deref() == Some(property.as_str());
        if wanted && body.get(at) == Some(&b'[') {
            self.found = true;
            self.at = at + 1;
            self.phase = Phase::Element { first: true };
        } else if property == "totalRecords" {
            let (total, length) = value::<serde_json::Value>(rest(at))?;
            self.total = total.as_u64();
            self.at = at + length;
        } else {
            let (nothing, length) = value::<Option<IgnoredAny>>(rest(at))?;
            // A list that is null is empty.
            self.found |= wanted && nothing.is_none();
            self.at = at + length;
        }
        if self.properties.len() < 30 {
            self.properties.push(property);
        }
        Ok(())
    }

    /// Broken JSON. serde_json says where.
    fn broken(&mut self) -> Error {
        self.phase = Phase::Done;
        match serde_json::from_slice::<IgnoredAny>(&self.body) {
            Err(error) => Error::decode(self.exchange.clone(), None, &self.body, error),
            Ok(_) => Error::unexpected(
                self.exchange.clone(),
                "the answer is no list: expected a JSON object or array".to_owned(),
                &self.body,
            ),
        }
    }
}

/// The answer has other keys than the one that was asked for.
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
            format!("`{items}` of the answer is no array")
        }
        Some(items) => format!("the answer has no `{items}`; it has {present}"),
        None => format!(
            "the answer is an object and not an array; give the key of the list in it: it has {present}"
        ),
    };
    Error::unexpected(exchange.clone(), message, body)
}

/// The first JSON value of `json` and where it ends.
fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<Result<(T, usize), serde_json::Error>> {
    let mut stream = serde_json::Deserializer::from_slice(json).into_iter::<T>();
    let value = stream.next()?;
    Some(value.map(|value| (value, stream.byte_offset())))
}

/// As [`read`], of a record: what of it does not fit its description is no error.
fn read_record<T: DeserializeOwned>(json: &[u8]) -> Option<Result<(T, usize), serde_json::Error>> {
    lenient::reading(|| read(json).transpose()).transpose()
}

fn value<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<(T, usize), Broken> {
    read(json).and_then(Result::ok).ok_or(Broken)
}

/// The key of the record that `json` begins with, text or number. It reads no further than the key.
pub(crate) fn key_of(json: &[u8], key: &str) -> Option<String> {
    let mut found = None;
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let _ = deserializer.deserialize_map(Key {
        key,
        found: &mut found,
    });
    found
}

struct Key<'a> {
    key: &'a str,
    found: &'a mut Option<String>,
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = ();

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name != self.key {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            *self.found = match map.next_value::<serde_json::Value>()? {
                serde_json::Value::String(text) if !text.is_empty() => Some(text),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            // What follows is of no matter.
            return Err(de::Error::custom("found"));
        }
        Ok(())
    }
}

/// Where the last record of an answer is: the last element of the last array that is a property of it, or of the answer that is an array.
///
/// Read from the end backwards, which in JSON is unambiguous: outside of strings a quotation mark ends one, and the one that begins it has
/// no backslash before it. It says nothing of answers that are no JSON; what it says of others may be of the wrong array. So it is good
/// for a guess, which is compared with what is found when the page is read.
fn last_record(body: &[u8]) -> Option<(Range<usize>, Option<u64>)> {
    let mut total = None;
    let mut end = blank_back(body, body.len());
    match body.get(end.checked_sub(1)?)? {
        b']' => {}
        b'}' => {
            end -= 1;
            loop {
                end = blank_back(body, end);
                if body.get(end.checked_sub(1)?)? == &b']' {
                    break;
                }
                let value = value_back(body, end)?;
                let colon = blank_back(body, value).checked_sub(1)?;
                (body.get(colon) == Some(&b':')).then_some(())?;
                let name_end = blank_back(body, colon);
                let name = value_back(body, name_end)?;
                if body.get(name..name_end) == Some(b"\"totalRecords\"") {
                    total = serde_json::from_slice(body.get(value..end)?).ok();
                }
                let comma = blank_back(body, name).checked_sub(1)?;
                (body.get(comma) == Some(&b',')).then_some(())?;
                end = comma;
            }
        }
        _ => return None,
    }
    let end = blank_back(body, end - 1);
    let start = value_back(body, end)?;
    Some((start..end, total))
}

/// Where the value begins that ends before `end`.
fn value_back(body: &[u8], end: usize) -> Option<usize> {
    let last = end.checked_sub(1)?;
    match body.get(last)? {
        b'"' => string_back(body, last),
        b'}' | b']' => {
            let mut depth = 0_usize;
            let mut at = last;
            loop {
                match body.get(at)? {
                    b'}' | b']' => depth += 1,
                    b'{' | b'[' => {
                        depth = depth.checked_sub(1)?;
                        if depth == 0 {
                            return Some(at);
                        }
                    }
                    b'"' => at = string_back(body, at)?,
                    _ => {}
                }
                at = at.checked_sub(1)?;
            }
        }
        _ => {
            let scalar =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            let length = body
                .get(..end)?
                .iter()
                .rev()
                .take_while(|byte| scalar(byte))
                .count();
            (length > 0).then(|| end - length)
        }
    }
}

/// Where the string begins whose closing mark is at `close`.
fn string_back(body: &[u8], close: usize) -> Option<usize> {
    let mut end = close;
    loop {
        let open = memchr::memrchr(b'"', body.get(..end)?)?;
        if open == 0 || body.get(open - 1) != Some(&b'\\') {
            return Some(open);
        }
        end = open;
    }
}

/// Where the white space from `at` on ends.
fn blank(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Where the white space before `end` begins.
fn blank_back(body: &[u8], mut end: usize) -> usize {
    while end > 0 && matches!(body.get(end - 1), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[\"\\\\\\[\\]{},: a\u{2028}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a\"\\\\:]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_last_record_is_found_from_the_end(
            records in prop::collection::vec(values(), 1..5),
            after in prop::collection::vec(values().prop_filter("arrays are taken for the list", |value| !value.is_array()), 0..3),
            pretty: bool,
        ) {
            let mut answer = json!({"0before": 1, "1things": records});
            for (index, value) in after.into_iter().enumerate() {
                answer[format!("2after{index}")] = value;
            }
            for (value, last) in [(answer.clone(), records.last()), (json!(records), records.last())] {
                let body = if pretty { format!("{value:#}\n") } else { value.to_string() };
                let (span, _) = last_record(body.as_bytes()).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Value>(&body[span]).unwrap(), last.unwrap());
            }
        }

        #[test]
        fn anything_is_read_from_the_end_without_harm(body in "[\"\\\\\\[\\]{},:a1 \n]{0,30}") {
            let _ = last_record(body.as_bytes());
        }
    }
}
