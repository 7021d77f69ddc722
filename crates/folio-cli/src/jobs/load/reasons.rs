//! The reasons of failures, grouped: messages that differ only in their values are one reason.

use std::collections::HashMap;

use serde::Serialize;

use super::failed::Failure;

/// The maximum number of distinct reasons.
const MOST: usize = 100;

/// The reason of all others.
const OTHER: &str = "other reasons";

/// A reason, and the failures because of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Reason {
    pub(crate) count: u64,
    pub(crate) reason: String,
    /// The line of the first record.
    pub(crate) first_line: u64,
}

/// The reasons of failures.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    reasons: HashMap<String, Reason>,
}

impl Reasons {
    pub(crate) fn add(&mut self, failure: &Failure) {
        let mut general = generalised(&failure.message);
        if self.reasons.len() >= MOST && !self.reasons.contains_key(&general) {
            OTHER.clone_into(&mut general);
        }
        let reason = match general == OTHER {
            true => OTHER.to_owned(),
            false => failure.message.clone(),
        };
        let first_line = failure.line;
        let known = self.reasons.entry(general).or_insert_with(|| Reason {
            count: 0,
            reason,
            first_line,
        });
        known.count += 1;
        known.first_line = known.first_line.min(first_line);
    }

    /// The most frequent ones first.
    pub(crate) fn sorted(&self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.reasons.values().cloned().collect();
        reasons.sort_by_key(|reason| (u64::MAX - reason.count, reason.first_line));
        reasons
    }
}

/// A message without its values: quoted text, and words with digits such as ids.
fn generalised(message: &str) -> String {
    let mut general = String::with_capacity(message.len());
    let mut quoted = None;
    let mut word = String::new();
    for character in message.chars() {
        if let Some(end) = quoted {
            if character == end {
                quoted = None;
            }
            continue;
        }
        if character.is_alphanumeric() || character == '-' || character == '_' {
            word.push(character);
            continue;
        }
        end_of_word(&mut word, &mut general);
        general.push(character);
        if matches!(character, '"' | '`') {
            quoted = Some(character);
        }
    }
    end_of_word(&mut word, &mut general);
    general
}

fn end_of_word(word: &mut String, general: &mut String) {
    match word.chars().any(|character| character.is_ascii_digit()) {
        true => general.push('#'),
        false => general.push_str(word),
    }
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_values_are_one_reason() {
        let mut reasons = Reasons::default();
        let mut add = |line: u64, message: &str| {
            reasons.add(&Failure {
                line,
                status: None,
                message: message.to_owned(),
                outcome_unknown: false,
            });
        };
        add(7, "id 3684a786-6671-4268-8ed0-9db82ebca60b exists");
        add(3, "id 9684a786-6671-4268-8ed0-9db82ebca60b exists");
        add(9, "value \"b\" of barcode");
        add(10, "value \"c\" of barcode");
        add(11, "value \"d\" of barcode");
        add(12, "value \"d\" of hrid");
        let sorted = reasons.sorted();
        let counts: Vec<(u64, u64)> = sorted
            .iter()
            .map(|reason| (reason.count, reason.first_line))
            .collect();
        assert_eq!(counts, [(3, 9), (2, 3), (1, 12)]);
        assert_eq!(sorted[0].reason, "value \"b\" of barcode");
    }
}
