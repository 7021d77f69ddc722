//! The modules of a platform, as Okapi's or Eureka's files list them.
//!
//! That is the `install.json` of an Okapi platform, or the `platform-descriptor.json` of a Eureka
//! platform with the descriptors of its applications.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::files::read_json;
use crate::base::note::{Kind, Note, joined};
use crate::base::text::text_problem;

/// The modules of a release and their versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Platform {
    /// Versions by the names of backend modules.
    pub(crate) modules: BTreeMap<String, String>,
    /// Listed modules that are not found.
    pub(crate) notes: Vec<Note>,
    /// Listed entries that are not backend modules: user interfaces, infrastructure.
    pub(crate) others: Vec<String>,
}

impl Platform {
    /// Reads an `install.json`: `[{"id": "mod-users-19.4.0", "action": "enable"}, …]`.
    ///
    /// # Errors
    /// The file cannot be read, or is not such a list.
    pub(crate) fn install(file: &Path) -> Result<Self> {
        let root = read_json(file)?;
        let list = root.as_array().ok_or_else(|| {
            Error::file(
                file,
                "expected a list of modules, `[{\"id\": \"mod-users-19.4.0\", \"action\": \"enable\"}]`",
            )
        })?;
        let mut platform = Self::default();
        let mut others = Vec::new();
        for (index, entry) in list.iter().enumerate() {
            let id = entry.get("id").unwrap_or(entry).as_str();
            let Some((name, version)) = id.and_then(split_id) else {
                platform.without_version(id.unwrap_or_default(), &format!("/{index}/id"));
                continue;
            };
            if entry.get("action").and_then(Value::as_str) == Some("disable") {
                continue;
            }
            platform.add(file, name, version, &mut others);
        }
        platform.others = others;
        if platform.modules.is_empty() {
            return Err(Error::file(
                file,
                match &platform.notes[..] {
                    [] => "does not name a backend module with its version".to_owned(),
                    notes => format!(
                        "does not name a backend module with its version; {}",
                        joined(notes)
                    ),
                },
            ));
        }
        Ok(platform)
    }

    /// Reads a `platform-descriptor.json`: its components, and the applications it names. Their
    /// modules are in the descriptor itself, in descriptors of applications in its folder, or in
    /// `applications`, files or folders of them.
    ///
    /// # Errors
    /// A file cannot be read, or is not a descriptor.
    pub(crate) fn descriptor(file: &Path, applications: &[PathBuf]) -> Result<Self> {
        let root = read_json(file)?;
        if !root.is_object() {
            return Err(Error::file(
                file,
                "expected a platform descriptor, an object with `applications`",
            ));
        }
        let beside = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let known = application_descriptors(applications, beside.unwrap_or(Path::new(".")), file)?;
        let mut platform = Self::default();
        let mut others = Vec::new();
        for key in ["eureka-components", "components", "modules"] {
            platform.list(file, root.get(key), &mut others)?;
        }
        let groups = match root.get("applications") {
            Some(Value::Object(groups)) => groups.values().collect(),
            Some(list @ Value::Array(_)) => vec![list],
            _ => Vec::new(),
        };
        for application in groups.into_iter().filter_map(Value::as_array).flatten() {
            let (name, version) = named(application).ok_or_else(|| {
                Error::at(
                    file,
                    "/applications",
                    "expected `name` and `version` of each application",
                )
            })?;
            if application.get("modules").is_some() {
                platform.list(file, application.get("modules"), &mut others)?;
                continue;
            }
            let versions = known.get(&name);
            let found = versions.and_then(|versions| {
                versions
                    .get(&version)
                    .or_else(|| versions.values().next_back())
            });
            match found {
                None => platform.notes.push(Note::new(
                    Kind::Omitted,
                    &name,
                    &version,
                    format!("the application {version} has neither modules here nor a descriptor next to it: its modules are omitted; pass its descriptor with --application-descriptor"),
                )),
                Some((path, descriptor)) => {
                    let own = named(descriptor).map(|(_, version)| version);
                    if own.as_deref() != Some(&*version) {
                        let other = own.map_or_else(|| path.display().to_string(), |own| format!("{name} {own}"));
                        platform.notes.push(Note::new(
                            Kind::Substituted,
                            &name,
                            &version,
                            format!("the application {version} is not described; {other} is used instead"),
                        ));
                    }
                    platform.list(path, descriptor.get("modules"), &mut others)?;
                }
            }
        }
        platform.others = others;
        if platform.modules.is_empty() {
            let expected = match &platform.notes[..] {
                [] => "; expected `eureka-components`, `modules` or `applications` with modules"
                    .to_owned(),
                notes => format!("; {}", joined(notes)),
            };
            return Err(Error::file(
                file,
                format!("does not name a backend module{expected}"),
            ));
        }
        Ok(platform)
    }

    fn list(&mut self, file: &Path, list: Option<&Value>, others: &mut Vec<String>) -> Result<()> {
        for entry in list.and_then(Value::as_array).into_iter().flatten() {
            let id = entry.get("id").unwrap_or(entry).as_str();
            let Some((name, version)) = named(entry).or(id.and_then(split_id)) else {
                self.without_version(id.unwrap_or_default(), "");
                continue;
            };
            self.add(file, name, version, others);
        }
        Ok(())
    }

    fn add(&mut self, file: &Path, name: String, version: String, others: &mut Vec<String>) {
        if let Some(problem) = text_problem(&version) {
            self.notes.push(Note::new(Kind::Omitted, name, "", problem));
            return;
        }
        if !is_backend(&name) {
            others.push(name);
            return;
        }
        if let Some(other) = self.modules.insert(name.clone(), version.clone())
            && other != version
        {
            let file = file.file_name().unwrap_or_default().to_string_lossy();
            self.notes.push(Note::new(
                Kind::Substituted,
                &name,
                &other,
                format!("{file} names {other} and {version}; the latter is taken"),
            ));
        }
    }

    /// A module without a stated version cannot be fetched.
    fn without_version(&mut self, id: &str, at: &str) {
        let shown: String = id.escape_debug().take(80).collect();
        let name = if shown.is_empty() {
            "?".to_owned()
        } else {
            shown
        };
        self.notes.push(Note::new(
            Kind::Omitted,
            name,
            at,
            "has no version in the platform's list: expected an id such as `mod-users-19.4.0`",
        ));
    }
}

/// Whether a name is that of a module with an API: others are user interfaces and infrastructure.
fn is_backend(name: &str) -> bool {
    let known = ["mod-", "edge-", "mgr-"];
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    plain && (name == "okapi" || known.iter().any(|prefix| name.starts_with(prefix)))
}

fn named(entry: &Value) -> Option<(String, String)> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("name")?, text("version")?))
}

/// Name and version of an id, `mod-users-19.4.0`.
fn split_id(id: &str) -> Option<(String, String)> {
    let at = id.match_indices('-').map(|(at, _)| at).find(|at| {
        let version = &id[at + 1..];
        let digits = version.chars().take_while(char::is_ascii_digit).count();
        digits > 0 && matches!(version[digits..].chars().next(), None | Some('.'))
    })?;
    (at > 0).then(|| (id[..at].to_owned(), id[at + 1..].to_owned()))
}

type Descriptors = BTreeMap<String, BTreeMap<String, (PathBuf, Value)>>;

/// Descriptors of applications by name and version: those that are passed, and those next to the
/// platform's.
fn application_descriptors(given: &[PathBuf], beside: &Path, own: &Path) -> Result<Descriptors> {
    let mut all = Descriptors::new();
    let mut keep = |path: PathBuf, descriptor: Value| {
        if let (Some((name, version)), Some(_)) = (named(&descriptor), descriptor.get("modules")) {
            let versions = all.entry(name).or_default();
            versions.insert(version, (path, descriptor));
        }
    };
    for path in folder(beside).into_iter().filter(|path| path != own) {
        // Other files lie beside it too.
        if let Ok(descriptor) = read_json(&path) {
            keep(path, descriptor);
        }
    }
    for path in given {
        let files = if path.is_dir() {
            folder(path)
        } else {
            vec![path.clone()]
        };
        for file in files {
            let descriptor = read_json(&file)?;
            keep(file, descriptor);
        }
    }
    Ok(all)
}

/// The JSON files of a folder, and of those in it, in the order of their names.
fn folder(path: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            let inner = std::fs::read_dir(&path).into_iter().flatten().flatten();
            files.extend(inner.map(|entry| entry.path()));
        } else {
            files.push(path);
        }
    }
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_name_and_a_version() {
        for (id, expected) in [
            ("mod-users-19.4.0", Some(("mod-users", "19.4.0"))),
            (
                "mod-z3950-3.0.0-SNAPSHOT.1",
                Some(("mod-z3950", "3.0.0-SNAPSHOT.1")),
            ),
            ("mod-2fa-1", Some(("mod-2fa", "1"))),
            ("mod-users", None),
            ("-1.0", None),
        ] {
            let found = split_id(id);
            let found = found.as_ref().map(|(name, version)| (&**name, &**version));
            assert_eq!(found, expected, "{id}");
        }
        for (name, expected) in [
            ("mod-a", true),
            ("edge-b", true),
            ("mgr-c", true),
            ("okapi", true),
            ("folio_users", false),
            ("mod-../x", false),
        ] {
            assert_eq!(is_backend(name), expected, "{name}");
        }
    }

    #[test]
    fn an_install_json_lists_modules_with_their_versions() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("install.json");
        std::fs::write(&file, r#"[{"id": "mod-a-1.0.0", "action": "enable"}, "mod-a-1.1.0", {"id": "folio_x-1.0.0"}, {"id": "mod-b"}, {"id": "mod-c-1.0.0", "action": "disable"}]"#).unwrap();
        let platform = Platform::install(&file).unwrap();
        assert_eq!(
            platform.modules,
            BTreeMap::from([("mod-a".to_owned(), "1.1.0".to_owned())])
        );
        assert_eq!(platform.others, ["folio_x"]);
        let kinds: Vec<Kind> = platform.notes.iter().map(|note| note.kind).collect();
        assert_eq!(kinds, [Kind::Substituted, Kind::Omitted]);
        std::fs::write(&file, "[]").unwrap();
        let error = Platform::install(&file).unwrap_err();
        assert_eq!(
            error.problem,
            "does not name a backend module with its version"
        );
    }
}
