//! The page of server behaviour (`docs/facts.md`): retries, deletions, omitted fields, and their
//! reasons.

use std::collections::BTreeMap;

use crate::canonical::facts::{self, Absent, Creates, Deletes, DeletesKind, Facts};
use crate::canonical::long_running::LongRunning;
use crate::canonical::operation::operations;
use crate::canonical::release::Release;
use crate::corrections::overrides::Overrides;

/// A section of the page: its heading, its text, which operations are in it, and which facts it
/// is about.
type Section = (
    &'static str,
    &'static str,
    fn(&str, &Facts) -> Option<String>,
    fn(&Facts) -> bool,
);

const SECTIONS: [Section; 9] = [
    (
        "POSTs that are retried",
        "The module stores the body under the `id` that the client sends, and a second POST of the same `id` creates no second record. After a transient failure the SDK retries the POST, if its body has an `id` that is a UUID. All other POSTs are sent once, unless the caller states `idempotent(true)`.",
        |method, facts| {
            (method == "POST" && facts.creates == Some(Creates::Record)).then(String::new)
        },
        |facts| facts.creates.is_some(),
    ),
    (
        "POSTs with a server-assigned id",
        "The `id` that the client sends is ignored: sent twice, the POST makes two records. It is never retried; the `id` of the response is the one that counts.",
        |_, facts| (facts.creates == Some(Creates::NewId)).then(String::new),
        |facts| facts.creates.is_some(),
    ),
    (
        "GETs that change something",
        "They are not retried.",
        |_, facts| (facts.effect == Some(true)).then(String::new),
        |facts| facts.effect.is_some(),
    ),
    (
        "PUTs of a record that does not exist",
        "The server reports success. The SDK reads the record to find out.",
        |_, facts| {
            facts.absent.map(|absent| match absent {
                Absent::Ignored => "nothing is stored".to_owned(),
                Absent::Created => "the record is created".to_owned(),
            })
        },
        |facts| facts.absent.is_some(),
    ),
    (
        "DELETEs of everything",
        "The server deletes all records of the collection, regardless of the query. The SDK sends it only with `Deletion::All` and without a query.",
        |_, facts| (facts.deletes == Some(Deletes::Kind(DeletesKind::All))).then(String::new),
        |facts| facts.deletes.is_some(),
    ),
    (
        "DELETEs by a query",
        "The SDK counts the matching records first, see `Deletion`.",
        |_, facts| (facts.deletes == Some(Deletes::Kind(DeletesKind::Query))).then(String::new),
        |facts| facts.deletes.is_some(),
    ),
    (
        "DELETEs by parameters or by a body",
        "The SDK sends them only if the selection is present.",
        |_, facts| match &facts.deletes {
            Some(Deletes::Selected(ways)) => Some(format!("`{}`", ways.join("` or `"))),
            Some(Deletes::Kind(DeletesKind::Body)) => Some("the body".to_owned()),
            _ => None,
        },
        |facts| facts.deletes.is_some(),
    ),
    (
        "Fields that are not sent",
        "Only responses contain them: the server rejects them in a body, or its source shows that it does not read them. The SDK leaves them out of the bodies of records.",
        |_, facts| {
            let omits = facts.omits.as_ref()?;
            Some(format!("`{}`", omits.join("`, `")))
        },
        |facts| facts.omits.is_some(),
    ),
    (
        "Long-running operations",
        "A GET shows the status of a job: `until_done()` reads it until the job has ended. In a state that is not listed, the job counts as running.",
        |_, facts| facts.long_running.as_ref().map(states),
        |facts| facts.long_running.is_some(),
    ),
];

/// The states of a job, for people.
fn states(job: &LongRunning) -> String {
    let parts = [
        ("running", &job.running),
        ("waits for the caller", &job.waiting),
        ("done if another part is done", &job.between),
        ("done", &job.done),
        ("failed", &job.failed),
    ];
    let parts = parts.iter().filter(|(_, states)| !states.is_empty());
    let mut parts: Vec<String> = parts
        .map(|(kind, states)| format!("{kind}: `{}`", states.join("`, `")))
        .collect();
    if job.optional {
        parts.push("done without a status".to_owned());
    }
    format!("`{}`: {}", job.status.join("`, `"), parts.join("; "))
}

/// The page, from the documents of several releases.
pub(crate) fn page(releases: &[(String, Release)], overrides: &Overrides) -> Vec<String> {
    let names: Vec<&str> = releases.iter().map(|(name, _)| &**name).collect();
    let mut lines = vec![
        "# What servers do".to_owned(),
        String::new(),
        format!("`folio-spec facts {} ` writes this page from the documents and the overrides.", names.join(" ")).replace(" ` writes", "` writes"),
        "Retries and confirmations of the SDK depend on these facts, never on names. They are derived from the descriptions".to_owned(),
        "(`crates/folio-spec/src/facts.rs`); where a reason is stated, a recording or the module's source shows it (`specs/overrides/`).".to_owned(),
        "An operation that is not listed here is treated conservatively.".to_owned(),
    ];
    for (heading, text, belongs, states) in SECTIONS {
        let mut rows: BTreeMap<(&str, String), (Vec<&str>, String, &str)> = BTreeMap::new();
        for (name, release) in releases {
            for (module, document) in &release.modules {
                for operation in operations(document) {
                    let method = operation.method.to_uppercase();
                    let Some(detail) = belongs(&method, &facts::read(operation.value)) else {
                        continue;
                    };
                    let reason = overrides
                        .reason(module, operation.method, operation.path, states)
                        .unwrap_or_default();
                    let key = (&**module, operation.subject());
                    let row = rows.entry(key).or_insert((Vec::new(), detail, reason));
                    row.0.push(name);
                }
            }
        }
        lines.extend([
            String::new(),
            format!("## {heading}"),
            String::new(),
            text.to_owned(),
            String::new(),
            format!("{} operations.", rows.len()),
            String::new(),
            "| module | operation | | source |".to_owned(),
            "|---|---|---|---|".to_owned(),
        ]);
        for ((module, operation), (of, detail, reason)) in rows {
            let only = match of.len() == names.len() {
                true => String::new(),
                false => format!("only {}", of.join(", ")),
            };
            let detail = [detail, only]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("; ");
            let reason = if reason.is_empty() {
                "its description"
            } else {
                reason
            };
            lines.push(format!(
                "| {module} | `{operation}` | {detail} | {} |",
                reason.replace('|', "\\|")
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fact_is_listed_with_the_reason_that_is_stated() {
        let specs = tempfile::tempdir().unwrap();
        let text =
            "[[fact]]\noperation = 'POST /a'\nreason = 'recorded | twice'\ncreates = 'record'\n";
        std::fs::write(specs.path().join("mod-a.toml"), text).unwrap();
        let overrides = Overrides::read(specs.path()).unwrap();
        let release = |creates: &str| Release {
            modules: BTreeMap::from([(
                "mod-a".to_owned(),
                json!({"paths": {
                    "/a": {"post": {"x-folio": {"facts": {"creates": creates}}}},
                    "/b": {"delete": {"x-folio": {"facts": {"deletes": ["x&y", "z"]}}}},
                }}),
            )]),
            common: json!({}),
        };
        let releases = [
            ("r1".to_owned(), release("record")),
            ("r2".to_owned(), release("nothing")),
        ];
        let page = page(&releases, &overrides);
        for line in [
            "| mod-a | `POST /a` | only r1 | recorded \\| twice |",
            "| mod-a | `DELETE /b` | `x&y` or `z` | its description |",
            "`folio-spec facts r1 r2` writes this page from the documents and the overrides.",
        ] {
            assert!(
                page.iter().any(|other| other == line),
                "{line} in {page:#?}"
            );
        }
    }
}
