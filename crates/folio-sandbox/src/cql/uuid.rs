//! Fields that are UUIDs: `id` and foreign keys.

use crate::cql::error::CqlError;
use crate::cql::parser::Term;
pub(crate) use crate::cql::plan::{Bound, UuidTest};
use crate::cql::plan::{Order, Test};
use crate::value::uuid::is_uuid;

/// A prefix filled up to a UUID.
fn filled(prefix: &str, digit: char) -> Option<String> {
    let mut text = prefix.to_ascii_lowercase();
    while text.len() < 36 {
        text.push(if matches!(text.len(), 8 | 13 | 18 | 23) {
            '-'
        } else {
            digit
        });
    }
    is_uuid(&text).then_some(text)
}

pub(crate) fn test(of: &Term) -> Result<Test, CqlError> {
    let field = of.index.clone();
    let present = || match field.as_str() {
        "id" => Test::All,
        _ => Test::Present(field.clone()),
    };
    let bound = |bound| {
        Ok(Test::Uuid(UuidTest {
            field: field.clone(),
            bound,
        }))
    };
    let text = of.text.as_str();
    let relation = of.relation.as_str();
    match relation {
        "=" | "==" | "<>" => {
            let differs = relation == "<>";
            let none = || {
                if differs { present() } else { Test::Nothing }
            };
            if text.is_empty() {
                return Ok(if relation == "==" {
                    Test::Nothing
                } else {
                    present()
                });
            }
            let prefix = text.trim_end_matches('*');
            if prefix.contains('*') {
                return Err(CqlError::validation(format!(
                    "CQL: only right truncation supported for {field}:  {text}"
                )));
            }
            if prefix.len() == text.len() {
                if !is_uuid(text) {
                    return Ok(none());
                }
                let order = if differs {
                    Order::Differs
                } else {
                    Order::Equal
                };
                return bound(Bound::Order(order, text.to_ascii_lowercase()));
            }
            if prefix.is_empty() {
                return Ok(if differs { Test::Nothing } else { present() });
            }
            match (filled(prefix, '0'), filled(prefix, 'f')) {
                (Some(from), Some(to)) if differs => bound(Bound::Outside(from, to)),
                (Some(from), Some(to)) => bound(Bound::Within(from, to)),
                _ => Ok(none()),
            }
        }
        "<" | "<=" | ">" | ">=" => {
            if !is_uuid(text) {
                return Err(CqlError::validation(format!(
                    "CQL: Invalid UUID after '{field}{relation}': {text}"
                )));
            }
            let order = match relation {
                "<" => Order::Less,
                "<=" => Order::LessOrEqual,
                ">" => Order::Greater,
                _ => Order::GreaterOrEqual,
            };
            bound(Bound::Order(order, text.to_ascii_lowercase()))
        }
        _ => Err(CqlError::validation(format!(
            "CQL: Unsupported operator '{relation}', UUID {field} only supports '=', '==', and '<>' (possibly with right truncation)"
        ))),
    }
}

impl UuidTest {
    pub(crate) fn holds(&self, value: &str) -> bool {
        let value = value.to_ascii_lowercase();
        match &self.bound {
            Bound::Order(order, text) => order.holds(value.as_str().cmp(text)),
            Bound::Within(from, to) => (from..=to).contains(&&value),
            Bound::Outside(from, to) => !(from..=to).contains(&&value),
        }
    }
}
