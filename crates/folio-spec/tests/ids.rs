//! Every id of the imported documents is a UUID by its description or by a rule with evidence, or
//! text for a stated reason; and every rule names something.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use folio_spec::{IdKind, FieldRules, Release, ids, stale_patterns};

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")
}

fn releases() -> Vec<Release> {
    let releases = ["ramsons", "sunflower", "trillium"];
    let read = |name| Release::read(&specs().join(name)).unwrap();
    releases.map(read).into()
}

#[test]
fn every_id_has_evidence_or_a_reason() {
    let rules = FieldRules::ids(&specs()).unwrap();
    let names: BTreeSet<&str> = rules.evidence().map(|(name, _)| name).collect();
    for release in releases() {
        let found = ids(&release, &rules);
        let unexplained = found
            .iter()
            .filter(|field| field.kind == IdKind::Unexplained);
        let unexplained: Vec<_> = unexplained.collect();
        assert!(
            unexplained.is_empty(),
            "add them to specs/ids.toml: {unexplained:#?}"
        );
        for field in &found {
            if let IdKind::ByRule(rule) = &field.kind {
                assert!(
                    rule == "path" || names.contains(&**rule),
                    "{field:?}: no such rule"
                );
            }
        }
    }
}

#[test]
fn every_rule_names_a_field() {
    let rules = FieldRules::ids(&specs()).unwrap();
    let releases = releases();
    assert_eq!(stale_patterns(&releases, &rules), Vec::<String>::new());
    let found = releases.iter().flat_map(|release| ids(release, &rules));
    let used: BTreeSet<String> = found
        .filter_map(|field| match field.kind {
            IdKind::ByRule(rule) => Some(rule),
            _ => None,
        })
        .collect();
    for (rule, _) in rules.evidence() {
        assert!(
            used.contains(rule),
            "the rule `{rule}` makes no field a UUID: remove it"
        );
    }
}
