//! Lists that end too early, have no order, or state wrong numbers: all records or an error, with a
//! limited number of requests.

use std::collections::BTreeSet;
use std::sync::Mutex;

use folio_sdk::{
    Error, ErrorKind, FolioClient, Method, Paging, PagingStyle, RecordStream, Request,
};
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

/// Spread over all ids, in the order of the numbers.
fn id(number: usize) -> String {
    format!("{:08x}-0000-4000-8000-000000000000", number * 0x0200_0000)
}

fn number_of(id: &str) -> usize {
    usize::from_str_radix(&id[..8], 16).unwrap() / 0x0200_0000
}

/// The number of records that the server states.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Totals {
    /// As RMB does (recorded): exact without records and on a short page; lifted on a full page, no
    /// more than the offset on an empty one.
    Rmb,
    /// As RMB where its planner guesses: so many, but as above where it does not guess.
    Guess(usize),
    /// All of the collection, regardless of the request.
    Constant(usize),
}

const COUNT: usize = 95;

/// Longer than any of this takes.
const LONG: std::time::Duration = std::time::Duration::from_secs(20);

struct Server {
    totals: Totals,
    /// The body of a page that would have record 35, `n` times.
    glitch: Option<(&'static str, usize)>,
}

/// The numbers that a request is for, without limit and offset.
fn range(asked: &Asked) -> std::ops::Range<usize> {
    let query = asked.param("query").unwrap_or_default();
    // How many ids are not beyond a bound, which need not be one of them.
    let until = |sign: &str| {
        let (_, rest) = query.split_once(sign)?;
        Some(
            (0..COUNT)
                .filter(|number| *id(*number) <= rest[..36])
                .count(),
        )
    };
    let first = until("id>\"").unwrap_or(0);
    let end = until("id<=\"").unwrap_or(COUNT);
    first..end.max(first)
}

impl Server {
    async fn start(self) -> Folio {
        let left = Mutex::new(self.glitch.map_or(0, |(_, times)| times));
        Folio::start(move |asked, _| {
            (asked.path() == "/things").then(|| {
                let (limit, offset) = (asked.number("limit"), asked.number("offset"));
                let range = range(asked);
                let count = range.len();
                let page: Vec<usize> = range.skip(offset).take(limit).collect();
                let guess = match self.totals {
                    Totals::Guess(guess) => guess.max(count),
                    _ => count,
                };
                let total = match (self.totals, limit, page.len()) {
                    (Totals::Constant(total), ..) => total,
                    (_, 0, _) => count,
                    (_, _, 0) => offset.min(guess),
                    (_, limit, came) if came == limit => guess.max(offset + limit),
                    (_, _, came) => offset + came,
                };
                let mut left = left.lock().unwrap();
                if let Some((glitch, _)) = self.glitch
                    && *left > 0
                    && page.contains(&35)
                {
                    *left -= 1;
                    return Reply::new(200, "application/json", glitch);
                }
                let things: Vec<Value> = page
                    .into_iter()
                    .map(|number| json!({"id": id(number), "number": number}))
                    .collect();
                Reply::json(json!({"things": things, "totalRecords": total}))
            })
        })
        .await
    }
}

fn list(folio: &FolioClient, style: PagingStyle, key: bool, limit: u32) -> RecordStream<Value> {
    let key = key.then_some("id");
    RecordStream::new(
        folio.clone(),
        Request::to(Method::GET, "/things"),
        Paging::new(style, Some("things"), key, None),
        Some(limit),
        None,
    )
}

/// The numbers that came, and the error at the end.
async fn read(list: impl StreamExt<Item = Result<Value, Error>>) -> (Vec<usize>, Option<Error>) {
    let (mut came, mut last) = (Vec::new(), None);
    let mut list = std::pin::pin!(list);
    while let Some(thing) = list.next().await {
        match thing {
            Ok(thing) => came.push(number_of(thing["id"].as_str().unwrap())),
            Err(error) => last = Some(error),
        }
        assert!(came.len() <= 10 * COUNT, "without end");
    }
    (came, last)
}

const WAYS: [&str; 7] = [
    "by id",
    "by offset",
    "one by one",
    "plain",
    "search",
    "harvest",
    "ordered harvest",
];

async fn read_by(way: &str, folio: &FolioClient) -> (Vec<usize>, Option<Error>) {
    let cql = PagingStyle::Cql;
    match way {
        "by id" => read(list(folio, cql, true, 10)).await,
        "by offset" => read(list(folio, cql, false, 10)).await,
        "one by one" => read(list(folio, cql, false, 1)).await,
        "plain" => read(list(folio, PagingStyle::Offset, false, 10)).await,
        "search" => read(list(folio, PagingStyle::Search, false, 10)).await,
        "harvest" => read(folio.harvest(list(folio, cql, true, 10)).stream()).await,
        _ => {
            let harvest = folio.harvest(list(folio, cql, true, 10)).ordered();
            read(harvest.stream()).await
        }
    }
}

const GLITCHES: [&str; 5] = [
    r#"{"things": [], "totalRecords": 95}"#,
    r#"{"things": null, "totalRecords": 95}"#,
    r#"{"things": [null, null], "totalRecords": 95}"#,
    r#"{"things": []}"#,
    r#"{"totalRecords": 95}"#,
];

#[tokio::test]
async fn an_empty_page_in_the_middle_is_requested_again() {
    for totals in [Totals::Rmb, Totals::Constant(COUNT)] {
        for glitch in GLITCHES {
            for way in WAYS {
                let glitch = Some((glitch, 1));
                let server = Server { totals, glitch }.start().await;
                let folio = server.connect().await;
                let (mut came, error) = read_by(way, &folio).await;
                came.sort_unstable();
                let case = format!("{way}, {totals:?}, {glitch:?}: {error:?}");
                assert!(error.is_none(), "{case}");
                assert_eq!(came, (0..COUNT).collect::<Vec<_>>(), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_that_stays_empty_is_an_error() {
    for totals in [Totals::Rmb, Totals::Constant(COUNT)] {
        for glitch in GLITCHES {
            for way in WAYS {
                if way == "one by one" && glitch.contains("[null") {
                    // A record that is null, as there are some.
                    continue;
                }
                let glitch = Some((glitch, usize::MAX));
                let server = Server { totals, glitch }.start().await;
                let folio = server.connect().await;
                let reading = tokio::time::timeout(LONG, read_by(way, &folio)).await;
                let (came, error) =
                    reading.unwrap_or_else(|_| panic!("{way}, {totals:?}, {glitch:?}"));
                let case = format!("{way}, {totals:?}, {glitch:?}: {} came", came.len());
                assert_eq!(
                    came.iter().collect::<BTreeSet<_>>().len(),
                    came.len(),
                    "{case}"
                );
                let error = error.unwrap_or_else(|| panic!("no error: {case}"));
                assert_eq!(error.kind(), ErrorKind::Paging, "{case}: {error}");
                let requests = server.asked("/things").len();
                assert!(requests < 300, "{requests} requests: {case}");
            }
        }
    }
}

/// RMB's guess of 8,343 for some 200 rows was recorded; where it does not guess it counts.
#[tokio::test]
async fn a_guess_that_is_too_high_or_too_low_is_no_error() {
    for totals in [Totals::Rmb, Totals::Guess(8_343), Totals::Guess(1_000)] {
        for way in WAYS.into_iter().filter(|way| *way != "search") {
            let glitch = None;
            let server = Server { totals, glitch }.start().await;
            let folio = server.connect().await;
            let (mut came, error) = read_by(way, &folio).await;
            came.sort_unstable();
            assert!(error.is_none(), "{way}, {totals:?}: {error:?}");
            assert_eq!(came, (0..COUNT).collect::<Vec<_>>(), "{way}, {totals:?}");
            let requests = server.asked("/things").len();
            let most = match way {
                "one by one" => 100,
                "ordered harvest" => 60,
                _ => 35,
            };
            assert!(requests <= most, "{requests} requests: {way}, {totals:?}");
        }
    }
}

/// If it also states that when it should count, fewer records arrived than exist; but it is not
/// requested forever.
#[tokio::test]
async fn an_absurd_number_of_records_bounds_the_requests() {
    let totals = Totals::Constant(1_000_000_000);
    for way in WAYS {
        let glitch = None;
        let server = Server { totals, glitch }.start().await;
        let folio = server.connect().await;
        let (mut came, error) = read_by(way, &folio).await;
        came.sort_unstable();
        assert_eq!(came, (0..COUNT).collect::<Vec<_>>(), "{way}");
        assert_eq!(
            error.map(|error| error.kind()),
            Some(ErrorKind::Paging),
            "{way}"
        );
        let requests = server.asked("/things").len();
        assert!(requests < 250, "{requests} requests: {way}");
    }
}

/// A list whose order is by one field only, as that of calendars: among equals it is another one
/// for each request.
async fn without_order(count: usize, equal: usize, seed: u64, totals: bool) -> Folio {
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    Folio::start(move |asked, _| {
        (asked.path() == "/calendar/calendars").then(|| {
            let mut all: Vec<usize> = (0..count).collect();
            for equals in all.chunks_mut(equal) {
                random.lock().unwrap().shuffle(equals);
            }
            let page: Vec<Value> = all
                .into_iter()
                .skip(asked.number("offset"))
                .take(asked.number("limit"))
                .map(|number| json!({"id": id(number), "startDate": "2026-01-01"}))
                .collect();
            match totals {
                true => Reply::json(json!({"calendars": page, "totalRecords": count})),
                false => Reply::json(json!({"calendars": page})),
            }
        })
    })
    .await
}

#[tokio::test]
async fn a_list_without_an_order_is_whole_or_an_error_and_ends() {
    let (mut whole, mut failed) = (0, 0);
    for seed in 0..60 {
        for limit in [1, 2, 3, 10, 100] {
            let server = without_order(22, [22, 5, 3][seed as usize % 3], seed, true).await;
            let folio = server.connect().await;
            let calendars = folio.folio_get_all::<Value>("/calendar/calendars", "calendars");
            let (came, error) = read(calendars.limit(limit).stream()).await;
            let different: BTreeSet<usize> = came.iter().copied().collect();
            assert_eq!(
                different.len(),
                came.len(),
                "twice: limit {limit}, seed {seed}"
            );
            match error {
                None => {
                    assert_eq!(came.len(), 22, "limit {limit}, seed {seed}");
                    whole += 1;
                }
                Some(error) => {
                    assert_eq!(error.kind(), ErrorKind::Paging);
                    failed += 1;
                }
            }
            let requests = server.asked("/calendar/calendars").len();
            assert!(
                requests <= 130,
                "{requests} requests: limit {limit}, seed {seed}"
            );
        }
    }
    assert!(whole > 60 && failed > 60, "{whole} whole, {failed} failed");
}

#[tokio::test]
async fn a_list_without_an_order_or_a_number_ends() {
    for seed in 0..30 {
        for limit in [2, 10] {
            let server = without_order(22, 22, seed, false).await;
            let folio = server.connect().await;
            let calendars = folio.folio_get_all::<Value>("/calendar/calendars", "calendars");
            let (came, _) = read(calendars.limit(limit).stream()).await;
            let different: BTreeSet<usize> = came.iter().copied().collect();
            assert_eq!(different.len(), came.len());
            assert!(server.asked("/calendar/calendars").len() <= 130);
        }
    }
}

/// A server whose ids are not UUIDs. It returns `pages` by `page`, which gets the key of the
/// request.
async fn with_text_ids(page: fn(Option<usize>) -> Vec<usize>) -> Folio {
    Folio::start(move |asked, _| {
        (asked.path() == "/things").then(|| {
            let query = asked.param("query").unwrap();
            let after = query
                .split_once("id>\"thing-")
                .map(|(_, rest)| rest[..2].parse().unwrap());
            let things: Vec<Value> = page(after)
                .into_iter()
                .map(|number| json!({"id": format!("thing-{number:02}")}))
                .collect();
            Reply::json(json!({"things": things}))
        })
    })
    .await
}

#[tokio::test]
async fn a_server_that_ignores_the_key_or_the_order_is_found_out_if_ids_are_text_too() {
    let servers: [fn(Option<usize>) -> Vec<usize>; 4] = [
        // Ignores `id>`.
        |_| vec![10, 11],
        // Ignores it, in descending order.
        |_| vec![11, 10],
        // Respects it, in descending order.
        |after| {
            (after.map_or(10, |after| after + 1)..20)
                .rev()
                .take(2)
                .collect()
        },
        // Gives the same of another page.
        |after| vec![after.map_or(10, |after| after % 12 + 2), 12],
    ];
    for (at, page) in servers.into_iter().enumerate() {
        for harvest in [false, true] {
            let server = with_text_ids(page).await;
            let folio = server.connect().await;
            let things = list(&folio, PagingStyle::Cql, true, 2);
            let results: Vec<Result<Value, Error>> = match harvest {
                false => things.take(500).collect().await,
                true => folio.harvest(things).stream().take(500).collect().await,
            };
            let error = results.last().unwrap().as_ref().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Paging, "server {at}, {harvest}");
            assert!(
                results.len() < 12,
                "server {at}, {harvest}: {}",
                results.len()
            );
            assert!(server.asked("/things").len() < 8);
        }
    }
    // In an order of the database's own all is well.
    let order = |after: Option<usize>| {
        let all = [10, 15, 11, 19, 12];
        let first = after.map_or(0, |after| {
            1 + all.iter().position(|it| *it == after).unwrap()
        });
        all[first..].iter().copied().take(2).collect()
    };
    let server = with_text_ids(order).await;
    let folio = server.connect().await;
    for harvest in [false, true] {
        let things = list(&folio, PagingStyle::Cql, true, 2);
        let count = match harvest {
            false => {
                things
                    .filter(|it| std::future::ready(it.is_ok()))
                    .count()
                    .await
            }
            true => {
                folio
                    .harvest(things)
                    .stream()
                    .filter(|it| std::future::ready(it.is_ok()))
                    .count()
                    .await
            }
        };
        assert_eq!(count, 5);
    }
}

/// Each page of it is in descending order, or all of it is.
#[tokio::test]
async fn descending_pages_by_offset_are_read_within_a_bounded_number_of_requests() {
    for by_page in [true, false] {
        for limit in [1, 2, 3, 10] {
            let server = Folio::start(move |asked, _| {
                (asked.path() == "/things").then(|| {
                    let (first, limit) = (asked.number("offset"), asked.number("limit"));
                    let mut page: Vec<usize> = match by_page {
                        true => (first..COUNT).take(limit).collect(),
                        false => (0..COUNT).rev().skip(first).take(limit).collect(),
                    };
                    if by_page {
                        page.reverse();
                    }
                    let things: Vec<Value> = page
                        .into_iter()
                        .map(|number| json!({"id": id(number)}))
                        .collect();
                    Reply::json(json!({"things": things, "totalRecords": COUNT}))
                })
            })
            .await;
            let folio = server.connect().await;
            let (came, error) = read(list(&folio, PagingStyle::Cql, false, limit)).await;
            let different: BTreeSet<usize> = came.iter().copied().collect();
            assert_eq!(different.len(), came.len());
            assert!(
                came.len() == COUNT || error.is_some(),
                "{} of limit {limit}",
                came.len()
            );
            let requests = server.asked("/things").len();
            assert!(
                requests <= 6 * COUNT,
                "{requests} requests of limit {limit}"
            );
        }
    }
}

/// mod-tags leaves out the list if it is empty (recorded).
#[tokio::test]
async fn an_answer_of_a_number_only_is_an_empty_list() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/tags").then(|| Reply::json(json!({"totalRecords": 0})))
    })
    .await;
    let folio = server.connect().await;
    let tags = folio.folio_get_all::<Value>("/tags", "tags");
    assert_eq!(tags.count().await, 0);
    let tags: Vec<Value> = folio.folio_get("/tags", "tags").await.unwrap();
    assert!(tags.is_empty());
    // That is no list, and nothing else has no value.
    assert!(folio.folio_get::<String>("/tags", "tags").await.is_err());
}

/// Behind the end of a list it is left out, too (recorded); where there should be records it is an
/// error.
#[tokio::test]
async fn an_answer_of_a_number_only_is_an_error_where_there_are_records() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/tags").then(|| Reply::json(json!({"totalRecords": 9})))
    })
    .await;
    let folio = server.connect().await;
    let get = || folio.folio_get::<Vec<Value>>("/tags", "tags");
    assert!(get().offset(9).await.unwrap().is_empty());
    assert!(get().offset(8).await.is_err());
    assert!(get().await.is_err());
    let list: Vec<_> = folio
        .folio_get_all::<Value>("/tags", "tags")
        .collect()
        .await;
    assert!(
        matches!(&list[..], [Err(error)] if error.kind() == ErrorKind::Paging),
        "{list:?}"
    );
}
