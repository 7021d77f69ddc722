//! Every id and every date of the imported documents is one by its description or by a rule with
//! evidence, or text for a stated reason; and every rule names something.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use folio_spec::{
    DATES, Examined, FieldKind, FieldRules, IDS, Release, stale_patterns, typed_fields,
};

fn specs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs")
}

fn releases() -> Vec<Release> {
    let releases = ["ramsons", "sunflower", "trillium"];
    let read = |name| Release::read(&specs().join(name)).unwrap();
    releases.map(read).into()
}

/// Each field that is named as one has evidence or a reason, in `file`.
fn each_has_evidence_or_a_reason(
    file: &str,
    examined: &Examined,
    rules: &FieldRules,
    built_in: &str,
) {
    let names: BTreeSet<&str> = rules.evidence().map(|(name, _)| name).collect();
    for release in releases() {
        let found = typed_fields(&release, examined, rules);
        let unexplained = found
            .iter()
            .filter(|field| field.kind == FieldKind::Unexplained);
        let unexplained: BTreeSet<_> = unexplained
            .map(|field| (&field.path, &field.modules))
            .collect();
        assert!(
            unexplained.is_empty(),
            "add them to {file}: {unexplained:#?}"
        );
        for field in &found {
            if let FieldKind::ByRule(rule) = &field.kind {
                assert!(
                    rule == built_in || names.contains(&**rule),
                    "{field:?}: no such rule"
                );
            }
        }
    }
}

/// Each rule and each of its patterns applies to a field.
fn each_rule_names_a_field(examined: &Examined, rules: &FieldRules) {
    let releases = releases();
    assert_eq!(stale_patterns(&releases, rules), Vec::<String>::new());
    let found = releases
        .iter()
        .flat_map(|release| typed_fields(release, examined, rules));
    let used: BTreeSet<String> = found
        .filter_map(|field| match field.kind {
            FieldKind::ByRule(rule) => Some(rule),
            _ => None,
        })
        .collect();
    for (rule, _) in rules.evidence() {
        assert!(
            used.contains(rule),
            "the rule `{rule}` applies to no field: remove it"
        );
    }
}

#[test]
fn every_id_has_evidence_or_a_reason() {
    let rules = FieldRules::ids(&specs()).unwrap();
    each_has_evidence_or_a_reason("specs/ids.toml", &IDS, &rules, "path");
}

#[test]
fn every_date_has_evidence_or_a_reason() {
    let rules = FieldRules::dates(&specs()).unwrap();
    each_has_evidence_or_a_reason("specs/dates.toml", &DATES, &rules, "");
}

#[test]
fn every_rule_of_ids_names_a_field() {
    each_rule_names_a_field(&IDS, &FieldRules::ids(&specs()).unwrap());
}

#[test]
fn every_rule_of_dates_names_a_field() {
    each_rule_names_a_field(&DATES, &FieldRules::dates(&specs()).unwrap());
}
