//! Each dialect against a model of its server: every record that stays comes exactly once, for any
//! number of records, page size, limit of the server and deletions meanwhile.

use std::collections::BTreeSet;
use std::sync::Mutex;

use folio_sdk::{
    Error, ErrorKind, FolioClient, Method, PageCursor, Paging, PagingStyle, RecordStream, Request,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

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

/// Spread over all ids, in the order of the numbers.
fn id(number: usize) -> String {
    format!("{:08x}-0000-4000-8000-000000000000", number * 0x0020_0000)
}

/// A collection, and what becomes of it.
#[derive(Clone, Debug)]
struct Model {
    style: PagingStyle,
    /// Whether the list has a key to be read by.
    has_key: bool,
    count: usize,
    /// The numbers of the records that are deleted at some time.
    doomed: BTreeSet<usize>,
    /// How many of them are deleted after each request.
    deletions: usize,
    /// The largest page of the server.
    most: usize,
    /// Whether pages have `totalRecords`.
    has_totals: bool,
}

/// The parameters of a page, in any dialect.
#[derive(Default)]
struct Wanted {
    after: Option<String>,
    until: Option<String>,
    limit: usize,
    offset: usize,
    is_sorted: bool,
}

fn bound(query: &str, sign: &str) -> Option<String> {
    let (_, rest) = query.split_once(sign)?;
    Some(rest[..36].to_owned())
}

impl Wanted {
    fn of_query(query: &str, limit: usize, offset: usize) -> Self {
        Self {
            after: bound(query, "id>\""),
            until: bound(query, "id<=\""),
            limit,
            offset,
            is_sorted: query.contains("sortBy id"),
        }
    }

    /// The evaluation of a request by a server of a dialect. None if it is not in that dialect.
    fn of(style: PagingStyle, asked: &Asked) -> Option<Self> {
        let (limit, offset) = (asked.number("limit"), asked.number("offset"));
        let query = asked.param("query").unwrap_or_default();
        let by_get = (asked.method == "GET" && asked.path() == "/things").then_some(());
        match style {
            PagingStyle::Retrieve => {
                let body: Value = serde_json::from_str(&asked.body).ok()?;
                (asked.method == "POST" && asked.path() == "/things/retrieve").then_some(())?;
                let number = |name: &str| usize::try_from(body[name].as_u64()?).ok();
                let query = body["query"].as_str()?;
                return Some(Self::of_query(query, number("limit")?, number("offset")?));
            }
            PagingStyle::Whole => {
                by_get?;
                return (!asked.target.contains("limit") && !asked.target.contains("offset")).then(
                    || Self {
                        limit: usize::MAX,
                        is_sorted: true,
                        ..Self::default()
                    },
                );
            }
            PagingStyle::Erm => {
                by_get?;
                // web-toolkit makes a page number of the offset.
                let size = asked.number("perPage").clamp(1, 100);
                return Some(Self {
                    limit: size,
                    offset: offset / size * size,
                    is_sorted: asked.param("sort").as_deref() == Some("id;asc"),
                    ..Self::default()
                });
            }
            _ => by_get?,
        }
        let wanted = Self::of_query(&query, limit, offset);
        Some(match style {
            // These have an order of their own.
            PagingStyle::Offset | PagingStyle::Search | PagingStyle::Browse => Self {
                is_sorted: true,
                ..wanted
            },
            PagingStyle::Stream => Self {
                is_sorted: asked.param("orderBy").as_deref() == Some("id,ASC"),
                ..wanted
            },
            _ => wanted,
        })
    }
}

impl Model {
    fn page(&self, numbers: &BTreeSet<usize>, asked: &Asked) -> Option<Reply> {
        let wanted = Wanted::of(self.style, asked)?;
        let mut found: Vec<usize> = numbers.iter().copied().collect();
        found.retain(|number| {
            wanted
                .after
                .as_ref()
                .is_none_or(|after| id(*number) > *after)
        });
        found.retain(|number| {
            wanted
                .until
                .as_ref()
                .is_none_or(|until| id(*number) <= *until)
        });
        if !wanted.is_sorted {
            // Without an order the database gives any.
            found.sort_by_key(|number| number.wrapping_mul(2_654_435_761) % 1_000_003);
        }
        let total = found.len();
        let most = match self.style {
            PagingStyle::Whole | PagingStyle::Erm => usize::MAX,
            _ => self.most,
        };
        let things: Vec<Value> = found
            .into_iter()
            .skip(wanted.offset)
            .take(wanted.limit.min(most))
            .map(|number| json!({"id": id(number), "number": number}))
            .collect();
        if self.style == PagingStyle::Stream {
            let lines: String = things.iter().map(|thing| format!("{thing}\n")).collect();
            return Some(Reply::new(200, "application/stream+json", lines));
        }
        let mut page = json!({"things": things});
        if self.has_totals {
            page["totalRecords"] = total.into();
        }
        Some(Reply::json(page))
    }

    async fn start(self) -> Folio {
        let numbers = Mutex::new(BTreeSet::from_iter(0..self.count));
        Folio::start(move |asked, n| {
            let mut numbers = numbers.lock().unwrap();
            let page = self.page(&numbers, asked)?;
            // Those to be deleted are taken from anywhere.
            let doomed: Vec<usize> = self.doomed.intersection(&numbers).copied().collect();
            for step in 0..self.deletions.min(doomed.len()) {
                numbers.remove(&doomed[(n * 7 + step * 13) % doomed.len()]);
            }
            Some(page)
        })
        .await
    }

    fn list(&self, folio: &FolioClient, limit: u32) -> RecordStream<Value> {
        let key = self.has_key.then_some("id");
        let request = Request::to(Method::GET, "/things");
        let items = (self.style != PagingStyle::Stream).then_some("things");
        let paging = Paging::new(self.style, items, key, None);
        RecordStream::new(folio.clone(), request, paging, Some(limit), None)
    }
}

async fn check(model: Model, limit: u32) -> Result<(), TestCaseError> {
    let server = model.clone().start().await;
    let folio = server.connect().await;
    let mut list = model.list(&folio, limit);
    let mut came = Vec::new();
    while let Some(record) = list.next().await {
        match record {
            Ok(record) => came.push(usize::try_from(record["number"].as_u64().unwrap()).unwrap()),
            // Where pages of web-toolkit cannot be made to overlap any more, the list ends with an
            // error: nothing is missing silently.
            Err(error)
                if model.style == PagingStyle::Erm
                    && model.deletions > 0
                    && error.kind() == ErrorKind::Paging =>
            {
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(format!("{error:#} ({model:?})"))),
        }
    }
    for number in (0..model.count).filter(|number| !model.doomed.contains(number)) {
        let times = came.iter().filter(|other| **other == number).count();
        prop_assert_eq!(times, 1, "{} of {:?}, limit {}", number, model, limit);
    }
    for number in &model.doomed {
        let times = came.iter().filter(|other| *other == number).count();
        prop_assert!(times <= 1, "{} of {:?}, limit {}", number, model, limit);
    }
    folio.close().await.unwrap();
    Ok(())
}

/// Lists that change: of those of mod-search and of one page there is no order that holds.
fn may_change(style: PagingStyle) -> bool {
    !matches!(
        style,
        PagingStyle::Search | PagingStyle::Browse | PagingStyle::Whole
    )
}

fn check_all(cases: u32, deletions: std::ops::Range<usize>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for style in STYLES {
        if deletions.end > 1 && !may_change(style) {
            continue;
        }
        let config = ProptestConfig {
            cases,
            max_shrink_iters: 100,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let model = (
            any::<bool>(),
            0_usize..90,
            prop::collection::btree_set(0_usize..90, 0..60),
            deletions.clone(),
            1_usize..40,
            any::<bool>(),
            2_u32..40,
        );
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let outcome = runner.run(
            &model,
            |(has_key, count, doomed, deletions, most, has_totals, limit)| {
                let mut model = Model {
                    style,
                    has_key,
                    count,
                    doomed: match deletions {
                        0 => BTreeSet::new(),
                        _ => doomed
                            .into_iter()
                            .filter(|number| *number < count)
                            .collect(),
                    },
                    deletions,
                    // Pages of one record cannot overlap: of what is deleted meanwhile nothing
                    // tells.
                    most: most.max(if deletions == 0 { 1 } else { 2 }),
                    has_totals,
                };
                let limit = match style {
                    // One page, which says how to continue if there is more.
                    PagingStyle::Browse => {
                        (model.most, model.has_totals) = (90, true);
                        90
                    }
                    // web-toolkit begins pages at multiples of their size: of pages of a few
                    // records not every one can have the last record and the one behind it.
                    PagingStyle::Erm if deletions > 0 => limit.max(12),
                    _ => limit,
                };
                runtime.block_on(check(model, limit))
            },
        );
        if let Err(error) = outcome {
            panic!("{style:?}: {error}");
        }
    }
}

#[test]
fn every_record_comes_once_in_each_dialect() {
    check_all(24, 0..1);
}

#[test]
fn every_record_that_stays_comes_once_in_each_dialect_whatever_is_deleted_meanwhile() {
    check_all(24, 0..4);
}

#[tokio::test]
async fn a_small_list_of_erm_ends_whatever_the_size_of_its_pages() {
    for count in 0..24 {
        for limit in 2..12 {
            for has_totals in [false, true] {
                let model = Model {
                    style: PagingStyle::Erm,
                    has_key: false,
                    count,
                    doomed: BTreeSet::new(),
                    deletions: 0,
                    most: 100,
                    has_totals,
                };
                check(model, limit).await.unwrap();
            }
        }
    }
}

/// A checkpoint taken in the middle of a list: the rest comes, or an error says that there is no
/// way to resume.
#[tokio::test]
async fn a_harvest_of_each_dialect_is_resumed_or_says_that_it_cannot_be() {
    for style in STYLES {
        for has_key in [false, true] {
            let model = Model {
                style,
                has_key,
                count: 20,
                doomed: BTreeSet::new(),
                deletions: 0,
                most: 90,
                has_totals: true,
            };
            let limit = if style == PagingStyle::Browse { 90 } else { 6 };
            let server = model.clone().start().await;
            let folio = server.connect().await;
            let mut came = BTreeSet::new();
            let mut first = folio.harvest(model.list(&folio, limit)).stream();
            for _ in 0..18 {
                let record = first.next().await.unwrap().unwrap();
                assert!(came.insert(record["number"].as_u64().unwrap()));
            }
            let harvest = folio.harvest(model.list(&folio, limit));
            let mut rest = harvest.resume(first.checkpoint()).stream();
            let is_possible = may_change(style);
            while let Some(record) = rest.next().await {
                match record {
                    Ok(record) => {
                        let number = record["number"].as_u64().unwrap();
                        assert!(came.insert(number), "{number} of {style:?} came twice");
                    }
                    Err(error) => {
                        assert!(!is_possible, "{style:?}: {error:#}");
                        assert_eq!(error.kind(), folio_sdk::ErrorKind::Request, "{error:#}");
                        assert!(came.len() == 18, "{style:?}");
                    }
                }
            }
            assert_eq!(came.len(), if is_possible { 20 } else { 18 }, "{style:?}");
        }
    }
}

/// A server that gives one record at a time, whatever the limit is, and no `totalRecords`: its
/// first page looks like a list of one record.
#[tokio::test]
async fn a_server_that_gives_one_record_at_a_time_is_read_whole() {
    for style in [PagingStyle::Cql, PagingStyle::Offset, PagingStyle::Stream] {
        for count in 0..6 {
            let model = Model {
                style,
                has_key: false,
                count,
                doomed: BTreeSet::new(),
                deletions: 0,
                most: 1,
                has_totals: false,
            };
            check(model, 10).await.unwrap();
        }
    }
}

/// How the pages of a list are read.
#[derive(Clone, Copy, Debug)]
enum By {
    /// One stream gives all of them.
    Stream,
    /// Each page gives the next one.
    Page,
    /// Each page is requested by the text of the cursor of the one before, as web pages are.
    Cursor,
}

/// The sizes of the pages, and the numbers of their records.
async fn pages(
    model: &Model,
    folio: &FolioClient,
    limit: u32,
    by: By,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let (mut sizes, mut numbers) = (Vec::new(), Vec::new());
    let mut stream = model.list(folio, limit).pages();
    let mut page = stream.next().await.transpose()?;
    while let Some(current) = page {
        sizes.push(current.len());
        let cursor = current.cursor().map(ToString::to_string);
        page = match (by, cursor) {
            (By::Stream, _) => stream.next().await.transpose()?,
            (By::Page, _) => current.next_page().await?,
            (By::Cursor, None) => None,
            (By::Cursor, Some(text)) => {
                let cursor: PageCursor = text.parse().unwrap();
                let mut next = model.list(folio, limit).pages().after(&cursor);
                let next = next.next().await.transpose()?;
                // A page that was requested is given, also if nothing is there.
                next.filter(|page| !page.is_empty())
            }
        };
        for record in current {
            numbers.push(usize::try_from(record?["number"].as_u64().unwrap()).unwrap());
        }
    }
    Ok((sizes, numbers))
}

#[tokio::test]
async fn the_pages_of_each_dialect_have_each_record_once_however_they_are_requested() {
    for style in STYLES {
        for has_key in [false, true] {
            for (count, limit, most, has_totals) in [
                (0, 6, 90, true),
                (5, 6, 90, true),
                (6, 6, 90, false),
                (20, 6, 90, true),
                (20, 6, 90, false),
                (20, 6, 4, true),
                (24, 6, 4, false),
                (23, 2, 90, true),
                (60, 7, 90, true),
            ] {
                let model = Model {
                    style,
                    has_key,
                    count,
                    doomed: BTreeSet::new(),
                    deletions: 0,
                    most,
                    has_totals,
                };
                let is_whole = matches!(style, PagingStyle::Browse | PagingStyle::Whole);
                let limit = if style == PagingStyle::Browse {
                    90
                } else {
                    limit
                };
                // Without a number it cannot be told that one page is all.
                if style == PagingStyle::Browse && (most < count || !has_totals) {
                    continue;
                }
                for by in [By::Stream, By::Page, By::Cursor] {
                    let server = model.clone().start().await;
                    let folio = server.connect().await;
                    let (sizes, mut numbers) = pages(&model, &folio, limit, by)
                        .await
                        .unwrap_or_else(|error| panic!("{model:?} {by:?}: {error:#}"));
                    numbers.sort_unstable();
                    let all: Vec<usize> = (0..count).collect();
                    assert_eq!(numbers, all, "{model:?} {by:?} {sizes:?}");
                    // All pages are full but the last one, whatever the server's own limit is.
                    let limit = limit as usize;
                    let expected = match (is_whole, count) {
                        (true, _) | (_, 0) => vec![count],
                        _ => (0..count)
                            .step_by(limit)
                            .map(|from| limit.min(count - from))
                            .collect(),
                    };
                    assert_eq!(sizes, expected, "{model:?} {by:?}");
                }
            }
        }
    }
}

/// What is deleted between pages moves what follows, in a list by offset: no record that stays is
/// missing silently, and none comes twice.
#[tokio::test]
async fn pages_neither_miss_nor_repeat_what_stays_while_others_delete() {
    let (mut complete, mut failed) = (0, 0);
    for style in STYLES.into_iter().filter(|style| may_change(*style)) {
        for has_key in [false, true] {
            for deletions in 1..4 {
                for limit in [12, 20] {
                    let model = Model {
                        style,
                        has_key,
                        count: 80,
                        doomed: (0..80).filter(|number| number % 3 == 1).collect(),
                        deletions,
                        most: 90,
                        has_totals: true,
                    };
                    for by in [By::Stream, By::Page, By::Cursor] {
                        let server = model.clone().start().await;
                        let folio = server.connect().await;
                        let (_, numbers) = match pages(&model, &folio, limit, by).await {
                            Ok(pages) => pages,
                            Err(error) if error.kind() == ErrorKind::Paging => {
                                failed += 1;
                                continue;
                            }
                            Err(error) => panic!("{model:?} {by:?}: {error:#}"),
                        };
                        complete += 1;
                        let mut counts = vec![0; 80];
                        numbers.iter().for_each(|number| counts[*number] += 1);
                        for (number, count) in counts.into_iter().enumerate() {
                            match model.doomed.contains(&number) {
                                true => assert!(count <= 1, "{number}: {model:?} {by:?}"),
                                false => assert_eq!(count, 1, "{number}: {model:?} {by:?}"),
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(failed * 4 < complete, "{failed} {complete}");
}

/// A list of one page by design: what it gives is a page, and the error says that there may be
/// more.
#[tokio::test]
async fn a_browse_list_has_one_page_and_an_error_behind_it() {
    let model = Model {
        style: PagingStyle::Browse,
        has_key: false,
        count: 40,
        doomed: BTreeSet::new(),
        deletions: 0,
        most: 20,
        has_totals: true,
    };
    let server = model.clone().start().await;
    let folio = server.connect().await;
    for limit in [20, 30] {
        let mut pages = model.list(&folio, limit).pages();
        let page = pages.next().await.unwrap().unwrap();
        assert_eq!(page.len(), 20);
        let asked = server.asked("/things").len();
        let error = pages.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("has one page"), "{error}");
        assert!(pages.next().await.is_none());
        let error = page.next_page().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
        assert_eq!(server.asked("/things").len(), asked);
    }
}
