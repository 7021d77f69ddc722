//! The circulation rules: their text, its errors, and the policies that it selects.

pub(crate) mod apply;
mod check;
pub(crate) mod cursor;
pub(crate) mod lexer;
pub(crate) mod parser;
pub(crate) mod routes;

/// The error in the text of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleError {
    pub(crate) message: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The policies of a rule, by their letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    /// Letter and id, in their order.
    pub(crate) given: Vec<(char, String)>,
    /// Line and column of the colon, counted from 1 and from 0.
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Policies {
    pub(crate) fn of(&self, letter: char) -> impl Iterator<Item = &str> {
        self.given
            .iter()
            .filter(move |(own, _)| *own == letter)
            .map(|(_, id)| id.as_str())
    }
}

/// A criterion: one of the letters `tabcsmg` with ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    pub(crate) letter: char,
    pub(crate) names: CriterionIds,
}

/// The ids of a criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CriterionIds {
    All,
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// A line of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) indentation: usize,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) policies: Option<Policies>,
    /// Where it starts, and whether others are indented below it.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) is_block: bool,
}

/// The tie-breakers between matching rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    FirstLine,
    LastLine,
    Criteria,
    Criterium,
}

/// Letters in the order of their weight, and their positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letters(pub(crate) Vec<(char, usize, usize)>);

/// A part of the rules that is checked when the text as a whole has been understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Letters(Letters),
    /// Priorities of criteria, with the place of the second one.
    Priorities(Vec<Priority>, usize, usize),
    Statement(Statement),
    /// Policies, with the place of the word.
    Fallback(Policies, usize, usize),
}
