//! Traps in the modifiers of a comparison.

use folio_sdk::cql::{ComparisonNode, Relation};

use super::fields::{Evaluation, List};

/// The modifiers of a comparison that RMB accepts without effect.
const WITHOUT_EFFECT: [&str; 7] = [
    "ignorecase",
    "respectcase",
    "ignoreaccents",
    "respectaccents",
    "masked",
    "sort.ascending",
    "sort.descending",
];

/// The modifiers that are ignored or rejected.
pub(super) fn traps(
    comparison: &ComparisonNode<'_>,
    evaluation: Evaluation<'_>,
    list: Option<&List>,
    add: &mut dyn FnMut(&'static str, String),
) {
    for (name, value) in &comparison.modifiers {
        let lower = name.to_lowercase();
        if WITHOUT_EFFECT.contains(&lower.as_str()) {
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
        } else if !matches!(lower.as_str(), "number" | "string") {
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
    let is_words = matches!(
        comparison.relation,
        Relation::Matches | Relation::Adjacent | Relation::All | Relation::Any
    );
    is_words
        && elements(evaluation)
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
}
