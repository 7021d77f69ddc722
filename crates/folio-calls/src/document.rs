//! The documents of a release, read independently of the generator, whose work is tested.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use serde_json::{Map, Value, json};

/// All documents of a release.
#[derive(Debug)]
pub struct Release {
    /// The modules by their names.
    pub modules: BTreeMap<String, Value>,
    /// The shared records.
    pub common: Value,
}

/// A schema, and the document that its references are read in.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The document.
    pub home: &'a Value,
    /// The schema.
    pub schema: &'a Value,
    /// The component that it is, if it is one.
    pub name: &'a str,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter<'a> {
    /// `path`, `query`, `header` or `cookie`.
    pub place: &'a str,
    /// Its name; `+rest` for the rest of a path.
    pub name: &'a str,
    /// Whether it must be sent.
    pub required: bool,
    /// The schema.
    pub schema: At<'a>,
    /// The separator of the elements of a list; none if the parameter is repeated.
    pub delimiter: Option<&'static str>,
}

/// The bodies, by media type.
pub type Content<'a> = Vec<(&'a str, At<'a>)>;

/// An operation.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// The module.
    pub module: &'a str,
    /// Its `operationId`.
    pub id: &'a str,
    /// The method in upper case.
    pub method: String,
    /// The path with its braces.
    pub path: &'a str,
    /// The parameters.
    pub parameters: Vec<Parameter<'a>>,
    /// The body, and whether it must be sent.
    pub body: Option<(bool, Content<'a>)>,
    /// The responses of success: status and content; no content where nothing is described.
    pub successes: Vec<(u16, Content<'a>)>,
    /// Combinations of parameters of which one has to be sent.
    pub ways: Vec<Vec<&'a str>>,
    /// Several modules provide it: the request names the one that is meant.
    pub is_multiple: bool,
    /// Fields of the body that only responses contain, by their paths: they are not sent.
    pub omits: Vec<&'a str>,
    /// A DELETE that deletes everything, regardless of the request.
    pub deletes_all: bool,
    /// A DELETE of the records that its body selects.
    pub deletes_body: bool,
    /// A PUT around which the record is read, because the server does not report that it is
    /// missing.
    pub is_looked_for: bool,
    /// The key of the list in the response.
    pub list: Option<&'a str>,
}

impl Operation<'_> {
    /// For messages.
    pub fn shown(&self) -> String {
        format!("{} {} {}", self.module, self.method, self.path)
    }
}

const LOCAL: &str = "#/components/schemas/";
const SHARED: &str = "common.json#/components/schemas/";
static NULL: Value = Value::Null;

impl Release {
    /// Reads the folder of a release.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut modules = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
                && stem != "release"
            {
                let text = std::fs::read_to_string(&path)?;
                modules.insert(stem.into_owned(), serde_json::from_str(&text)?);
            }
        }
        let common = modules.remove("common").unwrap_or_default();
        Ok(Self { modules, common })
    }

    /// The operations of a module.
    pub fn operations(&self, module: &str) -> Vec<Operation<'_>> {
        let Some((module, document)) = self.modules.get_key_value(module) else {
            return Vec::new();
        };
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation.get("operationId").is_some() {
                    operations.push(operation_of(
                        module, document, path, method, item, operation,
                    ));
                }
            }
        }
        operations
    }

    /// The target of a chain of references.
    pub fn target<'a>(&'a self, mut at: At<'a>) -> At<'a> {
        for _ in 0..32 {
            let Some(reference) = at.schema.get("$ref").and_then(Value::as_str) else {
                return at;
            };
            let (home, name) = match reference.strip_prefix(SHARED) {
                Some(name) => (&self.common, name),
                None => (at.home, reference.strip_prefix(LOCAL).unwrap_or(reference)),
            };
            let schema = &home["components"]["schemas"][name];
            at = At { home, schema, name };
        }
        at
    }

    /// A schema with all its references, as JSON Schema. Without the restriction to described
    /// fields: servers are newer than their descriptions, and the parts of an `allOf` forbid each
    /// other's fields. `oneOf` becomes `anyOf`: many of FOLIO's alternatives overlap.
    pub fn json_schema(&self, at: At<'_>) -> Value {
        let mut definitions = Map::new();
        let mut seen = BTreeSet::new();
        let is_common = std::ptr::eq(at.home, &self.common);
        let mut root = match at.schema {
            Value::Null => json!({}),
            schema => schema.clone(),
        };
        let mut open = Vec::new();
        convert(&mut root, is_common, &mut open);
        while let Some((is_common, name)) = open.pop() {
            let key = definition(is_common, &name);
            if !seen.insert(key.clone()) {
                continue;
            }
            let home = if is_common { &self.common } else { at.home };
            let mut schema = home["components"]["schemas"][&name].clone();
            convert(&mut schema, is_common, &mut open);
            definitions.insert(key, schema);
        }
        json!({"allOf": [root], "definitions": definitions})
    }
}

fn definition(is_common: bool, name: &str) -> String {
    match is_common {
        true => format!("common-{name}"),
        false => format!("own-{name}"),
    }
}

/// Converts OpenAPI-specific keywords into JSON Schema.
fn convert(schema: &mut Value, is_common: bool, open: &mut Vec<(bool, String)>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                let (is_common, name) = match reference.strip_prefix(SHARED) {
                    Some(name) => (true, name),
                    None => (is_common, reference.strip_prefix(LOCAL).unwrap_or_default()),
                };
                let name = name.to_owned();
                *reference = format!("#/definitions/{}", definition(is_common, &name));
                open.push((is_common, name));
            }
            if map.get("additionalProperties") == Some(&Value::Bool(false)) {
                map.remove("additionalProperties");
            }
            // Patterns of Java that JSON Schema does not know.
            if map
                .get("pattern")
                .and_then(Value::as_str)
                .is_some_and(|text| text.starts_with("(?"))
            {
                map.remove("pattern");
            }
            if let Some(parts @ Value::Array(_)) = map.remove("oneOf") {
                map.insert("anyOf".into(), parts);
            }
            for (key, value) in map.iter_mut() {
                if !matches!(key.as_str(), "enum" | "default") {
                    convert(value, is_common, open);
                }
            }
            if map.remove("nullable") == Some(Value::Bool(true)) {
                let inner = std::mem::take(map);
                map.insert("anyOf".into(), json!([{"type": "null"}, inner]));
            }
        }
        Value::Array(list) => {
            for value in list {
                convert(value, is_common, open);
            }
        }
        _ => {}
    }
}

fn operation_of<'a>(
    module: &'a str,
    home: &'a Value,
    path: &'a str,
    method: &str,
    item: &'a Value,
    operation: &'a Value,
) -> Operation<'a> {
    let at = |schema: &'a Value| At {
        home,
        schema,
        name: "",
    };
    let content = |described: &'a Value| -> Content<'a> {
        let content = described["content"].as_object().into_iter().flatten();
        content
            .map(|(media_type, content)| {
                let schema = content.get("schema").unwrap_or(&NULL);
                (media_type.as_str(), at(schema))
            })
            .collect()
    };
    let mut parameters: Vec<Parameter<'a>> = Vec::new();
    let own = operation["parameters"].as_array().into_iter().flatten();
    for described in own.chain(item["parameters"].as_array().into_iter().flatten()) {
        let (place, name) = (
            described["in"].as_str().unwrap_or_default(),
            described["name"].as_str().unwrap_or_default(),
        );
        if parameters
            .iter()
            .any(|known| known.place == place && known.name == name)
        {
            continue;
        }
        let style = described["style"].as_str().unwrap_or("form");
        let explode = described["explode"].as_bool().unwrap_or(style == "form");
        parameters.push(Parameter {
            place,
            name,
            required: described["required"] == true,
            schema: at(described.get("schema").unwrap_or(&NULL)),
            delimiter: match (explode, style) {
                (true, _) => None,
                (false, "spaceDelimited") => Some(" "),
                (false, "pipeDelimited") => Some("|"),
                (false, _) => Some(","),
            },
        });
    }
    for name in path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
    {
        if !parameters
            .iter()
            .any(|known| known.place == "path" && known.name == name)
        {
            parameters.push(Parameter {
                place: "path",
                name,
                required: true,
                schema: at(&NULL),
                delimiter: None,
            });
        }
    }
    let body = operation
        .get("requestBody")
        .map(|body| (body["required"] == true, content(body)));
    let mut successes = Vec::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let number = match status.as_str() {
            "2XX" => 200,
            status if status.starts_with('2') => status.parse().unwrap_or(200),
            _ => continue,
        };
        // A response with status 204 has no body, even if one is described.
        let content = if number == 204 {
            Vec::new()
        } else {
            content(response)
        };
        successes.push((number, content));
    }
    let ways = match &operation["x-folio"]["facts"]["deletes"] {
        Value::Array(ways) => ways
            .iter()
            .filter_map(|way| Some(way.as_str()?.split('&').collect()))
            .collect(),
        Value::String(kind) if kind == "query" => vec![vec!["query"]],
        _ => Vec::new(),
    };
    Operation {
        module,
        id: operation["operationId"].as_str().unwrap_or_default(),
        method: method.to_ascii_uppercase(),
        path,
        parameters,
        body,
        successes,
        ways,
        is_multiple: operation["x-folio"]["interfaceType"] == "multiple",
        omits: operation["x-folio"]["facts"]["omits"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
        deletes_all: operation["x-folio"]["facts"]["deletes"] == "all",
        deletes_body: operation["x-folio"]["facts"]["deletes"] == "body",
        list: operation["x-folio"]["paging"]["items"].as_str(),
        is_looked_for: operation["x-folio"]["facts"].get("absent").is_some()
            && item.get("get").is_some(),
    }
}
