//! The operations of a document.

use serde_json::Value;

/// The methods of OpenAPI and RAML, in the order in which they are listed.
pub(crate) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// An operation of a document.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    /// In lower case.
    pub method: &'a str,
    /// The path template.
    pub path: &'a str,
    /// The existing members.
    pub value: &'a Value,
}

impl<'a> Operation<'a> {
    /// The SDK's name of it.
    pub fn name(&self) -> &'a str {
        self.value
            .get("operationId")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The operation, for messages: `GET /users`.
    pub fn subject(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// A fact of FOLIO about it.
    pub fn fact(&self, key: &str) -> Option<&'a Value> {
        self.value.get("x-folio")?.get(key)
    }
}

/// The schema of a request body or response: that of its first JSON media type.
pub(crate) fn json_schema(body: &Value) -> Option<&Value> {
    let content = body.get("content")?.as_object()?;
    let mut content = content.iter();
    let (_, content) = content.find(|(media_type, _)| media_type.contains("json"))?;
    content.get("schema")
}

/// The schema of the JSON response of an operation. Mostly that of 200; there are lists that are
/// described as 201.
pub(crate) fn json_response(operation: &Value) -> Option<&Value> {
    let responses = operation.get("responses")?.as_object()?;
    responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(_, response)| response.get("content")?.as_object())
        .flatten()
        .filter(|(media_type, _)| media_type.contains("json"))
        .find_map(|(_, content)| content.get("schema"))
}

/// The operations of a document, by path and method.
pub fn operations(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    paths.into_iter().flatten().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let value = item.get(*method)?;
            Some(Operation {
                method,
                path,
                value,
            })
        })
    })
}
