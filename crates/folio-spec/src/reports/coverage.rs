//! Lists typed and untyped operations (`docs/coverage.md`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::canonical::operation::{Operation, operations};
use crate::canonical::release::Release;

/// How many operations there are, and how many of them are typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// All of them.
    pub operations: usize,
    /// The operations whose records are described.
    pub typed: usize,
}

impl Share {
    /// Hundredths of a percent, rounded down.
    pub fn hundredths(self) -> usize {
        (self.typed * 10_000)
            .checked_div(self.operations)
            .unwrap_or(10_000)
    }

    fn add(&mut self, typed: bool) {
        self.operations += 1;
        self.typed += usize::from(typed);
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let share = self.hundredths();
        write!(out, "{}.{:02} %", share / 100, share % 100)
    }
}

/// The source of an operation's description.
fn described(operation: &Operation<'_>) -> &'static str {
    let has = |key: &str| operation.fact(key).is_some();
    let source = operation.fact("source").and_then(Value::as_str);
    match () {
        () if operation.fact("untyped") == Some(&Value::Bool(true)) => "nothing",
        () if has("ours") => "this project",
        () if has("supplement") => "a newer version of the module",
        () if source.is_some_and(|source| source.starts_with("overrides/")) => "an override",
        () => "the module",
    }
}

/// The share of typed operations of a release.
pub fn share(release: &Release) -> Share {
    let mut share = Share::default();
    for document in release.modules.values() {
        operations(document).for_each(|operation| share.add(described(&operation) != "nothing"));
    }
    share
}

/// The page of Markdown.
pub(crate) fn page(releases: &[(String, Release)]) -> Vec<String> {
    let mut lines = vec![
        "# Typed operations".to_owned(),
        String::new(),
        "`folio-spec coverage` writes this page from the documents. An operation is typed if its records are described; the others accept and return JSON."
            .to_owned(),
        String::new(),
        "| release | operations | typed | share | described by the module | by a newer version of it | by this project | by an override |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    // Which releases do not type an operation.
    let mut untyped: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for (name, release) in releases {
        let mut by: BTreeMap<&str, usize> = BTreeMap::new();
        for (module, document) in &release.modules {
            for operation in operations(document) {
                let what = described(&operation);
                *by.entry(what).or_default() += 1;
                if what == "nothing" {
                    untyped
                        .entry((module, operation.subject()))
                        .or_default()
                        .push(name);
                }
            }
        }
        let share = share(release);
        let of = |what: &str| by.get(what).copied().unwrap_or_default();
        lines.push(format!(
            "| {name} | {} | {} | {share} | {} | {} | {} | {} |",
            share.operations,
            share.typed,
            of("the module"),
            of("a newer version of the module"),
            of("this project"),
            of("an override"),
        ));
    }
    lines.extend([
        String::new(),
        "What this project describes is in `specs/ours/` ([how](ours.md)).".to_owned(),
        String::new(),
        "## Untyped".to_owned(),
        String::new(),
        "The descriptor routes these, but neither the module nor this project describes them."
            .to_owned(),
        String::new(),
        "| module | operation | releases |".to_owned(),
        "|---|---|---|".to_owned(),
    ]);
    lines.extend(untyped.into_iter().map(|((module, call), releases)| {
        format!("| {module} | `{call}` | {} |", releases.join(", "))
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations_are_counted_by_what_describes_them() {
        let operation = |folio: Value| json!({"operationId": "x", "x-folio": folio});
        let document = json!({"paths": {
            "/a": {"get": operation(json!({"source": "ramls/a.raml"})), "put": operation(json!({"untyped": true}))},
            "/b": {"get": operation(json!({"source": "specs/ours/mod-a.json", "ours": "1.0.0"}))},
        }});
        let release = Release {
            modules: BTreeMap::from([("mod-a".to_owned(), document)]),
            common: json!({}),
        };
        let counted = share(&release);
        assert_eq!(
            counted,
            Share {
                operations: 3,
                typed: 2
            }
        );
        assert_eq!(counted.to_string(), "66.66 %");
        let page = page(&[("umbrellaleaf".to_owned(), release)]);
        assert!(
            page.contains(&"| umbrellaleaf | 3 | 2 | 66.66 % | 1 | 0 | 1 | 0 |".to_owned()),
            "{page:?}"
        );
        assert!(
            page.contains(&"| mod-a | `PUT /a` | umbrellaleaf |".to_owned()),
            "{page:?}"
        );
    }
}
