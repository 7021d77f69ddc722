//! The length of queries in a request.

use folio_sdk::Cql;

use super::condition::Pushed;

/// The longest query of one filter, in bytes of the request line. Okapi and the modules accept lines
/// of 4,096 bytes; the path, the range of ids and the order need some of it.
const LONGEST_FILTER: usize = 1_800;

/// The longest query of all filters.
pub(super) const LONGEST: usize = 2_800;

/// Whether a filter is short enough to be sent.
pub(super) fn fits(pushed: &Pushed) -> bool {
    cost(&pushed.query) <= LONGEST_FILTER
}

/// The bytes of a query in a request line, at most.
pub(super) fn cost(query: &Cql) -> usize {
    let text = query.to_string();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let plain = text.bytes().filter(|byte| is_plain(byte)).count();
    plain + 3 * (text.len() - plain)
}
