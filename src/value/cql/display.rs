//! Queries as text.

use super::token::{CqlError, unbalanced};
use super::types::{Boolean, Comparison, Condition, Cql, PLAIN, Relation};
use std::fmt;

impl Condition {
    pub(super) fn join(self, boolean: Boolean, other: Self) -> Self {
        match self {
            Self::Chain(first, mut rest) => {
                rest.push((boolean, other));
                Self::Chain(first, rest)
            }
            first => Self::Chain(Box::new(first), vec![(boolean, other)]),
        }
    }

    pub(super) fn problem(&self) -> Option<CqlError> {
        match self {
            Self::Raw(text) => unbalanced(text),
            Self::Chain(first, rest) => first
                .problem()
                .or_else(|| rest.iter().find_map(|(_, condition)| condition.problem())),
            Self::All | Self::Comparison(_) => None,
        }
    }
}

/// The query for all records that every module understands.
pub(super) const ALL: &str = "cql.allRecords=1";

impl fmt::Display for Cql {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.condition)?;
        if !self.sort.is_empty() {
            out.write_str(" sortBy")?;
        }
        self.sort.iter().try_for_each(|key| write!(out, " {key}"))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, rest) = match self {
            Self::All => return out.write_str(ALL),
            Self::Comparison(comparison) => return write!(out, "{comparison}"),
            Self::Raw(text) => return out.write_str(text),
            Self::Chain(first, rest) => (first, rest),
        };
        // `a or b and c` means `(a or b) and c`, which few readers know.
        let changes = |at: usize| rest.get(at + 1).is_some_and(|next| next.0 != rest[at].0);
        let count = (0..rest.len()).filter(|at| changes(*at)).count();
        let plain = count <= PLAIN;
        if plain {
            out.write_str(&"(".repeat(count))?;
        }
        first.part(out)?;
        for (at, (boolean, condition)) in rest.iter().enumerate() {
            write!(out, " {boolean} ")?;
            condition.part(out)?;
            if plain && changes(at) {
                out.write_str(")")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&name(&self.field.name))?;
        let symbol = self.relation.symbol();
        let is_word = symbol.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_word {
            out.write_str(" ")?;
        }
        out.write_str(symbol)?;
        for modifier in &self.field.modifiers {
            write!(out, "/{}", name(&modifier.name))?;
            if let Some((relation, value)) = &modifier.value {
                write!(out, "{}\"{value}\"", relation.symbol())?;
            }
        }
        if is_word || !self.field.modifiers.is_empty() {
            out.write_str(" ")?;
        }
        match &self.terms[..] {
            [term] => write!(out, "\"{term}\""),
            terms => {
                for (at, term) in terms.iter().enumerate() {
                    let before = if at == 0 { "(" } else { " or " };
                    write!(out, "{before}\"{term}\"")?;
                }
                out.write_str(")")
            }
        }
    }
}

impl Relation {
    /// The relation as it is written: `==`, `any`.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Matches => "=",
            Self::Eq => "==",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Adjacent => "adj",
            Self::All => "all",
            Self::Any => "any",
        }
    }
}

impl fmt::Display for Boolean {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
        })
    }
}

/// Reserved words, which are quoted when used as names.
const RESERVED: [&str; 8] = ["and", "or", "not", "prox", "sortby", "all", "any", "adj"];

/// Quotes a name that is not a plain name, so that it cannot be anything but a name.
pub(super) fn name(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@');
    let reserved = RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word));
    if !text.is_empty() && text.bytes().all(plain) && !reserved {
        text.to_owned()
    } else {
        format!("\"{}\"", escaped(text))
    }
}

/// Escapes a value for a quoted term.
pub(super) fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        push_escaped(&mut text, character);
    }
    text
}

/// Exactly these five characters are special there.
pub(super) fn push_escaped(text: &mut String, character: char) {
    if matches!(character, '\\' | '*' | '?' | '^' | '"') {
        text.push('\\');
    }
    text.push(character);
}
