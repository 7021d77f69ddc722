//! The JSON Schemas of the generated types (feature `schemars`), taken from the canonical documents and not from the code, which knows less:
//! limits, patterns and defaults are lowered away before it is made.
//!
//! A schema is text in the program. Where it refers to another component stands the number of a type that has that component's schema:
//! the type that was generated for it or, for what has no type of its own (lists, maps, any JSON), one in the module `schema`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::document::Document;
use crate::error::Error;
use crate::lower::is_json;
use crate::model::{Model, Step, Ty};
use crate::text;

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";

/// References in place of a component deeper than this lead in a circle.
const DEEPEST: usize = 64;

/// A document, and what was generated from it.
pub(crate) struct Origin<'a> {
    pub(crate) document: &'a Document,
    pub(crate) common: &'a Document,
    pub(crate) model: &'a Model,
}

/// A schema, and the document in which its references are read.
type Place<'a> = (&'a Document, &'a Value);

/// The types of a file, and where their schemas stand.
pub(crate) struct Schemas {
    text: String,
    /// The generated types, and JSON pointers to their schemas in the document. A pointer goes through references and `allOf`.
    pub(crate) types: BTreeMap<String, String>,
    /// The shared components that the schemas refer to.
    pub(crate) shared: BTreeSet<String>,
}

impl Schemas {
    /// The code, to stand at the end of the file of a module.
    pub(crate) fn code(&self) -> &str {
        &self.text
    }
}

/// The names of the types that were generated for components.
pub(crate) fn types(document: &Document, model: &Model) -> Result<BTreeMap<String, String>, Error> {
    let generated: BTreeMap<String, &String> =
        model.names().map(|name| (squashed(name), name)).collect();
    let mut types = BTreeMap::new();
    for component in document.schemas()?.keys() {
        let name = squashed(component);
        // What would hide a name of Rust's prelude is called a record.
        let name = generated
            .get(&name)
            .or_else(|| generated.get(&format!("{name}record")));
        if let Some(name) = name {
            types.insert(component.clone(), (*name).clone());
        }
    }
    Ok(types)
}

/// Writes the schemas of a file. `shared` has the types of the shared components; in the shared file itself, `wanted` names the components
/// that modules refer to.
pub(crate) fn emit(
    origin: &Origin<'_>,
    shared: &BTreeMap<String, String>,
    wanted: BTreeSet<String>,
) -> Result<Schemas, Error> {
    let components = origin.document.schemas()?;
    let own = types(origin.document, origin.model)?;
    let mut found = Found {
        origin,
        types: BTreeMap::new(),
        open: Vec::new(),
    };
    for (component, name) in &own {
        if let Some(schema) = components.get(component) {
            let pointer = format!("/components/schemas/{component}");
            found.add(name, pointer, (origin.document, schema));
        }
    }
    found.add_parts()?;
    found.add_operations()?;
    found.add_parts()?;

    let mut writer = Writer {
        origin,
        is_away: false,
        own: &own,
        shared,
        named: BTreeSet::new(),
        open: wanted
            .into_iter()
            .filter(|name| !own.contains_key(name))
            .collect(),
    };
    let mut lines = String::new();
    let mut types = BTreeMap::new();
    for (name, (pointer, schema)) in found.types {
        lines.push_str(&writer.line(&name, &name, schema)?);
        types.insert(name, pointer);
    }
    let mut plain = BTreeSet::new();
    while let Some(component) = writer.open.pop() {
        if plain.contains(&component) {
            continue;
        }
        let schema = components.get(&component).ok_or_else(|| {
            let at = format!("/components/schemas/{component}");
            Error::document(
                &origin.document.name,
                at,
                "a schema refers to it, and it is not here",
            )
        })?;
        let line = writer.line(
            &format!("schema::{component}"),
            &component,
            (origin.document, schema),
        )?;
        lines.push_str(&line);
        plain.insert(component);
    }
    let mut text = String::new();
    if !plain.is_empty() {
        text.push_str("/// Schemas of what has no type of its own.\npub(crate) mod schema {\n");
        for component in &plain {
            let _ = writeln!(text, "    pub(crate) enum {component} {{}}");
        }
        text.push_str("}\n");
    }
    if !lines.is_empty() {
        let _ = write!(
            text,
            "crate::__schemas! {{ {:?};\n{lines}}}\n",
            origin.document.name
        );
    }
    Ok(Schemas {
        text,
        types,
        shared: writer.named,
    })
}

/// The schemas of types, as they are found.
struct Found<'a> {
    origin: &'a Origin<'a>,
    types: BTreeMap<String, (String, Place<'a>)>,
    /// Types whose parts were not looked at.
    open: Vec<String>,
}

impl<'a> Found<'a> {
    fn add(&mut self, name: &str, pointer: String, place: Place<'a>) {
        if !self.types.contains_key(name) {
            self.types.insert(name.to_owned(), (pointer, place));
            self.open.push(name.to_owned());
        }
    }

    /// Finds the named type in a type: its schema stands at `steps` below `place`, and then below lists and maps.
    fn add_part(
        &mut self,
        pointer: &str,
        place: Place<'a>,
        steps: &[Step],
        mut ty: &Ty,
    ) -> Result<(), Error> {
        let mut pointer = pointer.to_owned();
        let mut at = Some(place);
        for step in steps {
            at = step_down(self.origin, &mut pointer, at, step)?;
        }
        loop {
            let step = match ty {
                Ty::Vec(_) => Step::of("items"),
                Ty::Map(_) => Step::of("additionalProperties"),
                Ty::Box(inner) | Ty::Option(inner) => {
                    ty = inner;
                    continue;
                }
                Ty::Named(name) => {
                    if let Some(at) = at {
                        self.add(name, pointer, at);
                    }
                    return Ok(());
                }
                _ => return Ok(()),
            };
            if let Ty::Vec(inner) | Ty::Map(inner) = ty {
                ty = inner;
            }
            at = step_down(self.origin, &mut pointer, at, &step)?;
        }
    }

    /// Finds the types within those that were found.
    fn add_parts(&mut self) -> Result<(), Error> {
        let origin = self.origin;
        while let Some(name) = self.open.pop() {
            if let Some((pointer, place)) = self.types.get(&name).cloned() {
                for (steps, ty) in origin.model.parts(&name) {
                    self.add_part(&pointer, place, &steps, ty)?;
                }
            }
        }
        Ok(())
    }

    /// Finds the types of what operations take and give that have no component.
    fn add_operations(&mut self) -> Result<(), Error> {
        let origin = self.origin;
        let document = origin.document;
        let paths = document.root.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let id = operation.get("operationId").and_then(Value::as_str);
                let Some(signature) = id.and_then(|id| origin.model.operations.get(id)) else {
                    continue;
                };
                let at = format!("/paths/{}/{method}", escaped(path));
                let parameters = operation["parameters"].as_array();
                for (index, parameter) in parameters.into_iter().flatten().enumerate() {
                    let name = squashed(parameter["name"].as_str().unwrap_or_default());
                    let in_query = parameter["in"] == "query";
                    // See lowering: those of one name are told apart.
                    let argument = signature.arguments.iter().find(|(argument, _)| {
                        let argument = squashed(argument);
                        argument == name
                            || in_query
                                && argument
                                    .strip_prefix(&format!("{name}inquery"))
                                    .is_some_and(|number| number.parse::<u32>().is_ok())
                    });
                    if let (Some((_, ty)), Some(schema)) = (argument, parameter.get("schema")) {
                        let pointer = format!("{at}/parameters/{index}/schema");
                        self.add_part(&pointer, (document, schema), &[], ty)?;
                    }
                }
                let body = signature.arguments.get("body").into_iter();
                let bodies = body.map(|ty| ("requestBody".to_owned(), ty));
                let responses = operation["responses"].as_object().into_iter().flatten();
                let answers = responses
                    .filter(|(status, _)| status.starts_with('2'))
                    .filter_map(|(status, _)| {
                        Some((format!("responses/{status}"), signature.answer.as_ref()?))
                    });
                for (place, ty) in bodies.chain(answers) {
                    let content = operation.pointer(&format!("/{place}/content"));
                    let content = content.and_then(Value::as_object);
                    for (media_type, value) in content.into_iter().flatten() {
                        if let Some(schema) = value.get("schema").filter(|_| is_json(media_type)) {
                            let media_type = escaped(media_type);
                            let pointer = format!("{at}/{place}/content/{media_type}/schema");
                            self.add_part(&pointer, (document, schema), &[], ty)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// A key as JSON pointers have it.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn step_down<'a>(
    origin: &'a Origin<'_>,
    pointer: &mut String,
    at: Option<Place<'a>>,
    step: &Step,
) -> Result<Option<Place<'a>>, Error> {
    let _ = write!(pointer, "/{}", step.word);
    if let Some(name) = &step.name {
        let _ = write!(pointer, "/{}", escaped(name));
    }
    at.map_or(Ok(None), |at| below(origin, at, step, 0))
}

/// What stands a step below a schema, through references and `allOf`.
fn below<'a>(
    origin: &'a Origin<'_>,
    (home, schema): Place<'a>,
    step: &Step,
    depth: usize,
) -> Result<Option<Place<'a>>, Error> {
    if depth > DEEPEST {
        return Ok(None);
    }
    let next = schema.get(step.word).and_then(|at| match (&step.name, at) {
        (None, at) => Some(at),
        (Some(index), Value::Array(list)) => list.get(index.parse::<usize>().ok()?),
        (Some(name), at) => at.get(name),
    });
    if let Some(next) = next {
        return Ok(Some((home, next)));
    }
    if let Some(Value::String(reference)) = schema.get("$ref") {
        let (home, name) = match (
            reference.strip_prefix(LOCAL),
            reference.strip_prefix(SHARED),
        ) {
            (Some(name), _) => (home, name),
            (None, Some(name)) => (origin.common, name),
            (None, None) => return Ok(None),
        };
        let target = home.schemas()?.get(name);
        return target.map_or(Ok(None), |target| {
            below(origin, (home, target), step, depth + 1)
        });
    }
    // Of parts that have a property each, the last one's was merged over those before.
    for part in schema["allOf"].as_array().into_iter().flatten().rev() {
        if let Some(found) = below(origin, (home, part), step, depth + 1)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

struct Writer<'a> {
    origin: &'a Origin<'a>,
    /// Whether the schema that is written stands in the shared document, and what is written is a module.
    is_away: bool,
    /// The types of the document's own components.
    own: &'a BTreeMap<String, String>,
    shared: &'a BTreeMap<String, String>,
    /// Shared components that were referred to.
    named: BTreeSet<String>,
    /// Components without a type that were referred to.
    open: Vec<String>,
}

impl Writer<'_> {
    /// The line of a type in the macro: `Book = "Book" r#"{…}"# [Author, crate::common::Tags];`
    fn line(&mut self, ty: &str, name: &str, (home, schema): Place<'_>) -> Result<String, Error> {
        self.is_away = home.name != self.origin.document.name;
        let mut references = Vec::new();
        let schema = self.converted(schema, &mut references)?.to_string();
        let list = references.join(", ");
        Ok(format!(
            "    {ty} = {name:?} {} [{list}];\n",
            text::raw_literal(&schema)
        ))
    }

    /// A schema of OpenAPI 3.0 as JSON Schema 2020-12 has it.
    fn converted(&mut self, schema: &Value, references: &mut Vec<String>) -> Result<Value, Error> {
        let Value::Object(schema) = schema else {
            return Ok(schema.clone());
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            return self.reference(reference, references);
        }
        let mut out = Map::new();
        let is_true = |key: &str| schema.get(key) == Some(&Value::Bool(true));
        for (key, value) in schema {
            let value = match (key.as_str(), value) {
                // What is OpenAPI's own, and what says nothing.
                (
                    "nullable" | "discriminator" | "x-folio" | "xml" | "example" | "externalDocs",
                    _,
                ) => continue,
                ("exclusiveMinimum" | "exclusiveMaximum", Value::Bool(_)) => continue,
                ("minimum", limit) if is_true("exclusiveMinimum") => {
                    out.insert("exclusiveMinimum".into(), limit.clone());
                    continue;
                }
                ("maximum", limit) if is_true("exclusiveMaximum") => {
                    out.insert("exclusiveMaximum".into(), limit.clone());
                    continue;
                }
                ("properties" | "patternProperties", Value::Object(properties)) => {
                    let mut converted = Map::new();
                    for (name, property) in properties {
                        converted.insert(name.clone(), self.converted(property, references)?);
                    }
                    Value::Object(converted)
                }
                ("items" | "additionalProperties" | "not", value) => {
                    self.converted(value, references)?
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                    let mut converted = Vec::new();
                    for part in parts {
                        converted.push(self.converted(part, references)?);
                    }
                    Value::Array(converted)
                }
                (_, value) => value.clone(),
            };
            out.insert(key.clone(), value);
        }
        if is_true("nullable") {
            return Ok(nullable(out));
        }
        Ok(Value::Object(out))
    }

    fn reference(&mut self, reference: &str, references: &mut Vec<String>) -> Result<Value, Error> {
        let local = reference.strip_prefix(LOCAL);
        let shared = reference.strip_prefix(SHARED);
        let (ty, component) = match (local, shared.or(local.filter(|_| self.is_away))) {
            (_, Some(name)) => {
                self.named.insert(name.to_owned());
                let ty = self.shared.get(name);
                let path = ty.map_or_else(|| format!("schema::{name}"), String::clone);
                (Some(format!("crate::common::{path}")), name)
            }
            (Some(name), None) => (self.own.get(name).cloned(), name),
            (None, None) => {
                let problem = format!("the reference `{reference}` leads nowhere");
                return Err(Error::document(&self.origin.document.name, "", problem));
            }
        };
        let path = ty.unwrap_or_else(|| {
            self.open.push(component.to_owned());
            format!("schema::{component}")
        });
        let number = references
            .iter()
            .position(|known| *known == path)
            .unwrap_or_else(|| {
                references.push(path);
                references.len() - 1
            });
        Ok(json!({"$ref": number}))
    }
}

/// A schema that allows null too.
fn nullable(mut schema: Map<String, Value>) -> Value {
    if let (Some(Value::String(ty)), false) = (schema.get("type"), schema.contains_key("enum")) {
        let types = json!([ty, "null"]);
        schema.insert("type".into(), types);
        return Value::Object(schema);
    }
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn squashed(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// A function that tells of each generated type its schema and where the document has it: for tests, which include the file.
pub(crate) fn file(modules: &[(String, String, BTreeMap<String, String>)]) -> String {
    let mut out = String::from(
        "/// Each type by its module and name, with the place of its schema in the module's document, and what makes its schema.\n\
         #[allow(clippy::too_many_lines, clippy::type_complexity)]\n\
         fn schemas() -> Vec<(&'static str, &'static str, &'static str, fn(&mut schemars::SchemaGenerator) -> schemars::Schema)> {\n    vec![\n",
    );
    for (module, rust, types) in modules {
        for (name, pointer) in types {
            let _ = writeln!(
                out,
                "        ({module:?}, {name:?}, {pointer:?}, <folio_sdk::{rust}::{name} as schemars::JsonSchema>::json_schema),"
            );
        }
    }
    out.push_str("    ]\n}\n");
    out
}
