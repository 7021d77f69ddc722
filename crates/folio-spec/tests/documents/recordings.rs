//! The documents, compared with what running servers sent: every recorded response to a GET, and to
//! a POST or PUT that gives something back.
//!
//! A property that no schema has is no deviation by itself: records keep what nobody described. It
//! is one where the schema lacks it and the description names something else in its place. So this
//! test reports required properties that are absent, values of another type, values that an enum
//! lacks, lists under another key, media types, and unknown properties of the response itself. What
//! it finds is listed here with a reason, and nothing else may be found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use folio_spec::Release;
use folio_test_support::recordings::{rows, text};
use folio_test_support::threads::each;
use serde_json::Value;

const RELEASES: [&str; 3] = ["ramsons", "sunflower", "trillium"];

const FILES: [&str; 9] = [
    "acq",
    "auth",
    "circulation",
    "crud",
    "exchanges",
    "gateway",
    "lists",
    "spring",
    "eureka-login",
];

/// Part of a deviation, and why the documents stay as they are.
const EXPECTED: [(&str, &str); 10] = [
    (
        "/holdings-storage/holdings/{holdingsRecordId} .sourceId is absent",
        "required of what is sent since Ramsons; older records lack it. Records of responses are read leniently",
    ),
    ("/holdings-storage/holdings .sourceId is absent", "as above"),
    (
        "/tags .tags is absent",
        "mod-tags leaves out an empty list; an absent list is an empty one",
    ),
    (
        "/tags .tags[].label is absent",
        "a label of no text is left out; the POST requires it",
    ),
    (
        ".metadata.createdDate is absent",
        "responses to a POST of Spring modules lack it. Records of responses are read leniently",
    ),
    (
        ".alerts is unknown",
        "of order lines in Ramsons; Trillium's have none",
    ),
    (".reportingCodes is unknown", "as above"),
    (
        "[] is null",
        "recorded by sending nulls in lists; they stay in their places",
    ),
    (
        ".recBunknown is unknown",
        "sent so: the schema has further properties",
    ),
    (
        "._version is unknown",
        "sent so: the schema has further properties",
    ),
];

/// The first value of a text, and whether it was recorded whole: texts are cut off after 1,500 or
/// 4,000 characters. Of one that was cut off what was open is closed after the last element that is
/// whole.
fn value(text: &str) -> Option<(Value, bool)> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    if let Some(Ok(value)) = stream.next() {
        return Some((value, true));
    }
    let (mut open, mut in_text, mut escaped, mut ends) = (Vec::new(), false, false, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' => open.push('}'),
            '[' => open.push(']'),
            '}' | ']' => {
                open.pop();
                // An element of a list: what it is in lacks only others like it.
                if open.last() == Some(&']') {
                    ends.push((at + 1, open.clone()));
                }
            }
            _ => {}
        }
    }
    let (at, open) = ends.into_iter().rfind(|(_, open)| open.len() <= 2)?;
    let closed: String = open.iter().rev().collect();
    let value = serde_json::from_str(&(text[..at].to_owned() + &closed)).ok()?;
    Some((value, false))
}

/// What a reference leads to, and the document that its own references are in.
fn resolved<'a>(
    release: &'a Release,
    mut module: &'a str,
    mut schema: &'a Value,
) -> (&'a str, &'a Value) {
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let (file, pointer) = reference.split_once('#').unwrap();
        if !file.is_empty() {
            module = "common";
        }
        let document = match module {
            "common" => &release.common,
            module => &release.modules[module],
        };
        schema = document.pointer(pointer).unwrap();
    }
    (module, schema)
}

struct Comparison<'a> {
    release: &'a Release,
    operation: String,
    /// Of a response that was cut off: what only the end of it could show is not known.
    is_whole: bool,
    found: &'a mut BTreeMap<String, usize>,
}

impl<'a> Comparison<'a> {
    fn add(&mut self, at: &str, problem: &str) {
        *self
            .found
            .entry(format!("{} {at} {problem}", self.operation))
            .or_default() += 1;
    }

    fn properties(
        &self,
        module: &'a str,
        schema: &'a Value,
    ) -> (BTreeMap<&'a str, (&'a str, &'a Value)>, BTreeSet<&'a str>) {
        let (module, schema) = resolved(self.release, module, schema);
        let own = schema.get("properties").and_then(Value::as_object);
        let mut properties: BTreeMap<_, _> = own
            .into_iter()
            .flatten()
            .map(|(name, property)| (name.as_str(), (module, property)))
            .collect();
        let own = schema.get("required").and_then(Value::as_array);
        let mut required: BTreeSet<&str> = own
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let parts = schema.get("allOf").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            let (more, needed) = self.properties(module, part);
            properties.extend(more);
            required.extend(needed);
        }
        (properties, required)
    }

    fn compare(&mut self, value: &Value, module: &'a str, schema: &'a Value, at: &str) {
        let (module, schema) = resolved(self.release, module, schema);
        if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
            return;
        }
        let kind = match value {
            Value::Null => {
                let is_any = schema.as_object().is_some_and(|schema| schema.is_empty());
                if !is_any
                    && schema.get("nullable") != Some(&Value::Bool(true))
                    && at.ends_with(']')
                {
                    self.add(at, "is null");
                }
                return;
            }
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if let Some(wanted) = schema.get("type").and_then(Value::as_str) {
            let is_whole_number = value.as_f64().is_some_and(|number| number.fract() == 0.0);
            if wanted != kind && !(wanted == "integer" && is_whole_number) {
                return self.add(at, &format!("is {kind}, described as {wanted}"));
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array)
            && !values.contains(value)
        {
            self.add(at, &format!("is {value}, which the enum lacks"));
        }
        match value {
            Value::Array(elements) => {
                if let Some(items) = schema.get("items") {
                    for element in elements {
                        self.compare(element, module, items, &format!("{at}[]"));
                    }
                }
            }
            Value::Object(fields) => {
                let (properties, required) = self.properties(module, schema);
                if properties.is_empty() {
                    return;
                }
                for (name, field) in fields {
                    match properties.get(name.as_str()) {
                        Some((module, property)) => {
                            self.compare(field, module, property, &format!("{at}.{name}"));
                        }
                        None if at.is_empty() && name != "resultInfo" => {
                            self.add(&format!(".{name}"), "is unknown");
                        }
                        None => {}
                    }
                }
                let is_known = self.is_whole || at.contains("[]");
                for name in required
                    .iter()
                    .filter(|name| is_known && !fields.contains_key(**name))
                {
                    self.add(&format!("{at}.{name}"), "is absent");
                }
            }
            _ => {}
        }
    }
}

/// The operation at a path: of those that fit the one with the most literal segments.
fn operation<'a>(
    release: &'a Release,
    method: &str,
    path: &str,
) -> Option<(&'a str, &'a str, &'a Value)> {
    let mut best: Option<(usize, &str, &str, &Value)> = None;
    for (module, document) in &release.modules {
        for (template, item) in document["paths"].as_object().unwrap() {
            let Some(operation) = item.get(method.to_lowercase()) else {
                continue;
            };
            let (wanted, given): (Vec<&str>, Vec<&str>) =
                (template.split('/').collect(), path.split('/').collect());
            let fits = wanted.len() == given.len()
                && wanted
                    .iter()
                    .zip(&given)
                    .all(|(wanted, given)| wanted.starts_with('{') || wanted == given);
            let literals = wanted
                .iter()
                .zip(&given)
                .filter(|(wanted, given)| wanted == given)
                .count();
            if fits && !module.starts_with("edge-") && best.is_none_or(|best| literals > best.0) {
                best = Some((literals, module, template, operation));
            }
        }
    }
    best.map(|(_, module, template, operation)| (module, template, operation))
}

#[test]
fn documents_agree_with_what_servers_sent() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let recorded: Vec<Value> = FILES.into_iter().flat_map(rows).collect();
    let used = each(&RELEASES, |name| {
        let mut used = BTreeSet::new();
        let release = Release::read(&specs.join(name)).unwrap();
        let mut found = BTreeMap::new();
        let mut compared = 0;
        let mut operations = BTreeMap::new();
        for row in &recorded {
            let status = row["status"].as_u64().unwrap_or_default();
            let (method, body) = (text(row, "method"), text(row, "text"));
            let path = text(row, "path").split('?').next().unwrap_or_default();
            if !(200..300).contains(&status)
                || path.is_empty()
                || !body.trim_start().starts_with(['{', '['])
            {
                continue;
            }
            let looked_up = operations
                .entry((method, path))
                .or_insert_with(|| operation(&release, method, path));
            let Some((module, template, operation)) = *looked_up else {
                continue;
            };
            let Some((value, is_whole)) = value(body) else {
                continue;
            };
            let responses = operation["responses"].as_object().unwrap();
            let content = responses
                .iter()
                .filter(|(status, _)| status.starts_with('2'))
                .find_map(|(_, response)| response.get("content")?.as_object());
            let mut comparison = Comparison {
                release: &release,
                operation: format!("{method} {template}"),
                is_whole,
                found: &mut found,
            };
            let Some(content) = content else {
                if operation.pointer("/x-folio/untyped").is_none()
                    && !responses.contains_key("default")
                {
                    comparison.add("", "gives something, described as nothing");
                }
                continue;
            };
            let json = content.iter().find(|(media, _)| media.contains("json"));
            let Some(schema) = json.and_then(|(_, media)| media.get("schema")) else {
                if json.is_none() {
                    comparison.add("", "gives JSON, described as something else");
                }
                continue;
            };
            compared += 1;
            comparison.compare(&value, module, schema, "");
        }
        let (expected, others): (Vec<_>, Vec<_>) = found
            .iter()
            .partition(|(deviation, _)| EXPECTED.iter().any(|(part, _)| deviation.contains(part)));
        used.extend(expected.iter().flat_map(|(deviation, _)| {
            EXPECTED
                .iter()
                .filter(|(part, _)| deviation.contains(part))
                .map(|(part, _)| *part)
        }));
        println!(
            "{name}: {compared} responses compared, {} deviations expected",
            expected.len()
        );
        for (deviation, count) in &others {
            println!("{count:5} {deviation}");
        }
        assert_eq!(others.len(), 0, "{name}");
        assert!(compared > 3_000, "{compared}");
        used
    });
    let used: BTreeSet<&str> = used.into_iter().flatten().collect();
    let unused: Vec<_> = EXPECTED
        .iter()
        .filter(|(part, _)| !used.contains(part))
        .collect();
    assert!(unused.is_empty(), "no longer found: {unused:?}");
}
