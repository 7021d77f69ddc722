//! The operations of a RAML root, their bodies and parameters with schemas.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::document::{self, Api};
use super::resource;
use super::schema::TypeReader;
use crate::base::error::Result;
use crate::base::files::clean;
use crate::base::report::ModuleReport;
use crate::base::yaml::Node;
use crate::read::operation::{Content, Operation, Parameter, Request, Written};
use crate::read::schemas::Schemas;

/// Reads the operations of a RAML root.
pub(crate) fn operations(
    module: &Path,
    root: &str,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Vec<Operation>> {
    let file = clean(&module.join(root));
    let within = schemas.keep_within(module)?;
    let api = document::read(&file, &within)?;
    let mut reader = TypeReader {
        types: &api.types,
        schemas,
        report,
    };
    for (name, node) in api.types.iter() {
        let schema = match reader.declared(node, name, 0) {
            Ok(schema) => schema,
            // References meet it again.
            Err(problem) => reader.report.any_schema(problem)?,
        };
        if let Some(Value::String(reference)) = schema.get("$ref") {
            reader.schemas.vote(reference, name);
        }
    }
    let mut operations = Vec::new();
    for described in &api.operations {
        let read = match &described.problem {
            None => operation(described, root, &api, &mut reader),
            Some(problem) => Err(problem.clone()),
        };
        match read {
            Ok(operation) => operations.push(operation),
            Err(problem) => {
                reader.report.record_problem(problem)?;
                operations.push(Operation::untyped(&described.method, &described.path));
            }
        }
    }
    Ok(operations)
}

fn operation(
    described: &resource::Operation,
    root: &str,
    api: &Api,
    reader: &mut TypeReader<'_>,
) -> Result<Operation> {
    let node = &described.node;
    let parameters = parameters(described, reader)?;
    let request = match node.get("body") {
        None => None,
        Some(body) => {
            let content = reader.content(body, &api.media_types)?;
            (!content.is_empty()).then_some(Request {
                required: true,
                content,
            })
        }
    };
    let mut responses = BTreeMap::new();
    for (status, response) in node.get("responses").map(Node::entries).unwrap_or_default() {
        let content = match response.get("body") {
            None => Content::new(),
            Some(body) => reader.content(body, &api.media_types)?,
        };
        responses.insert(status.clone(), content);
    }
    Ok(Operation {
        method: described.method.clone(),
        path: described.path.clone(),
        root: root.to_owned(),
        upstream_id: None,
        parameters,
        request,
        responses,
        deprecated: false,
        collection_post: described.method == "post"
            && described
                .resource_types
                .iter()
                .any(|name| name.contains("collection")),
        rmb: true,
        supplement: None,
        ours: None,
    })
}

fn parameters(
    described: &resource::Operation,
    reader: &mut TypeReader<'_>,
) -> Result<Vec<Parameter>> {
    let parameter = |name: &str, place: &str, required: bool, schema: Value| Parameter {
        name: name.trim_end_matches('?').to_owned(),
        place: place.to_owned(),
        required,
        schema,
        written: Written::default(),
    };
    let node = &described.node;
    let mut parameters = Vec::new();
    for (name, described) in &described.uri_parameters {
        parameters.push(parameter(name, "path", true, reader.parameter(described)?));
    }
    for (place, key) in [("query", "queryParameters"), ("header", "headers")] {
        for (name, described) in node.get(key).map(Node::entries).unwrap_or_default() {
            // RAML: a property without `required` is required, unless its name ends with `?`. RMB
            // reads it as optional, and RMB serves these.
            let required = described.get("required").and_then(Node::text) == Some("true");
            let schema = reader.parameter(described)?;
            parameters.push(parameter(name, place, required, schema));
        }
    }
    if let Some(described) = node.get("queryString") {
        // The whole query string as one object: each of its properties is a parameter.
        let schema = reader.declaration(described, 0)?;
        parameters.push(parameter("queryString", "query", true, schema));
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_cannot_be_read_is_untyped() {
        let folder = tempfile::tempdir().unwrap();
        let text = "#%RAML 1.0
mediaType: application/json
types:
  Book: {properties: {title: string}}
/books:
  get:
    queryParameters:
      limit: {type: integer}
      lang?: {required: true}
    responses:
      200: {body: Book}
  post:
    is: [missing]
    body: Book
";
        std::fs::write(folder.path().join("api.raml"), text).unwrap();
        let (mut schemas, mut report) = (Schemas::default(), ModuleReport::new(false));
        let read = operations(folder.path(), "api.raml", &mut schemas, &mut report).unwrap();
        let [get, post] = &read[..] else {
            panic!("{read:?}");
        };
        let parameters: Vec<_> = get
            .parameters
            .iter()
            .map(|parameter| (&*parameter.name, parameter.required))
            .collect();
        assert_eq!(parameters, [("limit", false), ("lang", true)]);
        let book = format!("{}!Book", folder.path().join("api.raml").display());
        let body = get.responses["200"]["application/json"].as_ref();
        assert_eq!(body, Some(&serde_json::json!({"$ref": book})));
        assert!(post.root.is_empty(), "{post:?}");
        assert_eq!(report.problems.len(), 1);

        let mut strict = ModuleReport::new(true);
        let error = operations(
            folder.path(),
            "api.raml",
            &mut Schemas::default(),
            &mut strict,
        );
        assert!(
            error
                .unwrap_err()
                .problem
                .contains("unknown trait `missing`")
        );
    }
}
