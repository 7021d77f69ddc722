//! Describes Grails modules that publish no description, from the facts of their sources.
//!
//! The properties of the domain classes, and the keys that the JSON views write, are parsed. Other
//! facts are in a manually written recipe. If the sources of another version write a key that the
//! recipe does not contain, that is an error.
//!
//! No field of a domain class record is required. Grails binds the fields that a request contains,
//! and leaves the others unchanged; a reference to a record is the record with only its `id`; and
//! views omit null values.

pub(crate) mod checkout;
mod domain;
mod making;
mod operations;
mod recipe;
mod records;
mod view;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::base::error::{Error, Result};
use crate::base::files::read_json;
use crate::base::version::comparable;
use checkout::Describe;
use making::Making;
use operations::LOOKUP;
use recipe::Recipe;

/// Makes a description.
///
/// # Errors
/// A file cannot be read, a type is unknown, or a view writes a key that neither the domain class
/// nor the recipe has.
pub fn describe(what: &Describe) -> Result<Value> {
    let recipe = Recipe::read(&what.recipe)?;
    let mut making = Making::new(&recipe, what);
    making.read()?;
    making.records()?;
    let paths = making.paths()?;
    let sources = making.sources();
    let mut parameters = Map::new();
    for (name, of) in LOOKUP {
        let schema = recipe
            .schema(of)
            .map_err(|problem| Error::file(&what.recipe, problem))?;
        parameters.insert(
            name.into(),
            json!({"in": "query", "name": name, "required": false, "schema": schema}),
        );
    }
    // More than 100 are cut to 100.
    for name in ["perPage", "max"] {
        parameters[name]["schema"]["maximum"] = 100.into();
    }
    Ok(json!({
        "openapi": "3.0.3",
        "info": {"title": recipe.module, "version": what.since},
        "x-folio": {"module": recipe.module, "since": what.since,  "sources": sources},
        "paths": paths,
        "components": {"parameters": parameters, "schemas": making.schemas},
    }))
}

/// The file of a description, and its content: if a version does not differ from the previous one,
/// its tag is added to that one's `same`.
///
/// # Errors
/// The previous description cannot be read.
pub fn merged(out: &Path, document: Value) -> Result<(PathBuf, Value)> {
    let since = |path: &Path| comparable(&path.file_stem().unwrap_or_default().to_string_lossy());
    let folder = out.parent().unwrap_or(Path::new(""));
    let mut before: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| since(path) < since(out))
        .collect();
    before.sort_by_key(|path| since(path));
    let Some(path) = before.pop() else {
        return Ok((out.to_owned(), document));
    };
    let mut known = read_json(&path)?;
    let is_same =
        known["paths"] == document["paths"] && known["components"] == document["components"];
    if !is_same {
        return Ok((out.to_owned(), document));
    }
    let tag = document
        .pointer("/x-folio/sources/0/tag")
        .and_then(Value::as_str);
    let mut same: BTreeSet<String> = tag.map(str::to_owned).into_iter().collect();
    let stated = known.pointer("/x-folio/same").and_then(Value::as_array);
    same.extend(
        stated
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned),
    );
    known["x-folio"]["same"] = same.into_iter().collect();
    Ok((path, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_differs_in_nothing_adds_its_tag_to_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let document = |tag: &str, paths: Value| {
            json!({
                "paths": paths, "components": {}, "x-folio": {"sources": [{"tag": tag}]},
            })
        };
        let old = document("v1.9.0", json!({"/a": {}}));
        std::fs::write(folder.path().join("1.9.0.json"), old.to_string()).unwrap();
        let out = folder.path().join("1.10.0.json");
        let same = document("v1.10.0", json!({"/a": {}}));
        let (path, written) = merged(&out, same).unwrap();
        assert_eq!(path, folder.path().join("1.9.0.json"));
        assert_eq!(written["x-folio"]["same"], json!(["v1.10.0"]));
        assert_eq!(written["x-folio"]["sources"], old["x-folio"]["sources"]);
        let other = document("v1.10.0", json!({"/b": {}}));
        assert_eq!(merged(&out, other.clone()).unwrap(), (out.clone(), other));
        // Later parts are not compared.
        let first = folder.path().join("1.0.0.json");
        let same = document("v1.0.0", json!({"/a": {}}));
        assert_eq!(merged(&first, same.clone()).unwrap(), (first, same));
    }
}
