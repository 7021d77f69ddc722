//! One module: its sources reconciled with its descriptor, its operations and components named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::canonical::json_answer;
use crate::descriptor::{self, Descriptor, path_problem, route_key, shape, starred, unstarred};
use crate::equal::equals;
use crate::error::{Error, Result};
use crate::facts::{self, Deletes, Facts};
use crate::files::{self, deceptive};
use crate::names::{self, Unnamed, camel};
use crate::omits;
use crate::ours::{self, Ours};
use crate::overrides::Overrides;
use crate::pins::Pins;
use crate::schema::{Components, PENDING};
use crate::source::{self, Content, Form, Operation, Parameter, Request, Schemas};
use crate::uses::{self, Uses};

/// A module as the manifest lists it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `mod-users`.
    pub name: String,
    /// The folder with its files.
    pub folder: PathBuf,
    /// What the manifest says.
    pub manifest: Value,
}

/// How many words of its place are put before the name of a record to tell it from others.
const MOST_WORDS: usize = 12;

/// A name that equal components would have, the strongest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    votes: std::cmp::Reverse<usize>,
    /// Whether their own descriptions name them otherwise.
    is_other: bool,
    group: usize,
    name: String,
}

/// What became of a module.
#[derive(Clone, Debug)]
pub struct Module {
    /// `mod-users`.
    pub name: String,
    /// The canonical document, references to shared records not yet moved.
    pub document: Value,
    /// Operations that a source describes and the descriptor does not route.
    pub unrouted: Vec<String>,
    /// Routes without a published description.
    pub untyped: usize,
    /// Entries of `required` that name no property.
    pub dropped_required: usize,
    /// Overrides that changed nothing.
    pub stale_overrides: Vec<String>,
    /// What could not be read, and was taken for anything.
    pub problems: Vec<Error>,
    /// What is read and left out, since the SDK has no place for it: what it is, and what is said of it.
    pub omitted: Vec<(String, String)>,
}

/// How modules are read.
pub(crate) struct Reading<'a> {
    /// The release's name.
    pub(crate) release: &'a str,
    /// What is mended.
    pub(crate) overrides: &'a Overrides,
    /// The folder with `ours/`.
    pub(crate) specs: &'a Path,
    /// Whether what cannot be read ends the import.
    pub(crate) strict: bool,
}

/// Reads and normalises a module; what is pinned keeps its name.
pub(crate) fn read(entry: &Entry, reading: &Reading<'_>, pins: &Pins) -> Result<Module> {
    let overrides = reading.overrides;
    let mut schemas = Schemas::default();
    schemas.strict = reading.strict;
    let within = schemas.keep_within(&entry.folder)?;
    let descriptor = match entry.text("descriptor") {
        "" => None,
        path => match descriptor::read(&entry.folder.join(path), &within) {
            Ok(mut descriptor) => {
                for problem in std::mem::take(&mut descriptor.problems) {
                    schemas.forgive(problem)?;
                }
                Some(descriptor).filter(|descriptor| !descriptor.routes.is_empty())
            }
            Err(problem) => {
                schemas.forgive(problem)?;
                None
            }
        },
    };
    schemas.unrouted = descriptor.is_none();
    // What this project wrote itself goes before what the module publishes: it is written where that is missing or wrong.
    let ours = ours::find(reading.specs, entry)?;
    let mut operations = match &ours {
        Some(ours) => ours.operations(entry, &mut schemas)?,
        None => Vec::new(),
    };
    let mut published = sources(entry, &mut schemas)?;
    // A newer description fills the same gaps.
    published.retain(|operation| ours.is_none() || operation.supplement.is_none());
    operations.extend(published);
    if let Some(rmb) = ours::of_rmb(reading.specs, entry)? {
        operations.extend(rmb.operations(entry, &mut schemas)?);
    }
    overrides.describe(entry, &mut operations, &mut schemas);
    let mut module = Assembly {
        entry,
        schemas,
        components: Components::default(),
        overrides,
        unrouted: Vec::new(),
        untyped: 0,
    };
    let routed = module.reconcile(operations, descriptor.as_ref(), ours.as_ref())?;
    let collections = collections(&routed);
    let stated =
        |operation: &Operation| overrides.facts(&entry.name, &operation.method, &operation.path);
    let unnamed: Vec<Unnamed> = routed
        .iter()
        .map(|(operation, _)| Unnamed {
            method: operation.method.clone(),
            path: named_as(operation, &routed),
            key: route_key(&operation.path),
            deletes: deletes(operation, &routed, &collections, &stated(operation)),
        })
        .collect();
    let names = names::name(&unnamed, &collections, &pins.operations(&entry.name));
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (((operation, route), name), unnamed) in routed.iter().zip(&names).zip(&unnamed) {
        let mut document = match module.operation(operation, route.as_ref(), name) {
            Ok(document) => document,
            Err(problem) => {
                module.schemas.forgive(problem)?;
                module.untyped += 1;
                let unread = untyped(&operation.method, &operation.path);
                module.operation(&unread, route.as_ref(), name)?
            }
        };
        let deletes = unnamed.deletes.clone();
        let known = Facts {
            deletes,
            ..Facts::default()
        };
        facts::write(&mut document, &known);
        paths
            .entry(operation.path.clone())
            .or_default()
            .insert(operation.method.clone(), document);
    }
    let interfaces: Map<String, Value> = descriptor
        .iter()
        .flat_map(|descriptor| &descriptor.interfaces)
        .map(|(id, version)| (id.clone(), version.clone().into()))
        .collect();
    let mut document = json!({
        "openapi": "3.0.3",
        "info": {"title": entry.name, "version": entry.text("version")},
        "paths": paths,
        "components": {"schemas": {}},
        "x-folio": {"release": reading.release, "module": entry.name, "interfaces": interfaces},
    });
    module.name_components(&mut document, pins);
    let mut stale_overrides = overrides.apply(&entry.name, &mut document);
    prune(&mut document);
    stale_overrides.append(&mut module.schemas.stale);
    module.paging(&mut document);
    module.facts(&mut document);
    if let Some((at, problem)) = deceptive(&document) {
        return Err(Error::at(&entry.folder, at, problem));
    }
    Ok(Module {
        name: entry.name.clone(),
        document,
        unrouted: module.unrouted,
        untyped: module.untyped,
        dropped_required: module.components.dropped_required,
        stale_overrides,
        problems: module.schemas.problems,
        omitted: module.schemas.omitted,
    })
}

impl Entry {
    /// A text of the manifest; empty where there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.manifest
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// The operations of all roots of a module, those of a newer description behind them.
///
/// # Errors
/// The manifest is wrong; or, if `schemas` are strict, a root cannot be read.
pub fn sources(entry: &Entry, schemas: &mut Schemas) -> Result<Vec<Operation>> {
    let mut operations = Vec::new();
    for root in roots(&entry.manifest) {
        match source(entry, root, schemas) {
            Ok(read) => operations.extend(read),
            Err(problem) => schemas.forgive(problem)?,
        }
    }
    let Some(supplement) = entry.manifest.get("supplement") else {
        return Ok(operations);
    };
    let commit = supplement.get("commit").and_then(Value::as_str);
    for root in roots(supplement) {
        match source(entry, root, schemas) {
            Ok(read) => operations.extend(read.into_iter().map(|operation| Operation {
                supplement: Some(commit.unwrap_or_default().to_owned()),
                ..operation
            })),
            Err(problem) => schemas.forgive(problem)?,
        }
    }
    Ok(operations)
}

fn roots(of: &Value) -> impl Iterator<Item = &Value> {
    of.get("roots")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn source(entry: &Entry, root: &Value, schemas: &mut Schemas) -> Result<Vec<Operation>> {
    let text = |key: &str| root.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = text("path");
    schemas
        .keep_within(&entry.folder)?
        .check(&entry.folder.join(path))?;
    if !entry.folder.join(path).is_file() {
        return Err(Error::file(
            entry.folder.join(path),
            "the manifest names this root, and it does not exist",
        ));
    }
    match text("format") {
        "raml" => source::raml(&entry.folder, path, schemas),
        "openapi" => {
            let applies = root.get("base_path_applies") == Some(&Value::Bool(true));
            source::openapi(
                &entry.folder,
                path,
                if applies { text("base_path") } else { "" },
                schemas,
            )
        }
        other => Err(Error::file(
            entry.folder.join(path),
            format!("expected the format `raml` or `openapi`, found `{other}`"),
        )),
    }
}

struct Assembly<'a> {
    entry: &'a Entry,
    schemas: Schemas,
    components: Components,
    overrides: &'a Overrides,
    unrouted: Vec<String>,
    untyped: usize,
}

type Routed = (Operation, Option<descriptor::Route>);

impl Assembly<'_> {
    /// What is described and routed, and what is routed without a description.
    fn reconcile(
        &mut self,
        operations: Vec<Operation>,
        descriptor: Option<&Descriptor>,
        ours: Option<&Ours>,
    ) -> Result<Vec<Routed>> {
        let mut routed: BTreeMap<(String, String), Routed> = BTreeMap::new();
        for mut operation in operations {
            operation.path = tidy(&operation.path);
            if let Some(problem) = path_problem(&operation.path) {
                let file = self.entry.folder.join(&operation.root);
                self.schemas.forgive(Error::at(file, "/paths", problem))?;
                continue;
            }
            let key = (route_key(&operation.path), operation.method.clone());
            if let Some((known, _)) = routed.get_mut(&key) {
                // The release's own description may name a route and say nothing of what it gives.
                let says_more = operation.supplement.is_some()
                    && operation.says_what_it_gives()
                    && !(known.says_what_it_gives()
                        || known.request.is_some() && operation.request.is_none());
                if says_more {
                    *known = operation;
                }
                continue;
            }
            let is_extra = operation.supplement.is_some() || operation.ours.is_some();
            let route = match descriptor {
                None if is_extra => continue,
                None => None,
                Some(descriptor) => match descriptor.route(&operation.method, &operation.path) {
                    Some(route) => Some(route.clone()),
                    None if is_extra => continue,
                    None => {
                        self.unrouted.push(format!(
                            "{} {}",
                            operation.method.to_uppercase(),
                            operation.path
                        ));
                        continue;
                    }
                },
            };
            routed.insert(key, (operation, route));
        }
        for route in descriptor.iter().flat_map(|descriptor| &descriptor.routes) {
            let key = (route_key(&route.pattern), route.method.clone());
            let is_covered = ours.is_some_and(|ours| ours.covers(route));
            if route.method == "*" || is_covered || routed.contains_key(&key) {
                continue;
            }
            let path = tidy(&unstarred(&route.pattern));
            if let Some(problem) = path_problem(&path) {
                let file = self.entry.folder.join(self.entry.text("descriptor"));
                self.schemas
                    .forgive(Error::at(file, "/provides", problem))?;
                continue;
            }
            self.untyped += 1;
            routed.insert(key, (untyped(&route.method, &path), Some(route.clone())));
        }
        self.unrouted.sort();
        Ok(routed.into_values().collect())
    }

    fn operation(
        &mut self,
        operation: &Operation,
        route: Option<&descriptor::Route>,
        name: &str,
    ) -> Result<Value> {
        let file = self.entry.folder.join(&operation.root);
        let mut parameters = Vec::new();
        for cookie in operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "cookie")
        {
            let subject = format!(
                "{} {} cookie {}",
                operation.method.to_uppercase(),
                operation.path,
                cookie.name
            );
            self.schemas.omit(subject, format!(
                "the cookie `{}` of {} {}: the SDK sends its own cookies only; give it by `header`",
                cookie.name,
                operation.method.to_uppercase(),
                operation.path
            ));
        }
        for place in ["path", "query", "header"] {
            for parameter in operation
                .parameters
                .iter()
                .filter(|parameter| parameter.place == place && is_kept(parameter))
            {
                if place == "path" && !operation.path.contains(&format!("{{{}}}", parameter.name)) {
                    continue;
                }
                let schema =
                    self.components
                        .normalise(&parameter.schema, &mut self.schemas, &file)?;
                let which = format!(
                    "the {place} parameter `{}` of {} {}",
                    parameter.name,
                    operation.method.to_uppercase(),
                    operation.path
                );
                let form = match parameter.form(&schema) {
                    Ok(form) => form,
                    Err(problem) if parameter.required => {
                        let problem = format!("{which} {problem}, and it is required");
                        return Err(Error::file(&file, problem));
                    }
                    Err(problem) => {
                        let subject = format!(
                            "{} {} {place} {}",
                            operation.method.to_uppercase(),
                            operation.path,
                            parameter.name
                        );
                        self.schemas
                            .omit(subject, format!("{which} {problem}: it is left to `param`"));
                        continue;
                    }
                };
                // OpenAPI sends an object in a query as a parameter for each of its properties.
                let object = match schema.get("$ref").and_then(Value::as_str) {
                    Some(key) => key
                        .strip_prefix(PENDING)
                        .and_then(|key| self.components.schemas.get(key)),
                    None => Some(&schema),
                };
                let joined = object.map(|object| self.components.fields(object));
                let object = joined.as_ref();
                let properties = object.and_then(|object| object.get("properties")?.as_object());
                if let (Some(properties), "query") = (properties, place) {
                    let needed = object.and_then(|object| object.get("required")?.as_array());
                    for (key, property) in properties {
                        let needed =
                            needed.is_some_and(|needed| needed.iter().any(|other| other == key));
                        let name = match form {
                            Form::Deep => format!("{}[{key}]", parameter.name),
                            _ => key.clone(),
                        };
                        parameters.push(json!({
                            "in": place, "name": name, "required": parameter.required && needed, "schema": property,
                        }));
                    }
                    continue;
                }
                for name in parameter.names() {
                    let mut described = json!({
                        "in": place, "name": name, "required": parameter.required || place == "path", "schema": schema,
                    });
                    if let Form::Joined(style) = form {
                        described["style"] = style.into();
                        described["explode"] = false.into();
                    }
                    parameters.push(described);
                }
            }
        }
        for name in operation
            .path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
        {
            if !parameters
                .iter()
                .any(|parameter| parameter["in"] == "path" && parameter["name"] == name)
            {
                parameters.push(json!({"in": "path", "name": name, "required": true, "schema": {"type": "string"}}));
            }
        }
        // A property of an object in the query may be named like another parameter.
        let mut known = BTreeSet::new();
        parameters.retain(|parameter| {
            known.insert((parameter["in"].to_string(), parameter["name"].to_string()))
        });
        let order = |parameter: &Value| {
            ["path", "query", "header"]
                .iter()
                .position(|place| parameter["in"] == **place)
        };
        parameters.sort_by_key(order);
        let mut folio = Map::new();
        if let Some(route) = route {
            folio.insert("interface".into(), route.interface.clone().into());
            if route.multiple {
                folio.insert("interfaceType".into(), "multiple".into());
            }
            folio.insert("permissions".into(), route.permissions.clone().into());
            for (key, list) in [
                ("permissionsDesired", &route.desired),
                ("modulePermissions", &route.module),
            ] {
                if !list.is_empty() {
                    folio.insert(key.into(), list.clone().into());
                }
            }
        }
        if operation.root.is_empty() {
            folio.insert("untyped".into(), true.into());
        } else {
            folio.insert("source".into(), operation.root.clone().into());
        }
        if let Some(commit) = &operation.supplement {
            folio.insert("supplement".into(), commit.clone().into());
        }
        if let Some(since) = &operation.ours {
            folio.insert("ours".into(), since.clone().into());
        }
        if let Some(id) = &operation.upstream_id {
            folio.insert("upstreamId".into(), id.clone().into());
        }
        let mut responses = Map::new();
        for (status, content) in &operation.responses {
            let mut content = content.clone();
            let Some(status) = known_status(status) else {
                let at = format!("{} {}", operation.method.to_uppercase(), operation.path);
                let problem = format!(
                    "expected a status of HTTP, `2XX` or `default`, found `{}`",
                    status.escape_debug()
                );
                return Err(Error::at(file, at, problem));
            };
            // RMB's collections describe the answer to a POST by an example only; what they give back is the record.
            if operation.collection_post && status == "201" {
                let posted = operation
                    .request
                    .as_ref()
                    .and_then(|request| request.content.get("application/json").cloned().flatten());
                if let (Some(untyped @ None), Some(posted)) =
                    (content.get_mut("application/json"), posted)
                {
                    *untyped = Some(posted);
                    folio.insert("responseFrom".into(), "request".into());
                }
            }
            let content = self.content(&content, &file)?;
            let mut response = json!({"description": ""});
            if !content.is_empty() {
                response["content"] = content.into();
            }
            responses.insert(status, response);
        }
        let mut document = json!({
            "operationId": name, "parameters": parameters, "responses": responses, "x-folio": folio,
        });
        if let Some(request) = &operation.request {
            document["requestBody"] = json!({"required": request.required, "content": self.content(&request.content, &file)?});
        }
        if operation.deprecated {
            document["deprecated"] = true.into();
        }
        if let Some((at, problem)) = deceptive(&document) {
            let at = format!("{} {}{at}", operation.method.to_uppercase(), operation.path);
            return Err(Error::at(file, at, problem));
        }
        Ok(document)
    }

    fn content(&mut self, content: &Content, file: &Path) -> Result<Map<String, Value>> {
        let mut normalised = Map::new();
        for (media_type, schema) in content {
            let value = match schema {
                Some(schema) => {
                    json!({"schema": self.components.normalise(schema, &mut self.schemas, file)?})
                }
                None => json!({}),
            };
            normalised.insert(media_type.clone(), value);
        }
        Ok(normalised)
    }

    /// Names the components, equal ones once, and puts them into the document.
    fn name_components(&mut self, document: &mut Value, pins: &Pins) {
        let uses: Vec<Uses> = pins
            .releases
            .iter()
            .map(|release| {
                let paths = &document["paths"];
                uses::compare(&self.entry.name, paths, &self.components.schemas, release)
            })
            .collect();
        let mut schemas = std::mem::take(&mut self.components.schemas);
        let lifted = uses::lift(&mut schemas, &uses, &|key| {
            self.component_name(std::slice::from_ref(key), 0)
        });
        self.components.schemas = schemas;
        let is_any_lifted = !lifted.is_empty();
        for (key, name) in lifted {
            self.schemas.names.insert(key, BTreeMap::from([(name, 1)]));
        }
        let uses = if is_any_lifted {
            let paths = &document["paths"];
            let known = pins.releases.iter();
            known
                .map(|release| {
                    uses::compare(&self.entry.name, paths, &self.components.schemas, release)
                })
                .collect()
        } else {
            uses
        };
        let groups = equals(&self.components.schemas, |key| {
            self.component_name(std::slice::from_ref(key), 0)
                .to_lowercase()
        });
        let pinned = self.pinned(&uses, &groups, pins);
        let mut levels = vec![0; groups.len()];
        // Two of one file whose names differ in case only are told apart by a number.
        let mut numbers = vec![0; groups.len()];
        let named = loop {
            let named: Vec<String> = groups
                .iter()
                .zip(levels.iter().zip(numbers.iter().zip(&pinned)))
                .map(|(group, (level, (number, pinned)))| {
                    if let Some(name) = pinned {
                        return name.clone();
                    }
                    let name = self.component_name(group, *level);
                    if *number > 1 {
                        format!("{name}{number}")
                    } else {
                        name
                    }
                })
                .collect();
            let mut clashes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (index, name) in named.iter().enumerate() {
                clashes.entry(name.to_lowercase()).or_default().push(index);
            }
            clashes.retain(|_, group| group.len() > 1);
            if clashes.is_empty() {
                break named;
            }
            for mut group in clashes.into_values() {
                group.retain(|&index| pinned[index].is_none());
                let is_taken = clashing_pin(&pinned, &named, &group);
                if group
                    .iter()
                    .all(|&index| levels[index] < MOST_WORDS && numbers[index] == 0)
                {
                    group.into_iter().for_each(|index| levels[index] += 1);
                    continue;
                }
                // In the order of the places that they stand at.
                group.sort_by_key(|&index| (numbers[index], std::cmp::Reverse(&groups[index][0])));
                let first = group.iter().all(|&index| numbers[index] == 0) && !is_taken;
                for (number, index) in group.into_iter().enumerate() {
                    if first {
                        (levels[index], numbers[index]) = (0, number + 1);
                    } else if number > 0 || is_taken {
                        // What is numbered clashes with a name that ends with a number.
                        numbers[index] = numbers[index].max(1) + 1;
                    }
                }
            }
        };
        let mut names = BTreeMap::new();
        for (group, name) in groups.iter().zip(&named) {
            for key in group {
                names.insert(key.clone(), name.clone());
            }
        }
        let mut schemas = Map::new();
        for (group, name) in groups.iter().zip(&named) {
            let mut schema = self
                .components
                .schemas
                .get(&group[0])
                .cloned()
                .unwrap_or_default();
            let sources: BTreeSet<String> = group.iter().map(|key| self.place(key)).collect();
            let mut folio = json!({"sources": sources});
            if schema.pointer("/properties/_version").is_some() {
                folio["locking"] = true.into();
            }
            if let Value::Object(schema) = &mut schema {
                schema.insert("x-folio".into(), folio);
            }
            schemas.insert(name.clone(), schema);
        }
        document["components"]["schemas"] = schemas.into();
        settle(document, &names);
        prune(document);
    }

    /// The names that components have already: by where they are used, in the newest release that uses something there, else by their files.
    /// Of several that would have one name, the one that is used most under it has it.
    fn pinned(&self, uses: &[Uses], groups: &[Vec<String>], pins: &Pins) -> Vec<Option<String>> {
        let mut pinned: Vec<Option<String>> = vec![None; groups.len()];
        let mut taken = BTreeSet::new();
        let mut settle = |pinned: &mut [Option<String>], mut wishes: Vec<Wish>| {
            wishes.sort();
            for wish in wishes {
                if pinned[wish.group].is_none() && taken.insert(wish.name.to_lowercase()) {
                    pinned[wish.group] = Some(wish.name);
                }
            }
        };
        let wish = |group: usize, name: &str, votes: usize| Wish {
            votes: std::cmp::Reverse(votes),
            is_other: self.component_name(&groups[group], 0) != name,
            group,
            name: name.to_owned(),
        };
        for Uses { votes, .. } in uses {
            let mut wishes = Vec::new();
            for (index, group) in groups.iter().enumerate() {
                let mut names: BTreeMap<&str, usize> = BTreeMap::new();
                for (name, count) in group.iter().filter_map(|key| votes.get(key)).flatten() {
                    *names.entry(name).or_default() += count;
                }
                let names = names.into_iter().filter(|(name, _)| names::is_type(name));
                wishes.extend(names.map(|(name, votes)| wish(index, name, votes)));
            }
            settle(&mut pinned, wishes);
        }
        let mut wishes = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let places: Vec<String> = group.iter().map(|key| self.place(key)).collect();
            if let Some((votes, name)) = pins.record(&places) {
                wishes.push(wish(index, name, votes));
            }
        }
        settle(&mut pinned, wishes);
        pinned
    }

    /// The name of equal components: the one that most roots declare, else that of the place; `level` more words of the place in front.
    fn component_name(&self, group: &[String], level: usize) -> String {
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        for key in group {
            for (name, count) in self.schemas.names.get(key).into_iter().flatten() {
                // Some roots declare types under the names of their files.
                let name = [".json", ".schema"]
                    .iter()
                    .find_map(|end| name.strip_suffix(end))
                    .unwrap_or(name);
                *votes.entry(camel(name)).or_default() += count;
            }
        }
        let voted = votes.iter().max_by_key(|(name, count)| {
            (
                **count,
                std::cmp::Reverse(name.len()),
                std::cmp::Reverse((*name).clone()),
            )
        });
        let place = self.place(&group[0]);
        let words: Vec<&str> = place
            .split(['/', '#', '!'])
            .filter(|word| !word.is_empty())
            .collect();
        let stem = words.last().copied().unwrap_or_default();
        // A file has an extension behind its name; a type of a RAML library has the library before it.
        let stem = if place.contains('!') {
            stem.rsplit('.').next().unwrap_or(stem)
        } else {
            stem.rsplit_once('.').map_or(stem, |(stem, _)| stem)
        };
        // Two that are declared under one name have names of their own.
        let own = voted
            .filter(|_| level == 0)
            .map_or_else(|| camel(stem), |(name, _)| name.clone());
        let before = &words[..words.len().saturating_sub(1)];
        let prefix: String = before
            .iter()
            .rev()
            .take(level)
            .rev()
            .map(|word| camel(word.rsplit_once('.').map_or(*word, |(w, _)| w)))
            .collect();
        let name = format!("{prefix}{own}");
        if names::is_type(&name) {
            name
        } else {
            format!("{name}Record")
        }
    }

    /// Where a component stands, from the module on.
    fn place(&self, key: &str) -> String {
        let folder = format!("{}/", raml_clean(&self.entry.folder));
        let inside = key.strip_prefix(&folder).unwrap_or(key);
        format!("{}/{}", self.entry.name, inside.trim_end_matches('#'))
    }

    /// Finds the lists and says how they are paged.
    /// What the server does, by the schemas and by what is stated in the overrides.
    fn facts(&self, document: &mut Value) {
        facts::derive(document);
        let is_sent = self.overrides.sends_read_only(&self.entry.name);
        omits::derive(document, !is_sent);
        for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                let mut known = facts::read(operation);
                known.correct(&self.overrides.facts(&self.entry.name, method, path));
                facts::write(operation, &known);
            }
        }
    }

    fn paging(&self, document: &mut Value) {
        let schemas = document
            .pointer("/components/schemas")
            .cloned()
            .unwrap_or_default();
        let style = self.overrides.paging_style(&self.entry.name);
        let rmb = self.entry.manifest.get("kind").and_then(Value::as_str) == Some("raml");
        for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
            let Some(get) = item.get_mut("get") else {
                continue;
            };
            let stated = self.overrides.list(&self.entry.name, path);
            let own = stated.and_then(|stated| stated.style.as_deref());
            let style = own.or(style.as_deref());
            let Some(mut paging) = paging(path, get, &schemas, style, own.is_some(), rmb) else {
                continue;
            };
            if let Some(stated) = stated {
                if stated.paged == Some(false) {
                    continue;
                }
                for (key, fact) in [
                    ("sort", stated.sort),
                    ("all", stated.all),
                    ("query", stated.query),
                ] {
                    if let Some(fact) = fact {
                        paging[key] = fact.into();
                    }
                }
                if let Some(max) = stated.max {
                    paging["max"] = max.into();
                }
                if let Some(kind) = &stated.job {
                    paging["job"] = kind.clone().into();
                }
            }
            get["x-folio"]["paging"] = paging;
        }
        if let Some(style) = style {
            document["x-folio"]["paging"] = style.into();
        }
        retrieved(document);
    }
}

/// What `POST …/retrieve` gives back is the list of the GET beside it, where nothing is described: RMB answers both by one function.
fn retrieved(document: &mut Value) {
    let Some(Value::Object(paths)) = document.get_mut("paths") else {
        return;
    };
    let retrieving: Vec<String> = paths
        .iter()
        .filter(|(_, item)| item.get("post").is_some())
        .filter_map(|(path, _)| path.strip_suffix("/retrieve").map(str::to_owned))
        .collect();
    for list in retrieving {
        let get = paths.get(&list).and_then(|item| item.get("get"));
        let Some(get) =
            get.filter(|get| get.pointer("/x-folio/paging/style") == Some(&"cql".into()))
        else {
            continue;
        };
        let (Some(answer), Some(mut paging)) = (
            get.pointer("/responses/200").cloned(),
            get.pointer("/x-folio/paging").cloned(),
        ) else {
            continue;
        };
        paging["style"] = "retrieve".into();
        let post = paths
            .get_mut(&format!("{list}/retrieve"))
            .and_then(|item| item.get_mut("post"));
        let Some(post) = post else { continue };
        let is_described = post["responses"].as_object().is_some_and(|responses| {
            responses.iter().any(|(status, response)| {
                status.starts_with('2') && response.get("content").is_some()
            })
        });
        if is_described || post.pointer("/x-folio/untyped") == Some(&Value::Bool(true)) {
            continue;
        }
        post["responses"]["200"] = answer;
        post["x-folio"]["responseFrom"] = "get".into();
        post["x-folio"]["paging"] = paging;
    }
}

/// The path that an operation is named after. What stands for the rest of a path is no word of it, unless the path itself is served too.
fn named_as(operation: &Operation, routed: &[Routed]) -> String {
    let path = tidy(starred(&operation.path).trim_end_matches('*'));
    let is_served = |(other, _): &Routed| {
        other.method == operation.method
            && other.path != operation.path
            && shape(&other.path) == shape(&operation.path)
    };
    if operation.path.contains("{+") && routed.iter().any(is_served) {
        return format!("{path}/rest");
    }
    path
}

/// What a DELETE deletes: as it is stated, or as the description tells.
fn deletes(
    operation: &Operation,
    routed: &[Routed],
    collections: &BTreeSet<String>,
    stated: &Facts,
) -> Option<Deletes> {
    if operation.method != "delete" {
        return None;
    }
    let deletion = facts::Deletion {
        path: &operation.path,
        query: operation
            .parameters
            .iter()
            .filter(|parameter| parameter.place == "query")
            .map(|parameter| (&*parameter.name, parameter.required))
            .collect(),
        has_body: operation.request.is_some(),
        is_collection: collections.contains(&operation.path),
        is_read: routed
            .iter()
            .any(|(other, _)| other.method == "get" && other.path == operation.path),
        is_untyped: operation.root.is_empty(),
    };
    stated.deletes.clone().or_else(|| deletion.derive())
}

/// Whether what these components would be named is pinned to another.
fn clashing_pin(pinned: &[Option<String>], named: &[String], group: &[usize]) -> bool {
    let taken = |name: &String| {
        let mut pins = pinned.iter().flatten();
        pins.any(|pin| pin.eq_ignore_ascii_case(name))
    };
    group.first().is_some_and(|&index| taken(&named[index]))
}

fn raml_clean(path: &Path) -> String {
    files::clean(path).display().to_string()
}

/// A status as documents have it; nothing where it is none.
fn known_status(status: &str) -> Option<String> {
    let upper = status.to_uppercase();
    let is_known = match upper.as_bytes() {
        [b'1'..=b'5', b'X', b'X'] => true,
        [b'1'..=b'5', rest @ ..] => rest.len() == 2 && rest.iter().all(u8::is_ascii_digit),
        _ => status == "default",
    };
    match status {
        "default" => Some(status.to_owned()),
        _ => is_known.then_some(upper),
    }
}

/// A path without empty segments.
fn tidy(path: &str) -> String {
    format!(
        "/{}",
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    )
}

/// Headers that the SDK itself sends, or that every module has.
fn is_kept(parameter: &Parameter) -> bool {
    let name = parameter.name.to_lowercase();
    parameter.place != "header"
        || !(name.starts_with("x-okapi")
            || matches!(name.as_str(), "accept" | "content-type" | "authorization"))
}

/// An operation of which only the route is known: JSON in, JSON out.
pub(crate) fn untyped(method: &str, path: &str) -> Operation {
    let json = || Content::from([("application/json".to_owned(), None)]);
    let takes = matches!(method, "post" | "put" | "patch");
    Operation {
        method: method.to_owned(),
        path: path.to_owned(),
        root: String::new(),
        upstream_id: None,
        parameters: Vec::new(),
        request: takes.then(|| Request {
            required: false,
            content: json(),
        }),
        responses: BTreeMap::from([
            ("200".to_owned(), json()),
            ("204".to_owned(), Content::new()),
        ]),
        deprecated: false,
        collection_post: false,
        rmb: false,
        supplement: None,
        ours: None,
    }
}

/// The paths that are lists of records: those with records below that are read or deleted by `…/{id}`, and those that are paged.
fn collections(routed: &[Routed]) -> BTreeSet<String> {
    let mut collections = BTreeSet::new();
    for (operation, _) in routed {
        if let Some((above, last)) = operation.path.rsplit_once('/')
            && matches!(operation.method.as_str(), "get" | "delete")
            && last.starts_with('{')
            && !last.starts_with("{+")
            && last.ends_with('}')
            && !above.is_empty()
            && !above.ends_with('}')
        {
            collections.insert(above.to_owned());
        }
        if operation.method == "get"
            && operation
                .parameters
                .iter()
                .any(|parameter| matches!(parameter.name.as_str(), "limit" | "perPage"))
        {
            collections.insert(operation.path.clone());
        }
    }
    collections
}

/// Whether it is an object of which nothing is described.
pub(crate) fn says_nothing(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
        && schema.as_object().is_some_and(|schema| {
            schema.iter().all(|(key, value)| match key.as_str() {
                "type" | "x-folio" | "nullable" | "readOnly" | "deprecated" => true,
                "additionalProperties" | "properties" => {
                    value.is_boolean() || value.as_object().is_some_and(Map::is_empty)
                }
                _ => false,
            })
        })
}

/// Puts the names of components where references to them stand.
fn settle(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| settle(value, names)),
        Value::Array(list) => list.iter_mut().for_each(|value| settle(value, names)),
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(PENDING).and_then(|key| names.get(key)) {
                *text = format!("#/components/schemas/{name}");
            }
        }
        _ => {}
    }
}

/// Leaves only the components that something refers to.
pub(crate) fn prune(document: &mut Value) {
    fn references(value: &Value, out: &mut Vec<String>) {
        match value {
            Value::Object(map) => map.values().for_each(|value| references(value, out)),
            Value::Array(list) => list.iter().for_each(|value| references(value, out)),
            Value::String(text) => out.extend(
                text.strip_prefix("#/components/schemas/")
                    .map(str::to_owned),
            ),
            _ => {}
        }
    }
    let mut open = Vec::new();
    references(&document["paths"], &mut open);
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = document.pointer(&format!("/components/schemas/{name}"))
            && !reached.contains(&name)
        {
            references(schema, &mut open);
            reached.insert(name);
        }
    }
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.retain(|name, _| reached.contains(name));
    }
}

fn paging(
    path: &str,
    get: &Value,
    schemas: &Value,
    style: Option<&str>,
    is_stated: bool,
    rmb: bool,
) -> Option<Value> {
    let parameter = |name: &str| {
        get["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|parameter| parameter["in"] == "query" && parameter["name"] == name)
    };
    let style = match style {
        Some(style) if is_stated => style,
        _ if parameter("perPage").is_some() => "erm",
        // What has no offset gives its first records only: mod-search's `/browse` shows the neighbours of what is asked for.
        _ if parameter("limit").is_none() || parameter("offset").is_none() => return None,
        Some(style) => style,
        None if parameter("query").is_some() => "cql",
        None => "offset",
    };
    let schema = json_answer(get)?;
    let resolve = |schema: &Value| resolved(schema, schemas).clone();
    let answer = resolve(schema);
    let mut body = answer.clone();
    // ERM gives the array, or, if asked for `stats`, an object around it: lists that are read to their end do not ask.
    let variants = ["oneOf", "anyOf"]
        .iter()
        .find_map(|key| answer.get(*key)?.as_array());
    let array = variants
        .into_iter()
        .flatten()
        .map(&resolve)
        .find(|variant| variant["type"] == "array");
    // One of several collections, such as of whole records or of their ids: what all have in common tells where the records stand.
    let collections: Vec<_> = variants
        .filter(|_| array.is_none())
        .into_iter()
        .flatten()
        .map(|variant| all_properties(resolved(variant, schemas), schemas))
        .collect();
    let mut paging = json!({"style": style});
    if let Some(array) = array {
        if let Some(record) = array.pointer("/items/$ref") {
            paging["record"] = record.clone();
        }
        body = array;
    }
    let item = if body["type"] == "array" {
        resolve(&body["items"])
    } else {
        let mut properties = all_properties(&body, schemas);
        if let [first, others @ ..] = &collections[..] {
            let in_all = first
                .iter()
                .filter(|(name, _)| others.iter().all(|other| other.contains_key(*name)));
            properties.extend(in_all.map(|(name, property)| (name.clone(), property.clone())));
        }
        let is_counted = properties.contains_key("totalRecords");
        let (errors, arrays): (Vec<_>, Vec<_>) = properties
            .iter()
            .filter(|(name, property)| {
                property["type"] == "array" && !matches!(name.as_str(), "resultInfo" | "facets")
            })
            .partition(|(name, _)| *name == "errors");
        // Errors are what a list says of itself, unless it is a list of them.
        let arrays = match arrays.is_empty() && is_counted {
            true => errors,
            false => arrays,
        };
        let last = names::snake(path.rsplit('/').next().unwrap_or_default());
        let (name, list) = match &arrays[..] {
            [only] => only,
            several => several
                .iter()
                .find(|(name, _)| names::snake(name) == last)?,
        };
        paging["items"] = (*name).clone().into();
        if let Some(record) = largest(&collections, name, schemas) {
            paging["record"] = record.into();
        }
        resolve(&list["items"])
    };
    if style == "cql" && rmb && item.pointer("/properties/id").is_some() {
        paging["key"] = "id".into();
    }
    if style == "search" && parameter("query").is_none() {
        paging["query"] = false.into();
    }
    let max = parameter("limit")
        .and_then(|limit| limit.pointer("/schema/maximum"))
        .and_then(Value::as_u64);
    if let Some(max) = max.filter(|max| *max < 2_147_483_647) {
        paging["max"] = max.into();
    }
    Some(paging)
}

/// The record of several collections that can hold those of all: of whole records and of their ids it is the whole one.
fn largest(
    collections: &[BTreeMap<String, Value>],
    items: &str,
    schemas: &Value,
) -> Option<String> {
    let mut records = Vec::new();
    for properties in collections {
        let reference = properties.get(items)?.pointer("/items/$ref")?.as_str()?;
        let record = schemas.get(reference.strip_prefix("#/components/schemas/")?)?;
        let required = record.get("required").and_then(Value::as_array);
        records.push((
            reference.to_owned(),
            all_properties(record, schemas),
            required,
        ));
    }
    let holds_all = |index: usize| {
        let (_, fields, required) = &records[index];
        records.iter().all(|(_, others, always)| {
            let always: Vec<&Value> = always.iter().copied().flatten().collect();
            others.keys().all(|name| fields.contains_key(name))
                && required
                    .iter()
                    .copied()
                    .flatten()
                    .all(|name| always.contains(&name))
        })
    };
    let index = (0..records.len()).find(|index| holds_all(*index))?;
    Some(records.swap_remove(index).0)
}

/// What a reference to a component leads to.
pub(crate) fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    name.and_then(|name| schemas.get(name.strip_prefix("#/components/schemas/")?))
        .unwrap_or(schema)
}

/// The properties of an object and of all its parts, references in them followed.
fn all_properties(schema: &Value, schemas: &Value) -> BTreeMap<String, Value> {
    let mut properties = BTreeMap::new();
    collect_properties(schema, schemas, &mut Vec::new(), &mut properties);
    properties
}

fn collect_properties<'a>(
    schema: &'a Value,
    schemas: &'a Value,
    seen: &mut Vec<&'a Value>,
    properties: &mut BTreeMap<String, Value>,
) {
    // Parts may lead back to the whole.
    if seen.iter().any(|other| std::ptr::eq(*other, schema)) {
        return;
    }
    seen.push(schema);
    let own = schema.get("properties").and_then(Value::as_object);
    for (name, property) in own.into_iter().flatten() {
        properties.insert(name.clone(), resolved(property, schemas).clone());
    }
    let parts = schema.get("allOf").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        collect_properties(resolved(part, schemas), schemas, seen, properties);
    }
}
