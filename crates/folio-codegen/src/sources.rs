//! Where the sources of a release are: the pages of their files at the versions that were read.

use std::collections::BTreeMap;

use serde_json::Value;

/// The repositories of a release's modules, `owner/name@version`, by the folders that hold them in
/// the module; the module's own has the empty folder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(BTreeMap<String, BTreeMap<String, String>>);

/// The folder of this project's descriptions.
const OURS: &str = "specs/ours/";

impl Sources {
    /// Takes them from the text of `release.json`.
    pub(crate) fn of(release: &Value) -> Self {
        let modules = release.get("modules").and_then(Value::as_object);
        let repositories = |module: &Value| {
            let repositories = module.get("repositories")?.as_object()?;
            let texts = repositories
                .iter()
                .filter_map(|(folder, it)| Some((folder.clone(), it.as_str()?.to_owned())));
            Some(texts.collect())
        };
        let all = modules.into_iter().flatten();
        Self(
            all.filter_map(|(name, module)| Some((name.clone(), repositories(module)?)))
                .collect(),
        )
    }

    /// The page of a file of a module, `ramls/users.raml`. Nothing where its repository is not
    /// known, or where this project describes the module: that file is not in the repository.
    pub(crate) fn page(&self, module: &str, path: &str) -> Option<String> {
        if path.starts_with(OURS) {
            return None;
        }
        // A place in the file follows `#`, or `!` in RAML.
        let path = path.split(['#', '!']).next().unwrap_or_default();
        let below = |folder: &str| match folder {
            "" => Some(path),
            folder => path.strip_prefix(folder)?.strip_prefix('/'),
        };
        let repositories = self.0.get(module)?.iter();
        let found = repositories.filter_map(|(folder, it)| Some((folder, it, below(folder)?)));
        let (_, repository, rest) = found.max_by_key(|(folder, ..)| folder.len())?;
        let (name, version) = repository.split_once('@')?;
        let is_plain = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._/+~".contains(c);
            !text.is_empty() && text.chars().all(plain)
        };
        [name, version, rest]
            .into_iter()
            .all(is_plain)
            .then(|| format!("https://github.com/{name}/blob/{version}/{rest}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_in_the_repository_of_the_innermost_folder() {
        let sources = Sources::of(&json!({"modules": {
            "mod-users": {"repositories": {"": "folio-org/mod-users@v19.6.0", "ramls/raml-util": "folio-org/raml@c113"}},
            "mod-ours": {},
        }}));
        for (module, path, expected) in [
            (
                "mod-users",
                "ramls/users.raml",
                Some("folio-org/mod-users/blob/v19.6.0/ramls/users.raml"),
            ),
            (
                "mod-users",
                "ramls/raml-util/tags.schema#/a",
                Some("folio-org/raml/blob/c113/tags.schema"),
            ),
            (
                "mod-users",
                "ramls/raml-utils/x",
                Some("folio-org/mod-users/blob/v19.6.0/ramls/raml-utils/x"),
            ),
            ("mod-users", "specs/ours/mod-users.json#/a", None),
            (
                "mod-users",
                "ramls/users.raml!user",
                Some("folio-org/mod-users/blob/v19.6.0/ramls/users.raml"),
            ),
            ("mod-users", "a b)", None),
            ("mod-users", "", None),
            ("mod-ours", "a", None),
            ("mod-other", "a", None),
        ] {
            let expected = expected.map(|page| format!("https://github.com/{page}"));
            assert_eq!(sources.page(module, path), expected, "{path}");
        }
    }
}
