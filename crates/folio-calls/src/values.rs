//! Random values of a schema: with everything that a server may send, unusual numbers, undescribed
//! fields, `null` where it is allowed.

use std::collections::BTreeMap;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::document::{At, Release};
use crate::json::Json;

/// Makes values; the same seed makes the same ones.
#[derive(Debug)]
pub struct Values<'a> {
    release: &'a Release,
    random: fastrand::Rng,
    /// Whether fields that are not described are added, and fields that are read-only.
    is_response: bool,
}

/// Text that is changed by any wrong escaping.
pub const TEXTS: [&str; 16] = [
    "plain",
    "a/b/c",
    "..",
    "../../etc",
    ".",
    "?query=1&limit=2",
    "#fragment",
    "%2F%2e%2E%25",
    " leading and trailing ",
    "line\nbreak\r\n\ttab",
    "Ünïcödé 図書館 🏛 \u{202e}rtl",
    "\"quoted\" 'single' \\back\\slash\\",
    "title==\"*\" and (a or b) sortby c/sort.descending <> ^?*",
    "a+b=c&d;e,f|g",
    "{\"json\": [null, 1]}",
    "<xml attr=\"1\">&amp;</xml>",
];

const NUMBERS: [&str; 9] = [
    "0",
    "-0",
    "10.10",
    "1e3",
    "-3.25E-7",
    "0.1",
    "123456789012345678901234567890.5",
    "1",
    "99999999999999999999",
];

impl<'a> Values<'a> {
    /// Of requests, or of responses.
    pub fn new(release: &'a Release, seed: u64, is_response: bool) -> Self {
        Self {
            release,
            random: fastrand::Rng::with_seed(seed),
            is_response,
        }
    }

    /// A value of a schema.
    pub fn of(&mut self, at: At<'a>) -> Json {
        self.make(at, 0, false)
    }

    /// Puts `null` into some lists.
    pub fn add_nulls(&mut self, value: &mut Json) {
        match value {
            Json::Object(fields) => fields.values_mut().for_each(|value| self.add_nulls(value)),
            Json::List(items) => {
                items.iter_mut().for_each(|item| self.add_nulls(item));
                if !items.is_empty() && self.one_in(12) {
                    let place = self.random.usize(0..=items.len());
                    items.insert(place, Json::Null);
                }
            }
            _ => {}
        }
    }

    /// A value of a parameter, as text; of a list its elements.
    pub fn parameter(&mut self, at: At<'a>) -> Vec<String> {
        let text = |value: Json| match value {
            Json::Text(text) => text,
            other => other.to_string(),
        };
        match self.make(at, 0, false) {
            Json::List(items) => items.into_iter().map(text).collect(),
            value => vec![text(value)],
        }
    }

    fn one_in(&mut self, of: u32) -> bool {
        self.random.u32(0..of) == 0
    }

    fn make(&mut self, at: At<'a>, depth: usize, is_part: bool) -> Json {
        if depth > 40 {
            return Json::Null;
        }
        let is_nullable = at.schema["nullable"] == true;
        let at = self.release.target(at);
        let schema = at.schema;
        if (is_nullable || schema["nullable"] == true) && !is_part && self.one_in(6) {
            return Json::Null;
        }
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            return match self.random.choice(values) {
                Some(value) => Json::parse(&value.to_string()).unwrap_or(Json::Null),
                None => Json::Null,
            };
        }
        if let Some(made) = self.combined(at, depth, is_part) {
            return made;
        }
        match schema["type"].as_str() {
            Some("array") => self.list(at, depth),
            Some("string") => Json::Text(self.text(schema)),
            Some("integer") => Json::Number(self.integer(schema)),
            Some("number") => Json::Number(self.number(schema)),
            Some("boolean") => Json::Bool(self.random.bool()),
            Some("object") => self.object(at, depth, is_part),
            _ if schema.get("properties").is_some() => self.object(at, depth, is_part),
            _ => self.anything(depth),
        }
    }

    /// A value of one of several schemas, or of all of them.
    fn combined(&mut self, at: At<'a>, depth: usize, is_part: bool) -> Option<Json> {
        let schema = at.schema;
        let of = |schema| At {
            schema,
            name: "",
            ..at
        };
        let tag = schema["discriminator"]["propertyName"].as_str();
        let mapping = schema["discriminator"]["mapping"].as_object();
        if let Some(parts) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let parts: Vec<&Value> = parts.iter().collect();
            let part = self.random.choice(parts)?;
            let mut made = self.make(of(part), depth + 1, false);
            if let (Json::Object(fields), Some(tag)) = (&mut made, tag) {
                let reference = part["$ref"].as_str().unwrap_or_default();
                let named = mapping
                    .into_iter()
                    .flatten()
                    .find(|(_, to)| *to == reference);
                let name = reference.rsplit('/').next().unwrap_or_default();
                let value = named.map_or(name, |(value, _)| value.as_str());
                fields.insert(tag.to_owned(), Json::Text(value.to_owned()));
            }
            if schema.get("properties").is_some() {
                made = merged(made, self.object(at, depth, true));
            }
            return Some(made);
        }
        if let (Some(tag), Some(mapping), false) = (tag, mapping, is_part) {
            let entries: Vec<(&String, &Value)> = mapping.iter().collect();
            let (value, reference) = self.random.choice(entries)?;
            let own = at.name;
            let is_own = reference
                .as_str()
                .is_some_and(|to| to.ends_with(&format!("/{own}")));
            let mut made = match is_own {
                true => self.make(at, depth + 1, true),
                // A mapping holds references as text.
                false => {
                    let name = reference.as_str()?.rsplit('/').next()?;
                    let schema = &at.home["components"]["schemas"][name];
                    self.make(At { schema, name, ..at }, depth + 1, false)
                }
            };
            if let Json::Object(fields) = &mut made {
                fields.insert(tag.to_owned(), Json::Text(value.clone()));
            }
            return Some(made);
        }
        let parts = schema["allOf"].as_array()?;
        let mut whole = Json::Object(BTreeMap::new());
        for part in parts {
            let made = self.make(of(part), depth + 1, true);
            whole = merged(whole, made);
            let base = self.release.target(of(part)).schema;
            if let (Json::Object(fields), Some(tag)) =
                (&mut whole, base["discriminator"]["propertyName"].as_str())
            {
                let entries = base["discriminator"]["mapping"]
                    .as_object()
                    .into_iter()
                    .flatten();
                let mut own = entries.filter(|(_, to)| {
                    to.as_str()
                        .is_some_and(|to| to.ends_with(&format!("/{}", at.name)))
                });
                let value = own.next().map_or(at.name, |(value, _)| value.as_str());
                fields.insert(tag.to_owned(), Json::Text(value.to_owned()));
            }
        }
        if schema.get("properties").is_some() {
            whole = merged(whole, self.object(at, depth, true));
        }
        if let (Json::Object(fields), false) = (&mut whole, is_part) {
            self.complete(at, fields);
        }
        Some(whole)
    }

    fn list(&mut self, at: At<'a>, depth: usize) -> Json {
        let bound = |key: &str| {
            at.schema[key]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
        };
        let least = bound("minItems").unwrap_or(0);
        let most = match depth {
            0..=5 => least.max(3),
            _ => least,
        };
        let most = most.min(bound("maxItems").unwrap_or(usize::MAX).max(least));
        let count = self.random.usize(least..=most);
        let items = At {
            schema: at.schema.get("items").unwrap_or(&Value::Null),
            name: "",
            ..at
        };
        let mut made: Vec<Json> = Vec::new();
        for _ in 0..count {
            let item = self.make(items, depth + 1, false);
            if at.schema["uniqueItems"] != true || !made.contains(&item) {
                made.push(item);
            }
        }
        Json::List(made)
    }

    fn object(&mut self, at: At<'a>, depth: usize, is_part: bool) -> Json {
        let schema = at.schema;
        let of = |schema| At {
            schema,
            name: "",
            ..at
        };
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let mut fields = BTreeMap::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_wanted = required.contains(&name.as_str())
                || match depth {
                    0..=1 => !self.one_in(5),
                    2..=4 => self.one_in(2),
                    5..=7 => self.one_in(5),
                    _ => false,
                };
            if !is_wanted || self.is_response && property["writeOnly"] == true {
                continue;
            }
            // Of a list that the server broke off, RMB sends reasons: the SDK reports it as an
            // error.
            if self.is_response && name == "diagnostics" {
                fields.insert(name.clone(), Json::List(Vec::new()));
                continue;
            }
            let value = self.make(of(property), depth + 1, false);
            fields.insert(name.clone(), value);
        }
        match &schema["additionalProperties"] {
            values @ Value::Object(_) if depth < 8 => {
                for _ in 0..self.random.usize(0..3) {
                    let name = self.word();
                    if schema["properties"].get(&name).is_none() {
                        let value = self.make(of(values), depth + 1, false);
                        fields.insert(name, value);
                    }
                }
            }
            _ if self.is_response && self.one_in(3) => {
                let name = format!("notDescribed {}", self.word());
                fields.insert(name, self.anything(depth));
            }
            _ => {}
        }
        if !is_part {
            self.complete(at, &mut fields);
        }
        Json::Object(fields)
    }

    /// Adds required fields without a description.
    fn complete(&mut self, at: At<'a>, fields: &mut BTreeMap<String, Json>) {
        for name in at.schema["required"].as_array().into_iter().flatten() {
            if let Some(name) = name.as_str()
                && !fields.contains_key(name)
            {
                let value = Json::Text(self.word());
                fields.insert(name.to_owned(), value);
            }
        }
        for part in at.schema["allOf"].as_array().into_iter().flatten() {
            let part = At { schema: part, ..at };
            self.complete(self.release.target(part), fields);
        }
    }

    /// Any JSON.
    fn anything(&mut self, depth: usize) -> Json {
        match self.random.u32(0..if depth > 6 { 4 } else { 6 }) {
            0 => Json::Text(self.word()),
            1 => Json::Bool(self.random.bool()),
            2 => Json::Number(self.odd_number()),
            3 => Json::Object(BTreeMap::new()),
            4 => Json::List(vec![Json::Null, self.anything(depth + 2), Json::Null]),
            _ => Json::Object(BTreeMap::from([
                (self.word(), self.anything(depth + 2)),
                ("empty".to_owned(), Json::List(Vec::new())),
            ])),
        }
    }

    fn word(&mut self) -> String {
        self.random.choice(TEXTS).unwrap_or("word").to_owned()
    }

    fn odd_number(&mut self) -> String {
        self.random.choice(NUMBERS).unwrap_or("1").to_owned()
    }

    fn text(&mut self, schema: &Value) -> String {
        let two = |random: &mut fastrand::Rng, most| random.u32(1..=most);
        match schema["format"].as_str() {
            Some("uuid") => return self.uuid(),
            Some("date") => {
                return format!(
                    "20{:02}-{:02}-{:02}",
                    two(&mut self.random, 99),
                    two(&mut self.random, 12),
                    two(&mut self.random, 28)
                );
            }
            Some("date-time") => {
                let day = format!(
                    "2024-{:02}-{:02}",
                    two(&mut self.random, 12),
                    two(&mut self.random, 28)
                );
                let zone =
                    self.random
                        .choice(["Z", "+00:00", ".000+0000", ".123456+02:00", ".5-0330"]);
                return format!(
                    "{day}T{:02}:00:59{}",
                    two(&mut self.random, 23),
                    zone.unwrap_or("Z")
                );
            }
            Some("time") => return "23:59:00Z".to_owned(),
            Some("email") => return "reader+1@example.org".to_owned(),
            Some("uri" | "url") => return "https://example.org/a?b=c#d".to_owned(),
            Some("ipv4") => return "192.0.2.1".to_owned(),
            Some("byte") => return "Zm9saW8=".to_owned(),
            _ => {}
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            if pattern.contains("a-fA-F0-9]{8}") || pattern.contains("0-9a-fA-F]{8}") {
                return self.uuid();
            }
            if let Some(text) = self.by_pattern(pattern, schema) {
                return text;
            }
        }
        let bound = |key: &str| schema[key].as_u64().and_then(|n| usize::try_from(n).ok());
        let mut text: String = self.word();
        while text.chars().count() < bound("minLength").unwrap_or(0) {
            text.push('x');
        }
        text.chars()
            .take(bound("maxLength").unwrap_or(usize::MAX))
            .collect()
    }

    fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes())
            .into_uuid()
            .to_string()
    }

    /// Text that a pattern matches, made by proptest.
    fn by_pattern(&mut self, pattern: &str, schema: &Value) -> Option<String> {
        let plain = pattern.trim_start_matches('^');
        let plain = match plain.strip_suffix('$') {
            Some(before) if !before.ends_with('\\') => before,
            _ => plain,
        };
        // In JSON Schema these are of ASCII.
        let plain = plain
            .replace("[\\d", "[0-9")
            .replace("\\d", "[0-9]")
            .replace("\\w", "[A-Za-z0-9_]");
        let strategy = proptest::string::string_regex(&plain).ok()?;
        let seed: Vec<u8> = (0..32).map(|_| self.random.u8(..)).collect();
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        let texts = (0..32).filter_map(|_| Some(strategy.new_tree(&mut runner).ok()?.current()));
        let fits = |text: &String| {
            let length = text.chars().count() as u64;
            length >= schema["minLength"].as_u64().unwrap_or(0)
                && length <= schema["maxLength"].as_u64().unwrap_or(u64::MAX)
        };
        texts.into_iter().find(fits)
    }

    fn integer(&mut self, schema: &Value) -> String {
        let (least, most) = match schema["format"].as_str() {
            Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let step = |key: &str| i64::from(schema[key] == true);
        let least = schema["minimum"]
            .as_i64()
            .map_or(least, |n| n + step("exclusiveMinimum"));
        let most = schema["maximum"]
            .as_i64()
            .map_or(most, |n| n - step("exclusiveMaximum"));
        let number = match self.random.u32(0..4) {
            0 => least,
            1 => most,
            _ => self.random.i64(-5..1000).clamp(least, most),
        };
        let by = schema["multipleOf"].as_i64().unwrap_or(1).max(1);
        (number - number % by).to_string()
    }

    fn number(&mut self, schema: &Value) -> String {
        let bounds = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
        if let (None, None, None) = (bounds.0, bounds.1, schema["multipleOf"].as_f64()) {
            return self.odd_number();
        }
        let (least, most) = (bounds.0.unwrap_or(0.0), bounds.1.unwrap_or(1e6));
        let by = schema["multipleOf"].as_f64().unwrap_or(0.25);
        let steps = ((most - least) / by).clamp(0.0, 1000.0);
        format!("{:.2}", least + by * (self.random.f64() * steps).floor())
    }
}

/// Two objects as one; of other values the latter.
fn merged(one: Json, other: Json) -> Json {
    match (one, other) {
        (Json::Object(mut one), Json::Object(other)) => {
            for (name, value) in other {
                one.entry(name).or_insert(value);
            }
            Json::Object(one)
        }
        (one, Json::Null) => one,
        (_, other) => other,
    }
}
