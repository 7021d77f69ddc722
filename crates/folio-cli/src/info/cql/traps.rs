//! Conditions that find other records than one would expect, or that FOLIO rejects.

use folio_sdk::Cql;
use folio_sdk::cql::{self, Boolean, ComparisonNode, Node, Relation};
use serde_json::Value;

use super::fields::{Evaluation, Found, List};
use super::modifiers::{self, is_number};
use super::term::{self, has, is_date, is_full_text, is_uuid, plain};
use super::warning::Warning;

/// The request line that Okapi accepts (recorded), in bytes, without method, version and path of a
/// usual list.
const LONGEST: usize = 4096 - 60;

/// The traps of the text as a whole.
pub(super) fn of_text(text: &str, query: &Cql) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if is_mixed(text) {
        warnings.push(Warning {
            rule: "mixed-booleans",
            place: "the query".to_owned(),
            message: format!(
                "`and`, `or` and `not` bind equally, from left to right; it means {query}. Use parentheses"
            ),
        });
    }
    let encoded: usize = query
        .to_string()
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                1
            } else {
                3
            }
        })
        .sum();
    if encoded > LONGEST {
        warnings.push(Warning {
            rule: "too-long",
            place: "the query".to_owned(),
            message: format!(
                "it has {encoded} bytes in a URL, and Okapi accepts request lines of 4,096 (414): divide it"
            ),
        });
    }
    warnings
}

/// Whether different booleans stand next to each other without parentheses.
fn is_mixed(text: &str) -> bool {
    let mut stack: Vec<Option<String>> = vec![None];
    for range in cql::tokens(text) {
        let token = text.get(range).unwrap_or_default();
        match token {
            "(" => stack.push(None),
            ")" if stack.len() > 1 => _ = stack.pop(),
            _ if token.eq_ignore_ascii_case("sortby") => break,
            _ => {
                let word = token.to_ascii_lowercase();
                if !matches!(word.as_str(), "and" | "or" | "not") {
                    continue;
                }
                let Some(last) = stack.last_mut() else { break };
                if last.as_ref().is_some_and(|last| *last != word) {
                    return true;
                }
                *last = Some(word);
            }
        }
    }
    false
}

/// The traps of the conditions.
pub(super) fn of_query(query: &Cql, list: Option<&List>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    walk(&query.tree(), list, &mut warnings);
    let users = list.is_some_and(|list| list.path() == "/users");
    if users && query.to_string().contains("patronGroup.") {
        warnings.push(Warning {
            rule: "inner-join",
            place: "patronGroup.".to_owned(),
            message: "users without a patron group are not found, and other fields are compared without their indexes".to_owned(),
        });
    }
    warnings
}

fn walk(node: &Node<'_>, list: Option<&List>, warnings: &mut Vec<Warning>) {
    match node {
        Node::Comparison(comparison) => {
            let place = place(comparison);
            let mut add = |rule, message: String| {
                warnings.push(Warning {
                    rule,
                    place: place.clone(),
                    message,
                });
            };
            if list.is_none_or(|list| list.style() != "search") {
                of_comparison(comparison, list, &mut add);
            }
        }
        Node::Chain(first, rest) => {
            walk(first, list, warnings);
            for (boolean, one) in rest {
                if let (Boolean::Or, Node::Comparison(comparison)) = (boolean, one)
                    && comparison.relation == Relation::Matches
                    && comparison.terms == ["*"]
                {
                    warnings.push(Warning {
                        rule: "dropped-or",
                        place: place(comparison),
                        message: "after `or`, FOLIO drops this condition without looking at it: only the conditions before it count".to_owned(),
                    });
                }
                walk(one, list, warnings);
            }
        }
        _ => {}
    }
}

/// The comparison as it is written.
fn place(comparison: &ComparisonNode<'_>) -> String {
    let terms: Vec<String> = comparison
        .terms
        .iter()
        .map(|term| format!("\"{term}\""))
        .collect();
    let terms = match terms.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(" or ")),
    };
    let symbol = comparison.relation.symbol();
    match symbol.starts_with(|first: char| first.is_ascii_alphabetic()) {
        true => format!("{} {symbol} {terms}", comparison.field),
        false => format!("{}{symbol}{terms}", comparison.field),
    }
}

fn of_comparison(
    comparison: &ComparisonNode<'_>,
    list: Option<&List>,
    add: &mut dyn FnMut(&'static str, String),
) {
    let field = comparison.field;
    if field.eq_ignore_ascii_case("cql.allRecords") {
        return;
    }
    if field.eq_ignore_ascii_case("cql.serverChoice") {
        add("no-field", "a term without a field is rejected by the storage modules (400); after `and` or `or`, the field must be repeated: field==(\"a\" or \"b\")".to_owned());
        return;
    }
    if field.ends_with('!') {
        add(
            "not-equal",
            format!("this is a field named `{field}`; not equal is written <>"),
        );
        return;
    }
    let found = list.map(|list| list.field(field));
    if let Some(found) = &found {
        of_field(field, found, comparison, add);
    }
    let evaluation = Evaluation::of(list, field);
    if let Evaluation::Uuid = evaluation {
        return of_uuid(comparison, add);
    }
    modifiers::traps(comparison, evaluation, list, add);
    if let (Evaluation::Index(index), Some(list)) = (evaluation, list)
        && let Some(by) = index.computed_by.as_deref()
        && list.is_computed(field)
    {
        let is_words = is_full_text(comparison.relation);
        let is_equality = matches!(comparison.relation, Relation::Eq | Relation::Ne);
        match by {
            "words" if !is_words => add(
                "no-value",
                format!(
                    "`{field}` exists for the relations of full text only: {field}=\"…\"; this finds nothing"
                ),
            ),
            "equals" if !is_equality => add(
                "no-value",
                format!("`{field}` exists for == and <> only; this finds nothing"),
            ),
            _ => {}
        }
    }
    let type_ = match &found {
        Some(Found::Field(type_)) => Some(type_),
        _ => None,
    };
    for term in comparison.terms {
        if term.len() > 1 && term.starts_with('\'') && term.ends_with('\'') {
            add(
                "apostrophes",
                "the apostrophes are a part of the term: terms are put in quotation marks (\")"
                    .to_owned(),
            );
            continue;
        }
        match comparison.relation {
            _ if is_number(comparison) => {
                if matches!(type_, Some(Value::String(type_)) if type_ != "number" && type_ != "integer")
                {
                    add(
                        "number-values",
                        format!(
                            "`{field}` is text: if the value of a record is not a number, FOLIO rejects the query (400)"
                        ),
                    );
                }
                if !term::is_number(plain(term).trim()) {
                    add(
                        "not-a-number",
                        "with /number the term must be a number (400)".to_owned(),
                    );
                }
            }
            relation if is_full_text(relation) => {
                of_words(comparison, term, type_, add);
            }
            Relation::Eq | Relation::Ne => of_equality(term, evaluation, type_, add),
            _ => of_order(term, type_, add),
        }
        if has(term, '^') {
            add(
                "anchor",
                "`^` is no anchor in FOLIO; as a character of the value it is written \\^"
                    .to_owned(),
            );
        }
    }
}

/// Whether the record has the field.
fn of_field(
    field: &str,
    found: &Found,
    comparison: &ComparisonNode<'_>,
    add: &mut dyn FnMut(&'static str, String),
) {
    match found {
        Found::Missing(near) => {
            let same = near.iter().find(|one| one.eq_ignore_ascii_case(field));
            let near = match (same, near.is_empty()) {
                (Some(one), _) => format!(": names of fields are case-sensitive, it is {one}"),
                (None, true) => String::new(),
                (None, false) => format!("; similar: {}", near.join(", ")),
            };
            add(
                "unknown-field",
                format!(
                    "the record has no field `{field}`, and FOLIO finds nothing, without an error{near}"
                ),
            );
        }
        Found::InList(at) => add(
            "within-list",
            format!(
                "`{at}` is a list, and what is within a list is not reached by dots: compare the text of the list, {at}==\"*…*\", or search its words, {at}=\"…\""
            ),
        ),
        Found::Field(Value::Array(_)) if comparison.relation == Relation::Eq => {
            let whole = comparison
                .terms
                .iter()
                .any(|term| !has(term, '*') && term != "[]" && !term.is_empty());
            if whole {
                add(
                    "list-equality",
                    format!(
                        "`{field}` is a list: `==` compares its JSON text, [\"a\", \"b\"]. An element: {field}==\"*\\\"value\\\"*\""
                    ),
                );
            }
        }
        _ => {}
    }
}

/// A field whose column is a UUID.
fn of_uuid(comparison: &ComparisonNode<'_>, add: &mut dyn FnMut(&'static str, String)) {
    if let Some((name, _)) = comparison.modifiers.first() {
        add(
            "unknown-modifier",
            format!("FOLIO rejects modifiers of UUIDs, such as /{name} (400)"),
        );
    }
    for term in comparison.terms {
        let stars = term.trim_end_matches('*');
        match comparison.relation {
            Relation::Lt | Relation::Le | Relation::Gt | Relation::Ge if !is_uuid(term) => {
                add(
                    "not-a-uuid",
                    "the term must be a complete UUID (400)".to_owned(),
                );
            }
            Relation::Matches | Relation::Eq | Relation::Ne => {
                if stars.contains('*') {
                    add(
                        "truncation",
                        "`*` may stand only at the end of a UUID (400)".to_owned(),
                    );
                } else if term.len() == stars.len() && !term.is_empty() && !is_uuid(term) {
                    add(
                        "not-a-uuid",
                        "the term is not a UUID: nothing is found, without an error".to_owned(),
                    );
                }
            }
            Relation::Lt | Relation::Le | Relation::Gt | Relation::Ge => {}
            _ => add(
                "not-a-uuid",
                format!(
                    "FOLIO rejects `{}` for UUIDs (400)",
                    comparison.relation.symbol()
                ),
            ),
        }
    }
}

/// Full text.
fn of_words(
    comparison: &ComparisonNode<'_>,
    term: &str,
    type_: Option<&Value>,
    add: &mut dyn FnMut(&'static str, String),
) {
    let field = comparison.field;
    if term.is_empty() {
        return;
    }
    if term == "*" {
        add(
            "everything",
            format!(
                "this finds all records, also those without the field; the field is present: {field}=\"\""
            ),
        );
        return;
    }
    if has(term, '?') {
        add(
            "wildcard",
            format!("`?` is rejected in full text (400): use {field}==\"…?…\""),
        );
    }
    let characters = term::characters(term);
    let misplaced = characters.iter().enumerate().any(|(at, one)| {
        let next = characters.get(at + 1);
        *one == ('*', false) && (at == 0 || next.is_some_and(|(next, _)| *next != ' '))
    });
    let is_alone = characters
        .split(|(c, _)| *c == ' ')
        .any(|word| word == [('*', true)]);
    if is_alone {
        add(
            "truncation",
            "a word that is only `\\*` is rejected in full text (400)".to_owned(),
        );
    }
    if misplaced {
        add(
            "truncation",
            format!(
                "in full text `*` may stand only at the end of a word (400): use {field}==\"*…*\""
            ),
        );
    }
    let text = plain(term);
    if !text.contains(|c: char| c.is_alphanumeric()) {
        add(
            "no-words",
            "the term has no letters or digits: full text finds nothing".to_owned(),
        );
        return;
    }
    if matches!(type_, Some(Value::String(type_)) if type_ == "date-time") || is_date(&text) {
        add(
            "date-words",
            format!(
                "a date is compared word by word: write a range, {field}>=\"2026-01-31\" and {field}<\"2026-02-01\""
            ),
        );
    } else if text.contains(['-', '/', '.', '@', '_', ':', '\'']) || is_uuid(&text) {
        add(
            "split-words",
            format!(
                "`{}` compares words, and the term may be several of them, or a part of the value: the whole value is compared by {field}==\"{term}\"",
                comparison.relation.symbol()
            ),
        );
    }
    if matches!(type_, Some(Value::String(type_)) if type_ == "number" || type_ == "integer") {
        add(
            "number-words",
            format!("a number is compared as text: {field}==/number \"{term}\""),
        );
    }
}

/// The whole value.
fn of_equality(
    term: &str,
    evaluation: Evaluation<'_>,
    type_: Option<&Value>,
    add: &mut dyn FnMut(&'static str, String),
) {
    let text = plain(term);
    if let Evaluation::Index(index) = evaluation
        && let Some(first) = index.equals.and_then(|equals| equals.first)
    {
        let length = text.chars().count();
        let begins = term.starts_with('*') && term.len() > 1;
        if begins {
            add(
                "first-characters",
                format!(
                    "only the first {first} characters of the value are compared: a value that is longer does not match a pattern for its end"
                ),
            );
        } else if length > first as usize {
            add(
                "first-characters",
                format!(
                    "the term is longer than {first} characters, the length that the index compares"
                ),
            );
        }
    }
    let is_time = matches!(type_, Some(Value::String(type_)) if type_ == "date-time");
    if (is_time || is_date(&text)) && !has(term, '*') && !text.is_empty() {
        add("date-equality", "a stored point in time has hours, milliseconds and a zone: compare a range, or the beginning (2026-01-31*)".to_owned());
    }
}

/// `<`, `<=`, `>`, `>=`.
fn of_order(term: &str, type_: Option<&Value>, add: &mut dyn FnMut(&'static str, String)) {
    if has(term, '*') || has(term, '?') {
        add(
            "wildcard",
            "wildcards have no meaning here: `*` is compared as `%`, `?` as `_`".to_owned(),
        );
    }
    let text = plain(term);
    let is_of = |names: &[&str]| matches!(type_, Some(Value::String(type_)) if names.contains(&type_.as_str()));
    if is_of(&["number", "integer"]) || type_.is_none() && term::is_number(&text) {
        add(
            "number-order",
            "numbers are compared as text, \"10\" before \"9\": add /number".to_owned(),
        );
    }
    if is_date(&text) {
        let rest = text.get(10..).unwrap_or_default();
        let zone = rest.trim_start_matches(|c: char| c != '+' && c != '-');
        if !zone.is_empty() && !matches!(zone, "+00:00" | "+0000") {
            add(
                "date-zone",
                "dates are compared as text, and FOLIO stores UTC: convert the time to UTC"
                    .to_owned(),
            );
        }
    }
}
