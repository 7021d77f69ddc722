//! Runs the tests of a query over records. Conditions have three values, as in SQL: an absent field
//! is neither true nor false.

use std::cmp::Ordering;
use std::collections::HashSet;

use serde_json::Value;

use crate::cql::error::CqlError;
use crate::cql::fulltext::TextQuery;
use crate::cql::plan::{Compiled, INDEXED, SortKey, SortKind, Test, Texts, numeric};
use crate::facts::tables::JoinStep;
use crate::value::collate;
use crate::value::fold::beginning;
use crate::value::json::{field, text_at, text_of};

impl Compiled {
    /// Whether a record is wanted.
    pub(crate) fn wants(&self, record: &Value) -> Result<bool, CqlError> {
        Ok(self.test.holds(record)? == Some(true))
    }

    /// The records that are wanted, in the order of the query; those that cannot be compared are
    /// not wanted.
    pub(crate) fn select(&self, records: &mut Vec<Value>) {
        records.retain(|record| self.wants(record).unwrap_or(false));
        if !self.sort.is_empty() {
            records.sort_by(|a, b| self.compare(a, b));
        }
    }

    pub(crate) fn compare(&self, a: &Value, b: &Value) -> Ordering {
        self.sort
            .iter()
            .map(|key| key.compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    /// Runs the conditions on other collections; `texts` gives the texts of a field of the records
    /// there that a test holds for.
    pub(crate) fn resolve<E>(&mut self, texts: &mut Elsewhere<'_, E>) -> Resolved<(), E> {
        self.test.resolve(texts)
    }
}

/// The results that a query needs from other collections, or the reason why it cannot be run.
pub(crate) type Resolved<T, E> = Result<Result<T, CqlError>, E>;

/// The texts of a field of records elsewhere: of a path, those that a test holds for.
pub(crate) type Elsewhere<'a, E> =
    dyn FnMut(&str, &Test, &str) -> Resolved<HashSet<String>, E> + 'a;

impl Test {
    fn resolve<E>(&mut self, texts: &mut Elsewhere<'_, E>) -> Resolved<(), E> {
        match self {
            Self::And(a, b) | Self::Or(a, b) | Self::Not(a, b) => {
                if let Err(error) = a.resolve(texts)? {
                    return Ok(Err(error));
                }
                b.resolve(texts)
            }
            Self::Foreign(steps, test) if !steps.is_empty() => {
                if let Err(error) = test.resolve(texts)? {
                    return Ok(Err(error));
                }
                // From the last collection back: the records that are wanted there, then those that
                // lead to them.
                let mut wanted = (**test).clone();
                for step in steps.iter().rev() {
                    let (path, own, theirs) = match step {
                        JoinStep::Parent { field, path } => (path, field.as_str(), "id"),
                        JoinStep::Children { path, field } => (path, "id", field.as_str()),
                    };
                    match texts(path, &wanted, theirs)? {
                        Ok(ids) => wanted = Self::In(own.to_owned(), ids),
                        Err(error) => return Ok(Err(error)),
                    }
                }
                *self = wanted;
                Ok(Ok(()))
            }
            _ => Ok(Ok(())),
        }
    }

    /// Whether all of it is about UUIDs, which PostgreSQL looks at first.
    fn is_uuid(&self) -> bool {
        match self {
            Self::Uuid(_) | Self::Nothing => true,
            Self::And(a, b) | Self::Or(a, b) | Self::Not(a, b) => a.is_uuid() && b.is_uuid(),
            _ => false,
        }
    }

    /// Whether the test holds; none if the record lacks the field.
    pub(crate) fn holds(&self, record: &Value) -> Result<Option<bool>, CqlError> {
        Ok(match self {
            Self::All => Some(true),
            Self::Nothing => Some(false),
            Self::And(a, b) => {
                let (first, second) = if b.is_uuid() { (b, a) } else { (a, b) };
                let left = first.holds(record)?;
                if left == Some(false) && first.is_uuid() {
                    return Ok(left);
                }
                match (left, second.holds(record)?) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Self::Or(a, b) => match (a.holds(record)?, b.holds(record)?) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(a, b) => {
                let left = a.holds(record)?;
                if left == Some(false) && a.is_uuid() {
                    return Ok(left);
                }
                match b.holds(record)? {
                    Some(true) => Some(false),
                    _ => left,
                }
            }
            Self::Uuid(test) => text_at(record, &test.field).map(|value| test.holds(&value)),
            Self::Present(path) => Some(field(record, path).is_some()),
            Self::Like {
                field,
                fold,
                pattern,
                differs,
                truncates,
            } => field.text(record).map(|value| {
                let value = fold.apply(&value);
                let found = if !*truncates {
                    pattern.matches(&value)
                } else if pattern.length() <= INDEXED {
                    pattern.matches(beginning(&value, INDEXED))
                } else {
                    pattern.matches(&value)
                        && pattern
                            .beginning(INDEXED)
                            .matches(beginning(&value, INDEXED))
                };
                found != *differs
            }),
            Self::Compare {
                field,
                fold,
                relation,
                term,
            } => text_at(record, field).map(|value| {
                let Some(fold) = fold else {
                    return relation.holds(collate::compare(&value, term));
                };
                let value = fold.apply(&value);
                let start = beginning(&value, INDEXED);
                if term.chars().count() <= INDEXED {
                    return relation.holds(collate::compare(start, term));
                }
                let first = collate::compare(start, beginning(term, INDEXED));
                relation.holds(first)
                    && (first.is_ne() || relation.holds(collate::compare(&value, term)))
            }),
            Self::Number {
                field,
                relation,
                term,
            } => match text_at(record, field) {
                None => None,
                Some(value) => Some(relation.holds(numeric(&value)?.total_cmp(term))),
            },
            Self::Words {
                field,
                query,
                unaccent,
            } => field
                .text(record)
                .map(|text| query.matches(&text, *unaccent)),
            Self::Element {
                field: path,
                any,
                wanted,
                also,
            } => field(record, path).map(|list| {
                list.as_array().is_some_and(|list| {
                    list.iter().any(|element| {
                        any.iter()
                            .any(|name| match (wanted, text_at(element, name)) {
                                (TextQuery::Everything, _) => true,
                                (_, None) => false,
                                (TextQuery::Present, Some(_)) => true,
                                (TextQuery::Words(query), Some(text)) => query.matches(&text, true),
                            })
                            && also.iter().all(|(name, query)| {
                                text_at(element, name)
                                    .is_some_and(|text| query.matches(&text, true))
                            })
                    })
                })
            }),
            Self::In(field, ids) => {
                text_at(record, field).map(|id| ids.contains(&id.to_ascii_lowercase()))
            }
            Self::Foreign(..) => Some(false),
        })
    }
}

impl Texts {
    pub(crate) fn text(&self, record: &Value) -> Option<String> {
        match self {
            Self::Field(path) => text_at(record, path),
            Self::Joined(paths) => {
                let parts: Vec<String> = paths
                    .iter()
                    .filter_map(|path| text_at(record, path))
                    .collect();
                Some(parts.join(" "))
            }
            Self::Isbn(path, kind) => {
                let list = field(record, path)?.as_array()?;
                let numbers: Vec<String> = list
                    .iter()
                    .filter(|element| {
                        element.get("identifierTypeId").and_then(Value::as_str) == Some(kind)
                    })
                    .filter_map(|element| element.get("value"))
                    .map(|value| digits_first(&text_of(value)))
                    .collect();
                Some(numbers.join(" "))
            }
        }
    }
}

/// `normalize_digits`: the digits that a number begins with, without blanks and hyphens, then the
/// rest.
pub(crate) fn digits_first(text: &str) -> String {
    let run: usize = text
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, ' ' | '\t' | '-'))
        .map(char::len_utf8)
        .sum();
    let star = usize::from(text[run..].starts_with('*'));
    let (number, rest) = text.split_at(run + star);
    let number: String = number
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '*')
        .collect();
    match (number.is_empty(), rest.is_empty()) {
        (_, true) => number,
        (true, false) => rest.to_owned(),
        (false, false) => format!("{number} {rest}"),
    }
}

impl SortKey {
    fn compare(&self, a: &Value, b: &Value) -> Ordering {
        let order = match self.kind {
            SortKind::Uuid => absent_last(
                text_at(a, &self.field).map(|id| id.to_ascii_lowercase()),
                text_at(b, &self.field).map(|id| id.to_ascii_lowercase()),
                |a, b| a.cmp(b),
            ),
            SortKind::Json => {
                let at = |record: &Value| {
                    self.field
                        .split('.')
                        .try_fold(record.clone(), |value, name| value.get(name).cloned())
                };
                absent_last(at(a), at(b), json_order)
            }
            SortKind::Text(fold) => absent_last(
                text_at(a, &self.field).map(|text| fold.apply(&text)),
                text_at(b, &self.field).map(|text| fold.apply(&text)),
                |a, b| compare_folded(a, b),
            ),
        };
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}

/// The order of two texts of a sort field: first by the indexed part, then by the whole text.
pub(crate) fn compare_folded(a: &str, b: &str) -> Ordering {
    collate::compare(beginning(a, INDEXED), beginning(b, INDEXED))
        .then_with(|| collate::compare(a, b))
}

/// An absent value is greater than all, as NULL is in PostgreSQL.
fn absent_last<T>(a: Option<T>, b: Option<T>, order: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => order(&a, &b),
    }
}

/// The order of `jsonb`: null, strings, numbers, booleans, lists, objects.
pub(crate) fn json_order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    match (a, b) {
        (Value::String(a), Value::String(b)) => collate::compare(a, b),
        (Value::Number(a), Value::Number(b)) => a
            .as_f64()
            .unwrap_or_default()
            .total_cmp(&b.as_f64().unwrap_or_default()),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        _ => rank(a)
            .cmp(&rank(b))
            .then_with(|| text_of(a).cmp(&text_of(b))),
    }
}
