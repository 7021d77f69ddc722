//! Libraries that a module depends on.

use std::path::Path;

/// The version in which a `pom.xml` of a folder depends on an artifact.
pub(super) fn depends(folder: &Path, artifact: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let inner = entries.map(|entry| entry.path().join("pom.xml"));
    let poms: Vec<String> = std::iter::once(folder.join("pom.xml"))
        .chain(inner)
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let element = |text: &str, name: &str| -> Option<String> {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0.trim().to_owned())
    };
    poms.iter().find_map(|pom| {
        let dependency = pom
            .split("<dependency>")
            .skip(1)
            .filter_map(|rest| rest.split("</dependency>").next())
            .find(|dependency| element(dependency, "artifactId").as_deref() == Some(artifact))?;
        let version = element(dependency, "version")?;
        let property = version.strip_prefix("${").and_then(|v| v.strip_suffix('}'));
        match property {
            None => Some(version),
            Some(property) => poms.iter().find_map(|pom| element(pom, property)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_dependency_may_be_a_property() {
        let dependency = |artifact: &str, version: &str| {
            format!(
                "<dependency><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
            )
        };
        for (text, expected) in [
            (dependency("lib", "1.2.3"), Some("1.2.3")),
            (
                dependency("other", "9")
                    + &dependency("lib", "${lib.version}")
                    + "<lib.version>4.5</lib.version>",
                Some("4.5"),
            ),
            (dependency("library", "1"), None),
            (dependency("lib", "${missing}"), None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("inner")).unwrap();
            std::fs::write(folder.path().join("inner/pom.xml"), &text).unwrap();
            assert_eq!(depends(folder.path(), "lib").as_deref(), expected, "{text}");
        }
    }
}
