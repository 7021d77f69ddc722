//! Semantic errors in rules with a valid grammar.

use std::collections::BTreeSet;

use crate::modules::circulation::rules::{Letters, Part, Policies, RuleError};

/// The letters of the policies that a statement has to name.
const POLICY_TYPES: [char; 5] = ['l', 'r', 'n', 'o', 'i'];

pub(super) fn check(part: &Part, exists: &dyn Fn(char, &str) -> bool) -> Result<(), RuleError> {
    let wrong = |message: String, line: usize, column: usize| {
        Err(RuleError {
            message,
            line,
            column,
        })
    };
    match part {
        Part::Letters(Letters(letters)) => {
            let (_, line, column) = letters.first().copied().unwrap_or_default();
            let count = letters.len();
            if count < 7 {
                return wrong(
                    format!("7 letters expected, found only {count}"),
                    line,
                    column + 1,
                );
            }
            if count > 7 {
                return wrong(
                    format!("Only 7 letters expected, found {count}"),
                    line,
                    column + 1,
                );
            }
            let mut seen = BTreeSet::new();
            for (letter, line, column) in letters {
                if !seen.insert(letter) {
                    return wrong(format!("Duplicate letter {letter}"), *line, column + 1);
                }
            }
            Ok(())
        }
        Part::Priorities(order, line, column) => {
            if order.len() == 3 && order.first() == order.get(1) {
                return wrong("Duplicate priority type".to_owned(), *line, column + 1);
            }
            Ok(())
        }
        Part::Statement(statement) => match &statement.policies {
            Some(policies) => check_policies(policies, exists),
            None if statement.is_block => Ok(()),
            None => wrong(
                "Policy missing".to_owned(),
                statement.line,
                statement.column + 1,
            ),
        },
        Part::Fallback(policies, line, column) => {
            for letter in POLICY_TYPES {
                let message = match policies.of(letter).count() {
                    0 => format!("Must have a fallback policy of type {letter}"),
                    1 => continue,
                    _ => format!("Only one fallback policy of type {letter} is allowed"),
                };
                return wrong(message, *line, *column);
            }
            check_policies(policies, exists)
        }
    }
}

fn check_policies(
    policies: &Policies,
    exists: &dyn Fn(char, &str) -> bool,
) -> Result<(), RuleError> {
    for letter in POLICY_TYPES {
        let ids: Vec<&str> = policies.of(letter).collect();
        let message = match ids.as_slice() {
            [] => format!("Must contain one of each policy type, missing type {letter}"),
            [id] if exists(letter, id) => continue,
            [_] => format!("The policy {letter} does not exist"),
            _ => format!("Only one policy of type {letter} allowed"),
        };
        return Err(RuleError {
            message,
            line: policies.line,
            column: policies.column,
        });
    }
    Ok(())
}
