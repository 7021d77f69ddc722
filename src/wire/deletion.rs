//! Deletions of many records: allowed only with a confirmation that matches the known behaviour of
//! the server.

use std::fmt::Write as _;

use serde_json::Value;

use crate::wire::operation::{Deletes, Facts};

/// Confirms a DELETE that may delete more than one record. Nothing is sent without a confirmation.
///
/// The effect of a DELETE of a collection is a fact of the operation ([`Deletes`]). Some servers
/// delete the records that match a query; others ignore the query and delete everything (recorded
/// of mod-circulation-storage: `DELETE /request-storage/requests?query=…` empties the table). The
/// SDK accepts only the confirmation that matches.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// use folio_sdk::{Deletion, Method, cql};
///
/// let suppressed = cql::field("staffSuppress").eq(true);
/// folio.request(Method::DELETE, "/instance-storage/instances").query(suppressed).confirm(Deletion::AtMost(50)).send().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deletion {
    /// The records that match the query, but not all records of the collection. The SDK counts them
    /// before it deletes (two requests with `limit=0`) and sends nothing if all match: a query such
    /// as `title=*` or `id==""`, or a missing value, matches everything.
    Matching,
    /// The records that match the query, if there are at most this many. The SDK counts them before
    /// it deletes (one request with `limit=0`). They may be all records of the collection.
    AtMost(u64),
    /// Everything that the server deletes, including all records of the collection.
    All,
    /// The path names one record. Required for a path that is unknown to the SDK and does not end
    /// with a UUID.
    Record,
}

/// The facts about a DELETE before it is sent.
pub(crate) struct Delete<'a> {
    pub(crate) facts: Facts,
    /// The names of the parameters that the operation has; none if they are unknown.
    pub(crate) known: Option<&'static [&'static str]>,
    /// The parameters that are sent.
    pub(crate) parameters: &'a [(std::borrow::Cow<'static, str>, String)],
    /// The body, if it is in memory; a streamed body is never empty.
    pub(crate) body: Option<Option<&'a [u8]>>,
    pub(crate) confirmed: Option<Deletion>,
    /// Whether the path ends with an identifier: a parameter of its template, or a UUID.
    pub(crate) names_a_record: bool,
}

/// The condition on the number of matching records before a DELETE is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    NotAll,
    AtMost(u64),
}

impl<'a> Delete<'a> {
    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    fn query(&self) -> Option<&'a str> {
        self.values("query").next()
    }

    /// The error of the request, if there is one.
    pub(crate) fn problem(&self) -> Option<String> {
        self.unknown_parameter()
            .or_else(|| match self.facts.deletes {
                Deletes::All => self.of_everything(),
                Deletes::Matching => self.of_matching(),
                Deletes::SelectedBy(ways) => self.of_selected(ways),
                Deletes::SelectedByBody => self.of_body(),
                Deletes::Record => None,
                Deletes::Unknown => self.of_unknown(),
            })
    }

    /// The permitted number of matching records, if they have to be counted first.
    pub(crate) fn bound(&self) -> Option<Bound> {
        match (self.facts.deletes, self.confirmed) {
            (Deletes::Matching, Some(Deletion::Matching)) => Some(Bound::NotAll),
            (Deletes::Matching, Some(Deletion::AtMost(most))) => Some(Bound::AtMost(most)),
            _ => None,
        }
    }

    /// Servers ignore unknown parameters: a misspelt `query` would delete everything.
    fn unknown_parameter(&self) -> Option<String> {
        let known = self.known?;
        let (name, _) = self
            .parameters
            .iter()
            .find(|(name, _)| !known.contains(&&**name))?;
        let mut text = format!(
            "this DELETE has no parameter `{}`: the server would ignore it and delete more than intended",
            name.escape_debug()
        );
        if known.is_empty() {
            text.push_str("; it has no parameters");
        } else {
            let _ = write!(text, "; it has `{}`", known.join("`, `"));
        }
        Some(text)
    }

    fn of_everything(&self) -> Option<String> {
        if self.query().is_some() {
            return Some(
                "not sent: this server ignores a query here and deletes all records. Delete the records one by one by id or, to delete all, omit the query and confirm `Deletion::All`".to_owned(),
            );
        }
        (self.confirmed != Some(Deletion::All)).then(|| {
            "this server ignores all parameters here and deletes all records: to delete all, call `confirm(Deletion::All)`".to_owned()
        })
    }

    fn of_matching(&self) -> Option<String> {
        if self.values("query").nth(1).is_some() {
            return Some(
                "the parameter `query` is set twice, and the server reads only the first"
                    .to_owned(),
            );
        }
        if self.query().is_none_or(|query| query.trim().is_empty()) {
            return Some(
                "the query is missing or empty, and some servers then delete all records. To delete all, pass `cql::all()` and confirm `Deletion::All`".to_owned(),
            );
        }
        match self.confirmed {
            None => Some(
                "delete-by-query requires explicit confirmation: call `confirm(Deletion::Matching)`, `Deletion::AtMost(n)` for at most n records, or `Deletion::All` if the query selects all records".to_owned(),
            ),
            Some(Deletion::Record) => Some(
                "this DELETE deletes the records that match its query, not one record: confirm `Deletion::Matching` or `Deletion::AtMost(n)`".to_owned(),
            ),
            Some(Deletion::Matching | Deletion::AtMost(_) | Deletion::All) => None,
        }
    }

    fn of_selected(&self, ways: &[&str]) -> Option<String> {
        let is_given = |name: &str| {
            let mut values = self.values(name).peekable();
            values.peek().is_some() && values.all(|value| !value.trim().is_empty())
        };
        let is_selected = ways.iter().any(|way| way.split('&').all(is_given));
        (!is_selected).then(|| {
            let ways: Vec<String> = ways
                .iter()
                .map(|way| format!("`{}`", way.replace('&', "` and `")))
                .collect();
            format!(
                "the parameters {} select the records to delete and must not be empty",
                ways.join(", or ")
            )
        })
    }

    fn of_body(&self) -> Option<String> {
        let is_empty = match self.body {
            None => true,
            Some(None) => false,
            Some(Some(body)) => match serde_json::from_slice(body) {
                Ok(Value::Null) => true,
                Ok(Value::Object(fields)) => fields.is_empty(),
                Ok(Value::Array(items)) => items.is_empty(),
                _ => body.trim_ascii().is_empty(),
            },
        };
        is_empty.then(|| {
            "the body selects the records to delete, and it is missing or empty".to_owned()
        })
    }

    fn of_unknown(&self) -> Option<String> {
        let has_query = self.query().is_some();
        match self.confirmed {
            Some(Deletion::All) => None,
            None | Some(Deletion::Record) if self.names_a_record && !has_query => None,
            Some(Deletion::Record) if !has_query => None,
            _ if has_query => Some(
                "it is unknown whether this server honours a query on DELETE; some servers ignore it and delete everything. If it does, declare that with `Facts::deletes(Deletes::Matching)` in an `Operation`; if everything may be deleted, confirm `Deletion::All`".to_owned(),
            ),
            _ => Some(
                "no specification describes this DELETE, and it may delete a whole collection: confirm `Deletion::Record` if its path names one record, or `Deletion::All` if everything there may be deleted".to_owned(),
            ),
        }
    }
}

/// The error of the number of matching records, if there is one. `all` is the total number of
/// records, if it was counted.
pub(crate) fn beyond(bound: Bound, matching: u64, all: Option<u64>) -> Option<String> {
    match bound {
        Bound::NotAll if matching > 0 && all.is_none_or(|all| matching >= all) => Some(format!(
            "the query matches all {matching} records of the collection; nothing was deleted. To delete all, confirm `Deletion::All`; to accept up to n records, `Deletion::AtMost(n)`"
        )),
        Bound::AtMost(most) if matching > most => Some(format!(
            "the query matches {matching} records, more than the confirmed {most}; nothing was deleted"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn delete(
        deletes: Deletes,
        parameters: &[(Cow<'static, str>, String)],
        confirmed: Option<Deletion>,
    ) -> Option<String> {
        Delete {
            facts: Facts::unknown().deletes(deletes),
            known: None,
            parameters,
            body: None,
            confirmed,
            names_a_record: false,
        }
        .problem()
    }

    #[test]
    fn only_the_confirmation_that_fits_is_accepted() {
        let none = [];
        let query = [(Cow::Borrowed("query"), "a==b".to_owned())];
        let blank = [(Cow::Borrowed("query"), " ".to_owned())];
        let id = [(Cow::Borrowed("id"), "5".to_owned())];
        use Deletion::{All, AtMost, Matching, Record};
        let confirmations = [
            None,
            Some(Matching),
            Some(AtMost(5)),
            Some(All),
            Some(Record),
        ];
        let accepted = |deletes, parameters: &[_]| -> Vec<_> {
            let fits =
                |confirmed: &Option<Deletion>| delete(deletes, parameters, *confirmed).is_none();
            confirmations.into_iter().filter(fits).collect()
        };
        assert_eq!(accepted(Deletes::All, &none), [Some(All)]);
        assert_eq!(accepted(Deletes::All, &query), []);
        assert_eq!(accepted(Deletes::Matching, &none), []);
        assert_eq!(accepted(Deletes::Matching, &blank), []);
        assert_eq!(
            accepted(Deletes::Matching, &query),
            [Some(Matching), Some(AtMost(5)), Some(All)]
        );
        assert_eq!(accepted(Deletes::Unknown, &none), [Some(All), Some(Record)]);
        assert_eq!(accepted(Deletes::Unknown, &query), [Some(All)]);
        assert_eq!(accepted(Deletes::SelectedBy(&["id"]), &none), []);
        assert_eq!(accepted(Deletes::SelectedBy(&["id"]), &id).len(), 5);
        assert_eq!(accepted(Deletes::SelectedBy(&["id&user"]), &id), []);
        assert_eq!(accepted(Deletes::SelectedByBody, &none), []);
    }

    #[test]
    fn the_number_of_matching_records_is_bounded() {
        assert_eq!(beyond(Bound::NotAll, 0, Some(0)), None);
        assert_eq!(beyond(Bound::NotAll, 4, Some(5)), None);
        assert!(beyond(Bound::NotAll, 5, Some(5)).is_some());
        assert_eq!(beyond(Bound::AtMost(5), 5, None), None);
        assert!(beyond(Bound::AtMost(5), 6, None).is_some());
    }
}
