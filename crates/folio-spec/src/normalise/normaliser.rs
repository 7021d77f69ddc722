//! Normalises one schema, including its parts.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::components::Components;
use super::keywords;
use crate::base::error::{Error, Result};
use crate::base::report::ModuleReport;
use crate::base::text::{deceptive, text_problem};
use crate::canonical::reference::PENDING;
use crate::read::schemas::Schemas;

const MAX_DEPTH: usize = 64;

/// Normalises schemas, and adds what they refer to to the components.
pub(super) struct Normaliser<'a> {
    pub(super) components: &'a mut Components,
    pub(super) schemas: &'a mut Schemas,
    pub(super) report: &'a mut ModuleReport,
}

impl Normaliser<'_> {
    /// Normalises the records that were referred to, until none is left.
    pub(super) fn waiting(&mut self, file: &Path) -> Result<()> {
        while let Some(key) = self.components.waiting.pop() {
            let target = match self.schemas.get(&key, file) {
                Ok(target) => target,
                Err(problem) => self.report.any_schema(problem)?,
            };
            self.component(key, &target, 0)?;
        }
        Ok(())
    }

    fn component(&mut self, key: String, target: &Value, depth: usize) -> Result<()> {
        let home = key.split(['#', '!']).next().unwrap_or_default().to_owned();
        let home = Path::new(&home);
        let normalised = self.at(target, home, depth);
        self.components.open.remove(&key);
        let mut normalised = normalised?;
        if let Some((at, problem)) = deceptive(&normalised) {
            let at = format!("{}{at}", key.split_once('#').map_or("", |(_, at)| at));
            normalised = self.report.any_schema(Error::at(home, at, problem))?;
        }
        self.components.schemas.insert(key, normalised);
        Ok(())
    }

    /// A schema that is in `file`.
    pub(super) fn at(&mut self, schema: &Value, file: &Path, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return self.report.any_schema(Error::file(
                file,
                format!("a schema nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        // `true`, and a value that is no schema, states nothing.
        let Value::Object(schema) = schema else {
            return Ok(json!({}));
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(reference, schema, file, depth);
        }
        let mut out = Map::new();
        let kind = Self::kind(schema, &mut out);
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
            let file = file.strip_prefix(self.schemas.folder()).unwrap_or(file);
            self.report.omit(
                file.display().to_string(),
                format!(
                    "the properties of a schema of type {} in {}: a value of that type has none",
                    kind.as_deref().unwrap_or_default(),
                    file.display()
                ),
            );
        }
        self.parts(schema, &mut out, file, depth)?;
        match kind.as_deref() {
            Some("object") => self.object(schema, &mut out, file, depth)?,
            Some("array") => {
                let items = match schema.get("items") {
                    Some(items @ Value::Object(_)) => self.at(items, file, depth + 1)?,
                    // A tuple, as drafts before 2020-12 write it: each element is one of these, if
                    // there are no others.
                    Some(Value::Array(parts))
                        if schema.get("additionalItems") == Some(&Value::Bool(false)) =>
                    {
                        self.one_of(parts, file, depth)?
                    }
                    // As 2020-12 writes it.
                    Some(Value::Bool(false))
                        if schema.get("prefixItems").is_some_and(Value::is_array) =>
                    {
                        let parts = schema.get("prefixItems").and_then(Value::as_array);
                        self.one_of(parts.map_or(&[][..], Vec::as_slice), file, depth)?
                    }
                    Some(_) | None => json!({}),
                };
                out.insert("items".into(), items);
            }
            _ => {}
        }
        keywords::copy(schema, &mut out, kind.as_deref());
        Ok(Value::Object(out))
    }

    /// One of several schemas.
    fn one_of(&mut self, parts: &[Value], file: &Path, depth: usize) -> Result<Value> {
        let mut different: Vec<Value> = Vec::new();
        for part in parts {
            let part = self.at(part, file, depth + 1)?;
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
    fn kind(schema: &Map<String, Value>, out: &mut Map<String, Value>) -> Option<String> {
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
        file: &Path,
        depth: usize,
    ) -> Result<()> {
        for key in ["allOf", "oneOf", "anyOf"] {
            if let Some(Value::Array(parts)) = schema.get(key) {
                let parts: Vec<Value> = parts
                    .iter()
                    .map(|part| self.at(part, file, depth + 1))
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
            let extended = self.at(extended, file, depth + 1)?;
            // Before its own parts, which are more specific.
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
                    let target = self.at(&json!({"$ref": target}), file, depth + 1)?;
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
            // Draft 3 has `required: true` at the property itself.
            if property.get("required") == Some(&Value::Bool(true)) {
                required.insert(name.clone());
            }
            properties.insert(name.clone(), self.at(property, file, depth + 1)?);
        }
        let merged = ["allOf", "oneOf", "anyOf"]
            .iter()
            .any(|key| out.contains_key(*key));
        if !merged {
            let before = required.len();
            required.retain(|name| properties.contains_key(name));
            self.components.dropped_required += before - required.len();
        }
        if !properties.is_empty() {
            out.insert("properties".into(), properties.into());
        }
        if !required.is_empty() {
            out.insert("required".into(), required.into_iter().collect());
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(stated)) => {
                out.insert("additionalProperties".into(), (*stated).into());
            }
            Some(values @ Value::Object(_)) => {
                let values = self.at(values, file, depth + 1)?;
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
        file: &Path,
        depth: usize,
    ) -> Result<Value> {
        if let Some(problem) = text_problem(reference) {
            return self.report.any_schema(Error::file(file, problem));
        }
        let mut key = reference.to_owned();
        let mut passed = BTreeSet::new();
        let target = loop {
            if !passed.insert(key.clone()) {
                return self.report.any_schema(Error::file(
                    file,
                    format!("the reference `{reference}` leads back to itself"),
                ));
            }
            let target = match self.schemas.get(&key, file) {
                Ok(target) => target,
                Err(problem) => return self.report.any_schema(problem),
            };
            match target.get("$ref") {
                Some(Value::String(next)) => key = next.clone(),
                _ => break target,
            }
        };
        if !self.components.open.contains(&key) && !self.components.schemas.contains_key(&key) {
            self.components.open.insert(key.clone());
            let is_record = ["properties", "items"]
                .iter()
                .any(|part| target.get(part).is_some_and(|part| !part.is_null()));
            if is_record {
                self.components.waiting.push(key.clone());
            } else {
                self.component(key.clone(), &target, depth + 1)?;
            }
        }
        let facts: Map<String, Value> = [
            ("readOnly", "readOnly"),
            ("readonly", "readOnly"),
            ("deprecated", "deprecated"),
            ("nullable", "nullable"),
        ]
        .into_iter()
        .filter(|(stated, _)| beside.get(*stated) == Some(&Value::Bool(true)))
        .map(|(_, kept)| (kept.to_owned(), Value::Bool(true)))
        .collect();
        if let Some(Value::Object(value)) = self
            .components
            .schemas
            .get(&key)
            .filter(|schema| is_plain(schema))
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
