//! The recipe of a description: facts that the sources of a Grails module do not state readably,
//! `specs/ours/<module>/recipe.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::error::Result;
use crate::base::files::read_toml;

/// How a module's description is made from its sources.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Recipe {
    /// `mod-agreements`.
    pub(super) module: String,
    /// Its repository.
    pub(super) repository: String,
    /// Directories and files with domain classes; a path in a library starts with the library's
    /// name and a colon.
    pub(super) domain: Vec<String>,
    /// Folders with views; the first that has a view has it.
    pub(super) views: Vec<String>,
    /// Other files whose facts are in this recipe, such as controllers.
    #[serde(default)]
    pub(super) read: Vec<String>,
    /// Repositories of libraries, by the name that `domain` and `views` call them.
    #[serde(default)]
    pub(super) libraries: BTreeMap<String, String>,
    /// Types of properties that are not persistent, or not rendered.
    #[serde(default)]
    pub(super) not_data: Vec<String>,
    /// The properties of classes that implement a trait.
    #[serde(default)]
    pub(super) traits: BTreeMap<String, BTreeMap<String, String>>,
    /// Records: of domain classes with a view or another name, and records without a domain class.
    #[serde(default)]
    pub(super) records: BTreeMap<String, Record>,
    /// Values that are one of several records.
    #[serde(default)]
    pub(super) unions: BTreeMap<String, Union>,
    /// Paths with Grails' mapping of a resource.
    #[serde(default)]
    pub(super) resource: Vec<Resource>,
    /// All other operations.
    #[serde(default)]
    pub(super) call: Vec<Call>,
}

/// A record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Record {
    /// The domain class; absent if there is none.
    pub(super) class: Option<String>,
    /// Subclasses that are the same record; those that a version does not have add nothing.
    #[serde(default)]
    pub(super) merge: Vec<String>,
    /// Views that render it.
    #[serde(default)]
    pub(super) views: Vec<String>,
    /// Whether the views render nothing but `fields` (`json { … }` without `g.render`), and a
    /// request binds nothing else.
    #[serde(default)]
    pub(super) only: bool,
    /// The keys that views write in addition to the class's properties, or in another form. Keys
    /// that no view of a version writes are omitted.
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
    /// Additional properties, regardless of the views.
    #[serde(default)]
    pub(super) also: BTreeMap<String, String>,
    /// Properties that are neither rendered nor bound.
    #[serde(default)]
    pub(super) without: Vec<String>,
    /// Keys that the views write within other keys.
    #[serde(default)]
    pub(super) inner: Vec<String>,
}

/// One of several records, distinguished by a key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Union {
    /// The key.
    pub(super) by: String,
    /// The records by its values.
    pub(super) values: BTreeMap<String, String>,
}

/// `'/things'(resources: 'thing')`: a list, POST, and GET, PUT and DELETE of one. The descriptor
/// states which of them are routed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    pub(super) path: String,
    pub(super) record: String,
    /// The type of the list's records where it differs.
    pub(super) list: Option<String>,
    /// Parameters of the list, beside those of every lookup.
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
    /// Parameters of the record read by id.
    #[serde(default, rename = "query-one")]
    pub(super) query_one: BTreeMap<String, String>,
    /// Methods that the mapping leaves out, although the descriptor routes them.
    #[serde(default)]
    pub(super) except: Vec<String>,
    /// The status of a successful POST; 201 unless the controller sets another.
    pub(super) created: Option<u16>,
}

/// An operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// Methods and path: `GET /things/{id}/parts`.
    pub(super) call: String,
    /// The parameters of a list, that is a lookup with all its parameters.
    pub(super) list: Option<String>,
    /// Whether it takes the parameters of a lookup and returns something else than its records.
    #[serde(default)]
    pub(super) lookup: bool,
    /// The response.
    pub(super) gives: Option<String>,
    /// The request body.
    pub(super) takes: Option<String>,
    /// Statuses of success: 200, or 204 if nothing comes back.
    #[serde(default)]
    pub(super) status: Vec<u16>,
    /// The media type of the response, if it is not JSON.
    pub(super) media: Option<String>,
    /// The media type of the request body.
    pub(super) sends: Option<String>,
    #[serde(default)]
    pub(super) query: BTreeMap<String, String>,
}

impl Recipe {
    /// Reads a recipe.
    pub(super) fn read(path: &Path) -> Result<Self> {
        read_toml(path)
    }

    /// The schema of a type: `string`, `date`, `[Thing]`, `{integer}` (a map), `Thing`, `"a" |
    /// "b"`; with `!` it is read-only.
    pub(super) fn schema(&self, of: &str) -> std::result::Result<Value, String> {
        let of = of.trim();
        if let Some(of) = of.strip_suffix('!') {
            let mut schema = self.schema(of)?;
            if schema.get("$ref").is_some() {
                schema = json!({"allOf": [schema]});
            }
            schema["readOnly"] = true.into();
            return Ok(schema);
        }
        let inside = |open: char, close: char| of.strip_prefix(open)?.strip_suffix(close);
        if let Some(of) = inside('[', ']') {
            return Ok(json!({"type": "array", "items": self.schema(of)?}));
        }
        if let Some(of) = inside('{', '}') {
            return Ok(json!({"type": "object", "additionalProperties": self.schema(of)?}));
        }
        if of.starts_with('"') {
            let values = of.split('|').map(|value| value.trim().trim_matches('"'));
            return Ok(json!({"type": "string", "enum": values.collect::<Vec<_>>()}));
        }
        Ok(match of {
            "string" | "integer" | "number" | "boolean" => json!({"type": of}),
            "date" | "date-time" => json!({"type": "string", "format": of}),
            "bytes" => json!({"type": "string", "format": "binary"}),
            // An object of which nothing is described is any JSON; one with `additionalProperties`
            // is an object.
            "object" => json!({"type": "object", "additionalProperties": true}),
            "any" => json!({}),
            name if name.starts_with(char::is_uppercase) => {
                json!({"$ref": format!("#/components/schemas/{name}")})
            }
            other => return Err(format!("expected a type, found `{other}`")),
        })
    }

    /// The schema of a union.
    pub(super) fn union(union: &Union) -> Value {
        let to = |name: &String| format!("#/components/schemas/{name}");
        let mapping: BTreeMap<_, _> = union
            .values
            .iter()
            .map(|(value, name)| (value, to(name)))
            .collect();
        let variants: Vec<Value> = union
            .values
            .values()
            .map(|name| json!({"$ref": to(name)}))
            .collect();
        json!({"oneOf": variants, "discriminator": {"propertyName": union.by, "mapping": mapping}})
    }

    /// The name of the record of a domain class.
    pub(super) fn record_of(&self, class: &str) -> String {
        let is_of = |record: &Record| {
            record.class.as_deref() == Some(class)
                || record.merge.iter().any(|other| other == class)
        };
        let named = self.records.iter().find(|(_, record)| is_of(record));
        named.map_or(class, |(name, _)| name).to_owned()
    }
}

impl Resource {
    /// The operations of Grails' mapping of a self.
    pub(super) fn calls(&self) -> Vec<Call> {
        let call = |method: &str, one: bool| Call {
            call: format!("{method} {}{}", self.path, if one { "/{id}" } else { "" }),
            list: None,
            lookup: false,
            gives: None,
            takes: None,
            status: Vec::new(),
            media: None,
            sends: None,
            query: BTreeMap::new(),
        };
        let record = Some(self.record.clone());
        let mut calls = vec![
            Call {
                list: Some(self.list.clone().unwrap_or_else(|| self.record.clone())),
                query: self.query.clone(),
                ..call("GET", false)
            },
            Call {
                takes: record.clone(),
                gives: record.clone(),
                status: vec![self.created.unwrap_or(201)],
                ..call("POST", false)
            },
            Call {
                gives: record.clone(),
                query: self.query_one.clone(),
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
            !self
                .except
                .iter()
                .any(|method| call.call.starts_with(&**method))
        });
        calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_the_operations_of_grails_but_the_excepted_ones() {
        let resource: Resource = toml::from_str(
            "path = '/erm/things'\nrecord = 'Thing'\nlist = 'ThingRow'\nexcept = ['DELETE']\n",
        )
        .unwrap();
        let calls = resource.calls();
        let found: Vec<_> = calls
            .iter()
            .map(|call| {
                let of = [&call.list, &call.takes, &call.gives];
                (&*call.call, of.map(|of| of.as_deref().unwrap_or_default()))
            })
            .collect();
        let expected = [
            ("GET /erm/things", ["ThingRow", "", ""]),
            ("POST /erm/things", ["", "Thing", "Thing"]),
            ("GET /erm/things/{id}", ["", "", "Thing"]),
            ("PUT /erm/things/{id}", ["", "Thing", "Thing"]),
        ];
        assert_eq!(found, expected);
        assert_eq!(calls[1].status, [201]);
    }
}
