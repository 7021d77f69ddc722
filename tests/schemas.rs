//! The JSON Schemas of the generated types say what the canonical documents say.
//!
//! The comparison walks both sides together and knows nothing of how one was made of the other.
//! That they give the same verdicts on real records is in `roundtrip.rs`.

#![cfg(feature = "schemars")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by a panic"
)]

use std::collections::{BTreeMap, BTreeSet};

use folio_test_support::files::documents;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

// `schemas()`, with each type of the build.
folio_codegen_tests::schemas!();

#[test]
fn every_type_has_the_schema_that_its_module_published() {
    let mut generator = SchemaGenerator::default();
    let written: Vec<_> = schemas()
        .into_iter()
        .map(|(module, name, pointer, schema)| (module, name, pointer, schema(&mut generator)))
        .collect();
    let mut comparison = Comparison {
        documents: documents(env!("FOLIO_SPECS_READ")),
        definitions: generator.take_definitions(true),
        seen: BTreeSet::new(),
    };
    assert!(!written.is_empty(), "no module is enabled");
    let mut different = Vec::new();
    for (module, name, pointer, schema) in &written {
        let place = comparison.find(module, pointer);
        let said = match place {
            Some((home, published)) => comparison.same(schema.as_value(), &home, &published),
            None => Err("the document has nothing there".to_owned()),
        };
        if let Err(said) = said {
            different.push(format!("{module} {name} ({pointer}): {said}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    println!(
        "{} types, {} definitions compared",
        written.len(),
        comparison.seen.len()
    );
}

#[test]
fn every_schema_is_one_of_the_dialect_that_schemars_writes() {
    for (module, name, _, schema) in schemas() {
        let schema = schema(&mut SchemaGenerator::default());
        if let Err(error) = jsonschema::draft202012::meta::validate(schema.as_value()) {
            panic!("{module} {name}: {}: {error}", error.instance_path());
        }
    }
}

#[cfg(feature = "users")]
#[test]
fn types_of_ones_own_have_schemas_with_records_in_them() {
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code, reason = "it is there for its schema")]
    struct Card {
        user: folio_sdk::users::User,
        printed: folio_sdk::DateTime,
        room: Option<folio_sdk::Id>,
    }
    let schema = schemars::schema_for!(Card).to_value();
    assert_eq!(
        schema["properties"]["user"],
        json!({"$ref": "#/$defs/User"})
    );
    assert_eq!(
        schema["properties"]["printed"],
        json!({"type": "string", "format": "date-time"})
    );
    let user = &schema["$defs"]["User"]["properties"];
    assert_eq!(user["username"]["type"], "string");
    assert_eq!(user["metadata"], json!({"$ref": "#/$defs/Metadata"}));
}

/// Keywords whose value is a schema.
const SCHEMA: [&str; 3] = ["items", "additionalProperties", "not"];
/// Keywords whose value is a list of schemas.
const SCHEMAS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// What OpenAPI 3.0 has and JSON Schema has not.
const NOT_JSON_SCHEMA: [&str; 3] = ["nullable", "discriminator", "x-folio"];

struct Comparison {
    documents: BTreeMap<String, Value>,
    definitions: Map<String, Value>,
    /// Pairs of a definition and a component that are, or are being, compared.
    seen: BTreeSet<(String, String, String)>,
}

impl Comparison {
    /// What stands at a pointer, which may lead through references and `allOf`, and in which
    /// document.
    fn find(&self, document: &str, pointer: &str) -> Option<(String, Value)> {
        let keys = pointer.split('/').skip(1);
        let keys: Vec<String> = keys
            .map(|key| key.replace("~1", "/").replace("~0", "~"))
            .collect();
        // A component, or what stands at an operation, is there as it is written; below it parts
        // may have to be merged.
        let start = match keys.first()?.as_str() {
            "components" => 3,
            _ => keys.iter().position(|key| key == "schema")? + 1,
        };
        let mut at = self.documents.get(document)?;
        for key in keys.get(..start)? {
            at = match at {
                Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                at => at.get(key)?,
            };
        }
        let mut place = (document.to_owned(), at.clone());
        for key in keys.get(start..)? {
            place = self.step(&place, key)?;
        }
        Some(place)
    }

    fn step(&self, (home, value): &(String, Value), key: &str) -> Option<(String, Value)> {
        let found = match value {
            Value::Array(list) => list.get(key.parse::<usize>().ok()?),
            value => value.get(key),
        };
        let is_merged = key == "properties" && value.get("allOf").is_some();
        if let (Some(found), false) = (found, is_merged) {
            return Some((home.clone(), found.clone()));
        }
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            return self.step(&self.target(home, reference)?, key);
        }
        // A property of a record that is merged of parts: `properties` is of that part which has
        // it.
        let parts = value.get("allOf")?.as_array()?;
        let mut parts: Vec<_> = parts
            .iter()
            .filter_map(|part| self.step(&(home.clone(), part.clone()), key))
            .collect();
        parts.extend(found.map(|own| (home.clone(), own.clone())));
        match &parts[..] {
            [.., (home, Value::Object(_))] if parts.len() > 1 => {
                let mut merged = Map::new();
                for (_, part) in &parts {
                    merged.extend(part.as_object()?.clone());
                }
                Some((home.clone(), Value::Object(merged)))
            }
            [.., last] => Some(last.clone()),
            [] => None,
        }
    }

    fn target(&self, home: &str, reference: &str) -> Option<(String, Value)> {
        let (file, name) = reference.split_once("#/components/schemas/")?;
        let home = match file {
            "" => home,
            file => file.strip_suffix(".json")?,
        };
        let schemas = self.documents.get(home)?.pointer("/components/schemas")?;
        Some((home.to_owned(), schemas.get(name)?.clone()))
    }

    /// Whether a schema of ours means what a published one means.
    fn same(&mut self, ours: &Value, home: &str, published: &Value) -> Result<(), String> {
        let (Value::Object(ours_map), Value::Object(theirs)) = (ours, published) else {
            return equal("schema", ours, published);
        };
        if let Some(Value::String(reference)) = theirs.get("$ref") {
            let definition = ours["$ref"]
                .as_str()
                .and_then(|r| r.strip_prefix("#/$defs/"));
            let definition = definition
                .ok_or_else(|| format!("{ours} where {published} is"))?
                .to_owned();
            let (home, target) = self
                .target(home, reference)
                .ok_or("a reference into nothing")?;
            let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
            if !self.seen.insert((definition.clone(), home.clone(), name)) {
                return Ok(());
            }
            let defined = self
                .definitions
                .get(&definition)
                .cloned()
                .ok_or("no such definition")?;
            return self
                .same(&defined, &home, &target)
                .map_err(|said| format!("{definition}: {said}"));
        }
        let mut ours_map = ours_map.clone();
        if theirs.get("nullable") == Some(&Value::Bool(true)) {
            ours_map =
                without_null(ours_map).ok_or_else(|| format!("{ours} does not take null"))?;
        }
        let is_exclusive = |limit: &str| {
            let key = format!("exclusive{}{}", limit[..1].to_uppercase(), &limit[1..]);
            (theirs.get(&key) == Some(&Value::Bool(true))).then_some(key)
        };
        for (key, value) in theirs {
            if NOT_JSON_SCHEMA.contains(&key.as_str()) || key.starts_with("exclusive") {
                continue;
            }
            let exclusive = matches!(key.as_str(), "minimum" | "maximum")
                .then(|| is_exclusive(key))
                .flatten();
            let key = exclusive.as_ref().unwrap_or(key);
            let mine = ours_map
                .remove(key)
                .ok_or_else(|| format!("lacks `{key}`"))?;
            let said = if SCHEMA.contains(&key.as_str()) {
                self.same(&mine, home, value)
            } else if SCHEMAS.contains(&key.as_str()) {
                let (mine, parts) = (mine.as_array().unwrap(), value.as_array().unwrap());
                equal("how many", &json!(mine.len()), &json!(parts.len()))?;
                mine.iter()
                    .zip(parts)
                    .try_for_each(|(mine, part)| self.same(mine, home, part))
            } else if key == "properties" {
                let (mine, parts) = (mine.as_object().unwrap(), value.as_object().unwrap());
                equal("how many", &json!(mine.len()), &json!(parts.len()))?;
                parts.iter().try_for_each(|(name, part)| {
                    let mine = mine
                        .get(name)
                        .ok_or_else(|| format!("lacks the property `{name}`"))?;
                    self.same(mine, home, part)
                        .map_err(|said| format!("{name}: {said}"))
                })
            } else {
                equal(key, &mine, value)
            };
            said.map_err(|said| format!("{key}: {said}"))?;
        }
        match ours_map.is_empty() {
            true => Ok(()),
            false => Err(format!("has more: {}", Value::Object(ours_map))),
        }
    }
}

fn equal(what: &str, ours: &Value, published: &Value) -> Result<(), String> {
    match ours == published {
        true => Ok(()),
        false => Err(format!("{what} is {ours}, was published as {published}")),
    }
}

/// A schema that takes null, without that.
fn without_null(mut schema: Map<String, Value>) -> Option<Map<String, Value>> {
    if let Some(Value::Array(types)) = schema.get("type") {
        let [ty, null] = &types[..] else { return None };
        let ty = (null == "null").then(|| ty.clone())?;
        schema.insert("type".into(), ty);
        return Some(schema);
    }
    let parts = schema.get("anyOf")?.as_array()?;
    let [inner, null] = &parts[..] else {
        return None;
    };
    (schema.len() == 1 && *null == json!({"type": "null"})).then(|| inner.as_object().cloned())?
}
