//! Real records go through the generated ones without loss.
//!
//! The samples lie in `../shared/folio-samples`; `FOLIO_SAMPLES` names another folder of the same form: `index.jsonl` with a line a file
//! (`module`, `path`, `guess`: an endpoint or the file of a schema, `guess_kind`), and the files in folders by module.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

// `through(module, record, json)`, generated with the records.
include!(concat!(env!("OUT_DIR"), "/records.rs"));
// `schemas()`, generated with the types.
#[cfg(feature = "schemars")]
include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Identical,
    NullOrEmpty,
    Lossy,
    Failed,
    Invalid,
    NoRecord,
}

const OUTCOMES: [(Outcome, &str); 6] = [
    (Outcome::Identical, "identical"),
    (Outcome::NullOrEmpty, "null/empty"),
    (Outcome::Lossy, "lossy"),
    (Outcome::Failed, "failed"),
    (Outcome::Invalid, "invalid"),
    (Outcome::NoRecord, "no record"),
];

#[test]
fn every_valid_sample_comes_back_as_it_was() {
    let Some((samples, index)) = index() else {
        return;
    };
    let specs = Specs::read();
    let mut table: BTreeMap<String, BTreeMap<Outcome, usize>> = BTreeMap::new();
    let mut said = String::new();
    let mut bad = 0;
    // By the rule of its schema that a file breaks, with one of them.
    let mut broken: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for entry in &index {
        let module = entry["module"].as_str().unwrap();
        let (outcome, reason) = specs.outcome(&samples, entry);
        *table
            .entry(module.to_owned())
            .or_default()
            .entry(outcome)
            .or_default() += 1;
        if !matches!(outcome, Outcome::Identical | Outcome::NullOrEmpty) {
            writeln!(
                said,
                "{outcome:?}: {module}/{}: {reason}",
                entry["path"].as_str().unwrap_or_default()
            )
            .unwrap();
        }
        bad += usize::from(matches!(outcome, Outcome::Lossy | Outcome::Failed));
        if outcome == Outcome::Invalid {
            let rule = reason
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'));
            let rule = rule.map_or("is no JSON", |(rule, _)| rule);
            let path = entry["path"].as_str().unwrap_or_default();
            broken
                .entry(rule.to_owned())
                .or_insert_with(|| (0, format!("{module}/{path}")))
                .0 += 1;
        }
    }
    write!(said, "{:<26}", "module").unwrap();
    for (_, name) in OUTCOMES {
        write!(said, "{name:>12}").unwrap();
    }
    for (module, counts) in &table {
        write!(said, "\n{module:<26}").unwrap();
        for (outcome, _) in &OUTCOMES {
            let count = counts.get(outcome).copied().unwrap_or_default();
            write!(said, "{count:>12}").unwrap();
        }
    }
    for (rule, (count, example)) in &broken {
        write!(said, "\ninvalid by {rule}: {count}, as {example}").unwrap();
    }
    say(&said);
    assert_eq!(bad, 0, "lossy or failed, see above");
    assert!(
        !table.is_empty(),
        "none of the samples belongs to an enabled module"
    );
}

/// The feature `schemars`: its schemas give the verdicts of the published ones, on each sample and on what becomes of it when one of its
/// fields is taken away or is something else.
#[cfg(feature = "schemars")]
#[test]
fn schemas_give_the_verdicts_of_the_published_ones() {
    let Some((samples, index)) = index() else {
        return;
    };
    let specs = Specs::read();
    let squashed = |name: &str| name.replace(['_', '-'], "").to_lowercase();
    let schemas: BTreeMap<_, _> = schemas()
        .into_iter()
        .map(|(module, name, _, schema)| ((module.to_owned(), squashed(name)), schema))
        .collect();
    let mut validators = BTreeMap::new();
    let (mut compared, mut refused, mut different) = (0, 0, Vec::new());
    for entry in &index {
        let module = entry["module"].as_str().unwrap();
        let Ok((sample, reference)) = specs.sample(&samples, entry) else {
            continue;
        };
        let (owner, name) = owner(module, &reference);
        let Some(schema) = schemas.get(&(owner.to_owned(), squashed(name))) else {
            continue;
        };
        let (published, ours) = validators
            .entry((module.to_owned(), reference.clone()))
            .or_insert_with(|| {
                let mut generator = schemars::SchemaGenerator::default();
                let mut root = schema(&mut generator).to_value();
                root["$defs"] = Value::Object(generator.take_definitions(true));
                (
                    specs.validator(module, &reference).unwrap(),
                    built(jsonschema::Draft::Draft202012, &root).unwrap(),
                )
            });
        for sample in std::iter::once(sample.clone()).chain(variations(&sample)) {
            let verdict = published.is_valid(&sample);
            compared += 1;
            refused += usize::from(!verdict);
            if ours.is_valid(&sample) != verdict {
                let path = entry["path"].as_str().unwrap();
                different.push(format!(
                    "{module}/{path}: {name}: {verdict} as published: {sample}"
                ));
            }
        }
    }
    say(&format!(
        "{compared} values compared, {refused} of them invalid"
    ));
    assert!(different.is_empty(), "{}", different.join("\n"));
    assert!(refused > 0 && refused < compared, "no verdict of one kind");
}

/// A record with one of its fields taken away, or of another kind.
#[cfg(feature = "schemars")]
fn variations(sample: &Value) -> Vec<Value> {
    let mut varied = Vec::new();
    let Value::Object(fields) = sample else {
        return varied;
    };
    for key in fields.keys() {
        let mut less = fields.clone();
        less.remove(key);
        varied.push(Value::Object(less));
        for other in [json!(null), json!("?"), json!(-7), json!([]), json!({})] {
            let mut changed = fields.clone();
            changed.insert(key.clone(), other);
            varied.push(Value::Object(changed));
        }
    }
    varied
}

/// The folder of the samples and their index, or a word that they are absent.
fn index() -> Option<(PathBuf, Vec<Value>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = std::env::var_os("FOLIO_SAMPLES").map_or_else(
        || {
            let shared = std::env::var_os("FOLIO_SHARED");
            let shared = shared.map_or_else(|| root.join("../shared"), PathBuf::from);
            shared.join("folio-samples")
        },
        PathBuf::from,
    );
    let index = samples.join("index.jsonl");
    let Ok(text) = std::fs::read_to_string(&index) else {
        say(&format!("skipped: {} is absent", index.display()));
        return None;
    };
    let specs = Specs::read();
    let entries = text.lines().filter(|line| !line.trim().is_empty());
    let mut entries: Vec<Value> = entries
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // Of modules that are not enabled there are no records.
    entries.retain(|entry| {
        specs
            .documents
            .contains_key(entry["module"].as_str().unwrap())
    });
    Some((samples, entries))
}

/// The document that a reference of a module leads into, and the component there.
fn owner<'a>(module: &'a str, reference: &'a str) -> (&'a str, &'a str) {
    match reference.strip_prefix("common.json#/components/schemas/") {
        Some(name) => ("common", name),
        None => (
            module,
            reference.trim_start_matches("#/components/schemas/"),
        ),
    }
}

/// Past the test harness, which keeps to itself what a test that passes prints.
fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stderr();
    writeln!(out, "\n{text}").unwrap();
}

/// The canonical documents of the enabled modules.
struct Specs {
    documents: BTreeMap<String, Value>,
    common: Value,
}

impl Specs {
    fn read() -> Self {
        let mut documents = BTreeMap::new();
        for entry in std::fs::read_dir(env!("FOLIO_SPECS_READ")).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                let name = path.file_stem().unwrap().to_string_lossy().into_owned();
                documents.insert(
                    name,
                    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap(),
                );
            }
        }
        documents.remove("release");
        let common = documents.remove("common").unwrap_or_default();
        documents.retain(|module, document: &mut Value| {
            let first = document
                .pointer("/components/schemas")
                .and_then(Value::as_object)
                .and_then(|s| s.keys().next());
            // A module that is not enabled has no records here.
            first.is_some()
                && document["components"]["schemas"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|n| through(module, n, "{}").is_some())
        });
        Self { documents, common }
    }

    /// A sample, and the reference of what it is by the index.
    fn sample(&self, samples: &Path, entry: &Value) -> Result<(Value, String), (Outcome, String)> {
        let module = entry["module"].as_str().unwrap();
        let file = samples.join(module).join(entry["path"].as_str().unwrap());
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => return Err((Outcome::Invalid, error.to_string())),
        };
        let sample: Value = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            Ok(sample) => sample,
            Err(error) => return Err((Outcome::Invalid, error.to_string())),
        };
        let reference = match (entry["guess"].as_str(), entry["guess_kind"].as_str()) {
            (Some(path), Some("endpoint")) => self.by_endpoint(module, path, &sample),
            (Some(file), _) => {
                self.by_source(module, |source| source == format!("{module}/{file}"))
            }
            (None, _) => None,
        };
        // Where the index names nothing that is described: the schema whose file has the sample's name.
        let stem = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.split('.')
                .next()
                .unwrap_or_default()
                .replace(['-', '_'], "")
                .to_lowercase()
        };
        let own = stem(entry["path"].as_str().unwrap());
        let reference = reference.or_else(|| self.by_source(module, |source| stem(source) == own));
        match reference {
            Some(reference) => Ok((sample, reference)),
            None => {
                let reason = format!("nothing is described for {}", entry["guess"]);
                Err((Outcome::NoRecord, reason))
            }
        }
    }

    fn outcome(&self, samples: &Path, entry: &Value) -> (Outcome, String) {
        let module = entry["module"].as_str().unwrap();
        let (sample, reference) = match self.sample(samples, entry) {
            Ok(found) => found,
            Err(outcome) => return outcome,
        };
        if let Err(reason) = self.validate(module, &reference, &sample) {
            return (Outcome::Invalid, reason);
        }
        let (owner, name) = owner(module, &reference);
        match through(owner, name, &sample.to_string()) {
            None => (Outcome::NoRecord, format!("{name} is no record")),
            Some(Err(error)) => (Outcome::Failed, format!("{name}: {error}")),
            Some(Ok(back)) if back == sample => (Outcome::Identical, String::new()),
            Some(Ok(back)) if pruned(&back) == pruned(&sample) => {
                (Outcome::NullOrEmpty, String::new())
            }
            Some(Ok(back)) => (
                Outcome::Lossy,
                format!("{name}: {}", difference(&sample, &back, String::new())),
            ),
        }
    }

    /// The record of an endpoint, or its collection if that is what the sample is. An endpoint that only reads views of records leads to
    /// the one of its last segment that takes them.
    fn by_endpoint(&self, module: &str, path: &str, sample: &Value) -> Option<String> {
        let paths = self.documents[module]["paths"].as_object()?;
        let last = path.rsplit('/').next();
        paths
            .get(path)
            .and_then(|item| self.by_item(module, item, sample))
            .or_else(|| {
                paths
                    .iter()
                    .filter(|(other, _)| other.rsplit('/').next() == last)
                    .find_map(|(_, item)| self.by_item(module, item, sample))
            })
    }

    fn by_item(&self, module: &str, item: &Value, sample: &Value) -> Option<String> {
        let schema = |value: &Value| {
            let content = value.get("content")?.as_object()?;
            let json = content
                .iter()
                .find(|(media_type, _)| media_type.contains("json"))?
                .1;
            Some(json.get("schema")?.get("$ref")?.as_str()?.to_owned())
        };
        let items = item
            .pointer("/get/x-folio/paging/items")
            .and_then(Value::as_str);
        if items.is_some_and(|items| sample.get(items).is_some()) {
            return schema(item.pointer("/get/responses/200")?);
        }
        let listed = || {
            let list = schema(item.pointer("/get/responses/200")?)?;
            let name = list.strip_prefix("#/components/schemas/")?;
            let items = self.documents[module].pointer(&format!(
                "/components/schemas/{name}/properties/{}/items/$ref",
                items?
            ))?;
            Some(items.as_str()?.to_owned())
        };
        let taken = |method: &str| {
            item.pointer(&format!("/{method}/requestBody"))
                .and_then(schema)
        };
        // Data that comes with a module is as records are stored, which is not always how they are sent.
        let candidates: Vec<String> = [taken("post"), taken("put"), listed()]
            .into_iter()
            .flatten()
            .collect();
        let valid = |candidate: &&String| self.validate(module, candidate, sample).is_ok();
        candidates
            .iter()
            .find(valid)
            .or(candidates.first())
            .cloned()
    }

    /// The component that was made of a file.
    fn by_source(&self, module: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let within = |document: &Value| {
            let schemas = document.pointer("/components/schemas")?.as_object()?;
            schemas.iter().find_map(|(name, schema)| {
                let sources = schema.pointer("/x-folio/sources")?.as_array()?;
                let own = |source: &&str| source.starts_with(&format!("{module}/"));
                sources
                    .iter()
                    .filter_map(Value::as_str)
                    .filter(own)
                    .any(&wanted)
                    .then(|| name.clone())
            })
        };
        within(&self.documents[module])
            .map(|name| format!("#/components/schemas/{name}"))
            .or_else(|| {
                within(&self.common).map(|name| format!("common.json#/components/schemas/{name}"))
            })
    }

    /// Whether the sample is valid by the schema as its module published it: the canonical document keeps all that is said there.
    fn validate(&self, module: &str, reference: &str, sample: &Value) -> Result<(), String> {
        let validator = self.validator(module, reference)?;
        let mut errors = validator.iter_errors(sample);
        errors.next().map_or(Ok(()), |error| {
            let rule = error.schema_path().to_string();
            let rule = rule.rsplit('/').next().unwrap_or_default();
            Err(format!("[{rule}] {}: {error}", error.instance_path()))
        })
    }

    fn validator(&self, module: &str, reference: &str) -> Result<jsonschema::Validator, String> {
        let mut schema = json!({
            "$ref": reference,
            "components": self.documents[module]["components"],
            "common": self.common.get("components").cloned().unwrap_or_default(),
        });
        json_schema(&mut schema["components"], "#/components/");
        json_schema(&mut schema["common"], "#/common/");
        let root = schema["$ref"]
            .as_str()
            .unwrap()
            .replace("common.json#/components/", "#/common/");
        schema["$ref"] = root.into();
        built(jsonschema::Draft::Draft4, &schema)
    }
}

fn built(draft: jsonschema::Draft, schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::options()
        .with_draft(draft)
        .with_format("uuid", |text| {
            text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
        })
        // Dates are text here: FOLIO's own sample data has zones without a colon.
        .with_format("date-time", |_| true)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| format!("the schema itself: {error}"))
}

/// Turns what is OpenAPI's own into JSON Schema: `nullable`, and references.
fn json_schema(value: &mut Value, home: &str) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                *reference = match reference.strip_prefix("common.json#/components/") {
                    Some(rest) => format!("#/common/{rest}"),
                    None => reference.replace("#/components/", home),
                };
            }
            map.values_mut().for_each(|value| json_schema(value, home));
            if map.get("nullable") == Some(&Value::Bool(true)) {
                let inner = std::mem::take(map);
                map.insert("anyOf".into(), json!([{"type": "null"}, inner]));
                strip_nullable(map);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| json_schema(value, home)),
        _ => {}
    }
}

fn strip_nullable(map: &mut Map<String, Value>) {
    if let Some(Value::Array(parts)) = map.get_mut("anyOf") {
        parts
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(|part| {
                part.remove("nullable");
            });
    }
}

/// A value without nulls, empty lists and empty objects, and with all numbers as doubles.
fn pruned(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), pruned(value)))
            .filter(|(_, value)| !is_nothing(value))
            .collect(),
        Value::Array(list) => list
            .iter()
            .map(pruned)
            .filter(|value| !value.is_null())
            .collect(),
        Value::Number(number) => number.as_f64().into(),
        other => other.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Where two values differ first.
fn difference(was: &Value, is: &Value, at: String) -> String {
    match (was, is) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys());
            let key = keys.clone().find(|key| {
                pruned(a.get(*key).unwrap_or(&Value::Null))
                    != pruned(b.get(*key).unwrap_or(&Value::Null))
            });
            match key {
                Some(key) => difference(
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                    format!("{at}/{key}"),
                ),
                None => at,
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find(|(_, (a, b))| pruned(a) != pruned(b))
            .map_or(at.clone(), |(index, (a, b))| {
                difference(a, b, format!("{at}/{index}"))
            }),
        _ => format!("{at} was {was}, is {is}"),
    }
}
