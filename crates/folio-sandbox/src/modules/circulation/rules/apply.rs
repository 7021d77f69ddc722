//! The policies that the rules select for an item and a patron.

use crate::modules::circulation::rules::parser::Rules;
use crate::modules::circulation::rules::{Criterion, CriterionIds, Part, Policies, Priority};

/// The parameters of a lookup.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    pub(crate) material_type: Option<String>,
    pub(crate) loan_type: Option<String>,
    pub(crate) patron_group: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) library: Option<String>,
    pub(crate) campus: Option<String>,
    pub(crate) institution: Option<String>,
}

/// A rule that fits.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub(crate) policies: Policies,
    salience: usize,
    letters: Vec<char>,
}

impl Match {
    pub(crate) fn looks_at(&self, letter: char) -> bool {
        self.letters.contains(&letter)
    }
}

impl Question {
    fn value(&self, letter: char) -> Option<&str> {
        match letter {
            't' => &self.loan_type,
            'a' => &self.institution,
            'b' => &self.campus,
            'c' => &self.library,
            's' => &self.location,
            'm' => &self.material_type,
            _ => &self.patron_group,
        }
        .as_deref()
    }

    fn fulfils(&self, criterion: &Criterion) -> bool {
        let Some(value) = self.value(criterion.letter) else {
            return false;
        };
        match &criterion.names {
            CriterionIds::All => true,
            CriterionIds::In(names) => names.iter().any(|name| name == value),
            CriterionIds::NotIn(names) => names.iter().all(|name| name != value),
        }
    }
}

/// The rules that fit, the one that decides first.
pub(crate) fn matches(rules: &Rules, question: &Question) -> Vec<Match> {
    let mut order = vec![Priority::FirstLine];
    let mut weights: Vec<(char, usize)> = Vec::new();
    // Statements above the current one that it is indented below: their criteria count too.
    let mut above: Vec<(usize, &[Criterion])> = Vec::new();
    let mut found = Vec::new();
    for part in &rules.parts {
        let (policies, own) = match part {
            Part::Letters(letters) => {
                weights = letters
                    .0
                    .iter()
                    .enumerate()
                    .map(|(place, (letter, _, _))| (*letter, 7 - place.min(7)))
                    .collect();
                continue;
            }
            Part::Priorities(given, _, _) => {
                order.clone_from(given);
                continue;
            }
            Part::Fallback(policies, _, _) => {
                above.clear();
                (policies, None)
            }
            Part::Statement(statement) => {
                above.retain(|(indentation, _)| *indentation < statement.indentation);
                above.push((statement.indentation, &statement.criteria));
                let Some(policies) = &statement.policies else {
                    continue;
                };
                (policies, Some(()))
            }
        };
        let criteria: Vec<&Criterion> = match own {
            Some(()) => above
                .iter()
                .flat_map(|(_, criteria)| criteria.iter())
                .collect(),
            None => Vec::new(),
        };
        if !criteria.iter().all(|criterion| question.fulfils(criterion)) {
            continue;
        }
        let mut used: Vec<char> = criteria
            .iter()
            // All location criteria count as one.
            .map(|criterion| match criterion.letter {
                'b' | 'c' | 's' => 'a',
                other => other,
            })
            .collect();
        used.sort_unstable();
        used.dedup();
        let heaviest = criteria
            .iter()
            .filter_map(|criterion| {
                let known = weights
                    .iter()
                    .find(|(letter, _)| *letter == criterion.letter);
                known.map(|(_, weight)| *weight)
            })
            .max()
            .unwrap_or(0);
        let weight = |priority: Option<&Priority>| match priority {
            Some(Priority::Criterium) => heaviest,
            Some(Priority::Criteria) => used.len(),
            _ => 0,
        };
        let by_line = if order.last() == Some(&Priority::FirstLine) {
            10_000_000_usize.saturating_sub(policies.line)
        } else {
            policies.line
        };
        let before: Vec<&Priority> = order.iter().take(order.len() - 1).collect();
        let second = before.last().copied();
        let first = (before.len() == 2)
            .then(|| before.first().copied())
            .flatten();
        found.push(Match {
            policies: policies.clone(),
            salience: by_line + weight(second) * 10_000_000 + weight(first) * 100_000_000,
            letters: criteria.iter().map(|criterion| criterion.letter).collect(),
        });
    }
    found.sort_by_key(|rule| std::cmp::Reverse(rule.salience));
    found
}

#[cfg(test)]
mod tests {
    use super::{Question, matches};
    use crate::modules::circulation::rules::RuleError;
    use crate::modules::circulation::rules::parser::parse;

    const FALLBACK: &str = "fallback-policy: l l0 r r0 n n0 o o0 i i0";

    fn wrong(text: &str) -> (String, usize, usize) {
        let known = |_: char, id: &str| !id.starts_with("no-");
        match parse(text, &known) {
            Err(RuleError {
                message,
                line,
                column,
            }) => (message, line, column),
            Ok(rules) => (format!("{rules:?}"), 0, 0),
        }
    }

    fn loan(text: &str, question: &Question) -> String {
        let rules = parse(text, &|_, _| true).unwrap_or_default();
        matches(&rules, question)
            .first()
            .and_then(|rule| rule.policies.of('l').next().map(str::to_owned))
            .unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, message, line, column) in [
            // The first three are recorded.
            (
                "foo bar".to_owned(),
                "mismatched input 'foo' expecting {'priority', NEWLINE}",
                1,
                1,
            ),
            (
                "1".to_owned(),
                "extraneous input '1' expecting {'priority', NEWLINE}",
                1,
                1,
            ),
            (
                "priority: t, s, c, b, a, m, g\nm 30b3e36a: l d9cd0bed".to_owned(),
                "extraneous input 'm' expecting {'fallback-policy', NEWLINE}",
                2,
                1,
            ),
            // The others follow from the grammar.
            (
                format!("priority: last-line\n{FALLBACK}\nm x: l no-1 r r0 n n0 o o0 i i0"),
                "The policy l does not exist",
                3,
                3,
            ),
            (
                format!("priority: last-line\n{FALLBACK}\nm x: l a1 r b1 n c1 o d1"),
                "Must contain one of each policy type, missing type i",
                3,
                3,
            ),
            (
                format!("priority: last-line\n{FALLBACK}\nm x"),
                "Policy missing",
                3,
                1,
            ),
            (
                format!("priority: last-line\n{FALLBACK}\nm : l a1"),
                "Name missing.",
                3,
                3,
            ),
            (
                "priority: t, s, c, b, a, m\nfallback-policy: l a1".to_owned(),
                "7 letters expected, found only 6",
                1,
                11,
            ),
            (
                "priority: t, s, c, b, a, m, t\nfallback-policy: l a1".to_owned(),
                "Duplicate letter t",
                1,
                29,
            ),
            (
                "priority: last-line\nfallback-policy: l a1".to_owned(),
                "Must have a fallback policy of type r",
                2,
                0,
            ),
            (
                "priority: last-line\nfallback-policy:".to_owned(),
                "Policy missing after ':'",
                2,
                17,
            ),
            (
                "priority foo".to_owned(),
                "no viable alternative at input 'priority foo'",
                1,
                10,
            ),
            (
                format!("priority: last-line\n{FALLBACK}\nm aa !bb: l a1"),
                "A '!' must precede each name or no name.",
                3,
                7,
            ),
            (
                "priority:\tlast-line".to_owned(),
                "Tabulator character is not allowed, use spaces instead.",
                1,
                11,
            ),
        ] {
            assert_eq!(wrong(&text), (message.to_owned(), line, column), "{text}");
        }
    }

    #[test]
    fn the_rule_of_the_highest_priority_decides() {
        let question = Question {
            material_type: Some("book".to_owned()),
            patron_group: Some("staff".to_owned()),
            location: Some("stacks".to_owned()),
            ..Question::default()
        };
        let rule =
            |criteria: &str, policy: &str| format!("{criteria}: l {policy} r r0 n n0 o o0 i i0\n");
        let text = format!(
            "priority: number-of-criteria, criterium (t, s, c, b, a, m, g), last-line\n{FALLBACK}\n{}{}{}{}",
            rule("m book", "by-material"),
            rule("m book + g staff", "by-both"),
            rule("s stacks", "by-location"),
            rule("m dvd + g staff + s stacks", "of-others"),
        );
        assert_eq!(loan(&text, &question), "by-both");
        let text = format!(
            "priority: criterium (t, s, c, b, a, m, g), number-of-criteria, last-line\n{FALLBACK}\n{}{}",
            rule("m book + g staff", "by-both"),
            rule("s stacks", "by-location"),
        );
        assert_eq!(loan(&text, &question), "by-location");
        let text = format!(
            "priority: last-line\n{FALLBACK}\ng staff\n    m !dvd !map: l nested r r0 n n0 o o0 i i0\n    m all: l last r r0 n n0 o o0 i i0\n# a comment\n{}",
            rule("g visitor", "of-others"),
        );
        assert_eq!(loan(&text, &question), "last");
        assert_eq!(loan(&text, &Question::default()), "l0");
        let text = format!(
            "priority: first-line\n{}{FALLBACK}\n",
            rule("m book", "first")
        );
        assert_eq!(loan(&text, &question), "first");
    }
}
