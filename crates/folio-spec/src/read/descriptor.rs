//! ModuleDescriptors: the routes of a module, and their requirements.

use std::path::Path;

use serde_json::Value;

use crate::base::error::{Error, Result};
use crate::base::files::{Within, read_json};
use crate::base::text::{deceptive, text_problem};
use crate::canonical::route::{path_template, route_key};

/// A route of a module.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// In lower case.
    pub method: String,
    /// The pattern as the descriptor has it.
    pub pattern: String,
    /// `users 16.4`.
    pub interface: String,
    /// Whether several modules may provide the interface at once (`interfaceType` `multiple`):
    /// custom-fields, dashboard.
    pub multiple: bool,
    /// The permissions that the caller needs.
    pub permissions: Vec<String>,
    /// The optional permissions of the caller.
    pub desired: Vec<String>,
    /// The permissions that the module gets for its own calls.
    pub module: Vec<String>,
}

/// The facts of a module's descriptor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Descriptor {
    /// Interfaces and their versions, system interfaces aside.
    pub interfaces: Vec<(String, String)>,
    /// The routes.
    pub routes: Vec<Route>,
    /// Omitted texts that cannot be facts.
    pub problems: Vec<Error>,
}

/// Reads a descriptor.
///
/// # Errors
/// It cannot be read, or is out of the folder of its module.
pub(crate) fn read(path: &Path, within: &Within) -> Result<Descriptor> {
    within.check(path)?;
    let root = read_json(path)?;
    let mut descriptor = Descriptor::default();
    // Edge modules provide nothing: they are called past Okapi and Kong.
    let provides = match root.get("provides") {
        None => &[][..],
        Some(Value::Array(provides)) => provides,
        Some(_) => {
            return Err(Error::at(
                path,
                "/provides",
                "expected the list of interfaces that the module provides",
            ));
        }
    };
    for (index, interface) in provides.iter().enumerate() {
        let kind = interface.get("interfaceType").and_then(Value::as_str);
        if kind == Some("system") {
            continue;
        }
        let multiple = kind == Some("multiple");
        let text = |key: &str| {
            interface
                .get(key)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or_else(|| {
                    Error::at(
                        path,
                        format!("/provides/{index}/{key}"),
                        "expected the id and the version of an interface",
                    )
                })
        };
        let (id, version) = (text("id")?, filled(&text("version")?, path, within));
        if let Some(problem) = text_problem(&format!("{id} {version}")) {
            let at = format!("/provides/{index}");
            descriptor.problems.push(Error::at(path, at, problem));
            continue;
        }
        for (number, handler) in interface
            .get("handlers")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let pattern = handler
                .get("pathPattern")
                .or_else(|| handler.get("path"))
                .and_then(Value::as_str)
                .ok_or_else(|| {
                    Error::at(
                        path,
                        format!("/provides/{index}/handlers/{number}"),
                        "a handler without `pathPattern`",
                    )
                })?;
            let keys = [
                "pathPattern",
                "path",
                "methods",
                "permissionsRequired",
                "permissionsDesired",
                "modulePermissions",
            ];
            let used = keys
                .iter()
                .filter_map(|key| Some((*key, handler.get(key)?)));
            let found = used.into_iter().find_map(|(key, value)| {
                let (at, problem) = deceptive(value)?;
                Some((format!("/{key}{at}"), problem))
            });
            if let Some((at, problem)) = found {
                let at = format!("/provides/{index}/handlers/{number}{at}");
                descriptor.problems.push(Error::at(path, at, problem));
                continue;
            }
            let strings = |key: &str| -> Vec<String> {
                handler
                    .get(key)
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(|v| v.as_str().map(str::to_owned))
                    .collect()
            };
            for method in strings("methods") {
                descriptor.routes.push(Route {
                    method: method.to_lowercase(),
                    pattern: pattern.to_owned(),
                    interface: format!("{id} {version}").trim_end().to_owned(),
                    multiple,
                    permissions: strings("permissionsRequired"),
                    desired: strings("permissionsDesired"),
                    module: strings("modulePermissions"),
                });
            }
        }
        descriptor.interfaces.push((id, version));
    }
    Ok(descriptor)
}

/// A version that the build puts in, `${okapiInterfaceVersion}`: from the `gradle.properties` above
/// the descriptor, else empty.
fn filled(version: &str, descriptor: &Path, within: &Within) -> String {
    let Some(name) = version
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
    else {
        let is_placeholder = version.contains("${") || version.starts_with('@');
        return if is_placeholder {
            String::new()
        } else {
            version.to_owned()
        };
    };
    descriptor
        .ancestors()
        .skip(1)
        .take(6)
        .map(|folder| folder.join("gradle.properties"))
        .filter(|file| within.problem(file).is_none())
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .find_map(|text| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            lines
                .map(|(key, value)| (key.trim(), value.trim().to_owned()))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        })
        .unwrap_or_default()
}

impl Descriptor {
    /// The route that serves a method and path: the one of its shape, else the one with parameters
    /// where it has words, of several the one with most words, else the longest with a star that it
    /// begins with.
    pub(crate) fn route(&self, method: &str, path: &str) -> Option<&Route> {
        let wanted = path_template(path);
        let routes = || {
            self.routes
                .iter()
                .filter(|route| route.method == method || route.method == "*")
        };
        let key = route_key(path);
        routes()
            .find(|route| route_key(&route.pattern) == key)
            .or_else(|| routes().find(|route| path_template(&route.pattern) == wanted))
            .or_else(|| {
                routes()
                    .filter(|route| covers(&route.pattern, &wanted))
                    .max_by_key(|route| {
                        (
                            !route.pattern.ends_with('*'),
                            words(&route.pattern),
                            route.pattern.len(),
                        )
                    })
            })
    }
}

/// The number of literal segments of a pattern.
fn words(pattern: &str) -> usize {
    let segments = pattern.split('/');
    segments.filter(|segment| !segment.starts_with('{')).count()
}

/// Whether a pattern serves a path template: its parameters match any segment, a wildcard at its
/// end matches any rest.
fn covers(pattern: &str, template: &str) -> bool {
    let own = path_template(pattern);
    let mut wanted = template.split('/').skip(1);
    let mut segments = own.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let Some(word) = wanted.next() else {
            return false;
        };
        // `/things/can*` serves `/things/cancel`.
        let starred = segments.peek().is_none()
            && pattern.ends_with('*')
            && !pattern.ends_with("/*")
            && word.starts_with(segment);
        if segment != "{}" && segment != word && !starred {
            return false;
        }
    }
    pattern.ends_with('*') || wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(patterns: &[&str]) -> Descriptor {
        let route = |pattern: &&str| Route {
            method: "get".to_owned(),
            pattern: (*pattern).to_owned(),
            interface: "things 1.0".to_owned(),
            multiple: false,
            permissions: Vec::new(),
            desired: Vec::new(),
            module: Vec::new(),
        };
        Descriptor {
            routes: patterns.iter().map(route).collect(),
            ..Descriptor::default()
        }
    }

    #[test]
    fn the_nearest_route_serves_a_path() {
        let routes = descriptor(&["/a/{id}", "/a/{id}/parts", "/a/*", "/b*", "/a/{x}/{y}"]);
        for (path, pattern) in [
            ("/a/{other}", Some("/a/{id}")),
            ("/a/word", Some("/a/{id}")),
            ("/a/{id}/parts", Some("/a/{id}/parts")),
            ("/a/{id}/other", Some("/a/{x}/{y}")),
            ("/a/{id}/parts/{part}", Some("/a/*")),
            ("/bcd", Some("/b*")),
            ("/c", None),
        ] {
            let found = routes.route("get", path).map(|route| &*route.pattern);
            assert_eq!(found, pattern, "{path}");
        }
        assert!(routes.route("post", "/a/{id}").is_none());
    }

    #[test]
    fn a_version_of_the_build_is_read_from_its_properties() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("descriptor.json");
        let text = r#"{"provides": [
            {"id": "a", "version": "${okapiInterfaceVersion}", "handlers": [
                {"methods": ["GET"], "pathPattern": "/a"}, {"methods": ["GET"], "pathPattern": "/a\u202e"}]},
            {"id": "_timer", "version": "1.0", "interfaceType": "system"}]}"#;
        std::fs::write(&file, text).unwrap();
        std::fs::write(
            folder.path().join("gradle.properties"),
            "okapiInterfaceVersion = 5.4\n",
        )
        .unwrap();
        let read = read(&file, &Within::new(folder.path()).unwrap()).unwrap();
        assert_eq!(read.interfaces, [("a".to_owned(), "5.4".to_owned())]);
        assert_eq!(read.routes.len(), 1);
        assert_eq!(read.routes[0].interface, "a 5.4");
        assert_eq!(read.problems.len(), 1, "{:?}", read.problems);
    }
}
