//! Types of RAML as JSON Schema: declarations, type expressions, bodies.

use serde_json::{Map, Value, json};

use super::scope::include_path;
use super::types::Types;
use crate::base::error::Result;
use crate::base::report::ModuleReport;
use crate::base::yaml::{Kind, Node};
use crate::read::operation::Content;
use crate::read::reference::absolute;
use crate::read::schemas::Schemas;

/// How deep types are nested.
const MAX_DEPTH: usize = 64;

/// The keys of a declaration that JSON Schema has, too.
const FACETS: [&str; 14] = [
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "format",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "additionalProperties",
];

/// Reads types as schemas.
pub(super) struct TypeReader<'a> {
    /// The types whose names can be used.
    pub(super) types: &'a Types,
    pub(super) schemas: &'a mut Schemas,
    pub(super) report: &'a mut ModuleReport,
}

impl TypeReader<'_> {
    /// The schema of a named declaration: a reference to where it is.
    pub(super) fn declared(&mut self, node: &Node, name: &str, depth: usize) -> Result<Value> {
        if node.tag.as_deref() == Some("include") || node.text().is_some() {
            return self.declaration(node, depth);
        }
        let key = format!("{}!{name}", node.file.display());
        if !self.schemas.is_declared(&key) {
            self.schemas.declare(key.clone(), json!({}));
            let schema = self.declaration(node, depth + 1)?;
            self.schemas.declare(key.clone(), schema);
        }
        Ok(json!({"$ref": key}))
    }

    /// The schema of a parameter.
    pub(super) fn parameter(&mut self, node: &Node) -> Result<Value> {
        let schema = self.declaration(node, 0)?;
        // `repeat: true` is how RAML 0.8 declares a list.
        Ok(match node.get("repeat").and_then(Node::text) {
            Some("true") => json!({"type": "array", "items": schema}),
            _ => schema,
        })
    }

    /// The bodies of a request or response; `media_types` are those of the document.
    pub(super) fn content(&mut self, body: &Node, media_types: &[String]) -> Result<Content> {
        let mut content = Content::new();
        let named: Vec<&(String, Node)> = body
            .entries()
            .iter()
            .filter(|(key, _)| key.contains('/'))
            .collect();
        if named.is_empty() {
            // A body without a media type has the document's; one that is nothing at all is not
            // described.
            if !body.is_null() || body.tag.is_some() {
                let schema = self.body(body)?;
                for media_type in media_types {
                    content.insert(media_type.clone(), schema.clone());
                }
            }
            return Ok(content);
        }
        for (media_type, node) in named {
            content.insert(media_type.clone(), self.body(node)?);
        }
        Ok(content)
    }

    /// The schema of a body; none if there is none.
    fn body(&mut self, node: &Node) -> Result<Option<Value>> {
        if node.tag.is_none()
            && (node.is_null()
                || node.text().is_some_and(|text| text.trim().is_empty())
                || matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty()))
        {
            return Ok(None);
        }
        // `{type: X}` is X.
        if let [(key, value)] = node.entries()
            && matches!(key.as_str(), "type" | "schema")
        {
            if value.tag.is_none()
                && value.text().is_none_or(|text| text.trim().is_empty())
                && value.entries().is_empty()
            {
                return Ok(None);
            }
            return self.declaration(value, 0).map(Some);
        }
        self.declaration(node, 0).map(Some)
    }

    /// The schema of a type expression or an inline declaration.
    pub(super) fn declaration(&mut self, node: &Node, depth: usize) -> Result<Value> {
        check_depth(node, depth)?;
        if node.tag.as_deref() == Some("include") {
            return self.included(node);
        }
        if node.is_null() {
            return Ok(json!({"type": "string"}));
        }
        if let Some(text) = node.text() {
            return self.expression(node, text.trim(), depth);
        }
        if let Kind::Sequence(parents) = &node.kind {
            let parts: Vec<Value> = parents
                .iter()
                .map(|parent| self.declaration(parent, depth + 1))
                .collect::<Result<_>>()?;
            return Ok(json!({"allOf": parts}));
        }
        let base = match node.get("type").or_else(|| node.get("schema")) {
            Some(base) => self.declaration(base, depth + 1)?,
            None if node.get("properties").is_some() => json!({"type": "object"}),
            None if node.get("items").is_some() => json!({"type": "array"}),
            None => json!({"type": "string"}),
        };
        let own = self.facets(node, depth)?;
        Ok(combined(base, own))
    }

    /// The schema of a file: a reference to it.
    fn included(&mut self, node: &Node) -> Result<Value> {
        let path = include_path(node)?;
        if let Some(problem) = self.schemas.problem(&path) {
            return self.report.any_schema(node.error(problem));
        }
        if !path.is_file() {
            return self.report.any_schema(node.error(format!(
                "the included file {} does not exist",
                path.display()
            )));
        }
        // An XML schema: the body is text, which is not parsed further.
        if path.extension().is_some_and(|extension| extension == "xsd") {
            return Ok(json!({}));
        }
        if let Err(problem) = self.schemas.load(&path, &node.file) {
            return self.report.any_schema(problem);
        }
        Ok(json!({"$ref": format!("{}#", path.display())}))
    }

    /// The other facts of a declaration besides its type.
    fn facets(&mut self, node: &Node, depth: usize) -> Result<Map<String, Value>> {
        let mut own = Map::new();
        for (key, value) in node.entries() {
            match key.as_str() {
                "properties" => self.properties(value, &mut own, depth)?,
                "items" => {
                    let items = self.declaration(value, depth + 1)?;
                    own.insert("items".into(), items);
                }
                facet if FACETS.contains(&facet) => {
                    own.insert(key.clone(), value.json());
                }
                // `default: null` does not count.
                "default" if !value.is_null() => _ = own.insert(key.clone(), value.json()),
                _ => {}
            }
        }
        Ok(own)
    }

    /// The properties of an object: required, unless the name ends with `?` or `required` states
    /// it.
    fn properties(
        &mut self,
        node: &Node,
        own: &mut Map<String, Value>,
        depth: usize,
    ) -> Result<()> {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, property) in node.entries() {
            let (plain, mut is_required) = match name.strip_suffix('?') {
                Some(plain) => (plain, false),
                None => (name.as_str(), true),
            };
            if let Some(stated) = property.get("required").and_then(Node::text) {
                is_required = stated == "true";
            }
            let schema = self.declaration(property, depth + 1)?;
            properties.insert(plain.to_owned(), schema);
            if is_required {
                required.push(Value::from(plain));
            }
        }
        own.insert("properties".into(), properties.into());
        own.insert("required".into(), required.into());
        Ok(())
    }

    /// The schema of a type expression: a name, `A | B`, `A[]`, `A?`, or JSON Schema in the text.
    fn expression(&mut self, node: &Node, text: &str, depth: usize) -> Result<Value> {
        check_depth(node, depth)?;
        if text.starts_with('{') {
            let mut schema: Value = match serde_json::from_str(text) {
                Ok(schema) => schema,
                Err(error) => {
                    let problem = node.error(format!("broken JSON in a schema: {error}"));
                    return self.report.any_schema(problem);
                }
            };
            absolute(&mut schema, &node.file, 0)?;
            return Ok(schema);
        }
        let text = without_parentheses(text);
        let parts = alternatives(text);
        if parts.len() > 1 {
            let nil = parts.contains(&"nil");
            let parts: Vec<Value> = parts
                .into_iter()
                .filter(|part| *part != "nil")
                .map(|part| self.expression(node, part, depth + 1))
                .collect::<Result<_>>()?;
            return Ok(match (&parts[..], nil) {
                ([only], true) => json!({"allOf": [only], "nullable": true}),
                _ => json!({"oneOf": parts, "nullable": nil}),
            });
        }
        if let Some(items) = text.strip_suffix("[]") {
            let items = self.expression(node, items.trim(), depth + 1)?;
            return Ok(json!({"type": "array", "items": items}));
        }
        if let Some(optional) = text.strip_suffix('?') {
            return self.expression(node, optional, depth + 1);
        }
        Ok(match text {
            "string" | "object" | "boolean" | "integer" | "number" | "array" => {
                json!({"type": text})
            }
            "any" | "nil" => json!({}),
            "file" => json!({"type": "string", "format": "binary"}),
            "date-only" => json!({"type": "string", "format": "date"}),
            "datetime" => json!({"type": "string", "format": "date-time"}),
            "time-only" | "datetime-only" => json!({"type": "string"}),
            name => return self.named(node, name, depth),
        })
    }

    /// The schema of a type by its name.
    fn named(&mut self, node: &Node, name: &str, depth: usize) -> Result<Value> {
        let types = self.types;
        let found = types
            .get(name)
            .or_else(|| types.of_library(name, &node.file));
        let Some((found, types)) = found else {
            let known = types.names();
            return self.report.any_schema(node.error(format!(
                "unknown type `{name}`; declared are: {}",
                known.join(", ")
            )));
        };
        let mut home = TypeReader {
            types,
            schemas: self.schemas,
            report: self.report,
        };
        home.declared(found, name, depth + 1)
    }
}

fn check_depth(node: &Node, depth: usize) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(node.error(format!(
        "types nested deeper than {MAX_DEPTH} levels, or a type that leads back to itself"
    )))
}

/// A type expression without parentheses around all of it.
fn without_parentheses(text: &str) -> &str {
    let mut text = text;
    for _ in 0..MAX_DEPTH {
        let inside = text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .filter(|inside| nesting(inside).all(|(_, depth)| depth >= 0));
        match inside {
            Some(inside) => text = inside.trim(),
            None => break,
        }
    }
    text
}

/// The types of a union, `A | (B | C)[]`: the parts between the bars outside of parentheses.
fn alternatives(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, depth) in nesting(text) {
        if depth == 0 && text[index..].starts_with('|') {
            parts.push(text[start..index].trim());
            start = index + 1;
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Each character's place, and how many parentheses are open behind it.
fn nesting(text: &str) -> impl Iterator<Item = (usize, i32)> {
    text.char_indices().scan(0, |depth, (index, c)| {
        *depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        Some((index, *depth))
    })
}

/// A type, and the other facts of a declaration.
fn combined(base: Value, mut own: Map<String, Value>) -> Value {
    let Value::Object(mut base) = base else {
        return base;
    };
    if base.contains_key("$ref") && !own.is_empty() {
        // A named type with a default is still that type; an object with additional facts is one
        // that has fields.
        let default = own.remove("default");
        if own.contains_key("properties") || own.contains_key("additionalProperties") {
            own.insert("type".into(), "object".into());
        }
        let parts = match own.is_empty() {
            true => json!([base]),
            false => json!([base, own]),
        };
        let mut whole = json!({"allOf": parts});
        if let Some(default) = default {
            whole["default"] = default;
        }
        return match (own.is_empty(), whole.get("default")) {
            (true, None) => base.into(),
            _ => whole,
        };
    }
    base.extend(own);
    base.into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn types() -> Types {
        let node = |text: &str| Node::parse(Path::new("/m/lib.raml"), text).unwrap();
        let mut library = Types::default();
        library
            .declared
            .insert("Tag".to_owned(), node("type: string"));
        let mut types = Types::default();
        types.declared.insert(
            "Note".to_owned(),
            node("properties: {text: string, kind?: lib.Tag}"),
        );
        types.declared.insert("Word".to_owned(), node("string"));
        types.libraries.insert("lib".to_owned(), library);
        types
    }

    fn read(text: &str) -> (Value, Schemas, ModuleReport) {
        let types = types();
        let (mut schemas, mut report) = (Schemas::default(), ModuleReport::new(false));
        let mut reader = TypeReader {
            types: &types,
            schemas: &mut schemas,
            report: &mut report,
        };
        let node = Node::parse(Path::new("/m/api.raml"), text).unwrap();
        let schema = reader.declaration(&node, 0).unwrap();
        (schema, schemas, report)
    }

    #[test]
    fn type_expressions_become_schemas() {
        let note = json!({"$ref": "/m/lib.raml!Note"});
        for (text, expected) in [
            ("integer", json!({"type": "integer"})),
            ("datetime", json!({"type": "string", "format": "date-time"})),
            (
                "string[]",
                json!({"type": "array", "items": {"type": "string"}}),
            ),
            ("Word", json!({"type": "string"})),
            ("Note", note.clone()),
            ("Note | nil", json!({"allOf": [note], "nullable": true})),
            (
                "(string | Note)[]",
                json!({"type": "array", "items": {"oneOf": [{"type": "string"}, note], "nullable": false}}),
            ),
            (
                "(Note[]) | (string)",
                json!({"oneOf": [{"type": "array", "items": note}, {"type": "string"}], "nullable": false}),
            ),
            (
                "(Note)[][]",
                json!({"type": "array", "items": {"type": "array", "items": note}}),
            ),
            (
                "(string | nil)",
                json!({"allOf": [{"type": "string"}], "nullable": true}),
            ),
            ("[Note, Word]", json!({"allOf": [note, {"type": "string"}]})),
            ("lib.Tag", json!({"$ref": "/m/lib.raml!lib.Tag"})),
            (
                "{type: Note, default: x}",
                json!({"allOf": [note], "default": "x"}),
            ),
            ("{type: Note, default: null}", note.clone()),
            (
                "{type: Note, properties: {more?: any}}",
                json!({"allOf": [note, {"type": "object", "properties": {"more": {}}, "required": []}]}),
            ),
            (
                r##"'{"items": {"$ref": "#/x"}}'"##,
                json!({"items": {"$ref": "/m/api.raml#/x"}}),
            ),
        ] {
            let (schema, _, report) = read(text);
            assert_eq!(schema, expected, "{text}");
            assert_eq!(report.problems, [], "{text}");
        }
    }

    #[test]
    fn a_declared_type_is_read_once_where_it_stands() {
        let (_, mut schemas, _) = read("Note");
        let note = schemas.get("/m/lib.raml!Note", Path::new("/m")).unwrap();
        let expected = json!({
            "type": "object",
            "properties": {"text": {"type": "string"}, "kind": {"$ref": "/m/lib.raml!lib.Tag"}},
            "required": ["text"],
        });
        assert_eq!(note, expected);
    }

    #[test]
    fn an_expression_of_any_length_ends_in_a_schema_or_an_error() {
        let long = 20_000;
        for text in [
            format!("string{}", "[]".repeat(long)),
            format!("{}string{}", "(".repeat(long), ")".repeat(long)),
            format!("string{}", "?".repeat(long)),
            "(a|".repeat(long),
        ] {
            let types = types();
            let (mut schemas, mut report) = (Schemas::default(), ModuleReport::new(false));
            let mut reader = TypeReader {
                types: &types,
                schemas: &mut schemas,
                report: &mut report,
            };
            let node = Node::parse(Path::new("/m/api.raml"), "x").unwrap();
            let read = reader.expression(&node, &text, 0);
            assert!(read.is_err() || !report.problems.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_read_is_any_value_and_is_reported() {
        for (text, problem) in [
            (
                "Unknown",
                "unknown type `Unknown`; declared are: Note, Word, lib.Tag",
            ),
            ("'{broken'", "broken JSON in a schema"),
            ("!include none.json", "does not exist"),
        ] {
            let (schema, _, report) = read(text);
            assert_eq!(schema, json!({}), "{text}");
            let [found] = &report.problems[..] else {
                panic!("{text}: {:?}", report.problems);
            };
            assert!(found.problem.contains(problem), "{found}");
            assert_eq!(found.place, "1:1");
        }
    }
}
