//! A query as a tree, and its text as tokens: for programs that explain or check queries.

use super::token;
use super::types::{Boolean, Comparison, Condition, Cql, Relation};
use std::ops::Range;

/// A part of a query, returned by [`Cql::tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node<'a> {
    /// All records.
    All,
    /// A field, compared with one or several terms, of which one must match.
    Comparison(ComparisonNode<'a>),
    /// The first part, combined with the others from left to right: CQL's booleans bind equally.
    Chain(Box<Node<'a>>, Vec<(Boolean, Node<'a>)>),
    /// Text that was not parsed ([`raw`](crate::cql::raw)).
    Raw(&'a str),
}

/// A comparison of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparisonNode<'a> {
    /// The name of the field; `cql.serverChoice` for a term without a field.
    pub field: &'a str,
    /// The modifiers, each with its relation and value if it has one.
    pub modifiers: Vec<(&'a str, Option<(Relation, &'a str)>)>,
    /// The relation.
    pub relation: Relation,
    /// The terms as they are written between the quotation marks: with escapes and wildcards.
    pub terms: &'a [String],
}

impl Cql {
    /// The condition as a tree, for programs that explain or check queries.
    ///
    /// ```
    /// use folio_sdk::Cql;
    /// use folio_sdk::cql::{Boolean, Node};
    ///
    /// let query = Cql::parse("active=true and type==staff")?;
    /// let Node::Chain(first, rest) = query.tree() else { panic!() };
    /// assert!(matches!(*first, Node::Comparison(active) if active.field == "active"));
    /// assert!(matches!(rest[..], [(Boolean::And, Node::Comparison(_))]));
    /// # Ok::<(), folio_sdk::cql::CqlError>(())
    /// ```
    pub fn tree(&self) -> Node<'_> {
        self.condition.node()
    }

    /// The keys of the order, as they are written: `title/sort.descending`.
    pub fn sort_keys(&self) -> impl Iterator<Item = &str> {
        self.sort.iter().map(String::as_str)
    }
}

impl Condition {
    fn node(&self) -> Node<'_> {
        match self {
            Self::All => Node::All,
            Self::Comparison(comparison) => Node::Comparison(comparison.node()),
            Self::Chain(first, rest) => {
                let rest = rest
                    .iter()
                    .map(|(boolean, condition)| (*boolean, condition.node()));
                Node::Chain(Box::new(first.node()), rest.collect())
            }
            Self::Raw(text) => Node::Raw(text),
        }
    }
}

impl Comparison {
    fn node(&self) -> ComparisonNode<'_> {
        let modifiers = self.field.modifiers.iter().map(|modifier| {
            let value = modifier.value.as_ref();
            let value = value.map(|(relation, value)| (*relation, value.as_str()));
            (modifier.name.as_str(), value)
        });
        ComparisonNode {
            field: &self.field.name,
            modifiers: modifiers.collect(),
            relation: self.relation,
            terms: &self.terms,
        }
    }
}

/// The tokens of the text of a query, as ranges of bytes: words, texts in quotation marks, relation
/// symbols, slashes and parentheses. An unclosed quoted text extends to the end.
///
/// ```
/// let text = r#"title=="a (b)" or (hrid=1)"#;
/// let tokens: Vec<&str> = folio_sdk::cql::tokens(text).map(|range| &text[range]).collect();
/// assert_eq!(tokens, ["title", "==", "\"a (b)\"", "or", "(", "hrid", "=", "1", ")"]);
/// ```
pub fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    token::tokens(text).map(|token| token.span)
}
