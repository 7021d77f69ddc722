//! The positions of the generated types' schemas in the canonical document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::context::Context;
use crate::document::{escaped, list};
use crate::media_type::is_json;
use crate::model::{Signature, Step, Ty};
use crate::names::squashed;
use crate::subject::Subject;

/// A schema, and where its references are read.
pub(super) type Place<'a> = Subject<'a>;

/// The schemas of types, as they are found.
pub(super) struct Found<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) types: BTreeMap<String, (String, Place<'a>)>,
    /// Types whose parts were not visited yet.
    pub(super) open: Vec<String>,
}

impl<'a> Found<'a> {
    pub(super) fn add(&mut self, name: &str, pointer: String, place: Place<'a>) {
        if !self.types.contains_key(name) {
            self.types.insert(name.to_owned(), (pointer, place));
            self.open.push(name.to_owned());
        }
    }

    /// Finds the named type in a type: its schema is at `steps` below `place`, and then below lists
    /// and maps.
    fn add_part(&mut self, mut pointer: String, place: Place<'a>, steps: &[Step], mut ty: &Ty) {
        let mut at = Some(place);
        for step in steps {
            at = step_down(&mut pointer, at, step);
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
                    return;
                }
                _ => return,
            };
            if let Ty::Vec(inner) | Ty::Map(inner) = ty {
                ty = inner;
            }
            at = step_down(&mut pointer, at, &step);
        }
    }

    /// Finds the types within those that were found.
    pub(super) fn add_parts(&mut self) {
        let context = self.context;
        while let Some(name) = self.open.pop() {
            if let Some((pointer, place)) = self.types.get(&name).cloned() {
                for (steps, ty) in context.model.parts(&name) {
                    self.add_part(pointer.clone(), place.clone(), &steps, ty);
                }
            }
        }
    }

    /// Finds the types of operations' inputs and outputs without a component.
    pub(super) fn add_operations(&mut self) {
        let context = self.context;
        let paths = context
            .document
            .root
            .get("paths")
            .and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let id = operation.get("operationId").and_then(Value::as_str);
                let Some(signature) = id.and_then(|id| context.model.operations.get(id)) else {
                    continue;
                };
                let at = format!("/paths/{}/{method}", escaped(path));
                self.add_parameters(&at, operation, signature);
                if let Some(ty) = signature.arguments.get("body") {
                    self.add_contents(&at, operation, "requestBody", ty);
                }
                if let Some(ty) = &signature.response {
                    let responses = operation["responses"].as_object().into_iter().flatten();
                    let successes = responses.filter(|(status, _)| status.starts_with('2'));
                    for (status, _) in successes {
                        self.add_contents(&at, operation, &format!("responses/{status}"), ty);
                    }
                }
            }
        }
    }

    fn add_parameters(&mut self, at: &str, operation: &'a Value, signature: &Signature) {
        for (index, parameter) in list(operation, "parameters").iter().enumerate() {
            let name = squashed(parameter["name"].as_str().unwrap_or_default());
            let in_query = parameter["in"] == "query";
            // As in lowering: types with the same name are distinguished.
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
                let place = Subject::inline(self.context.home(), schema);
                self.add_part(pointer, place, &[], ty);
            }
        }
    }

    /// Finds the types of the JSON at a position of an operation.
    fn add_contents(&mut self, at: &str, operation: &'a Value, place: &str, ty: &Ty) {
        let content = operation.pointer(&format!("/{place}/content"));
        let content = content.and_then(Value::as_object);
        for (media_type, value) in content.into_iter().flatten() {
            if let Some(schema) = value.get("schema").filter(|_| is_json(media_type)) {
                let media_type = escaped(media_type);
                let pointer = format!("{at}/{place}/content/{media_type}/schema");
                let place = Subject::inline(self.context.home(), schema);
                self.add_part(pointer, place, &[], ty);
            }
        }
    }
}

fn step_down<'a>(pointer: &mut String, at: Option<Place<'a>>, step: &Step) -> Option<Place<'a>> {
    let _ = write!(pointer, "/{}", step.word);
    if let Some(name) = &step.name {
        let _ = write!(pointer, "/{}", escaped(name));
    }
    at?.below(step)
}
