//! The version of a module, if no manifest states it.

use std::path::Path;

use crate::base::files::read_json;

/// The version of a module according to its own files: the descriptor's id if it was filled in, the
/// version in the Maven or Gradle build.
pub(super) fn module_version(
    folder: &Path,
    name: &str,
    descriptor: Option<&Path>,
) -> Option<String> {
    let is_version = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let id = descriptor
        .and_then(|path| read_json(path).ok())
        .and_then(|root| root["id"].as_str().map(str::to_owned));
    let of_id = id
        .as_deref()
        .and_then(|id| id.strip_prefix(name)?.strip_prefix('-'));
    if let Some(version) = of_id.filter(|version| is_version(version)) {
        return Some(version.to_owned());
    }
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
    let maven = read("pom.xml").and_then(|pom| {
        // Its own version, not that of its parent or of its dependencies.
        let pom = without(&pom, "parent");
        let end = [
            "<dependencies",
            "<dependencyManagement",
            "<build",
            "<profiles",
            "<modules",
        ]
        .iter()
        .filter_map(|word| pom.find(word))
        .min()
        .unwrap_or(pom.len());
        let head = pom.get(..end)?;
        let (_, rest) = head.split_once("<version>")?;
        let (version, _) = rest.split_once("</version>")?;
        Some(version.trim().to_owned())
    });
    let gradle = read("gradle.properties").and_then(|text| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            ["appVersion", "version"]
                .contains(&key.trim())
                .then(|| value.trim().to_owned())
        })
    });
    [maven, gradle]
        .into_iter()
        .flatten()
        .find(|version| is_version(version))
}

/// A text without an element of XML.
fn without(text: &str, element: &str) -> String {
    match (
        text.split_once(&format!("<{element}>")),
        text.split_once(&format!("</{element}>")),
    ) {
        (Some((before, _)), Some((_, after))) => format!("{before}{after}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_build_state_the_version() {
        for (file, text, version) in [
            ("descriptor.json", r#"{"id": "mod-a-1.2.3"}"#, Some("1.2.3")),
            (
                "descriptor.json",
                r#"{"id": "${artifactId}-${version}"}"#,
                None,
            ),
            (
                "pom.xml",
                "<project><parent><version>9.9.9</version></parent><version> 2.0.0 </version><dependencies><version>8</version></dependencies></project>",
                Some("2.0.0"),
            ),
            (
                "pom.xml",
                "<project><dependencies><version>8</version></dependencies></project>",
                None,
            ),
            (
                "pom.xml",
                "<project><version>${revision}</version></project>",
                None,
            ),
            (
                "gradle.properties",
                "x=1\nappVersion = 3.1.0\n",
                Some("3.1.0"),
            ),
            ("other", "", None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(file), text).unwrap();
            let descriptor = folder.path().join("descriptor.json");
            let found = module_version(folder.path(), "mod-a", Some(&descriptor));
            assert_eq!(found.as_deref(), version, "{file}: {text}");
        }
    }
}
