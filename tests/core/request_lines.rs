//! No request line is longer than the server accepts, and each value is requested once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use folio_sdk::{ErrorKind, FolioClient, Method, Request, cql};
use folio_test_support::sandbox::id;
use proptest::prelude::*;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

fn line(asked: &Asked) -> usize {
    format!("{} {} HTTP/1.1", asked.method, asked.target).len()
}

/// What stands between quotation marks in a query.
fn terms(query: &str) -> Vec<String> {
    let mut terms = Vec::new();
    let mut characters = query.chars();
    while let Some(character) = characters.next() {
        if character != '"' {
            continue;
        }
        let mut term = String::new();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => term.extend(characters.next()),
                other => term.push(other),
            }
        }
        terms.push(term);
    }
    terms
}

/// A server that accepts request lines of `most` bytes, and has the records of all ids, names and
/// other values that are asked for. At `below`, as behind a gateway with a path. `retrieves` says
/// whether there is `POST …/retrieve`.
async fn server(most: usize, below: &'static str, retrieves: bool) -> (Folio, Arc<Mutex<usize>>) {
    let rejected = Arc::new(Mutex::new(0));
    let count = Arc::clone(&rejected);
    let server = Folio::start(move |asked, _| {
        let path = asked.path().strip_prefix(below)?;
        if line(asked) > most {
            *count.lock().unwrap() += 1;
            return Some(Reply::empty(414));
        }
        let query = match path {
            "/users" | "/instance-storage/instances" => asked.param("query").unwrap(),
            "/instance-storage/instances/retrieve" if retrieves => {
                let body: Value = serde_json::from_str(&asked.body).unwrap();
                body["query"].as_str().unwrap().to_owned()
            }
            _ => return None,
        };
        let field = query.split("==").next().unwrap_or_default().to_owned();
        let records: Vec<Value> = terms(&query)
            .into_iter()
            .enumerate()
            .map(|(at, term)| match field.as_str() {
                "id" => json!({"id": term}),
                _ => json!({"id": id(at), "username": term}),
            })
            .collect();
        let total = records.len();
        Some(Reply::json(
            json!({"users": records, "instances": records, "totalRecords": total}),
        ))
    })
    .await;
    (server, rejected)
}

async fn connect(server: &Folio) -> FolioClient {
    server.connect().await
}

#[tokio::test]
async fn ids_are_divided_so_that_a_request_line_has_4096_bytes_at_most() {
    let (server, rejected) = server(4_096, "", true).await;
    let folio = connect(&server).await;
    let mut users = folio.folio_get_by_ids::<Value>("/users", "users", (0..1_000).map(id));
    let mut came = Vec::new();
    while let Some(user) = users.next().await {
        came.push(user.unwrap()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(came, (0..1_000).map(id).collect::<Vec<_>>());
    assert_eq!(*rejected.lock().unwrap(), 0);
    let longest = server.asked("/users").iter().map(line).max().unwrap();
    // As many as there is room for.
    assert!((4_040..=4_096).contains(&longest), "{longest}");
}

#[tokio::test]
async fn a_414_halves_the_request_and_is_remembered_by_all_clones() {
    let (server, rejected) = server(1_200, "", true).await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let read = async |folio: &FolioClient, from: usize| {
        let mut users =
            folio.folio_get_by_ids::<Value>("/users", "users", (from..from + 300).map(id));
        let mut count = 0;
        while let Some(user) = users.next().await {
            assert_eq!(user.unwrap()["id"], id(from + count));
            count += 1;
        }
        assert!(users.missing().is_empty());
        count
    };
    assert_eq!(read(&folio, 0).await, 300);
    let first = *rejected.lock().unwrap();
    // 4,096, then 2,048; those in flight before count as well.
    assert!((2..=8).contains(&first), "{first}");
    assert_eq!(read(&folio.clone(), 1_000).await, 300);
    assert_eq!(read(&folio.for_tenant("other"), 2_000).await, 300);
    assert_eq!(*rejected.lock().unwrap(), first);
}

#[tokio::test]
async fn a_request_that_is_known_to_be_too_long_is_not_sent() {
    let (server, rejected) = server(4_096, "", false).await;
    let folio = connect(&server).await;
    let query =
        cql::field("username").any_of((0..150).map(|number| format!("the-user-{number:032}")));
    // A plain list, a stream, and any request.
    let plain = folio
        .folio_get::<Value>("/users", None)
        .query(query.clone())
        .await
        .unwrap_err();
    let mut stream = folio
        .folio_get_all::<Value>("/users", "users")
        .query(query.clone())
        .stream();
    let of_stream = stream.next().await.unwrap().unwrap_err();
    let request = Request::to(Method::GET, "/users").query(query);
    let raw = folio.execute(request).await.unwrap_err();
    for error in [plain, of_stream, raw] {
        assert_eq!(error.kind(), ErrorKind::Request);
        let text = format!("{error:#}");
        assert!(text.contains("the limit is 4096"), "{text}");
        assert!(
            text.contains(".ids(") && text.contains(".values("),
            "{text}"
        );
    }
    assert_eq!(server.asked("/users").len(), 0);
    assert_eq!(*rejected.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_414_that_comes_anyway_is_an_error_once_and_for_all() {
    let (server, rejected) = server(1_000, "", false).await;
    let folio = connect(&server).await;
    let query = format!("username==\"{}\"", "x".repeat(2_000));
    let read = || {
        folio
            .folio_get::<Value>("/users", None)
            .query(query.as_str())
    };
    let error = read().await.unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 414);
    assert!(
        format!("{error:#}").contains("request line of 2"),
        "{error:#}"
    );
    assert_eq!(*rejected.lock().unwrap(), 1);
    // The same once more is known to be too long.
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Request);
    assert_eq!(*rejected.lock().unwrap(), 1);
    // Shorter ones are sent.
    folio
        .folio_get::<Value>("/users", None)
        .query("username==\"x\"")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_long_query_of_a_plain_list_goes_by_retrieve_where_there_is_one() {
    let wanted: Vec<String> = (0..150).map(id).collect();
    let query = cql::field("id").any_of(&wanted);
    for retrieves in [true, false] {
        let (server, rejected) = server(4_096, "", retrieves).await;
        let folio = connect(&server).await;
        let read = || {
            folio
                .folio_get::<Vec<Value>>("/instance-storage/instances", "instances")
                .query(query.clone())
                .limit(200)
        };
        for _ in 0..2 {
            match read().await {
                Ok(found) if retrieves => assert_eq!(found.len(), 150),
                Err(error) if !retrieves => assert_eq!(error.kind(), ErrorKind::Request),
                other => panic!("{other:?}"),
            }
        }
        let asked = server.asked("/instance-storage/instances/retrieve");
        // Its absence is found once.
        assert_eq!(asked.len(), if retrieves { 2 } else { 1 });
        assert!(asked[0].body.contains("\"limit\":200"), "{}", asked[0].body);
        assert_eq!(*rejected.lock().unwrap(), 0);
        // And split requests no longer use it.
        let mut found =
            folio.folio_get_by_ids::<Value>("/instance-storage/instances", "instances", &wanted);
        let mut count = 0;
        while let Some(record) = found.next().await {
            record.unwrap();
            count += 1;
        }
        assert_eq!(count, 150);
        let asked = server.asked("/instance-storage/instances/retrieve");
        assert_eq!(asked.len(), if retrieves { 3 } else { 1 });
    }
}

#[tokio::test]
async fn the_bound_is_a_setting() {
    let (server, rejected) = server(600, "", true).await;
    let folio = server
        .builder()
        .max_request_line(600)
        .connect()
        .await
        .unwrap();
    let mut users = folio.folio_get_by_ids::<Value>("/users", "users", (0..50).map(id));
    let mut count = 0;
    while let Some(user) = users.next().await {
        user.unwrap();
        count += 1;
    }
    assert_eq!((count, *rejected.lock().unwrap()), (50, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever the values and the bound are, and with the path of a gateway.
    #[test]
    fn each_value_is_requested_once_and_each_line_is_within_the_bound(
        values in prop::collection::vec("[a-zA-Z0-9 &+%\"*?^\\\\äß漢=()/-]{1,40}", 1..250),
        most in 700_usize..5_000,
        below: bool,
    ) {
        let below = if below { "/okapi/behind-a-proxy" } else { "" };
        let values: Vec<String> = values.into_iter().filter(|value| !value.trim().is_empty()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (came, asked, rejected) = runtime.block_on(async {
            let (server, rejected) = server(most, below, true).await;
            let folio = FolioClient::builder(format!("{}{below}", server.url))
                .tenant("diku")
                .token("own")
                .max_request_line(most)
                .build()
                .unwrap();
            server.accept("own");
            let mut users = folio.folio_get_by_values::<Value>("/users", "users", "username", &values);
            let mut came = Vec::new();
            while let Some(user) = users.next().await {
                came.push(user.unwrap()["username"].as_str().unwrap().to_owned());
            }
            let asked = server.asked(&format!("{below}/users"));
            (came, asked, *rejected.lock().unwrap())
        });
        prop_assert_eq!(rejected, 0);
        prop_assert!(asked.iter().all(|asked| line(asked) <= most));
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for asked in &asked {
            for term in terms(&asked.param("query").unwrap()) {
                *times.entry(term).or_default() += 1;
            }
        }
        let mut wanted = values.clone();
        wanted.sort();
        wanted.dedup();
        prop_assert_eq!(times.keys().cloned().collect::<Vec<_>>(), wanted);
        prop_assert!(times.values().all(|times| *times == 1));
        // In the order of the values, each once.
        let mut seen = std::collections::BTreeSet::new();
        let order: Vec<String> = values.into_iter().filter(|value| seen.insert(value.clone())).collect();
        prop_assert_eq!(came, order);
    }
}
