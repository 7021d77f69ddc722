//! Bodies as they come over the connection: content codings, bounds on memory, and servers that
//! stop in the middle of a response.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use folio_sdk::{Download, Error, ErrorKind, FolioClient, Method, Request, RetryPolicy};
use folio_test_support::clock::{Clock, settle};
use folio_test_support::files::scratch;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The server's behaviour after all pieces.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum End {
    Close,
    /// Keeps the connection open and sends nothing more, as Okapi does when a module stops.
    Hang,
}

/// A response, byte by byte.
#[derive(Clone)]
pub(super) struct Wire {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) end: End,
}

impl Wire {
    pub(super) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: "content-type: application/json\r\n".to_owned(),
            pieces: vec![body.into()],
            end: End::Close,
        }
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(super) fn with(mut self, header: &str) -> Self {
        self.headers.push_str(&format!("{header}\r\n"));
        self
    }

    fn hang(mut self) -> Self {
        self.end = End::Hang;
        self
    }

    /// Written in pieces of that size: up to 50 of them one by one, each after the one before was
    /// read.
    fn cut(mut self, size: usize) -> Self {
        self.pieces = self
            .pieces
            .concat()
            .chunks(size)
            .map(<[u8]>::to_vec)
            .collect();
        self
    }
}

/// A server that sends these responses in turn, each over a separate connection, and the heads and
/// bodies of its requests.
pub(super) async fn serve(responses: Vec<Wire>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        for response in responses {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            let log = Arc::clone(&log);
            let serving = async move {
                let mut text = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    let read = stream.read(&mut buffer).await.unwrap_or(0);
                    text.extend_from_slice(&buffer[..read]);
                    let end = text.windows(4).position(|four| four == b"\r\n\r\n");
                    let Some(end) = end else {
                        if read == 0 {
                            return;
                        }
                        continue;
                    };
                    let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
                    let length = head
                        .split_once("content-length: ")
                        .and_then(|(_, rest)| rest.lines().next()?.trim().parse().ok())
                        .unwrap_or(0);
                    if text.len() >= end + 4 + length {
                        break;
                    }
                }
                log.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&text).into_owned());
                if response.status > 0 {
                    let head = format!(
                        "HTTP/1.1 {} X\r\n{}connection: close\r\n\r\n",
                        response.status, response.headers
                    );
                    let _ = stream.write_all(head.as_bytes()).await;
                    for (index, piece) in response.pieces.iter().enumerate() {
                        if index > 0 && response.pieces.len() < 50 {
                            settle().await;
                        }
                        if stream.write_all(piece).await.is_err() {
                            return;
                        }
                        let _ = stream.flush().await;
                    }
                }
                if response.end == End::Hang {
                    let _ = stream.read(&mut buffer).await;
                }
            };
            tokio::spawn(serving);
        }
    });
    (url, asked)
}

pub(super) fn client(url: &str) -> FolioClient {
    FolioClient::builder(url)
        .tenant("diku")
        .token("own")
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// JSON Lines, compressed as a member each 10 lines.
fn members() -> (Vec<u8>, Vec<u8>) {
    let lines: Vec<String> = (0..100)
        .map(|n| format!("{}\n", json!({"id": n, "text": format!("{n:0>50}")})))
        .collect();
    let compressed = lines
        .chunks(10)
        .flat_map(|part| gzip(part.concat().as_bytes()));
    (lines.concat().into_bytes(), compressed.collect())
}

async fn open(folio: &FolioClient) -> Download {
    folio
        .open(Request::to(Method::GET, "/export"))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_gzip_body_of_several_members_is_whole_by_every_way_of_reading() {
    let (text, compressed) = members();
    for size in [usize::MAX, 700, 1] {
        let size = size.min(compressed.len());
        let wire = Wire::json(compressed.clone())
            .with("content-encoding: gzip")
            .cut(size);
        let (url, asked) = serve(vec![wire; 5]).await;
        let folio = client(&url);
        let response = folio
            .execute(Request::to(Method::GET, "/export"))
            .await
            .unwrap();
        assert_eq!(response.body(), &text[..], "{size}");
        assert_eq!(open(&folio).await.bytes().await.unwrap(), &text[..]);
        let folder = scratch();
        let target = folder.path().join("text");
        let written = open(&folio).await.save(&target).await.unwrap();
        assert_eq!(written, text.len() as u64);
        assert_eq!(std::fs::read(&target).unwrap(), text);
        let mut records = open(&folio).await.records::<Value>();
        let mut count = 0;
        while let Some(record) = records.next().await {
            assert_eq!(record.unwrap()["id"], count);
            count += 1;
        }
        assert_eq!(count, 100);
        assert_eq!(open(&folio).await.text().await.unwrap().len(), text.len());
        assert!(
            asked
                .lock()
                .unwrap()
                .iter()
                .all(|head| head.contains("accept-encoding: gzip"))
        );
    }
    let list = [
        gzip(b"{\"users\":[{\"id\":\"1\"},"),
        gzip(b"{\"id\":\"2\"}]}"),
    ]
    .concat();
    let (url, _) = serve(vec![Wire::json(list).with("content-encoding: gzip")]).await;
    let list: Value = client(&url).folio_get("/users", None).await.unwrap();
    assert_eq!(list["users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_form_of_gzip_and_deflate_is_decoded() {
    let text = b"{\"name\":\"\xc3\xa9\"}".to_vec();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    let zlib = zlib.finish().unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(&text).unwrap();
    let raw = raw.finish().unwrap();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("deflate", zlib),
        ("deflate", raw),
        ("identity", text.clone()),
        ("", text.clone()),
    ] {
        let length = format!("content-length: {}", body.len());
        let wire = Wire::json(body)
            .with(&format!("content-encoding: {coding}"))
            .with(&length);
        let (url, _) = serve(vec![wire.clone(), wire.cut(1)]).await;
        let folio = client(&url);
        let value: Value = folio.folio_get("/x", None).await.unwrap();
        assert_eq!(value, json!({"name": "é"}), "{coding}");
        let download = open(&folio).await;
        let is_plain = matches!(coding, "identity" | "");
        // The length of the compressed body is not that of what is read.
        assert_eq!(
            download.length(),
            is_plain.then_some(text.len() as u64),
            "{coding}"
        );
        assert_eq!(download.bytes().await.unwrap(), &text[..]);
    }
}

#[tokio::test]
async fn a_compressed_body_that_is_not_whole_or_not_compressed_is_never_a_success() {
    let (_, compressed) = members();
    let short = compressed[..compressed.len() - 4].to_vec();
    let with_more = [&compressed[..], b"and this is not a member at all"].concat();
    let plain = b"{\"users\":[]}".to_vec();
    let cases = [
        ("gzip", short, ErrorKind::Transport, "incomplete or damaged"),
        (
            "gzip",
            with_more,
            ErrorKind::Decode,
            "other bytes follow it",
        ),
        (
            "gzip",
            plain.clone(),
            ErrorKind::Decode,
            "`Content-Encoding: gzip`, but its body is not gzip",
        ),
        (
            "deflate",
            plain.clone(),
            ErrorKind::Decode,
            "its body is not deflate",
        ),
        ("br", plain, ErrorKind::Decode, "the content coding `br`"),
    ];
    for (coding, body, kind, words) in cases {
        let wire = Wire::json(body).with(&format!("content-encoding: {coding}"));
        let (url, _) = serve(vec![wire; 3]).await;
        let folio = client(&url);
        let error = folio
            .execute(Request::to(Method::GET, "/x"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error:#}");
        assert!(error.to_string().contains(words), "{error}");
        let error = open(&folio).await.bytes().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:#}");
        let folder = scratch();
        let target = folder.path().join("text");
        open(&folio).await.save(&target).await.unwrap_err();
        assert!(!target.exists());
    }
}

mod bounds {
    use folio_sdk::MemoryLimits;
    use folio_test_support::memory::peak;

    use super::*;

    const MEGABYTE: usize = 1024 * 1024;

    /// A gigabyte in a megabyte: 16 members of 64 MB of blanks each.
    fn bomb() -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let blanks = vec![b' '; MEGABYTE];
        for _ in 0..64 {
            encoder.write_all(&blanks).unwrap();
        }
        let member = encoder.finish().unwrap();
        let bomb = member.repeat(16);
        assert!(bomb.len() < 2 * MEGABYTE, "{}", bomb.len());
        bomb
    }

    #[tokio::test]
    async fn a_megabyte_that_expands_to_a_gigabyte_takes_the_memory_that_it_may() {
        let wire = Wire::json(bomb()).with("content-encoding: gzip");
        let error_wire = wire.clone().status(500);
        let (url, _) = serve(vec![
            wire.clone(),
            wire.clone(),
            wire.clone(),
            wire.clone(),
            error_wire,
            wire,
        ])
        .await;
        let folio = FolioClient::builder(&url)
            .tenant("diku")
            .token("own")
            .retry(RetryPolicy::none())
            .memory_limits(
                MemoryLimits::default()
                    .response(20 * MEGABYTE)
                    .record(10 * MEGABYTE),
            )
            .build()
            .unwrap();
        let before = peak();
        let get = || Request::to(Method::GET, "/export");
        let error = folio.execute(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:#}");
        assert!(
            error.to_string().contains("larger than 20971520 bytes"),
            "{error}"
        );
        assert!(
            error.to_string().contains("`MemoryLimits::response`"),
            "{error}"
        );
        assert!(!error.is_retryable());
        let error = open(&folio).await.bytes().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:#}");
        let mut records = open(&folio).await.records::<Value>();
        let error = records.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:#}");
        assert!(
            error.to_string().contains("`MemoryLimits::record`"),
            "{error}"
        );
        assert!(records.next().await.is_none());
        // A stream has no limit, and takes no memory.
        let mut sum = 0;
        let mut download = open(&folio).await;
        while let Some(piece) = download.next().await {
            sum += piece.unwrap().len();
        }
        assert_eq!(sum, 1024 * MEGABYTE);
        let error = folio.execute(get()).await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
        // A write that has such a response may have been carried out.
        let post = Request::to(Method::POST, "/x").json(&json!({}));
        let error = folio.execute(post).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(
            format!("{error:#}").contains("its outcome is unknown"),
            "{error:#}"
        );
        let grown = peak() - before;
        assert!(grown < 150 * MEGABYTE, "{grown} bytes more");
    }

    #[tokio::test]
    async fn a_login_and_a_body_without_end_have_bounds_too() {
        let wire = Wire::json(bomb()).with("content-encoding: gzip");
        let endless = Wire {
            pieces: vec![vec![b'x'; MEGABYTE]; 64],
            ..Wire::json("")
        };
        let (url, _) = serve(vec![wire.clone(), endless.clone(), endless]).await;
        let error = FolioClient::builder(&url)
            .tenant("diku")
            .credentials("ann", "correct-horse")
            .retry(RetryPolicy::none())
            .connect()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:#}");
        assert!(
            error
                .to_string()
                .contains("1048576 bytes, the limit that `MemoryLimits::login_response`"),
            "{error}"
        );
        let folio = FolioClient::builder(&url)
            .tenant("diku")
            .token("own")
            .memory_limits(MemoryLimits::default().response(MEGABYTE).record(MEGABYTE))
            .build()
            .unwrap();
        let error = folio.folio_get::<Value>("/x", None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:#}");
        assert_eq!(error.attempts(), 1);
        let mut records = open(&folio).await.records::<Value>();
        assert_eq!(
            records.next().await.unwrap().unwrap_err().kind(),
            ErrorKind::TooLarge
        );
    }
}

mod timeouts {
    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    fn stalled() -> Wire {
        let wire = Wire::json("{\"id\":\"1\",\"na").with("content-length: 1000");
        wire.hang()
    }

    fn silent() -> Wire {
        Wire::json("").status(0).hang()
    }

    fn check(error: &Error, words: &str) {
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error:#}");
        assert!(error.is_timeout());
        assert!(error.to_string().contains("read timeout"), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }

    #[tokio::test]
    async fn a_response_that_stops_in_the_middle_ends_at_the_read_timeout() {
        let (url, _) = serve(vec![
            stalled(),
            silent(),
            stalled(),
            stalled(),
            stalled().cut(5),
        ])
        .await;
        let folio = FolioClient::builder(&url)
            .tenant("diku")
            .token("own")
            .retry(RetryPolicy::none())
            .read_timeout(SHORT)
            .build()
            .unwrap();
        let clock = Clock::stop();
        let get = || Request::to(Method::GET, "/x");
        // By the clock of the runtime, to a step.
        let execute = async |request, expected: Duration| {
            let step = Duration::from_millis(1);
            let (outcome, waited) = clock.time(step, folio.execute(request)).await;
            assert!(
                (expected..expected + SHORT / 4).contains(&waited),
                "{waited:?}"
            );
            outcome.unwrap_err()
        };
        let error = execute(get(), SHORT).await;
        check(&error, "nothing for 0.2 s after 13 bytes of its response");
        check(&execute(get(), SHORT).await, "did not start a response");
        let bytes = async { open(&folio).await.bytes().await };
        let error = clock.run(Duration::from_millis(1), bytes).await;
        check(&error.unwrap_err(), "after 13 bytes");
        let put = || Request::to(Method::PUT, "/x/1").json(&json!({"id": "1"}));
        let error = execute(put(), SHORT).await;
        check(&error, "after 13 bytes");
        assert!(
            format!("{error:#}").contains("its outcome is unknown"),
            "{error:#}"
        );
        // A call may have its own.
        let error = execute(put().read_timeout(2 * SHORT), 2 * SHORT).await;
        check(&error, "nothing for 0.4 s after 13 bytes");
    }

    /// Waits until the server was asked and its response was read, as far as it goes; then lets
    /// time pass.
    async fn until_asked<T>(
        asked: &Mutex<Vec<String>>,
        call: impl Future<Output = T>,
    ) -> (T, Duration) {
        let clock = Clock::stop();
        let mut call = std::pin::pin!(call);
        let arrived = async {
            while asked.lock().unwrap().is_empty() {
                settle().await;
            }
            settle().await;
        };
        tokio::select! {
            biased;
            _ = &mut call => panic!("it ended at once"),
            () = arrived => {}
        }
        clock.time(Duration::from_millis(100), call).await
    }

    async fn after(
        wire: Wire,
        set: impl FnOnce(folio_sdk::FolioClientBuilder) -> folio_sdk::FolioClientBuilder,
    ) -> (Error, u64) {
        let (url, asked) = serve(vec![wire]).await;
        let builder = FolioClient::builder(&url)
            .tenant("diku")
            .token("own")
            .retry(RetryPolicy::none());
        let folio = set(builder.environment(folio_sdk::Environment::empty()))
            .build()
            .unwrap();
        let call = folio.execute(Request::to(Method::GET, "/x"));
        let (outcome, elapsed) = until_asked(&asked, call).await;
        (outcome.unwrap_err(), elapsed.as_secs_f64().round() as u64)
    }

    #[tokio::test]
    async fn a_server_that_never_responds_is_given_up_after_a_minute_by_default() {
        let (error, seconds) = after(silent(), |builder| builder).await;
        check(&error, "nothing for 60 s");
        assert_eq!(seconds, 60);
    }

    #[tokio::test]
    async fn a_module_that_breaks_off_in_its_response_is_given_up_after_a_minute_by_default() {
        let (error, seconds) = after(stalled(), |builder| builder).await;
        check(&error, "nothing for 60 s after 13 bytes");
        assert_eq!(seconds, 60);
    }

    #[tokio::test]
    async fn a_longer_timeout_gives_the_server_that_time_to_begin() {
        let (error, seconds) = after(silent(), |builder| {
            builder.timeout(Duration::from_secs(300))
        })
        .await;
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(seconds, 300);
    }

    #[tokio::test]
    async fn a_longer_timeout_does_not_wait_longer_between_bytes() {
        let (error, seconds) = after(stalled(), |builder| {
            builder.timeout(Duration::from_secs(300))
        })
        .await;
        check(&error, "nothing for 60 s after 13 bytes");
        assert_eq!(seconds, 60);
    }
}

mod text {
    use folio_sdk::users::User;

    use super::*;

    const ID: &str = "7212ba6a-8dcf-45a1-be9a-ffaa847c4423";

    /// What was sent after the head.
    fn body(asked: &str) -> &str {
        asked.split_once("\r\n\r\n").unwrap().1
    }

    #[tokio::test]
    async fn a_record_that_is_read_and_written_back_keeps_its_numbers() {
        let numbers = r#""customFields":{"a":24.990000000000002,"b":10.10,"c":-0},"fees":[1.0,1e400,1234567890123456789012345678901234567890],"tags":{"tagList":[null,"x",null]}"#;
        let stored = format!(r#"{{"id":"{ID}","username":"ann",{numbers}}}"#);
        let (url, asked) =
            serve(vec![Wire::json(stored.clone()), Wire::json("").status(204)]).await;
        let folio = client(&url);
        let mut user: User = folio.users().get_user(ID).send().await.unwrap();
        user.active = Some(true);
        folio
            .users()
            .update_user(ID)
            .body(&user)
            .send()
            .await
            .unwrap();
        let sent = asked.lock().unwrap()[1].clone();
        let sent = body(&sent);
        for part in numbers.split(",\"") {
            assert!(
                sent.contains(part.trim_start_matches('"')),
                "{part}: {sent}"
            );
        }
        assert!(sent.contains("\"active\":true"), "{sent}");
    }

    #[tokio::test]
    async fn many_records_are_written_digit_for_digit() {
        let numbers = r#""a":24.990000000000002,"b":10.10,"c":[1.0,1234567890123456789012345678901234567890]"#;
        let record: folio_sdk::Json = format!(r#"{{"id":"{ID}","_version":3,{numbers}}}"#)
            .parse()
            .unwrap();
        let empty = Wire::json("{\"things\":[],\"totalRecords\":0}");
        let stored = Wire::json(format!(
            "{{\"things\":[{{\"id\":\"{ID}\",\"_version\":3,\"d\":1}}],\"totalRecords\":1}}"
        ));
        let (url, asked) = serve(vec![
            empty,
            Wire::json("{}").status(201),
            stored,
            Wire::json("").status(204),
        ])
        .await;
        let folio = client(&url);
        for expected in ["POST", "PUT"] {
            let things = folio_sdk::Collection::new("/things", "things");
            let report = folio.upsert_at(things, [record.clone()]).run().await;
            assert_eq!(report.failed, 0, "{report:?}");
            let sent = asked.lock().unwrap().last().cloned().unwrap();
            assert!(sent.starts_with(expected), "{sent}");
            assert!(body(&sent).contains(numbers), "{sent}");
            assert_eq!(
                body(&sent).matches("_version").count(),
                usize::from(expected == "PUT"),
                "{sent}"
            );
        }
    }

    #[tokio::test]
    async fn any_json_by_path_comes_back_as_it_was() {
        let stored = format!(r#"{{"id":"{ID}","price": 10.10,"n":1e400}}"#);
        let (url, asked) =
            serve(vec![Wire::json(stored.clone()), Wire::json("").status(204)]).await;
        let folio = client(&url);
        let record: folio_sdk::Json = folio.folio_get("/x/1", None).await.unwrap();
        assert_eq!(record["id"], ID);
        let _: Value = folio.folio_put("/x/1", &record).await.unwrap();
        assert_eq!(body(&asked.lock().unwrap()[1]), stored);
    }

    fn page(second: &[u8]) -> Vec<u8> {
        let mut page = b"{\"users\":[{\"id\":\"00000000-0000-4000-8000-000000000001\"},".to_vec();
        page.extend_from_slice(second);
        page.extend_from_slice(
            b",{\"id\":\"00000000-0000-4000-8000-000000000003\"}],\"totalRecords\":3}",
        );
        page
    }

    #[tokio::test]
    async fn a_byte_that_is_not_utf_8_costs_one_record_and_not_the_page() {
        let second = b"{\"id\":\"00000000-0000-4000-8000-000000000002\",\"username\":\"a\xff\"}";
        let lines = [b"{\"id\":\"1\"}\n", &second[..], b"\n{\"id\":\"3\"}\n"].concat();
        let (url, _) = serve(vec![
            Wire::json(page(second)),
            Wire::json("{\"users\":[]}"),
            Wire::json(lines),
        ])
        .await;
        let folio = client(&url);
        let mut users = folio.users().list_users().stream();
        let (mut good, mut bad) = (0, 0);
        while let Some(user) = users.next().await {
            match user {
                Ok(_) => good += 1,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Record, "{error:#}");
                    assert_eq!(error.record_index(), Some(1));
                    assert_eq!(
                        error.record_id(),
                        Some("00000000-0000-4000-8000-000000000002")
                    );
                    bad += 1;
                }
            }
        }
        assert_eq!((good, bad), (2, 1));
        drop(users);
        let mut records = open(&folio).await.records::<User>();
        let mut outcomes = Vec::new();
        while let Some(record) = records.next().await {
            outcomes.push(
                record
                    .map(|user| user.id.map(|id| id.to_string()))
                    .map_err(|error| error.kind()),
            );
        }
        let id = |id: &str| Ok(Some(id.to_owned()));
        assert_eq!(outcomes, [id("1"), Err(ErrorKind::Record), id("3")]);
    }

    #[tokio::test]
    async fn a_byte_order_mark_before_json_is_no_part_of_it() {
        let with = |text: &str| Wire::json([b"\xef\xbb\xbf", text.as_bytes()].concat());
        let user = format!("{{\"id\":\"{ID}\"}}");
        let list = format!("{{\"users\":[{user}],\"totalRecords\":1}}");
        let (url, _) = serve(vec![
            with(&user),
            with(&list),
            with(&user),
            with(&list),
            with(&list),
            with(&user),
        ])
        .await;
        let folio = client(&url);
        let read: User = folio.users().get_user(ID).send().await.unwrap();
        assert_eq!(read.id.unwrap(), ID);
        assert_eq!(
            folio.users().list_users().send().await.unwrap().users.len(),
            1
        );
        let value: Value = folio.folio_get("/users/1", None).await.unwrap();
        assert_eq!(value["id"], ID);
        let value: Vec<Value> = folio.folio_get("/users", "users").await.unwrap();
        assert_eq!(value.len(), 1);
        let mut users = folio.users().list_users().limit(1).stream();
        assert_eq!(users.next().await.unwrap().unwrap().id.unwrap(), ID);
        drop(users);
        let mut records = open(&folio).await.records::<User>();
        assert_eq!(records.next().await.unwrap().unwrap().id.unwrap(), ID);
    }

    const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the library</body></html>";

    fn html() -> Wire {
        Wire {
            headers: "content-type: text/html; charset=utf-8\r\n".to_owned(),
            ..Wire::json(PAGE)
        }
    }

    #[tokio::test]
    async fn a_page_with_status_200_is_no_success() {
        let (url, asked) = serve(vec![html(); 6]).await;
        let folio = client(&url);
        let user = User {
            username: Some("ann".to_owned()),
            ..User::default()
        };
        let outcomes = [
            folio.users().get_user(ID).send().await.map(|_| ()),
            folio.users().update_user(ID).body(&user).send().await,
            folio.users().delete_user(ID).send().await,
            folio.folio_get::<Value>("/users", None).await.map(|_| ()),
            folio.folio_put("/users/1", &json!({})).await.map(|_| ()),
            folio
                .users()
                .list_users()
                .stream()
                .next()
                .await
                .unwrap()
                .map(|_| ()),
        ];
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{index}: {error:#}");
            assert!(
                error.to_string().contains(
                    "the response is an HTML page (\"Sign in Please sign in to the library\")"
                ),
                "{index}: {error}"
            );
            if index == 1 {
                assert!(
                    format!("{error:#}").contains("its outcome is unknown"),
                    "{error:#}"
                );
            }
        }
        assert_eq!(asked.lock().unwrap().len(), 6);
    }

    #[tokio::test]
    async fn a_body_that_is_no_json_is_named() {
        let (url, _) = serve(vec![
            Wire::json(gzip(b"{}")),
            Wire::json("<?xml version=\"1.0\"?><x/>"),
            Wire::json(b"\xff\xfe{\0}\0".to_vec()),
            Wire::json(""),
        ])
        .await;
        let folio = client(&url);
        for words in [
            "is compressed by gzip, but has no header",
            "is XML",
            "is UTF-16",
            "has no body",
        ] {
            let error = folio.users().get_user(ID).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn the_words_of_an_error_are_read_whatever_its_charset_and_form() {
        let typed = |content_type: &str, body: &[u8]| Wire {
            headers: format!("content-type: {content_type}\r\n"),
            ..Wire::json(body.to_vec()).status(400)
        };
        let cases: Vec<(Wire, &str)> = vec![
            (typed("text/plain; ISO_8859_1", b"Ung\xfcltiges Datum"), "Ungültiges Datum"),
            (typed("text/plain; ISO_8859_1", "Ungültiges Datum".as_bytes()), "Ungültiges Datum"),
            (typed("text/plain", b"caf\xe9"), "café"),
            (typed("application/json", b"\xef\xbb\xbf{\"message\":\"marked\"}"), "marked"),
            (typed("application/json", b"{\"errors\":{\"name\":[\"is required\",\"is short\"]}}"), "is required (name); is short (name)"),
            (typed("application/json", b"{\"errors\":{\"errors\":[{\"message\":\"wrapped\",\"parameters\":[]}]}}"), "wrapped"),
            (typed("application/hal+json", b"{\"total\":1,\"_embedded\":{\"errors\":[{\"message\":\"Property [name] cannot be null\"}]}}"), "Property [name] cannot be null"),
            // The forms of the Spring modules (real-facts, section 18).
            (typed("application/json", b"{\"errors\":[{\"message\":\"tag\",\"type\":\"-1\",\"code\":\"c\"}]}"), "tag [c]"),
            (typed("application/json", b"{\"timestamp\":\"t\",\"status\":400,\"error\":\"Bad Request\",\"path\":\"/notes\"}"), "Bad Request"),
            (typed("application/json", b"{\"timestamp\":\"t\",\"status\":400,\"errors\":[{\"code\":\"invalidParameter\",\"message\":\"wrong type\",\"data\":null,\"_parameters\":{\"limit\":\"abc\"},\"_trace\":[\"a.b\"]}]}"), "wrong type [invalidParameter] (limit = abc)"),
            (typed("text/plain", b"No suitable module found for path /x"), "No suitable module found for path /x"),
        ];
        let (url, _) = serve(cases.iter().map(|(wire, _)| wire.clone()).collect()).await;
        let folio = client(&url);
        for (_, words) in cases {
            let error = folio.folio_get::<Value>("/x", None).await.unwrap_err();
            assert_eq!(error.server_message(), Some(words), "{error:#}");
        }
    }

    #[tokio::test]
    async fn an_empty_body_is_sent_with_its_length() {
        let (url, asked) = serve(vec![Wire::json("{}"); 4]).await;
        let folio = client(&url);
        let post = || Request::to(Method::POST, "/x");
        folio.execute(post()).await.unwrap();
        folio.execute(post().body("", "text/plain")).await.unwrap();
        let empty = folio_sdk::Body::reader(tokio::io::empty()).length(0);
        folio
            .execute(post().body(empty, "text/plain"))
            .await
            .unwrap();
        folio
            .execute(Request::to(Method::PUT, "/x").body(Vec::new(), "text/plain"))
            .await
            .unwrap();
        for head in asked.lock().unwrap().iter() {
            assert!(head.contains("content-length: 0\r\n"), "{head}");
            assert!(!head.contains("transfer-encoding"), "{head}");
        }
    }
}
