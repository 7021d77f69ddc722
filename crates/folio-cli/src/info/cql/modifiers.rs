//! Traps in the modifiers of a comparison.

use folio_sdk::cql::{ComparisonNode, Relation};

use super::fields::{Evaluation, List};
use super::term::is_full_text;

/// The modifiers of a sort key; in a comparison, RMB accepts them without effect.
const OF_ORDER: [&str; 7] = [
    "ignorecase",
    "respectcase",
    "ignoreaccents",
    "respectaccents",
    "masked",
    "sort.ascending",
    "sort.descending",
];

/// The modifiers of comparisons and sort keys that decide how values are compared.
const OF_VALUES: [&str; 2] = ["number", "string"];

/// Whether RMB knows a modifier of a sort key.
pub(super) fn is_of_order(name: &str) -> bool {
    let name = name.to_lowercase();
    [&OF_ORDER[..], &OF_VALUES].concat().contains(&&*name)
}

/// The modifier that was meant by a word for a direction: `desc`, `ascending`.
pub(super) fn direction(word: &str) -> Option<&'static str> {
    match word.to_lowercase().as_str() {
        "asc" | "ascending" => Some("sort.ascending"),
        "desc" | "descending" => Some("sort.descending"),
        _ => None,
    }
}

/// Whether a comparison is one of numbers; the last of several modifiers counts.
pub(super) fn is_number(comparison: &ComparisonNode<'_>) -> bool {
    let mut names = comparison
        .modifiers
        .iter()
        .map(|(name, _)| name.to_lowercase());
    let last = names.rfind(|name| OF_VALUES.contains(&name.as_str()));
    last.as_deref() == Some("number")
}

/// The modifiers that are ignored or rejected.
pub(super) fn traps(
    comparison: &ComparisonNode<'_>,
    evaluation: Evaluation<'_>,
    list: Option<&List>,
    add: &mut dyn FnMut(&'static str, String),
) {
    for (name, value) in &comparison.modifiers {
        let lower = name.to_lowercase();
        if OF_ORDER.contains(&lower.as_str()) {
            add(
                "modifier-without-effect",
                format!(
                    "the storage modules accept /{name} in a condition and ignore it; it counts after sortBy only"
                ),
            );
        } else if let Some(element) = name.strip_prefix('@') {
            if list.is_some_and(List::is_indexed) && !is_element(element, comparison, evaluation) {
                let message = match elements(evaluation) {
                    [] => format!(
                        "FOLIO rejects /{name} (400): elements of this list are not indexed"
                    ),
                    known => format!(
                        "FOLIO rejects /{name} here (400): the relations of full text know /@{}",
                        known.join(", /@")
                    ),
                };
                add("unknown-modifier", message);
            }
            if value.is_some_and(|(relation, _)| relation != Relation::Matches) {
                add(
                    "unknown-modifier",
                    format!("FOLIO rejects another comparison than = after /{name} (400)"),
                );
            }
        } else if !OF_VALUES.contains(&lower.as_str()) {
            add(
                "unknown-modifier",
                format!("FOLIO rejects the unknown modifier /{name} (400)"),
            );
        }
    }
}

/// The modifiers that select elements of a list.
fn elements(evaluation: Evaluation<'_>) -> &[String] {
    match evaluation {
        Evaluation::Index(index) => &index.elements,
        Evaluation::Default | Evaluation::Uuid => &[],
    }
}

/// Whether a modifier selects elements for the relation of the comparison.
fn is_element(name: &str, comparison: &ComparisonNode<'_>, evaluation: Evaluation<'_>) -> bool {
    is_full_text(comparison.relation)
        && elements(evaluation)
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
}
