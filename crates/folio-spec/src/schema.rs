//! Normalises schemas: from whatever draft of JSON Schema, RAML or OpenAPI a module uses to the facts of OpenAPI 3.0.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::files::{self, deceptive};
use crate::source::Schemas;

/// What stands for a reference until components have names.
pub(crate) const PENDING: &str = "pending:";

/// The schemas of a module that become components, by where they stand.
#[derive(Debug, Default)]
pub(crate) struct Components {
    pub(crate) schemas: BTreeMap<String, Value>,
    open: BTreeSet<String>,
    /// Records that something refers to and that are read later, so that a long chain of them is no deep one.
    waiting: Vec<String>,
    /// `required` entries that name no property: dropped, and counted.
    pub(crate) dropped_required: usize,
}

const MAX_DEPTH: usize = 64;

/// Facts that are kept as they are.
const KEPT: [&str; 15] = [
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "default",
    "nullable",
    "writeOnly",
    "deprecated",
];

/// Formats that have a meaning for a program.
const FORMATS: [&str; 14] = [
    "date-time",
    "date",
    "uuid",
    "int32",
    "int64",
    "float",
    "double",
    "byte",
    "binary",
    "email",
    "uri",
    "base64",
    "password",
    "time",
];

impl Components {
    /// Normalises a schema that stands in `file`.
    pub(crate) fn normalise(
        &mut self,
        schema: &Value,
        schemas: &mut Schemas,
        file: &Path,
    ) -> Result<Value> {
        let normalised = self.at(schema, schemas, file, 0)?;
        while let Some(key) = self.waiting.pop() {
            let target = match schemas.get(&key, file) {
                Ok(target) => target,
                Err(problem) => schemas.anything(problem)?,
            };
            self.component(key, &target, schemas, 0)?;
        }
        Ok(normalised)
    }

    /// The properties of an object and of its parts; of one of several objects, those of all, of which those are required that all
    /// require.
    pub(crate) fn fields(&self, schema: &Value) -> Value {
        fn gather(
            components: &Components,
            schema: &Value,
            depth: usize,
            properties: &mut Map<String, Value>,
            required: &mut BTreeSet<String>,
        ) {
            let reference = schema.get("$ref").and_then(Value::as_str);
            let target =
                reference.and_then(|key| components.schemas.get(key.strip_prefix(PENDING)?));
            let schema = target.unwrap_or(schema);
            if depth > 16 {
                return;
            }
            for (name, property) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                properties
                    .entry(name.clone())
                    .or_insert_with(|| property.clone());
            }
            let own = schema.get("required").and_then(Value::as_array);
            required.extend(
                own.into_iter()
                    .flatten()
                    .filter_map(|name| name.as_str().map(str::to_owned)),
            );
            for part in schema
                .get("allOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                gather(components, part, depth + 1, properties, required);
            }
            for key in ["oneOf", "anyOf"] {
                let mut in_all: Option<BTreeSet<String>> = None;
                for part in schema
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    let mut own = BTreeSet::new();
                    gather(components, part, depth + 1, properties, &mut own);
                    in_all = Some(match in_all {
                        Some(known) => known.intersection(&own).cloned().collect(),
                        None => own,
                    });
                }
                required.extend(in_all.into_iter().flatten());
            }
        }
        let (mut properties, mut required) = (Map::new(), BTreeSet::new());
        gather(self, schema, 0, &mut properties, &mut required);
        if properties.is_empty() {
            return schema.clone();
        }
        json!({"properties": properties, "required": required})
    }

    fn component(
        &mut self,
        key: String,
        target: &Value,
        schemas: &mut Schemas,
        depth: usize,
    ) -> Result<()> {
        let home = key.split(['#', '!']).next().unwrap_or_default().to_owned();
        let home = Path::new(&home);
        let normalised = self.at(target, schemas, home, depth);
        self.open.remove(&key);
        let mut normalised = normalised?;
        if let Some((at, problem)) = deceptive(&normalised) {
            let at = format!("{}{at}", key.split_once('#').map_or("", |(_, at)| at));
            normalised = schemas.anything(Error::at(home, at, problem))?;
        }
        self.schemas.insert(key, normalised);
        Ok(())
    }

    fn at(
        &mut self,
        schema: &Value,
        schemas: &mut Schemas,
        file: &Path,
        depth: usize,
    ) -> Result<Value> {
        if depth > MAX_DEPTH {
            return schemas.anything(Error::file(
                file,
                format!("a schema nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        // `true` and anything that is no schema says nothing.
        let Value::Object(schema) = schema else {
            return Ok(json!({}));
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(reference, schema, schemas, file, depth);
        }
        let mut out = Map::new();
        let kind = self.kind(schema, &mut out);
        let stated = schema
            .get("type")
            .and_then(Value::as_str)
            .map(str::to_lowercase);
        if kind == stated
            && matches!(
                kind.as_deref(),
                Some("string" | "integer" | "number" | "boolean")
            )
            && ["properties", "additionalProperties"]
                .iter()
                .filter_map(|key| schema.get(*key))
                .any(|properties| {
                    properties
                        .as_object()
                        .is_some_and(|properties| !properties.is_empty())
                })
        {
            let folder = schemas.folder();
            let file = file.strip_prefix(&folder).unwrap_or(file);
            schemas.omit(
                file.display().to_string(),
                format!(
                    "the properties of a schema of type {} in {}: a value of that type has none",
                    kind.as_deref().unwrap_or_default(),
                    file.display()
                ),
            );
        }
        self.parts(schema, &mut out, schemas, file, depth)?;
        match kind.as_deref() {
            Some("object") => self.object(schema, &mut out, schemas, file, depth)?,
            Some("array") => {
                let items = match schema.get("items") {
                    Some(items @ Value::Object(_)) => self.at(items, schemas, file, depth + 1)?,
                    // A tuple, as drafts before 2020-12 write it: each element is one of these, if there are no others.
                    Some(Value::Array(parts))
                        if schema.get("additionalItems") == Some(&Value::Bool(false)) =>
                    {
                        self.one_of(parts, schemas, file, depth)?
                    }
                    // As 2020-12 writes it.
                    Some(Value::Bool(false))
                        if schema.get("prefixItems").is_some_and(Value::is_array) =>
                    {
                        let parts = schema.get("prefixItems").and_then(Value::as_array);
                        self.one_of(parts.map_or(&[][..], Vec::as_slice), schemas, file, depth)?
                    }
                    Some(_) | None => json!({}),
                };
                out.insert("items".into(), items);
            }
            _ => {}
        }
        for key in KEPT {
            if let Some(value) = schema.get(key).filter(|value| {
                (!value.is_null() && **value != Value::Bool(false) || key == "default")
                    && !has_reference(value)
            }) {
                out.insert(key.into(), value.clone());
            }
        }
        if out
            .get("nullable")
            .is_some_and(|nullable| *nullable != Value::Bool(true))
        {
            out.remove("nullable");
        }
        // RMB writes `readonly`, as an early draft did.
        if ["readOnly", "readonly"]
            .iter()
            .any(|key| schema.get(*key) == Some(&Value::Bool(true)))
        {
            out.insert("readOnly".into(), true.into());
        }
        exclusive(schema, &mut out);
        values(schema, &mut out, kind.as_deref());
        format(schema, &mut out, kind.as_deref());
        Ok(Value::Object(out))
    }

    /// One of several schemas.
    fn one_of(
        &mut self,
        parts: &[Value],
        schemas: &mut Schemas,
        file: &Path,
        depth: usize,
    ) -> Result<Value> {
        let mut different: Vec<Value> = Vec::new();
        for part in parts {
            let part = self.at(part, schemas, file, depth + 1)?;
            if !different.contains(&part) {
                different.push(part);
            }
        }
        Ok(match &different[..] {
            [] => json!({}),
            [only] => only.clone(),
            _ if different.contains(&json!({})) => json!({}),
            _ => json!({"anyOf": different}),
        })
    }

    /// The type: a list with `null` is nullable, what has properties is an object.
    fn kind(&self, schema: &Map<String, Value>, out: &mut Map<String, Value>) -> Option<String> {
        let kind = match schema.get("type") {
            Some(Value::String(kind)) => Some(kind.to_lowercase()),
            Some(Value::Array(kinds)) => {
                let mut names: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                if names.contains(&"null") {
                    out.insert("nullable".into(), true.into());
                    names.retain(|name| *name != "null");
                }
                match names[..] {
                    [only] => Some(only.to_owned()),
                    [] => None,
                    ref several => {
                        out.insert(
                            "anyOf".into(),
                            several.iter().map(|name| json!({"type": name})).collect(),
                        );
                        return None;
                    }
                }
            }
            _ => None,
        };
        let kind = match kind.as_deref() {
            Some("any" | "null") => None,
            Some("date-time") => Some("string".to_owned()),
            Some("string" | "integer" | "number" | "boolean" | "array" | "object") => kind,
            Some("file") => Some("string".to_owned()),
            _ => None,
        };
        let implied = || {
            let has = |key: &str| schema.get(key).is_some_and(Value::is_object);
            if has("properties") || has("additionalProperties") {
                Some("object".to_owned())
            } else if has("items") {
                Some("array".to_owned())
            } else if schema
                .get("enum")
                .and_then(Value::as_array)
                .is_some_and(|values| values.iter().all(Value::is_string))
            {
                Some("string".to_owned())
            } else {
                None
            }
        };
        // What is stated counts, also of what has properties besides.
        let kind = kind.or_else(implied);
        if let Some(kind) = &kind {
            out.insert("type".into(), kind.clone().into());
        }
        kind
    }

    /// `allOf`, `oneOf`, `anyOf` and draft 3's `extends`.
    fn parts(
        &mut self,
        schema: &Map<String, Value>,
        out: &mut Map<String, Value>,
        schemas: &mut Schemas,
        file: &Path,
        depth: usize,
    ) -> Result<()> {
        for key in ["allOf", "oneOf", "anyOf"] {
            if let Some(Value::Array(parts)) = schema.get(key) {
                let parts: Vec<Value> = parts
                    .iter()
                    .map(|part| self.at(part, schemas, file, depth + 1))
                    .collect::<Result<_>>()?;
                // `oneOf: [X, {type: null}]` is X, nullable.
                let (nothing, parts): (Vec<_>, Vec<_>) = parts
                    .into_iter()
                    .partition(|part| *part == json!({}) && key != "allOf");
                if parts.is_empty() {
                    continue;
                }
                if !nothing.is_empty() && parts.len() == 1 {
                    out.insert("nullable".into(), true.into());
                }
                out.insert(key.into(), parts.into());
            }
        }
        if let Some(extended) = schema.get("extends") {
            let extended = self.at(extended, schemas, file, depth + 1)?;
            // Before its own parts, which say more.
            let mut parts = vec![extended];
            if let Some(Value::Array(own)) = out.remove("allOf") {
                parts.extend(own);
            }
            out.insert("allOf".into(), parts.into());
        }
        if let Some(Value::Object(discriminator)) = schema.get("discriminator")
            && let Some(name @ Value::String(_)) = discriminator.get("propertyName")
        {
            let mut kept = json!({"propertyName": name});
            if let Some(Value::Object(mapping)) = discriminator.get("mapping") {
                let mut names = Map::new();
                for (value, target) in mapping {
                    let target = target.as_str().unwrap_or_default();
                    let target = self.at(&json!({"$ref": target}), schemas, file, depth + 1)?;
                    // A variant that is no component cannot be named.
                    if let Some(target @ Value::String(_)) = target.get("$ref") {
                        names.insert(value.clone(), target.clone());
                    }
                }
                kept["mapping"] = names.into();
            }
            out.insert("discriminator".into(), kept);
        }
        Ok(())
    }

    fn object(
        &mut self,
        schema: &Map<String, Value>,
        out: &mut Map<String, Value>,
        schemas: &mut Schemas,
        file: &Path,
        depth: usize,
    ) -> Result<()> {
        let mut required: BTreeSet<String> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let mut properties = Map::new();
        for (name, property) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            // Draft 3 says `required: true` of the property itself.
            if property.get("required") == Some(&Value::Bool(true)) {
                required.insert(name.clone());
            }
            properties.insert(name.clone(), self.at(property, schemas, file, depth + 1)?);
        }
        let merged = ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| out.contains_key(*key));
        if !merged {
            let before = required.len();
            required.retain(|name| properties.contains_key(name));
            self.dropped_required += before - required.len();
        }
        if !properties.is_empty() {
            out.insert("properties".into(), properties.into());
        }
        if !required.is_empty() {
            out.insert("required".into(), required.into_iter().collect());
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(said)) => {
                out.insert("additionalProperties".into(), (*said).into());
            }
            Some(values @ Value::Object(_)) => {
                let values = self.at(values, schemas, file, depth + 1)?;
                out.insert("additionalProperties".into(), values);
            }
            _ => {}
        }
        Ok(())
    }

    /// A reference: to a component, or, where it leads to a plain value, that value.
    fn reference(
        &mut self,
        reference: &str,
        beside: &Map<String, Value>,
        schemas: &mut Schemas,
        file: &Path,
        depth: usize,
    ) -> Result<Value> {
        if let Some(problem) = files::problem(reference) {
            return schemas.anything(Error::file(file, problem));
        }
        let mut key = reference.to_owned();
        let mut passed = BTreeSet::new();
        let target = loop {
            if !passed.insert(key.clone()) {
                return schemas.anything(Error::file(
                    file,
                    format!("the reference `{reference}` leads back to itself"),
                ));
            }
            let target = match schemas.get(&key, file) {
                Ok(target) => target,
                Err(problem) => return schemas.anything(problem),
            };
            match target.get("$ref") {
                Some(Value::String(next)) => key = next.clone(),
                _ => break target,
            }
        };
        if !self.open.contains(&key) && !self.schemas.contains_key(&key) {
            self.open.insert(key.clone());
            let is_record = ["properties", "items"]
                .iter()
                .any(|part| target.get(part).is_some_and(|part| !part.is_null()));
            if is_record {
                self.waiting.push(key.clone());
            } else {
                self.component(key.clone(), &target, schemas, depth + 1)?;
            }
        }
        let facts: Map<String, Value> = [
            ("readOnly", "readOnly"),
            ("readonly", "readOnly"),
            ("deprecated", "deprecated"),
            ("nullable", "nullable"),
        ]
        .into_iter()
        .filter(|(said, _)| beside.get(*said) == Some(&Value::Bool(true)))
        .map(|(_, kept)| (kept.to_owned(), Value::Bool(true)))
        .collect();
        if let Some(Value::Object(value)) = self.schemas.get(&key).filter(|schema| is_plain(schema))
        {
            let mut value = value.clone();
            value.extend(facts);
            return Ok(Value::Object(value));
        }
        let mut out = json!({"$ref": format!("{PENDING}{key}")});
        if !facts.is_empty() {
            out = json!({"allOf": [out]});
            if let Value::Object(map) = &mut out {
                map.extend(facts);
            }
        }
        Ok(out)
    }
}

/// Whether a value that should be a fact has a reference in it, which nobody would follow.
fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("$ref") || map.values().any(has_reference),
        Value::Array(list) => list.iter().any(has_reference),
        _ => false,
    }
}

/// Whether a schema needs no name: text, numbers, anything.
fn is_plain(schema: &Value) -> bool {
    let has = |key: &str| schema.get(key).is_some();
    if has("enum") || has("properties") || has("allOf") || has("oneOf") || has("anyOf") {
        return false;
    }
    !matches!(
        schema.get("type").and_then(Value::as_str),
        Some("array" | "object")
    )
}

/// Later drafts give the limit itself where OpenAPI 3.0 has a flag.
fn exclusive(schema: &Map<String, Value>, out: &mut Map<String, Value>) {
    for (key, limit) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        match schema.get(key) {
            Some(Value::Bool(true)) if out.contains_key(limit) => {
                out.insert(key.into(), true.into());
            }
            Some(value @ Value::Number(_)) => {
                out.insert(limit.into(), value.clone());
                out.insert(key.into(), true.into());
            }
            _ => {}
        }
    }
}

/// `enum` without null, `const` as an enum of one.
fn values(schema: &Map<String, Value>, out: &mut Map<String, Value>, kind: Option<&str>) {
    let values = match (schema.get("enum"), schema.get("const")) {
        (Some(Value::Array(values)), _) => values.clone(),
        (_, Some(value)) => vec![value.clone()],
        _ => return,
    };
    if values.iter().any(Value::is_null) {
        out.insert("nullable".into(), true.into());
    }
    let mut kept: Vec<Value> = Vec::new();
    for value in values {
        // YAML reads some words as numbers or booleans; where the type is text they are text.
        let value = match (kind, &value) {
            (Some("string"), Value::Number(_) | Value::Bool(_)) => Value::String(value.to_string()),
            _ => value,
        };
        // A value that is no scalar is none that a program could name.
        let is_scalar = !(value.is_null() || value.is_object() || value.is_array());
        if is_scalar && !kept.contains(&value) {
            kept.push(value);
        }
    }
    if !kept.is_empty() {
        out.insert("enum".into(), kept.into());
    }
}

/// Formats a program can use; FOLIO's patterns for UUIDs are the format `uuid`.
fn format(schema: &Map<String, Value>, out: &mut Map<String, Value>, kind: Option<&str>) {
    let said = schema
        .get("format")
        .and_then(Value::as_str)
        .map(str::to_lowercase);
    let date = schema.get("type").and_then(Value::as_str) == Some("date-time");
    let uuid = kind == Some("string")
        && (said.as_deref() == Some("uuid")
            || schema
                .get("pattern")
                .and_then(Value::as_str)
                .is_some_and(is_uuid_pattern));
    if uuid {
        out.insert("format".into(), "uuid".into());
        for implied in ["pattern", "minLength", "maxLength"] {
            out.remove(implied);
        }
    } else if date {
        out.insert("format".into(), "date-time".into());
    } else if let Some(format) =
        said.filter(|format| FORMATS.contains(&format.as_str()) && kind.is_some())
    {
        out.insert("format".into(), format.into());
    }
}

/// Whether a pattern is one of the spellings of "a UUID".
fn is_uuid_pattern(pattern: &str) -> bool {
    let squeezed: String = pattern
        .chars()
        .filter(|c| !matches!(c, '^' | '$' | '(' | ')' | '\\'))
        .collect();
    let hex = |part: &str| {
        let (class, count) = part.split_once(']').unwrap_or((part, ""));
        let class = class.trim_start_matches('[');
        let chars: BTreeSet<char> = class
            .replace("0-9", "")
            .replace("a-f", "")
            .replace("A-F", "")
            .chars()
            .collect();
        // Versions and variants are narrowed to some digits: `[1-5]`, `[89ab]`.
        (class.contains("0-9")
            || class.contains("a-f")
            || class.contains("1-5")
            || class.contains("89"))
            && chars
                .iter()
                .all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | '1'..='9'))
            && (count.is_empty() || count.starts_with('{') || count.starts_with('['))
    };
    squeezed.contains("{8}-")
        && squeezed.ends_with("{12}")
        && squeezed.split('-').count() >= 5
        && hex(squeezed.split("{8}").next().unwrap_or_default())
}
