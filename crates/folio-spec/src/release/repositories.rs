//! The repositories of a module's sources, and their versions: what links to the sources need.

use std::collections::BTreeMap;

use serde_json::Value;

/// By the folder in the module that holds it, `owner/name@version`: the module's own repository
/// under the empty folder, submodules and libraries under theirs. A tag is named where there is
/// one, else the commit.
pub(super) fn repositories(manifest: &Value) -> BTreeMap<String, String> {
    let own = [(String::new(), manifest)];
    let others = ["submodules", "libraries"].into_iter().flat_map(|key| {
        let list = manifest.get(key).and_then(Value::as_array);
        let entries = list.into_iter().flatten();
        entries.filter_map(|entry| Some((entry.get("path")?.as_str()?.to_owned(), entry)))
    });
    own.into_iter()
        .chain(others)
        .filter_map(|(folder, entry)| {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            // The mirror may lack the commit that a module pins: then another one was read.
            let version = text("tag")
                .or_else(|| text("commit_used"))
                .or_else(|| text("commit"))?;
            Some((folder, format!("{}@{version}", text("repo")?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_are_preferred_and_a_commit_that_was_read_to_one_that_was_pinned() {
        let manifest = json!({
            "repo": "folio-org/mod-users", "tag": null, "commit": "76d5",
            "submodules": [{"path": "ramls/raml-util", "repo": "folio-org/raml", "commit": "a", "commit_used": "b"}],
            "libraries": [{"path": "external/x", "repo": "folio-org/x", "tag": "v1", "commit": "c"}, {"path": "y"}],
        });
        let found = repositories(&manifest);
        let expected = [
            ("", "folio-org/mod-users@76d5"),
            ("external/x", "folio-org/x@v1"),
            ("ramls/raml-util", "folio-org/raml@b"),
        ];
        let expected = expected.map(|(folder, it)| (folder.to_owned(), it.to_owned()));
        assert!(found.into_iter().eq(expected));
    }
}
