//! Determines the operations of a module: its routes, described or not.

use std::collections::BTreeMap;

use crate::base::error::{Error, Result};
use crate::base::report::ModuleReport;
use crate::canonical::route::{path_problem, route_key, unstarred, without_empty_segments};
use crate::read::descriptor::{Descriptor, Route};
use crate::read::entry::Entry;
use crate::read::operation::Operation;

/// An operation, and the route that serves it; none where the module has no descriptor.
pub(super) type Routed = (Operation, Option<Route>);

/// The operations of a module, in the order of their routes.
#[derive(Debug)]
pub(super) struct Reconciled {
    /// One per route and method.
    pub(super) routed: Vec<Routed>,
    /// What is described and not routed: it is left out.
    pub(super) unrouted: Vec<String>,
    /// How many are routed and not described.
    pub(super) untyped: usize,
}

/// What is described and routed, and what is routed without a description.
pub(super) fn reconcile(
    entry: &Entry,
    operations: Vec<Operation>,
    descriptor: Option<&Descriptor>,
    report: &mut ModuleReport,
) -> Result<Reconciled> {
    let mut unrouted = Vec::new();
    let mut untyped = 0;
    let mut routed: BTreeMap<(String, String), Routed> = BTreeMap::new();
    for mut operation in operations {
        operation.path = without_empty_segments(&operation.path);
        if let Some(problem) = path_problem(&operation.path) {
            let file = entry.folder.join(&operation.root);
            report.record_problem(Error::at(file, "/paths", problem))?;
            continue;
        }
        let key = (route_key(&operation.path), operation.method.clone());
        if let Some((known, _)) = routed.get_mut(&key) {
            // The release's own description may name a route without a response.
            let says_more = operation.supplement.is_some()
                && operation.describes_success()
                && !(known.describes_success()
                    || known.request.is_some() && operation.request.is_none());
            if says_more {
                *known = operation;
            }
            continue;
        }
        let is_extra = operation.supplement.is_some() || operation.ours.is_some();
        let route = match descriptor {
            None if is_extra => continue,
            None => None,
            Some(descriptor) => match descriptor.route(&operation.method, &operation.path) {
                Some(route) => Some(route.clone()),
                None if is_extra => continue,
                None => {
                    unrouted.push(operation.subject());
                    continue;
                }
            },
        };
        routed.insert(key, (operation, route));
    }
    for route in descriptor.iter().flat_map(|descriptor| &descriptor.routes) {
        let key = (route_key(&route.pattern), route.method.clone());
        if route.method == "*" || routed.contains_key(&key) {
            continue;
        }
        let path = without_empty_segments(&unstarred(&route.pattern));
        if let Some(problem) = path_problem(&path) {
            let file = entry.folder.join(entry.text("descriptor"));
            report.record_problem(Error::at(file, "/provides", problem))?;
            continue;
        }
        untyped += 1;
        routed.insert(
            key,
            (
                Operation::untyped(&route.method, &path),
                Some(route.clone()),
            ),
        );
    }
    unrouted.sort();
    Ok(Reconciled {
        routed: routed.into_values().collect(),
        unrouted,
        untyped,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::read::operation::Content;

    fn entry() -> Entry {
        Entry {
            name: "mod-a".to_owned(),
            folder: "/m".into(),
            manifest: json!({"descriptor": "descriptor.json"}),
        }
    }

    fn described(method: &str, path: &str) -> Operation {
        Operation {
            root: "api.raml".to_owned(),
            ..Operation::untyped(method, path)
        }
    }

    fn routes(routes: &[(&str, &str)]) -> Descriptor {
        let route = |(method, pattern): &(&str, &str)| Route {
            method: (*method).to_owned(),
            pattern: (*pattern).to_owned(),
            interface: "a 1.0".to_owned(),
            multiple: false,
            permissions: Vec::new(),
            desired: Vec::new(),
            module: Vec::new(),
        };
        Descriptor {
            routes: routes.iter().map(route).collect(),
            ..Descriptor::default()
        }
    }

    fn reconciled(
        operations: Vec<Operation>,
        descriptor: Option<&Descriptor>,
    ) -> (Reconciled, ModuleReport) {
        let mut report = ModuleReport::new(false);
        let found = reconcile(&entry(), operations, descriptor, &mut report).unwrap();
        (found, report)
    }

    #[test]
    fn what_is_described_and_what_is_routed_are_compared() {
        let descriptor = routes(&[
            ("get", "/a/{id}"),
            ("put", "/a/{id}"),
            ("*", "/b/*"),
            ("get", "/bad/{id"),
        ]);
        let operations = vec![
            described("get", "//a/{aId}/"),
            described("get", "/a/{again}"),
            described("post", "/b/c"),
            described("get", "/d"),
            described("get", "/e?x={x}"),
        ];
        let (found, report) = reconciled(operations, Some(&descriptor));
        let paths: Vec<_> = found
            .routed
            .iter()
            .map(|(operation, route)| {
                (
                    operation.subject(),
                    operation.root.is_empty(),
                    route.is_some(),
                )
            })
            .collect();
        let expected = [
            ("GET /a/{aId}".to_owned(), false, true),
            ("PUT /a/{id}".to_owned(), true, true),
            ("POST /b/c".to_owned(), false, true),
        ];
        assert_eq!(paths, expected);
        assert_eq!(found.unrouted, ["GET /d"]);
        assert_eq!(found.untyped, 1);
        let places: Vec<&str> = report
            .problems
            .iter()
            .map(|problem| &*problem.place)
            .collect();
        assert_eq!(places, ["/paths", "/provides"]);
    }

    #[test]
    fn without_a_descriptor_only_what_the_module_publishes_is_there() {
        let ours = Operation {
            ours: Some("1.0.0".to_owned()),
            ..described("get", "/b")
        };
        let (found, _) = reconciled(vec![described("get", "/a"), ours], None);
        assert_eq!(found.routed.len(), 1);
        assert!(found.routed[0].1.is_none() && found.unrouted.is_empty());
    }

    #[test]
    fn a_newer_description_replaces_one_that_describes_no_success() {
        let silent = Operation {
            responses: [("400".to_owned(), Content::new())].into(),
            ..described("get", "/a")
        };
        let newer = Operation {
            supplement: Some("abc".to_owned()),
            ..described("get", "/a")
        };
        let descriptor = routes(&[("get", "/a")]);
        let (found, _) = reconciled(vec![silent, newer.clone()], Some(&descriptor));
        assert_eq!(found.routed[0].0.supplement.as_deref(), Some("abc"));
        let (found, _) = reconciled(vec![described("get", "/a"), newer], Some(&descriptor));
        assert_eq!(found.routed[0].0.supplement, None);
    }
}
