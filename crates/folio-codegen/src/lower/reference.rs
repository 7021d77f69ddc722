//! References: those to simple types are replaced by their targets, because typify would wrap each
//! list and each text in a useless struct.

use serde_json::{Value, json};

use super::lowering::Lowering;
use super::types::is_type;
use crate::document::{COMMON, Component, LOCAL};
use crate::error::Error;
use crate::unions;

impl Lowering<'_> {
    /// What a reference stands for: a type by its name, a union, or the schema that it leads to.
    pub(super) fn reference(
        &mut self,
        at: &str,
        reference: &str,
        depth: usize,
    ) -> Result<Value, Error> {
        let home = self.home;
        let Component {
            document,
            name,
            schema,
        } = home.document.resolve(home.common, at, reference)?;
        let component = format!("/components/schemas/{name}");
        if let Some((tag, parts)) = unions::subtypes(document, name) {
            return self.within(document, |it| {
                it.union(&component, None, &tag, parts, depth + 1)
            });
        }
        if !is_type(schema) && !unions::is_subtype(document, schema) {
            return self.within(document, |it| it.schema(&component, schema, depth + 1));
        }
        if document.name == COMMON && self.in_module {
            self.used.insert(name.to_owned());
        }
        Ok(json!({"$ref": format!("{LOCAL}{name}")}))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::Document;

    #[test]
    fn types_are_named_and_all_else_is_put_in_the_place_of_its_name() {
        let document = Document::new(
            "mod-test",
            json!({"components": {"schemas": {
                "Uuid": {"type": "string", "format": "uuid"},
                "Ids": {"type": "array", "items": {"$ref": "#/components/schemas/Uuid"}},
                "Alias": {"allOf": [{"$ref": "#/components/schemas/Ids"}]},
                "Book": {"type": "object", "properties": {"a": {"type": "string"}}},
            }}}),
        );
        let common = Document::new(
            COMMON,
            json!({"components": {"schemas": {
                "Notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
                "Note": {"type": "object", "properties": {"a": {"type": "string"}}},
            }}}),
        );
        let ids = json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
        let to = |name: &str| json!({"$ref": format!("{LOCAL}{name}")});
        for (reference, expected, used) in [
            ("#/components/schemas/Alias", ids, &[][..]),
            ("#/components/schemas/Book", to("Book"), &[]),
            (
                "common.json#/components/schemas/Note",
                to("Note"),
                &["Note"],
            ),
            (
                "common.json#/components/schemas/Notes",
                json!({"type": "array", "items": to("Note")}),
                &["Note"],
            ),
        ] {
            let mut lowering = Lowering::of_module(&document, &common);
            let lowered = lowering.reference("", reference, 0).unwrap();
            assert_eq!(lowered, expected, "{reference}");
            assert!(lowering.used.iter().eq(used), "{reference}");
            assert_eq!(lowering.home.document.name, "mod-test");
        }
    }

    #[test]
    fn a_reference_that_leads_nowhere_is_an_error_with_its_place() {
        let document = Document::new("mod-test", json!({}));
        let mut lowering = Lowering::of_module(&document, &document);
        for reference in ["other.json#/X", "#/components/schemas/X"] {
            let error = lowering
                .reference("/here", reference, 0)
                .unwrap_err()
                .to_string();
            let expected = format!("mod-test: at /here: the reference `{reference}` leads nowhere");
            assert!(error.contains(&expected), "{error}");
        }
    }
}
