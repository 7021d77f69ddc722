//! A query as a value.

/// A CQL query, with the order of the records if it defines one.
///
/// Created by [`field`](crate::cql::field), [`all`] or [`raw`](crate::cql::raw), by
/// [`parse`](Self::parse), or from unchanged text. `Display` writes the text: values are quoted,
/// and groups are in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cql {
    pub(super) condition: Condition,
    /// The sort keys, as they are written.
    pub(super) sort: Vec<String>,
}

/// The condition that the requested records meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    All,
    Comparison(Comparison),
    /// The first operand, combined with the others from left to right: CQL's booleans bind equally.
    /// The first operand is not a chain.
    Chain(Box<Condition>, Vec<(Boolean, Condition)>),
    /// Text that was not parsed.
    Raw(String),
}

/// A field and one or several terms, at least one of which must match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comparison {
    pub(super) field: Field,
    pub(super) relation: Relation,
    /// Terms as they are written between the quotation marks: with escapes and wildcards.
    pub(super) terms: Vec<String>,
}

/// How two conditions are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Boolean {
    /// Both conditions hold.
    And,
    /// At least one of them holds.
    Or,
    /// The first holds and the second does not.
    Not,
}

/// The relation of a field to a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Relation {
    /// `=`: the words of the term occur in the field, adjacent and in this order; numeric equality
    /// for numbers (with the modifier `number`).
    Matches,
    /// `==`: the whole field equals the term.
    Eq,
    /// `<>`: the field does not equal the term.
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `adj`: the words occur in the field, adjacent and in this order.
    Adjacent,
    /// `all`: all words occur in the field.
    All,
    /// `any`: at least one of the words occurs in the field.
    Any,
}

/// A field of a query, with the modifiers of its comparison. Values are text, numbers, booleans,
/// identifiers: any type that implements `Display`. They are quoted and escaped.
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

/// A sort key, with its direction and other modifiers.
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

/// The maximum number of switches between `and` and `or` that are made explicit with parentheses.
/// More would be nested too deeply for servers.
pub(super) const PLAIN: usize = 50;
