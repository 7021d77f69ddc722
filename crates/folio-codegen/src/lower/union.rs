//! Unions: types that typify knows only by name. Their variants get their own types.

use serde_json::{Map, Value, json};

use super::lowering::Lowering;
use crate::document::LOCAL;
use crate::error::Error;
use crate::unions::{self, DescribedUnion, DescribedVariant, Part};

impl Lowering<'_> {
    /// Makes a union a type that typify knows by its name only.
    pub(super) fn union(
        &mut self,
        at: &str,
        stated: Option<&str>,
        tag: &str,
        parts: Vec<Part>,
        depth: usize,
    ) -> Result<Value, Error> {
        if let [only] = &parts[..] {
            return self.schema(at, &only.schema, depth + 1);
        }
        let schemas: Vec<&Value> = parts.iter().map(|part| &part.schema).collect();
        let mut name = unions::name(at, stated, &parts);
        let key = format!(
            "{} {name} {tag} {}",
            self.home.document.name,
            json!(schemas)
        );
        if let Some(name) = self.unions.names.get(&key) {
            return Ok(declared(name));
        }
        let is_component = at == format!("/components/schemas/{name}");
        while self.unions.list.iter().any(|union| union.name == name)
            || !is_component
                && (self.home.document.schemas()?.contains_key(&name)
                    || self.home.common.schemas()?.contains_key(&name))
        {
            name.push_str("Union");
        }
        // Before its variants, which may contain it.
        self.unions.names.insert(key, name.clone());
        let place = self.unions.list.len();
        self.unions.list.push(DescribedUnion {
            name: name.clone(),
            tag: tag.to_owned(),
            variants: Vec::new(),
        });
        let variants = self.variants(at, &name, tag, &parts, depth)?;
        if let Some(union) = self.unions.list.get_mut(place) {
            union.variants = variants;
        }
        Ok(declared(&name))
    }

    /// The variants of a union: those that are any JSON are left to its catch-all, and those that
    /// are alike are one.
    fn variants(
        &mut self,
        at: &str,
        name: &str,
        tag: &str,
        parts: &[Part],
        depth: usize,
    ) -> Result<Vec<DescribedVariant>, Error> {
        let mut variants: Vec<DescribedVariant> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let mut variant = unions::variant(name, part, index);
            let schema = match part.schema["properties"].as_object() {
                Some(fields) if !fields.is_empty() => {
                    let inline = format!("{name}{variant}");
                    let at = format!("/components/schemas/{inline}");
                    let lowered = self.schema(&at, &part.schema, depth + 1)?;
                    self.unions.inline.insert(inline.clone(), lowered);
                    declared(&inline)
                }
                _ => self.schema(&format!("{at}/{index}"), &part.schema, depth + 1)?,
            };
            // Any JSON is what the catch-all is for.
            if schema.as_object().is_some_and(Map::is_empty) {
                continue;
            }
            if let Some(same) = variants.iter_mut().find(|same| same.schema == schema) {
                same.tags.extend(part.tags.iter().cloned());
                continue;
            }
            while variants.iter().any(|other| other.name == variant) {
                variant.push_str(&(index + 1).to_string());
            }
            variants.push(DescribedVariant {
                operation: format!("union_{}_{index}", name.to_ascii_lowercase()),
                name: variant,
                tags: if tag.is_empty() {
                    Vec::new()
                } else {
                    part.tags.clone()
                },
                schema,
                described: part.schema.clone(),
                place: part.place,
            });
        }
        Ok(variants)
    }
}

/// A reference to a type that is declared beside the components.
fn declared(name: &str) -> Value {
    json!({"$ref": format!("{LOCAL}{name}")})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;
    use crate::document::{COMMON, Document};

    /// Lowers a union, and gives what it is called and its variants: the name, the tags and the
    /// schema.
    fn lowered(at: &str, schema: &Value) -> (Value, Vec<DescribedUnion>, Vec<String>) {
        let document = Document::new(
            "mod-test",
            json!({"components": {"schemas": {
                "Circle": {"properties": {"kind": {"type": "string"}}},
                "Square": {"properties": {"kind": {"type": "string"}}},
                "TextOrInteger": {"type": "string"},
            }}}),
        );
        let common = Document::new(COMMON, json!({}));
        let mut lowering = Lowering::of_module(&document, &common);
        let lowered = lowering.schema(at, schema, 0).unwrap();
        let inline = lowering.unions.inline.keys().cloned().collect();
        (lowered, lowering.unions.list, inline)
    }

    #[test]
    fn a_union_is_declared_by_a_name_and_its_variants_are_lowered() {
        let to = |name: &str| json!({"$ref": format!("{LOCAL}{name}")});
        let tagged = json!({
            "oneOf": [to("Circle"), to("Square")],
            "discriminator": {"propertyName": "kind", "mapping": {"round": "#/components/schemas/Circle"}},
        });
        let plain = json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
        let inline =
            json!({"oneOf": [{"properties": {"a": {"type": "string"}}}, {"type": "integer"}, {}]});
        for (at, schema, name, variants, inlined) in [
            (
                "/components/schemas/Shape",
                tagged,
                "Shape",
                &[("Circle", &["round"][..]), ("Square", &["Square"])][..],
                &[][..],
            ),
            // A component has that name already.
            (
                "/x",
                plain,
                "TextOrIntegerUnion",
                &[("Text", &[]), ("Integer", &[])],
                &[],
            ),
            // What is any JSON is no variant.
            (
                "/components/schemas/Thing/properties/of",
                inline,
                "ThingOf",
                &[("A", &[]), ("Integer", &[])],
                &["ThingOfA"],
            ),
        ] {
            let (lowered, unions, records) = lowered(at, &schema);
            assert_eq!(lowered, to(name));
            let [union] = &unions[..] else {
                panic!("{unions:?}")
            };
            let found: Vec<(&str, Vec<&str>)> = union
                .variants
                .iter()
                .map(|it| (&*it.name, it.tags.iter().map(String::as_str).collect()))
                .collect();
            let expected: Vec<(&str, Vec<&str>)> = variants
                .iter()
                .map(|(name, tags)| (*name, tags.to_vec()))
                .collect();
            assert_eq!((&*union.name, found), (name, expected));
            assert_eq!(records, inlined);
        }
    }

    #[test]
    fn one_thing_is_no_union_and_two_of_one_content_are_one() {
        let (lowered, unions, _) = lowered(
            "/x",
            &json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        );
        assert_eq!((lowered, unions.len()), (json!({"type": "string"}), 0));
    }
}
