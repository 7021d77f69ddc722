//! The records of many ids, and of many values of other fields.

use folio_sdk::{Error, ErrorKind};
use folio_test_support::sandbox::id;
use serde_json::{Value, json};

use folio_test_support::server::{Asked, Folio, Reply};

/// What stands between quotation marks in a query.
fn terms(query: &str) -> Vec<String> {
    query
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn query(asked: &Asked) -> String {
    match asked.param("query") {
        Some(query) => query,
        None => {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            body["query"].as_str().unwrap().to_owned()
        }
    }
}

/// Users with these names, which are compared as RMB does: without case and accents. At most `most`
/// a page.
async fn users(names: &'static [&'static str], most: usize) -> Folio {
    let folded = |text: &str| {
        let text = text.to_lowercase();
        text.replace(['\u{e9}', '\u{e8}'], "e")
            .replace('\u{fc}', "u")
    };
    Folio::start(move |asked, _| {
        (asked.path() == "/users").then(|| {
            let wanted: Vec<String> = terms(&query(asked)).iter().map(|term| folded(term)).collect();
            let found: Vec<Value> = names
                .iter()
                .enumerate()
                .filter(|(_, name)| wanted.contains(&folded(name)))
                .map(|(at, name)| json!({"id": id(at), "username": name, "personal": {"email": name, "lastName": "x"}}))
                .collect();
            let total = found.len();
            let page: Vec<Value> = found
                .into_iter()
                .skip(asked.number("offset"))
                .take(asked.number("limit").min(most))
                .collect();
            Reply::json(json!({"users": page, "totalRecords": total}))
        })
    })
    .await
}

struct Read {
    came: Vec<String>,
    missing: Vec<String>,
    invalid: Vec<String>,
    ambiguous: Vec<String>,
}

async fn read(server: &Folio, field: &str, values: &[&str]) -> Result<Read, Error> {
    let folio = server.connect().await;
    let mut found = folio.folio_get_by_values::<Value>("/users", "users", field, values);
    let mut came = Vec::new();
    while let Some(user) = found.next().await {
        came.push(user?["username"].as_str().unwrap().to_owned());
    }
    Ok(Read {
        came,
        missing: found.missing().to_vec(),
        invalid: found.invalid().to_vec(),
        ambiguous: found.ambiguous().to_vec(),
    })
}

#[tokio::test]
async fn values_come_in_their_order_and_what_is_missing_or_several_is_reported() {
    let server = users(&["ann", "bea", "cem", "Bea", "dan"], 1_000).await;
    for field in ["username", "personal.email"] {
        let read = read(
            &server,
            field,
            &["dan", "nobody", "bea", "", "ann", "dan", " "],
        )
        .await
        .unwrap();
        assert_eq!(read.came, ["dan", "bea", "Bea", "ann"]);
        assert_eq!(read.missing, ["nobody", "", " "]);
        assert_eq!(read.invalid, ["", " "]);
        assert_eq!(read.ambiguous, ["bea"]);
    }
    // One request each.
    assert_eq!(server.asked("/users").len(), 2);
}

#[tokio::test]
async fn a_value_that_comes_back_in_another_form_is_not_missing() {
    let server = users(&["ANN", "m\u{fc}ller", "ren\u{e9}", "rene", "cem"], 1_000).await;
    let read = read(
        &server,
        "username",
        &["ann", "Muller", "rene", "none", "cem"],
    )
    .await
    .unwrap();
    assert_eq!(
        read.came,
        ["ANN", "m\u{fc}ller", "ren\u{e9}", "rene", "cem"]
    );
    assert_eq!(read.missing, ["none"]);
    assert_eq!(read.ambiguous, ["rene"]);
    // Values that differ in case only.
    let server = users(&["ann", "Bea", "bea"], 1_000).await;
    let read = self::read(&server, "username", &["ANN", "ann", "bea", "Bea"])
        .await
        .unwrap();
    assert_eq!(read.came, ["ann", "bea", "Bea"]);
    assert!(read.missing.is_empty() && read.ambiguous.is_empty());
}

#[tokio::test]
async fn what_a_response_leaves_out_is_requested() {
    const NAMES: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "A", "B"];
    let server = users(NAMES, 4).await;
    let values: Vec<&str> = vec!["g", "f", "e", "d", "c", "b", "a", "x"];
    let read = read(&server, "username", &values).await.unwrap();
    assert_eq!(read.came, ["g", "f", "e", "d", "c", "b", "B", "a", "A"]);
    assert_eq!(read.missing, ["x"]);
    assert_eq!(read.ambiguous, ["b", "a"]);
    // In an order, since it takes several pages.
    assert!(query(server.asked("/users").last().unwrap()).ends_with(" sortBy id"));
}

#[tokio::test]
async fn a_server_that_says_that_there_is_more_and_gives_nothing_is_an_error() {
    for by_id in [true, false] {
        let server = Folio::start(|asked, _| {
            (asked.path() == "/users").then(|| {
                let first = terms(&query(asked)).swap_remove(0);
                let users = match first == id(0) && asked.number("offset") == 0 {
                    true => json!([{"id": id(0), "username": id(0)}]),
                    false => json!([]),
                };
                Reply::json(json!({"users": users, "totalRecords": 3}))
            })
        })
        .await;
        let folio = server.connect().await;
        let wanted: Vec<String> = (0..3).map(id).collect();
        let mut results: Vec<Result<Value, Error>> = Vec::new();
        if by_id {
            let mut found = folio.folio_get_by_ids("/users", "users", &wanted);
            while let Some(user) = found.next().await {
                results.push(user);
            }
        } else {
            let mut found = folio.folio_get_by_values("/users", "users", "username", &wanted);
            while let Some(user) = found.next().await {
                results.push(user);
            }
        }
        let error = results.pop().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.to_string().contains("`totalRecords` is 3"), "{error}");
        assert!(server.asked("/users").len() <= 5);
    }
}

/// A module that responds to an invalid UUID as Spring's do (recorded), or with an empty list.
async fn by_ids(status: u16) -> Folio {
    Folio::start(move |asked, _| {
        (asked.path() == "/notes").then(|| {
            let wanted = terms(&query(asked));
            let is_uuid = |id: &String| id.len() == 36;
            let notes: Vec<Value> = match wanted.iter().all(is_uuid) {
                true => wanted.iter().map(|id| json!({"id": id})).collect(),
                false if status == 200 => Vec::new(),
                false => return Reply::text(status, "Invalid UUID"),
            };
            Reply::json(json!({"notes": notes, "totalRecords": notes.len()}))
        })
    })
    .await
}

#[tokio::test]
async fn an_id_that_is_none_is_reported_and_the_others_are_read() {
    for status in [200, 422, 500] {
        let server = by_ids(status).await;
        let folio = server.connect().await;
        let ids = [
            id(1),
            String::new(),
            "abc".to_owned(),
            id(2),
            " ".to_owned(),
        ];
        let mut notes = folio.folio_get_by_ids::<Value>("/notes", "notes", &ids);
        assert_eq!(notes.invalid(), ["", "abc", " "]);
        let mut came = Vec::new();
        while let Some(note) = notes.next().await {
            came.push(note.unwrap()["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(came, [id(1), id(2)]);
        assert_eq!(notes.missing(), ["", "abc", " "]);
        assert_eq!(server.asked("/notes").len(), 1);
    }
}

#[tokio::test]
async fn fewer_records_than_the_responses_own_number_are_made_up_for() {
    // At most 30 per page, regardless of the request.
    let server = Folio::start(|asked, _| {
        (asked.path() == "/notes").then(|| {
            let wanted = terms(&query(asked));
            let there = wanted.iter().filter(|id| !id.starts_with("00000005"));
            let notes: Vec<Value> = there.clone().take(30).map(|id| json!({"id": id})).collect();
            Reply::json(json!({"notes": notes, "totalRecords": there.count()}))
        })
    })
    .await;
    let folio = server.connect().await;
    let mut notes = folio.folio_get_by_ids::<Value>("/notes", "notes", (0..100).map(id));
    let mut came = Vec::new();
    while let Some(note) = notes.next().await {
        came.push(note.unwrap()["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        came,
        (0..100)
            .filter(|number| *number != 5)
            .map(id)
            .collect::<Vec<_>>()
    );
    assert_eq!(notes.missing(), [id(5)]);
}

#[tokio::test]
async fn a_server_that_ignores_the_query_is_found_out() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/notes").then(|| {
            let notes: Vec<Value> = (0..10).map(|number| json!({"id": id(number)})).collect();
            Reply::json(json!({"notes": notes, "totalRecords": 10}))
        })
    })
    .await;
    let folio = server.connect().await;
    let mut notes = folio.folio_get_by_ids::<Value>("/notes", "notes", [id(3)]);
    let mut last = None;
    while let Some(note) = notes.next().await {
        last = Some(note);
    }
    let error = last.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert!(error.to_string().contains("ignores the query"), "{error}");
}

#[tokio::test]
async fn typed_lists_are_read_by_values_too() {
    let server = users(&["ann", "bea"], 1_000).await;
    let folio = server.connect().await;
    let mut found = folio
        .users()
        .list_users()
        .stream()
        .values("username", ["bea", "cem"]);
    assert_eq!(
        found.next().await.unwrap().unwrap().username.as_deref(),
        Some("bea")
    );
    assert!(found.next().await.is_none());
    assert_eq!(found.missing(), ["cem"]);
}
