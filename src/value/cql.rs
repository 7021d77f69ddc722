//! Queries in CQL, built so that no value can change their meaning.
//!
//! ```
//! use folio_sdk::cql;
//!
//! let query = cql::field("active").exact(true).and(cql::field("username").exact("o\"neil*")).sort_by("username");
//! assert_eq!(query.to_string(), r#"active=="true" and username=="o\"neil\*" sortBy username"#);
//! ```
//!
//! What is written by somebody else is understood by [`Cql::parse`], or sent as it is ([`raw`]).
//!
//! ```
//! use folio_sdk::{Cql, cql};
//!
//! let query = Cql::parse("status.name == Open and dueDate < 2026-01-01 sortBy dueDate/sort.descending")?;
//! assert_eq!(query, cql::field("status.name").exact("Open").and(cql::field("dueDate").less("2026-01-01")).sort_by_descending("dueDate"));
//! let error = Cql::parse("status.name == (Open or").unwrap_err();
//! assert_eq!(error.position(), 24);
//! # Ok::<(), cql::CqlError>(())
//! ```

mod parse;

use std::fmt;
use std::str::FromStr;

pub use parse::CqlError;

/// A query in CQL, with the order in which the records shall come, if it says one.
///
/// Made by [`field`], [`all`] or [`raw`], by [`parse`](Self::parse), or of text as it is. `Display` gives the text: values are quoted, and
/// what belongs together stands in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cql {
    condition: Condition,
    /// The keys that it sorts by, as they are written.
    sort: Vec<String>,
}

/// What holds of the records that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    All,
    Comparison(Comparison),
    /// The first, joined with the others from left to right: CQL's booleans bind equally. The first is no chain itself.
    Chain(Box<Condition>, Vec<(Boolean, Condition)>),
    /// Text that was not looked into.
    Raw(String),
}

/// A field beside one or several terms, one of which it must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    field: Field,
    relation: Relation,
    /// Terms as they stand between the quotation marks: with escapes and wildcards.
    terms: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boolean {
    And,
    Or,
    Not,
}

/// How a field is compared with a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// `=`: the words of the term stand in the field next to each other; of numbers (with the modifier `number`) equality.
    Words,
    /// `==`: the whole field is the term.
    Exact,
    /// `<>`: it is not.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `adj`: the words stand next to each other.
    Adjacent,
    /// `all`: all words stand in the field.
    All,
    /// `any`: one of the words stands in the field.
    Any,
}

/// All records.
pub fn all() -> Cql {
    Condition::All.into()
}

/// A query as it is written. No value of others belongs into it: use [`field`] for those.
pub fn raw(text: impl AsRef<str>) -> Cql {
    let (condition, sort) = parse::split(text.as_ref());
    Cql {
        condition: match condition {
            "" => Condition::All,
            text if text == ALL => Condition::All,
            text => Condition::Raw(text.to_owned()),
        },
        sort,
    }
}

/// A field to compare, `username` or `personal.lastName`.
pub fn field(name: impl Into<String>) -> Field {
    Field {
        name: name.into(),
        modifiers: Vec::new(),
    }
}

/// A field of a query, with modifiers of how it is compared. Values are text, numbers, booleans, identifiers: whatever has a `Display`.
/// They are quoted and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: String,
    modifiers: Vec<Modifier>,
}

/// `/respectCase`, or `/@lang=en`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Modifier {
    name: String,
    value: Option<(Relation, String)>,
}

impl Field {
    /// Compares as numbers rather than as text (in the storage modules, which keep JSON).
    #[must_use]
    pub fn number(self) -> Self {
        self.modifier("number")
    }

    /// Heeds upper and lower case.
    #[must_use]
    pub fn respect_case(self) -> Self {
        self.modifier("respectCase")
    }

    /// Heeds accents.
    #[must_use]
    pub fn respect_accents(self) -> Self {
        self.modifier("respectAccents")
    }

    /// Any other modifier, `ignoreCase` or `string`, after those given before.
    #[must_use]
    pub fn modifier(mut self, name: impl Into<String>) -> Self {
        self.modifiers.push(Modifier {
            name: name.into(),
            value: None,
        });
        self
    }

    /// A modifier with a value: of a list of objects only those elements count that have it.
    ///
    /// ```
    /// use folio_sdk::cql;
    ///
    /// let isbn = cql::field("identifiers").modifier_with("@identifierTypeId", "8261054f").contains_words("9781587201790");
    /// assert_eq!(isbn.to_string(), r#"identifiers=/@identifierTypeId="8261054f" "9781587201790""#);
    /// ```
    #[must_use]
    pub fn modifier_with(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.modifiers.push(Modifier {
            name: name.into(),
            value: Some((Relation::Words, escaped(&value.to_string()))),
        });
        self
    }

    /// Compares the field with a value by any relation.
    pub fn compare(self, relation: Relation, value: impl fmt::Display) -> Cql {
        self.with(relation, vec![escaped(&value.to_string())])
    }

    /// Compares the field with a pattern: `*` stands for any characters and `?` for one, unless a backslash stands before it. Everything
    /// else means itself. (Full text relations know `*` at the end of words only.)
    ///
    /// ```
    /// use folio_sdk::{cql, cql::Relation};
    ///
    /// assert_eq!(cql::field("barcode").matches(Relation::Exact, "12?4*").to_string(), r#"barcode=="12?4*""#);
    /// ```
    pub fn matches(self, relation: Relation, pattern: impl fmt::Display) -> Cql {
        let pattern = pattern.to_string();
        let mut term = String::with_capacity(pattern.len() + 8);
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            match (character, characters.peek()) {
                ('*' | '?', _) => term.push(character),
                ('\\', Some('*' | '?' | '\\')) => {
                    term.push('\\');
                    term.extend(characters.next());
                }
                _ => push_escaped(&mut term, character),
            }
        }
        self.with(relation, vec![term])
    }

    /// The whole field is the value (`==`). For identifiers and codes always this.
    pub fn exact(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Exact, value)
    }

    /// The field is not the value (`<>`).
    pub fn not_equal(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::NotEqual, value)
    }

    /// The words of the value stand in the field, next to each other (`=`, full text).
    pub fn contains_words(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::Words, words)
    }

    /// All words of the value stand in the field, anywhere (`all`, full text).
    pub fn contains_all_words(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::All, words)
    }

    /// One of the words of the value stands in the field (`any`, full text).
    pub fn contains_any_word(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::Any, words)
    }

    /// The field begins with the value.
    pub fn starts_with(self, value: impl fmt::Display) -> Cql {
        let term = format!("{}*", escaped(&value.to_string()));
        self.with(Relation::Exact, vec![term])
    }

    /// The value stands somewhere in the field.
    pub fn contains(self, value: impl fmt::Display) -> Cql {
        let term = format!("*{}*", escaped(&value.to_string()));
        self.with(Relation::Exact, vec![term])
    }

    /// The field is a list of texts, and one of them is the value (in the storage modules, where the list is searched as JSON text).
    pub fn has_element(self, value: impl fmt::Display) -> Cql {
        // The element as JSON, in its quotation marks: so what is special in JSON is escaped once for JSON and once for CQL.
        let json = serde_json::Value::String(value.to_string()).to_string();
        let term = format!("*{}*", escaped(&json));
        self.with(Relation::Exact, vec![term])
    }

    /// Less than the value.
    pub fn less(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Less, value)
    }

    /// The value or less.
    pub fn at_most(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::AtMost, value)
    }

    /// Greater than the value.
    pub fn greater(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Greater, value)
    }

    /// The value or greater.
    pub fn at_least(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::AtLeast, value)
    }

    /// From one value to another, both included. Dates are compared as the text that is stored: give them in that form, in UTC.
    ///
    /// ```
    /// use folio_sdk::cql;
    ///
    /// let may = cql::field("loanDate").between("2026-05-01", "2026-05-31T23:59:59.999Z");
    /// assert_eq!(may.to_string(), r#"loanDate>="2026-05-01" and loanDate<="2026-05-31T23:59:59.999Z""#);
    /// ```
    pub fn between(self, from: impl fmt::Display, to: impl fmt::Display) -> Cql {
        self.clone().at_least(from).and(self.at_most(to))
    }

    /// The record has the field.
    pub fn is_defined(self) -> Cql {
        self.with(Relation::Words, vec![String::new()])
    }

    /// The field is one of the values; without any, the query finds nothing. A request line has room for about 75 identifiers: for more
    /// there are [`Items::ids`](crate::Items::ids) and [`Items::values`](crate::Items::values).
    pub fn one_of(self, values: impl IntoIterator<Item = impl fmt::Display>) -> Cql {
        let terms: Vec<String> = values
            .into_iter()
            .map(|value| escaped(&value.to_string()))
            .collect();
        if terms.is_empty() {
            // Nothing is there and not there.
            return all().not(all());
        }
        self.with(Relation::Exact, terms)
    }

    fn with(self, relation: Relation, terms: Vec<String>) -> Cql {
        Condition::Comparison(Comparison {
            field: self,
            relation,
            terms,
        })
        .into()
    }
}

/// A field to sort by, with the direction and other modifiers.
///
/// ```
/// use folio_sdk::cql::{self, SortKey};
///
/// let query = cql::all().sort_by(SortKey::new("publicationDate").descending().number()).sort_by("title");
/// assert_eq!(query.to_string(), "cql.allRecords=1 sortBy publicationDate/sort.descending/number title");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey(String);

impl SortKey {
    /// Sorts by a field, the least first.
    pub fn new(field: impl AsRef<str>) -> Self {
        Self(name(field.as_ref()))
    }

    /// The greatest first.
    #[must_use]
    pub fn descending(self) -> Self {
        self.modifier("sort.descending")
    }

    /// Compares as numbers rather than as text.
    #[must_use]
    pub fn number(self) -> Self {
        self.modifier("number")
    }

    /// Any other modifier, `sort.respectCase`.
    #[must_use]
    pub fn modifier(mut self, modifier: impl AsRef<str>) -> Self {
        self.0.push('/');
        self.0.push_str(&name(modifier.as_ref()));
        self
    }
}

impl<T: AsRef<str>> From<T> for SortKey {
    fn from(field: T) -> Self {
        Self::new(field)
    }
}

impl Cql {
    /// Understands a query. Every query that this library writes is understood as it was built.
    ///
    /// # Errors
    /// The text is no CQL, or has what FOLIO's modules do not know (`prox`, prefixes); the error says where.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, CqlError> {
        parse::query(text.as_ref())
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        let other = other.into();
        match (self.is_all(), other.is_all()) {
            (_, true) => Self {
                sort: first(self.sort, other.sort),
                condition: self.condition,
            },
            (true, false) => Self {
                sort: first(self.sort, other.sort),
                condition: other.condition,
            },
            _ => self.join(Boolean::And, other),
        }
    }

    /// One of them holds, or both.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Or, other.into())
    }

    /// The first holds and the other does not. CQL has no `not` of one query: `cql::all().not(…)` says it.
    #[must_use]
    pub fn not(self, other: impl Into<Self>) -> Self {
        self.join(Boolean::Not, other.into())
    }

    /// Sorts by a field, after those given before.
    #[must_use]
    pub fn sort_by(mut self, key: impl Into<SortKey>) -> Self {
        self.sort.push(key.into().0);
        self
    }

    /// Sorts by a field, the greatest first, after those given before.
    #[must_use]
    pub fn sort_by_descending(self, field: impl AsRef<str>) -> Self {
        self.sort_by(SortKey::new(field).descending())
    }

    fn join(self, boolean: Boolean, other: Self) -> Self {
        Self {
            sort: first(self.sort, other.sort),
            condition: self.condition.join(boolean, other.condition),
        }
    }

    /// Whether it asks for all records.
    pub fn is_all(&self) -> bool {
        self.condition == Condition::All
    }

    /// The same records, in whatever order.
    pub(crate) fn unsorted(self) -> Self {
        self.condition.into()
    }

    /// Whether it says in which order the records shall come.
    pub(crate) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// Whether a field is one of those that it sorts by.
    pub(crate) fn sorts_by(&self, field: &str) -> bool {
        self.sort.iter().any(|key| {
            let written = key.split('/').next().unwrap_or_default();
            written.trim_matches('"') == field
        })
    }

    /// The records whose `key` is greater than `after`, and at most `until`. The bounds stand first and the query in parentheses: `and` and
    /// `or` bind equally.
    pub(crate) fn within(&self, key: &str, after: Option<&str>, until: Option<&str>) -> Self {
        let bounds = all()
            .and(after.map_or_else(all, |after| field(key).greater(after)))
            .and(until.map_or_else(all, |until| field(key).at_most(until)));
        Self {
            condition: bounds.and(Self::from(self.condition.clone())).condition,
            sort: self.sort.clone(),
        }
    }

    /// What makes it impossible to put text of the caller in parentheses.
    pub(crate) fn problem(&self) -> Option<CqlError> {
        self.condition.problem()
    }
}

/// The order of the one that has one.
fn first(sort: Vec<String>, other: Vec<String>) -> Vec<String> {
    if sort.is_empty() { other } else { sort }
}

impl Condition {
    fn join(self, boolean: Boolean, other: Self) -> Self {
        match self {
            Self::Chain(first, mut rest) => {
                rest.push((boolean, other));
                Self::Chain(first, rest)
            }
            first => Self::Chain(Box::new(first), vec![(boolean, other)]),
        }
    }

    fn problem(&self) -> Option<CqlError> {
        match self {
            Self::Raw(text) => parse::unbalanced(text),
            Self::Chain(first, rest) => first
                .problem()
                .or_else(|| rest.iter().find_map(|(_, condition)| condition.problem())),
            Self::All | Self::Comparison(_) => None,
        }
    }
}

impl From<Condition> for Cql {
    fn from(condition: Condition) -> Self {
        Self {
            condition,
            sort: Vec::new(),
        }
    }
}

/// The query of all records that every module understands.
const ALL: &str = "cql.allRecords=1";

/// How many changes from one boolean to another are made plain by parentheses. More would be nested too deeply for servers.
const PLAIN: usize = 50;

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
        // `a or b and c` means `(a or b) and c`. Few readers know that.
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

impl Condition {
    /// As part of a chain.
    fn part(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All | Self::Comparison(_) => write!(out, "{self}"),
            Self::Chain(..) | Self::Raw(_) => write!(out, "({self})"),
        }
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
    fn symbol(self) -> &'static str {
        match self {
            Self::Words => "=",
            Self::Exact => "==",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
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

impl FromStr for Cql {
    type Err = CqlError;

    /// Understands a query, see [`Cql::parse`].
    fn from_str(text: &str) -> Result<Self, CqlError> {
        Self::parse(text)
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

/// Words that mean something in a query and are quoted as names.
const RESERVED: [&str; 8] = ["and", "or", "not", "prox", "sortby", "all", "any", "adj"];

/// A name that is no plain name is quoted, so that it cannot be more than a name.
fn name(text: &str) -> String {
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
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        push_escaped(&mut text, character);
    }
    text
}

/// Exactly these five mean something there.
fn push_escaped(text: &mut String, character: char) {
    if matches!(character, '\\' | '*' | '?' | '^' | '"') {
        text.push('\\');
    }
    text.push(character);
}
