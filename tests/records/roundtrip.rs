//! Real records go through the generated ones without loss. Each file is in exactly one class, and
//! what is not tested is written down.
//!
//! The samples lie in `../shared/folio-samples`; `FOLIO_SAMPLES` names another folder of the same
//! form: `index.jsonl` with a line a file (`module`, `path`, `guess`: an endpoint or the file of a
//! schema, `guess_kind`), and the files in folders by module. The examples lie among the sources of
//! the release, in `../shared/folio-specs`; which schema each is of is read there.
//!
//! `roundtrip/untested.tsv` says how many files of each module are not tested, and why. More fail
//! the test.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use folio_test_support::files::{documents, found, report as say, shared};
use serde_json::{Map, Value, json};

#[allow(dead_code, unreachable_pub, reason = "shared with folio-calls")]
#[path = "../../crates/folio-calls/src/json.rs"]
mod digits;
mod examples;

use digits::Json;

use crate::through;

// `schemas()`, with each type of the build.
#[cfg(feature = "schemars")]
folio_codegen_tests::schemas!();

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Valid by its schema, and unchanged.
    Unchanged,
    /// Invalid by its schema; it was read all the same, and is unchanged.
    InvalidUnchanged,
    /// Invalid by its schema, and not read.
    InvalidUnread,
    /// No JSON.
    NotJson,
    /// No description names it, and no schema has its name.
    NotDescribed,
    /// What it is described as has no type of its own.
    NoType,
    /// The release has no document of its module.
    NotImported,
    /// Its module is not in this build.
    NotBuilt,
    /// It was read, and came back changed.
    Changed,
    /// Valid by its schema, and not read.
    Unread,
}

const CLASSES: [(Class, &str); 10] = [
    (Class::Unchanged, "unchanged"),
    (Class::InvalidUnchanged, "invalid"),
    (Class::InvalidUnread, "unread"),
    (Class::NotJson, "not-json"),
    (Class::NotDescribed, "undescribed"),
    (Class::NoType, "no-type"),
    (Class::NotImported, "not-imported"),
    (Class::NotBuilt, "not-built"),
    (Class::Changed, "CHANGED"),
    (Class::Unread, "FAILED"),
];

impl Class {
    fn name(self) -> &'static str {
        let found = CLASSES.iter().find(|(class, _)| *class == self);
        found.unwrap().1
    }

    /// Whether nothing was shown of the file.
    fn is_untested(self) -> bool {
        matches!(
            self,
            Self::InvalidUnread
                | Self::NotJson
                | Self::NotDescribed
                | Self::NoType
                | Self::NotImported
        )
    }
}

/// How many files of a class and a module are not tested, at most, and why.
const UNTESTED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/records/roundtrip/untested.tsv"
);

#[test]
fn each_sample_is_in_one_class_and_none_that_is_read_is_changed() {
    let Some((samples, index)) = index() else {
        return;
    };
    let specs = Specs::read();
    let mut files: Vec<(String, String, PathBuf, Value)> = Vec::new();
    for entry in index {
        let text = |key: &str| entry[key].as_str().unwrap().to_owned();
        let (module, path) = (text("module"), text("path"));
        let file = samples.join(&module).join(&path);
        files.push((module, path, file, entry));
    }
    let known: BTreeSet<(String, String)> = files
        .iter()
        .map(|(module, path, ..)| (module.clone(), path.clone()))
        .collect();
    for example in examples::of_release(&specs.release()) {
        if !known.contains(&(example.module.clone(), example.path.clone())) {
            let hint = json!({
                "module": example.module, "path": example.path,
                "guess": example.schema, "guess_kind": "schema", "each": example.is_list,
            });
            files.push((example.module, example.path, example.file, hint));
        }
    }
    let mut table: BTreeMap<String, BTreeMap<Class, usize>> = BTreeMap::new();
    let mut said = String::new();
    // By the rule of its schema that a file breaks, with one of them.
    let mut broken: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (module, path, file, entry) in &files {
        let (class, reason) = specs.class(module, file, entry);
        let counts = table.entry(module.clone()).or_default();
        *counts.entry(class).or_default() += 1;
        if class != Class::Unchanged {
            writeln!(said, "{}: {module}/{path}: {reason}", class.name()).unwrap();
        }
        if matches!(class, Class::InvalidUnchanged | Class::InvalidUnread) {
            let rule = reason
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'));
            let rule = rule.map_or("?", |(rule, _)| rule);
            let (count, _) = broken
                .entry(rule.to_owned())
                .or_insert_with(|| (0, format!("{module}/{path}")));
            *count += 1;
        }
    }
    write!(said, "{:<26}", "module").unwrap();
    for (_, name) in CLASSES {
        write!(said, "{name:>13}").unwrap();
    }
    let mut sums: BTreeMap<Class, usize> = BTreeMap::new();
    for (module, counts) in &table {
        write!(said, "\n{module:<26}").unwrap();
        for (class, _) in CLASSES {
            let count = counts.get(&class).copied().unwrap_or_default();
            *sums.entry(class).or_default() += count;
            write!(said, "{count:>13}").unwrap();
        }
    }
    write!(said, "\n{:<26}", "all").unwrap();
    for (class, _) in CLASSES {
        write!(said, "{:>13}", sums[&class]).unwrap();
    }
    for (rule, (count, example)) in &broken {
        write!(said, "\ninvalid by {rule}: {count}, as {example}").unwrap();
    }
    let mut problems = more_than_stated(&table);
    // A build of some modules only shows what it has.
    if !cfg!(feature = "full") {
        problems.clear();
    }
    say(&said);
    assert_eq!(
        sums.values().sum::<usize>(),
        files.len(),
        "each file is in one class"
    );
    assert!(
        problems.is_empty(),
        "not tested, and not in tests/records/roundtrip/untested.tsv:\n{}",
        problems.join("\n")
    );
    assert_eq!(
        sums[&Class::Changed] + sums[&Class::Unread],
        0,
        "changed or not read, see above"
    );
    assert!(
        sums[&Class::Unchanged] > 0,
        "none of the samples belongs to an enabled module"
    );
}

/// What is not tested beyond what is stated.
fn more_than_stated(table: &BTreeMap<String, BTreeMap<Class, usize>>) -> Vec<String> {
    let mut stated: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let list = std::fs::read_to_string(UNTESTED).unwrap();
    for text in list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let [class, module, count, reason] = text.split('\t').collect::<Vec<_>>()[..] else {
            panic!("class, module, number and reason are expected, with tabs between them: {text}");
        };
        assert!(!reason.trim().is_empty(), "without a reason: {text}");
        let before = stated.insert((class, module), count.parse().unwrap());
        assert_eq!(before, None, "stated twice: {text}");
    }
    let mut problems = Vec::new();
    for (module, counts) in table {
        for (class, count) in counts.iter().filter(|(class, _)| class.is_untested()) {
            let most = stated
                .get(&(class.name(), module.as_str()))
                .copied()
                .unwrap_or(0);
            if *count > most {
                problems.push(format!(
                    "{}\t{module}\t{count}\t(stated: {most})",
                    class.name()
                ));
            }
        }
    }
    problems
}

/// The feature `schemars`: its schemas give the verdicts of the published ones, on each sample and
/// on what becomes of it when one of its fields is taken away or is something else.
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
        let file = samples.join(module).join(entry["path"].as_str().unwrap());
        let Ok((sample, _, reference)) = specs.sample(module, &file, entry) else {
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
    let what = "records of FOLIO's samples";
    let samples = match std::env::var_os("FOLIO_SAMPLES") {
        Some(samples) => found(what, samples.into()),
        None => shared(what, "folio-samples"),
    }?;
    let index = found(what, samples.join("index.jsonl"))?;
    let text = std::fs::read_to_string(index).unwrap();
    let entries = text.lines().filter(|line| !line.trim().is_empty());
    let entries = entries.map(|line| serde_json::from_str(line).unwrap());
    Some((samples, entries.collect()))
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

/// The canonical documents of the release.
struct Specs {
    documents: BTreeMap<String, Value>,
    common: Value,
    /// By module and reference.
    validators: RefCell<BTreeMap<(String, String), Validator>>,
}

/// How a schema is validated, or why it is not.
type Validator = Rc<Result<jsonschema::Validator, String>>;

impl Specs {
    fn read() -> Self {
        let mut documents = documents(env!("FOLIO_SPECS_READ"));
        documents.remove("release");
        let common = documents.remove("common").unwrap_or_default();
        Self {
            documents,
            common,
            validators: RefCell::default(),
        }
    }

    /// The release that is built.
    fn release(&self) -> String {
        let folder = Path::new(env!("FOLIO_SPECS_READ"));
        folder.file_name().unwrap().to_string_lossy().into_owned()
    }

    /// Whether a module is part of this build.
    fn is_built(&self, module: &str) -> bool {
        let schemas = self.documents[module].pointer("/components/schemas");
        let mut names = schemas.and_then(Value::as_object).into_iter().flatten();
        cfg!(feature = "full") || names.any(|(name, _)| through(module, name, "{}").is_some())
    }

    /// A sample with its text, and the reference of what it is by the index.
    fn sample(
        &self,
        module: &str,
        file: &Path,
        entry: &Value,
    ) -> Result<(Value, String, String), (Class, String)> {
        let bytes = std::fs::read(file).map_err(|error| (Class::NotJson, error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').to_owned();
        let sample: Value =
            serde_json::from_str(&text).map_err(|error| (Class::NotJson, error.to_string()))?;
        if !self.documents.contains_key(module) {
            return Err((Class::NotImported, "no document".to_owned()));
        }
        if !self.is_built(module) {
            return Err((Class::NotBuilt, "its feature is off".to_owned()));
        }
        let reference = match (entry["guess"].as_str(), entry["guess_kind"].as_str()) {
            (Some(path), Some("endpoint")) => self.by_endpoint(module, path, &sample),
            (Some(file), _) => {
                self.by_source(module, |source| source == format!("{module}/{file}"))
            }
            (None, _) => None,
        };
        // Where the index names nothing that is described: the schema whose file has the sample's
        // name.
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
        let reference = reference.or_else(|| self.by_name(module, &own));
        match reference {
            Some(reference) => Ok((sample, text, reference)),
            None => {
                let reason = format!("nothing is described for {}", entry["guess"]);
                Err((Class::NotDescribed, reason))
            }
        }
    }

    fn class(&self, module: &str, file: &Path, entry: &Value) -> (Class, String) {
        let (sample, text, reference) = match self.sample(module, file, entry) {
            Ok(found) => found,
            Err(class) => return class,
        };
        // A list whose elements are described.
        if let (Value::Array(items), true) = (&sample, entry["each"] == true) {
            let texts: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).unwrap();
            let classes = items
                .iter()
                .zip(&texts)
                .map(|(item, text)| self.class_of(module, &reference, item, text.get()));
            return classes
                .max_by_key(|(class, _)| *class)
                .unwrap_or((Class::Unchanged, String::new()));
        }
        self.class_of(module, &reference, &sample, &text)
    }

    fn class_of(
        &self,
        module: &str,
        reference: &str,
        sample: &Value,
        text: &str,
    ) -> (Class, String) {
        let (owner, name) = owner(module, reference);
        let Some(back) = through(owner, name, text) else {
            return (Class::NoType, format!("{name} has no type of its own"));
        };
        let invalid = self.validate(module, reference, sample).err();
        match (back, invalid) {
            (Err(error), None) => (Class::Unread, format!("{name}: {error}")),
            (Err(error), Some(rule)) => (Class::InvalidUnread, format!("{rule}; {name}: {error}")),
            (Ok(back), invalid) => {
                let (was, is) = (Json::parse(text).unwrap(), Json::parse(&back).unwrap());
                match (was.difference(&is), invalid) {
                    (Some(difference), _) => (Class::Changed, format!("{name}: {difference}")),
                    (None, Some(rule)) => (Class::InvalidUnchanged, rule),
                    (None, None) => (Class::Unchanged, String::new()),
                }
            }
        }
    }

    /// The record of an endpoint, or its collection if that is what the sample is. An endpoint that
    /// only reads views of records leads to the one of its last segment that takes them.
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
        // Data that comes with a module is as records are stored, which is not always how they are
        // sent.
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

    /// The component of a name, without regard to case and punctuation.
    fn by_name(&self, module: &str, wanted: &str) -> Option<String> {
        let schemas = self.documents[module]
            .pointer("/components/schemas")?
            .as_object()?;
        let name = schemas.keys().find(|name| name.to_lowercase() == wanted)?;
        Some(format!("#/components/schemas/{name}"))
    }

    /// Whether the sample is valid by the schema as its module published it: the canonical document
    /// keeps all that is said there.
    fn validate(&self, module: &str, reference: &str, sample: &Value) -> Result<(), String> {
        let key = (module.to_owned(), reference.to_owned());
        let known = self.validators.borrow().get(&key).cloned();
        let validator = known.unwrap_or_else(|| {
            let made = Rc::new(self.validator(module, reference));
            self.validators.borrow_mut().insert(key, made.clone());
            made
        });
        let validator = validator.as_ref().as_ref().map_err(String::clone)?;
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
