//! What texts of records are, where no description states it: which are ids of records and which
//! ids are no UUIDs (`specs/ids.toml`), which are points in time and which are not
//! (`specs/dates.toml`); and which numbers are amounts of money (`specs/money.toml`).

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::base::error::Result;
use crate::base::files::read_toml;
use crate::canonical::identifier::squashed;

/// The rules, in the order of the file: the first that names a field holds, those of texts first.
#[derive(Clone, Debug, Default)]
pub struct FieldRules {
    text: Vec<TextRule>,
    typed: Vec<TypedRule>,
}

/// The form of `specs/ids.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdsFile {
    #[serde(default)]
    text: Vec<TextRule>,
    #[serde(default)]
    uuid: Vec<TypedRule>,
}

/// The form of `specs/dates.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatesFile {
    #[serde(default)]
    text: Vec<TextRule>,
    #[serde(default)]
    date: Vec<TypedRule>,
}

/// The form of `specs/money.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoneyFile {
    #[serde(default)]
    number: Vec<TextRule>,
    #[serde(default)]
    money: Vec<TypedRule>,
}

/// Fields that are text, or other numbers than money.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextRule {
    #[serde(default)]
    modules: Vec<String>,
    fields: Vec<String>,
    reason: String,
}

/// Fields that are more than text or a number: UUIDs, points in time, or money.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypedRule {
    name: String,
    #[serde(default)]
    modules: Vec<String>,
    fields: Vec<String>,
    evidence: String,
}

/// What the rules say about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldRule<'a> {
    /// It is text, or a number, and why.
    Text(&'a str),
    /// It is a UUID, a point in time or money, by the rule of this name.
    Typed(&'a str),
}

/// A field: the names of its record, and the names of the properties that lead to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldPath {
    pub(crate) records: BTreeSet<String>,
    pub(crate) properties: Vec<String>,
}

impl FieldRules {
    /// The rules of ids in a folder of specs; there are none where it has no file of them.
    ///
    /// # Errors
    /// The file is broken.
    pub fn ids(specs: &Path) -> Result<Self> {
        let IdsFile { text, uuid: typed } = read_or_default(&specs.join("ids.toml"))?;
        Ok(Self { text, typed })
    }

    /// The rules of dates in a folder of specs; there are none where it has no file of them.
    ///
    /// # Errors
    /// The file is broken.
    pub fn dates(specs: &Path) -> Result<Self> {
        let DatesFile { text, date: typed } = read_or_default(&specs.join("dates.toml"))?;
        Ok(Self { text, typed })
    }

    /// The rules of amounts of money in a folder of specs; there are none where it has no file of
    /// them.
    ///
    /// # Errors
    /// The file is broken.
    pub fn money(specs: &Path) -> Result<Self> {
        let MoneyFile {
            number: text,
            money: typed,
        } = read_or_default(&specs.join("money.toml"))?;
        Ok(Self { text, typed })
    }

    /// The first rule that names a field of a module.
    pub(crate) fn find(&self, module: &str, field: &FieldPath) -> Option<FieldRule<'_>> {
        let is_named = |modules: &[String], fields: &[String]| {
            (modules.is_empty() || modules.iter().any(|name| name == module))
                && fields.iter().any(|pattern| field.matches(pattern))
        };
        let mut text = self.text.iter();
        if let Some(rule) = text.find(|rule| is_named(&rule.modules, &rule.fields)) {
            return Some(FieldRule::Text(&rule.reason));
        }
        let mut typed = self.typed.iter();
        let rule = typed.find(|rule| is_named(&rule.modules, &rule.fields))?;
        Some(FieldRule::Typed(&rule.name))
    }

    /// The rules of what is more than text: their names and the evidence.
    pub fn evidence(&self) -> impl Iterator<Item = (&str, &str)> {
        let rules = self.typed.iter();
        rules.map(|rule| (&*rule.name, &*rule.evidence))
    }

    /// Every pattern of the rules, with the modules that it is for.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (&[String], &str)> {
        let text = self.text.iter().map(|rule| (&rule.modules, &rule.fields));
        let typed = self.typed.iter().map(|rule| (&rule.modules, &rule.fields));
        text.chain(typed).flat_map(|(modules, fields)| {
            let fields = fields.iter();
            fields.map(move |field| (&**modules, &**field))
        })
    }
}

/// A file that need not be there.
fn read_or_default<T: Default + DeserializeOwned>(path: &Path) -> Result<T> {
    match path.is_file() {
        true => read_toml(path),
        false => Ok(T::default()),
    }
}

#[cfg(test)]
impl FieldRules {
    /// The rules of ids in a text.
    pub(crate) fn of_ids(text: &str) -> Self {
        let IdsFile { text, uuid: typed } = toml::from_str(text).expect("rules of ids");
        Self { text, typed }
    }

    /// The rules of money in a text.
    pub(crate) fn of_money(text: &str) -> Self {
        let MoneyFile {
            number: text,
            money: typed,
        } = toml::from_str(text).expect("rules of money");
        Self { text, typed }
    }

    /// The rules of dates in a text.
    pub(crate) fn of_dates(text: &str) -> Self {
        let DatesFile { text, date: typed } = toml::from_str(text).expect("rules of dates");
        Self { text, typed }
    }
}

impl FieldPath {
    /// A record of these names, before any of its fields.
    pub(crate) fn of_record(names: &[String]) -> Self {
        Self {
            records: names.iter().map(|name| squashed(name)).collect(),
            properties: Vec::new(),
        }
    }

    /// Whether a pattern is the end of the path: `userId`, `item.id`, `usergroup.id`; `*` stands
    /// for the beginning of a name.
    pub(crate) fn matches(&self, pattern: &str) -> bool {
        let mut steps = self.properties.iter().rev();
        let mut parts = pattern.rsplit('.').peekable();
        while let Some(part) = parts.next() {
            match steps.next() {
                Some(step) if is_so_named(step, part) => {}
                Some(_) => return false,
                // Only the record is left, and only the first step may name it.
                None => return parts.peek().is_none() && self.records.contains(&squashed(part)),
            }
        }
        true
    }
}

fn is_so_named(name: &str, pattern: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(records: &[&str], properties: &str) -> FieldPath {
        FieldPath {
            records: records.iter().map(|name| squashed(name)).collect(),
            properties: properties.split('.').map(str::to_owned).collect(),
        }
    }

    #[test]
    fn a_pattern_is_the_end_of_a_path_that_begins_with_the_record() {
        for (pattern, records, properties, expected) in [
            ("userId", &["loan"][..], "userId", true),
            ("userId", &["loan"], "item.userId", true),
            ("userId", &["loan"], "proxyUserId", false),
            ("*Id", &["loan"], "proxyUserId", true),
            ("*", &["loan"], "anything", true),
            ("item.id", &["loan"], "item.id", true),
            ("item.id", &["loan"], "loan.item.id", true),
            ("item.id", &["item"], "id", true),
            ("item.id", &["item"], "notes.id", false),
            ("item.id", &["other", "item"], "id", true),
            ("item-record.id", &["ItemRecord"], "id", true),
            ("x.item.id", &["item"], "id", false),
            ("loan.item.id", &["loan"], "item.id", true),
        ] {
            let field = field(records, properties);
            assert_eq!(field.matches(pattern), expected, "{pattern} of {field:?}");
        }
    }

    #[test]
    fn texts_go_before_uuids_and_rules_of_other_modules_do_not_hold() {
        let rules = FieldRules::of_ids(
            "[[uuid]]\nname = 'users'\nfields = ['userId']\nevidence = 'a table'\n\
             [[text]]\nmodules = ['mod-b']\nfields = ['*Id']\nreason = 'a name'\n",
        );
        let field = field(&["loan"], "userId");
        assert_eq!(rules.find("mod-a", &field), Some(FieldRule::Typed("users")));
        assert_eq!(rules.find("mod-b", &field), Some(FieldRule::Text("a name")));
        assert_eq!(rules.evidence().collect::<Vec<_>>(), [("users", "a table")]);
        assert_eq!(rules.patterns().count(), 2);
    }
}
