//! Traps in the order of a query.

use folio_sdk::Cql;

use super::fields::{Found, List};
use super::modifiers::{direction, is_of_order};
use super::warning::Warning;

/// The traps of `sortBy`.
pub(super) fn traps(query: &Cql, list: Option<&List>) -> Vec<Warning> {
    let is_search = list.is_some_and(|list| list.style() == "search");
    let keys: Vec<&str> = query.sort_keys().collect();
    let mut warnings = Vec::new();
    let mut add = |rule, place: &str, message: String| {
        warnings.push(Warning {
            rule,
            place: format!("sortBy {place}"),
            message,
        });
    };
    for (at, key) in keys.iter().enumerate() {
        let mut parts = key.split('/');
        let field = parts.next().unwrap_or_default().trim_matches('"');
        if let Some(previous) = at.checked_sub(1).and_then(|at| keys.get(at))
            && let Some(direction) = direction(field)
        {
            add(
                "sort-direction",
                key,
                format!(
                    "this is another field to sort by, not a direction: write {}/{direction}",
                    previous.split('/').next().unwrap_or_default()
                ),
            );
            continue;
        }
        for modifier in parts {
            let name = modifier
                .split(['=', '<', '>'])
                .next()
                .unwrap_or_default()
                .trim_matches('"');
            if !is_search && !is_of_order(name) {
                let message = match direction(name) {
                    Some(direction) => {
                        format!("the modifier is /{direction}; FOLIO rejects /{name} (400)")
                    }
                    None => format!("FOLIO rejects the unknown modifier /{name} (400)"),
                };
                add("unknown-modifier", key, message);
            }
        }
        if let Some(list) = list
            && !is_search
        {
            if list.alias(field).is_some() {
                add("sort-alias", key, "an order by fields of related records is not possible: the field counts as missing".to_owned());
            } else if let Found::Missing(near) = list.field(field) {
                let near = match near.is_empty() {
                    true => String::new(),
                    false => format!("; similar: {}", near.join(", ")),
                };
                add(
                    "unknown-field",
                    key,
                    format!(
                        "the record has no such field: the order is undefined, without an error{near}"
                    ),
                );
            }
        }
    }
    let has_unique = keys.iter().any(|key| key.split('/').next() == Some("id"));
    if !keys.is_empty() && !has_unique && !is_search {
        let place = keys.join(" ");
        add("sort-ties", &place, "records with equal values come in any order, which may change from page to page: add `id` as the last key to read several pages".to_owned());
    }
    warnings
}
