//! Which ids are UUIDs, by which evidence, and which are text (`docs/ids.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::operation::operations;
use crate::canonical::release::Release;
use crate::canonical::schema::{schemas, sources};
use crate::canonical::text_field::{each_text_field, is_plain_text, record_names};
use crate::corrections::field_rules::{FieldPath, FieldRule, FieldRules};
use crate::module::uuids::PATH;

/// A field whose name says that it is an id, or that is one by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdField {
    /// The modules that have the record.
    pub modules: BTreeSet<String>,
    /// The record and the properties that lead to the field: `userdata.personal.addresses.id`.
    pub path: String,
    /// What it is.
    pub kind: IdKind,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdKind {
    /// A UUID, as its description states.
    Described,
    /// A UUID by the rule of this name.
    ByRule(String),
    /// Text, for this reason.
    Text(String),
    /// Text, and no rule says so.
    Unexplained,
}

/// The ids of a release.
pub fn ids(release: &Release, rules: &FieldRules) -> Vec<IdField> {
    let mut found = Vec::new();
    for record in records(release) {
        record.each_field(&mut |field, text| {
            let rule = text.pointer("/x-folio/uuid").and_then(Value::as_str);
            if rule.is_none() && !is_named_as_id(&field.properties) {
                return;
            }
            found.push(IdField {
                modules: record.modules.clone(),
                path: format!("{}.{}", record.names[0], field.properties.join(".")),
                kind: kind(text, rule, field, &record.modules, rules),
            });
        });
    }
    found
}

/// A record of a release.
struct Record<'a> {
    /// The modules that have it.
    modules: BTreeSet<String>,
    /// At least one: see [`record_names`].
    names: Vec<String>,
    schema: &'a Value,
}

/// The records of a release: those of modules, then the shared ones.
fn records(release: &Release) -> impl Iterator<Item = Record<'_>> {
    let own = release.modules.iter().flat_map(|(module, document)| {
        schemas(document).map(move |(name, schema)| Record {
            modules: BTreeSet::from([module.clone()]),
            names: record_names(name, schema),
            schema,
        })
    });
    let shared = schemas(&release.common).map(|(name, schema)| Record {
        modules: modules_of(schema),
        names: record_names(name, schema),
        schema,
    });
    own.chain(shared)
}

impl Record<'_> {
    /// Visits the texts in it.
    fn each_field(&self, visit: &mut dyn FnMut(&FieldPath, &Value)) {
        let mut field = FieldPath::of_record(&self.names);
        // The visitor of fields may change them.
        each_text_field(&mut self.schema.clone(), &mut |path, text| {
            path.clone_into(&mut field.properties);
            visit(&field, text);
        });
    }
}

fn kind(
    text: &Value,
    rule: Option<&str>,
    field: &FieldPath,
    modules: &BTreeSet<String>,
    rules: &FieldRules,
) -> IdKind {
    if let Some(rule) = rule {
        return IdKind::ByRule(rule.to_owned());
    }
    if text["format"] == "uuid" {
        return IdKind::Described;
    }
    let reasons = modules
        .iter()
        .find_map(|module| match rules.find(module, field) {
            Some(FieldRule::Text(reason)) => Some(reason.to_owned()),
            _ => None,
        });
    match reasons {
        Some(reason) => IdKind::Text(reason),
        None if is_plain_text(text) => IdKind::Unexplained,
        None => IdKind::Text(
            "its description states another pattern, other values or another length".to_owned(),
        ),
    }
}

/// The modules that have a shared record.
fn modules_of(schema: &Value) -> BTreeSet<String> {
    let modules = sources(schema).filter_map(|source| source.split('/').next());
    modules.map(str::to_owned).collect()
}

/// Whether the name of a property says that it is an id: `id`, `userId`, `acqUnitIds`, `orig_id`.
fn is_named_as_id(path: &[String]) -> bool {
    let name = path.last().map(String::as_str).unwrap_or_default();
    let ends = ["Id", "Ids", "ID", "IDs", "_id", "_ids", "Uuid", "UUID"];
    matches!(name, "id" | "ids" | "uuid") || ends.iter().any(|end| name.ends_with(end))
}

/// The patterns of the rules that no field and no parameter of the releases matches.
pub fn stale_patterns(releases: &[Release], rules: &FieldRules) -> Vec<String> {
    let mut fields: BTreeSet<(String, FieldPath)> = BTreeSet::new();
    for release in releases {
        for record in records(release) {
            record.each_field(&mut |field, _| {
                let modules = record.modules.iter();
                fields.extend(modules.map(|module| (module.clone(), field.clone())));
            });
        }
        for (module, document) in &release.modules {
            for name in parameter_names(document) {
                let field = FieldPath {
                    properties: vec![name.to_owned()],
                    ..FieldPath::default()
                };
                fields.insert((module.clone(), field));
            }
        }
    }
    let is_stale = |(modules, pattern): &(&[String], &str)| {
        !fields.iter().any(|(module, field)| {
            (modules.is_empty() || modules.contains(module)) && field.matches(pattern)
        })
    };
    let stale = rules.patterns().filter(is_stale);
    stale.map(|(_, pattern)| pattern.to_owned()).collect()
}

fn parameter_names(document: &Value) -> impl Iterator<Item = &str> {
    let parameters = operations(document).flat_map(|operation| {
        let parameters = operation.value.get("parameters").and_then(Value::as_array);
        parameters.into_iter().flatten()
    });
    parameters.filter_map(|parameter| parameter["name"].as_str())
}

/// The modules and the releases that have an id.
type Places<'a> = (BTreeSet<String>, BTreeSet<&'a str>);

/// The page of Markdown.
pub(crate) fn page(releases: &[(String, Release)], rules: &FieldRules) -> Vec<String> {
    let mut lines = vec![
        "# Ids".to_owned(),
        String::new(),
        "`folio-spec ids` writes this page from the documents and from `specs/ids.toml`. A field that is an id of a record has the type `Id`. \
         It holds any text: an id that is no UUID is read, compared and written as the server sent it."
            .to_owned(),
        String::new(),
        "| release | fields | UUIDs by their descriptions | `Id` by a rule, too | text |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    let mut by_rule: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut texts: BTreeMap<(String, String), Places<'_>> = BTreeMap::new();
    for (name, release) in releases {
        let found = ids(release, rules);
        for (title, is_wanted) in [("`id`", true), ("other ids", false)] {
            let wanted = found
                .iter()
                .filter(|field| field.path.ends_with(".id") == is_wanted);
            let (mut described, mut ruled, mut text) = (0, 0, 0);
            for field in wanted {
                match &field.kind {
                    IdKind::Described => described += 1,
                    IdKind::ByRule(_) => ruled += 1,
                    IdKind::Text(_) | IdKind::Unexplained => text += 1,
                }
            }
            lines.push(format!(
                "| {name} | {title} | {described} | {ruled} | {text} |"
            ));
        }
        for field in found {
            let reason = match field.kind {
                IdKind::Described => continue,
                IdKind::ByRule(rule) => {
                    by_rule.entry(rule).or_default().insert(field.path);
                    continue;
                }
                IdKind::Text(reason) => reason,
                IdKind::Unexplained => "**none stated**".to_owned(),
            };
            let (modules, of) = texts.entry((reason, field.path)).or_default();
            modules.extend(field.modules);
            of.insert(name);
        }
    }
    lines.extend([
        String::new(),
        "## Rules".to_owned(),
        String::new(),
        "| rule | fields | evidence |".to_owned(),
        "|---|---|---|".to_owned(),
    ]);
    let path = (
        PATH,
        "the parameter of the record's path is described as a UUID",
    );
    for (rule, evidence) in std::iter::once(path).chain(rules.evidence()) {
        let count = by_rule.get(rule).map_or(0, BTreeSet::len);
        lines.push(format!("| {rule} | {count} | {evidence} |"));
    }
    lines.extend([
        String::new(),
        "## Text".to_owned(),
        String::new(),
        "These are named as ids and are no UUIDs, or nothing states that they are.".to_owned(),
        String::new(),
        "| field | modules | releases | reason |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ]);
    for ((reason, path), (modules, of)) in texts {
        let modules: Vec<String> = modules.into_iter().collect();
        let of: Vec<&str> = of.into_iter().collect();
        let of = if of.len() == releases.len() {
            "all".to_owned()
        } else {
            of.join(", ")
        };
        let modules = modules.join(", ");
        lines.push(format!("| `{path}` | {modules} | {of} | {reason} |"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn release() -> Release {
        let text = json!({"type": "string"});
        let uuid = json!({"type": "string", "format": "uuid"});
        let ruled = json!({"type": "string", "format": "uuid", "x-folio": {"uuid": "users"}});
        let document = json!({
            "paths": {"/a/{aId}": {"get": {"parameters": [{"name": "aId", "in": "path"}]}}},
            "components": {"schemas": {"Loan": {"properties": {
                "id": uuid, "userId": ruled, "tenantId": text, "otherId": text, "codeId": {"type": "string", "pattern": "x"}, "note": text,
            }}}},
        });
        let common = json!({"components": {"schemas": {"Shared": {
            "x-folio": {"sources": ["mod-a/shared.json", "mod-b/shared.json"]}, "properties": {"nameId": text},
        }}}});
        Release {
            modules: BTreeMap::from([("mod-a".to_owned(), document)]),
            common,
        }
    }

    fn rules() -> FieldRules {
        toml::from_str(
            "[[text]]\nfields = ['tenantId', 'goneId']\nreason = 'a tenant'\n\
             [[text]]\nmodules = ['mod-b']\nfields = ['nameId', 'aId']\nreason = 'a name'\n\
             [[uuid]]\nname = 'users'\nfields = ['userId', 'Loan.userId', 'aId']\nevidence = 'a table'\n",
        )
        .unwrap()
    }

    #[test]
    fn each_id_is_described_ruled_text_or_unexplained() {
        let found = ids(&release(), &rules());
        let kinds: BTreeMap<&str, &IdKind> = found
            .iter()
            .map(|field| (field.path.as_str(), &field.kind))
            .collect();
        assert_eq!(kinds["Loan.id"], &IdKind::Described);
        assert_eq!(kinds["Loan.userId"], &IdKind::ByRule("users".to_owned()));
        assert_eq!(kinds["Loan.tenantId"], &IdKind::Text("a tenant".to_owned()));
        assert_eq!(kinds["Loan.otherId"], &IdKind::Unexplained);
        assert!(matches!(kinds["Loan.codeId"], IdKind::Text(_)));
        assert_eq!(kinds["shared.nameId"], &IdKind::Text("a name".to_owned()));
        assert_eq!(kinds.len(), 6);
        let page = page(&[("r1".to_owned(), release())], &rules()).join("\n");
        assert!(page.contains("| r1 | `id` | 1 | 0 | 0 |"), "{page}");
        assert!(page.contains("| r1 | other ids | 0 | 1 | 4 |"), "{page}");
        assert!(
            page.contains("| `Loan.otherId` | mod-a | all | **none stated** |"),
            "{page}"
        );
    }

    #[test]
    fn a_pattern_that_names_nothing_is_stale() {
        // `aId` of mod-b is stale, that of all modules names a parameter.
        assert_eq!(stale_patterns(&[release()], &rules()), ["goneId", "aId"]);
    }
}
