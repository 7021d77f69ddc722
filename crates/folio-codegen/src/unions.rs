//! Unions: values that are one of several things, by `oneOf`, `anyOf`, or an `allOf` from a base
//! with a discriminator.
//!
//! typify makes of them an enum that takes the first variant that can be read, which is wrong for
//! records whose fields are optional. So a union goes around typify: it is declared as a type that
//! is replaced, and its variants get operations of their own, by which typify says what their types
//! are.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::document::{Document, LOCAL};
use crate::names::{pascal, variant_name};

/// A union as it is described.
#[derive(Clone, Debug)]
pub(crate) struct DescribedUnion {
    pub(crate) name: String,
    /// The property that identifies the variant; empty if none does.
    pub(crate) tag: String,
    pub(crate) variants: Vec<DescribedVariant>,
}

#[derive(Clone, Debug)]
pub(crate) struct DescribedVariant {
    pub(crate) name: String,
    /// The operation that is made for its type alone.
    pub(crate) operation: String,
    /// The values of the tag that mean it.
    pub(crate) tags: Vec<String>,
    pub(crate) schema: Value,
    /// As the document has it.
    #[cfg_attr(
        not(feature = "surface"),
        allow(dead_code, reason = "only shown there")
    )]
    pub(crate) described: Value,
    pub(crate) place: Option<(&'static str, usize)>,
}

/// One of the things that a union can be, as the document has it.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) schema: Value,
    /// The component that it names.
    pub(crate) component: Option<String>,
    pub(crate) tags: Vec<String>,
    /// Its position in the union.
    pub(crate) place: Option<(&'static str, usize)>,
}

/// The component that a reference names.
fn component(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

/// The parts of a `oneOf` or `anyOf`; none if it only states which properties belong together.
pub(crate) fn parts(schema: &Map<String, Value>) -> Option<Vec<Part>> {
    let listed = ["oneOf", "anyOf"].iter().flat_map(|word| {
        let parts = schema.get(*word).and_then(Value::as_array);
        let parts = parts.into_iter().flatten().enumerate();
        parts.map(move |(index, part)| (part, (*word, index)))
    });
    let mut parts = Vec::new();
    let mut only_required = true;
    for (part, place) in listed {
        let is_null = part["type"] == "null"
            || part["enum"] == json!([null])
            || *part == json!({"nullable": true});
        if is_null {
            continue;
        }
        only_required &= part
            .as_object()
            .is_some_and(|part| part.keys().all(|key| key == "required" || key == "not"));
        parts.push(Part {
            component: component(part).map(str::to_owned),
            schema: part.clone(),
            tags: Vec::new(),
            place: Some(place),
        });
    }
    if parts.is_empty() || only_required {
        return None;
    }
    let (_, mapping) = discriminator(schema).unwrap_or_default();
    tag(&mut parts, &mapping);
    Some(parts)
}

/// Assigns to each part the discriminator values that select it: those mapped to it, or else its
/// name.
fn tag(parts: &mut [Part], mapping: &[(String, String)]) {
    for part in parts {
        let Some(name) = &part.component else {
            continue;
        };
        part.tags = mapping
            .iter()
            .filter(|(_, target)| target == name)
            .map(|(value, _)| value.clone())
            .collect();
        if part.tags.is_empty() {
            part.tags.push(name.clone());
        }
    }
}

/// The property of a discriminator, and which of its values mean which component.
pub(crate) fn discriminator(
    schema: &Map<String, Value>,
) -> Option<(String, Vec<(String, String)>)> {
    let discriminator = schema.get("discriminator")?;
    let property = discriminator.get("propertyName")?.as_str()?.to_owned();
    let mapping = discriminator.get("mapping").and_then(Value::as_object);
    let mapping = mapping
        .into_iter()
        .flatten()
        .filter_map(|(value, target)| {
            let name = target.as_str()?.rsplit('/').next()?;
            Some((value.clone(), name.to_owned()))
        })
        .collect();
    Some((property, mapping))
}

/// The components derived from a base with a discriminator (`allOf`), if `name` is such a base:
/// then a value of the base is one of them.
pub(crate) fn subtypes(document: &Document, name: &str) -> Option<(String, Vec<Part>)> {
    let schemas = document.schemas().ok()?;
    let base = schemas.get(name)?.as_object()?;
    if base.contains_key("oneOf") || base.contains_key("anyOf") {
        return None;
    }
    let inner = base.get("allOf").and_then(Value::as_array);
    let (property, mapping) = discriminator(base).or_else(|| {
        inner?
            .iter()
            .find_map(|part| discriminator(part.as_object()?))
    })?;
    let mut parts: Vec<Part> = schemas
        .iter()
        .filter(|(other, schema)| {
            *other != name
                && schema["allOf"]
                    .as_array()
                    .is_some_and(|parts| parts.iter().any(|part| component(part) == Some(name)))
        })
        .map(|(other, _)| Part {
            schema: json!({"$ref": format!("{LOCAL}{other}")}),
            component: Some(other.clone()),
            tags: Vec::new(),
            place: None,
        })
        .collect();
    tag(&mut parts, &mapping);
    (!parts.is_empty()).then_some((property, parts))
}

/// Whether a component is derived from a base with a discriminator.
pub(crate) fn is_subtype(document: &Document, schema: &Value) -> bool {
    schema["allOf"].as_array().is_some_and(|parts| {
        parts
            .iter()
            .filter_map(component)
            .any(|base| subtypes(document, base).is_some())
    })
}

/// The longest name of a union that is made of the names of its parts.
const LONGEST: usize = 40;

/// The name of a union: where it is one of two things that have names, theirs; else the one that
/// the document states, else by its place.
pub(crate) fn name(at: &str, stated: Option<&str>, parts: &[Part]) -> String {
    if let Some(component) = at.strip_prefix("/components/schemas/")
        && !component.contains('/')
    {
        return pascal(component);
    }
    let named: Vec<String> = parts
        .iter()
        .filter_map(|part| match (&part.component, kind(&part.schema)) {
            (Some(component), _) => Some(pascal(component)),
            (None, Some(kind)) => Some(kind.to_owned()),
            (None, None) => None,
        })
        .collect();
    if let ([one, other], 2) = (&named[..], parts.len()) {
        let name = format!("{one}Or{other}");
        if stated.is_none() || name.len() <= LONGEST {
            return name;
        }
    }
    if let Some(stated) = stated {
        return pascal(stated);
    }
    let place = at.strip_prefix("/components/schemas/").unwrap_or(at);
    place
        .split('/')
        .filter(|step| !matches!(*step, "properties" | "paths" | "content" | "schema"))
        .map(|step| match step {
            "items" => "Item".to_owned(),
            "additionalProperties" => "Value".to_owned(),
            step => pascal(step),
        })
        .collect()
}

/// The variant of a value that has no record.
fn kind(schema: &Value) -> Option<&'static str> {
    Some(match schema["type"].as_str()? {
        "string" => "Text",
        "integer" => "Integer",
        "number" => "Number",
        "boolean" => "Boolean",
        "array" => "List",
        _ => return None,
    })
}

/// The variant of a part: the component's name without the union's prefix, or the only property, or
/// the kind of JSON.
pub(crate) fn variant(union: &str, part: &Part, index: usize) -> String {
    let name = match &part.component {
        Some(component) => {
            let name = pascal(component);
            match name.strip_prefix(union) {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => rest.to_owned(),
                _ => name,
            }
        }
        None => match (property(&part.schema), kind(&part.schema)) {
            (Some(property), _) => pascal(property),
            (None, Some(kind)) => kind.to_owned(),
            (None, None) => "Object".to_owned(),
        },
    };
    match name.starts_with(|c: char| c.is_ascii_uppercase()) {
        true => variant_name(&name).to_owned(),
        false => format!("Variant{}{name}", index + 1),
    }
}

/// The name of an object's only property.
pub(crate) fn property(schema: &Value) -> Option<&str> {
    let mut names = schema["properties"].as_object()?.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The unions of a document so far, by their sources.
#[derive(Debug, Default)]
pub(crate) struct Unions {
    pub(crate) list: Vec<DescribedUnion>,
    pub(crate) names: BTreeMap<String, String>,
    /// Records within unions, which have no name of their own.
    pub(crate) inline: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_the_name_of_its_type_unless_it_is_taken() {
        for (component, expected) in [
            ("Book", "Book"),
            ("EntryBook", "Book"),
            // As the values of enums: `Unknown` is what is not described.
            ("Unknown", "Unknown_"),
            ("EntryUnknown", "Unknown_"),
            ("Self", "Self_"),
            ("2", "Variant32"),
        ] {
            let part = Part {
                schema: json!({}),
                component: Some(component.to_owned()),
                tags: Vec::new(),
                place: None,
            };
            assert_eq!(variant("Entry", &part, 2), expected, "{component}");
        }
    }
}
