//! Queries in CQL, built so that no value can change their meaning.
//!
//! ```
//! use folio_sdk::cql;
//!
//! let query = cql::field("active").exact(true).and(cql::field("username").exact("o\"neil*")).sort_by("username");
//! assert_eq!(query.to_string(), r#"active=="true" and username=="o\"neil\*" sortBy username"#);
//! ```

use std::fmt;
use std::fmt::Write as _;

/// A query in CQL, with the order in which the records shall come, if it says one.
///
/// Made by [`field`], [`all`] or [`raw`], or of text as it is. `Display` gives the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cql {
    /// Empty for all records.
    condition: String,
    /// Whether it needs parentheses to be part of another. CQL's `and`, `or` and `not` bind equally, from left to right.
    compound: bool,
    sort: Option<String>,
}

/// All records.
pub fn all() -> Cql {
    Cql {
        condition: String::new(),
        compound: false,
        sort: None,
    }
}

/// A query as it is written. No value of others belongs into it: use [`field`] for those.
pub fn raw(text: impl AsRef<str>) -> Cql {
    let (condition, sort) = split(text.as_ref());
    Cql {
        condition: condition.to_owned(),
        compound: true,
        sort: sort.map(str::to_owned),
    }
}

/// A field to compare, `username` or `personal.lastName`.
pub fn field(name: impl Into<String>) -> Field {
    Field {
        name: name.into(),
        modifier: "",
    }
}

/// A field of a query. Values are text, numbers, booleans, identifiers: whatever has a `Display`. They are quoted and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: String,
    modifier: &'static str,
}

impl Field {
    /// Compares as numbers rather than as text (in the storage modules, which keep JSON).
    #[must_use]
    pub fn number(self) -> Self {
        Self {
            modifier: "/number ",
            ..self
        }
    }

    /// Heeds upper and lower case.
    #[must_use]
    pub fn respect_case(self) -> Self {
        Self {
            modifier: "/respectCase ",
            ..self
        }
    }

    /// The whole field is the value (`==`). For identifiers and codes always this.
    pub fn exact(self, value: impl fmt::Display) -> Cql {
        self.compare("==", &escaped(&value.to_string()))
    }

    /// The field is not the value (`<>`).
    pub fn not_equal(self, value: impl fmt::Display) -> Cql {
        self.compare("<>", &escaped(&value.to_string()))
    }

    /// The words of the value stand in the field, next to each other (`=`, full text).
    pub fn contains_words(self, words: impl fmt::Display) -> Cql {
        self.compare("=", &escaped(&words.to_string()))
    }

    /// All words of the value stand in the field, anywhere (`all`, full text).
    pub fn contains_all_words(self, words: impl fmt::Display) -> Cql {
        self.compare(" all ", &escaped(&words.to_string()))
    }

    /// One of the words of the value stands in the field (`any`, full text).
    pub fn contains_any_word(self, words: impl fmt::Display) -> Cql {
        self.compare(" any ", &escaped(&words.to_string()))
    }

    /// The field begins with the value.
    pub fn starts_with(self, value: impl fmt::Display) -> Cql {
        self.compare("==", &format!("{}*", escaped(&value.to_string())))
    }

    /// The value stands somewhere in the field.
    pub fn contains(self, value: impl fmt::Display) -> Cql {
        self.compare("==", &format!("*{}*", escaped(&value.to_string())))
    }

    /// The field is a list of texts, and one of them is the value (in the storage modules, where the list is searched as JSON text).
    pub fn has_element(self, value: impl fmt::Display) -> Cql {
        // Within the JSON text a quote and a backslash are escaped already.
        let json = value.to_string().replace('\\', "\\\\").replace('"', "\\\"");
        self.compare("==", &format!("*\\\"{}\\\"*", escaped(&json)))
    }

    /// Less than the value.
    pub fn less(self, value: impl fmt::Display) -> Cql {
        self.compare("<", &escaped(&value.to_string()))
    }

    /// The value or less.
    pub fn at_most(self, value: impl fmt::Display) -> Cql {
        self.compare("<=", &escaped(&value.to_string()))
    }

    /// Greater than the value.
    pub fn greater(self, value: impl fmt::Display) -> Cql {
        self.compare(">", &escaped(&value.to_string()))
    }

    /// The value or greater.
    pub fn at_least(self, value: impl fmt::Display) -> Cql {
        self.compare(">=", &escaped(&value.to_string()))
    }

    /// The record has the field.
    pub fn is_defined(self) -> Cql {
        self.compare("=", "")
    }

    /// The field is one of the values; without any, the query finds nothing. A URL has room for about 90 identifiers.
    pub fn one_of(self, values: impl IntoIterator<Item = impl fmt::Display>) -> Cql {
        let terms: Vec<String> = values
            .into_iter()
            .map(|value| format!("\"{}\"", escaped(&value.to_string())))
            .collect();
        if terms.is_empty() {
            // Nothing is there and not there.
            return all().not(all());
        }
        let condition = format!(
            "{}=={}({})",
            self.index(),
            self.modifier,
            terms.join(" or ")
        );
        Cql {
            condition,
            compound: false,
            sort: None,
        }
    }

    fn compare(self, relation: &str, term: &str) -> Cql {
        let relation = match relation.strip_suffix(' ') {
            Some(word) if !self.modifier.is_empty() => word,
            _ => relation,
        };
        Cql {
            condition: format!("{}{relation}{}\"{term}\"", self.index(), self.modifier),
            compound: false,
            sort: None,
        }
    }

    /// A name that is no plain name is quoted, so that it cannot be more than a name.
    fn index(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let reserved = ["and", "or", "not", "prox", "sortby"]
            .iter()
            .any(|word| self.name.eq_ignore_ascii_case(word));
        if !self.name.is_empty() && self.name.bytes().all(plain) && !reserved {
            self.name.clone()
        } else {
            format!("\"{}\"", escaped(&self.name))
        }
    }
}

impl Cql {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        match (self.is_all(), other.is_all()) {
            (_, true) => Self {
                sort: self.sort.or(other.sort),
                ..self
            },
            (true, false) => Self {
                sort: self.sort.or(other.sort),
                ..other
            },
            _ => self.join("and", other),
        }
    }

    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.join("or", other.into())
    }

    /// The first holds and the other does not. CQL has no `not` of one query: `cql::all().not(…)` says it.
    #[must_use]
    pub fn not(self, other: impl Into<Self>) -> Self {
        self.join("not", other.into())
    }

    /// Sorts by a field, after those given before.
    #[must_use]
    pub fn sort_by(self, field: impl AsRef<str>) -> Self {
        self.sorted(field.as_ref(), "")
    }

    /// Sorts by a field, the greatest first.
    #[must_use]
    pub fn sort_by_descending(self, field: impl AsRef<str>) -> Self {
        self.sorted(field.as_ref(), "/sort.descending")
    }

    fn sorted(mut self, name: &str, modifier: &str) -> Self {
        let key = format!("{}{modifier}", field(name).index());
        self.sort = Some(match self.sort {
            Some(sort) => format!("{sort} {key}"),
            None => key,
        });
        self
    }

    fn join(self, word: &str, other: Self) -> Self {
        let sort = self.sort.clone().or_else(|| other.sort.clone());
        // Left to right: what stands on the left needs parentheses only if it is a text that we have not made; that is cheap to give always.
        Self {
            condition: format!("{} {word} {}", self.part(), other.part()),
            compound: true,
            sort,
        }
    }

    fn part(&self) -> String {
        if self.is_all() {
            ALL.to_owned()
        } else if self.compound {
            format!("({})", self.condition)
        } else {
            self.condition.clone()
        }
    }

    /// Whether it asks for all records.
    fn is_all(&self) -> bool {
        self.condition.is_empty() || self.condition == ALL
    }

    /// The fields that it sorts by, as they are written.
    pub(crate) fn order(&self) -> Option<&str> {
        self.sort.as_deref()
    }

    /// The same records in another order.
    pub(crate) fn ordered(self, sort: impl Into<String>) -> Self {
        Self {
            sort: Some(sort.into()),
            ..self
        }
    }

    /// The records whose `key` is greater than `last`. The key stands first and the query in parentheses: `and` and `or` bind equally.
    pub(crate) fn after(&self, key: &str, last: &str) -> Self {
        let mut next = field(key).greater(last);
        if !self.is_all() {
            let _ = write!(next.condition, " and ({})", self.condition);
            next.compound = true;
        }
        Self {
            sort: self.sort.clone(),
            ..next
        }
    }
}

/// The query of all records that every module understands.
const ALL: &str = "cql.allRecords=1";

impl fmt::Display for Cql {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.condition.is_empty() {
            ALL
        } else {
            &self.condition
        })?;
        match &self.sort {
            Some(sort) => write!(out, " sortBy {sort}"),
            None => Ok(()),
        }
    }
}

impl From<&str> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: &str) -> Self {
        raw(text)
    }
}

impl From<String> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: String) -> Self {
        raw(text)
    }
}

impl From<&String> for Cql {
    /// The text as it is, see [`raw`].
    fn from(text: &String) -> Self {
        raw(text)
    }
}

/// Escapes a value for a quoted term: exactly the five characters that mean something there.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        if matches!(character, '\\' | '*' | '?' | '^' | '"') {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

/// The condition of a query and the fields that it sorts by. `sortBy` counts in any case, where it stands as a word outside of quotes.
fn split(text: &str) -> (&str, Option<&str>) {
    let mut start = 0;
    while let Some((begin, end)) = word(text, start) {
        if text
            .get(begin..end)
            .is_some_and(|word| word.eq_ignore_ascii_case("sortby"))
        {
            let (condition, sort) = (
                text.get(..begin).unwrap_or_default().trim(),
                text.get(end..).unwrap_or_default().trim(),
            );
            return (condition, (!sort.is_empty()).then_some(sort));
        }
        start = end;
    }
    (text.trim(), None)
}

/// The next word of a query from `start` on: a quoted text, a sign, or what stands between them.
fn word(text: &str, start: usize) -> Option<(usize, usize)> {
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '/' | '(' | ')');
    let rest = text.get(start..)?;
    let begin = start + rest.find(|c: char| !c.is_whitespace())?;
    let rest = text.get(begin..)?;
    let first = rest.chars().next()?;
    let length = if first == '"' {
        let mut escaped = false;
        let close = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        close.map_or(rest.len(), |(at, _)| at + 1)
    } else if is_sign(first) {
        first.len_utf8()
    } else {
        rest.find(|c: char| c.is_whitespace() || c == '"' || is_sign(c))
            .unwrap_or(rest.len())
    };
    Some((begin, begin + length))
}
