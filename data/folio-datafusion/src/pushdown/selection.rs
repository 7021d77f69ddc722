//! The queries of several filters, put together within the length of a request.

use datafusion::logical_expr::Expr;
use folio_sdk::Cql;
use folio_sdk::cql::all;

use super::condition::Pushed;
use super::expression::Target;

/// The longest query of one filter, in bytes of the request line. Okapi and the modules accept lines
/// of 4,096 bytes; the path, the range of ids and the order need some of it.
const LONGEST_FILTER: usize = 1_800;

/// The longest query of all filters.
const LONGEST: usize = 2_800;

/// The query of a scan.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// The query.
    pub(crate) query: Cql,
    /// All filters of the query are exact.
    pub(crate) is_exact: bool,
    /// The maximum number of records that the query can select, if it is known.
    pub(crate) most: Option<u64>,
    /// Exact filters that the query has no room for. DataFusion does not apply them.
    pub(crate) left: Vec<Expr>,
}

/// Whether a filter is short enough to be sent.
pub(crate) fn fits(pushed: &Pushed) -> bool {
    cost(&pushed.query) <= LONGEST_FILTER
}

impl Selection {
    /// The query of the filters that a table said it supports.
    pub(crate) fn new(target: &Target<'_>, filters: &[Expr]) -> Self {
        let mut selection = Self {
            query: all(),
            is_exact: true,
            most: None,
            left: Vec::new(),
        };
        let pushed: Vec<(&Expr, Option<Pushed>)> = filters
            .iter()
            .map(|filter| (filter, target.push(filter).filter(fits)))
            .collect();
        let is_exact = |pushed: &Option<Pushed>| pushed.as_ref().is_some_and(|it| it.is_exact);
        let (exact, inexact): (Vec<_>, Vec<_>) =
            pushed.into_iter().partition(|(_, pushed)| is_exact(pushed));
        let mut room = LONGEST;
        for (filter, pushed) in exact.into_iter().chain(inexact) {
            let Some(pushed) = pushed else {
                continue;
            };
            let cost = cost(&pushed.query);
            if cost > room {
                if pushed.is_exact {
                    selection.left.push(filter.clone());
                }
                continue;
            }
            room -= cost;
            selection.is_exact &= pushed.is_exact;
            selection.most = match (selection.most, pushed.most) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            selection.query = selection.query.and(pushed.query);
        }
        selection
    }
}

/// The bytes of a query in a request line, at most.
fn cost(query: &Cql) -> usize {
    let text = query.to_string();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let plain = text.bytes().filter(|byte| is_plain(byte)).count();
    plain + 3 * (text.len() - plain)
}
