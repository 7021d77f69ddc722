//! The passes over a canonical document that make of it what progenitor and typify take, and what FOLIO's users need.
//!
//! Each pass is a function with a name and a reason. Nothing here changes what is sent or what is kept: facts that progenitor cannot carry
//! go around it as [`facts::Operation`](crate::facts::Operation).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::{COMMON, Document, kind};
use crate::error::Error;
use crate::facts::{self, Answer, Body, METHODS, Operation, Parameter};

/// A document that progenitor takes, and what goes around it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) openapi: Value,
    pub(crate) operations: Vec<Operation>,
    /// The shared records that the document names.
    pub(crate) common: BTreeSet<String>,
}

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";

/// Lowers a module's document.
pub(crate) fn module(document: &Document, common: &Document) -> Result<Lowered, Error> {
    let mut lowering = Lowering {
        document,
        in_module: true,
        common,
        used: BTreeSet::new(),
    };
    let mut schemas = lowering.schemas(document)?;
    let mut operations = Vec::new();
    let mut paths = Map::new();
    for (path, item) in object(document, "/paths", document.root.get("paths"))? {
        let mut lowered = Map::new();
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let mut facts = facts::read(document, path, method, operation)?;
            let shared = item
                .get("parameters")
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            lowered.insert(
                method.to_owned(),
                lowering.operation(&mut facts, operation, shared)?,
            );
            operations.push(facts);
        }
        paths.insert(path.clone(), Value::Object(lowered));
    }
    // A replaced type has to be declared; what it holds is of no matter.
    for name in &lowering.used {
        schemas.insert(name.clone(), json!({"type": "object"}));
    }
    let common = lowering.used;
    Ok(Lowered {
        openapi: openapi(document, paths, schemas),
        operations,
        common,
    })
}

/// Lowers the shared records that are named by `wanted`, and those that they name.
pub(crate) fn common(common: &Document, wanted: &BTreeSet<String>) -> Result<Lowered, Error> {
    let mut lowering = Lowering {
        document: common,
        in_module: false,
        common,
        used: BTreeSet::new(),
    };
    let all = lowering.schemas(common)?;
    let mut schemas = Map::new();
    let mut open: Vec<String> = wanted.iter().cloned().collect();
    while let Some(name) = open.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let schema = all.get(&name).ok_or_else(|| {
            Error::document(
                &common.name,
                format!("/components/schemas/{name}"),
                "a module names this record, and it is not here",
            )
        })?;
        references(schema, &mut |reference| {
            open.extend(reference.strip_prefix(LOCAL).map(str::to_owned))
        });
        schemas.insert(name, schema.clone());
    }
    Ok(Lowered {
        openapi: openapi(common, Map::new(), schemas),
        operations: Vec::new(),
        common: BTreeSet::new(),
    })
}

fn openapi(document: &Document, paths: Map<String, Value>, schemas: Map<String, Value>) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": document.name, "version": "0"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

struct Lowering<'a> {
    /// The document that references are read in. While what a shared name stands for is put in its place, the shared one.
    document: &'a Document,
    /// Whether what is lowered becomes part of a module.
    in_module: bool,
    common: &'a Document,
    used: BTreeSet<String>,
}

impl Lowering<'_> {
    /// All components that become types, lowered.
    fn schemas(&mut self, of: &Document) -> Result<Map<String, Value>, Error> {
        let mut lowered = Map::new();
        for (name, schema) in of.schemas()? {
            if is_type(schema) {
                lowered.insert(
                    name.clone(),
                    self.schema(&format!("/components/schemas/{name}"), schema, 0)?,
                );
            }
        }
        Ok(lowered)
    }

    fn operation(
        &mut self,
        facts: &mut Operation,
        operation: &Value,
        shared: &[Value],
    ) -> Result<Value, Error> {
        let at = format!("/paths/{}/{}", facts.path.replace('/', "~1"), facts.method);
        let own = operation
            .get("parameters")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut parameters = self.parameters(facts, &at, own, shared)?;
        // What the path names and nothing describes is text.
        for name in &facts.path_parameters {
            if !parameters
                .iter()
                .any(|p| p["in"] == "path" && p["name"] == **name)
            {
                parameters.push(json!({"in": "path", "name": name, "required": true, "schema": {"type": "string"}}));
            }
        }
        let mut lowered = json!({
            "operationId": facts.name,
            "parameters": parameters,
            "responses": self.responses(facts, &at, operation.get("responses"))?,
        });
        if let Some(body) = self.body(facts, &at, operation.get("requestBody"))? {
            lowered["requestBody"] = body;
        }
        Ok(lowered)
    }

    /// Header and cookie parameters are dropped: the pipeline owns the headers. Objects and unions in the query string are text.
    fn parameters(
        &mut self,
        facts: &mut Operation,
        at: &str,
        own: &[Value],
        shared: &[Value],
    ) -> Result<Vec<Value>, Error> {
        let mut lowered: Vec<Value> = Vec::new();
        for (index, parameter) in own.iter().chain(shared).enumerate() {
            let at = format!("{at}/parameters/{index}");
            let place = facts::string(self.document, &at, parameter, "in")?.unwrap_or_default();
            let name = facts::string(self.document, &at, parameter, "name")?.ok_or_else(|| {
                Error::document(&self.document.name, &at, "a parameter without `name`")
            })?;
            let known = lowered
                .iter()
                .any(|p| p["in"] == *place && p["name"] == *name);
            if known || !matches!(place.as_str(), "path" | "query") {
                continue;
            }
            let schema =
                self.parameter_schema(&at, parameter.get("schema").unwrap_or(&Value::Null))?;
            let required = parameter.get("required") == Some(&Value::Bool(true));
            if place == "query" {
                facts.query.push(Parameter {
                    name: name.clone(),
                    required,
                });
            } else if !facts.path_parameters.contains(&name) {
                return Err(Error::document(
                    &self.document.name,
                    &at,
                    format!("the path has no {{{name}}}"),
                ));
            }
            lowered.push(json!({"in": place, "name": name, "required": required || place == "path", "schema": schema}));
        }
        Ok(lowered)
    }

    fn parameter_schema(&mut self, at: &str, schema: &Value) -> Result<Value, Error> {
        let lowered = self.schema(at, schema, 0)?;
        let simple = |schema: &Value| {
            schema.get("$ref").is_some()
                || matches!(
                    schema["type"].as_str(),
                    Some("string" | "integer" | "number" | "boolean")
                )
        };
        if lowered["type"] == "array" && simple(&lowered["items"]) || simple(&lowered) {
            return Ok(lowered);
        }
        Ok(match lowered["type"] == "array" {
            true => json!({"type": "array", "items": {"type": "string"}}),
            false => json!({"type": "string"}),
        })
    }

    /// progenitor takes one JSON body with a schema; bodies of other media types go around it.
    fn body(
        &mut self,
        facts: &mut Operation,
        at: &str,
        body: Option<&Value>,
    ) -> Result<Option<Value>, Error> {
        let Some(body) = body else { return Ok(None) };
        let at = format!("{at}/requestBody");
        let content = object(self.document, &format!("{at}/content"), body.get("content"))?;
        let required = body.get("required") == Some(&Value::Bool(true));
        if let Some((media_type, json)) = content.iter().find(|(media_type, _)| is_json(media_type))
        {
            let at = format!("{at}/content/{}/schema", media_type.replace('/', "~1"));
            let schema = self.schema(&at, json.get("schema").unwrap_or(&Value::Null), 0)?;
            facts.body = Body::Json {
                media_type: media_type.clone(),
                required,
            };
            // progenitor's optional bodies are required ones all the same; ours are setters.
            return Ok(Some(
                json!({"required": true, "content": {"application/json": {"schema": schema}}}),
            ));
        }
        if let Some(media_type) = content.keys().next() {
            facts.body = Body::Bytes {
                media_type: media_type.clone(),
                required,
            };
        }
        Ok(None)
    }

    /// progenitor takes one type of success and one of failure. Failures are dropped, since the SDK has one error type that carries the
    /// server's words. Of the successes the one with JSON stays.
    fn responses(
        &mut self,
        facts: &mut Operation,
        at: &str,
        responses: Option<&Value>,
    ) -> Result<Value, Error> {
        let mut successes = Vec::new();
        for (status, response) in object(self.document, &format!("{at}/responses"), responses)? {
            if status.starts_with('2') {
                successes.push((status, response.get("content").and_then(Value::as_object)));
            }
        }
        let with = |wanted: &dyn Fn(&str) -> bool| {
            successes.iter().find_map(|(status, content)| {
                let (media_type, value) = (*content)?
                    .iter()
                    .find(|(media_type, _)| wanted(media_type))?;
                Some(((*status).clone(), media_type.clone(), value))
            })
        };
        let empty = successes
            .iter()
            .any(|(_, content)| content.is_none_or(Map::is_empty));
        let json = with(&is_json);
        let (status, answer) = if let Some((status, media_type, value)) = json {
            facts.answer = Answer::Json;
            let at = format!(
                "{at}/responses/{status}/content/{}/schema",
                media_type.replace('/', "~1")
            );
            let schema = self.schema(&at, value.get("schema").unwrap_or(&Value::Null), 0)?;
            (
                status,
                json!({"description": "", "content": {"application/json": {"schema": schema}}}),
            )
        } else {
            let (status, answer) = match (
                with(&|media_type| media_type.starts_with("text/")),
                with(&|_| true),
            ) {
                (Some((status, ..)), _) => (status, Answer::Text),
                (None, Some((status, ..))) => (status, Answer::Bytes),
                (None, None) if empty => ("204".to_owned(), Answer::Empty),
                (None, None) => ("204".to_owned(), Answer::Undescribed),
            };
            facts.answer = answer;
            (status, json!({"description": ""}))
        };
        facts.may_be_empty = empty && !matches!(facts.answer, Answer::Empty | Answer::Undescribed);
        Ok(json!({status: answer}))
    }

    /// Lowers a schema:
    ///
    /// - references to what is no type of its own (lists, text with a format) are replaced by what they name, since typify wraps each in
    ///   a struct that helps nobody;
    /// - unknown fields are kept, whatever `additionalProperties` says: a server newer than the description sends them, and a PUT without
    ///   them would drop them;
    /// - defaults and limits go: a default would be written into records that lack the field, a limit makes a type of every field;
    /// - what may be null may be absent, and so may `totalRecords`, which RMB leaves out when asked for `totalRecords=none`;
    /// - `allOf` is merged, since a record is one struct;
    /// - unions are any JSON, since "the first that fits" is wrong for records whose fields are optional.
    fn schema(&mut self, at: &str, schema: &Value, depth: usize) -> Result<Value, Error> {
        if depth > 64 {
            return Err(Error::document(
                &self.document.name,
                at,
                "a schema deeper than 64 levels",
            ));
        }
        let Value::Object(schema) = schema else {
            return Ok(json!({}));
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(at, reference, depth);
        }
        if let Some(Value::Array(parts)) = schema.get("allOf") {
            let merged = self.merge(at, schema, parts, depth)?;
            return self.schema(at, &merged, depth + 1);
        }
        if schema.contains_key("oneOf")
            || schema.contains_key("anyOf")
            || schema.contains_key("not")
        {
            return Ok(json!({}));
        }
        let mut lowered = match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(at, schema, depth)?,
            Some("array") => {
                let items = self.schema(
                    &format!("{at}/items"),
                    schema.get("items").unwrap_or(&Value::Null),
                    depth + 1,
                )?;
                json!({"type": "array", "items": items})
            }
            Some("string") => text(schema),
            Some("integer") => match schema.get("format").and_then(Value::as_str) {
                Some("int32") => json!({"type": "integer", "format": "int32"}),
                _ => json!({"type": "integer"}),
            },
            Some("number") => json!({"type": "number"}),
            Some("boolean") => json!({"type": "boolean"}),
            None if schema.contains_key("properties") => self.object(at, schema, depth)?,
            None if schema.contains_key("enum") => text(schema),
            None => json!({}),
            Some(other) => {
                let problem = format!("expected a type of OpenAPI 3.0, found `{other}`");
                return Err(Error::document(
                    &self.document.name,
                    format!("{at}/type"),
                    problem,
                ));
            }
        };
        if let Some(facts) = field_facts(schema) {
            lowered["description"] = facts.into();
        }
        Ok(lowered)
    }

    fn object(
        &mut self,
        at: &str,
        schema: &Map<String, Value>,
        depth: usize,
    ) -> Result<Value, Error> {
        let Some(Value::Object(properties)) = schema
            .get("properties")
            .filter(|p| p.as_object().is_some_and(|p| !p.is_empty()))
        else {
            let values = match schema.get("additionalProperties") {
                Some(values @ Value::Object(_)) => {
                    self.schema(&format!("{at}/additionalProperties"), values, depth + 1)?
                }
                _ => json!({}),
            };
            return Ok(json!({"type": "object", "additionalProperties": values}));
        };
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let mut fields = Map::new();
        let mut needed = Vec::new();
        for (name, property) in properties {
            fields.insert(
                name.clone(),
                self.schema(&format!("{at}/properties/{name}"), property, depth + 1)?,
            );
            let optional =
                property.get("nullable") == Some(&Value::Bool(true)) || name == "totalRecords";
            if required.iter().any(|r| r == name.as_str()) && !optional {
                needed.push(name.clone());
            }
        }
        let mut object = json!({"type": "object", "properties": fields, "required": needed, "additionalProperties": {}});
        if let Some(name) = inline_name(at)
            && (self.document.schemas()?.contains_key(&name)
                || self.common.schemas()?.contains_key(&name))
        {
            object["title"] = format!("{name}Inline").into();
        }
        Ok(object)
    }

    fn reference(&mut self, at: &str, reference: &str, depth: usize) -> Result<Value, Error> {
        let unresolved = || {
            let problem = format!(
                "the reference `{reference}` leads nowhere: expected {LOCAL}Name or {SHARED}Name"
            );
            Error::document(&self.document.name, at, problem)
        };
        let (document, name) = match (
            reference.strip_prefix(LOCAL),
            reference.strip_prefix(SHARED),
        ) {
            (Some(name), _) => (self.document, name),
            (None, Some(name)) => (self.common, name),
            (None, None) => return Err(unresolved()),
        };
        let target = document.schemas()?.get(name).ok_or_else(unresolved)?;
        if !is_type(target) {
            let home = std::mem::replace(&mut self.document, document);
            let lowered = self.schema(&format!("/components/schemas/{name}"), target, depth + 1);
            self.document = home;
            return lowered;
        }
        if document.name == COMMON && self.in_module {
            self.used.insert(name.to_owned());
        }
        Ok(json!({"$ref": format!("{LOCAL}{name}")}))
    }

    /// Merges the parts of an `allOf` and what stands beside it into one schema.
    fn merge(
        &self,
        at: &str,
        schema: &Map<String, Value>,
        parts: &[Value],
        depth: usize,
    ) -> Result<Value, Error> {
        if depth > 64 {
            return Err(Error::document(
                &self.document.name,
                at,
                "an allOf deeper than 64 levels",
            ));
        }
        let mut beside = schema.clone();
        beside.remove("allOf");
        // One reference with facts beside it is how OpenAPI 3.0 says "read-only" of a reference.
        if let ([part @ Value::Object(only)], false) = (parts, beside.contains_key("properties"))
            && only.contains_key("$ref")
        {
            return Ok(part.clone());
        }
        let mut merged = json!({"type": "object", "properties": {}, "required": []});
        for part in parts.iter().chain([&Value::Object(beside)]) {
            let mut part = part.clone();
            if let Some(Value::String(reference)) = part.get("$ref").cloned() {
                let name = reference.strip_prefix(LOCAL);
                let found = match (name, reference.strip_prefix(SHARED)) {
                    (Some(name), _) => self.document.schemas()?.get(name),
                    (None, Some(name)) => self.common.schemas()?.get(name),
                    (None, None) => None,
                };
                let problem = || {
                    Error::document(
                        &self.document.name,
                        at,
                        format!("the reference `{reference}` leads nowhere"),
                    )
                };
                part = found.ok_or_else(problem)?.clone();
                if name.is_none() && self.document.name != COMMON {
                    share(&mut part);
                }
            }
            if let Some(Value::Array(inner)) = part.get("allOf") {
                let outer = part.as_object().cloned().unwrap_or_default();
                part = self.merge(at, &outer, inner, depth + 1)?;
            }
            if let (Some(Value::Object(from)), Some(Value::Object(to))) =
                (part.get("properties"), merged.get_mut("properties"))
            {
                to.extend(
                    from.iter()
                        .map(|(name, property)| (name.clone(), property.clone())),
                );
            }
            if let (Some(Value::Array(from)), Some(Value::Array(to))) =
                (part.get("required"), merged.get_mut("required"))
            {
                to.extend(from.iter().cloned());
            }
        }
        Ok(merged)
    }
}

/// The name that typify gives a record without one, by the place where it stands: `TitleData` of the property `data` of `Title`. It does not
/// look whether a record is named so already.
fn inline_name(at: &str) -> Option<String> {
    let mut steps = at.strip_prefix("/components/schemas/")?.split('/');
    let mut name = steps.next()?.to_owned();
    let mut inner = false;
    while let Some(step) = steps.next() {
        inner = true;
        if step == "items" {
            name.push_str("Item");
            continue;
        }
        let words = steps.next()?.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words {
            let mut chars = word.chars();
            name.extend(chars.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(chars.as_str());
        }
    }
    inner.then_some(name)
}

/// Text: an identifier, a date, one of several values, or any.
fn text(schema: &Map<String, Value>) -> Value {
    if let Some(format @ ("uuid" | "date-time")) = schema.get("format").and_then(Value::as_str) {
        return json!({"type": "string", "format": format});
    }
    match schema.get("enum").and_then(Value::as_array) {
        Some(values) if makes_variants(values) => json!({"type": "string", "enum": values}),
        _ => json!({"type": "string"}),
    }
}

/// Whether each value gives a variant of its own. `a-b` and `a_b` do not; such a field is text.
fn makes_variants(values: &[Value]) -> bool {
    let mut seen = BTreeSet::new();
    !values.is_empty()
        && values.iter().all(|value| {
            let name: String = value
                .as_str()
                .unwrap_or_default()
                .chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect();
            !name.is_empty() && seen.insert(name)
        })
}

/// What a field's documentation says of it, from facts.
fn field_facts(schema: &Map<String, Value>) -> Option<String> {
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let mut facts = Vec::new();
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid" | "date-time") | None => {}
        Some(format) => facts.push(format!("format {format}")),
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        facts.push(format!("matches `{}`", pattern.replace('`', "'")));
    }
    if let Some(default) = schema.get("default") {
        facts.push(format!(
            "the server's default is `{}`",
            default.to_string().replace('`', "'")
        ));
    }
    if flag("readOnly") {
        facts.push("read-only".into());
    }
    if flag("deprecated") {
        facts.push("deprecated".into());
    }
    (!facts.is_empty()).then(|| facts.join("; "))
}

/// Whether a component becomes a Rust type: a record or an enum.
fn is_type(schema: &Value) -> bool {
    let has_fields = schema["properties"]
        .as_object()
        .is_some_and(|fields| !fields.is_empty());
    let union = schema.get("oneOf").is_some()
        || schema.get("anyOf").is_some()
        || schema.get("not").is_some();
    let merged = schema["allOf"]
        .as_array()
        .is_some_and(|parts| match &parts[..] {
            [only] => has_fields || only.get("$ref").is_none(),
            parts => !parts.is_empty(),
        });
    let text = schema["type"] == "string"
        && text(schema.as_object().unwrap_or(&Map::new()))
            .get("enum")
            .is_some();
    !union && (has_fields || merged || text)
}

/// Whether a media type is JSON, `application/vnd.api+json` too.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json"
        || essence.ends_with("+json") && essence != "application/stream+json"
}

/// Makes a part of the shared document say where its references lead, before it becomes part of a module's.
fn share(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(LOCAL)
            {
                *reference = format!("{SHARED}{name}");
            }
            map.values_mut().for_each(share);
        }
        Value::Array(list) => list.iter_mut().for_each(share),
        _ => {}
    }
}

fn references(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                each(reference);
            }
            map.values().for_each(|value| references(value, each));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, each)),
        _ => {}
    }
}

/// An object of the document, or nothing where it is absent.
fn object<'a>(
    document: &Document,
    at: &str,
    value: Option<&'a Value>,
) -> Result<&'a Map<String, Value>, Error> {
    static NONE: std::sync::OnceLock<Map<String, Value>> = std::sync::OnceLock::new();
    match value {
        None => Ok(NONE.get_or_init(Map::new)),
        Some(Value::Object(map)) => Ok(map),
        Some(other) => Err(Error::document(
            &document.name,
            at,
            format!("expected an object, found {}", kind(other)),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, root: Value) -> Document {
        Document::new(name, root)
    }

    fn nothing_shared() -> Document {
        document(COMMON, json!({}))
    }

    /// Lowers one schema of a document whose components are `components`.
    fn lowered(components: Value, schema: Value) -> Value {
        let document = document("mod-test", json!({"components": {"schemas": components}}));
        let common = nothing_shared();
        let mut lowering = Lowering {
            document: &document,
            in_module: true,
            common: &common,
            used: BTreeSet::new(),
        };
        lowering.schema("", &schema, 0).unwrap()
    }

    #[test]
    fn a_record_within_a_record_takes_the_name_of_no_other() {
        let module = document(
            "mod-test",
            json!({"paths": {}, "components": {"schemas": {
                "Title": {"type": "object", "properties": {
                    "data": {"type": "object", "properties": {"a": {"type": "string"}}},
                    "more": {"type": "object", "properties": {"a": {"type": "string"}}},
                }},
                "TitleData": {"type": "object", "properties": {"b": {"type": "string"}}},
            }}}),
        );
        let lowered = super::module(&module, &nothing_shared()).unwrap();
        let title = &lowered.openapi["components"]["schemas"]["Title"]["properties"];
        assert_eq!(title["data"]["title"], "TitleDataInline");
        assert_eq!(title["more"].get("title"), None);
    }

    fn object_of(properties: Value, required: Value) -> Value {
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": {}})
    }

    #[test]
    fn unknown_fields_are_kept_whatever_the_source_says_of_them() {
        for said in [json!(false), json!(true), json!({"type": "string"})] {
            let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": said});
            assert_eq!(
                lowered(json!({}), schema),
                object_of(json!({"a": {"type": "string"}}), json!([]))
            );
        }
    }

    #[test]
    fn defaults_and_limits_do_not_reach_the_types() {
        let schema = json!({"type": "string", "default": "x", "pattern": "^x$", "minLength": 1, "maxLength": 9});
        let lowered = lowered(json!({}), schema);
        assert_eq!(lowered["type"], "string");
        assert_eq!(
            lowered["description"],
            "matches `^x$`; the server's default is `\"x\"`"
        );
        assert_eq!(lowered.as_object().unwrap().len(), 2);
    }

    #[test]
    fn what_may_be_null_is_not_required() {
        let schema = json!({"type": "object", "required": ["a", "b", "totalRecords"], "properties": {
            "a": {"type": "string"}, "b": {"type": "string", "nullable": true}, "totalRecords": {"type": "integer"},
        }});
        assert_eq!(lowered(json!({}), schema)["required"], json!(["a"]));
    }

    #[test]
    fn references_to_lists_and_text_are_replaced_by_what_they_name() {
        let components = json!({
            "Uuid": {"type": "string", "format": "uuid"},
            "Ids": {"type": "array", "items": {"$ref": "#/components/schemas/Uuid"}},
            "Alias": {"allOf": [{"$ref": "#/components/schemas/Ids"}]},
            "Book": {"type": "object", "properties": {"a": {"type": "string"}}},
        });
        let ids = json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
        assert_eq!(
            lowered(
                components.clone(),
                json!({"$ref": "#/components/schemas/Alias"})
            ),
            ids
        );
        let book = json!({"$ref": "#/components/schemas/Book"});
        assert_eq!(lowered(components, book.clone()), book);
    }

    #[test]
    fn the_parts_of_an_all_of_are_one_record() {
        let components = json!({"Base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}});
        let schema = json!({"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "required": ["b"], "properties": {"b": {"type": "integer"}}},
        ]});
        let fields = json!({"a": {"type": "string"}, "b": {"type": "integer"}});
        assert_eq!(
            lowered(components, schema),
            object_of(fields, json!(["a", "b"]))
        );
    }

    #[test]
    fn one_reference_with_facts_beside_it_stays_a_reference() {
        let components =
            json!({"Base": {"type": "object", "properties": {"a": {"type": "string"}}}});
        let schema = json!({"allOf": [{"$ref": "#/components/schemas/Base"}], "readOnly": true});
        assert_eq!(
            lowered(components, schema),
            json!({"$ref": "#/components/schemas/Base"})
        );
    }

    #[test]
    fn values_that_make_one_variant_leave_a_field_text() {
        let text = json!({"type": "string"});
        assert_eq!(
            lowered(json!({}), json!({"type": "string", "enum": ["a-b", "a_b"]})),
            text
        );
        assert_eq!(
            lowered(json!({}), json!({"type": "string", "enum": ["a", ""]})),
            text
        );
        let values = json!({"type": "string", "enum": ["a", "b"]});
        assert_eq!(lowered(json!({}), values.clone()), values);
    }

    #[test]
    fn shared_records_are_named_and_what_they_name_comes_along() {
        let common = document(
            COMMON,
            json!({"components": {"schemas": {
                "Errors": {"type": "object", "properties": {"errors": {"type": "array", "items": {"$ref": "#/components/schemas/Error"}}}},
                "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
                "Unused": {"type": "object", "properties": {"x": {"type": "string"}}},
                "Notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
                "Note": {"type": "object", "properties": {"text": {"type": "string"}}},
            }}}),
        );
        let module = document(
            "mod-test",
            json!({"paths": {}, "components": {"schemas": {
                "Answer": {"type": "object", "properties": {
                    "errors": {"$ref": "common.json#/components/schemas/Errors"},
                    "notes": {"$ref": "common.json#/components/schemas/Notes"},
                }},
            }}}),
        );
        let lowered = super::module(&module, &common).unwrap();
        let expected = BTreeSet::from(["Errors", "Note"].map(str::to_owned));
        assert_eq!(lowered.common, expected);
        let lowered = super::common(&common, &lowered.common).unwrap();
        let names: Vec<&String> = lowered.openapi["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, ["Error", "Errors", "Note"]);
    }

    fn operation(operation: Value) -> (Operation, Value) {
        let document = document(
            "mod-test",
            json!({"paths": {"/a/{id}": {"post": operation}}}),
        );
        let mut lowered = super::module(&document, &nothing_shared()).unwrap();
        (
            lowered.operations.remove(0),
            lowered.openapi["paths"]["/a/{id}"]["post"].take(),
        )
    }

    #[test]
    fn failures_are_dropped_and_the_success_with_json_stays() {
        let (facts, lowered) = operation(json!({"operationId": "post_a", "responses": {
            "200": {"description": "", "content": {"application/json": {"schema": {"type": "string"}}}},
            "204": {"description": ""},
            "400": {"description": "", "content": {"text/plain": {}}},
            "422": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}},
        }}));
        assert_eq!(facts.answer, Answer::Json);
        assert!(facts.may_be_empty);
        let kept = json!({"200": {"description": "", "content": {"application/json": {"schema": {"type": "string"}}}}});
        assert_eq!(lowered["responses"], kept);
    }

    #[test]
    fn bodies_that_are_no_json_go_around_progenitor() {
        let (facts, lowered) = operation(
            json!({"operationId": "post_a", "responses": {"200": {"description": "",
            "content": {"text/plain": {}}}}, "requestBody": {"required": true, "content": {"application/octet-stream": {}}}}),
        );
        assert_eq!(
            facts.body,
            Body::Bytes {
                media_type: "application/octet-stream".into(),
                required: true
            }
        );
        assert_eq!(facts.answer, Answer::Text);
        assert!(lowered.get("requestBody").is_none());
        assert_eq!(lowered["responses"], json!({"200": {"description": ""}}));
    }

    #[test]
    fn an_operation_that_describes_no_success_says_so() {
        let (facts, _) =
            operation(json!({"operationId": "post_a", "responses": {"400": {"description": ""}}}));
        assert_eq!(facts.answer, Answer::Undescribed);
    }

    #[test]
    fn headers_are_dropped_and_undescribed_path_parameters_are_text() {
        let (facts, lowered) = operation(
            json!({"operationId": "post_a", "responses": {}, "parameters": [
                {"in": "header", "name": "X-Okapi-Tenant", "schema": {"type": "string"}},
                {"in": "query", "name": "expand", "schema": {"type": "object"}},
            ]}),
        );
        assert_eq!(facts.query.len(), 1);
        let names: Vec<&Value> = lowered["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| &p["name"])
            .collect();
        assert_eq!(names, ["expand", "id"]);
    }

    #[test]
    fn what_is_not_canonical_is_named_with_its_place() {
        let broken = [
            (
                json!({"post": {"responses": {}}}),
                "mod-test: at /paths/~1a/post: an operation without `operationId`",
            ),
            (
                json!({"post": {"operationId": "a b", "responses": {}}}),
                "cannot be the name of a Rust function",
            ),
            (
                json!({"post": {"operationId": "a", "responses": {"200": {"content": {"application/json": {"schema":
                    {"$ref": "other.json#/X"}}}}}}}),
                "the reference `other.json#/X` leads nowhere",
            ),
            (
                json!({"post": {"operationId": "a", "responses": {"200": {"content": {"application/json": {"schema":
                    {"type": "strin"}}}}}}}),
                "expected a type of OpenAPI 3.0, found `strin`",
            ),
            (
                json!({"post": {"operationId": "a", "responses": []}}),
                "expected an object, found an array",
            ),
        ];
        for (item, said) in broken {
            let document = document("mod-test", json!({"paths": {"/a": item}}));
            let error = super::module(&document, &nothing_shared())
                .unwrap_err()
                .to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn records_that_contain_themselves_end() {
        let components =
            json!({"Loop": {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}}});
        let document = document("mod-test", json!({"components": {"schemas": components}}));
        let common = nothing_shared();
        let mut lowering = Lowering {
            document: &document,
            in_module: true,
            common: &common,
            used: BTreeSet::new(),
        };
        let error = lowering
            .schema("", &json!({"$ref": "#/components/schemas/Loop"}), 0)
            .unwrap_err()
            .to_string();
        assert!(error.contains("deeper than 64 levels"), "{error}");
    }
}
