//! Lists whose servers reject the SDK's additions to a request, undescribed: the fallbacks, and the
//! errors.

use folio_sdk::{ErrorKind, FolioClient, Paging, PagingStyle, Request};
use folio_sdk::{Method, RecordStream};
use folio_test_support::sandbox::id;
use futures_util::StreamExt;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

const COUNT: usize = 120;

/// A page of the things, in an order of the server's own.
fn page(asked: &Asked) -> Reply {
    let limit = asked
        .param("limit")
        .map_or(10, |limit| limit.parse().unwrap());
    let page: Vec<Value> = (0..COUNT)
        .map(|number| json!({"id": id(number * 7 % COUNT)}))
        .skip(asked.number("offset"))
        .take(limit)
        .collect();
    Reply::json(json!({"things": page, "totalRecords": COUNT}))
}

/// A server that rejects requests that `why` finds a fault with.
async fn server(why: fn(&Asked) -> Option<Reply>) -> Folio {
    Folio::start(move |asked, _| {
        (asked.path() == "/things").then(|| why(asked).unwrap_or_else(|| page(asked)))
    })
    .await
}

async fn read(list: &mut RecordStream<Value>) -> (Vec<Value>, Option<folio_sdk::Error>) {
    let (mut came, mut last) = (Vec::new(), None);
    while let Some(thing) = list.next().await {
        match thing {
            Ok(thing) => came.push(thing),
            Err(error) => last = Some(error),
        }
    }
    (came, last)
}

fn things(folio: &FolioClient) -> RecordStream<Value> {
    folio.folio_get_all("/things", "things").stream()
}

#[tokio::test]
async fn a_list_is_asked_for_less_where_its_server_rejects_the_first_page() {
    type Case = (fn(&Asked) -> Option<Reply>, &'static str, usize);
    let cases: [Case; 5] = [
        (
            |asked| {
                asked
                    .param("query")?
                    .contains("sortBy")
                    .then(|| Reply::text(400, "expected ')', got sortby"))
            },
            "without a `sortBy`",
            1,
        ),
        (
            |asked| {
                asked
                    .param("query")?
                    .contains("sortBy")
                    .then(|| Reply::text(500, "column reference \"id\" is ambiguous"))
            },
            "without a `sortBy`",
            1,
        ),
        (
            |asked| {
                asked
                    .param("query")
                    .map(|_| Reply::text(500, "Unsupported CQL index: cql.allRecords"))
            },
            "without `cql.allRecords=1` and a `sortBy`",
            1,
        ),
        (
            |asked| (asked.number("limit") > 75).then(|| Reply::text(500, "URI is too long")),
            "the SDK requests pages of 50",
            1,
        ),
        // Uninformative text: determined by trying.
        (
            |asked| {
                asked
                    .param("query")
                    .map(|_| Reply::text(422, "Invalid Parameters"))
            },
            "without `cql.allRecords=1` and a `sortBy`",
            2,
        ),
    ];
    for (why, note, rejected) in cases {
        let server = server(why).await;
        let folio = server.connect().await;
        let mut list = things(&folio);
        assert_eq!(list.note(), None);
        let (came, error) = read(&mut list).await;
        assert!(error.is_none(), "{error:?}");
        let ids: std::collections::BTreeSet<_> = came.iter().map(Value::to_string).collect();
        assert_eq!((came.len(), ids.len()), (COUNT, COUNT), "{note}");
        let told = list.note().unwrap_or_default();
        assert!(told.contains(note), "{told}");
        let requests = server.asked("/things");
        let first_pages = requests
            .iter()
            .filter(|asked| asked.param("offset").is_none());
        assert_eq!(first_pages.count(), rejected + 1, "{note}");
    }
}

#[tokio::test]
async fn a_list_that_is_read_without_an_order_and_repeats_records_is_an_error() {
    // Without an order each page begins anew, by chance: `totalRecords` shows it.
    let server = server(|asked| {
        if asked.param("query")?.contains("sortBy") {
            return Some(Reply::text(400, "expected ')', got sortby"));
        }
        let offset = asked.number("offset");
        let page: Vec<Value> = (0..50)
            .map(|number| json!({"id": id((offset / 49 * 30 + number) % COUNT)}))
            .collect();
        let rest = COUNT.saturating_sub(offset).min(50);
        Some(Reply::json(
            json!({"things": page[..rest], "totalRecords": COUNT}),
        ))
    })
    .await;
    let folio = server.connect().await;
    let mut list = folio
        .folio_get_all::<Value>("/things", "things")
        .limit(50)
        .stream();
    let (came, error) = read(&mut list).await;
    let ids: std::collections::BTreeSet<_> = came.iter().map(Value::to_string).collect();
    assert_eq!(ids.len(), came.len(), "no record comes twice");
    let error = error.expect("an error");
    assert_eq!(error.kind(), ErrorKind::Paging, "{error}");
    assert!(list.note().is_some());
}

#[tokio::test]
async fn what_cannot_be_helped_is_the_first_error() {
    let server = server(|asked| {
        let query = asked.param("query").unwrap_or_default();
        Some(Reply::text(422, &format!("Invalid Parameters: {query}")))
    })
    .await;
    let folio = server.connect().await;
    let (came, error) = read(&mut things(&folio)).await;
    let error = error.unwrap();
    assert!(came.is_empty());
    assert!(
        error.to_string().contains("cql.allRecords=1 sortBy id"),
        "{error}"
    );
    assert!(
        format!("{error:#}").contains("also requested without"),
        "{error:#}"
    );
    assert!(server.asked("/things").len() <= 5);
}

#[tokio::test]
async fn a_query_of_the_caller_is_not_changed() {
    let server = server(|_| Some(Reply::text(400, "expected index or term, got EOF"))).await;
    let folio = server.connect().await;
    let list = folio
        .folio_get_all::<Value>("/things", "things")
        .query("name=");
    let (_, error) = read(&mut list.stream()).await;
    assert_eq!(error.unwrap().status().unwrap(), 400);
    assert_eq!(server.asked("/things").len(), 1);

    // Statuses that do not concern the request.
    for status in [403, 404, 409] {
        let server = Folio::start(move |asked, _| {
            (asked.path() == "/things").then(|| Reply::text(status, "no limit, no sortBy"))
        })
        .await;
        let folio = server.connect().await;
        let (_, error) = read(&mut things(&folio)).await;
        assert_eq!(error.unwrap().status().unwrap(), status);
        assert_eq!(server.asked("/things").len(), 1);
    }
}

#[tokio::test]
async fn the_size_that_the_caller_gives_is_kept() {
    let server =
        server(|asked| (asked.number("limit") > 75).then(|| Reply::text(500, "URI is too long")))
            .await;
    let folio = server.connect().await;
    let mut list = folio
        .folio_get_all::<Value>("/things", "things")
        .limit(100)
        .stream();
    let (_, error) = read(&mut list).await;
    assert_eq!(error.unwrap().status().unwrap(), 500);
    assert!(
        server
            .asked("/things")
            .iter()
            .all(|asked| asked.number("limit") == 100)
    );
}

#[tokio::test]
async fn a_whole_list_that_is_not_whole_is_an_error() {
    for (given, is_whole) in [(COUNT, true), (10, false)] {
        let server = Folio::start(move |asked, _| {
            if asked.path() != "/things" {
                return None;
            }
            assert_eq!(asked.target, "/things");
            let page: Vec<Value> = (0..given).map(|number| json!({"id": id(number)})).collect();
            Some(Reply::json(json!({"things": page, "totalRecords": COUNT})))
        })
        .await;
        let folio = server.connect().await;
        let paging = Paging::new(PagingStyle::Whole, Some("things"), None, None);
        let mut list: RecordStream<Value> = RecordStream::new(
            folio,
            Request::to(Method::GET, "/things"),
            paging,
            None,
            None,
        );
        let (came, error) = read(&mut list).await;
        assert_eq!(error.is_none(), is_whole, "{error:?}");
        assert!(!is_whole || came.len() == COUNT);
        assert_eq!(server.asked("/things").len(), 1);
    }
}

/// No word of a path chooses how it is read: the documents do.
#[tokio::test]
async fn the_documents_choose_the_dialect_of_a_path() {
    let server = Folio::start(|asked, _| {
        if asked.path().starts_with("/authn") {
            return None;
        }
        Some(match asked.param("perPage") {
            Some(_) => Reply::json(json!([])),
            None => Reply::json(json!({"items": [], "totalRecords": 0})),
        })
    })
    .await;
    let folio = server.connect().await;
    for (path, key, expected) in [
        // mod-agreements: its module's dialect, where it describes no list, and behind a star.
        ("/erm/custprops", None, "perPage=100&sort=id;asc"),
        (
            "/erm/sas/5/resources/export/some/rest",
            None,
            "perPage=100&sort=id;asc",
        ),
        (
            "/erm/elsewhere",
            Some("items"),
            "limit=500&query=cql.allRecords=1%20sortBy%20id",
        ),
        (
            "/search/elsewhere",
            Some("items"),
            "limit=500&query=cql.allRecords=1%20sortBy%20id",
        ),
        (
            "/browse/elsewhere",
            Some("items"),
            "limit=500&query=cql.allRecords=1%20sortBy%20id",
        ),
        (
            "/oai-pmh-view/elsewhere",
            Some("items"),
            "limit=500&query=cql.allRecords=1%20sortBy%20id",
        ),
        (
            "/browse/subjects/instances",
            Some("items"),
            "limit=500&query=cql.allRecords=1",
        ),
        (
            "/search/instances",
            Some("items"),
            "limit=500&query=cql.allRecords=1",
        ),
    ] {
        let list = folio.folio_get_all::<Value>(path, key).stream();
        let _: Vec<_> = list.collect().await;
        let asked = server.asked(path);
        let (_, query) = asked[0].target.split_once('?').unwrap();
        let mut parameters: Vec<&str> = query.split('&').collect();
        parameters.sort_unstable();
        assert_eq!(
            parameters.join("&").replace("%3B", ";").replace("%3D", "="),
            expected,
            "{path}"
        );
    }
}

#[cfg(feature = "users")]
#[tokio::test]
async fn a_typed_list_can_be_read_without_an_order() {
    let server = Folio::start(|asked, _| {
        if asked.path() != "/users" {
            return None;
        }
        let query = asked.param("query").unwrap_or_default();
        if query.contains("sortBy") {
            return Some(Reply::text(400, "no sortBy here"));
        }
        let users: Vec<Value> = (0..30)
            .skip(asked.number("offset"))
            .take(asked.number("limit"))
            .map(|number| json!({"id": id(number)}))
            .collect();
        Some(Reply::json(json!({"users": users, "totalRecords": 30})))
    })
    .await;
    let folio = server.connect().await;
    let list = || folio.users().list_users().limit(10).unsorted();
    let users: Vec<_> = list().stream().collect().await;
    assert_eq!(users.len(), 30);
    assert!(users.iter().all(Result::is_ok));
    let harvested: Vec<_> = folio.harvest(list().stream()).stream().collect().await;
    assert_eq!(harvested.len(), 30);
    assert!(
        server
            .asked("/users")
            .iter()
            .all(|asked| asked.param("query").as_deref() == Some("cql.allRecords=1"))
    );
}

/// mod-configuration gives its audits so (recorded): as many nulls as there are.
#[tokio::test]
async fn a_list_of_nulls_is_not_an_empty_list() {
    let server = Folio::start(|asked, _| {
        Some(Reply::json(match asked.path() {
            "/users" => json!({"users": [null, null], "totalRecords": 2}),
            "/configurations/audit" => json!({"audits": [null, null], "totalRecords": 2}),
            _ => return None,
        }))
    })
    .await;
    let folio = server.connect().await;
    for by_id in [true, false] {
        let audits = || {
            let audits = folio
                .folio_get_all::<Value>("/configurations/audit", "audits")
                .limit(10);
            if by_id { audits.by_id() } else { audits }
        };
        let results: Vec<_> = audits().collect().await;
        let [Err(error)] = &results[..] else {
            panic!("{results:?}")
        };
        assert!(error.to_string().contains("`null`"), "{error}");
        let results: Vec<_> = folio.harvest(audits()).stream().collect().await;
        assert!(matches!(&results[..], [Err(_)]), "{results:?}");
    }
    #[cfg(feature = "users")]
    {
        let error = folio.users().list_users().send().await.unwrap_err();
        assert!(error.to_string().contains("2 records"), "{error}");
    }
}
