//! How FOLIO reads a query, in sentences.

use folio_sdk::Cql;
use folio_sdk::cql::{Boolean, ComparisonNode, Node, Relation};

use super::fields::{Evaluation, List};
use super::modifiers::is_number;
use super::term::{characters, has, is_uuid, plain};
use crate::data::Folding;

/// One sentence per condition, indented by the combination that it is a part of; then the order.
pub(super) fn lines(query: &Cql, list: Option<&List>) -> Vec<String> {
    let mut lines = Vec::new();
    match list.map(List::style) {
        Some("search") => lines.push(
            "mod-search: `=` finds records with all words of the term, `==` the phrase; the fields are those of its search options".to_owned(),
        ),
        Some(_) if list.is_some_and(|list| !list.is_indexed()) => lines.push(
            "the indexes of this list are not known; the reading is that of fields without an index in a storage module. Modules based on Spring compare case-sensitively and reject unknown fields".to_owned(),
        ),
        _ => {}
    }
    node(&query.tree(), 0, list, &mut lines);
    let keys: Vec<&str> = query.sort_keys().collect();
    if keys.is_empty() {
        lines.push("in no defined order".to_owned());
    } else {
        lines.push(format!("ordered by {}", keys.join(", then ")));
    }
    lines
}

fn node(node_: &Node<'_>, depth: usize, list: Option<&List>, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match node_ {
        Node::All => lines.push(format!("{indent}all records")),
        Node::Comparison(comparison) => {
            lines.push(format!("{indent}{}", sentence(comparison, list)));
        }
        Node::Chain(first, rest) => chain(first, rest, depth, list, lines),
        other => lines.push(format!("{indent}{other:?}")),
    }
}

/// Conditions are combined from left to right: `a or b and c` means `(a or b) and c`.
fn chain(
    first: &Node<'_>,
    rest: &[(Boolean, Node<'_>)],
    depth: usize,
    list: Option<&List>,
    lines: &mut Vec<String>,
) {
    let indent = "  ".repeat(depth);
    let Some((last, before)) = rest.split_last() else {
        return node(first, depth, list, lines);
    };
    // The longest end with the same boolean is one group.
    let same = before
        .iter()
        .rev()
        .take_while(|(boolean, _)| *boolean == last.0)
        .count();
    let (outer, group) = rest.split_at(rest.len() - same - 1);
    lines.push(format!("{indent}{}", match last.0 {
        Boolean::And => "all of:",
        Boolean::Or => "at least one of:",
        _ => "the first of these, and not the others (records without their fields are included):",
    }));
    match outer.is_empty() {
        true => node(first, depth + 1, list, lines),
        false => chain(first, outer, depth + 1, list, lines),
    }
    for (_, one) in group {
        node(one, depth + 1, list, lines);
    }
}

/// What one comparison finds.
fn sentence(comparison: &ComparisonNode<'_>, list: Option<&List>) -> String {
    let field = comparison.field;
    if field.eq_ignore_ascii_case("cql.allRecords") {
        return "all records".to_owned();
    }
    let subject = match list.and_then(|list| list.alias(field)) {
        Some((path, rest)) => format!("`{rest}` of a related record ({path})"),
        None => format!("`{field}`"),
    };
    if field.eq_ignore_ascii_case("cql.serverChoice") {
        return format!(
            "{} in the fields that the module chooses",
            shown(comparison.terms)
        );
    }
    let evaluation = Evaluation::of(list, field);
    let elements: Vec<String> = comparison
        .modifiers
        .iter()
        .filter(|(name, _)| name.starts_with('@'))
        .map(|(name, value)| match value {
            Some((_, value)) => format!("{} is {}", name.trim_start_matches('@'), quoted(value)),
            None => name.trim_start_matches('@').to_owned(),
        })
        .collect();
    let main = match evaluation {
        Evaluation::Uuid => uuid(&subject, comparison),
        Evaluation::Default => compared(&subject, comparison, None),
        Evaluation::Index(index) => {
            let equality = matches!(comparison.relation, Relation::Eq | Relation::Ne);
            let several = if equality {
                &index.several
            } else {
                &index.words
            };
            let subject = match several.is_empty() {
                true => subject,
                false => format!("{subject} (the values of {}, joined)", several.join(", ")),
            };
            compared(&subject, comparison, Some((index.equals, index.compare)))
        }
    };
    match elements.is_empty() {
        true => main,
        false => format!(
            "{main}, in one element of the list ({})",
            elements.join(", ")
        ),
    }
}

type Index = (Option<Folding>, Option<Folding>);

fn compared(subject: &str, comparison: &ComparisonNode<'_>, index: Option<Index>) -> String {
    let terms = comparison.terms;
    let is_number = is_number(comparison);
    // Fields without an index: case and accents are ignored in `==`, and the stored text is
    // compared by `<`.
    let none = Folding {
        case: false,
        accents: false,
        first: None,
    };
    let equality = index.and_then(|(equals, _)| equals).unwrap_or(none);
    let order = index.and_then(|(_, compare)| compare);
    match comparison.relation {
        Relation::Matches | Relation::Eq if is_number => {
            format!("{subject} is the number {}", shown(terms))
        }
        Relation::Ne if is_number => format!("{subject} is another number than {}", shown(terms)),
        Relation::Eq => match single(terms) {
            Some("") => format!("{subject} is empty"),
            Some("*") => format!("{subject} is present"),
            _ => format!(
                "the whole value of {subject} {} {}{}",
                verb(terms, "is"),
                shown(terms),
                folding(equality)
            ),
        },
        Relation::Ne => match single(terms) {
            Some("") => format!("{subject} is present and not empty"),
            _ => format!(
                "the whole value of {subject} is another than {}{}; records without it are not found",
                shown(terms),
                folding(equality)
            ),
        },
        Relation::Lt | Relation::Le | Relation::Gt | Relation::Ge => {
            let relation = match comparison.relation {
                Relation::Lt => "comes before",
                Relation::Le => "comes before or equals",
                Relation::Gt => "comes after",
                _ => "comes after or equals",
            };
            if is_number {
                return format!("as a number, {subject} {relation} {}", shown(terms));
            }
            let how = match order {
                Some(order) => format!("as text{}", folding(order)),
                None => "as stored text, in alphabetical order".to_owned(),
            };
            format!("{subject} {relation} {} ({how})", shown(terms))
        }
        Relation::Matches | Relation::Adjacent => {
            words(subject, terms, "next to each other and in this order")
        }
        Relation::All => words(subject, terms, "in any place"),
        Relation::Any => words(subject, terms, "at least one of them"),
        other => format!("{subject} {} {}", other.symbol(), shown(terms)),
    }
}

/// Full text.
fn words(subject: &str, terms: &[String], how: &str) -> String {
    match single(terms) {
        Some("") => return format!("{subject} is present"),
        Some("*") => return format!("all records, also those without {subject}"),
        _ => {}
    }
    let begin = match terms.iter().any(|term| has(term, '*')) {
        true => "; a word before `*` may be the beginning of one",
        false => "",
    };
    let several = terms.iter().any(|term| plain(term).contains(' '));
    let how = if several {
        format!(", {how}")
    } else {
        String::new()
    };
    let noun = if several { "words" } else { "word" };
    let verb = if several { "occur" } else { "occurs" };
    format!(
        "the {noun} {} {verb} in {subject}{how}{begin}; case and accents are ignored",
        shown(terms)
    )
}

/// Fields whose column is a UUID.
fn uuid(subject: &str, comparison: &ComparisonNode<'_>) -> String {
    let terms = comparison.terms;
    let is_whole = terms.iter().all(|term| is_uuid(term));
    match (comparison.relation, single(terms)) {
        (Relation::Matches, Some("" | "*")) | (Relation::Ne, Some("")) => {
            format!("{subject} is present")
        }
        (Relation::Eq, Some("*")) => format!("{subject} is present"),
        (Relation::Matches | Relation::Eq, _) if is_whole => {
            format!("{subject} is the UUID {}", shown(terms))
        }
        (Relation::Matches | Relation::Eq, _) => {
            format!("{subject} is a UUID that begins with {}", shown(terms))
        }
        (Relation::Ne, _) => format!("{subject} is another UUID than {}", shown(terms)),
        (relation, _) => format!(
            "{subject} {} {}, in the order of UUIDs",
            relation.symbol(),
            shown(terms)
        ),
    }
}

fn single(terms: &[String]) -> Option<&str> {
    match terms {
        [term] => Some(term),
        _ => None,
    }
}

/// `is`, or for patterns that it matches.
fn verb(terms: &[String], verb: &'static str) -> &'static str {
    let is_pattern = |term: &String| has(term, '*') || has(term, '?');
    if terms.iter().any(is_pattern) {
        "matches the pattern"
    } else {
        verb
    }
}

fn quoted(term: &str) -> String {
    let text: String = characters(term)
        .into_iter()
        .map(|(c, escaped)| match (c, escaped) {
            ('*' | '?', true) => format!("\\{c}"),
            (c, _) => c.to_string(),
        })
        .collect();
    format!("\"{text}\"")
}

fn shown(terms: &[String]) -> String {
    let all: Vec<String> = terms.iter().map(|term| quoted(term)).collect();
    all.join(" or ")
}

fn folding(folding: Folding) -> String {
    let mut text = match (folding.case, folding.accents) {
        (false, false) => ", case and accents ignored",
        (false, true) => ", case ignored, accents count",
        (true, false) => ", case counts, accents ignored",
        (true, true) => ", case and accents count",
    }
    .to_owned();
    if let Some(first) = folding.first {
        text.push_str(&format!(", within the first {first} characters"));
    }
    text
}
