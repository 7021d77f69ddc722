//! The blocking client: the same calls without a runtime, from several threads, and an error where they would stop one.

#![cfg(all(feature = "blocking", feature = "users"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

#[allow(dead_code, reason = "other tests use more of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::thread;

use folio_sdk::blocking::FolioClient;
use folio_sdk::users::User;
use folio_sdk::{Body, ErrorKind, Method, Request};
use serde_json::{Value, json};
use support::{Folio, PASSWORD, Reply};

/// A server on a thread of its own, as a program without a runtime meets it.
fn server() -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let server = Folio::start(|asked, _| {
                let offset = asked.number("offset");
                let answer = match asked.path() {
                    "/users" if asked.method == "POST" => serde_json::from_str(&asked.body).unwrap(),
                    "/users" => {
                        let users: Vec<Value> = (offset..1200)
                            .map(|number| json!({"id": format!("00000000-0000-4000-8000-{number:012}"), "username": format!("u{number}")}))
                            .filter(|user| asked.param("query").is_none_or(|query| match query.split_once("id>\"") {
                                Some((_, after)) => user["id"].as_str().unwrap() > after.split('"').next().unwrap(),
                                None => true,
                            }))
                            .take(asked.number("limit").max(1))
                            .collect();
                        json!({"users": users, "totalRecords": 1200})
                    }
                    "/groups" => json!({"usergroups": [{"id": "1"}], "totalRecords": 1}),
                    "/lines" => return Some(Reply::new(200, "application/stream+json", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n")),
                    "/missing" => return Some(Reply::text(404, "not here")),
                    "/echo" => json!({"method": asked.method, "body": asked.body, "tenant": asked.header("x-okapi-tenant")}),
                    _ => return None,
                };
                Some(Reply::json(answer))
            })
            .await;
            sender.send(server.url.clone()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().unwrap()
}

fn connect(url: &str) -> FolioClient {
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .connect()
        .unwrap()
}

#[test]
fn typed_and_generic_calls_streams_and_downloads_work_without_a_runtime() {
    let folio = connect(&server());
    let page = folio.users().list_users().limit(2).send().unwrap();
    assert_eq!(page.users.len(), 2);
    let user: User = serde_json::from_value(json!({"username": "new"})).unwrap();
    let made = folio.users().create_user().body(&user).send().unwrap();
    assert_eq!(made.username.as_deref(), Some("new"));

    let first: Vec<User> = folio
        .users()
        .list_users()
        .limit(100)
        .stream()
        .take(250)
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(first.len(), 250);
    assert_eq!(
        first
            .iter()
            .map(|user| user.username.clone())
            .collect::<BTreeSet<_>>()
            .len(),
        250
    );

    let groups: Vec<Value> = folio
        .folio_get("/groups", "usergroups")
        .limit(5)
        .send()
        .unwrap();
    assert_eq!(groups.len(), 1);
    let groups: Vec<Value> = folio
        .folio_get_all("/groups", "usergroups")
        .stream()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(groups.len(), 1);
    for (answer, method) in [
        (folio.folio_post("/echo", &json!({"a": 1})).send(), "POST"),
        (folio.folio_put("/echo", &json!({"a": 1})).send(), "PUT"),
        (folio.folio_delete("/echo").send(), "DELETE"),
    ] {
        assert_eq!(answer.unwrap()["method"], method);
    }
    let answer = folio
        .request(Method::POST, "/echo")
        .body(Body::reader(&b"abc"[..]).length(3), "text/plain")
        .send()
        .unwrap();
    assert_eq!(answer.json::<Value>().unwrap()["body"], "abc");
    let other: Value = folio
        .for_tenant("college")
        .folio_get("/echo", "tenant")
        .send()
        .unwrap();
    assert_eq!(other, "college");
    assert!(
        folio
            .folio_get::<Value>("/missing", None)
            .send()
            .unwrap_err()
            .is_not_found()
    );

    let mut text = String::new();
    folio
        .request(Method::GET, "/lines")
        .download()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    let lines = folio
        .open(Request::to(Method::GET, "/lines"))
        .unwrap()
        .records::<Value>();
    assert_eq!(
        lines
            .map(|line| line.unwrap()["id"].clone())
            .collect::<Vec<_>>(),
        ["1", "2"]
    );
    let mut copy = Vec::new();
    assert_eq!(
        folio
            .open(Request::to(Method::GET, "/lines"))
            .unwrap()
            .write_to(&mut copy)
            .unwrap(),
        22
    );

    let groups: Value = folio
        .run(|folio| async move { folio.folio_get("/groups", None).await })
        .unwrap();
    assert_eq!(groups["totalRecords"], 1);
    folio.close().unwrap();
    assert_eq!(
        folio
            .folio_get::<Value>("/groups", None)
            .send()
            .unwrap_err()
            .kind(),
        ErrorKind::ClientClosed
    );
}

#[test]
fn several_threads_share_a_client() {
    let folio = connect(&server());
    thread::scope(|scope| {
        for number in 0..8 {
            let folio = &folio;
            scope.spawn(move || {
                for _ in 0..10 {
                    let page = folio.users().list_users().limit(number + 1).send().unwrap();
                    assert_eq!(page.users.len(), number as usize + 1);
                }
                assert_eq!(folio.users().list_users().limit(500).stream().count(), 1200);
            });
        }
    });
    folio.close().unwrap();
}

fn refused(folio: &FolioClient) {
    let error = folio
        .folio_get::<Value>("/groups", None)
        .send()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("spawn_blocking"), "{error}");
    let mut users = folio.users().list_users().stream();
    assert_eq!(
        users.next().unwrap().unwrap_err().kind(),
        ErrorKind::Configuration
    );
    assert!(users.next().is_none());
    assert!(folio.close().is_err() && folio.connect().is_err());
}

#[test]
fn in_asynchronous_code_it_is_an_error_and_where_blocking_is_allowed_it_works() {
    let url = server();
    for mut builder in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let folio = connect(&url);
        let runtime = builder.enable_all().build().unwrap();
        let works = |folio: &FolioClient| folio.folio_get::<Value>("/groups", None).send().unwrap();
        runtime.block_on(async {
            refused(&folio);
            let shared = folio.clone();
            tokio::spawn(async move { refused(&shared) }).await.unwrap();
            let shared = folio.clone();
            tokio::task::spawn_blocking(move || works(&shared))
                .await
                .unwrap();
            // What comes after goes on as before.
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            // The last clone may go in asynchronous code.
            drop(connect_elsewhere(&url));
        });
        let _context = runtime.enter();
        works(&folio);
    }
}

fn connect_elsewhere(url: &str) -> FolioClient {
    let url = url.to_owned();
    thread::spawn(move || connect(&url)).join().unwrap()
}

/// What a file's public items are: the functions that are asynchronous, by the type that they belong to.
fn asynchronous(file: &syn::File, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for item in &file.items {
        let syn::Item::Impl(block) = item else {
            continue;
        };
        let (None, syn::Type::Path(of)) = (&block.trait_, &*block.self_ty) else {
            continue;
        };
        let of = of.path.segments.last().unwrap().ident.to_string();
        for item in &block.items {
            let syn::ImplItem::Fn(function) = item else {
                continue;
            };
            let returns_future = match &function.sig.output {
                syn::ReturnType::Type(_, ty) => matches!(&**ty, syn::Type::ImplTrait(bounds)
                    if bounds.bounds.iter().any(|bound| matches!(bound, syn::TypeParamBound::Trait(bound)
                        if bound.path.segments.last().unwrap().ident == "Future"))),
                syn::ReturnType::Default => false,
            };
            if matches!(function.vis, syn::Visibility::Public(_))
                && (function.sig.asyncness.is_some() || returns_future)
            {
                found
                    .entry(of.clone())
                    .or_default()
                    .insert(function.sig.ident.to_string());
            }
        }
    }
}

fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, files),
            false if path.extension().is_some_and(|extension| extension == "rs") => {
                files.push(path)
            }
            false => {}
        }
    }
}

#[test]
fn every_asynchronous_call_has_a_blocking_twin() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let (mut found, mut blocking) = (BTreeMap::new(), String::new());
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        if path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("blocking"))
        {
            blocking += &text;
        } else {
            asynchronous(&syn::parse_file(&text).unwrap(), &mut found);
        }
    }
    assert!(found["FolioClient"].contains("connect") && found["Download"].contains("save"));
    // `next` is that of the iterator.
    let missing: Vec<String> = found
        .iter()
        .flat_map(|(of, names)| names.iter().map(move |name| (of, name)))
        .filter(|(_, name)| *name != "next")
        .filter(|(_, name)| {
            let listed = [
                format!("fn {name}("),
                format!("fn {name}<"),
                format!("\n    {name}("),
                format!("\n    {name}["),
                format!("    {name},\n"),
                format!("    {name}\n"),
            ];
            !listed.iter().any(|text| blocking.contains(text))
        })
        .map(|(of, name)| format!("{of}::{name}"))
        .collect();
    assert!(
        missing.is_empty(),
        "without a twin in src/blocking: {missing:?}"
    );
    // Builders have a mode: their `send` serves both.
    let generic = std::fs::read_to_string(folder.join("generic.rs")).unwrap();
    for builder in ["Get<T, M", "Write<T, M", "GetAll<T, M", "RequestBuilder<M"] {
        assert!(
            generic.contains(&format!("pub struct {builder} = Async>")),
            "{builder}"
        );
    }
}
