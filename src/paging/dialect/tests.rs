//! The decisions of each dialect, as tables.

#![allow(clippy::unwrap_used, reason = "tests may")]

use http::Method;
use proptest::prelude::*;

use super::*;
use crate::value::cql::Cql;
use crate::wire::paging::PagingStyle;
use crate::wire::request::Request;

const STYLES: [PagingStyle; 8] = [
    PagingStyle::Cql,
    PagingStyle::Offset,
    PagingStyle::Erm,
    PagingStyle::Search,
    PagingStyle::Browse,
    PagingStyle::Retrieve,
    PagingStyle::Stream,
    PagingStyle::Whole,
];

fn cql_of(query: &str) -> Cql {
    Cql::from(query)
}

fn list(target: &str) -> Request {
    let (path, parameters) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request::to(Method::GET, path);
    for pair in parameters.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        request.set_query(name.to_owned(), value.to_owned());
    }
    request
}

/// The content of a request, in one line.
fn sent(request: &Request) -> String {
    let body = request
        .body_bytes()
        .map(|body| String::from_utf8(body.to_vec()).unwrap());
    let target = format!("{} {}", request.method(), request.target());
    match body {
        Some(body) => format!("{target} {body}"),
        None => target,
    }
}

#[test]
fn each_dialect_sends_its_own_parameters() {
    use PagingStyle::*;
    let body = |offset: u32| {
        format!(r#"POST /things/retrieve {{"limit":7,"offset":{offset},"query":"a==1 sortBy id"}}"#)
    };
    let with_query = |offset: &str| format!("GET /things?query=a==1%20sortBy%20id&limit=7{offset}");
    for (style, first, second) in [
        (Cql, with_query(""), with_query("&offset=14")),
        (Search, with_query(""), with_query("&offset=14")),
        (Browse, with_query(""), with_query("&offset=14")),
        (
            Offset,
            "GET /things?limit=7".to_owned(),
            "GET /things?limit=7&offset=14".to_owned(),
        ),
        (
            Erm,
            "GET /things?sort=id%3Basc&perPage=7".to_owned(),
            "GET /things?sort=id%3Basc&perPage=7&offset=14".to_owned(),
        ),
        (
            Stream,
            "GET /things?orderBy=id,ASC&limit=7".to_owned(),
            "GET /things?orderBy=id,ASC&limit=7&offset=14".to_owned(),
        ),
        (Retrieve, body(0), body(14)),
        (Whole, "GET /things".to_owned(), "GET /things".to_owned()),
    ] {
        for (offset, expected) in [(0, first), (14, second)] {
            let page = PageRequest {
                query: &cql_of("a==1 sortBy id"),
                sends_query: true,
                is_sorted: true,
                size: 7,
                offset,
            };
            assert_eq!(
                sent(&of(style).request(&list("/things"), &page)),
                expected,
                "{style:?}"
            );
        }
    }
}

#[test]
fn what_the_caller_gave_or_the_server_rejects_is_not_added() {
    use PagingStyle::*;
    for (style, target, sends_query, is_sorted, expected) in [
        (Cql, "/a", false, true, "GET /a?limit=7"),
        (Search, "/a", false, true, "GET /a?limit=7"),
        (Browse, "/a", false, true, "GET /a?limit=7"),
        (Erm, "/a", true, false, "GET /a?perPage=7"),
        (
            Erm,
            "/a?sort=name;desc",
            true,
            true,
            "GET /a?sort=name%3Bdesc&perPage=7",
        ),
        (Stream, "/a", true, false, "GET /a?limit=7"),
        (
            Stream,
            "/a?orderBy=name",
            true,
            true,
            "GET /a?orderBy=name&limit=7",
        ),
        (Whole, "/a?x=1", true, true, "GET /a?x=1"),
    ] {
        let page = PageRequest {
            query: &cql_of("b==2"),
            sends_query,
            is_sorted,
            size: 7,
            offset: 0,
        };
        assert_eq!(
            sent(&of(style).request(&list(target), &page)),
            expected,
            "{style:?}"
        );
    }
    // The caller's body is replaced, and the path is not duplicated.
    let request = list("/a/retrieve?query=x&limit=3&offset=9").with_method(Method::POST);
    assert_eq!(
        sent(&by_post(request, &cql_of("b==2"), 5, 10)),
        r#"POST /a/retrieve {"limit":5,"offset":10,"query":"b==2"}"#
    );
}

#[test]
fn pages_have_a_size_that_the_server_accepts() {
    use PagingStyle::*;
    for (style, stated, expected) in [
        (Cql, None, u32::MAX),
        (Cql, Some(20), 20),
        (Erm, None, 100),
        (Erm, Some(20), 20),
        (Erm, Some(1_000), 100),
        (Search, None, 500),
        (Search, Some(1_000), 1_000),
        (Browse, None, 500),
        (Stream, None, u32::MAX),
    ] {
        assert_eq!(
            of(style).largest_page(stated),
            expected,
            "{style:?} {stated:?}"
        );
    }
}

#[test]
fn the_page_that_the_request_states_is_where_the_list_begins() {
    use PagingStyle::*;
    let given = |limit, offset| Start { limit, offset };
    for (style, target, own, expected, rest) in [
        // Other dialects have their own `limit` and `offset`, which each page replaces.
        (
            Cql,
            "/a?perPage=5",
            given(None, None),
            given(None, None),
            "GET /a?perPage=5",
        ),
        (
            Erm,
            "/a?perPage=5",
            given(None, None),
            given(Some(5), None),
            "GET /a",
        ),
        (
            Erm,
            "/a?max=5&x=1",
            given(None, None),
            given(Some(5), None),
            "GET /a?x=1",
        ),
        (
            Erm,
            "/a?perPage=5&max=9",
            given(None, None),
            given(Some(5), None),
            "GET /a",
        ),
        (
            Erm,
            "/a?page=3",
            given(None, None),
            given(None, Some(20)),
            "GET /a",
        ),
        (
            Erm,
            "/a?page=3&perPage=5",
            given(None, None),
            given(Some(5), Some(10)),
            "GET /a",
        ),
        (
            Erm,
            "/a?page=0",
            given(None, None),
            given(None, Some(0)),
            "GET /a",
        ),
        (
            Erm,
            "/a?offset=7&page=3",
            given(None, None),
            given(None, Some(7)),
            "GET /a",
        ),
        (
            Erm,
            "/a?page=2",
            given(Some(4), None),
            given(Some(4), Some(4)),
            "GET /a",
        ),
        (
            Erm,
            "/a?perPage=5",
            given(Some(4), Some(1)),
            given(Some(4), Some(1)),
            "GET /a",
        ),
        // The server rejects a value that is not a number.
        (
            Erm,
            "/a?perPage=all",
            given(None, None),
            given(None, None),
            "GET /a?perPage=all",
        ),
        (
            Erm,
            "/a?page=4294967295&perPage=100",
            given(None, None),
            given(Some(100), Some(u32::MAX)),
            "GET /a",
        ),
    ] {
        let mut request = list(target);
        assert_eq!(of(style).start(&mut request, own), expected, "{target}");
        assert_eq!(sent(&request), rest);
    }
    let mut request = list("/a/retrieve").with_method(Method::POST);
    let body = serde_json::json!({"query": "b==2", "limit": 5, "offset": 10});
    request.set_json("application/json", &body);
    let start = of(Retrieve).start(&mut request, given(None, Some(20)));
    assert_eq!(start, given(Some(5), Some(20)));
    assert_eq!(request.parameter("query"), Some("b==2"));
}

#[test]
fn a_list_is_read_by_key_where_the_dialect_sorts_and_the_caller_does_not() {
    for style in STYLES {
        let dialect = of(style);
        let by_cql = matches!(style, PagingStyle::Cql | PagingStyle::Retrieve);
        assert_eq!(dialect.sorts_by_cql(), by_cql, "{style:?}");
        for (key, query, is_possible) in [
            (Some("id"), "a==1", true),
            (None, "a==1", false),
            (Some("id"), "a==1 sortBy name", false),
        ] {
            let expected = match by_cql && is_possible {
                true => Sequence::Keyset,
                false => Sequence::Offset,
            };
            assert_eq!(dialect.sequence(key, &cql_of(query)), expected, "{style:?}");
        }
    }
}

#[test]
fn what_else_is_known_of_each_dialect() {
    for style in STYLES {
        let dialect = of(style);
        let is = |styles: &[PagingStyle]| styles.contains(&style);
        use PagingStyle::*;
        assert_eq!(
            dialect.has_stable_order(),
            !is(&[Search, Browse, Whole]),
            "{style:?}"
        );
        assert_eq!(dialect.has_pages(), !is(&[Whole]), "{style:?}");
        assert_eq!(dialect.counts(), is(&[Cql, Offset, Retrieve]), "{style:?}");
        assert_eq!(dialect.may_omit_query(), is(&[Cql, Search]), "{style:?}");
        assert_eq!(
            dialect.window(),
            is(&[Search]).then_some(10_000),
            "{style:?}"
        );
        assert_eq!(dialect.order().is_some(), is(&[Erm, Stream]), "{style:?}");
        let place = match style {
            Cql => QueryPlace::BodyIfPossible,
            Retrieve => QueryPlace::Body,
            _ => QueryPlace::RequestLine,
        };
        assert_eq!(dialect.query_place(), place, "{style:?}");
        let stats = dialect.items(&list("/a?stats=true"));
        assert_eq!(stats, is(&[Erm]).then_some("results"));
        assert_eq!(dialect.items(&list("/a?stats=false")), None);
        for (items, body, in_whole) in [
            (None, "[1]", false),
            (None, " [1]", false),
            (None, "{}", true),
            (None, "", true),
            (Some("things"), "{}", false),
        ] {
            let expected = is(&[Stream]) || is(&[Whole]) && in_whole;
            assert_eq!(
                dialect.is_sequence(items, body.as_bytes()),
                expected,
                "{style:?} {body}"
            );
        }
    }
}

#[test]
fn a_list_ends_or_says_why_the_rest_cannot_be_requested() {
    use PagingStyle::*;
    let at = |offset, seen, total, is_sorted| Position {
        offset,
        seen,
        size: 500,
        total,
        is_sorted,
    };
    for (style, at, expected) in [
        (Cql, at(20_000, 20_000, Some(5), false), Ok(Some(500))),
        (Search, at(0, 0, None, false), Ok(Some(500))),
        (Search, at(9_900, 9_900, Some(9_950), false), Ok(Some(100))),
        (Search, at(10_000, 10_000, Some(10_000), false), Ok(None)),
        (
            Search,
            at(10_000, 10_000, Some(10_001), false),
            Err("split the query"),
        ),
        (Search, at(10_000, 10_000, None, true), Err("omit `sortBy`")),
        (Search, at(u64::MAX, 0, None, false), Err("split the query")),
        (Browse, at(0, 0, None, false), Ok(Some(500))),
        (Browse, at(3, 3, Some(3), false), Ok(None)),
        (Browse, at(3, 3, Some(4), false), Err("one page")),
        (Browse, at(3, 3, None, false), Err("one page")),
    ] {
        let found = of(style).page_size(&at);
        match (&found, expected) {
            (Ok(size), Ok(expected)) => assert_eq!(*size, expected, "{style:?} {at:?}"),
            (Err(Unreachable::Limit(text)), Err(part)) => assert!(text.contains(part), "{text}"),
            (Err(Unreachable::OnePage(text)), Err(part)) => assert!(text.contains(part), "{text}"),
            (found, expected) => assert_eq!(format!("{found:?}"), format!("{expected:?}")),
        }
    }
}

/// The records that web-toolkit returns for an offset and a page size.
fn of_web_toolkit(offset: u64, size: u32) -> std::ops::Range<u64> {
    let begin = offset / u64::from(size) * u64::from(size);
    begin..begin + u64::from(size)
}

proptest! {
    /// The page of ERM starts where the server starts it, and contains the desired record: the next
    /// one, and the preceding one if pages overlap.
    #[test]
    fn a_page_of_erm_has_what_is_wanted(offset in 0_u64..100_000, size in 1_u32..=100, overlaps: bool) {
        let overlaps = overlaps && offset > 0;
        let from = if overlaps { offset - 1 } else { offset };
        let place = of(PagingStyle::Erm).place(PagePlace { from, size, overlaps }, offset);
        prop_assert!((1..=size).contains(&place.size));
        let given = of_web_toolkit(place.from, place.size);
        prop_assert_eq!(given.start, place.from);
        prop_assert!(given.contains(&offset), "{:?}", place);
        if place.overlaps {
            prop_assert!(given.contains(&(offset - 1)));
        } else {
            // Nothing is repeated.
            prop_assert_eq!(given.start, offset);
        }
        prop_assert!(overlaps || !place.overlaps);
    }

    #[test]
    fn other_dialects_begin_anywhere(offset in 1_u64..100_000, size in 1_u32..=100, overlaps: bool) {
        let wanted = PagePlace { from: offset - u64::from(overlaps), size, overlaps };
        for style in STYLES.into_iter().filter(|style| *style != PagingStyle::Erm) {
            prop_assert_eq!(of(style).place(wanted, offset), wanted);
        }
    }
}
