//! Reads OpenAPI 3.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::operation::{Content, Operation, Parameter, Request, Written};
use super::reference::{absolute, resolve};
use super::schemas::Schemas;
use crate::base::error::{Error, Result};
use crate::base::files::clean;
use crate::base::report::ModuleReport;
use crate::canonical::operation::METHODS;

/// The prefix of the paths of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BasePath<'a> {
    /// Nothing: the paths are those of the routes.
    None,
    /// This path, as the routes show.
    Stated(&'a str),
    /// The path of the document's own server: no descriptor routes the paths of an edge module.
    OfServer,
}

impl BasePath<'_> {
    /// The base path where none is stated.
    pub(crate) fn unstated(is_unrouted: bool) -> Self {
        match is_unrouted {
            true => Self::OfServer,
            false => Self::None,
        }
    }
}

/// Reads the operations of an OpenAPI root.
pub(crate) fn operations(
    module: &Path,
    root: &str,
    base: BasePath<'_>,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Vec<Operation>> {
    let file = clean(&module.join(root));
    schemas.keep_within(module)?;
    let document = schemas.document(&file)?.clone();
    schemas.add_root(file.clone());
    let version = document
        .get("openapi")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !version.starts_with("3.") {
        return Err(Error::file(
            &file,
            format!("expected `openapi: 3.x`, found `{version}`"),
        ));
    }
    let mut operations = Vec::new();
    let paths = document
        .get("paths")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let base = match base {
        BasePath::None => "",
        BasePath::Stated(base) => base,
        BasePath::OfServer => own_base(&document, &paths).unwrap_or_default(),
    };
    for (path, item) in paths {
        let read = follow(&item, &file, schemas).and_then(|(item, home)| {
            let shared = list(&item, "parameters", &home, schemas)?;
            Ok((item, home, shared))
        });
        let (item, home, shared) = match read {
            Ok(read) => read,
            Err(problem) => {
                report.record_problem(problem)?;
                continue;
            }
        };
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let path = format!("{}{path}", base.trim_end_matches('/'));
            match self::operation(operation, method, path, root, &home, &shared, schemas) {
                Ok(operation) => operations.push(operation),
                Err(problem) => report.record_problem(problem)?,
            }
        }
    }
    Ok(operations)
}

/// The path of a server that is given without a host, unless the paths begin with it themselves.
fn own_base<'a>(document: &'a Value, paths: &Map<String, Value>) -> Option<&'a str> {
    let server = document.pointer("/servers/0/url")?.as_str()?;
    let base = server.trim_end_matches('/');
    let begins = |path: &String| {
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let applies = base.starts_with('/') && !base.starts_with("//") && !paths.keys().any(begins);
    applies.then_some(base)
}

fn operation(
    operation: &Value,
    method: &str,
    path: String,
    root: &str,
    home: &Path,
    shared: &[(Value, PathBuf)],
    schemas: &mut Schemas,
) -> Result<Operation> {
    let parameters = parameters(operation, (method, &path), home, shared, schemas)?;
    let request = match operation.get("requestBody") {
        None => None,
        Some(body) => {
            let (body, home) = follow(body, home, schemas)?;
            let required = body.get("required") == Some(&Value::Bool(true));
            Some(Request {
                required,
                content: content(&body, &home)?,
            })
        }
    };
    let mut responses = BTreeMap::new();
    for (status, response) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let (response, home) = follow(response, home, schemas)?;
        responses.insert(status.clone(), content(&response, &home)?);
    }
    Ok(Operation {
        method: method.to_owned(),
        path,
        root: root.to_owned(),
        upstream_id: operation
            .get("operationId")
            .and_then(Value::as_str)
            .map(str::to_owned),
        parameters,
        request,
        responses,
        deprecated: operation.get("deprecated") == Some(&Value::Bool(true)),
        collection_post: false,
        rmb: false,
        supplement: None,
        ours: None,
    })
}

/// The parameters of an operation, and those of its path that it does not describe itself.
fn parameters(
    operation: &Value,
    (method, path): (&str, &str),
    home: &Path,
    shared: &[(Value, PathBuf)],
    schemas: &mut Schemas,
) -> Result<Vec<Parameter>> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for (parameter, home) in list(operation, "parameters", home, schemas)?
        .into_iter()
        .chain(shared.to_vec())
    {
        let text = |key: &str| {
            parameter
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let (Some(name), Some(place)) = (text("name"), text("in")) else {
            return Err(Error::file(
                &home,
                format!("a parameter of {method} {path} without `name` or `in`"),
            ));
        };
        if parameters
            .iter()
            .any(|known| known.name == name && known.place == place)
        {
            continue;
        }
        let schema = parameter.get("schema").or_else(|| {
            parameter
                .get("content")?
                .as_object()?
                .values()
                .next()?
                .get("schema")
        });
        let mut schema = schema.cloned().unwrap_or_else(|| json!({"type": "string"}));
        absolute(&mut schema, &home, 0)?;
        let required = parameter.get("required") == Some(&Value::Bool(true));
        parameters.push(Parameter {
            name,
            place,
            required,
            schema,
            written: Written {
                style: text("style"),
                explode: parameter.get("explode").and_then(Value::as_bool),
                content: parameter
                    .get("content")
                    .and_then(Value::as_object)
                    .and_then(|content| content.keys().next().cloned()),
            },
        });
    }
    Ok(parameters)
}

fn content(of: &Value, home: &Path) -> Result<Content> {
    let mut content = Content::new();
    for (media_type, value) in of
        .get("content")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut schema = value.get("schema").cloned();
        if let Some(schema) = &mut schema {
            absolute(schema, home, 0)?;
        }
        content.insert(media_type.clone(), schema);
    }
    Ok(content)
}

/// Follows `$ref` to the value and the file it is in.
fn follow(value: &Value, home: &Path, schemas: &mut Schemas) -> Result<(Value, PathBuf)> {
    let mut value = value.clone();
    let mut home = home.to_path_buf();
    for _ in 0..32 {
        let Some(Value::String(reference)) = value.get("$ref") else {
            return Ok((value, home));
        };
        let target = resolve(reference, &home);
        let (file, pointer) = target.split_once('#').unwrap_or((&target, ""));
        let path = PathBuf::from(file);
        schemas.load(&path, &home)?;
        let found = schemas.find(&path, pointer).cloned();
        value = found.ok_or_else(|| {
            Error::at(
                &home,
                schemas.place(&target, &home),
                format!("the reference `{reference}` leads nowhere: {file} has no `{pointer}`"),
            )
        })?;
        home = path;
    }
    Err(Error::file(
        &home,
        "references that lead back to themselves",
    ))
}

/// A list whose elements may be references; the list itself may be one.
fn list(
    of: &Value,
    key: &str,
    home: &Path,
    schemas: &mut Schemas,
) -> Result<Vec<(Value, PathBuf)>> {
    let Some(list) = of.get(key) else {
        return Ok(Vec::new());
    };
    let (list, home) = follow(list, home, schemas)?;
    let mut all = Vec::new();
    for value in list.as_array().into_iter().flatten() {
        let (value, home) = follow(value, &home, schemas)?;
        match value {
            Value::Array(inner) => {
                for value in &inner {
                    all.push(follow(value, &home, schemas)?);
                }
            }
            value => all.push((value, home)),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: Value, base: BasePath<'_>) -> (Vec<Operation>, ModuleReport) {
        let module = Path::new("/m");
        let (mut schemas, mut report) = (Schemas::default(), ModuleReport::new(false));
        schemas.give(&module.join("api.yaml"), document);
        let operations = operations(module, "api.yaml", base, &mut schemas, &mut report).unwrap();
        (operations, report)
    }

    #[test]
    fn a_base_path_goes_before_each_path() {
        let document = |paths: &[&str]| {
            let paths: Map<String, Value> = paths
                .iter()
                .map(|path| ((*path).to_owned(), json!({"get": {}})))
                .collect();
            json!({"openapi": "3.0.1", "servers": [{"url": "/edge"}], "paths": paths})
        };
        for (base, paths, expected) in [
            (BasePath::None, ["/a"], "/a"),
            (BasePath::Stated("/b/"), ["/a"], "/b/a"),
            (BasePath::OfServer, ["/a"], "/edge/a"),
            (BasePath::OfServer, ["/edge/a"], "/edge/a"),
        ] {
            let (operations, _) = read(document(&paths), base);
            assert_eq!(operations[0].path, expected, "{base:?}");
        }
    }

    #[test]
    fn parameters_of_the_path_are_those_of_its_operations() {
        let (operations, report) = read(
            json!({
                "openapi": "3.1.0",
                "paths": {"/a": {
                    "parameters": [{"$ref": "#/components/parameters/Lang"}, {"name": "x", "in": "query", "schema": {"type": "string"}}],
                    "get": {"parameters": [{"name": "x", "in": "query", "required": true, "schema": {"type": "integer"}}]},
                    "put": {"parameters": [{"name": "broken"}]},
                }},
                "components": {"parameters": {"Lang": {"name": "lang", "in": "query"}}},
            }),
            BasePath::None,
        );
        let [get] = &operations[..] else {
            panic!("{operations:?}");
        };
        let parameters: Vec<_> = get
            .parameters
            .iter()
            .map(|parameter| {
                (
                    &*parameter.name,
                    parameter.required,
                    &parameter.schema["type"],
                )
            })
            .collect();
        assert_eq!(
            parameters,
            [
                ("x", true, &"integer".into()),
                ("lang", false, &"string".into())
            ]
        );
        let [problem] = &report.problems[..] else {
            panic!("{:?}", report.problems);
        };
        assert!(
            problem.problem.contains("without `name` or `in`"),
            "{problem}"
        );
    }

    #[test]
    fn references_that_lead_to_each_other_are_an_error() {
        let path = |to: &str| json!({"$ref": format!("#/components/x/{to}")});
        let (operations, report) = read(
            json!({"openapi": "3.0.0", "paths": {"/a": path("A")}, "components": {"x": {"A": path("B"), "B": path("A")}}}),
            BasePath::None,
        );
        assert!(operations.is_empty());
        assert!(
            report.problems[0]
                .problem
                .contains("lead back to themselves")
        );
    }
}
