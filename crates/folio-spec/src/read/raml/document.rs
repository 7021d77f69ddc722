//! A root document: one list of operations with all resource types and traits applied.

use std::path::Path;

use super::resource::Operation;
use super::scope::Reader;
use super::types::Types;
use crate::base::error::{Error, Result};
use crate::base::files::Within;
use crate::base::yaml::Node;

/// A root document.
#[derive(Debug)]
pub(super) struct Api {
    /// Its media types, for bodies that name none.
    pub(super) media_types: Vec<String>,
    /// The names that it declares for types.
    pub(super) types: Types,
    /// Its operations in the order of the file.
    pub(super) operations: Vec<Operation>,
}

/// Reads a root document of the module whose files are `within`.
pub(super) fn read(file: &Path, within: &Within) -> Result<Api> {
    within.check(file)?;
    let mut reader = Reader::new(within);
    let root = reader.fragment(file)?;
    header(&root, file)?;
    let scope = reader.scope(&root, 0)?;
    let media_types = match root.get("mediaType") {
        Some(node) => match node.text() {
            Some(text) => vec![text.to_owned()],
            None => node
                .elements()
                .iter()
                .filter_map(|n| n.text().map(str::to_owned))
                .collect(),
        },
        None => Vec::new(),
    };
    let mut operations = Vec::new();
    for (key, node) in root.entries() {
        if key.starts_with('/') {
            reader.resource(&scope, key, node, &[], 0, &mut operations)?;
        }
    }
    Ok(Api {
        media_types,
        types: scope.types,
        operations,
    })
}

/// Checks the first line: that of a fragment has a kind, `#%RAML 1.0 Trait`.
fn header(root: &Node, file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let first = text
        .trim_start_matches('\u{feff}')
        .lines()
        .next()
        .unwrap_or_default()
        .trim();
    match first.strip_prefix("#%RAML 1.0") {
        Some(kind) if kind.trim().is_empty() => Ok(()),
        Some(kind) => Err(root.error(format!(
            "expected a RAML 1.0 root document, found the fragment `{}`",
            kind.trim()
        ))),
        None => Err(Error::at(
            file,
            "1:1",
            format!(
                "expected `#%RAML 1.0` in the first line, found `{}`",
                first.chars().take(40).collect::<String>()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Api> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api.raml");
        std::fs::write(&file, text).unwrap();
        super::read(&file, &Within::new(folder.path()).unwrap())
    }

    #[test]
    fn only_a_root_document_is_read() {
        for (text, problem) in [
            ("#%RAML 1.0 Trait\n{}\n", "found the fragment `Trait`"),
            (
                "#%RAML 0.8\n{}\n",
                "expected `#%RAML 1.0` in the first line, found `#%RAML 0.8`",
            ),
            ("title: x\n", "found `title: x`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.problem.contains(problem), "{error}");
        }
    }

    #[test]
    fn resource_types_and_traits_are_applied() {
        let api = read(
            "#%RAML 1.0
mediaType: application/json
resourceTypes:
  collection:
    get?:
      is: [paged]
    post:
      body: <<item>>
traits:
  paged:
    queryParameters: {limit: integer}
/books:
  type: {collection: {item: Book}}
  get:
  /{id}:
    is: [unknown]
    get:
",
        )
        .unwrap();
        assert_eq!(api.media_types, ["application/json"]);
        let operations: Vec<_> = api
            .operations
            .iter()
            .map(|operation| {
                (
                    &*operation.method,
                    &*operation.path,
                    operation.problem.is_some(),
                )
            })
            .collect();
        let expected = [
            ("get", "/books", false),
            ("post", "/books", false),
            ("get", "/books/{id}", true),
        ];
        assert_eq!(operations, expected);
        let parameters = api.operations[0].node.get("queryParameters");
        assert!(parameters.is_some_and(|parameters| parameters.get("limit").is_some()));
        assert_eq!(api.operations[1].resource_types, ["collection"]);
        let problem = api.operations[2].problem.as_ref().unwrap();
        assert!(
            problem
                .problem
                .contains("unknown trait `unknown`; declared are: paged"),
            "{problem}"
        );
    }
}
