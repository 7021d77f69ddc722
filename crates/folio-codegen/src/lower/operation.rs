//! An operation: the part for progenitor, and its facts.

use serde_json::{Value, json};

use super::lowering::Lowering;
use crate::document::{escaped, list};
use crate::error::Error;
use crate::facts::Operation;

impl Lowering<'_> {
    /// Lowers an operation, and completes its facts by those of parameters, bodies and responses.
    /// `shared` are the parameters of its path.
    pub(super) fn operation(
        &mut self,
        facts: &mut Operation,
        operation: &Value,
        shared: &[Value],
    ) -> Result<Value, Error> {
        let at = format!("/paths/{}/{}", escaped(&facts.path), facts.method);
        let own = list(operation, "parameters");
        let parameters = self.parameters(facts, &at, own, shared)?;
        let mut lowered = json!({
            "operationId": facts.name,
            "parameters": parameters,
            "responses": self.responses(facts, &at, operation.get("responses"))?,
        });
        if let Some(body) = self.body(facts, &at, operation.get("requestBody"))? {
            lowered["requestBody"] = body;
        }
        Ok(lowered)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};
    use crate::facts::{self, Response};

    #[test]
    fn an_operation_is_its_parameters_its_body_and_its_responses() {
        let document = Document::new("mod-test", json!({}));
        let common = Document::new(COMMON, json!({}));
        let json =
            |schema: &str| json!({"content": {"application/json": {"schema": {"type": schema}}}});
        let operation = json!({
            "operationId": "post_a", "requestBody": json("integer"),
            "parameters": [{"in": "query", "name": "q", "schema": {"type": "string"}}],
            "responses": {"200": json("string")},
        });
        let shared = [json!({"in": "path", "name": "id", "schema": {"type": "integer"}})];
        let mut facts = facts::read(&document, "/a/{id}", "post", &operation).unwrap();
        let mut lowering = Lowering::of_module(&document, &common);
        let lowered = lowering.operation(&mut facts, &operation, &shared).unwrap();
        assert_eq!(lowered["operationId"], "post_a");
        let names: Vec<_> = lowered["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["name"])
            .collect();
        assert_eq!(names, ["q", "id"]);
        let schema = lowered.pointer("/requestBody/content/application~1json/schema/type");
        assert_eq!(schema.unwrap(), "integer");
        let schema = lowered.pointer("/responses/200/content/application~1json/schema/type");
        assert_eq!(schema.unwrap(), "string");
        assert_eq!((facts.query.len(), facts.bodies.len()), (1, 1));
        assert_eq!(facts.response, Response::Json);
    }
}
