//! Which ids are UUIDs and which dates are points in time, by which evidence, and which are text
//! (`docs/ids.md`, `docs/dates.md`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::canonical::identifier::snake;
use crate::canonical::operation::operations;
use crate::canonical::release::Release;
use crate::canonical::schema::{schemas, sources};
use crate::canonical::text_field::{each_text_field, is_date_sized, is_plain_text, record_names};
use crate::corrections::field_rules::{FieldPath, FieldRule, FieldRules};
use crate::module::uuids::PATH;

/// What fields are examined for: being ids, or being dates.
pub struct Examined {
    /// The key of the rule in `x-folio`.
    key: &'static str,
    /// The formats by which a description states it.
    formats: &'static [&'static str],
    /// Whether the name of a property says that it is one.
    is_named: fn(&str) -> bool,
    /// Whether text is described no further, so that a rule is needed.
    is_plain: fn(&Value) -> bool,
    page: Page,
}

/// The words of a page.
struct Page {
    title: &'static str,
    about: &'static str,
    /// The heads of the columns of fields that are one by description, and by a rule.
    columns: [&'static str; 2],
    /// The rows of a release: a title, and which paths are in it.
    groups: &'static [Group],
    /// A rule that is not in the file, and its evidence.
    built_in: Option<(&'static str, &'static str)>,
    /// What is said of the fields that are text.
    texts: &'static str,
}

/// A title, and which paths of fields are below it.
type Group = (&'static str, fn(&str) -> bool);

/// Fields are examined for being ids of records.
pub const IDS: Examined = Examined {
    key: "uuid",
    formats: &["uuid"],
    is_named: is_named_as_id,
    is_plain: is_plain_text,
    page: Page {
        title: "Ids",
        about: "`folio-spec ids` writes this page from the documents and from `specs/ids.toml`. A field that is an id of a record has the type `Id`. \
                It holds any text: an id that is no UUID is read, compared and written as the server sent it.",
        columns: ["UUIDs by their descriptions", "`Id` by a rule, too"],
        groups: &[
            ("`id`", |path| path.ends_with(".id")),
            ("other ids", |path| !path.ends_with(".id")),
        ],
        built_in: Some((
            PATH,
            "the parameter of the record's path is described as a UUID",
        )),
        texts: "These are named as ids and are no UUIDs, or nothing states that they are.",
    },
};

/// Fields are examined for being points in time.
pub const DATES: Examined = Examined {
    key: "date",
    formats: &["date-time", "date"],
    is_named: is_named_as_date,
    is_plain: is_date_sized,
    page: Page {
        title: "Dates",
        about: "`folio-spec dates` writes this page from the documents and from `specs/dates.toml`. A field that is a point in time, or a plain date, \
                has the type `DateTime`. It holds any text: a date that denotes no instant is read, compared and written as the server sent it.",
        columns: ["dates by their descriptions", "`DateTime` by a rule, too"],
        groups: &[("dates", |_| true)],
        built_in: None,
        texts: "These are named as dates and are no points in time, or nothing states that they are.",
    },
};

/// A field whose name says that it is an id or a date, or that is one by a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedField {
    /// The modules that have the record.
    pub modules: BTreeSet<String>,
    /// The record and the properties that lead to the field: `userdata.personal.addresses.id`.
    pub path: String,
    /// What it is.
    pub kind: FieldKind,
}

/// What a field is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldKind {
    /// An id or a date, as its description states.
    Described,
    /// An id or a date by the rule of this name.
    ByRule(String),
    /// Text, for this reason.
    Text(String),
    /// Text, and no rule says so.
    Unexplained,
}

/// The ids or the dates of a release.
pub fn typed_fields(release: &Release, examined: &Examined, rules: &FieldRules) -> Vec<TypedField> {
    let mut found = Vec::new();
    for record in records(release) {
        record.each_field(&mut |field, text| {
            let folio = text.get("x-folio");
            let rule = folio.and_then(|folio| folio.get(examined.key)?.as_str());
            let name = field.properties.last().map(String::as_str);
            if rule.is_none() && !(examined.is_named)(name.unwrap_or_default()) {
                return;
            }
            found.push(TypedField {
                modules: record.modules.clone(),
                path: format!("{}.{}", record.names[0], field.properties.join(".")),
                kind: match rule {
                    Some(rule) => FieldKind::ByRule(rule.to_owned()),
                    None => kind(text, examined, field, &record.modules, rules),
                },
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

/// What a field without a rule of its own is.
fn kind(
    text: &Value,
    examined: &Examined,
    field: &FieldPath,
    modules: &BTreeSet<String>,
    rules: &FieldRules,
) -> FieldKind {
    let format = text.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| examined.formats.contains(&format)) {
        return FieldKind::Described;
    }
    let reasons = modules
        .iter()
        .find_map(|module| match rules.find(module, field) {
            Some(FieldRule::Text(reason)) => Some(reason.to_owned()),
            _ => None,
        });
    match reasons {
        Some(reason) => FieldKind::Text(reason),
        None if (examined.is_plain)(text) => FieldKind::Unexplained,
        None => FieldKind::Text(
            "its description states another format or pattern, other values or another length"
                .to_owned(),
        ),
    }
}

/// The modules that have a shared record.
fn modules_of(schema: &Value) -> BTreeSet<String> {
    let modules = sources(schema).filter_map(|source| source.split('/').next());
    modules.map(str::to_owned).collect()
}

/// Whether the name of a property says that it is an id: `id`, `userId`, `acqUnitIds`, `orig_id`,
/// `patronGroupIdAtCheckout`.
fn is_named_as_id(name: &str) -> bool {
    let is_id = |word: &str| matches!(word, "id" | "ids" | "uuid" | "uuids");
    snake(name).split('_').any(is_id)
}

/// Whether the name of a property says that it is a point in time: `date`, `dueDate`, `dateOrdered`,
/// `timestamp`, `started`, `createdAt`, `tokenExpiration`.
fn is_named_as_date(name: &str) -> bool {
    let name = snake(name);
    let is_date = |word: &str| {
        matches!(
            word,
            "date" | "dates" | "time" | "times" | "timestamp" | "timestamps" | "datetime"
        )
    };
    let ends = [
        "created",
        "updated",
        "modified",
        "started",
        "ended",
        "finished",
        "completed",
        "expires",
        "expiration",
        "expiry",
        "until",
        "deadline",
        "at",
    ];
    let last = name.rsplit('_').next().unwrap_or_default();
    name.split('_').any(is_date) || ends.contains(&last)
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

/// The modules and the releases that have a field.
type Places<'a> = (BTreeSet<String>, BTreeSet<&'a str>);

/// The page of Markdown.
pub(crate) fn page(
    releases: &[(String, Release)],
    examined: &Examined,
    rules: &FieldRules,
) -> Vec<String> {
    let page = &examined.page;
    let [described, ruled] = page.columns;
    let mut lines = vec![
        format!("# {}", page.title),
        String::new(),
        page.about.to_owned(),
        String::new(),
        format!("| release | fields | {described} | {ruled} | text |"),
        "|---|---|---|---|---|".to_owned(),
    ];
    let mut by_rule: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut texts: BTreeMap<(String, String), Places<'_>> = BTreeMap::new();
    for (name, release) in releases {
        let found = typed_fields(release, examined, rules);
        for (title, is_wanted) in page.groups {
            let wanted = found.iter().filter(|field| is_wanted(&field.path));
            let (mut described, mut ruled, mut text) = (0, 0, 0);
            for field in wanted {
                match &field.kind {
                    FieldKind::Described => described += 1,
                    FieldKind::ByRule(_) => ruled += 1,
                    FieldKind::Text(_) | FieldKind::Unexplained => text += 1,
                }
            }
            lines.push(format!(
                "| {name} | {title} | {described} | {ruled} | {text} |"
            ));
        }
        for field in found {
            let reason = match field.kind {
                FieldKind::Described => continue,
                FieldKind::ByRule(rule) => {
                    by_rule.entry(rule).or_default().insert(field.path);
                    continue;
                }
                FieldKind::Text(reason) => reason,
                FieldKind::Unexplained => "**none stated**".to_owned(),
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
    for (rule, evidence) in page.built_in.into_iter().chain(rules.evidence()) {
        let count = by_rule.get(rule).map_or(0, BTreeSet::len);
        lines.push(format!("| {rule} | {count} | {evidence} |"));
    }
    lines.extend([
        String::new(),
        "## Text".to_owned(),
        String::new(),
        page.texts.to_owned(),
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
        FieldRules::of_ids(
            "[[text]]\nfields = ['tenantId', 'goneId']\nreason = 'a tenant'\n\
             [[text]]\nmodules = ['mod-b']\nfields = ['nameId', 'aId']\nreason = 'a name'\n\
             [[uuid]]\nname = 'users'\nfields = ['userId', 'Loan.userId', 'aId']\nevidence = 'a table'\n",
        )
    }

    #[test]
    fn each_id_is_described_ruled_text_or_unexplained() {
        let found = typed_fields(&release(), &IDS, &rules());
        let kinds: BTreeMap<&str, &FieldKind> = found
            .iter()
            .map(|field| (field.path.as_str(), &field.kind))
            .collect();
        assert_eq!(kinds["Loan.id"], &FieldKind::Described);
        assert_eq!(kinds["Loan.userId"], &FieldKind::ByRule("users".to_owned()));
        assert_eq!(
            kinds["Loan.tenantId"],
            &FieldKind::Text("a tenant".to_owned())
        );
        assert_eq!(kinds["Loan.otherId"], &FieldKind::Unexplained);
        assert!(matches!(kinds["Loan.codeId"], FieldKind::Text(_)));
        assert_eq!(
            kinds["shared.nameId"],
            &FieldKind::Text("a name".to_owned())
        );
        assert_eq!(kinds.len(), 6);
        let page = page(&[("r1".to_owned(), release())], &IDS, &rules()).join("\n");
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

    #[test]
    fn each_date_is_described_ruled_text_or_unexplained() {
        let text = json!({"type": "string"});
        let document = json!({"components": {"schemas": {"Loan": {"properties": {
            "dueDate": {"type": "string", "format": "date-time"},
            "birthday": text,
            "startDate": {"type": "string", "format": "date"},
            "loanDate": {"type": "string", "format": "date-time", "x-folio": {"date": "loans"}},
            "publicationDate": text,
            "openedAt": text,
            "monthDate": {"type": "string", "pattern": "^\\d{4}-\\d\\d$"},
        }}}}});
        let release = Release {
            modules: BTreeMap::from([("mod-a".to_owned(), document)]),
            common: json!({}),
        };
        let rules = FieldRules::of_dates(
            "[[text]]\nfields = ['publicationDate']\nreason = 'as printed'\n\
             [[date]]\nname = 'loans'\nfields = ['loanDate']\nevidence = 'recorded'\n",
        );
        let found = typed_fields(&release, &DATES, &rules);
        let kinds: BTreeMap<&str, &FieldKind> = found
            .iter()
            .map(|field| (field.path.as_str(), &field.kind))
            .collect();
        assert_eq!(kinds["Loan.dueDate"], &FieldKind::Described);
        assert_eq!(kinds["Loan.startDate"], &FieldKind::Described);
        assert_eq!(
            kinds["Loan.loanDate"],
            &FieldKind::ByRule("loans".to_owned())
        );
        let printed = FieldKind::Text("as printed".to_owned());
        assert_eq!(kinds["Loan.publicationDate"], &printed);
        assert_eq!(kinds["Loan.openedAt"], &FieldKind::Unexplained);
        assert!(matches!(kinds["Loan.monthDate"], FieldKind::Text(_)));
        assert_eq!(kinds.len(), 6);
        let page = page(&[("r1".to_owned(), release)], &DATES, &rules).join("\n");
        assert!(page.contains("| r1 | dates | 2 | 1 | 3 |"), "{page}");
        assert!(page.contains("| loans | 1 | recorded |"), "{page}");
    }

    #[test]
    fn a_name_says_that_a_field_is_an_id_or_a_date() {
        for (name, is_id, is_date) in [
            ("id", true, false),
            ("acqUnitIds", true, false),
            ("orig_id", true, false),
            ("patronGroupIdAtCheckout", true, false),
            ("idea", false, false),
            ("valid", false, false),
            ("dueDate", false, true),
            ("dateOrdered", false, true),
            ("createdAt", false, true),
            ("timeStamp", false, true),
            ("accessTokenExpiration", false, true),
            ("updatedByUserId", true, false),
            ("updates", false, false),
            ("sometimes", false, false),
        ] {
            assert_eq!(is_named_as_id(name), is_id, "{name}");
            assert_eq!(is_named_as_date(name), is_date, "{name}");
        }
    }
}
