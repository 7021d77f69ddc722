//! Facts about FOLIO's releases that are part of the program: modules, operations, records, changes,
//! indexes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use flate2::read::DeflateDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::CliError;

/// The content of a data file, one value per line.
fn rows<T: DeserializeOwned>(compressed: &[u8]) -> Result<Vec<T>, CliError> {
    let damaged = |error: &dyn std::fmt::Display| {
        CliError::other(format!("the data of this program is damaged: {error}"))
    };
    let mut text = String::new();
    DeflateDecoder::new(compressed)
        .read_to_string(&mut text)
        .map_err(|error| damaged(&error))?;
    let rows = text.lines().map(serde_json::from_str);
    rows.collect::<serde_json::Result<_>>()
        .map_err(|error| damaged(&error))
}

macro_rules! data {
    ($($(#[$doc:meta])* $name:ident -> $row:ty = $file:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// The program is damaged.
            pub(crate) fn $name() -> Result<Vec<$row>, CliError> {
                rows(include_bytes!(concat!(env!("OUT_DIR"), "/", $file, ".deflate")))
            }
        )*
    };
}

data! {
    /// The releases, oldest first.
    releases -> Release = "releases";
    /// The operations of all releases, by module, path and method.
    operations -> Operation = "operations";
    /// The records of all releases.
    records -> RecordType = "records";
    /// The changes from each release to each later one.
    changes -> Change = "changes";
    /// The indexes of lists, and the aliases of other lists.
    indexes -> Index = "indexes";
}

/// A release.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Release {
    #[serde(rename = "release")]
    pub(crate) name: String,
    pub(crate) modules: BTreeMap<String, ModuleFacts>,
}

/// A module of a release.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ModuleFacts {
    pub(crate) version: String,
    /// The function of the client that returns its calls.
    pub(crate) handle: String,
    /// Their versions.
    pub(crate) interfaces: BTreeMap<String, String>,
}

/// An operation of one or several releases.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Operation {
    pub(crate) module: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) name: String,
    /// Id and version, `users 16.4`. Absent if no gateway routes the operation.
    pub(crate) interface: Option<String>,
    /// Absent if they are unknown.
    pub(crate) permissions: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) desired: Vec<String>,
    #[serde(default)]
    pub(crate) of_module: Vec<String>,
    #[serde(default)]
    pub(crate) untyped: bool,
    /// The records that a DELETE deletes.
    pub(crate) deletes: Option<Value>,
    /// A GET that changes something.
    #[serde(default)]
    pub(crate) effect: bool,
    /// Of the query; a required one ends in `!`.
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
    pub(crate) body: Option<Value>,
    pub(crate) response: Option<Value>,
    /// The dialect of a list.
    pub(crate) style: Option<String>,
    pub(crate) items: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) max: Option<u32>,
    /// The record of a list, as a reference.
    pub(crate) record: Option<String>,
    pub(crate) releases: Vec<String>,
}

/// A record of one or several releases.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RecordType {
    /// The module, or `common`.
    pub(crate) module: String,
    pub(crate) record: String,
    #[serde(rename = "type")]
    pub(crate) type_: Value,
    pub(crate) releases: Vec<String>,
}

/// A change from a release to a later one. A row of `folio diff-release` omits the releases.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Change {
    #[serde(skip_serializing)]
    pub(crate) from: String,
    #[serde(skip_serializing)]
    pub(crate) to: String,
    pub(crate) module: String,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) change: String,
    pub(crate) breaking: bool,
}

/// How a list evaluates a field, or the alias of another list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    pub(crate) path: String,
    pub(crate) field: Option<String>,
    #[serde(default)]
    pub(crate) uuid: bool,
    pub(crate) equals: Option<Folding>,
    /// Absent: the stored text is compared as it is.
    pub(crate) compare: Option<Folding>,
    /// The fields that `==` reads instead.
    #[serde(default)]
    pub(crate) several: Vec<String>,
    /// The fields that full text reads instead.
    #[serde(default)]
    pub(crate) words: Vec<String>,
    /// The modifiers of full text that select elements of the list.
    #[serde(default)]
    pub(crate) elements: Vec<String>,
    /// The only relations that know the field: `equals` or `words`.
    pub(crate) computed_by: Option<String>,
    pub(crate) alias: Option<String>,
    /// The list that the alias names.
    pub(crate) of: Option<String>,
}

/// What counts in a comparison.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Folding {
    pub(crate) case: bool,
    pub(crate) accents: bool,
    /// Only so many characters are compared.
    pub(crate) first: Option<u32>,
}

/// The release of a name, or the newest one.
///
/// # Errors
/// No release has this name.
pub(crate) fn release_named<'a>(
    releases: &'a [Release],
    name: Option<&str>,
) -> Result<&'a Release, CliError> {
    let found = match name {
        None => releases.last(),
        Some(name) => releases
            .iter()
            .find(|release| release.name.eq_ignore_ascii_case(name)),
    };
    found.ok_or_else(|| {
        let known: Vec<&str> = releases.iter().map(|release| &*release.name).collect();
        CliError::usage(format!(
            "`{}` is not a release that this program knows",
            name.unwrap_or_default()
        ))
        .with_help(format!("known releases: {}", known.join(", ")))
    })
}

/// The most similar names, at most three.
pub(crate) fn near<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let mut scored: Vec<(f64, &str)> = names
        .map(|known| (strsim::jaro_winkler(&wanted, &known.to_lowercase()), known))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    scored.dedup();
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// The paths of lists that a text may mean which is not the path of one: `instances`,
/// `inventory/holdings-records`, `mod-users/groups`. Those whose last part is the same, otherwise
/// similar.
///
/// # Errors
/// The program is damaged.
pub(crate) fn lists_like(text: &str) -> Result<Vec<String>, CliError> {
    let plain = |path: &str| {
        let last = path.trim_matches('/').rsplit('/').next();
        last.unwrap_or_default()
            .replace(['-', '_'], "")
            .to_lowercase()
    };
    let wanted = plain(text);
    let lists = operations()?.into_iter().filter(|operation| {
        operation.style.is_some()
            && operation.method == "GET"
            && !operation.path.contains('{')
            && !operation.module.starts_with("edge-")
    });
    let paths: BTreeSet<String> = lists.map(|operation| operation.path).collect();
    let names: BTreeMap<&str, String> = paths.iter().map(|path| (&**path, plain(path))).collect();
    let with_name = |wanted: &[String]| -> Vec<String> {
        let found = names.iter().filter(|(_, name)| wanted.contains(name));
        found.map(|(path, _)| (*path).to_owned()).take(5).collect()
    };
    let same = with_name(std::slice::from_ref(&wanted));
    Ok(match same.is_empty() {
        true => with_name(&near(&wanted, names.values().map(String::as_str))),
        false => same,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::lists_like;

    #[test]
    fn names_of_lists_lead_to_their_paths() {
        let has = |text: &str, path: &str| {
            let found = lists_like(text).unwrap();
            assert!(found.iter().any(|one| one == path), "{text}: {found:?}");
        };
        has("/instances", "/instance-storage/instances");
        has("/users/groups", "/groups");
        has("/mod-inventory-storage/loan_types", "/loan-types");
        has("/identifierTypes", "/identifier-types");
        has("/usrs", "/users");
        assert!(lists_like("/nothing-of-this-kind").unwrap().is_empty());
    }
}
