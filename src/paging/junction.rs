//! Joins a page that was requested before the last key of the previous page was known.
//!
//! Such a page is requested by the key before that: `id>C`, with an offset at which it starts with
//! the last record `L` of the previous page if nothing changed meanwhile. A page in the order of the
//! ids is a contiguous part of the list: each record of the list between its first and its last one
//! is on it. So a page whose first id is at most `L` has all records after `L` up to its own last
//! one, exactly as a page of `id>L` would; those up to `L` are dropped. A page that starts after `L`
//! may have left records out, and is discarded. This holds for any inserts and deletes between the
//! two requests, in whatever order the server executes them.

use super::page_body::PageBody;
use crate::value::uuid::{is_after, is_uuid};

/// How a page relates to the last record before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Junction {
    /// It continues the list; so many of its records were dropped.
    Continues(u64),
    /// There is a gap, or the page has nothing new: it is not used.
    Gap,
    /// It contains only earlier records, and more than one of them: the server ignores the offset.
    Repeats,
}

/// Drops the records of a page up to the one with the key `last`.
///
/// The order of keys that are no UUIDs is the database's: such a page continues only after the
/// record `last` itself.
pub(super) fn join(page: &mut PageBody, first: Option<&str>, last: &str) -> Junction {
    let is_known = |key: &str| match is_uuid(key) && is_uuid(last) {
        true => !is_after(key, last),
        false => key == last,
    };
    if !first.is_some_and(is_known) {
        return Junction::Gap;
    }
    match page.drop_first(is_known) {
        Some((dropped, true)) => Junction::Continues(dropped),
        Some((dropped, false)) if dropped > 1 => Junction::Repeats,
        _ => Junction::Gap,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use http::Method;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::request::Request;
    use crate::wire::response::Response;

    fn id(number: u64) -> String {
        format!("{number:08x}-0000-4000-8000-000000000000")
    }

    fn page_of(records: &[Value]) -> PageBody {
        let body = json!({"things": records, "totalRecords": 3}).to_string();
        let exchange = Request::to(Method::GET, "/things").exchange("http://localhost");
        let response = Response::new(http::Response::new(body.into()), exchange);
        PageBody::new(&response, Some("things".into()), "id".into(), 0, false)
    }

    fn page(keys: &[String]) -> PageBody {
        let records: Vec<Value> = keys.iter().map(|key| json!({"id": key})).collect();
        page_of(&records)
    }

    fn rest(page: &mut PageBody) -> Vec<String> {
        let mut keys = Vec::new();
        while let Some(record) = page.next::<Value>() {
            keys.push(record.unwrap()["id"].as_str().unwrap().to_owned());
        }
        keys
    }

    #[test]
    fn a_page_continues_after_the_last_record_or_not_at_all() {
        let ids = |numbers: &[u64]| numbers.iter().map(|at| id(*at)).collect::<Vec<_>>();
        for (of, expected, left) in [
            (ids(&[5, 6, 7]), Junction::Continues(1), ids(&[6, 7])),
            (ids(&[3, 4, 6]), Junction::Continues(2), ids(&[6])),
            (ids(&[4, 6, 7]), Junction::Continues(1), ids(&[6, 7])),
            (ids(&[6, 7]), Junction::Gap, ids(&[6, 7])),
            (ids(&[5]), Junction::Gap, Vec::new()),
            (ids(&[3, 4, 5]), Junction::Repeats, Vec::new()),
            (Vec::new(), Junction::Gap, Vec::new()),
        ] {
            let mut body = page(&of);
            let first = of.first().map(String::as_str);
            assert_eq!(join(&mut body, first, &id(5)), expected, "{of:?}");
            assert_eq!(rest(&mut body), left);
        }
        // Other keys have no known order: only the same record joins.
        let of = ["a".to_owned(), "c".to_owned(), "b".to_owned()];
        assert_eq!(join(&mut page(&of), Some("a"), "a"), Junction::Continues(1));
        assert_eq!(join(&mut page(&of), Some("a"), "b"), Junction::Gap);
        assert_eq!(join(&mut page(&of), Some("a"), &id(1)), Junction::Gap);
    }

    #[test]
    fn a_record_without_a_key_makes_no_junction() {
        let records = [
            json!({"id": id(5)}),
            json!({"name": "x"}),
            json!({"id": id(6)}),
        ];
        let mut body = page_of(&records);
        assert_eq!(join(&mut body, Some(&id(5)), &id(5)), Junction::Gap);
    }

    proptest! {
        /// Two pages that are read from different states of a list: the second one is joined only if
        /// it has each record after the first page that is in its state of the list, up to its end.
        #[test]
        fn a_joined_page_is_what_the_key_would_have_returned(
            before in proptest::collection::btree_set(1_u64..60, 0..50),
            changed in proptest::collection::btree_set(1_u64..60, 0..20),
            size in 2_usize..8,
            offset in 0_usize..16,
        ) {
            let after = before.symmetric_difference(&changed).copied().collect::<Vec<_>>();
            let first: Vec<u64> = before.iter().copied().take(size).collect();
            let Some(last) = first.last() else { return Ok(()) };
            let second: Vec<u64> = after.iter().copied().skip(offset).take(size).collect();
            let keys: Vec<String> = second.iter().map(|at| id(*at)).collect();
            let mut body = page(&keys);
            if let Junction::Continues(_) = join(&mut body, keys.first().map(String::as_str), &id(*last)) {
                let joined = rest(&mut body);
                let by_key = after.iter().filter(|at| *at > last).map(|at| id(*at));
                prop_assert_eq!(&joined, &by_key.take(joined.len()).collect::<Vec<_>>());
                prop_assert!(!joined.is_empty());
            }
        }
    }
}
