//! Names of components: each must be a valid name in the code.

use crate::document::{Document, escaped};
use crate::error::Error;
use crate::names::is_name;

/// Checks the names of the components of a document.
pub(super) fn check_names(document: &Document) -> Result<(), Error> {
    match document.schemas()?.keys().find(|name| !is_name(name)) {
        None => Ok(()),
        Some(name) => Err(Error::document(
            &document.name,
            format!("/components/schemas/{}", escaped(name)),
            format!(
                "`{}` cannot be the name of a Rust type",
                name.escape_debug()
            ),
        )),
    }
}
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_components_are_names_of_rust() {
        for (name, expected) in [
            ("Book", None),
            ("_book2", None),
            ("a/b", Some("at /components/schemas/a~1b: `a/b` cannot be")),
            ("type", Some("`type` cannot be the name of a Rust type")),
            ("a\nb", Some("`a\\nb` cannot be")),
            ("", Some("`` cannot be")),
        ] {
            let root = json!({"components": {"schemas": {name: {}}}});
            let found = check_names(&Document::new("mod-test", root));
            let found = found.err().map(|error| error.to_string());
            assert_eq!(found.is_some(), expected.is_some(), "{name}");
            assert!(
                found
                    .unwrap_or_default()
                    .contains(expected.unwrap_or_default())
            );
        }
    }
}
