//! Makes the kinds of columns from the types of records.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::facts::facts;
use crate::kind::{Field, Kind};
use crate::layout::{LayoutOptions, Uuids};
use crate::release::Release;

/// The levels of records within records that are columns; the record of the list is the first. What
/// is below is JSON text. (The records of mod-agreements contain each other: with all levels, some
/// would have 6,500 columns.)
const LEVELS: usize = 4;

/// Resolves the types of a release.
pub(crate) struct Resolver<'a> {
    pub(crate) release: Release,
    pub(crate) options: &'a LayoutOptions,
    /// The records around the current one: their modules and names.
    around: Vec<(String, String)>,
    /// The number of records around it, with those that have no name.
    level: usize,
}

/// The fields of a record while its parts are merged.
type Members = Vec<(String, Kind)>;

impl<'a> Resolver<'a> {
    pub(crate) fn new(release: Release, options: &'a LayoutOptions) -> Self {
        Self {
            release,
            options,
            around: Vec::new(),
            level: 0,
        }
    }

    /// The kind of an expression of a module.
    pub(crate) fn kind(&mut self, module: &str, expression: &Value) -> Kind {
        match expression {
            Value::String(name) if name.contains('#') => self
                .within(module, name, |this, home, target| this.kind(home, target))
                .unwrap_or(Kind::Json),
            Value::String(name) => self.scalar(name),
            Value::Array(parts) => match parts.first() {
                Some(elements) => Kind::List(Box::new(self.kind(module, elements))),
                None => Kind::Json,
            },
            Value::Object(members) => {
                if let Some(values) = members.get("=").and_then(Value::as_array) {
                    let values = values.iter().filter_map(Value::as_str);
                    return Kind::Enum(values.map(Into::into).collect());
                }
                match self.members(module, members) {
                    Some(fields) if !fields.is_empty() => Kind::Record(sorted(fields)),
                    _ => Kind::Json,
                }
            }
            _ => Kind::Json,
        }
    }

    fn scalar(&self, name: &str) -> Kind {
        match name {
            "uuid" => match self.options.uuids {
                Uuids::Binary => Kind::Uuid,
                Uuids::Text => Kind::Text,
            },
            "date-time" => Kind::Timestamp,
            "date" => Kind::Date,
            "boolean" => Kind::Boolean,
            "int32" => Kind::Int32,
            "integer" => Kind::Int64,
            "number" => Kind::Float64,
            "money" => Kind::Decimal(self.options.money_scale.min(18).cast_signed()),
            "any" | "object" => Kind::Json,
            _ => Kind::Text,
        }
    }

    /// Calls a function with the type that a reference names. None if there is no such type, or it
    /// is one of those around.
    fn within<T>(
        &mut self,
        module: &str,
        reference: &str,
        resolve: impl FnOnce(&mut Self, &str, &Value) -> T,
    ) -> Option<T> {
        let (home, record) = reference.split_once('#')?;
        let home = if home.is_empty() { module } else { home };
        let key = (home.to_owned(), record.to_owned());
        if self.around.contains(&key) {
            return None;
        }
        let target = facts().record(self.release.name(), home, record)?;
        let target = serde_json::from_str(target.get()).ok()?;
        self.around.push(key);
        let resolved = resolve(self, home, &target);
        self.around.pop();
        Some(resolved)
    }

    /// The fields of an object; none if its fields are not described, or it is nested too deeply.
    fn members(&mut self, module: &str, members: &Map<String, Value>) -> Option<Members> {
        if members.contains_key("|") || self.level >= LEVELS {
            return None;
        }
        if let Some(parts) = members.get("&").and_then(Value::as_array) {
            let mut all = Members::new();
            for part in parts {
                for (name, kind) in self.part(module, part)? {
                    if all.iter().all(|(known, _)| *known != name) {
                        all.push((name, kind));
                    }
                }
            }
            return Some(all);
        }
        self.level += 1;
        let fields = members.iter().filter(|(name, _)| *name != "*");
        let fields = fields
            .map(|(name, part)| (name.clone(), self.kind(module, part)))
            .collect();
        self.level -= 1;
        Some(fields)
    }

    /// The fields of a part of an object. A part without a description adds none.
    fn part(&mut self, module: &str, part: &Value) -> Option<Members> {
        match part {
            Value::String(name) if name.contains('#') => self
                .within(module, name, |this, home, target| this.part(home, target))
                .flatten(),
            Value::String(name) if name == "any" || name == "object" => Some(Members::new()),
            Value::Object(members) if !members.contains_key("=") => self.members(module, members),
            _ => None,
        }
    }
}

/// The id first, as it is read; the others in the order of the documents.
fn sorted(mut fields: Members) -> Arc<[Field]> {
    fields.sort_by_key(|(name, _)| name != "id");
    let fields = fields.into_iter();
    fields
        .map(|(name, kind)| Field {
            name: name.into(),
            kind,
        })
        .collect()
}
