//! Lists as pages, and what takes a list or awaits a call without further words.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use folio_sdk::users::{User, Usergroup};
use folio_sdk::{
    Error, ErrorKind, Method, Page, PageCursor, Paging, PagingStyle, RecordStream, Request,
    Response,
};
use folio_test_support::sandbox::{admin, id};
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Folio, Reply};

async fn groups(count: usize) -> (folio_sandbox::Sandbox, folio_sdk::FolioClient) {
    let sandbox = folio_sandbox::Sandbox::builder()
        .keep_exchanges(1_000)
        .start()
        .await
        .unwrap();
    let groups =
        (0..count).map(|number| json!({"id": id(number), "group": format!("g{number:04}")}));
    sandbox.load("diku", "/groups", groups.collect()).unwrap();
    let folio = admin(&sandbox).connect().await.unwrap();
    (sandbox, folio)
}

/// How many pages of the list were requested.
fn requests(sandbox: &folio_sandbox::Sandbox) -> usize {
    let exchanges = sandbox.exchanges();
    exchanges.iter().filter(|it| it.path == "/groups").count()
}

fn names(page: &Page<Usergroup>) -> Vec<String> {
    let groups = page.iter().map(|group| group.as_ref().unwrap());
    groups.map(|group| group.group.clone()).collect()
}

#[tokio::test]
async fn a_page_costs_one_request_and_gives_the_next_one() {
    let (sandbox, folio) = groups(237).await;
    let list = || folio.users().list_groups().limit(50);
    let mut pages = list().pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!((first.len(), first.total_records()), (50, Some(237)));
    // Nothing is requested ahead: most programs show one page.
    tokio::task::yield_now().await;
    assert_eq!(requests(&sandbox), 1);
    let (mut came, mut sizes) = (names(&first), vec![50]);
    let mut page = first.next_page().await.unwrap();
    assert_eq!(requests(&sandbox), 2);
    while let Some(current) = page {
        assert_eq!(current.total_records(), Some(237), "that of the whole list");
        came.extend(names(&current));
        sizes.push(current.len());
        page = current.next_page().await.unwrap();
    }
    assert_eq!(sizes, [50, 50, 50, 50, 37]);
    came.sort();
    let all: Vec<String> = (0..237).map(|number| format!("g{number:04}")).collect();
    assert_eq!(came, all);
    // The stream gives the same, and the request of a page may be repeated.
    let rest: Vec<_> = pages.map(|page| page.unwrap().len()).collect().await;
    assert_eq!(rest, [50, 50, 50, 37]);
    assert_eq!(first.next_page().await.unwrap().unwrap().len(), 50);
}

/// A server that gives fewer records at once than a page has: a page is several requests.
#[tokio::test]
async fn pages_are_as_large_as_the_caller_says() {
    let (sandbox, folio) = groups(60).await;
    let request = Request::to(Method::GET, "/groups");
    let paging = Paging::new(PagingStyle::Cql, Some("usergroups"), Some("id"), Some(10));
    let list = RecordStream::<Value>::new(folio.clone(), request, paging, Some(25), None);
    let mut pages = list.pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!((first.len(), requests(&sandbox)), (25, 3));
    let second = first.next_page().await.unwrap().unwrap();
    assert_eq!(second.len(), 25);
    let key = |page: &Page<Value>, at: usize| {
        page.iter().nth(at).unwrap().as_ref().unwrap()["id"].clone()
    };
    assert_eq!(
        (key(&first, 24), key(&second, 0)),
        (id(24).into(), id(25).into())
    );
    let rest: Vec<usize> = pages.map(|page| page.unwrap().len()).collect().await;
    assert_eq!(rest, [25, 10]);
    // An offset is that of the first page.
    let list = folio.users().list_groups().offset(7).limit(30);
    let pages: Vec<_> = list.pages().map(Result::unwrap).collect().await;
    assert_eq!(pages.iter().map(Page::len).collect::<Vec<_>>(), [30, 23]);
    assert_eq!(pages[0].next_page().await.unwrap().unwrap().len(), 23);
}

/// In the caller's order a list is read by offset: what others insert and delete before it moves
/// what follows.
#[tokio::test]
async fn a_page_by_offset_continues_behind_its_last_record_whatever_moves() {
    let (_sandbox, folio) = groups(30).await;
    let list = || {
        let list = folio.folio_get_all::<Value>("/groups", "usergroups");
        list.query("cql.allRecords=1 sortBy group").limit(10)
    };
    let first = list().pages().next().await.unwrap().unwrap();
    let cursor = first.cursor().unwrap().to_string();
    assert!(
        cursor
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    );
    assert!(cursor.len() < 1_200, "{}", cursor.len());
    for number in [2, 5, 9] {
        let path = format!("/groups/{}", id(number));
        folio
            .folio_delete(path)
            .confirm(folio_sdk::Deletion::Record)
            .await
            .unwrap();
    }
    let group = json!({"id": id(900), "group": "a comes first"});
    folio.folio_post("/groups", &group).await.unwrap();
    let cursor: PageCursor = cursor.parse().unwrap();
    let mut rest = list().pages().after(&cursor);
    let mut came = Vec::new();
    while let Some(page) = rest.next().await {
        came.extend(page.unwrap().into_records().unwrap());
    }
    let came: Vec<&str> = came
        .iter()
        .map(|group| group["group"].as_str().unwrap())
        .collect();
    let expected: Vec<String> = (10..30).map(|number| format!("g{number:04}")).collect();
    assert_eq!(came, expected);
}

#[tokio::test]
async fn an_empty_list_is_one_empty_page_and_a_full_last_page_has_nothing_behind_it() {
    let (_sandbox, folio) = groups(20).await;
    let none = folio
        .users()
        .list_groups()
        .query("group==none")
        .limit(10)
        .pages();
    let pages: Vec<_> = none.map(Result::unwrap).collect().await;
    assert_eq!(pages.len(), 1);
    assert!(pages[0].is_empty() && pages[0].cursor().is_none());
    assert_eq!(pages[0].total_records(), Some(0));
    assert!(pages[0].next_page().await.unwrap().is_none());

    let list = || folio.users().list_groups().limit(10);
    let pages: Vec<_> = list().pages().map(Result::unwrap).collect().await;
    assert_eq!(pages.iter().map(Page::len).collect::<Vec<_>>(), [10, 10]);
    let last = &pages[1];
    assert!(last.next_page().await.unwrap().is_none());
    let behind = list().pages().after(last.cursor().unwrap()).next().await;
    assert!(behind.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn a_cursor_is_of_its_list_only() {
    let (_sandbox, folio) = groups(20).await;
    let list = || folio.users().list_groups().limit(10);
    let page = list().pages().next().await.unwrap().unwrap();
    let cursor = page.cursor().unwrap();
    // The size of the page may differ, and so may the way in which the list is requested.
    let next = list().limit(3).pages().after(cursor).next().await;
    assert_eq!(next.unwrap().unwrap().len(), 3);
    let other = list().query("group==a*").pages().after(cursor).next().await;
    let error = other.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        error.to_string().contains("the cursor is of another list"),
        "{error}"
    );
    for text in ["", "x", "e30", "eyJsIjoxfQ==", "\u{e4}"] {
        let error = text.parse::<PageCursor>().unwrap_err();
        assert!(
            error.to_string().contains("not the cursor of a page"),
            "{error}"
        );
    }
    let json = serde_json::to_string(cursor).unwrap();
    assert_eq!(serde_json::from_str::<PageCursor>(&json).unwrap(), *cursor);
}

/// A key from a cursor that somebody changed stays a value of the query.
#[tokio::test]
async fn a_changed_cursor_cannot_change_the_query() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/things").then(|| {
            let things = (0..3).map(|n| json!({"id": id(n)})).collect::<Vec<_>>();
            let is_first = asked
                .param("query")
                .is_none_or(|query| !query.contains("id>"));
            Reply::json(json!({"things": if is_first { things } else { vec![] }}))
        })
    })
    .await;
    let folio = server.connect().await;
    let list = || {
        folio
            .folio_get_all::<Value>("/things", "things")
            .by_id()
            .limit(3)
    };
    let page = list().pages().next().await.unwrap().unwrap();
    let json = URL_SAFE_NO_PAD.decode(page.cursor().unwrap().to_string());
    let mut json: Value = serde_json::from_slice(&json.unwrap()).unwrap();
    json["p"]["after"] = "x\" or id=* or id=\"".into();
    let cursor = URL_SAFE_NO_PAD.encode(json.to_string());
    let mut pages = list().pages().after(&cursor.parse().unwrap());
    let _ = pages.next().await;
    let query = server
        .asked("/things")
        .last()
        .unwrap()
        .param("query")
        .unwrap();
    assert!(query.contains(r#"id>"x\" or id=\* or id=\"""#), "{query}");
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_in_its_place_and_a_failure_ends_the_pages() {
    let server = Folio::start(|asked, n| {
        (asked.path() == "/things").then(|| match asked.param("query") {
            Some(query) if query.contains("id>") && n < 100 => Reply::text(400, "no"),
            _ => Reply::json(json!({"totalRecords": 9, "things": [
                {"id": id(1), "number": 1}, {"id": id(2), "number": "two"}, {"id": id(3), "number": 3},
            ]})),
        })
    })
    .await;
    #[derive(Debug, serde::Deserialize)]
    struct Thing {
        number: u64,
    }
    let folio = server.connect().await;
    let list = folio
        .folio_get_all::<Thing>("/things", "things")
        .by_id()
        .limit(3);
    let mut pages = list.pages();
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.len(), 3);
    let read: Vec<Option<u64>> = page
        .iter()
        .map(|thing| thing.as_ref().ok().map(|thing| thing.number))
        .collect();
    assert_eq!(read, [Some(1), None, Some(3)]);
    let error = page.iter().find_map(|thing| thing.as_ref().err()).unwrap();
    assert_eq!(
        (error.kind(), error.record_index()),
        (ErrorKind::Record, Some(1))
    );
    // The next page fails, and can be requested again.
    for _ in 0..2 {
        let error = page.next_page().await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), 400);
    }
    assert_eq!(
        pages.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::Status
    );
    assert!(pages.next().await.is_none());
    assert_eq!(page.into_records().unwrap_err().kind(), ErrorKind::Record);
}

#[tokio::test]
async fn calls_are_awaited_with_and_without_send() -> Result<(), Error> {
    let (sandbox, folio) = groups(3).await;
    let list = folio.users().list_groups().limit(2).await?;
    let same = folio.users().list_groups().limit(2).send().await?;
    assert_eq!(list.usergroups, same.usergroups);
    assert_eq!(folio.users().get_group(id(1)).await?.group, "g0001");
    let response: Response = folio.request(Method::GET, "/groups").await?;
    assert!(response.status().is_success());
    // As any future: in a task, with others, and behind a combinator.
    let task = tokio::spawn(folio.users().get_group(id(2)).into_future());
    let (one, two) = tokio::join!(folio.users().get_group(id(0)).into_future(), task);
    assert_eq!(
        (one?.group, two.unwrap()?.group),
        ("g0000".into(), "g0002".into())
    );
    assert!(
        folio
            .users()
            .get_group(id(9))
            .await
            .unwrap_err()
            .is_not_found()
    );
    drop(folio.users().list_groups());
    let before = requests(&sandbox);
    drop(folio.users().list_groups().into_future());
    assert_eq!(
        requests(&sandbox),
        before,
        "nothing is sent before it is polled"
    );
    Ok(())
}

#[tokio::test]
async fn lists_are_harvested_without_a_stream_between() {
    let (_sandbox, folio) = groups(120).await;
    // The type of the records is that of the operation: nothing else names it here.
    let mut groups = folio
        .harvest(folio.users().list_groups().limit(20))
        .parallel(3)
        .stream();
    let mut came = 0;
    while let Some(group) = groups.next().await {
        assert!(group.unwrap().group.starts_with('g'));
        came += 1;
    }
    assert_eq!(came, 120);
    let users: Vec<Result<User, Error>> = folio
        .harvest(folio.users().list_users())
        .stream()
        .collect()
        .await;
    assert_eq!(users.len(), 0);
    let by_path = folio
        .folio_get_all::<Value>("/groups", "usergroups")
        .limit(50);
    assert_eq!(folio.harvest(by_path).stream().count().await, 120);
    let stream = folio.users().list_groups().stream();
    assert_eq!(folio.harvest(stream).stream().count().await, 120);
}

/// A resource job lists the records in an order of its own, in which no page can be found again:
/// pages are read without it, also after the first page was rejected and requested in another way.
#[tokio::test]
async fn pages_of_mod_search_need_no_resource_job_also_after_a_rejection() {
    let server = Folio::start(|asked, _| {
        if asked.method == "POST" && asked.path() == "/search/resources/jobs" {
            return Some(Reply::text(500, "no job was expected"));
        }
        (asked.path() == "/search/instances").then(|| {
            let (first, size) = (asked.number("offset"), asked.number("limit"));
            if size > 50 {
                return Reply::text(400, "limit must be at most 50");
            }
            let instances: Vec<Value> = (first..first + size)
                .map(|number| json!({"id": id(number)}))
                .collect();
            Reply::json(json!({"totalRecords": 12_000, "instances": instances}))
        })
    })
    .await;
    let folio = server.connect().await;
    let mut pages = folio
        .folio_get_all::<Value>("/search/instances", "instances")
        .query("title=a or title=b")
        .pages();
    for _ in 0..2 {
        let page = pages.next().await.unwrap().unwrap();
        assert!(page.len() > 50, "{}", page.len());
    }
    assert!(server.asked("/search/resources/jobs").is_empty());
    let sizes = server.asked("/search/instances").into_iter();
    let sizes: Vec<usize> = sizes.map(|asked| asked.number("limit")).collect();
    assert!(sizes[0] > 50, "{sizes:?}");
    assert!(sizes[1..].iter().all(|size| *size <= 50), "{sizes:?}");
}
