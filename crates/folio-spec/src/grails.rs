//! Descriptions of modules that publish none, made from the facts of their sources: the domain classes, controllers and JSON views of a
//! module of Grails.
//!
//! What can be read is read: the properties of the domain classes, and the keys that the views write. What cannot is in a recipe that is
//! written by hand. Where the sources of another version write what the recipe does not know, that is an error.
//!
//! Nothing is required in a record of a domain class. Grails binds of a request what is there, and leaves the rest as it was; a reference
//! to a record is the record with its `id` and nothing else; and views leave out what is null.

mod domain;
mod recipe;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::ours::numbers;
use crate::source::read_json;
use domain::{Class, Field};
use recipe::{Call, Recipe, Record, Resource};

/// Sources at a tag.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// The folder.
    pub folder: PathBuf,
    /// The tag.
    pub tag: String,
}

/// What is described.
#[derive(Clone, Debug)]
pub struct Describe {
    /// The recipe.
    pub recipe: PathBuf,
    /// The module's sources.
    pub source: Checkout,
    /// Those of the libraries that the recipe names.
    pub libraries: BTreeMap<String, Checkout>,
    /// The first version that the description is valid for.
    pub since: String,
}

/// Makes a description.
///
/// # Errors
/// A file cannot be read, a type is unknown, or a view writes a key that neither the domain class nor the recipe has.
pub fn describe(what: &Describe) -> Result<Value> {
    let recipe = Recipe::read(&what.recipe)?;
    let mut making = Making {
        recipe: &recipe,
        what,
        classes: BTreeMap::new(),
        enums: BTreeMap::new(),
        views: Vec::new(),
        files: BTreeSet::new(),
        schemas: BTreeMap::new(),
    };
    for place in &recipe.domain {
        making.domain(place)?;
    }
    for file in &recipe.read {
        let (folder, path, _) = making.locate(file)?;
        if folder.join(path).exists() {
            making.files.insert(file.clone());
        }
    }
    making.records()?;
    let paths = making.paths()?;
    let sources = making.sources();
    let mut parameters = Map::new();
    for (name, of) in LOOKUP {
        let schema = recipe
            .schema(of)
            .map_err(|problem| Error::file(&what.recipe, problem))?;
        parameters.insert(
            name.into(),
            json!({"in": "query", "name": name, "required": false, "schema": schema}),
        );
    }
    // More than 100 are cut to 100.
    for name in ["perPage", "max"] {
        parameters[name]["schema"]["maximum"] = 100.into();
    }
    Ok(json!({
        "openapi": "3.0.3",
        "info": {"title": recipe.module, "version": what.since},
        "x-folio": {"module": recipe.module, "since": what.since, "covers": recipe.covers, "sources": sources},
        "paths": paths,
        "components": {"parameters": parameters, "schemas": making.schemas},
    }))
}

/// The file that a description is written to, and what is written: of a version that differs in nothing from the one before, the tag is
/// added to that one's `same`.
///
/// # Errors
/// The description before cannot be read.
pub fn merged(out: &Path, document: Value) -> Result<(PathBuf, Value)> {
    let since = |path: &Path| numbers(&path.file_stem().unwrap_or_default().to_string_lossy());
    let folder = out.parent().unwrap_or(Path::new(""));
    let mut before: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| since(path) < since(out))
        .collect();
    before.sort_by_key(|path| since(path));
    let Some(path) = before.pop() else {
        return Ok((out.to_owned(), document));
    };
    let mut known = read_json(&path)?;
    let covers = |document: &Value| document.pointer("/x-folio/covers").cloned();
    let is_same = known["paths"] == document["paths"]
        && known["components"] == document["components"]
        && covers(&known) == covers(&document);
    if !is_same {
        return Ok((out.to_owned(), document));
    }
    let tag = document
        .pointer("/x-folio/sources/0/tag")
        .and_then(Value::as_str);
    let mut same: BTreeSet<String> = tag.map(str::to_owned).into_iter().collect();
    let stated = known.pointer("/x-folio/same").and_then(Value::as_array);
    same.extend(
        stated
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned),
    );
    known["x-folio"]["same"] = same.into_iter().collect();
    Ok((path, known))
}

struct Making<'a> {
    recipe: &'a Recipe,
    what: &'a Describe,
    classes: BTreeMap<String, Class>,
    enums: BTreeMap<String, Vec<String>>,
    /// The views that were read, with the keys that they write.
    views: Vec<(String, BTreeSet<String>)>,
    /// The files that were read, as the recipe writes them.
    files: BTreeSet<String>,
    schemas: BTreeMap<String, Value>,
}

/// How deep a folder of sources may be.
const DEPTH: usize = 12;

impl Making<'_> {
    /// The folder that a place of the recipe lies in, and the place in it: `lib:src/main` is in the library `lib`.
    fn locate<'p>(&self, place: &'p str) -> Result<(&Path, &'p str, &'p str)> {
        let Some((library, path)) = place.split_once(':') else {
            return Ok((&self.what.source.folder, place, ""));
        };
        let checkout = self.what.libraries.get(library).ok_or_else(|| {
            Error::file(&self.what.recipe, format!("the sources of the library `{library}` are needed: --library {library}=FOLDER@TAG"))
        })?;
        Ok((&checkout.folder, path, &place[..=library.len()]))
    }

    fn domain(&mut self, place: &str) -> Result<()> {
        let (place, start) = place.split_once(" as ").unwrap_or((place, ""));
        let (folder, path, prefix) = self.locate(place)?;
        let (folder, prefix) = (folder.to_owned(), prefix.to_owned());
        let mut files = Vec::new();
        groovy(&folder, path, DEPTH, &mut files);
        files.sort();
        let mut classes = Vec::new();
        for file in files {
            classes.extend(domain::read(
                &folder.join(&file),
                &format!("{prefix}{file}"),
            )?);
        }
        // Those of a folder that is given a prefix are other ones than those of the same name elsewhere.
        let own: BTreeSet<String> = classes.iter().map(|class| class.name.clone()).collect();
        let named = |name: &str| match own.contains(name) {
            true => format!("{start}{name}"),
            false => name.to_owned(),
        };
        for mut class in classes {
            class.name = named(&class.name);
            class.extends = class.extends.as_deref().map(named);
            for field in class.fields.values_mut() {
                field.of = named(&field.of);
            }
            if class.constants.is_empty() {
                self.classes.entry(class.name.clone()).or_insert(class);
            } else {
                self.enums.insert(class.name, class.constants);
            }
        }
        Ok(())
    }

    /// The keys that a view writes; none where this version does not have it.
    fn view(&mut self, name: &str) -> Result<BTreeSet<String>> {
        if let Some((_, keys)) = self.views.iter().find(|(known, _)| known == name) {
            return Ok(keys.clone());
        }
        let mut keys = BTreeSet::new();
        for place in &self.recipe.views {
            let (folder, path, prefix) = self.locate(place)?;
            let inside = format!("{path}/{name}.gson");
            if let Ok(text) = std::fs::read_to_string(folder.join(&inside)) {
                keys = view::keys(&text);
                let read = format!("{prefix}{inside}");
                self.files.insert(read);
                break;
            }
        }
        self.views.push((name.to_owned(), keys.clone()));
        Ok(keys)
    }

    /// The record of each domain class that the operations need, and of what is no domain class.
    fn records(&mut self) -> Result<()> {
        for (name, union) in &self.recipe.unions {
            self.schemas.insert(name.clone(), Recipe::union(union));
        }
        for (name, record) in &self.recipe.records {
            let exists = record
                .class
                .as_ref()
                .is_none_or(|class| self.classes.contains_key(class));
            if exists {
                self.record(name, record)?;
            }
        }
        // Classes that are referred to and have neither a view nor another name.
        let mut operations: Vec<Call> = self.recipe.resource.iter().flat_map(calls).collect();
        operations.extend(self.recipe.call.iter().cloned());
        let mut asked = BTreeSet::new();
        for of in operations
            .iter()
            .flat_map(|call| [&call.list, &call.gives, &call.takes])
            .flatten()
        {
            let schema = self
                .recipe
                .schema(of)
                .map_err(|problem| Error::file(&self.what.recipe, problem))?;
            references(&schema, &mut asked);
        }
        asked.retain(|name| self.classes.contains_key(name));
        loop {
            let mut named = asked.clone();
            self.schemas
                .values()
                .for_each(|schema| references(schema, &mut named));
            named.retain(|name| !self.schemas.contains_key(name));
            if named.is_empty() {
                return Ok(());
            }
            for name in named {
                if !self.classes.contains_key(&name) {
                    let problem = format!(
                        "the record `{name}` is referred to; neither the recipe nor a domain class has it"
                    );
                    return Err(Error::file(&self.what.recipe, problem));
                }
                let record = Record {
                    class: Some(name.clone()),
                    ..Record::default()
                };
                self.record(&name, &record)?;
            }
        }
    }

    fn record(&mut self, name: &str, record: &Record) -> Result<()> {
        let mut written = BTreeSet::new();
        for view in &record.views {
            written.extend(self.view(view)?);
        }
        let mut properties = Map::new();
        let classes = record.class.iter().chain(&record.merge);
        let fields = classes.flat_map(|class| self.fields(class));
        let fields: Vec<(String, Field)> = fields.collect();
        for (field, of) in fields
            .iter()
            .filter(|(field, _)| !record.only && !record.without.contains(field))
        {
            if record.fields.contains_key(field) || record.also.contains_key(field) {
                continue;
            }
            if let Some(schema) = self.property(name, field, of)? {
                properties.insert(field.clone(), schema);
            }
        }
        if record
            .class
            .as_ref()
            .is_some_and(|class| self.is_element(class))
        {
            properties.insert(
                "_delete".into(),
                json!({"type": "boolean", "writeOnly": true}),
            );
        }
        let stated = record.class.iter().flat_map(|class| self.traits(class));
        let shown = record
            .fields
            .iter()
            .filter(|(field, _)| record.views.is_empty() || written.contains(*field));
        let stated: Vec<(String, String)> = stated
            .chain(
                shown
                    .chain(&record.also)
                    .map(|(field, of)| (field.clone(), of.clone())),
            )
            .collect();
        for (field, of) in stated {
            let Some(of) = self.valid(&of) else {
                continue;
            };
            let schema = self.recipe.schema(of);
            properties.insert(
                field.clone(),
                schema.map_err(|problem| self.at(name, &field, problem))?,
            );
        }
        let unknown: Vec<&String> = written
            .iter()
            .filter(|key| {
                !properties.contains_key(*key)
                    && !record.inner.contains(key)
                    && !record.without.contains(key)
            })
            .collect();
        if let Some(key) = unknown.first() {
            let problem = format!(
                "a view of {:?} writes `{key}`, of which the recipe says nothing",
                record.views
            );
            return Err(self.at(name, key, problem));
        }
        self.schemas.insert(
            name.to_owned(),
            json!({"type": "object", "properties": properties}),
        );
        Ok(())
    }

    /// A type without its first version, `[string] since 7.3.0`; none where this version is an earlier one.
    fn valid<'t>(&self, of: &'t str) -> Option<&'t str> {
        match of.split_once(" since ") {
            Some((of, since)) => (numbers(since) <= numbers(&self.what.since)).then_some(of),
            None => Some(of),
        }
    }

    fn at(&self, record: &str, field: &str, problem: String) -> Error {
        Error::at(
            &self.what.recipe,
            format!("records.{record}.{field}"),
            problem,
        )
    }

    /// The properties of a class and of those that it extends.
    fn fields(&self, class: &str) -> BTreeMap<String, Field> {
        let mut fields = BTreeMap::new();
        for class in self.line(class) {
            for (name, field) in &class.fields {
                fields.entry(name.clone()).or_insert_with(|| field.clone());
            }
        }
        // A domain class that declares no `id` has one that is a number.
        let is_stored = |class: &Class| class.implements.iter().any(|name| name == "MultiTenant");
        if self.line(class).into_iter().any(is_stored) {
            fields.entry("id".to_owned()).or_insert_with(|| Field {
                of: "Long".to_owned(),
                many: false,
                bindable: true,
                replaced: false,
            });
        }
        fields
    }

    /// A class and those that it extends.
    fn line(&self, class: &str) -> Vec<&Class> {
        let mut line: Vec<&Class> = Vec::new();
        let mut next = self.classes.get(class);
        while let Some(class) =
            next.filter(|class| !line.iter().any(|known| known.name == class.name))
        {
            line.push(class);
            next = class
                .extends
                .as_ref()
                .and_then(|name| self.classes.get(name));
        }
        line
    }

    /// Whether collections hold it whose elements a request changes one by one: one with `_delete` is taken away (web-toolkit,
    /// `ExtendedWebDataBinder`).
    fn is_element(&self, class: &str) -> bool {
        let fields = self
            .classes
            .values()
            .flat_map(|class| class.fields.values());
        fields
            .into_iter()
            .any(|field| field.many && !field.replaced && field.of == class)
    }

    fn traits(&self, class: &str) -> Vec<(String, String)> {
        let implemented = self
            .line(class)
            .into_iter()
            .flat_map(|class| &class.implements);
        let fields = implemented
            .filter_map(|name| self.recipe.traits.get(name))
            .flatten();
        fields
            .map(|(field, of)| (field.clone(), of.clone()))
            .collect()
    }

    /// The schema of a property; none of what is no data.
    fn property(&self, record: &str, name: &str, field: &Field) -> Result<Option<Value>> {
        let of = match &*field.of {
            "String" | "UUID" | "Class" | "URL" => "string",
            "Integer" | "int" | "Long" | "long" | "BigInteger" | "Short" => "integer",
            "BigDecimal" | "Double" | "double" | "Float" | "float" => "number",
            "Boolean" | "boolean" => "boolean",
            "LocalDate" => "date",
            "Date" | "Instant" | "LocalDateTime" | "ZonedDateTime" => "date-time",
            "Map" => "{string}",
            other => other,
        };
        if self.recipe.not_data.iter().any(|other| other == of) {
            return Ok(None);
        }
        let mut schema = match self.enums.get(of) {
            Some(constants) => json!({"type": "string", "enum": constants}),
            None if of.starts_with(char::is_uppercase) && !self.classes.contains_key(of) => {
                return Err(self.at(record, name, format!("the type `{of}` is unknown")));
            }
            None if self.classes.contains_key(of) => {
                json!({"$ref": format!("#/components/schemas/{}", self.recipe.record_of(of))})
            }
            None => self
                .recipe
                .schema(of)
                .map_err(|problem| self.at(record, name, problem))?,
        };
        if field.many {
            schema = json!({"type": "array", "items": schema});
        }
        // Grails sets these two itself, and binds neither.
        if !field.bindable || matches!(name, "dateCreated" | "lastUpdated") {
            if schema.get("$ref").is_some() {
                schema = json!({"allOf": [schema]});
            }
            schema["readOnly"] = true.into();
        }
        Ok(Some(schema))
    }

    fn paths(&mut self) -> Result<Map<String, Value>> {
        let mut operations = Vec::new();
        for resource in &self.recipe.resource {
            operations.extend(calls(resource));
        }
        operations.extend(self.recipe.call.iter().cloned());
        let lists: BTreeSet<&String> = operations
            .iter()
            .filter_map(|call| call.list.as_ref())
            .collect();
        for list in lists {
            if self.schemas.contains_key(list) {
                self.schemas.insert(format!("{list}Results"), counted(list));
            }
        }
        let mut paths: Map<String, Value> = Map::new();
        for call in &operations {
            let Some((method, path)) = call.call.split_once(' ') else {
                return Err(Error::at(
                    &self.what.recipe,
                    &call.call,
                    "expected a method and a path",
                ));
            };
            let Some(operation) = self
                .operation(call, path)
                .map_err(|problem| Error::at(&self.what.recipe, &call.call, problem))?
            else {
                continue;
            };
            let item = paths.entry(path).or_insert_with(|| json!({}));
            let method = method.to_lowercase();
            if item.get(&method).is_some() {
                return Err(Error::at(
                    &self.what.recipe,
                    &call.call,
                    "the operation stands twice",
                ));
            }
            item[method] = operation;
        }
        self.prune(&paths);
        Ok(paths)
    }

    /// An operation; none where a record of it is of a class that this version does not have.
    fn operation(&self, call: &Call, path: &str) -> std::result::Result<Option<Value>, String> {
        let mut parameters: Vec<Value> = Vec::new();
        for name in path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
        {
            parameters.push(
                json!({"in": "path", "name": name, "required": true, "schema": {"type": "string"}}),
            );
        }
        if call.list.is_some() || call.lookup {
            let names = LOOKUP.iter().map(|(name, _)| name);
            parameters.extend(
                names.map(|name| json!({"$ref": format!("#/components/parameters/{name}")})),
            );
        }
        for (name, of) in &call.query {
            let Some(of) = self.valid(of) else {
                continue;
            };
            let (of, required) = match of.strip_suffix('*') {
                Some(of) => (of, true),
                None => (of, false),
            };
            parameters.push(json!({"in": "query", "name": name, "required": required, "schema": self.recipe.schema(of)?}));
        }
        let gives = match (&call.list, &call.gives) {
            (Some(list), _) => Some(json!({"oneOf": [
                {"type": "array", "items": self.recipe.schema(list)?},
                {"$ref": format!("#/components/schemas/{list}Results")},
            ]})),
            (None, Some(gives)) => Some(self.recipe.schema(gives)?),
            (None, None) => None,
        };
        let takes = call
            .takes
            .as_ref()
            .map(|takes| self.recipe.schema(takes))
            .transpose()?;
        let mut named = BTreeSet::new();
        gives
            .iter()
            .chain(&takes)
            .for_each(|schema| references(schema, &mut named));
        if named.iter().any(|name| !self.schemas.contains_key(name)) {
            let known = |name: &String| {
                let of = name.strip_suffix("Results").unwrap_or(name);
                self.recipe.records.contains_key(name) || self.recipe.records.contains_key(of)
            };
            return match named.iter().find(|name| !known(name)) {
                Some(name) => Err(format!("the record `{name}` is unknown")),
                None => Ok(None),
            };
        }
        let json = "application/json";
        let (success, content) = match gives {
            Some(schema) => (
                200,
                json!({call.media.as_deref().unwrap_or(json): {"schema": schema}}),
            ),
            None => match &call.media {
                Some(media) => (
                    200,
                    json!({media: {"schema": {"type": "string", "format": "binary"}}}),
                ),
                None => (204, json!({})),
            },
        };
        let statuses = if call.status.is_empty() {
            vec![success]
        } else {
            call.status.clone()
        };
        let mut responses = Map::new();
        for status in statuses {
            let mut response = json!({"description": ""});
            if status != 204 && content != json!({}) {
                response["content"] = content.clone();
            }
            responses.insert(status.to_string(), response);
        }
        let mut operation = json!({"parameters": parameters, "responses": responses});
        if let Some(schema) = takes {
            let media = call.sends.as_deref().unwrap_or(json);
            operation["requestBody"] =
                json!({"required": true, "content": {media: {"schema": schema}}});
        }
        Ok(Some(operation))
    }

    /// Leaves the records that operations reach.
    fn prune(&mut self, paths: &Map<String, Value>) {
        let mut reached = BTreeSet::new();
        let mut open = BTreeSet::new();
        paths.values().for_each(|item| references(item, &mut open));
        while let Some(name) = open.pop_first() {
            if reached.insert(name.clone())
                && let Some(schema) = self.schemas.get(&name)
            {
                references(schema, &mut open);
            }
            open.retain(|name| !reached.contains(name));
        }
        self.schemas.retain(|name, _| reached.contains(name));
        for (name, record) in &self.recipe.records {
            if let (true, Some(class)) = (self.schemas.contains_key(name), &record.class) {
                let files: Vec<String> = self
                    .line(class)
                    .iter()
                    .map(|class| class.file.clone())
                    .collect();
                self.files.extend(files);
            }
        }
        let plain: Vec<String> = self
            .schemas
            .keys()
            .filter_map(|name| Some(self.classes.get(name)?.file.clone()))
            .collect();
        self.files.extend(plain);
    }

    /// Repositories, tags and files.
    fn sources(&self) -> Vec<Value> {
        let of = |prefix: &str| -> Vec<&str> {
            let mine = self.files.iter().filter(|file| match file.split_once(':') {
                Some((library, _)) => library == prefix,
                None => prefix.is_empty(),
            });
            mine.map(|file| file.split_once(':').map_or(&**file, |(_, file)| file))
                .collect()
        };
        let own = json!({"repository": self.recipe.repository, "tag": self.what.source.tag, "files": of("")});
        let libraries = self
            .recipe
            .libraries
            .iter()
            .filter_map(|(name, repository)| {
                let tag = &self.what.libraries.get(name)?.tag;
                Some(json!({"repository": repository, "tag": tag, "files": of(name)}))
            });
        std::iter::once(own).chain(libraries).collect()
    }
}

/// The operations of Grails' mapping of a resource.
fn calls(resource: &Resource) -> Vec<Call> {
    let call = |method: &str, one: bool| Call {
        call: format!(
            "{method} {}{}",
            resource.path,
            if one { "/{id}" } else { "" }
        ),
        list: None,
        lookup: false,
        gives: None,
        takes: None,
        status: Vec::new(),
        media: None,
        sends: None,
        query: BTreeMap::new(),
    };
    let record = Some(resource.record.clone());
    let mut calls = vec![
        Call {
            list: Some(
                resource
                    .list
                    .clone()
                    .unwrap_or_else(|| resource.record.clone()),
            ),
            query: resource.query.clone(),
            ..call("GET", false)
        },
        Call {
            takes: record.clone(),
            gives: record.clone(),
            status: vec![resource.created.unwrap_or(201)],
            ..call("POST", false)
        },
        Call {
            gives: record.clone(),
            query: resource.query_one.clone(),
            ..call("GET", true)
        },
        Call {
            takes: record.clone(),
            gives: record.clone(),
            ..call("PUT", true)
        },
        call("DELETE", true),
    ];
    calls.retain(|call| {
        !resource
            .except
            .iter()
            .any(|method| call.call.starts_with(&**method))
    });
    calls
}

/// The parameters of a lookup (web-toolkit, `RestfulController.doTheLookup`).
const LOOKUP: [(&str, &str); 9] = [
    ("filters", "[string]"),
    ("match", "[string]"),
    ("term", "string"),
    ("sort", "[string]"),
    ("stats", "boolean"),
    ("perPage", "integer"),
    ("max", "integer"),
    ("page", "integer"),
    ("offset", "integer"),
];

/// The object that a lookup gives if it is asked for `stats`.
fn counted(record: &str) -> Value {
    let number = json!({"type": "integer"});
    json!({"type": "object", "properties": {
        "results": {"type": "array", "items": {"$ref": format!("#/components/schemas/{record}")}},
        "pageSize": number, "page": number, "totalPages": number, "totalRecords": number, "total": number,
        "meta": {"type": "object", "additionalProperties": true},
    }})
}

fn references(schema: &Value, out: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => map.values().for_each(|value| references(value, out)),
        Value::Array(list) => list.iter().for_each(|value| references(value, out)),
        Value::String(text) => out.extend(
            text.strip_prefix("#/components/schemas/")
                .map(str::to_owned),
        ),
        _ => {}
    }
}

/// The files of Groovy in a folder, or the file.
fn groovy(folder: &Path, inside: &str, depth: usize, out: &mut Vec<String>) {
    if inside.ends_with(".groovy") {
        if folder.join(inside).is_file() {
            out.push(inside.to_owned());
        }
        return;
    }
    for entry in std::fs::read_dir(folder.join(inside))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{inside}/{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 0 => groovy(folder, &path, depth - 1, out),
            Ok(kind) if kind.is_file() && name.ends_with(".groovy") => out.push(path),
            _ => {}
        }
    }
}
