//! The plan for reading a list: its known facts, and the caller's settings.

use std::borrow::Cow;

use super::dialect::{self, Sequence};
use crate::client::FolioClient;
use crate::value::cql::Cql;
use crate::wire::paging::{Paging, PagingStyle};
use crate::wire::request::Request;

/// The plan for reading a list.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) style: PagingStyle,
    pub(crate) items: Option<Cow<'static, str>>,
    /// The unique field to read by.
    pub(crate) key: Option<Cow<'static, str>>,
    /// The field that makes the order unique when the list is read by offset.
    pub(crate) tie: Option<Cow<'static, str>>,
    pub(crate) max: Option<u32>,
    /// Whether a query is sent although the caller sets none.
    pub(crate) asks_for_all: bool,
    /// The kind of record of a resource job.
    pub(crate) job: Option<&'static str>,
    /// Whether an order is added if the dialect has one besides CQL's.
    pub(crate) is_sorted: bool,
}

impl From<Paging> for Plan {
    fn from(paging: Paging) -> Self {
        // Without an order no record identifies the continuation of the list.
        let key = paging
            .key
            .filter(|_| !paging.rejects_sort)
            .map(Cow::Borrowed);
        let tie = key.clone().or(Some(Cow::Borrowed("id")));
        Self {
            style: paging.style,
            items: paging.items.map(Cow::Borrowed),
            key,
            tie: tie.filter(|_| sorts_by_cql(paging.style) && !paging.rejects_sort),
            max: paging.max,
            asks_for_all: !paging.rejects_all_records && !paging.lacks_query,
            job: paging.job,
            is_sorted: !paging.rejects_sort,
        }
    }
}

/// Whether a `sortBy` may be added to the queries of lists of this style.
pub(crate) fn sorts_by_cql(style: PagingStyle) -> bool {
    dialect::of(style).sorts_by_cql()
}

impl Plan {
    /// How the next page is requested, and the field that is added to the order of a query.
    pub(super) fn order(&self, query: &Cql) -> (Sequence, Option<&str>) {
        let sequence = dialect::of(self.style).sequence(self.key.as_deref(), query);
        let order = match sequence {
            Sequence::Keyset => self.key.as_deref(),
            Sequence::Offset => self.tie.as_deref().filter(|tie| !query.sorts_by(tie)),
        };
        (sequence, order)
    }
}

/// A list before it is read.
#[derive(Clone)]
pub(crate) struct ListRequest {
    pub(crate) client: FolioClient,
    /// It may have a query.
    pub(crate) request: Request,
    pub(crate) plan: Plan,
    /// The page size that the caller gave.
    pub(crate) limit: Option<u32>,
    /// The number of records to skip.
    pub(crate) offset: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_list_decides_how_it_is_read() {
        use PagingStyle::{Cql as ByCql, Erm, Offset, Retrieve, Search};
        let of = |style, key| Paging::new(style, Some("things"), key, None);
        let by_key = Some((Sequence::Keyset, Some("id")));
        for (paging, query, expected) in [
            (of(ByCql, Some("id")), "a==1", by_key),
            (of(Retrieve, Some("id")), "a==1", by_key),
            // The caller's order is made unique.
            (
                of(ByCql, Some("id")),
                "a==1 sortBy name",
                Some((Sequence::Offset, Some("id"))),
            ),
            (
                of(ByCql, Some("id")),
                "a==1 sortBy name id",
                Some((Sequence::Offset, None)),
            ),
            (
                of(ByCql, None),
                "a==1",
                Some((Sequence::Offset, Some("id"))),
            ),
            (
                of(ByCql, Some("id")).without_sort(),
                "a==1",
                Some((Sequence::Offset, None)),
            ),
            (
                of(Search, Some("id")),
                "a==1",
                Some((Sequence::Offset, None)),
            ),
            (of(Erm, Some("id")), "", Some((Sequence::Offset, None))),
            (of(Offset, None), "", Some((Sequence::Offset, None))),
        ] {
            let plan = Plan::from(paging);
            assert_eq!(
                Some(plan.order(&Cql::from(query))),
                expected,
                "{paging:?} {query}"
            );
        }
        assert!(Plan::from(of(ByCql, None)).asks_for_all);
        assert!(!Plan::from(of(ByCql, None).without_all_records()).asks_for_all);
        assert!(!Plan::from(of(ByCql, None).without_query()).asks_for_all);
    }
}
