//! The code of the tables.

use folio_codegen::Surface;

/// The lines of a template: one for each item.
fn lines<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    items.into_iter().map(line).collect()
}

pub(crate) fn records(built: &[Surface]) -> String {
    let arms = lines(built, |surface| {
        let (document, module) = (&surface.document, &surface.module);
        lines(&surface.components, |(component, ty)| {
            format!(
                "
        ({document:?}, {component:?}) => of::<folio_sdk::{module}::{ty}>(json),"
            )
        })
    });
    format!(
        r#"/// Reads JSON as what the component `name` of `module` is in Rust, and writes it again; nothing where it has no type of its own.
#[allow(clippy::too_many_lines)]
fn through(module: &str, name: &str, json: &str) -> Option<Result<String, String>> {{
    // Nothing where its clone is another record.
    fn of<T: serde::de::DeserializeOwned + serde::Serialize + Clone + PartialEq>(json: &str) -> serde_json::Result<Option<String>> {{
        let record: T = serde_json::from_slice(json.as_bytes())?;
        let clone = record.clone();
        if clone != record {{
            return Ok(None);
        }}
        Ok(Some(serde_json::to_string(&clone)?))
    }}
    let written = match (module, name) {{{arms}
        _ => return None,
    }};
    Some(match written {{
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(String::from("its clone is another record")),
        Err(error) => Err(error.to_string()),
    }})
}}
"#
    )
}

pub(crate) fn rereads(built: &[Surface]) -> String {
    let records = lines(built, |surface| {
        let document = &surface.document;
        lines(&surface.records, |record| {
            format!(
                "
    ({document:?}, {record:?}),"
            )
        })
    });
    let arms = lines(built, |surface| {
        let (document, module) = (&surface.document, &surface.module);
        lines(&surface.records, |record| {
            format!(
                "
        ({document:?}, {record:?}) => of::<folio_sdk::{module}::{record}>(json),"
            )
        })
    });
    format!(
        r#"/// Modules and their records.
const RECORDS: &[(&str, &str)] = &[{records}
];
/// Reads JSON into the record `name` of `module`, writes it again, and gives what is missing and
/// mistyped; nothing where there is no such record.
#[allow(clippy::too_many_lines, clippy::type_complexity)]
fn reread(module: &str, name: &str, json: &str) -> Option<Result<(String, Vec<String>, Vec<folio_sdk::Mistyped>), String>> {{
    Some(match (module, name) {{{arms}
        _ => return None,
    }})
}}
"#
    )
}

pub(crate) fn unions(built: &[Surface]) -> String {
    let variants = lines(built, |surface| {
        let document = &surface.document;
        lines(&surface.unions, |union| {
            let name = &union.name;
            lines(&union.variants, |variant| {
                let described = variant.described.to_string();
                let (variant, tags) = (&variant.name, &variant.tags);
                format!(
                    "
    ({document:?}, {name:?}, {variant:?}, &{tags:?}, {described:?}),"
                )
            })
        })
    });
    let arms = lines(built, |surface| {
        let (document, module) = (&surface.document, &surface.module);
        lines(&surface.unions, |union| {
            let (name, ty) = (&union.name, format!("folio_sdk::{module}::{}", union.name));
            let variants = lines(&union.variants, |variant| {
                format!("{ty}::{0}(_) => {0:?}, ", variant.name)
            });
            format!(
                "
        ({document:?}, {name:?}) => of(json, |union: &{ty}| match union {{ {variants}_ => \"\" }}),"
            )
        })
    });
    format!(
        r#"/// Module, union, variant, values of the tag, and what the variant is described as.
const VARIANTS: &[(&str, &str, &str, &[&str], &str)] = &[{variants}
];
/// Which variant of the union `name` of `module` JSON is read as, and what is written; nothing
/// where there is no such union.
#[allow(clippy::too_many_lines)]
fn variant(module: &str, name: &str, json: &str) -> Option<Result<(&'static str, serde_json::Value), String>> {{
    fn of<T: serde::de::DeserializeOwned + serde::Serialize>(json: &str, variant: fn(&T) -> &'static str) -> Result<(&'static str, serde_json::Value), String> {{
        let union: T = serde_json::from_slice(json.as_bytes()).map_err(|error| error.to_string())?;
        let written = serde_json::to_value(&union).map_err(|error| error.to_string())?;
        Ok((variant(&union), written))
    }}
    Some(match (module, name) {{{arms}
        _ => return None,
    }})
}}
"#
    )
}

pub(crate) fn schemas(built: &[Surface]) -> String {
    let types = lines(built, |surface| {
        let (document, module) = (&surface.document, &surface.module);
        lines(&surface.schemas, |(name, pointer)| {
            format!(
                "
        ({document:?}, {name:?}, {pointer:?}, <folio_sdk::{module}::{name} as schemars::JsonSchema>::json_schema),"
            )
        })
    });
    format!(
        r#"/// Each type by its module and name, with the place of its schema in the module's document, and what makes its schema.
#[allow(clippy::too_many_lines, clippy::type_complexity)]
fn schemas() -> Vec<(&'static str, &'static str, &'static str, fn(&mut schemars::SchemaGenerator) -> schemars::Schema)> {{
    vec![{types}
    ]
}}
"#
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use std::path::Path;

    use folio_codegen::{Specs, surface};

    // Without `insta`, which would be compiled once more for this procedural macro.
    #[test]
    fn the_tables_of_a_small_module_reach_each_of_its_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../folio-codegen/tests/documents");
        let specs = Specs::read(&folder, |module| module == "mod-books").unwrap();
        let built = surface(&specs).unwrap();
        for (name, table) in [
            ("records", super::records as fn(&[_]) -> String),
            ("rereads", super::rereads),
            ("unions", super::unions),
            ("schemas", super::schemas),
        ] {
            let path = format!("src/tables/{name}.txt");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let made = table(&built);
            if std::env::var_os("UPDATE_TABLES").is_some() {
                std::fs::write(&path, &made).unwrap();
            }
            let stored = std::fs::read_to_string(&path).unwrap();
            assert_eq!(made, stored, "{name}: run it with UPDATE_TABLES=1");
        }
    }
}
