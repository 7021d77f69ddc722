//! The queries of several filters, put together within the length of a request.

use datafusion::logical_expr::Expr;
use folio_sdk::Cql;
use folio_sdk::cql::all;

use super::condition::Pushed;
use super::expression::Target;
use super::length::{LONGEST, cost, fits};

/// How a filter is sent.
pub(crate) enum Support {
    /// As a query.
    Query(Pushed),
    /// As one of these queries in each partition.
    Divided(Vec<Pushed>),
}

/// The queries of a scan.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The query.
    pub(crate) query: Cql,
    /// Disjoint queries, of which each partition has one besides; none if the scan is not divided by
    /// them.
    pub(crate) groups: Vec<Cql>,
    /// All filters of the queries are exact.
    pub(crate) is_exact: bool,
    /// The maximum number of records that the query can select, if it is known.
    pub(crate) most: Option<u64>,
    /// Exact filters that the query has no room for. DataFusion does not apply them.
    pub(crate) left: Vec<Expr>,
}

impl Support {
    /// How a filter is sent; none if it is not.
    pub(crate) fn of(target: &Target<'_>, filter: &Expr) -> Option<Self> {
        match target.push(filter) {
            Some(pushed) if fits(&pushed) => Some(Self::Query(pushed)),
            _ => target.divide(filter).map(Self::Divided),
        }
    }

    /// Whether the queries select the records of the filter, and no others.
    pub(crate) fn is_exact(&self) -> bool {
        match self {
            Self::Query(pushed) => pushed.is_exact,
            Self::Divided(queries) => queries.iter().all(|query| query.is_exact),
        }
    }
}

impl Selection {
    /// The queries of the filters that a table said it supports.
    pub(crate) fn new(target: &Target<'_>, filters: &[Expr]) -> Self {
        let mut selection = Self {
            query: all(),
            groups: Vec::new(),
            is_exact: true,
            most: None,
            left: Vec::new(),
        };
        let supported = filters.iter().filter_map(|filter| {
            let support = Support::of(target, filter)?;
            Some((filter, support))
        });
        // The exact ones first: they must be sent, or applied here.
        let (exact, inexact): (Vec<_>, Vec<_>) =
            supported.partition(|(_, support)| support.is_exact());
        let mut room = LONGEST;
        for (filter, support) in exact.into_iter().chain(inexact) {
            let is_exact = support.is_exact();
            if selection.add(support, &mut room) {
                selection.is_exact &= is_exact;
            } else if is_exact {
                selection.left.push(filter.clone());
            }
        }
        selection
    }

    /// Adds a filter, if there is room.
    fn add(&mut self, support: Support, room: &mut usize) -> bool {
        let cost = match &support {
            Support::Query(pushed) => cost(&pushed.query),
            Support::Divided(queries) if self.groups.is_empty() => {
                let costs = queries.iter().map(|pushed| cost(&pushed.query));
                costs.max().unwrap_or_default()
            }
            Support::Divided(_) => return false,
        };
        if cost > *room {
            return false;
        }
        *room -= cost;
        let most = match support {
            Support::Query(pushed) => {
                let query = std::mem::replace(&mut self.query, all());
                self.query = query.and(pushed.query);
                pushed.most
            }
            Support::Divided(queries) => {
                let most = queries.iter().map(|pushed| pushed.most).sum();
                self.groups = queries.into_iter().map(|pushed| pushed.query).collect();
                most
            }
        };
        self.most = self.most.into_iter().chain(most).min();
        true
    }
}
