//! The operations of a description.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::making::Making;
use super::recipe::Call;
use crate::base::error::{Error, Result};
use crate::canonical::reference::local_names;
use crate::canonical::route::parameter_names;

/// The parameters of a lookup (web-toolkit, `RestfulController.doTheLookup`).
pub(super) const LOOKUP: [(&str, &str); 9] = [
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

impl Making<'_> {
    pub(super) fn paths(&mut self) -> Result<Map<String, Value>> {
        let mut operations = Vec::new();
        for resource in &self.recipe.resource {
            operations.extend(resource.calls());
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
                    "the operation occurs twice",
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
        for name in parameter_names(path) {
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
        let schemas = gives.iter().chain(&takes);
        let named: BTreeSet<&str> = schemas.flat_map(local_names).collect();
        if named.iter().any(|name| !self.schemas.contains_key(*name)) {
            let known = |name: &str| {
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
        let mut open: Vec<&str> = paths.values().flat_map(local_names).collect();
        while let Some(name) = open.pop() {
            if reached.insert(name.to_owned()) {
                open.extend(self.schemas.get(name).into_iter().flat_map(local_names));
            }
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
}

/// The object that a lookup returns if `stats` is requested.
fn counted(record: &str) -> Value {
    let number = json!({"type": "integer"});
    json!({"type": "object", "properties": {
        "results": {"type": "array", "items": {"$ref": format!("#/components/schemas/{record}")}},
        "pageSize": number, "page": number, "totalPages": number, "totalRecords": number, "total": number,
        "meta": {"type": "object", "additionalProperties": true},
    }})
}
