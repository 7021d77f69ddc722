//! Lists as streams: every record once, for any behaviour of the server.

use std::collections::BTreeSet;
use std::sync::Mutex;

use folio_sdk::{
    Error, ErrorKind, FolioClient, Method, Paging, PagingStyle, RecordStream, Request, cql,
};
use folio_test_support::clock::settle;
use folio_test_support::sandbox::id;
use futures_util::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

/// The ids of `count` records, and the server's response to a request for them.
struct Collection {
    count: usize,
    /// The server's own limit.
    most: usize,
    heeds_key: bool,
    heeds_offset: bool,
}

impl Default for Collection {
    fn default() -> Self {
        Self {
            count: 25,
            most: usize::MAX,
            heeds_key: true,
            heeds_offset: true,
        }
    }
}

impl Collection {
    fn page(&self, asked: &Asked) -> Vec<usize> {
        let query = asked.param("query").unwrap_or_default();
        let after = query
            .strip_prefix("id>\"")
            .filter(|_| self.heeds_key)
            .map(|rest| usize::from_str_radix(&rest[..8], 16).unwrap());
        let first = after.map_or(0, |after| after + 1)
            + if self.heeds_offset {
                asked.number("offset")
            } else {
                0
            };
        let limit = asked
            .param("limit")
            .map_or(10, |limit| limit.parse().unwrap())
            .min(self.most);
        (first..self.count).take(limit).collect()
    }

    async fn serve(self) -> Folio {
        Folio::start(move |asked, _| {
            (asked.path() == "/things").then(|| {
                let things: Vec<Value> = self
                    .page(asked)
                    .into_iter()
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                // An estimate that is wrong in both directions.
                Reply::json(json!({"things": things, "totalRecords": 3}))
            })
        })
        .await
    }
}

fn typed(
    folio: &FolioClient,
    query: Option<&str>,
    limit: Option<u32>,
    offset: Option<u32>,
) -> RecordStream<Value> {
    let mut request = Request::to(Method::GET, "/things");
    if let Some(query) = query {
        request = request.query(query);
    }
    RecordStream::new(
        folio.clone(),
        request,
        Paging::new(PagingStyle::Cql, Some("things"), Some("id"), None),
        limit,
        offset,
    )
}

async fn numbers(items: RecordStream<Value>) -> Vec<usize> {
    items
        .map(|thing| usize::try_from(thing.unwrap()["number"].as_u64().unwrap()).unwrap())
        .collect()
        .await
}

fn queries(server: &Folio) -> Vec<String> {
    server
        .asked("/things")
        .iter()
        .map(|asked| asked.param("query").unwrap())
        .collect()
}

/// A client that sends one request at a time, and so none two pages ahead: that depends on the time
/// of the requests, and has its own tests (`look_ahead.rs`).
async fn one_by_one(server: &Folio) -> FolioClient {
    server.builder().max_in_flight(1).connect().await.unwrap()
}

#[tokio::test]
async fn a_list_with_a_known_key_is_read_by_it() {
    let server = Collection::default().serve().await;
    let folio = one_by_one(&server).await;
    assert_eq!(
        numbers(typed(&folio, None, Some(10), None)).await,
        (0..25).collect::<Vec<_>>()
    );
    assert_eq!(
        queries(&server),
        [
            "cql.allRecords=1 sortBy id".to_owned(),
            format!("id>\"{}\" sortBy id", id(9)),
            format!("id>\"{}\" sortBy id", id(19)),
            format!("id>\"{}\" sortBy id", id(24)),
        ]
    );
    assert!(
        server
            .asked("/things")
            .iter()
            .all(|asked| asked.param("offset").is_none() && asked.param("limit").unwrap() == "10")
    );
}

#[tokio::test]
async fn the_callers_query_is_in_parentheses() {
    let server = Collection::default().serve().await;
    let folio = server.connect().await;
    assert_eq!(
        numbers(typed(&folio, Some("a=1 or b=2"), Some(20), None))
            .await
            .len(),
        25
    );
    assert_eq!(
        queries(&server)[..2],
        [
            "a=1 or b=2 sortBy id".to_owned(),
            format!("id>\"{}\" and (a=1 or b=2) sortBy id", id(19))
        ]
    );
}

#[tokio::test]
async fn the_callers_order_is_respected_and_made_unique() {
    let server = Collection::default().serve().await;
    let folio = server.connect().await;
    for (query, sent) in [
        ("a=1 sortBy name", "a=1 sortBy name id"),
        (
            "a=1 sortby name/sort.descending",
            "a=1 sortBy name/sort.descending id",
        ),
        (
            "a=1 sortBy id/sort.descending",
            "a=1 sortBy id/sort.descending",
        ),
        ("a=1 SORTBY identifier", "a=1 sortBy identifier id"),
        ("sortBy name", "cql.allRecords=1 sortBy name id"),
    ] {
        let before = server.asked("/things").len();
        assert_eq!(
            numbers(typed(&folio, Some(query), Some(10), None)).await,
            (0..25).collect::<Vec<_>>()
        );
        let asked = server.asked("/things").split_off(before);
        assert_eq!(
            asked
                .iter()
                .map(|asked| asked.number("offset"))
                .collect::<Vec<_>>(),
            // Each page begins with the last record of the one before.
            [0, 9, 18, 24]
        );
        assert!(
            asked
                .iter()
                .all(|asked| asked.param("query").unwrap() == sent),
            "{query}"
        );
    }
    // What only looks like an order.
    let before = server.asked("/things").len();
    assert_eq!(
        numbers(typed(&folio, Some("title=\"a sortBy b\""), Some(10), None))
            .await
            .len(),
        25
    );
    assert_eq!(queries(&server)[before], "title=\"a sortBy b\" sortBy id");
    assert!(queries(&server)[before + 1].starts_with("id>"));
}

#[tokio::test]
async fn a_generic_list_is_read_by_offset_in_a_unique_order_or_by_id_when_asked() {
    let server = Collection::default().serve().await;
    let folio = one_by_one(&server).await;
    let all = folio
        .folio_get_all::<Value>("/things", "things")
        .query(cql::field("a").eq(1))
        .limit(10);
    assert_eq!(numbers(all.stream()).await.len(), 25);
    assert_eq!(queries(&server), ["a==\"1\" sortBy id"; 4]);
    assert_eq!(
        numbers(
            folio
                .folio_get_all("things?query=a==1", "things")
                .limit(10)
                .by_id()
                .stream()
        )
        .await
        .len(),
        25
    );
    assert_eq!(
        queries(&server)[5],
        format!("id>\"{}\" and (a==1) sortBy id", id(9))
    );
    let mut unsorted = folio.folio_get_all::<Value>("/things", "things").unsorted();
    unsorted.next().await.unwrap().unwrap();
    assert_eq!(queries(&server)[8], "cql.allRecords=1");
    // A stream by itself, without `stream()`.
    assert_eq!(
        folio
            .folio_get_all::<Value>("/things", "things")
            .count()
            .await,
        25
    );
}

#[tokio::test]
async fn a_server_with_a_limit_of_its_own_gives_everything_all_the_same() {
    for by_id in [false, true] {
        let server = Collection {
            most: 7,
            ..Collection::default()
        }
        .serve()
        .await;
        let folio = server.connect().await;
        let all = folio.folio_get_all::<Value>("/things", "things").limit(10);
        let all = if by_id { all.by_id() } else { all };
        assert_eq!(numbers(all.stream()).await, (0..25).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_list_begins_where_it_is_told() {
    let server = Collection::default().serve().await;
    let folio = server.connect().await;
    assert_eq!(
        numbers(typed(&folio, None, Some(10), Some(5))).await,
        (5..25).collect::<Vec<_>>()
    );
    assert_eq!(
        numbers(typed(&folio, Some("a=1 sortBy b"), Some(10), Some(5))).await,
        (5..25).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_page_of_nothing_is_refused() {
    let server = Collection::default().serve().await;
    let folio = server.connect().await;
    let mut items = typed(&folio, None, Some(0), None);
    assert_eq!(
        items.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::Request
    );
    assert!(items.next().await.is_none());
    assert_eq!(server.asked("/things").len(), 0);
}

#[tokio::test]
async fn a_server_that_ignores_the_key_or_the_offset_is_found_out() {
    let server = Collection {
        heeds_key: false,
        ..Collection::default()
    }
    .serve()
    .await;
    let folio = server.connect().await;
    let mut items = typed(&folio, None, Some(10), None);
    let mut seen = BTreeSet::new();
    let error = loop {
        match items.next().await.unwrap() {
            Ok(thing) => assert!(seen.insert(thing["number"].as_u64()), "twice"),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), seen.len()), (ErrorKind::Paging, 10));
    assert!(items.next().await.is_none());

    let server = Collection {
        heeds_offset: false,
        ..Collection::default()
    }
    .serve()
    .await;
    let folio = server.connect().await;
    let results: Vec<Result<Value, Error>> = folio
        .folio_get_all("/things", "things")
        .limit(10)
        .collect()
        .await;
    assert_eq!(results.len(), 11);
    assert_eq!(results[10].as_ref().unwrap_err().kind(), ErrorKind::Paging);
}

#[tokio::test]
async fn an_endpoint_that_does_not_page_is_read_once() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/all")
            .then(|| Reply::json(json!([{"id": "a"}, {"id": "b"}, {"id": "c"}])))
    })
    .await;
    let folio = server.connect().await;
    for limit in [2, 3, 500] {
        let results: Vec<Result<Value, Error>> = folio
            .folio_get_all("/all", None)
            .limit(limit)
            .collect()
            .await;
        // A page that is exactly full could be the first of many that are not given.
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3);
        assert_eq!(results.len(), if limit == 3 { 4 } else { 3 });
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Thing {
    id: String,
    number: u8,
}

#[tokio::test]
async fn a_bad_record_stands_in_its_place_and_the_others_come() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| {
            if asked.param("query").unwrap().contains("id>") {
                return Reply::json(json!({"things": []}));
            }
            Reply::new(
                200,
                "application/json",
                format!(
                    r#" {{ "totalRecords" : 5 , "things" : [ {{"id":"{}","number":1}} , null, {{"number":"two\u2028","id":"{}","x":[{{}}]}},
                    {{"id":"{}"}}, {{"id":"{}","number":4,"more":"]}}"}} ], "resultInfo": {{"diagnostics": []}} }} "#,
                    id(1),
                    id(2),
                    id(3),
                    id(4)
                ),
            )
        })
    })
    .await;
    let folio = server.connect().await;
    let results: Vec<Result<Thing, Error>> = folio
        .folio_get_all("/things", "things")
        .by_id()
        .collect()
        .await;
    assert_eq!(results.len(), 4);
    assert_eq!(results[0].as_ref().unwrap().number, 1);
    assert_eq!(results[3].as_ref().unwrap().number, 4);
    let bad = results[1].as_ref().unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Record);
    assert_eq!(
        (bad.record_index(), bad.record_id()),
        (Some(2), Some(id(2).as_str()))
    );
    assert_eq!(
        bad.record_json(),
        Some(format!(r#"{{"number":"two\u2028","id":"{}","x":[{{}}]}}"#, id(2)).as_str())
    );
    assert!(
        bad.to_string()
            .contains("at `number`: invalid type: string"),
        "{bad}"
    );
    assert!(
        results[2]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("missing field `number`")
    );
    assert_eq!(
        server
            .asked("/things")
            .last()
            .unwrap()
            .param("query")
            .unwrap(),
        format!("id>\"{}\" sortBy id", id(4))
    );
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    let bodies = [
        ("", "no body"),
        ("{}", "has no `things`"),
        (
            r#"{"users":[],"totalRecords":0}"#,
            "it has `users`, `totalRecords`",
        ),
        (r#"{"things":{"a":1}}"#, "is not an array"),
        (r#"{"things":[{"id":"1"}"#, "EOF"),
        (r#"{"things":[{"id":"1"},]}"#, "expected value"),
        (r#"{"things":[1 2]}"#, "expected `,` or `]`"),
        (r#"{"things":[]} x"#, "trailing characters"),
        ("\"text\"", "is not a list"),
        ("null", "is not a list"),
        ("<html>", "expected value"),
    ];
    for (body, expected) in bodies {
        let server = Folio::start(move |asked, _| {
            (asked.path() == "/things").then(|| Reply::new(200, "application/json", body))
        })
        .await;
        let folio = server.connect().await;
        let results: Vec<Result<Value, Error>> =
            folio.folio_get_all("/things", "things").collect().await;
        let error = results.last().unwrap().as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(expected), "{body}: {error}");
        // The records before the truncation are valid.
        let good =
            usize::from(body.starts_with(r#"{"things":[{"id":"1"}"#) || body.contains("[1 2"));
        assert_eq!(results.len(), 1 + good, "{body}");
    }
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| Reply::json(json!({"things": null})))
    })
    .await;
    let folio = server.connect().await;
    assert_eq!(
        folio
            .folio_get_all::<Value>("/things", "things")
            .count()
            .await,
        0
    );
    let error = folio
        .folio_get_all::<Value>("/things", None)
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("pass the key of the list in it: it has `things`"),
        "{error}"
    );
}

#[tokio::test]
async fn records_without_the_key_cannot_be_read_by_it() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| Reply::json(json!({"things": [{"name": "a"}]})))
    })
    .await;
    let folio = server.connect().await;
    let mut things = folio
        .folio_get_all::<Value>("/things", "things")
        .by_id()
        .stream();
    assert_eq!(things.next().await.unwrap().unwrap(), json!({"name": "a"}));
    let error = things.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(error.to_string().contains("has a `id`"), "{error}");
    assert!(things.next().await.is_none());
}

#[tokio::test]
async fn a_failure_in_the_middle_is_repeated_and_nothing_comes_twice() {
    let server = Folio::start(move |asked, n| {
        (asked.path() == "/things").then(|| match n % 3 {
            0 => Reply::text(503, "busy"),
            1 => Reply::Break(json!({"things": [{"id": id(99)}]}).to_string()),
            _ => {
                let things: Vec<Value> = Collection::default()
                    .page(asked)
                    .into_iter()
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                Reply::json(json!({"things": things}))
            }
        })
    })
    .await;
    let folio = server.connect().await;
    assert_eq!(
        numbers(typed(&folio, None, Some(10), None)).await,
        (0..25).collect::<Vec<_>>()
    );
}

/// A list of 230 agreements in the dialect of ERM. An offset is that of a whole page: what is
/// between is cut off (web-toolkit, `RestfulController.doTheLookup`; not recorded).
async fn agreements(agreement: fn(usize) -> Value) -> Folio {
    Folio::start(move |asked, _| {
        (asked.path() == "/erm/sas").then(|| {
            let size = asked.number("perPage");
            let first = asked.number("offset") / size * size;
            Reply::json((first..230).take(size).map(agreement).collect())
        })
    })
    .await
}

#[tokio::test]
async fn the_erm_dialect() {
    let server = agreements(|number| json!({"id": number})).await;
    let folio = server.connect().await;
    assert_eq!(
        folio
            .folio_get_all::<Value>("/erm/sas", None)
            .param("filters", "type==a")
            .count()
            .await,
        230
    );
    let asked = server.asked("/erm/sas");
    // Each page begins with the last record of the one before, or shortly before it, and is of a
    // size that lets it begin there.
    let pages: Vec<_> = asked
        .iter()
        .map(|asked| (asked.number("offset"), asked.number("perPage")))
        .collect();
    assert_eq!(pages, [(0, 100), (99, 99), (196, 98), (228, 76)]);
    assert!(
        asked
            .iter()
            .all(|asked| asked.target.contains("sort=id%3Basc&perPage=")
                && !asked.target.contains("limit"))
    );
}

/// Its own words for the size of a page and for where to begin mean what they say, also before a
/// stream.
#[tokio::test]
async fn the_pages_of_the_erm_dialect_are_as_large_as_it_was_told_and_begin_there() {
    let server = agreements(|number| {
        json!({"id": number.to_string(), "name": "one", "agreementStatus": {}, "periods": []})
    })
    .await;
    let folio = server.connect().await;
    let generic = || folio.folio_get_all::<Value>("/erm/sas", None);
    let by_page = generic().param("perPage", 50).param("page", 3);
    assert_eq!(by_page.count().await, 130);
    assert_eq!(generic().param("offset", 200).count().await, 30);
    assert_eq!(generic().param("max", 20).count().await, 230);
    assert!(server.asked("/erm/sas").iter().all(|asked| {
        asked.param("page").is_none() && asked.target.matches("offset=").count() <= 1
    }));
    #[cfg(feature = "agreements")]
    {
        let agreements = folio.agreements().list_sas().per_page(50).page(3).stream();
        let agreements: Vec<folio_sdk::agreements::Agreement> = agreements
            .map(|agreement| agreement.unwrap())
            .collect()
            .await;
        assert_eq!(agreements.len(), 130);
        assert_eq!(agreements[0].id, Some("100".into()));
    }
}

#[tokio::test]
async fn mod_search_gives_ten_thousand_and_says_when_there_are_more() {
    for (count, total) in [(10_000_usize, 10_000_usize), (12_000, 12_000)] {
        let server = Folio::start(move |asked, _| {
            (asked.path() == "/search/instances").then(|| {
                let (first, size) = (asked.number("offset"), asked.number("limit"));
                if first + size > 10_000 || size > 500 {
                    return Reply::text(
                        400,
                        "The sum of limit and offset should not exceed 10000.",
                    );
                }
                let instances: Vec<Value> = (first..count)
                    .take(size)
                    .map(|number| json!({"id": number}))
                    .collect();
                Reply::json(json!({"totalRecords": total, "instances": instances}))
            })
        })
        .await;
        let folio = server.connect().await;
        let results: Vec<Result<Value, Error>> = folio
            .folio_get_all("/search/instances", "instances")
            .query("title=a")
            .limit(700)
            .collect()
            .await;
        assert_eq!(
            results.iter().filter(|result| result.is_ok()).count(),
            10_000
        );
        assert_eq!(
            results.last().unwrap().as_ref().err().map(Error::kind),
            (count > 10_000).then_some(ErrorKind::Paging)
        );
        assert_eq!(
            server.asked("/search/instances")[0].param("query").unwrap(),
            "title=a"
        );
    }
}

#[tokio::test]
async fn the_next_page_comes_while_the_caller_works_and_no_more_than_that() {
    for by_id in [false, true] {
        let server = Collection::default().serve().await;
        let folio = one_by_one(&server).await;
        let all = folio.folio_get_all::<Value>("/things", "things").limit(10);
        let mut items = if by_id { all.by_id() } else { all }.stream();
        assert_eq!(server.asked("/things").len(), 0);
        items.next().await.unwrap().unwrap();
        settle().await;
        // A caller that wants one record has it.
        assert_eq!(server.asked("/things").len(), 1);
        items.next().await.unwrap().unwrap();
        server.wait_for("/things", 2).await;
        settle().await;
        assert_eq!(server.asked("/things").len(), 2);
        for number in 2..10 {
            assert_eq!(items.next().await.unwrap().unwrap()["number"], number);
        }
        assert_eq!(server.asked("/things").len(), 2);
        assert_eq!(numbers(items).await, (10..25).collect::<Vec<_>>());
        assert_eq!(server.asked("/things").len(), 4);
    }
}

#[tokio::test]
async fn a_page_whose_end_is_not_where_it_seems_is_asked_for_again() {
    // The last array of the answer is not the list.
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| {
            let things: Vec<Value> = Collection::default()
                .page(asked)
                .into_iter()
                .map(|number| json!({"id": id(number), "number": number}))
                .collect();
            Reply::json(json!({"things": things, "zeta": [{"id": id(1000)}]}))
        })
    })
    .await;
    let folio = server.connect().await;
    assert_eq!(
        numbers(typed(&folio, None, Some(10), None)).await,
        (0..25).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_server_that_does_not_sort_is_found_out() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| {
            let things: Vec<Value> = [3, 9, 5, 7]
                .map(|number| json!({"id": id(number)}))
                .to_vec();
            Reply::json(json!({"things": things}))
        })
    })
    .await;
    let folio = server.connect().await;
    let results: Vec<Result<Value, Error>> = typed(&folio, None, Some(4), None).collect().await;
    assert_eq!(results.len(), 3);
    let error = results[2].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(
        error
            .to_string()
            .contains("00000005-0000-4000-8000-000000000000 was received after"),
        "{error}"
    );
}

#[tokio::test]
async fn a_limit_of_the_servers_own_does_not_hide_that_it_ignores_the_offset() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| {
            let things: Vec<Value> = (0..7).map(|number| json!({"id": id(number)})).collect();
            Reply::json(json!({"things": things, "totalRecords": 25}))
        })
    })
    .await;
    let folio = server.connect().await;
    let results: Vec<Result<Value, Error>> = folio
        .folio_get_all("/things", "things")
        .limit(10)
        .collect()
        .await;
    assert_eq!(results.len(), 8);
    assert_eq!(results[7].as_ref().unwrap_err().kind(), ErrorKind::Paging);
}

/// A list by offset that changes after each request, as `change` says, which is given the numbers
/// of its records in order.
async fn changing(
    numbers: impl IntoIterator<Item = usize>,
    change: impl FnMut(&mut BTreeSet<usize>) + Send + 'static,
) -> Folio {
    let state = Mutex::new((BTreeSet::from_iter(numbers), change));
    Folio::start(move |asked, _| {
        (asked.path() == "/things").then(|| {
            let mut state = state.lock().unwrap();
            let (numbers, change) = &mut *state;
            let things: Vec<Value> = numbers
                .iter()
                .skip(asked.number("offset"))
                .take(asked.number("limit"))
                .map(|number| json!({"id": id(*number), "number": number}))
                .collect();
            change(numbers);
            Reply::json(json!({"things": things, "totalRecords": numbers.len()}))
        })
    })
    .await
}

#[tokio::test]
async fn a_list_by_offset_is_whole_whatever_is_deleted_and_inserted_meanwhile() {
    for seed in 0..80 {
        let mut random = fastrand::Rng::with_seed(seed);
        let before: BTreeSet<usize> = (0..random.usize(1..120))
            .map(|_| random.usize(..1_000))
            .collect();
        let lasting: BTreeSet<usize> = before.iter().copied().filter(|_| random.bool()).collect();
        let kept = lasting.clone();
        let (deletions, insertions) = (random.usize(..12), random.usize(..6));
        let limit = random.u32(2..15);
        let server = changing(before, move |numbers| {
            let doomed: Vec<usize> = numbers.difference(&kept).copied().collect();
            for _ in 0..deletions.min(doomed.len()) {
                numbers.remove(&doomed[random.usize(..doomed.len())]);
            }
            // What is written at last comes to an end.
            for _ in 0..random
                .usize(..=insertions)
                .min(300_usize.saturating_sub(numbers.len()))
            {
                numbers.insert(random.usize(..1_000));
            }
        })
        .await;
        let folio = server.connect().await;
        let all = folio.folio_get_all("/things", "things").limit(limit);
        let came = numbers(all.stream()).await;
        for number in &lasting {
            let times = came.iter().filter(|came| *came == number).count();
            assert_eq!(times, 1, "{number} of seed {seed}");
        }
    }
}

#[tokio::test]
async fn a_list_by_offset_is_whole_though_thousands_are_deleted_at_once() {
    let mut asked = 0;
    let server = changing(0..12_000, move |numbers| {
        asked += 1;
        if asked == 11 {
            numbers.retain(|number| *number > 11_100 || *number < 500);
        }
    })
    .await;
    let folio = server.connect().await;
    let all = folio.folio_get_all("/things", "things").limit(1_000);
    let mut came = numbers(all.stream()).await;
    // What was read before it was deleted, and all that stays: each once.
    assert!(
        (0..10_990)
            .chain(11_101..12_000)
            .all(|number| came.contains(&number))
    );
    let count = came.len();
    came.sort_unstable();
    came.dedup();
    assert_eq!(came.len(), count);
    assert!(server.asked("/things").len() < 30);
}

#[tokio::test]
async fn a_server_that_takes_the_offset_for_whole_pages_is_read_whole() {
    for by_page in [true, false] {
        let server = Folio::start(move |asked, _| {
            (asked.path() == "/things").then(|| {
                let (offset, limit) = (asked.number("offset"), asked.number("limit"));
                // One rounds it, the other knows nothing else.
                let first = match by_page {
                    true => offset / limit * limit,
                    false if offset % limit == 0 => offset,
                    false => 25,
                };
                let things: Vec<Value> = (first..25)
                    .take(limit)
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                Reply::json(json!({"things": things, "totalRecords": 25}))
            })
        })
        .await;
        let folio = server.connect().await;
        let all = folio.folio_get_all("/things", "things").limit(10).stream();
        assert_eq!(numbers(all).await, (0..25).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_comes_in_one_answer_is_asked_for_once() {
    let server = Folio::start(|asked, _| {
        let records = (0..30).map(|number| json!({"id": id(number), "number": number}));
        match asked.path() {
            "/inventory-hierarchy/updated-instance-ids" => {
                let text: String = records.map(|record| format!("{record:#}")).collect();
                Some(Reply::new(200, "application/json", text))
            }
            "/oai-pmh-view/instances" => Some(Reply::json(records.collect())),
            _ => None,
        }
    })
    .await;
    let folio = server.connect().await;
    for path in [
        "/inventory-hierarchy/updated-instance-ids",
        "/oai-pmh-view/instances",
    ] {
        let all = folio
            .folio_get_all::<Value>(path, None)
            .param("startDate", "2024-01-01T00:00:00Z")
            .limit(10);
        assert_eq!(numbers(all.stream()).await, (0..30).collect::<Vec<_>>());
        let asked = server.asked(path);
        assert_eq!(asked.len(), 1);
        assert_eq!(
            asked[0].target,
            format!("{path}?startDate=2024-01-01T00:00:00Z")
        );
    }
}

#[tokio::test]
async fn the_ids_of_many_records_are_a_list_like_others() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/record-bulk/ids").then(|| {
            assert_eq!(asked.param("recordType").as_deref(), Some("HOLDING"));
            let query = asked.param("query").unwrap();
            let after = query.strip_prefix("id>\"");
            let after = after.map(|rest| usize::from_str_radix(&rest[..8], 16).unwrap() + 1);
            let ids: Vec<Value> = (after.unwrap_or_default() + asked.number("offset")..25)
                .take(asked.number("limit"))
                .map(|number| json!({"id": id(number), "number": number}))
                .collect();
            Reply::json(json!({"ids": ids, "totalRecords": 25}))
        })
    })
    .await;
    let folio = server.connect().await;
    let all = folio
        .folio_get_all::<Value>("/record-bulk/ids", "ids")
        .param("recordType", "HOLDING")
        .limit(10);
    assert_eq!(numbers(all.stream()).await, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_browse_list_has_one_page_and_says_how_to_go_on() {
    let server = Folio::start(|asked, _| {
        let total = match asked.path() {
            "/browse/subjects/instances" => 230,
            "/browse/authorities" => 3,
            _ => return None,
        };
        let items = ["a", "b", "c"].map(|value| json!({"value": value}));
        Some(Reply::json(
            json!({"items": items, "totalRecords": total, "prev": "a", "next": "c"}),
        ))
    })
    .await;
    let folio = server.connect().await;
    let subjects = folio
        .folio_get_all::<Value>("/browse/subjects/instances", "items")
        .query("value>=\"a\"")
        .limit(3);
    let results: Vec<Result<Value, Error>> = subjects.collect().await;
    assert_eq!(results.len(), 4);
    let error = results[3].as_ref().unwrap_err();
    assert!(
        error.to_string().contains("send a query for the `next`"),
        "{error}"
    );
    let authorities = folio
        .folio_get_all::<Value>("/browse/authorities", "items")
        .query("headingRef>=\"a\"");
    assert_eq!(authorities.count().await, 3);
}

#[tokio::test]
async fn a_list_that_the_server_breaks_off_is_asked_for_again_and_else_an_error() {
    for always in [false, true] {
        let server = Folio::start(move |asked, n| {
            (asked.path() == "/things").then(|| {
                let mut things: Vec<Value> = Collection::default()
                    .page(asked)
                    .into_iter()
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                let mut diagnostics = json!([]);
                if n == 1 || always && n > 1 {
                    things.truncate(3);
                    diagnostics = json!([{"code": "500", "message": "the database is gone"}]);
                }
                Reply::json(json!({"things": things, "totalRecords": 25, "resultInfo": {"totalRecords": 25, "diagnostics": diagnostics}}))
            })
        })
        .await;
        let folio = server.connect().await;
        let results: Vec<Result<Value, Error>> =
            typed(&folio, None, Some(10), None).collect().await;
        if always {
            assert_eq!(results.len(), 11);
            let error = results[10].as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated);
            assert!(error.to_string().contains("the database is gone"));
        } else {
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 25);
            assert_eq!(results.len(), 25);
        }
    }
}

/// Instances by GET and by POST, of which some ids are not there.
async fn instances() -> Folio {
    Folio::start(|asked, _| {
        let by_post = asked.path() == "/instance-storage/instances/retrieve";
        if !by_post && !matches!(asked.path(), "/instance-storage/instances" | "/things") {
            return None;
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let query = if by_post {
            body["query"].as_str().unwrap().to_owned()
        } else {
            asked.param("query").unwrap()
        };
        let limit = if by_post {
            usize::try_from(body["limit"].as_u64().unwrap()).unwrap()
        } else {
            asked.number("limit")
        };
        if !by_post && asked.target.len() > 8_170 {
            return Some(Reply::text(414, "URI Too Long"));
        }
        let mut wanted: Vec<usize> = (0..1_000)
            .filter(|number| number % 7 != 3)
            .filter(|number| query.contains(&id(*number)) || query.contains("title"))
            .collect();
        if let Some(after) = query.strip_prefix("id>\"") {
            let after = usize::from_str_radix(&after[..8], 16).unwrap();
            wanted.retain(|number| *number > after);
        }
        let records: Vec<Value> = wanted
            .into_iter()
            .take(limit)
            .map(|number| json!({"id": id(number), "number": number}))
            .collect();
        Some(Reply::json(json!({"instances": records})))
    })
    .await
}

#[tokio::test]
async fn many_ids_become_as_many_requests_as_a_url_allows() {
    let server = instances().await;
    let folio = server.connect().await;
    let wanted: Vec<usize> = (0..400).rev().collect();
    let mut found = folio.folio_get_by_ids::<Value>(
        "/things",
        "instances",
        wanted.iter().map(|number| id(*number)).chain([id(5)]),
    );
    let mut came = Vec::new();
    while let Some(record) = found.next().await {
        came.push(record.unwrap()["number"].as_u64().unwrap() as usize);
    }
    // In the order of the ids, each once, and missing ones are reported.
    let (there, missing): (Vec<usize>, Vec<usize>) =
        wanted.iter().partition(|number| *number % 7 != 3);
    assert_eq!(came, there);
    assert_eq!(
        found.missing(),
        missing.into_iter().map(id).collect::<Vec<_>>()
    );
    let asked = server.asked("/things");
    assert_eq!(asked.len(), 5);
    let line = |asked: &Asked| format!("GET {} HTTP/1.1", asked.target).len();
    assert!(asked.iter().all(|asked| line(asked) <= 4_096));
    assert!(line(&asked[0]) > 4_000);
}

#[tokio::test]
async fn ids_are_asked_for_by_post_where_there_is_a_way() {
    let server = instances().await;
    let folio = server.connect().await;
    let mut found = folio
        .folio_get_all::<Value>("/instance-storage/instances", "instances")
        .limit(1_000)
        .stream()
        .ids((0..400).map(id));
    let mut count = 0;
    while let Some(record) = found.next().await {
        record.unwrap();
        count += 1;
    }
    assert_eq!((count, found.missing().len()), (343, 57));
    let asked = server.asked("/instance-storage/instances/retrieve");
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "POST"));
    assert_eq!(server.asked("/instance-storage/instances").len(), 0);
    // No ids, no request.
    let mut none = folio.folio_get_by_ids::<Value>("/things", "instances", [""; 0]);
    assert!(none.next().await.is_none());
}

#[tokio::test]
async fn ids_are_asked_for_by_get_where_the_way_by_post_is_not_there() {
    for status in [404, 403] {
        let server = Folio::start(move |asked, _| match asked.path() {
            "/instance-storage/instances/retrieve" => {
                Some(Reply::text(status, "does not have this path"))
            }
            "/instance-storage/instances" => {
                let query = asked.param("query").unwrap();
                let records: Vec<Value> = (0..1_000)
                    .filter(|number| query.contains(&id(*number)))
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                Some(Reply::json(json!({"instances": records})))
            }
            _ => None,
        })
        .await;
        let folio = server.connect().await;
        let mut found = folio.folio_get_by_ids::<Value>(
            "/instance-storage/instances",
            "instances",
            (0..1_100).map(id),
        );
        let mut came = Vec::new();
        while let Some(record) = found.next().await {
            came.push(record.unwrap()["number"].as_u64().unwrap() as usize);
        }
        assert_eq!(came, (0..1_000).collect::<Vec<_>>());
        assert_eq!(found.missing().len(), 100);
    }
}

#[tokio::test]
async fn a_query_that_is_too_long_for_a_url_is_sent_in_a_body() {
    let server = instances().await;
    let folio = one_by_one(&server).await;
    let long = cql::field("title").any_of((0..1_000).map(|number| format!("title {number}")));
    let all = folio
        .folio_get_all::<Value>("/instance-storage/instances", "instances")
        .query(long.clone())
        .by_id()
        .limit(300);
    assert_eq!(numbers(all.stream()).await.len(), 857);
    let asked = server.asked("/instance-storage/instances/retrieve");
    assert_eq!(asked.len(), 4);
    let body: Value = serde_json::from_str(&asked[1].body).unwrap();
    let query = body["query"].as_str().unwrap();
    assert!(query.starts_with("id>\"") && query.ends_with(" sortBy id"));
    assert!(query.contains(&format!("and ({long})")));
    assert_eq!((&body["limit"], &body["offset"]), (&json!(300), &json!(0)));
    // The endpoint by its own name.
    let all = folio
        .folio_get_all::<Value>("/instance-storage/instances/retrieve", "instances")
        .query("title=a")
        .by_id();
    assert_eq!(numbers(all.stream()).await.len(), 857);
}

#[tokio::test]
async fn a_stream_of_records_is_split_at_line_feeds_only() {
    let server = Folio::start(|asked, n| {
        (asked.path() == "/source-storage/stream/records").then(|| {
            let first = asked.number("offset");
            let mut body = String::new();
            for number in (first..25).take(asked.number("limit")) {
                body += &match number {
                    3 => "{\"id\": \"broken\n".to_owned(),
                    n => format!(
                        "{{\"id\":\"{}\",\"number\":{n},\"text\":\"a\u{2028}b\"}}\n",
                        id(n)
                    ),
                };
            }
            match n {
                1 => Reply::Break(body),
                _ => Reply::new(200, "application/stream+json", body),
            }
        })
    })
    .await;
    let folio = server.connect().await;
    let results: Vec<Result<Value, Error>> = folio
        .folio_get_all("/source-storage/stream/records", None)
        .param("snapshotId", id(7))
        .limit(10)
        .collect()
        .await;
    assert_eq!(results.len(), 25);
    for (number, record) in results.iter().enumerate() {
        match record {
            Ok(record) => assert_eq!(
                (&record["number"], &record["text"]),
                (&json!(number), &json!("a\u{2028}b"))
            ),
            Err(error) => {
                assert_eq!((number, error.kind()), (3, ErrorKind::Record));
                assert_eq!(error.record_json(), Some("{\"id\": \"broken"));
            }
        }
    }
    let asked = server.asked("/source-storage/stream/records");
    assert!(asked[0].target.contains("orderBy=id,ASC"), "{:?}", asked[0]);
    assert!(asked.iter().all(|asked| asked.param("query").is_none()));
}

/// mod-search with 12,000 instances and resource jobs.
async fn search(jobs: bool) -> Folio {
    Folio::start(move |asked, n| {
        let path = asked.path();
        if path == "/search/resources/jobs" && jobs {
            let job: Value = serde_json::from_str(&asked.body).unwrap();
            assert_eq!(job, json!({"entityType": "INSTANCE", "query": "title=a or title=b"}));
            return Some(Reply::json(json!({"id": id(1), "status": "IN_PROGRESS", "query": job["query"], "entityType": "INSTANCE"})));
        }
        if path == format!("/search/resources/jobs/{}", id(1)) {
            let status = if n == 0 { "IN_PROGRESS" } else { "COMPLETED" };
            return Some(Reply::json(json!({"id": id(1), "status": status, "query": "q", "entityType": "INSTANCE"})));
        }
        if path == format!("/search/resources/jobs/{}/ids", id(1)) {
            let ids: Vec<Value> = (0..12_000).map(|number| json!({"id": id(number)})).collect();
            return Some(Reply::json(json!({"totalRecords": 12_000, "ids": ids})));
        }
        (path == "/search/instances").then(|| {
            let (first, size) = (asked.number("offset"), asked.number("limit"));
            if first + size > 10_000 || size > 500 || asked.target.len() > 8_170 {
                return Reply::text(400, "too much");
            }
            let query = asked.param("query").unwrap();
            let wanted: Vec<usize> = match query.strip_prefix("id==(") {
                Some(ids) => ids
                    .split('"')
                    .filter(|text| text.len() == 36)
                    .map(|text| usize::from_str_radix(&text[..8], 16).unwrap())
                    .collect(),
                None => (0..12_000).rev().skip(first).take(size).collect(),
            };
            let instances: Vec<Value> = wanted
                .into_iter()
                .map(|number| json!({"id": id(number), "number": number}))
                .collect();
            Reply::json(json!({"totalRecords": 12_000, "instances": instances}))
        })
    })
    .await
}

#[tokio::test]
async fn beyond_the_window_of_mod_search_a_resource_job_finds_the_rest() {
    let server = search(true).await;
    let folio = server.connect().await;
    let all = folio
        .folio_get_all::<Value>("/search/instances", "instances")
        .query("title=a or title=b")
        .param("expandAll", true);
    let mut came = numbers(all.stream()).await;
    came.sort_unstable();
    assert_eq!(came, (0..12_000).collect::<Vec<_>>());
    assert!(
        server
            .asked("/search/instances")
            .iter()
            .all(|asked| asked.param("expandAll").as_deref() == Some("true"))
    );
}

#[tokio::test]
async fn without_jobs_or_in_an_order_mod_search_shows_its_window_and_says_how_to_go_on() {
    for (jobs, query) in [(false, "title=a"), (true, "title=a sortBy title")] {
        let server = search(jobs).await;
        let folio = server.connect().await;
        let results: Vec<Result<Value, Error>> = folio
            .folio_get_all("/search/instances", "instances")
            .query(query)
            .collect()
            .await;
        assert_eq!(results.len(), 10_001);
        let error = results[10_000].as_ref().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.to_string().contains("split the query"), "{error}");
        assert_eq!(error.to_string().contains("omit `sortBy`"), jobs);
    }
}

#[tokio::test]
async fn erm_lists_with_figures_and_lists_without_cql_are_the_same_call() {
    let server = Folio::start(|asked, _| {
        let page = |limit: &str| -> Vec<Value> {
            (asked.number("offset")..230)
                .take(asked.number(limit))
                .map(|number| json!({"id": number}))
                .collect()
        };
        Some(Reply::json(match asked.path() {
            "/licenses/licenses" => {
                json!({"pageSize": 100, "total": 230, "meta": {}, "results": page("perPage")})
            }
            "/calendar/calendars" => json!({"calendars": page("limit"), "totalRecords": 230}),
            "/search/consortium/items" => json!({"items": page("limit"), "totalRecords": 230}),
            _ => return None,
        }))
    })
    .await;
    let folio = server.connect().await;
    let licenses = folio
        .folio_get_all::<Value>("/licenses/licenses", None)
        .param("stats", true)
        .param("sort", "name;desc");
    assert_eq!(licenses.count().await, 230);
    assert!(
        server
            .asked("/licenses/licenses")
            .iter()
            .all(
                |asked| asked.param("sort").as_deref() == Some("name%3Bdesc")
                    || asked.param("sort").as_deref() == Some("name;desc")
            )
    );
    for (path, key) in [
        ("/calendar/calendars", "calendars"),
        ("/search/consortium/items", "items"),
    ] {
        assert_eq!(
            folio
                .folio_get_all::<Value>(path, key)
                .limit(100)
                .count()
                .await,
            230
        );
        assert!(
            server
                .asked(path)
                .iter()
                .all(|asked| asked.param("query").is_none())
        );
    }
}

#[tokio::test]
async fn a_query_that_would_break_out_of_its_parentheses_is_not_sent() {
    let server = Collection::default().serve().await;
    let folio = server.connect().await;
    for query in ["a=1) or (b=2", "a=\"1", "(a=1"] {
        let mut items = typed(&folio, Some(query), None, None);
        let error = items.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(
            error.to_string().contains("invalid CQL at character"),
            "{error}"
        );
    }
    assert_eq!(server.asked("/things").len(), 0);
}

#[tokio::test]
async fn a_path_whose_list_is_described_is_read_by_what_is_said_of_it() {
    let server = Folio::start(|asked, _| {
        let key = match asked.path() {
            "/users" => "users",
            // Of a module that no feature of this build has.
            "/orders-storage/po-lines" => "poLines",
            "/applications" => "applicationDescriptors",
            _ => return None,
        };
        let collection = Collection {
            count: 1_200,
            ..Collection::default()
        };
        let records: Vec<Value> = collection
            .page(asked)
            .into_iter()
            .map(|number| json!({"id": id(number), "number": number}))
            .collect();
        Some(Reply::json(json!({key: records})))
    })
    .await;
    let folio = one_by_one(&server).await;
    for (path, key) in [("/users", "users"), ("orders-storage/po-lines", "poLines")] {
        let all = folio.folio_get_all::<Value>(path, key).limit(500);
        assert_eq!(numbers(all.stream()).await.len(), 1_200);
        let asked = server.asked(&format!("/{}", path.trim_start_matches('/')));
        assert_eq!(asked.len(), 4);
        assert!(
            asked[1]
                .param("query")
                .unwrap()
                .starts_with(&format!("id>\"{}\"", id(499)))
        );
        assert!(asked.iter().all(|asked| asked.param("offset").is_none()));
    }
    let before = server.asked("/users").len();
    let all = folio.folio_get_all::<Value>("/users", "users").by_offset();
    assert_eq!(numbers(all.stream()).await.len(), 1_200);
    assert_eq!(server.asked("/users")[before + 1].number("offset"), 499);
    // The largest page that the server takes.
    let all = folio
        .folio_get_all::<Value>("/applications", "applicationDescriptors")
        .limit(2_000);
    assert_eq!(numbers(all.stream()).await.len(), 1_200);
    assert_eq!(server.asked("/applications")[0].number("limit"), 500);
}
