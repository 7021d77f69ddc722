//! The blocking client: the same calls without a runtime, from several threads, and an error where
//! they would stop one.

#![cfg(all(feature = "blocking", feature = "users"))]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use folio_sdk::blocking::FolioClient;
use folio_sdk::users::User;
use folio_sdk::{Body, Collection, Deletion, ErrorKind, Id, Method, Request};
use folio_test_support::server::{Folio, PASSWORD, Reply};
use quote::ToTokens;
use serde_json::{Value, json};

/// Starts a server on a thread of its own, as a program without a runtime meets it, for as long as
/// this program lives. Gives its URL.
fn served<S, F: Future<Output = (String, S)>>(
    start: impl FnOnce() -> F + Send + 'static,
) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let (url, _server) = start().await;
            sender.send(url).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().unwrap()
}

/// A server with the responses that these tests need.
fn server() -> String {
    served(|| async {
        let server = Folio::start(|asked, _| {
                let offset = asked.number("offset");
                let answer = match asked.path() {
                    "/users" if asked.method == "POST" => serde_json::from_str(&asked.body).unwrap(),
                    // No user has the requested name.
                    "/users" if asked.param("query").is_some_and(|query| query.contains("username==")) => json!({"users": [], "totalRecords": 0}),
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
                    // The whole list, and nothing after it.
                    "/groups" if asked.param("query").is_some_and(|query| query.contains("id>")) => json!({"usergroups": []}),
                    "/groups" => json!({"usergroups": [{"id": "1"}], "totalRecords": 1}),
                    "/lines" => return Some(Reply::new(200, "application/stream+json", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n")),
                    "/missing" => return Some(Reply::text(404, "not here")),
                    "/echo" => json!({"method": asked.method, "body": asked.body, "tenant": asked.header("x-okapi-tenant")}),
                    _ => return None,
                };
                Some(Reply::json(answer))
            })
            .await;
        (server.url.clone(), server)
    })
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
        (
            folio.folio_delete("/echo").confirm(Deletion::Record).send(),
            "DELETE",
        ),
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

    let raw = folio.users().list_users().limit(500).stream().raw();
    assert_eq!(raw.map(|user| user.unwrap().get().len()).min(), Some(61));
    let mut users = folio.folio_get_by_ids::<Value>("/users", "users", ["no-such-id"]);
    assert!(users.by_ref().all(|user| user.is_ok()));
    assert_eq!(users.missing(), ["no-such-id"]);
    assert_eq!(users.invalid(), ["no-such-id"]);
    let names = ["nobody"];
    let mut users = folio.folio_get_by_values::<Value>("/users", "users", "username", names);
    assert!(users.by_ref().all(|user| user.is_ok()));
    assert_eq!(users.missing(), names);
    let mut users = folio
        .users()
        .list_users()
        .stream()
        .values("username", names);
    assert!(users.by_ref().all(|user| user.is_ok()));
    assert_eq!(users.missing(), names);

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
    assert_eq!(error.kind(), ErrorKind::Runtime);
    assert!(error.to_string().contains("spawn_blocking"), "{error}");
    let mut users = folio.users().list_users().stream();
    assert_eq!(
        users.next().unwrap().unwrap_err().kind(),
        ErrorKind::Runtime
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
            // Later calls are unaffected.
            tokio::task::yield_now().await;
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

#[test]
fn in_asynchronous_code_each_entry_is_refused_before_anything_is_sent() {
    let sandbox = folio();
    let url = sandbox.url().to_owned();
    for mut builder in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        let shared = sandbox.clone();
        let to = url.clone();
        let entries = async move {
            let folio = shared;
            // Building sends nothing, and is allowed.
            let built = || {
                FolioClient::builder(&to)
                    .tenant("diku")
                    .credentials("diku_admin", "admin")
            };
            drop(built().build().unwrap());
            let answers: Vec<(&str, folio_sdk::Result<()>)> = vec![
                ("connect", built().connect().map(drop)),
                ("scoped", built().scoped(|_| Ok(()))),
                ("typed", folio.users().list_users().send().map(drop)),
                (
                    "request",
                    folio.request(Method::GET, "/groups").send().map(drop),
                ),
                (
                    "execute",
                    folio.execute(Request::to(Method::GET, "/groups")).map(drop),
                ),
                (
                    "open",
                    folio.open(Request::to(Method::GET, "/groups")).map(drop),
                ),
                (
                    "download",
                    folio.request(Method::GET, "/groups").download().map(drop),
                ),
                (
                    "post",
                    folio.folio_post("/groups", &json!({})).send().map(drop),
                ),
                ("run", folio.run(|_| async { Ok(()) })),
                ("modules", folio.modules().map(drop)),
                (
                    "update",
                    folio
                        .update_with(Id::new_v4(), |user: &mut User| user.active = None)
                        .map(drop),
                ),
                (
                    "upsert",
                    folio
                        .upsert_at(Collection::new("/groups", "usergroups"), [json!({})])
                        .run()
                        .map(drop),
                ),
                (
                    "outcomes",
                    folio
                        .upsert_at(Collection::new("/groups", "usergroups"), [json!({})])
                        .stream()
                        .next()
                        .unwrap()
                        .map(drop),
                ),
                (
                    "harvest",
                    folio
                        .harvest(folio.users().list_users().stream())
                        .stream()
                        .next()
                        .unwrap()
                        .map(drop),
                ),
                (
                    "ids",
                    folio
                        .users()
                        .list_users()
                        .stream()
                        .ids(["1"])
                        .next()
                        .unwrap()
                        .map(drop),
                ),
                ("close", folio.close()),
            ];
            for (entry, answer) in answers {
                let error = answer.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Runtime, "{entry}: {error}");
                assert!(
                    error.to_string().contains("spawn_blocking"),
                    "{entry}: {error}"
                );
            }
        };
        let runtime = builder.enable_all().build().unwrap();
        runtime.block_on(async {
            // On the thread of `block_on`, as `#[tokio::test]` has it, and in a task.
            entries.await;
            let (folio, url) = (sandbox.clone(), url.clone());
            tokio::spawn(async move {
                assert!(folio.folio_get::<Value>("/groups", None).send().is_err());
                drop(FolioClient::builder(url).tenant("diku").token("t").build());
            })
            .await
            .unwrap();
        });
    }
    let groups: Vec<Value> = sandbox.folio_get("/groups", "usergroups").send().unwrap();
    assert_eq!(groups.len(), 5);
}

/// A blocking client of a sandbox, which lives as long as this program.
fn folio() -> FolioClient {
    let url = served(|| async {
        let sandbox = folio_sandbox::Sandbox::builder()
            .demo_data()
            .start()
            .await
            .unwrap();
        (sandbox.url().to_owned(), sandbox)
    });
    FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", "admin")
        // This call holds all slots.
        .max_in_flight(1)
        .connect()
        .unwrap()
}

#[test]
fn an_iterator_that_is_dropped_half_way_keeps_nothing_of_the_client() {
    let folio = folio();
    for _ in 0..5 {
        let mut users = folio.users().list_users().limit(10).stream();
        assert!(users.next().unwrap().is_ok());
        drop(users);
        let mut users = folio
            .harvest(folio.users().list_users().limit(10))
            .parallel(4)
            .stream();
        assert!(users.next().unwrap().is_ok());
        drop(users);
        let mut body = folio.request(Method::GET, "/users").download().unwrap();
        assert_eq!(body.read(&mut [0; 10]).unwrap(), 10);
        drop(body);
    }
    assert_eq!(folio.users().list_users().limit(7).stream().count(), 60);
    folio.close().unwrap();
}

#[test]
fn a_list_is_harvested_and_goes_on_from_its_checkpoint() {
    let folio = folio();
    let list = || folio.users().list_users().limit(10);
    let mut users = folio.harvest(list()).parallel(3).stream();
    let mut names: BTreeSet<Option<String>> = users
        .by_ref()
        .take(25)
        .map(|user| user.unwrap().username)
        .collect();
    // Figures are for another thread, which hears of them now and then.
    let mut figures = users.watch(Duration::from_millis(1));
    let watched = thread::spawn(move || figures.next().unwrap().unwrap().records);
    assert!(watched.join().unwrap() <= 25);
    assert_eq!(users.progress().records, 25);
    let left = users.checkpoint();
    drop(users);
    let rest = folio.harvest(list()).parallel(3).resume(left).stream();
    let rest: Vec<_> = rest.map(|user| user.unwrap().username).collect();
    assert_eq!(rest.len(), 35);
    names.extend(rest);
    assert_eq!(names.len(), 60);
}

#[test]
fn pages_are_an_iterator_and_each_gives_the_next() {
    let folio = folio();
    let list = || folio.users().list_users().limit(25);
    let sizes: Vec<usize> = list().pages().map(|page| page.unwrap().len()).collect();
    assert_eq!(sizes, [25, 25, 10]);
    let first = list().pages().next().unwrap().unwrap();
    let cursor = first.cursor().unwrap().to_string();
    let second = first.next_page().unwrap().unwrap();
    let again = list().pages().after(&cursor.parse().unwrap()).next();
    let again = again.unwrap().unwrap();
    let names = |page: folio_sdk::Page<User, folio_sdk::blocking::Blocking>| -> Vec<_> {
        let users = page.into_iter().map(Result::unwrap);
        users.map(|user| user.username).collect()
    };
    let (first, second) = (names(first), names(second));
    assert_eq!(second, names(again));
    assert!(second.iter().all(|name| !first.contains(name)));
    // By path, and from a list that is an iterator already.
    let by_path = folio.folio_get_all::<Value>("/users", "users").limit(40);
    assert_eq!(by_path.pages().count(), 2);
    assert_eq!(list().stream().pages().count(), 3);
    let last = list().pages().last().unwrap().unwrap();
    assert!(last.next_page().unwrap().is_none());
}

/// What has settings is set as in asynchronous code, and a list of any kind is harvested.
#[test]
fn builders_are_set_as_in_asynchronous_code() {
    let folio = folio();
    let reference = folio.reference_data().max_age(Duration::ZERO);
    let groups = reference.list::<Value>(&folio_sdk::ReferenceData::PATRON_GROUPS);
    assert_eq!(groups.unwrap().len(), 5);
    let by_path = || {
        folio
            .folio_get_all::<Value>("/users", "users")
            .by_id()
            .limit(10)
    };
    let names = |users: &mut dyn Iterator<Item = folio_sdk::Result<Value>>| {
        users
            .map(|user| user.unwrap()["username"].to_string())
            .collect::<BTreeSet<_>>()
    };
    let all = names(&mut by_path().stream());
    assert_eq!(
        names(&mut folio.harvest(by_path()).ordered().parallel(2).stream()),
        all
    );
    assert_eq!(names(&mut folio.harvest(by_path().stream()).stream()), all);
    let plan = folio.harvest(by_path()).checkpoint().split(3);
    let mut parts = BTreeSet::new();
    for part in plan {
        parts.extend(names(&mut folio.harvest(by_path()).resume(part).stream()));
    }
    assert_eq!(parts, all);
    let users = all
        .iter()
        .map(|_| json!({"username": "one", "active": true}));
    let report = folio
        .upsert_at(
            Collection::new("/users", "users"),
            users.collect::<Vec<_>>(),
        )
        .match_on("username")
        .max_records(7)
        .concurrency(2)
        .missing_fields(folio_sdk::MissingFields::Keep)
        .max_reported_failures(3)
        .run()
        .unwrap();
    assert_eq!((report.created, report.repeated), (1, 59), "{report}");
}

#[test]
fn records_are_written_from_iterators_lists_and_streams() {
    let folio = folio();
    let groups = || Collection::new("/groups", "usergroups");
    let new = ["night", "day"].map(|group| json!({"id": Id::new_v4(), "group": group}));
    let outcomes: Vec<_> = folio
        .upsert_at(groups(), new.clone())
        .stream()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(outcomes.len(), 2);
    let stream = futures_util::stream::iter(new);
    let report = folio.upsert_stream_at(groups(), stream).run().unwrap();
    assert_eq!((report.created, report.unchanged), (0, 2));
    // A list is read while it is written: a wait within a wait.
    let list = folio.users().list_users().limit(5).stream();
    let report = folio
        .upsert(list.map(|user| User {
            barcode: Some("b".to_owned() + user.as_ref().unwrap().username.as_deref().unwrap()),
            ..user.unwrap()
        }))
        .run()
        .unwrap();
    assert_eq!((report.updated, report.failed), (60, 0), "{report}");
    let users: Vec<User> = folio
        .users()
        .list_users()
        .stream()
        .collect::<Result<_, _>>()
        .unwrap();
    let report = folio
        .upsert_stream(futures_util::stream::iter(users))
        .run()
        .unwrap();
    assert_eq!(report.unchanged, 60);
    // By a field, whatever the ids are; the same settings as in asynchronous code.
    let names = (0..3).map(|n| json!({"username": format!("new{n}"), "active": true}));
    let users = || Collection::new("/users", "users");
    let match_on = |names: Vec<Value>| {
        folio
            .upsert_at(users(), names)
            .match_on("username")
            .run()
            .unwrap()
    };
    let names: Vec<Value> = names.collect();
    assert_eq!(match_on(names.clone()).created, 3);
    assert_eq!(match_on(names).unchanged, 3);
    let keys = [
        json!({"group": "a", "n": 1}),
        json!({"group": "a", "n": 2}),
        json!({}),
    ];
    let report = folio
        .upsert_stream_at(groups(), futures_util::stream::iter(keys))
        .id_from_key(|group| group["group"].as_str().map(str::to_owned))
        .run()
        .unwrap();
    assert_eq!((report.created, report.failed, report.repeated), (1, 2, 1));
    let url = folio.url().to_owned();
    let count = FolioClient::builder(url)
        .tenant("diku")
        .credentials("diku_admin", "admin")
        .scoped(|folio| Ok::<_, folio_sdk::Error>(folio.users().list_users().stream().count()));
    assert_eq!(count.unwrap(), 63);
}

/// What woke the outer wait while the inner one slept was lost, and the outer one slept for ever.
#[test]
fn a_wait_within_a_wait_takes_nothing_of_what_wakes_the_outer_one() {
    let folio = connect(&server());
    let inner = folio.clone();
    let mut polls = 0;
    let outer = std::future::poll_fn(move |context| {
        polls += 1;
        if polls == 2 {
            return std::task::Poll::Ready(Ok(polls));
        }
        context.waker().wake_by_ref();
        let groups = inner.folio_get::<Value>("/groups", None).send();
        assert!(groups.is_ok());
        // What the inner one left of its own wake-ups.
        thread::park_timeout(Duration::from_millis(1));
        std::task::Poll::Pending
    });
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(folio.run(|_| outer)));
    let ended = receiver.recv_timeout(Duration::from_secs(20));
    assert_eq!(ended.unwrap().unwrap(), 2);
}

/// Functions by the type that they belong to, with the types of what they take.
type Functions = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What differs only in what a future needs, or in how a file names it, is the same.
fn plain(ty: &syn::Type) -> String {
    let text: String = ty
        .to_token_stream()
        .to_string()
        .split_whitespace()
        .collect();
    ["+Send", "+Sync", "+'static", "crate::", "fmt::", "Send+"]
        .iter()
        .fold(text, |text, without| text.replace(without, ""))
}

fn takes(signature: &syn::Signature) -> Vec<String> {
    let inputs = signature.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(input) => Some(plain(&input.ty)),
        syn::FnArg::Receiver(_) => None,
    });
    inputs.collect()
}

fn last(path: &syn::Path) -> &syn::PathSegment {
    path.segments.last().unwrap()
}

/// The name of a type, and that of its first parameter: `Iter`, `Download`.
fn names(ty: &syn::Type) -> (String, String) {
    let syn::Type::Path(ty) = ty else {
        return Default::default();
    };
    let of = match &last(&ty.path).arguments {
        syn::PathArguments::AngleBracketed(of) => match of.args.first() {
            Some(syn::GenericArgument::Type(of)) => names(of).0,
            _ => String::new(),
        },
        _ => String::new(),
    };
    (last(&ty.path).ident.to_string(), of)
}

fn is_asynchronous(signature: &syn::Signature) -> bool {
    let is_future = |bound: &syn::TypeParamBound| matches!(bound, syn::TypeParamBound::Trait(bound) if last(&bound.path).ident == "Future");
    signature.asyncness.is_some()
        || matches!(&signature.output, syn::ReturnType::Type(_, ty)
            if matches!(&**ty, syn::Type::ImplTrait(bounds) if bounds.bounds.iter().any(is_future)))
}

/// The public functions of a file: those of the asynchronous types, of which all that wait and all
/// of the client are wanted, and those of their twins. And which types are streams.
fn functions(
    file: &syn::File,
    blocking: bool,
    wanted: &mut Functions,
    twins: &mut Functions,
    streams: &mut BTreeSet<String>,
) {
    for item in &file.items {
        if let syn::Item::Macro(call) = item
            && call.mac.path.is_ident("waiting")
        {
            // `Of, Blocking { name[generics](argument: Type) -> Output; }`
            let text = call.mac.tokens.to_string();
            let (head, body) = text.split_once('{').unwrap();
            let of = twins
                .entry(head.split(',').next().unwrap().trim().to_owned())
                .or_default();
            for line in body.trim_end_matches('}').split(';') {
                let (name, rest) = match line.split_once('(') {
                    Some((name, rest)) => (name.split('[').next().unwrap().trim(), rest),
                    None => continue,
                };
                let signature = format!("fn {name}({rest}");
                let signature: syn::Signature = syn::parse_str(&signature).unwrap();
                of.insert(name.to_owned(), takes(&signature));
            }
        }
        let syn::Item::Impl(block) = item else {
            continue;
        };
        let (ty, of) = names(&block.self_ty);
        if let Some((of, _)) = &block.trait_ {
            if last(of).ident == "Stream" {
                streams.insert(ty);
            }
            continue;
        }
        let is_twin = blocking || of == "Blocking";
        let of = match ty.as_str() {
            "Iter" => of,
            _ => ty.clone(),
        };
        for item in &block.items {
            let syn::ImplItem::Fn(function) = item else {
                continue;
            };
            if !matches!(function.vis, syn::Visibility::Public(_)) {
                continue;
            }
            let all = ty == "FolioClient"
                || ty == "FolioClientBuilder" && block.generics.params.is_empty();
            // An iterator lends its stream, but does not give it away.
            let consumed = [
                "LookupById",
                "LookupByValue",
                "Download",
                "HarvestStream",
                "PageStream",
                "RecordStream",
                "Records",
            ]
            .contains(&ty.as_str())
                && function
                    .sig
                    .receiver()
                    .is_some_and(|receiver| matches!(receiver.kind, syn::ReceiverKind::Value));
            let into = match is_twin {
                true => &mut *twins,
                false if all || consumed || is_asynchronous(&function.sig) => &mut *wanted,
                false => continue,
            };
            let name = function.sig.ident.to_string();
            into.entry(of.clone())
                .or_default()
                .insert(name, takes(&function.sig));
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
fn every_asynchronous_call_has_a_blocking_twin_that_takes_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let (mut wanted, mut twins, mut streams) = Default::default();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let blocking = path
            .components()
            .any(|part| part.as_os_str().to_string_lossy().starts_with("blocking"));
        let file = syn::parse_file(&text).unwrap();
        functions(&file, blocking, &mut wanted, &mut twins, &mut streams);
    }
    assert!(
        wanted["FolioClient"].contains_key("upsert_stream") && wanted["Upsert"].contains_key("run")
    );
    assert!(
        wanted["FolioClientBuilder"].contains_key("scoped")
            && wanted["Download"].contains_key("save")
    );
    // What waits takes what waits: a writer, and work to do.
    let differs = [
        ("Download", "write_to"),
        ("FolioClient", "poll"),
        ("FolioClient", "scoped"),
        ("FolioClientBuilder", "scoped"),
    ];
    let mut problems = Vec::new();
    for (of, functions) in &wanted {
        for (name, takes) in functions {
            // `next` is that of the iterator over the stream.
            if name == "next" && streams.contains(of) {
                continue;
            }
            match twins.get(of).and_then(|twins| twins.get(name)) {
                None => problems.push(format!("{of}::{name} has no twin")),
                Some(twin) if twin == takes => {}
                Some(_) if differs.contains(&(of.as_str(), name.as_str())) => {}
                Some(twin) => {
                    problems.push(format!("{of}::{name} takes {takes:?}, its twin {twin:?}"))
                }
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    // Builders have a mode: their `send` serves both.
    let texts = files.iter().map(std::fs::read_to_string);
    let texts: String = texts.map(Result::unwrap).collect();
    for builder in [
        "GetRequest<T, M",
        "WriteRequest<T, M",
        "GetAllRequest<T, M",
        "RequestBuilder<M",
        "Harvest<T, M",
        "Upsert<T, M",
        "ReferenceData<M",
        "CirculationPolicies<M",
        "TenantConsortium<M",
        "Page<T, M",
        "PageStream<T, M",
        "UntilDone<T, M",
    ] {
        assert!(
            texts.contains(&format!("pub struct {builder} = Async>")),
            "{builder}"
        );
    }
}
