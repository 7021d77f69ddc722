//! What documentation is about: a schema in a document, and the name under which the glossary knows
//! it.

use serde_json::Value;

use crate::document::{COMMON, Document, Home, list};
use crate::glossary::Lookup;
use crate::model::Step;

/// References and parts of a schema deeper than this lead in a circle.
const DEEPEST: usize = 64;

/// A schema, and what it describes: a record, a field of a record, or a part of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) home: Home<'a>,
    pub(crate) schema: &'a Value,
    /// The component that it stands in; none within an operation.
    record: Option<&'a str>,
    /// The path below the component, `personal.addresses[].city`; empty for the component.
    path: String,
}

impl<'a> Subject<'a> {
    /// A component of the document.
    pub(crate) fn component(home: Home<'a>, record: &'a str, schema: &'a Value) -> Self {
        Self {
            home,
            schema,
            record: Some(record),
            path: String::new(),
        }
    }

    /// A schema in an operation, which has no name in the glossary.
    pub(crate) fn inline(home: Home<'a>, schema: &'a Value) -> Self {
        Self {
            home,
            schema,
            record: None,
            path: String::new(),
        }
    }

    /// A field of the object.
    pub(crate) fn field(&self, key: &str) -> Option<Self> {
        self.step("properties", Some(key), 0)
    }

    /// The schema one step below, through references and `allOf`.
    pub(crate) fn below(&self, step: &Step) -> Option<Self> {
        self.step(step.word, step.name.as_deref(), 0)
    }

    fn step(&self, word: &str, name: Option<&str>, depth: usize) -> Option<Self> {
        if depth > DEEPEST {
            return None;
        }
        let next = self.schema.get(word).and_then(|at| match (name, at) {
            (None, at) => Some(at),
            (Some(index), Value::Array(list)) => list.get(index.parse::<usize>().ok()?),
            (Some(name), at) => at.get(name),
        });
        if let Some(schema) = next {
            let path = match (word, name) {
                ("items", _) => format!("{}[]", self.path),
                ("additionalProperties", _) => format!("{}{{}}", self.path),
                ("properties", Some(name)) if self.path.is_empty() => name.to_owned(),
                ("properties", Some(name)) => format!("{}.{name}", self.path),
                _ => self.path.clone(),
            };
            return Some(Self {
                schema,
                path,
                ..self.clone()
            });
        }
        if let Some(target) = self.target() {
            return target.step(word, name, depth + 1);
        }
        // Of parts that have a property each, the last one's was merged over those before.
        list(self.schema, "allOf").iter().rev().find_map(|part| {
            let part = Self {
                schema: part,
                ..self.clone()
            };
            part.step(word, name, depth + 1)
        })
    }

    /// The component that the schema refers to, if it is a reference.
    fn target(&self) -> Option<Self> {
        let reference = self.schema.get("$ref")?.as_str()?;
        let found = self.home.resolve("", reference).ok()?;
        let home = self.home.of(found.document);
        Some(Self::component(home, found.name, found.schema))
    }

    /// The schema with references followed: what its values are.
    pub(crate) fn resolved(&self) -> &'a Value {
        self.home.follow(self.schema).1
    }

    /// A keyword of the schema or, if it has none, of the component that it refers to.
    pub(crate) fn keyword(&self, name: &str) -> Option<&'a Value> {
        self.schema.get(name).or_else(|| self.resolved().get(name))
    }

    /// The entries of the list that it is.
    pub(crate) fn items(&self) -> Option<Self> {
        let resolved = Self {
            schema: self.resolved(),
            ..self.clone()
        };
        resolved.step("items", None, 0)
    }

    /// Whether only responses contain a field of this object.
    pub(crate) fn is_response_only(&self, key: &str) -> bool {
        let schema = self.resolved();
        let added = schema.pointer("/x-folio/responseOnly");
        let added = added.and_then(Value::as_array).into_iter().flatten();
        added.into_iter().any(|name| name == key)
    }

    /// The sentence of the glossary.
    pub(crate) fn sentence(&self) -> Option<&'a str> {
        let (record, lookup) = (self.record?, lookup(self.home));
        let found = match &*self.path {
            "" => lookup.record(record, self.is_own()),
            path => lookup.field(record, path, self.is_own()),
        };
        found.map(String::as_str)
    }

    /// The record that the value identifies, `mod-users.Usergroup`. A field of such a name that
    /// holds something else, a name or a number, has a sentence that mentions no identifier.
    pub(crate) fn reference(&self) -> Option<&'a str> {
        const WORDS: [&str; 4] = ["`id`", "UUID", "Id of", "Ids of"];
        let found = lookup(self.home).reference(self.record?, &self.path, self.is_own())?;
        let sentence = self.sentence().unwrap_or_default();
        let is_identifier = WORDS.iter().any(|word| sentence.contains(word));
        (is_identifier && !found.is_empty()).then_some(found)
    }

    /// The release that introduced it, where an older one is known without it.
    pub(crate) fn since(&self) -> Option<&'a str> {
        let key = match &*self.path {
            "" => self.record?.to_owned(),
            path => format!("{}.{path}", self.record?),
        };
        since(self.home.document, &key)
    }

    /// Whether it is in a record of the module that has the name of a shared one.
    fn is_own(&self) -> bool {
        let shared = self.home.common.schemas().ok();
        self.home.document.name != COMMON
            && self
                .record
                .zip(shared)
                .is_some_and(|(record, shared)| shared.contains_key(record))
    }

    /// The module that it is in, `mod-users`.
    pub(crate) fn module(&self) -> &'a str {
        &self.home.document.name
    }

    /// The type of a record of the build, by its name in the glossary.
    pub(crate) fn link(&self, record: &str) -> Option<&'a str> {
        let paths = &self.home.document.links.paths;
        paths.get(record).map(String::as_str)
    }

    /// Whether a link to a record of a module depends on what else is in the build.
    pub(crate) fn is_conditional(&self, module: &str) -> bool {
        self.home.document.links.are_conditional && module != self.module()
    }

    /// Its name: `User.personal.lastName`.
    pub(crate) fn name(&self) -> Option<String> {
        let record = self.record?;
        Some(match &*self.path {
            "" => record.to_owned(),
            path => format!("{record}.{path}"),
        })
    }
}

/// Where sentences about a document are looked up.
pub(crate) fn lookup(home: Home<'_>) -> Lookup<'_, String> {
    Lookup {
        module: Some(&home.document.entries),
        common: Some(&home.common.entries),
    }
}

/// The release that introduced something of a document.
pub(crate) fn since<'a>(document: &'a Document, key: &str) -> Option<&'a str> {
    document.entries.since.get(key).map(String::as_str)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    fn documents() -> (Document, Document) {
        let document = Document::new(
            "mod-test",
            json!({
                "components": {"schemas": {
                    "User": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {
                        "personal": {"properties": {"addresses": {"type": "array", "items": {"properties": {"city": {}}}}}},
                        "tags": {"$ref": "common.json#/components/schemas/Tags"},
                        "links": {"additionalProperties": {"properties": {"url": {}}}},
                    }}], "x-folio": {"responseOnly": ["tags"]}},
                    "Base": {"properties": {"id": {"type": "string"}}},
                }},
            }),
        );
        let common = Document::new(
            COMMON,
            json!({"components": {"schemas": {"Tags": {"properties": {"tagList": {"items": {}}}}}}}),
        );
        (document, common)
    }

    #[test]
    fn a_step_leads_to_what_the_glossary_names() {
        let (document, common) = documents();
        let home = Home {
            document: &document,
            common: &common,
        };
        let (record, schema) = document.schemas().unwrap().get_key_value("User").unwrap();
        let user = Subject::component(home, record, schema);
        assert!(user.is_response_only("tags") && !user.is_response_only("id"));
        let field = |key: &str| user.field(key).unwrap();
        let addresses = field("personal").field("addresses").unwrap();
        for (subject, expected) in [
            (user.clone(), "User"),
            (field("id"), "Base.id"),
            (
                addresses.items().unwrap().field("city").unwrap(),
                "User.personal.addresses[].city",
            ),
            (
                field("links")
                    .below(&Step::of("additionalProperties"))
                    .unwrap(),
                "User.links{}",
            ),
            (field("tags").field("tagList").unwrap(), "Tags.tagList"),
        ] {
            assert_eq!(subject.name().unwrap(), expected);
        }
        let schema = json!({"anyOf": [{"enum": ["x"]}]});
        let first = Step {
            word: "anyOf",
            name: Some("0".to_owned()),
        };
        let inline = Subject::inline(home, &schema).below(&first).unwrap();
        assert_eq!(
            (inline.name(), &inline.schema["enum"][0]),
            (None, &json!("x"))
        );
        assert!(user.field("other").is_none());
    }
}
