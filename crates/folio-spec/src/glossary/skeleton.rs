//! A file of the glossary with empty sentences for undescribed names.

use std::fmt::Write as _;

use super::check::Missing;
use super::subjects::Module;

/// A TOML skeleton of the missing sentences of a module, with the facts of the document as
/// comments.
pub fn skeleton(module: &Module, missing: &[Missing]) -> String {
    let mut out = String::new();
    let mut open = String::new();
    for missing in missing {
        let (table, key, known) = match missing {
            Missing::Record(record) => (
                format!("records.{}", bare(record)),
                "summary".to_owned(),
                None,
            ),
            Missing::Field(record, path) => (
                format!("records.{}.fields", bare(record)),
                bare(path),
                module
                    .records
                    .get(record)
                    .and_then(|fields| fields.get(path)),
            ),
            Missing::Operation(route) => {
                (format!("operations.{route:?}"), "summary".to_owned(), None)
            }
            Missing::Parameter(route, name) => (
                format!("operations.{route:?}.parameters"),
                bare(name),
                module
                    .operations
                    .get(route)
                    .and_then(|names| names.get(name)),
            ),
        };
        if table != open {
            let _ = writeln!(out, "\n[{table}]");
            open = table;
        }
        let _ = match known {
            Some(known) => writeln!(out, "{key} = \"\" # {}", known.kind),
            None => writeln!(out, "{key} = \"\""),
        };
    }
    out
}

/// A key of TOML, in quotes where it needs them.
fn bare(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        format!("{key:?}")
    }
}
