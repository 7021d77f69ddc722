//! The index of a comparison, and the key of an order.

use super::display::{escaped, name, push_escaped};
use super::types::{Comparison, Condition, Cql, Field, Modifier, Relation, SortKey, all};
use std::fmt;

/// A field to compare, such as `username` or `personal.lastName`.
pub fn field(name: impl Into<String>) -> Field {
    Field {
        name: name.into(),
        modifiers: Vec::new(),
    }
}

impl Field {
    /// Compares as numbers rather than as text (in the storage modules, which store JSON).
    #[must_use]
    pub fn number(self) -> Self {
        self.modifier("number")
    }

    /// Case-sensitive comparison.
    #[must_use]
    pub fn case_sensitive(self) -> Self {
        self.modifier("respectCase")
    }

    /// Accent-sensitive comparison.
    #[must_use]
    pub fn accent_sensitive(self) -> Self {
        self.modifier("respectAccents")
    }

    /// Any other modifier, such as `ignoreCase` or `string`, after the modifiers set before.
    #[must_use]
    pub fn modifier(mut self, name: impl Into<String>) -> Self {
        self.modifiers.push(Modifier {
            name: name.into(),
            value: None,
        });
        self
    }

    /// A modifier with a value: only those elements of a list of objects count that have this
    /// value.
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
            value: Some((Relation::Matches, escaped(&value.to_string()))),
        });
        self
    }

    /// Compares the field with a value by any relation.
    pub fn compare(self, relation: Relation, value: impl fmt::Display) -> Cql {
        self.with(relation, vec![escaped(&value.to_string())])
    }

    /// Compares the field with a pattern: `*` matches any characters and `?` matches one, unless a
    /// backslash precedes it. All other characters match literally. (Full-text relations support
    /// `*` only at the end of words.)
    ///
    /// ```
    /// use folio_sdk::{cql, cql::Relation};
    ///
    /// assert_eq!(cql::field("barcode").matches(Relation::Eq, "12?4*").to_string(), r#"barcode=="12?4*""#);
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

    /// The whole field equals the value (`==`). Always use this for identifiers and codes.
    pub fn eq(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Eq, value)
    }

    /// The field does not equal the value (`<>`).
    pub fn ne(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Ne, value)
    }

    /// The words of the value occur in the field, adjacent and in this order (`=`, full text).
    pub fn contains_words(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::Matches, words)
    }

    /// All words of the value occur in the field, in any position (`all`, full text).
    pub fn contains_all_words(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::All, words)
    }

    /// At least one word of the value occurs in the field (`any`, full text).
    pub fn contains_any_word(self, words: impl fmt::Display) -> Cql {
        self.compare(Relation::Any, words)
    }

    /// The field starts with the value.
    pub fn starts_with(self, value: impl fmt::Display) -> Cql {
        let term = format!("{}*", escaped(&value.to_string()));
        self.with(Relation::Eq, vec![term])
    }

    /// The field contains the value.
    pub fn contains(self, value: impl fmt::Display) -> Cql {
        let term = format!("*{}*", escaped(&value.to_string()));
        self.with(Relation::Eq, vec![term])
    }

    /// The field is a list of strings that contains the value (in the storage modules, which search
    /// the list as JSON text).
    pub fn has_element(self, value: impl fmt::Display) -> Cql {
        // The element as JSON, in its quotation marks: JSON's special characters are escaped once
        // for JSON and once for CQL.
        let json = serde_json::Value::String(value.to_string()).to_string();
        let term = format!("*{}*", escaped(&json));
        self.with(Relation::Eq, vec![term])
    }

    /// Less than the value.
    pub fn lt(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Lt, value)
    }

    /// Less than or equal to the value.
    pub fn le(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Le, value)
    }

    /// Greater than the value.
    pub fn gt(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Gt, value)
    }

    /// Greater than or equal to the value.
    pub fn ge(self, value: impl fmt::Display) -> Cql {
        self.compare(Relation::Ge, value)
    }

    /// In the range from one value to another, both included. Dates are compared as stored text:
    /// pass them in the stored form, in UTC.
    ///
    /// ```
    /// use folio_sdk::cql;
    ///
    /// let may = cql::field("loanDate").between("2026-05-01", "2026-05-31T23:59:59.999Z");
    /// assert_eq!(may.to_string(), r#"loanDate>="2026-05-01" and loanDate<="2026-05-31T23:59:59.999Z""#);
    /// ```
    pub fn between(self, from: impl fmt::Display, to: impl fmt::Display) -> Cql {
        self.clone().ge(from).and(self.le(to))
    }

    /// The record has the field.
    pub fn is_defined(self) -> Cql {
        self.with(Relation::Matches, vec![String::new()])
    }

    /// The field equals one of the values; without values, the query matches nothing. A request
    /// line has room for about 75 identifiers: for more, use
    /// [`RecordStream::ids`](crate::RecordStream::ids) and
    /// [`RecordStream::values`](crate::RecordStream::values).
    pub fn any_of(self, values: impl IntoIterator<Item = impl fmt::Display>) -> Cql {
        let terms: Vec<String> = values
            .into_iter()
            .map(|value| escaped(&value.to_string()))
            .collect();
        if terms.is_empty() {
            // A record cannot both have and lack the field: this matches nothing.
            return all().not(all());
        }
        self.with(Relation::Eq, terms)
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

impl SortKey {
    /// Sorts by a field in ascending order.
    pub fn new(field: impl AsRef<str>) -> Self {
        Self(name(field.as_ref()))
    }

    /// Sorts in descending order.
    #[must_use]
    pub fn descending(self) -> Self {
        self.modifier("sort.descending")
    }

    /// Compares as numbers rather than as text.
    #[must_use]
    pub fn number(self) -> Self {
        self.modifier("number")
    }

    /// Any other modifier, such as `sort.respectCase`.
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
