//! The fields of a list's records, and how they are evaluated.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::data::{self, Index, Operation, RecordType, near};
use crate::error::CliError;
use crate::exit::Exit;
use crate::info::path_template::matches;

/// A list of a release.
#[derive(Debug)]
pub(super) struct List {
    path: String,
    operation: Operation,
    /// By module and name.
    types: BTreeMap<(String, String), Value>,
    indexes: Vec<Index>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// Its type.
    Field(Value),
    /// The record has fields that are not described.
    Undescribed,
    /// The part of the path that is a list: what is within a list is not reached by dots.
    InList(String),
    /// The record has no such field; similar ones.
    Missing(Vec<String>),
}

/// The rules by which a field is evaluated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Evaluation<'a> {
    /// As those without an index.
    Default,
    Uuid,
    Index(&'a Index),
}

impl<'a> Evaluation<'a> {
    /// That of a field; of a field of any list, if none is given.
    pub(super) fn of(list: Option<&'a List>, field: &str) -> Self {
        match list {
            Some(list) => list.evaluation(field),
            None if field == "id" => Self::Uuid,
            None => Self::Default,
        }
    }
}

impl List {
    /// The list of a path in a release.
    ///
    /// # Errors
    /// The release has no such list, or the list has no queries.
    pub(super) fn named(path: &str, release: Option<&str>) -> Result<Self, CliError> {
        let releases = data::releases()?;
        let release = data::release_named(&releases, release)?;
        let path = format!("/{}", path.trim_matches('/'));
        let operations = data::operations()?;
        let lists = operations.into_iter().filter(|operation| {
            operation.releases.contains(&release.name)
                && operation.style.is_some()
                && !operation.module.starts_with("edge-")
        });
        let lists: Vec<Operation> = lists.collect();
        let found = lists
            .iter()
            .find(|list| list.path == path && list.method == "GET")
            .or_else(|| lists.iter().find(|list| matches(&list.path, &path)));
        let Some(operation) = found.cloned() else {
            let paths = lists.iter().map(|list| list.path.as_str());
            let near = near(&path, paths.filter(|path| !path.contains('{')));
            let error = CliError::new(
                Exit::NotFound,
                format!("{} has no list {path}", release.name),
            );
            return Err(match near.is_empty() {
                true => error.with_help("`folio routes` finds lists"),
                false => error.with_help(format!("similar lists: {}", near.join(", "))),
            });
        };
        let takes_query = operation
            .parameters
            .iter()
            .any(|name| name.trim_end_matches('!') == "query");
        if !takes_query && operation.method == "GET" {
            let parameters: Vec<&str> = operation.parameters.iter().map(String::as_str).collect();
            let error = CliError::usage(format!("{path} takes no CQL query"));
            return Err(match parameters.is_empty() {
                true => error,
                false => error.with_help(format!("its parameters: {}", parameters.join(", "))),
            });
        }
        let records = data::records()?.into_iter();
        let types = records
            .filter(|record| record.releases.contains(&release.name))
            .map(
                |RecordType {
                     module,
                     record,
                     type_,
                     ..
                 }| ((module, record), type_),
            )
            .collect();
        Ok(Self {
            path,
            operation,
            types,
            indexes: data::indexes()?,
        })
    }

    /// The path.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The dialect of the list.
    pub(super) fn style(&self) -> &str {
        self.operation.style.as_deref().unwrap_or_default()
    }

    /// Whether the evaluation of its fields is known from the module's sources.
    pub(super) fn is_indexed(&self) -> bool {
        self.indexes
            .iter()
            .any(|index| index.path == self.operation.path)
    }

    /// The list of an alias, and the rest of the field: `instance.title` of items.
    pub(super) fn alias<'a>(&self, field: &'a str) -> Option<(&str, &'a str)> {
        let (first, rest) = field.split_once('.')?;
        let index = self.indexes.iter().find(|index| {
            index.path == self.operation.path && index.alias.as_deref() == Some(first)
        })?;
        Some((index.of.as_deref()?, rest))
    }

    /// How a field is evaluated.
    fn evaluation(&self, field: &str) -> Evaluation<'_> {
        let (path, field) = match self.alias(field) {
            Some((path, rest)) => (path, rest),
            None => (self.operation.path.as_str(), field),
        };
        let index = self
            .indexes
            .iter()
            .find(|index| index.path == path && index.field.as_deref() == Some(field));
        match index {
            Some(index) if index.uuid => Evaluation::Uuid,
            Some(index) => Evaluation::Index(index),
            None if field == "id" => Evaluation::Uuid,
            None => Evaluation::Default,
        }
    }

    /// The field of a path.
    pub(super) fn field(&self, field: &str) -> Found {
        if self.alias(field).is_some() || matches!(self.evaluation(field), Evaluation::Index(_)) {
            // Indexes that combine fields are no fields of the record.
            return match self.walk(field) {
                Found::Missing(_) => Found::Undescribed,
                found => found,
            };
        }
        self.walk(field)
    }

    /// Whether an index computes the field, which the record does not have.
    pub(super) fn is_computed(&self, field: &str) -> bool {
        matches!(self.walk(field), Found::Missing(_))
    }

    fn walk(&self, field: &str) -> Found {
        let Some(record) = &self.operation.record else {
            return Found::Undescribed;
        };
        let mut home = self.operation.module.clone();
        let mut type_ = Value::from(record.as_str());
        let mut walked: Vec<&str> = Vec::new();
        for name in field.split('.') {
            let mut fields = BTreeMap::new();
            let mut seen = BTreeSet::new();
            let is_open = self.fields(&home, &type_, &mut fields, &mut seen);
            if type_.is_array() {
                return Found::InList(walked.join("."));
            }
            let Some((found_home, found)) = fields.get(name).cloned() else {
                if is_open || fields.is_empty() {
                    return Found::Undescribed;
                }
                let prefix = match walked.is_empty() {
                    true => String::new(),
                    false => format!("{}.", walked.join(".")),
                };
                let near = near(name, fields.keys().map(String::as_str));
                let near = near.into_iter().map(|name| format!("{prefix}{name}"));
                return Found::Missing(near.collect());
            };
            walked.push(name);
            (home, type_) = (found_home, found);
        }
        Found::Field(self.resolved(&home, &type_).1)
    }

    /// The type that a reference names; others as they are.
    fn resolved(&self, home: &str, type_: &Value) -> (String, Value) {
        let mut at = (home.to_owned(), type_.clone());
        // References may lead in a circle.
        for _ in 0..8 {
            let Some((named, record)) = at.1.as_str().and_then(|text| text.split_once('#')) else {
                break;
            };
            let home = if named.is_empty() {
                at.0.as_str()
            } else {
                named
            };
            let key = (home.to_owned(), record.to_owned());
            let Some(target) = self.types.get(&key) else {
                break;
            };
            at = (key.0, target.clone());
        }
        at
    }

    /// Collects the fields of a type, each with the module of its references. Whether it may have
    /// others.
    fn fields(
        &self,
        home: &str,
        type_: &Value,
        fields: &mut BTreeMap<String, (String, Value)>,
        seen: &mut BTreeSet<String>,
    ) -> bool {
        if !seen.insert(format!("{home} {type_}")) {
            return false;
        }
        let (home, type_) = self.resolved(home, type_);
        match &type_ {
            Value::Object(members) => {
                let mut is_open = false;
                for (name, member) in members {
                    match (name.as_str(), member) {
                        ("&" | "|", Value::Array(parts)) => {
                            for part in parts {
                                is_open |= self.fields(&home, part, fields, seen);
                            }
                        }
                        ("*", _) => is_open = true,
                        _ => {
                            fields.insert(name.clone(), (home.clone(), member.clone()));
                        }
                    }
                }
                is_open
            }
            Value::String(text) => text == "any" || text == "object",
            _ => false,
        }
    }
}
