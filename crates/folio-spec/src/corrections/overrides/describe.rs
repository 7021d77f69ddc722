//! Operations that only an override describes.

use serde::Deserialize;
use serde_json::json;

use crate::base::files;
use crate::base::report::ModuleReport;
use crate::canonical::route::{route_key, unstarred};
use crate::read::entry::Entry;
use crate::read::operation::{Content, Operation, Request};

/// A schema that a module publishes for an operation that its description omits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Describe {
    name: String,
    #[allow(dead_code, reason = "read by people")]
    reason: String,
    /// The releases that it is for; all, if there are none.
    #[serde(default)]
    releases: Vec<String>,
    /// Method and path as the descriptor has them, `POST /things/check`.
    operation: String,
    /// The file of the request schema.
    request: Option<String>,
    /// The file of the response schema.
    response: Option<String>,
    /// The media type of both, where it is not JSON.
    #[serde(rename = "media-type")]
    media_type: Option<String>,
}

impl Describe {
    /// Whether it applies to a release.
    pub(super) fn is_for(&self, release: &str) -> bool {
        self.releases.is_empty() || self.releases.iter().any(|name| name == release)
    }

    /// Adds the operation, if the module's own descriptions lack it. Outdated ones are reported.
    pub(super) fn add(
        &self,
        entry: &Entry,
        operations: &mut Vec<Operation>,
        report: &mut ModuleReport,
    ) {
        let (method, path) = self
            .operation
            .split_once(' ')
            .unwrap_or(("", &self.operation));
        let method = method.to_lowercase();
        let known = operations
            .iter_mut()
            .find(|other| other.method == method && route_key(&other.path) == route_key(path));
        // A description may name a route without a response.
        let lacks_answer = self.response.is_some()
            && self.request.is_none()
            && known
                .as_ref()
                .is_some_and(|known| !known.describes_success());
        let files = [&self.request, &self.response];
        let missing = files
            .into_iter()
            .flatten()
            .find(|file| !entry.folder.join(file).is_file());
        let stale = if known.is_some() && !lacks_answer {
            Some("the module describes the operation itself by now".to_owned())
        } else {
            missing.map(|file| format!("the module has no `{file}`"))
        };
        if let Some(why) = stale {
            report.stale.push(format!("{} ({why})", self.name));
            return;
        }
        let content = |file: &Option<String>| {
            let schema = file.as_ref().map(|file| {
                let file = files::clean(&entry.folder.join(file));
                json!({"$ref": format!("{}#", file.display())})
            });
            let media_type = self.media_type.as_deref().unwrap_or("application/json");
            Content::from([(media_type.to_owned(), schema)])
        };
        if let Some(known) = known {
            known
                .responses
                .insert("200".to_owned(), content(&self.response));
            return;
        }
        let takes = self.request.is_some() || matches!(&*method, "post" | "put" | "patch");
        operations.push(Operation {
            path: unstarred(path),
            root: self
                .request
                .as_ref()
                .or(self.response.as_ref())
                .cloned()
                // Only the override states it.
                .unwrap_or_else(|| format!("overrides/{}.toml", entry.name)),
            upstream_id: None,
            parameters: Vec::new(),
            request: takes.then(|| Request {
                required: self.request.is_some(),
                content: content(&self.request),
            }),
            responses: [("200".to_owned(), content(&self.response))]
                .into_iter()
                // A download has a body; JSON without a description may be absent.
                .chain(
                    (self.response.is_some() || self.media_type.is_none())
                        .then(|| ("204".to_owned(), Content::new())),
                )
                .collect(),
            deprecated: false,
            collection_post: false,
            rmb: false,
            supplement: None,
            ours: None,
            method,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(stated: &str, operations: &[Operation]) -> (Vec<Operation>, ModuleReport) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thing.json"), "{}").unwrap();
        let entry = Entry {
            name: "mod-a".to_owned(),
            folder: folder.path().to_owned(),
            manifest: json!({}),
        };
        let describe: Describe =
            toml::from_str(&format!("name = 'n'\nreason = 'r'\n{stated}")).unwrap();
        let (mut operations, mut report) = (operations.to_vec(), ModuleReport::default());
        describe.add(&entry, &mut operations, &mut report);
        (operations, report)
    }

    #[test]
    fn what_the_module_does_not_describe_is_added() {
        let (operations, report) = added("operation = 'POST /a/*'\nrequest = 'thing.json'", &[]);
        let [post] = &operations[..] else {
            panic!("{operations:?}");
        };
        assert_eq!(
            (&*post.method, &*post.path, &*post.root),
            ("post", "/a/{+rest}", "thing.json")
        );
        assert!(
            post.request
                .as_ref()
                .is_some_and(|request| request.required)
        );
        assert_eq!(post.responses.keys().collect::<Vec<_>>(), ["200", "204"]);
        assert!(report.stale.is_empty());

        let stated = "operation = 'GET /a'\nmedia-type = 'text/csv'";
        let (operations, _) = added(stated, &[]);
        assert_eq!(operations[0].root, "overrides/mod-a.toml");
        assert!(operations[0].responses["200"].contains_key("text/csv"));
    }

    #[test]
    fn it_is_for_all_releases_or_for_those_that_it_names() {
        for (releases, expected) in [
            ("", [true, true]),
            ("releases = ['trillium']", [false, true]),
            ("releases = ['ramsons', 'trillium']", [true, true]),
        ] {
            let stated = format!("name = 'n'\nreason = 'r'\noperation = 'GET /a'\n{releases}");
            let describe: Describe = toml::from_str(&stated).unwrap();
            let is_for = ["ramsons", "trillium"].map(|release| describe.is_for(release));
            assert_eq!(is_for, expected, "{releases}");
        }
    }

    #[test]
    fn what_the_module_describes_or_lacks_is_stale() {
        let known = [Operation::untyped("get", "/a/{id}")];
        for (stated, why) in [
            (
                "operation = 'GET /a/{x}'\nresponse = 'thing.json'",
                "describes the operation itself",
            ),
            (
                "operation = 'GET /b'\nresponse = 'gone.json'",
                "has no `gone.json`",
            ),
        ] {
            let (operations, report) = added(stated, &known);
            assert_eq!(operations.len(), 1);
            assert!(report.stale[0].contains(why), "{:?}", report.stale);
        }
        let silent = Operation {
            responses: std::collections::BTreeMap::new(),
            ..Operation::untyped("get", "/a/{id}")
        };
        let stated = "operation = 'GET /a/{x}'\nresponse = 'thing.json'";
        let (operations, report) = added(stated, &[silent]);
        assert!(operations[0].responses["200"]["application/json"].is_some());
        assert!(report.stale.is_empty());
    }
}
