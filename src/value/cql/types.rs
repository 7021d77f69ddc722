//! A query as a value.

/// A query in CQL, with the order in which the records shall come, if it says one.
///
/// Made by [`field`](crate::cql::field), [`all`] or [`raw`](crate::cql::raw), by
/// [`parse`](Self::parse), or of text as it is. `Display` gives the text: values are quoted, and
/// what belongs together stands in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cql {
    pub(super) condition: Condition,
    /// The keys that it sorts by, as they are written.
    pub(super) sort: Vec<String>,
}

/// What holds of the records that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    All,
    Comparison(Comparison),
    /// The first, joined with the others from left to right: CQL's booleans bind equally. The first
    /// is no chain itself.
    Chain(Box<Condition>, Vec<(Boolean, Condition)>),
    /// Text that was not looked into.
    Raw(String),
}

/// A field beside one or several terms, one of which it must fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) field: Field,
    pub(super) relation: Relation,
    /// Terms as they stand between the quotation marks: with escapes and wildcards.
    pub(super) terms: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boolean {
    And,
    Or,
    Not,
}

/// How a field is compared with a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// `=`: the words of the term stand in the field next to each other; of numbers (with the
    /// modifier `number`) equality.
    Matches,
    /// `==`: the whole field is the term.
    Eq,
    /// `<>`: it is not.
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `adj`: the words stand next to each other.
    Adjacent,
    /// `all`: all words stand in the field.
    All,
    /// `any`: one of the words stands in the field.
    Any,
}

/// A field of a query, with modifiers of how it is compared. Values are text, numbers, booleans,
/// identifiers: whatever has a `Display`. They are quoted and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: String,
    pub(super) modifiers: Vec<Modifier>,
}

/// `/respectCase`, or `/@lang=en`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Modifier {
    pub(super) name: String,
    pub(super) value: Option<(Relation, String)>,
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
pub struct SortKey(pub(super) String);

/// All records.
pub fn all() -> Cql {
    Condition::All.into()
}

/// How many changes from one boolean to another are made plain by parentheses. More would be nested
/// too deeply for servers.
pub(super) const PLAIN: usize = 50;
