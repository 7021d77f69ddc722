//! The passes over a canonical document that make of it what progenitor and typify take, and what FOLIO's users need.
//!
//! Each pass is a function with a name and a reason. Nothing here changes what is sent or what is kept: facts that progenitor cannot carry
//! go around it as [`facts::Operation`](crate::facts::Operation).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::document::{COMMON, Document, kind};
use crate::emit;
use crate::error::Error;
use crate::facts::{
    self, Answer, Body, BodyKind, METHODS, Operation, Parameter, Success, SuccessKind,
};
use crate::text;
use crate::unions::{self, Part, Union, Unions, Variant};

/// A document that progenitor takes, and what goes around it.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) openapi: Value,
    pub(crate) operations: Vec<Operation>,
    /// The shared records that the document names.
    pub(crate) common: BTreeSet<String>,
    pub(crate) unions: Vec<Union>,
}

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";

/// Lowers a module's document.
pub(crate) fn module(document: &Document, common: &Document) -> Result<Lowered, Error> {
    components_have_names(document)?;
    let mut lowering = Lowering {
        document,
        in_module: true,
        common,
        used: BTreeSet::new(),
        answers: Vec::new(),
        unions: Unions::default(),
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
        // progenitor knows no parameter for the rest of a path.
        paths.insert(path.replace("{+", "{"), Value::Object(lowered));
    }
    facts::name_types(&mut operations);
    for (name, answer) in std::mem::take(&mut lowering.answers) {
        paths.insert(format!("/-/{name}"), typed(&name, answer));
    }
    schemas.append(&mut lowering.unions.inline);
    declare(&lowering.unions.list, &mut paths, &mut schemas);
    // A replaced type has to be declared; what it holds is of no matter.
    for name in &lowering.used {
        schemas.insert(name.clone(), json!({"type": "object"}));
    }
    let common = lowering.used;
    Ok(Lowered {
        openapi: openapi(document, paths, schemas),
        operations,
        common,
        unions: lowering.unions.list,
    })
}

/// Lowers the shared records that are named by `wanted`, and those that they name.
pub(crate) fn common(common: &Document, wanted: &BTreeSet<String>) -> Result<Lowered, Error> {
    components_have_names(common)?;
    let mut lowering = Lowering {
        document: common,
        in_module: false,
        common,
        used: BTreeSet::new(),
        answers: Vec::new(),
        unions: Unions::default(),
    };
    let mut all = lowering.schemas(common)?;
    all.append(&mut lowering.unions.inline);
    for union in &lowering.unions.list {
        let variants: Vec<&Value> = union.variants.iter().map(|v| &v.schema).collect();
        all.insert(union.name.clone(), json!({"x-variants": variants}));
    }
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
    let mut unions = lowering.unions.list;
    unions.retain(|union| schemas.contains_key(&union.name));
    let mut paths = Map::new();
    declare(&unions, &mut paths, &mut schemas);
    Ok(Lowered {
        openapi: openapi(common, paths, schemas),
        operations: Vec::new(),
        common: BTreeSet::new(),
        unions,
    })
}

/// What stands between the elements of a list that is one parameter: OpenAPI's styles without `explode`.
fn delimiter(parameter: &Value) -> Option<&'static str> {
    if parameter.get("explode") != Some(&Value::Bool(false)) {
        return None;
    }
    match parameter.get("style").and_then(Value::as_str) {
        Some("spaceDelimited") => Some(" "),
        Some("pipeDelimited") => Some("|"),
        _ => Some(","),
    }
}

/// Components are written as names in the code.
fn components_have_names(document: &Document) -> Result<(), Error> {
    match document.schemas()?.keys().find(|name| !text::is_name(name)) {
        None => Ok(()),
        Some(name) => Err(Error::document(
            &document.name,
            format!(
                "/components/schemas/{}",
                name.replace('~', "~0").replace('/', "~1")
            ),
            format!(
                "`{}` cannot be the name of a Rust type",
                name.escape_debug()
            ),
        )),
    }
}

/// Whether a key of responses is one: a status, or `2XX` for those of a class.
fn is_status(key: &str) -> bool {
    match key.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => key == "default",
    }
}

/// An operation that is made for the type of its answer alone.
fn typed(name: &str, answer: Value) -> Value {
    json!({"get": {"operationId": name, "parameters": [], "responses": {"200": answer}}})
}

/// Declares the unions, which typify replaces, and has their variants' types told.
fn declare(unions: &[Union], paths: &mut Map<String, Value>, schemas: &mut Map<String, Value>) {
    for union in unions {
        schemas.insert(union.name.clone(), json!({"type": "object"}));
        for variant in &union.variants {
            let answer = json!({"description": "", "content": {"application/json": {"schema": variant.schema}}});
            let path = format!("/-/{}", variant.operation);
            paths.insert(path, typed(&variant.operation, answer));
        }
    }
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
    /// Operations that are made for a type alone, by their names, and their answers.
    answers: Vec<(String, Value)>,
    unions: Unions,
}

impl Lowering<'_> {
    /// All components that become types, lowered.
    fn schemas(&mut self, of: &Document) -> Result<Map<String, Value>, Error> {
        let mut lowered = Map::new();
        for (name, schema) in of.schemas()? {
            if unions::subtypes(of, name).is_some() {
                continue;
            }
            if is_type(schema) || unions::is_subtype(of, schema) {
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
        for parameter in &mut parameters {
            if let (true, Some(name)) = (parameter["in"] == "path", parameter["name"].as_str()) {
                parameter["name"] = name.trim_start_matches('+').into();
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
        let mut known = BTreeSet::new();
        for (index, parameter) in own.iter().chain(shared).enumerate() {
            let at = format!("{at}/parameters/{index}");
            let place = facts::string(self.document, &at, parameter, "in")?.unwrap_or_default();
            let name = facts::string(self.document, &at, parameter, "name")?.ok_or_else(|| {
                Error::document(&self.document.name, &at, "a parameter without `name`")
            })?;
            if !matches!(place.as_str(), "path" | "query")
                || !known.insert((place.clone(), name.clone()))
            {
                continue;
            }
            let schema =
                self.parameter_schema(&at, parameter.get("schema").unwrap_or(&Value::Null))?;
            let required = parameter.get("required") == Some(&Value::Bool(true));
            let mut argument = name.clone();
            if place == "query" {
                // The arguments of a function differ, wherever they are sent: `id` in the path and in the query string.
                let is_taken = |argument: &str| {
                    let same = |other: &str| emit::squashed(other) == emit::squashed(argument);
                    facts.path_parameters.iter().any(|name| same(name))
                        || facts.query.iter().any(|other| same(&other.argument))
                        || emit::squashed(argument).is_empty()
                };
                let mut number = 1;
                while is_taken(&argument) {
                    number += 1;
                    argument = format!("{name}InQuery{number}");
                }
                facts.query.push(Parameter {
                    name: name.clone(),
                    argument: argument.clone(),
                    delimiter: delimiter(parameter),
                    required,
                });
            } else if !facts.path_parameters.contains(&name) {
                return Err(Error::document(
                    &self.document.name,
                    &at,
                    format!("the path has no {{{name}}}"),
                ));
            }
            lowered.push(json!({"in": place, "name": argument, "required": required || place == "path", "schema": schema}));
        }
        Ok(lowered)
    }

    fn parameter_schema(&mut self, at: &str, schema: &Value) -> Result<Value, Error> {
        let lowered = self.schema(at, schema, 0)?;
        let unions = &self.unions.list;
        let simple = |schema: &Value| {
            schema
                .get("$ref")
                .and_then(Value::as_str)
                .is_some_and(|reference| {
                    let name = reference.strip_prefix(LOCAL).unwrap_or(reference);
                    unions.iter().all(|union| union.name != name)
                })
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
        facts.needs_body = body.get("required") == Some(&Value::Bool(true));
        let mut typed = None;
        for (media_type, described) in content {
            let schema = described.get("schema").unwrap_or(&Value::Null);
            let kind = if is_json(media_type) {
                BodyKind::Json
            } else if media_type == "application/x-www-form-urlencoded" && self.has_fields(schema) {
                BodyKind::Form
            } else if media_type == "multipart/form-data" {
                BodyKind::Multipart(self.parts(schema))
            } else {
                BodyKind::Bytes
            };
            if matches!(kind, BodyKind::Json | BodyKind::Form) {
                let at = format!("{at}/content/{}/schema", media_type.replace('/', "~1"));
                // progenitor takes one: JSON goes before forms.
                if typed.is_some() && kind != BodyKind::Json {
                    continue;
                }
                typed = Some(self.schema(&at, schema, 0)?);
                facts
                    .bodies
                    .retain(|body| !matches!(body.kind, BodyKind::Json | BodyKind::Form));
            }
            facts.bodies.push(Body {
                media_type: media_type.clone(),
                kind,
            });
        }
        facts.bodies.sort_by_key(|body| match body.kind {
            BodyKind::Json => 0,
            BodyKind::Form => 1,
            BodyKind::Multipart(_) => 2,
            BodyKind::Bytes => 3,
        });
        // progenitor's optional bodies are required ones all the same; ours are setters.
        Ok(typed.map(
            |schema| json!({"required": true, "content": {"application/json": {"schema": schema}}}),
        ))
    }

    /// The schema that a chain of references ends at.
    fn target<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        for _ in 0..16 {
            let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
                break;
            };
            let found = match (
                reference.strip_prefix(LOCAL),
                reference.strip_prefix(SHARED),
            ) {
                (Some(name), _) => self.document.schemas().ok().and_then(|all| all.get(name)),
                (None, Some(name)) => self.common.schemas().ok().and_then(|all| all.get(name)),
                (None, None) => None,
            };
            match found {
                Some(found) => schema = found,
                None => break,
            }
        }
        schema
    }

    fn has_fields(&self, schema: &Value) -> bool {
        self.target(schema)["properties"]
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
    }

    /// The parts of a form that are described, and whether each is a file.
    fn parts(&self, schema: &Value) -> Vec<(String, bool)> {
        let fields = self.target(schema)["properties"].as_object();
        fields
            .into_iter()
            .flatten()
            .map(|(name, part)| {
                let part = self.target(part);
                let is_file = part["format"] == "binary" || part["items"]["format"] == "binary";
                (name.clone(), is_file)
            })
            .collect()
    }

    /// progenitor takes one type of success and one of failure. Failures are dropped, since the SDK has one error type that carries the
    /// server's words. Of several successes each gets an operation of its own that is made for its type alone.
    fn responses(
        &mut self,
        facts: &mut Operation,
        at: &str,
        responses: Option<&Value>,
    ) -> Result<Value, Error> {
        let mut successes = Vec::new();
        let mut empty = false;
        for (status, response) in object(self.document, &format!("{at}/responses"), responses)? {
            if !is_status(status) {
                return Err(Error::document(
                    &self.document.name,
                    format!("{at}/responses"),
                    format!("`{}` is no status of HTTP", status.escape_debug()),
                ));
            }
            if !status.starts_with('2') {
                continue;
            }
            let content = response.get("content").and_then(Value::as_object);
            // 204 has no content, whatever is written.
            let content = content.filter(|content| !content.is_empty() && status != "204");
            empty |= content.is_none();
            for (media_type, described) in content.into_iter().flatten() {
                let schema = described.get("schema").unwrap_or(&Value::Null);
                successes.push((status.clone(), media_type.clone(), schema.clone()));
            }
        }
        let answer = |schema: Value| json!({"description": "", "content": {"application/json": {"schema": schema}}});
        let mut kinds = self.kinds(at, &successes)?;
        // JSON first: of the media types that a server can choose from, it is the one with types.
        kinds.sort_by_key(|success| !matches!(success.0.kind, SuccessKind::Json(_)));
        facts.accept = accept(kinds.iter().flat_map(|success| &success.0.media_types));
        let is_lines = |success: &Success| {
            success.media_types.iter().any(|name| {
                name.starts_with("application/stream+json")
                    || name.starts_with("application/x-ndjson")
            })
        };
        let (status, lowered) = match &mut kinds[..] {
            [] if empty => {
                facts.answer = Answer::Empty;
                ("204", json!({"description": ""}))
            }
            [] => {
                facts.answer = Answer::Undescribed;
                ("204", json!({"description": ""}))
            }
            [(only, schema)] => match (&only.kind, schema.take()) {
                (SuccessKind::Json(_), Some(schema)) => {
                    facts.answer = if is_lines(only) {
                        Answer::Lines
                    } else {
                        Answer::Json
                    };
                    ("200", answer(schema))
                }
                (SuccessKind::Bytes, _) => {
                    facts.answer = Answer::Bytes;
                    ("200", json!({"description": ""}))
                }
                _ => {
                    facts.answer = Answer::Text;
                    ("200", json!({"description": ""}))
                }
            },
            several => {
                for (success, schema) in several.iter_mut() {
                    if let (SuccessKind::Json(operation), Some(schema)) =
                        (&mut success.kind, schema.take())
                    {
                        *operation =
                            format!("{}_{}", facts.name, success.name.to_ascii_lowercase());
                        self.answers.push((operation.clone(), answer(schema)));
                    }
                }
                facts.answer =
                    Answer::Several(several.iter().map(|(success, _)| success.clone()).collect());
                ("204", json!({"description": ""}))
            }
        };
        facts.may_be_empty = empty && !matches!(facts.answer, Answer::Empty | Answer::Undescribed);
        Ok(json!({status: lowered}))
    }

    /// The successes that differ in what they give, with their lowered schemas.
    fn kinds(
        &mut self,
        at: &str,
        successes: &[(String, String, Value)],
    ) -> Result<Vec<(Success, Option<Value>)>, Error> {
        let mut kinds: Vec<(Success, Option<Value>)> = Vec::new();
        for (status, media_type, schema) in successes {
            let at = format!(
                "{at}/responses/{status}/content/{}/schema",
                media_type.replace('/', "~1")
            );
            let (kind, lowered) = if is_json(media_type) {
                let lowered = self.schema(&at, schema, 0)?;
                (SuccessKind::Json(String::new()), Some(lowered))
            } else if is_text(media_type) {
                (SuccessKind::Text, None)
            } else {
                (SuccessKind::Bytes, None)
            };
            let name = variant_of(media_type);
            let same = kinds.iter_mut().find(|(success, known)| {
                success.kind == kind && *known == lowered && success.name == name
            });
            if let Some((success, _)) = same {
                if !success.media_types.contains(media_type) {
                    success.media_types.push(media_type.clone());
                }
                continue;
            }
            // Nothing with a name distinguishes two kinds of JSON under one status: the response is any JSON.
            let other = kinds.iter_mut().find(|(success, _)| {
                success.name == name && success.status.as_ref() == Some(status)
            });
            if let Some((success, known)) = other {
                *known = Some(json!({}));
                success.media_types.push(media_type.clone());
                continue;
            }
            kinds.push((
                Success {
                    name,
                    media_types: vec![media_type.clone()],
                    status: Some(status.clone()),
                    kind,
                },
                lowered,
            ));
        }
        // Of one media type, they are told by their status; otherwise the media type tells them.
        let names: Vec<String> = kinds
            .iter()
            .map(|(success, _)| success.name.clone())
            .collect();
        for (success, _) in &mut kinds {
            if names.iter().filter(|name| **name == success.name).count() > 1 {
                success.name = format!("Status{}", success.status.as_deref().unwrap_or_default());
            } else {
                success.status = None;
            }
        }
        Ok(kinds)
    }

    /// Lowers a schema:
    ///
    /// - references to what is no type of its own (lists, text with a format) are replaced by what they name, since typify wraps each in
    ///   a struct that helps nobody;
    /// - unknown fields are kept, whatever `additionalProperties` says: a server newer than the description sends them, and a PUT without
    ///   them would drop them;
    /// - defaults and limits go: a default would be written into records that lack the field, a limit makes a type of every field;
    /// - an element of a list that may be null stays so, if it is text, a number or a truth value;
    /// - what may be null may be absent, and so may `totalRecords`, which RMB leaves out when asked for `totalRecords=none`;
    /// - `allOf` is merged, since a record is one struct;
    /// - unions become types of their own, see [`unions`].
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
        if let Some(parts) = unions::parts(schema) {
            let tag = unions::discriminator(schema).map(|(property, _)| property);
            return self.union(at, &tag.unwrap_or_default(), parts, depth);
        }
        if schema.contains_key("not") {
            return Ok(json!({}));
        }
        let mut lowered = match schema.get("type").and_then(Value::as_str) {
            Some("object") => self.object(at, schema, depth)?,
            Some("array") => {
                let described = schema.get("items").unwrap_or(&Value::Null);
                let mut items = self.schema(&format!("{at}/items"), described, depth + 1)?;
                // Where the description knows `null` among the elements, its place has a meaning: a month without a value.
                if self.is_nullable(described, 0)
                    && matches!(
                        items["type"].as_str(),
                        Some("string" | "integer" | "number" | "boolean")
                    )
                {
                    items["nullable"] = true.into();
                }
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

    /// Makes a union a type that typify knows by its name only.
    fn union(
        &mut self,
        at: &str,
        tag: &str,
        parts: Vec<Part>,
        depth: usize,
    ) -> Result<Value, Error> {
        if let [only] = &parts[..] {
            return self.schema(at, &only.schema, depth + 1);
        }
        let schemas: Vec<&Value> = parts.iter().map(|part| &part.schema).collect();
        let key = format!("{} {tag} {}", self.document.name, json!(schemas));
        let declared = |name: &str| json!({"$ref": format!("{LOCAL}{name}")});
        if let Some(name) = self.unions.names.get(&key) {
            return Ok(declared(name));
        }
        let mut name = unions::name(at, &parts);
        let is_component = at == format!("/components/schemas/{name}");
        while self.unions.list.iter().any(|union| union.name == name)
            || !is_component
                && (self.document.schemas()?.contains_key(&name)
                    || self.common.schemas()?.contains_key(&name))
        {
            name.push_str("Union");
        }
        // Before its variants, which may contain it.
        self.unions.names.insert(key, name.clone());
        let place = self.unions.list.len();
        self.unions.list.push(Union {
            name: name.clone(),
            tag: tag.to_owned(),
            variants: Vec::new(),
        });
        let mut variants: Vec<Variant> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let mut variant = unions::variant(&name, part, index);
            let schema = match part.schema["properties"].as_object() {
                Some(fields) if !fields.is_empty() => {
                    let inline = format!("{name}{variant}");
                    let at = format!("/components/schemas/{inline}");
                    let lowered = self.schema(&at, &part.schema, depth + 1)?;
                    self.unions.inline.insert(inline.clone(), lowered);
                    declared(&inline)
                }
                _ => self.schema(&format!("{at}/{index}"), &part.schema, depth + 1)?,
            };
            // Any JSON is what the catch-all is for.
            if schema.as_object().is_some_and(Map::is_empty) {
                continue;
            }
            if let Some(same) = variants.iter_mut().find(|same| same.schema == schema) {
                same.tags.extend(part.tags.iter().cloned());
                continue;
            }
            while variants.iter().any(|other| other.name == variant) {
                variant.push_str(&(index + 1).to_string());
            }
            variants.push(Variant {
                operation: format!("union_{}_{index}", name.to_ascii_lowercase()),
                name: variant,
                tags: if tag.is_empty() {
                    Vec::new()
                } else {
                    part.tags.clone()
                },
                schema,
                described: part.schema.clone(),
                place: part.place,
            });
        }
        if let Some(union) = self.unions.list.get_mut(place) {
            union.variants = variants;
        }
        Ok(declared(&name))
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
                Some(Value::Bool(true)) => json!({}),
                // An object of which nothing is said is what generators of descriptions write of whatever they do not know: Java's Object.
                _ => return Ok(json!({})),
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
            let optional = self.is_nullable(property, 0) || name == "totalRecords";
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

    /// Whether a value may be null: by itself, by what it refers to, or as one of several things.
    fn is_nullable(&self, schema: &Value, depth: usize) -> bool {
        if depth > 16 {
            return false;
        }
        let is_null = |part: &Value| {
            part["type"] == "null"
                || *part == json!({"nullable": true})
                || part["enum"] == json!([null])
        };
        let any_of = ["oneOf", "anyOf"].iter().any(|key| {
            let parts = schema.get(*key).and_then(Value::as_array);
            parts
                .into_iter()
                .flatten()
                .any(|part| is_null(part) || self.is_nullable(part, depth + 1))
        });
        // All parts have to allow it; mostly the one part is a reference.
        let all_of = match schema
            .get("allOf")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            Some([only]) if schema.get("properties").is_none() => self.is_nullable(only, depth + 1),
            _ => false,
        };
        if schema.get("nullable") == Some(&Value::Bool(true)) || any_of || all_of {
            return true;
        }
        if schema.get("$ref").is_none() {
            return false;
        }
        let target = self.target(schema);
        !std::ptr::eq(target, schema) && self.is_nullable(target, depth + 1)
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
        if let Some((tag, parts)) = unions::subtypes(document, name) {
            let home = std::mem::replace(&mut self.document, document);
            let at = format!("/components/schemas/{name}");
            let lowered = self.union(&at, &tag, parts, depth + 1);
            self.document = home;
            return lowered;
        }
        if !is_type(target) && !unions::is_subtype(document, target) {
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

    /// What a property is that two parts of an `allOf` describe: a value that fits both. The order of the parts is of no matter, except that
    /// of two that differ the latter names the type.
    fn both(&self, one: &Value, other: &Value) -> Value {
        if says_nothing(other) || one == other {
            return one.clone();
        }
        let values = |schema: &Value| schema["enum"].as_array().map_or(usize::MAX, Vec::len);
        let (first, second) = (self.target(one), self.target(other));
        let has_fields = |schema: &Value| schema["properties"].is_object();
        if has_fields(first) && has_fields(second) && !std::ptr::eq(first, second) {
            return json!({"allOf": [one, other]});
        }
        // The fewer values, and the format, are the narrower.
        let is_narrower = first["type"] == second["type"]
            && (values(first) < values(second)
                || first.get("format").is_some() && second.get("format").is_none()
                || first["type"] == "array"
                    && first.get("items").is_some_and(|items| !says_nothing(items))
                    && second.get("items").is_none_or(says_nothing));
        if is_narrower {
            one.clone()
        } else {
            other.clone()
        }
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
            && !(is_component(at)
                && unions::is_subtype(self.document, &Value::Object(schema.clone())))
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
            // The tag is a field, whether it is described as one or not.
            if let Some((tag, _)) = part.as_object().and_then(unions::discriminator)
                && let Some(Value::Object(to)) = merged.get_mut("properties")
            {
                to.entry(tag).or_insert_with(|| json!({"type": "string"}));
            }
            if let Some(Value::Array(inner)) = part.get("allOf") {
                let outer = part.as_object().cloned().unwrap_or_default();
                part = self.merge(at, &outer, inner, depth + 1)?;
            }
            if let (Some(Value::Object(from)), Some(Value::Object(to))) =
                (part.get("properties"), merged.get_mut("properties"))
            {
                for (name, property) in from {
                    let both = match to.get(name) {
                        Some(known) => self.both(known, property),
                        None => property.clone(),
                    };
                    to.insert(name.clone(), both);
                }
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

/// Whether a schema says nothing of a value but its name: annotations are no description.
fn says_nothing(schema: &Value) -> bool {
    schema.as_object().is_none_or(|schema| {
        schema.iter().all(|(key, value)| match key.as_str() {
            "readOnly" | "writeOnly" | "deprecated" | "nullable" | "default" | "x-folio" => true,
            "type" => value == "object",
            "additionalProperties" => value.is_boolean(),
            _ => false,
        })
    })
}

/// Whether a place is a component's.
fn is_component(at: &str) -> bool {
    at.strip_prefix("/components/schemas/")
        .is_some_and(|name| !name.contains('/'))
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
        Some(format) if text::is_name(&format.replace('-', "_")) => {
            facts.push(format!("format {format}"));
        }
        Some(format) => facts.push(format!("format {}", text::code(format))),
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        facts.push(format!("matches {}", text::code(pattern)));
    }
    if let Some(default) = schema.get("default") {
        facts.push(format!(
            "the server's default is {}",
            text::code(&default.to_string())
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
pub(crate) fn is_type(schema: &Value) -> bool {
    let has_fields = schema["properties"]
        .as_object()
        .is_some_and(|fields| !fields.is_empty());
    let union = schema
        .as_object()
        .is_some_and(|schema| unions::parts(schema).is_some())
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

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a media type is JSON, `application/vnd.api+json` too.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    matches!(
        essence,
        "application/json" | "text/json" | "application/x-ndjson"
    ) || essence.ends_with("+json")
}

/// Whether a media type is text: XML and CSV too.
fn is_text(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence.starts_with("text/")
        || matches!(essence, "application/xml" | "application/text")
        || essence.ends_with("+xml")
}

/// The variant of an answer's media type.
fn variant_of(media_type: &str) -> String {
    let essence = essence(media_type);
    let name = match essence {
        _ if is_json(essence) => "Json",
        "text/xml" | "application/xml" => "Xml",
        "text/csv" => "Csv",
        _ if essence.ends_with("spreadsheetml.sheet") => "Xlsx",
        _ if essence.ends_with("/octet-stream") => "Bytes",
        _ if is_text(essence) => "Text",
        _ => "Bytes",
    };
    name.to_owned()
}

/// The header `Accept`: what is described, and what errors come as. Empty where that is JSON and text.
fn accept<'a>(media_types: impl Iterator<Item = &'a String>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in media_types.map(|name| essence(name)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let usual = ["application/json", "text/plain"];
    if names.iter().all(|name| usual.contains(name)) {
        return String::new();
    }
    for name in usual {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
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
            answers: Vec::new(),
            unions: Unions::default(),
        };
        lowering.schema("", &schema, 0).unwrap()
    }

    #[test]
    fn two_kinds_of_json_of_one_status_are_any_json() {
        let document = document("mod-test", json!({}));
        let common = nothing_shared();
        let mut lowering = Lowering {
            document: &document,
            in_module: true,
            common: &common,
            used: BTreeSet::new(),
            answers: Vec::new(),
            unions: Unions::default(),
        };
        let success = |status: &str, media_type: &str, of: &str| {
            (
                status.to_owned(),
                media_type.to_owned(),
                json!({"type": "array", "items": {"type": of}}),
            )
        };
        let kinds = lowering
            .kinds(
                "",
                &[
                    success("200", "application/json", "string"),
                    success("200", "application/schema+json", "integer"),
                    success("202", "application/json", "boolean"),
                ],
            )
            .unwrap();
        let told: Vec<_> = kinds
            .iter()
            .map(|(success, schema)| (&*success.name, success.media_types.len(), schema.clone()))
            .collect();
        let last = json!({"type": "array", "items": {"type": "boolean"}});
        assert_eq!(
            told,
            [
                ("Status200", 2, Some(json!({}))),
                ("Status202", 1, Some(last))
            ]
        );
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
        let body = Body {
            media_type: "application/octet-stream".into(),
            kind: BodyKind::Bytes,
        };
        assert_eq!(facts.bodies, [body]);
        assert!(facts.needs_body);
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
            answers: Vec::new(),
            unions: Unions::default(),
        };
        let error = lowering
            .schema("", &json!({"$ref": "#/components/schemas/Loop"}), 0)
            .unwrap_err()
            .to_string();
        assert!(error.contains("deeper than 64 levels"), "{error}");
    }
}
