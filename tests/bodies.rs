//! Bodies of every kind, each by an operation of a module over a real socket: the request, and the
//! decoded response.

#![cfg(all(
    feature = "bulk-operations",
    feature = "data-export-spring",
    feature = "mod-data-import",
    feature = "erm-usage",
    feature = "gobi",
    feature = "inventory-update",
    feature = "kb-ebsco-java",
    feature = "login",
    feature = "users"
))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use folio_sdk::bulk_operations::EntityType;
use folio_sdk::common::IdentifierType;
use folio_sdk::erm_usage::call::{DownloadCounterReportResponse, ExportCounterReportsResponse};
use folio_sdk::inventory_update::call::{
    ListJobLogsResponse, UpdateInventoryBatchUpsertHridResponse,
};
use folio_sdk::kb_ebsco_java::call::GetRamlsResponse;
use folio_sdk::{Body, Bytes, Error, ErrorKind, Method, Multipart, Request};
use folio_test_support::clock::Clock;
use folio_test_support::files::scratch;
use folio_test_support::memory::peak;
use folio_test_support::server::nowhere;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, ReadBuf};

use folio_test_support::stream::{Flow, Streams};

const MEGABYTE: usize = 1024 * 1024;
const ID: &str = "7212ba6a-8dcf-45a1-be9a-ffaa847c4423";

fn json_flow(value: Value) -> Flow {
    Flow::new(200, "application/json", value.to_string())
}

/// Held by the tests that measure memory, which would otherwise count each other's.
static LARGE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn an_upload_of_300_megabytes_takes_a_small_memory() {
    let _alone = LARGE.lock().await;
    let server =
        Streams::start(|_, _| json_flow(json!({"id": ID, "profile_picture_blob": "AA=="}))).await;
    let folio = server.connect().await;
    let before = peak();
    let pieces = stream::iter((0..300).map(|_| Ok::<_, io::Error>(vec![1_u8; MEGABYTE])));
    folio
        .data_import()
        .upload_definition_file(ID, ID)
        .body(Body::stream(pieces))
        .send()
        .await
        .unwrap();
    let got = server.last();
    assert_eq!(
        (got.length, got.sum),
        (300 * MEGABYTE as u64, 300 * MEGABYTE as u64)
    );
    assert_eq!(got.header("content-type"), "application/octet-stream");
    assert_eq!(got.header("transfer-encoding"), "chunked");
    assert!(
        peak() - before < 100 * MEGABYTE,
        "{} bytes more",
        peak() - before
    );
}

#[tokio::test]
async fn a_download_of_300_megabytes_takes_a_small_memory_and_waits_for_its_reader() {
    let _alone = LARGE.lock().await;
    let server =
        Streams::start(|_, _| Flow::large("application/octet-stream", vec![1; MEGABYTE], 300))
            .await;
    let folio = server.connect().await;
    let before = peak();
    let mut export = folio
        .data_export_spring()
        .download_job(ID)
        .download()
        .await
        .unwrap();
    assert_eq!(export.length(), Some(300 * MEGABYTE as u64));
    export.next().await.unwrap().unwrap();
    // The server writes only as far as what lies between takes it.
    let written = server.quiet().await;
    assert!(written < 32 * MEGABYTE as u64, "{written}");
    let mut sum = export.received();
    while let Some(piece) = export.next().await {
        sum += piece
            .unwrap()
            .iter()
            .map(|byte| u64::from(*byte))
            .sum::<u64>();
    }
    assert_eq!(sum, 300 * MEGABYTE as u64);
    assert!(
        peak() - before < 100 * MEGABYTE,
        "{} bytes more",
        peak() - before
    );
}

#[tokio::test]
async fn a_file_goes_with_its_length_and_is_sent_again_and_a_stream_is_not() {
    let folder = scratch();
    let path = folder.path().join("picture.png");
    std::fs::write(&path, vec![7; 200_000]).unwrap();
    let server = Streams::start(|got, before| match before % 2 {
        0 if got.head.contains("POST") => Flow::new(401, "text/plain", "Invalid token"),
        _ => json_flow(json!({"id": ID, "profile_picture_blob": "AA=="})),
    })
    .await;
    let folio = server.connect().await;
    let create = || folio.users().create_profile_picture();
    create().body(Body::file(&path)).send().await.unwrap();
    let log = server.log();
    assert_eq!(log.len(), 2);
    for got in log {
        assert_eq!((got.length, got.sum), (200_000, 1_400_000));
        assert_eq!(got.header("content-length"), "200000");
        assert!(got.header("transfer-encoding").is_empty());
    }
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let reopened = Body::reopen(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(Body::reader(&b"abc"[..]).length(3)) }
    });
    create().body(reopened).send().await.unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 2);

    let once = Body::stream(stream::iter([Ok::<_, io::Error>("abc")])).length(3);
    let error = create().body(once).send().await.unwrap_err();
    assert_eq!(server.log().len(), 5);
    assert!(error.is_unauthenticated());
    assert!(
        format!("{error:#}").contains("can be read only once"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_stream_of_which_nothing_was_read_is_sent_again() {
    // No server listens here until the second attempt.
    let address = nowhere().await;
    let folio = folio_sdk::FolioClient::builder(format!("http://{address}"))
        .tenant("diku")
        .credentials("ann", "secret")
        .retry(
            folio_sdk::RetryPolicy::default()
                .initial_backoff(Duration::from_millis(1))
                .max_attempts(3),
        )
        .build()
        .unwrap();
    let body = Body::stream(stream::iter([Ok::<_, io::Error>("abc")]));
    let request = Request::to(Method::POST, "/x")
        .header("x-okapi-token", "a.b.c")
        .body(body, "text/plain");
    let error = folio.execute(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.attempts(), 3, "{error}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_an_error_of_the_request_and_says_why() {
    let server = Streams::start(|_, _| json_flow(json!({}))).await;
    let folio = server.connect().await;
    let upload = |body: Body| {
        let call = folio.data_import().upload_definition_file(ID, ID);
        call.body(body).send()
    };
    let error = upload(Body::file("/nowhere/marc.mrc")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("/nowhere/marc.mrc"), "{error}");

    let broken = stream::iter([Ok("abc"), Err(io::Error::other("the disk is gone"))]);
    let error = upload(Body::stream(broken)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("the disk is gone"), "{error}");

    let short = Body::stream(stream::iter([Ok::<_, io::Error>("abc")])).length(5);
    let error = upload(short).await.unwrap_err();
    assert!(error.to_string().contains("2 bytes shorter"), "{error}");
    let long = Body::stream(stream::iter([Ok::<_, io::Error>("abc")])).length(2);
    let error = upload(long).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("longer than its declared length"),
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_that_moves_takes_longer_than_the_timeout_and_one_that_stalls_does_not() {
    struct Slow(u32, Pin<Box<tokio::time::Sleep>>);
    impl AsyncRead for Slow {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            out: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            std::task::ready!(self.1.as_mut().poll(context));
            if self.0 > 0 {
                self.0 -= 1;
                out.put_slice(b"x");
                self.1 = Box::pin(tokio::time::sleep(Duration::from_millis(2_500)));
            }
            Poll::Ready(Ok(()))
        }
    }
    let slow = |pieces, first| {
        let wait = Box::pin(tokio::time::sleep(Duration::from_millis(first)));
        Body::reader(Slow(pieces, wait))
    };
    let server =
        Streams::start(|_, _| json_flow(json!({"id": ID, "profile_picture_blob": "AA=="}))).await;
    let folio = server
        .builder()
        .timeout(Duration::from_secs(10))
        .connect()
        .await
        .unwrap();
    let create = || folio.users().create_profile_picture();
    let clock = Clock::stop();
    let step = Duration::from_millis(1);
    let (outcome, took) = clock.time(step, create().body(slow(8, 0)).send()).await;
    outcome.unwrap();
    assert!(took >= Duration::from_millis(17_500), "{took:?}");
    assert_eq!(server.last().length, 8);
    let (outcome, took) = clock
        .time(step, create().body(slow(8, 60_000)).send())
        .await;
    let error = outcome.unwrap_err();
    assert!((10_000..10_500).contains(&took.as_millis()), "{took:?}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn a_download_that_breaks_or_is_refused_says_so() {
    let server = Streams::start(|_, before| match before {
        0 => Flow {
            head: "HTTP/1.1 200 X\r\ncontent-length: 100000\r\nconnection: close\r\n".into(),
            pieces: Box::new(std::iter::once(vec![1; 5000])),
        },
        1 => Flow::new(404, "text/plain", "no such job"),
        2 => Flow::new(503, "text/plain", "busy"),
        _ => Flow::new(200, "application/octet-stream", vec![0, 159, 146, 150]),
    })
    .await;
    let folio = server.connect().await;
    let job = || folio.data_export_spring().download_job(ID);
    let folder = scratch();
    let target = folder.path().join("broken.mrc");
    let error = job()
        .download()
        .await
        .unwrap()
        .save(&target)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.to_string().contains("5000 bytes"), "{error}");
    assert!(!target.exists() && !folder.path().join("broken.mrc.part").exists());

    let error = job().download().await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.server_message(), Some("no such job"));

    // Retried after 503, because nothing was returned yet.
    let target = folder.path().join("whole.mrc");
    assert_eq!(
        job().download().await.unwrap().save(&target).await.unwrap(),
        4
    );
    assert_eq!(std::fs::read(&target).unwrap(), [0, 159, 146, 150]);
    assert_eq!(
        job().send().await.unwrap(),
        Bytes::from_static(&[0, 159, 146, 150])
    );
    let asked = server.last();
    assert_eq!(
        asked.header("accept"),
        "application/octet-stream, application/json, text/plain"
    );
    let error = job().download().await.unwrap().text().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_form_has_fields_and_files() {
    let folder = scratch();
    let path = folder.path().join("users.csv");
    std::fs::write(&path, "barcode\n1\n").unwrap();
    let server = Streams::start(|got, before| match (before, got.header("content-length")) {
        (0, _) => Flow::new(401, "text/plain", "Invalid token"),
        _ => json_flow(json!({"id": ID, "profile_picture_blob": "AA=="})),
    })
    .await;
    let folio = server.connect().await;
    let form = Multipart::new().text("comment", "für \"July\"").file(
        "file",
        "a \"b\"\r\n.csv",
        Body::file(&path),
        "text/csv",
    );
    folio
        .bulk_operations()
        .upload_bulk_operations(EntityType::User, IdentifierType::Barcode)
        .body(form)
        .send()
        .await
        .unwrap();
    let log = server.log();
    assert_eq!(log.len(), 2);
    let got = &log[1];
    let boundary = got
        .header("content-type")
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nfür \"July\"\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22%0D%0A.csv\"\r\nContent-Type: text/csv\r\n\r\n\
         barcode\n1\n\r\n--{boundary}--\r\n"
    );
    assert_eq!(got.text(), expected);
    assert!(got.head.contains("entityType=USER") && got.head.contains("identifierType=BARCODE"));

    // All in memory: with a length, as some servers want it.
    let form = Multipart::new().file("file", "x", Body::from("1"), "text/plain");
    folio
        .erm_usage()
        .run_multipart_upload_by_provider(ID)
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(
        server.last().header("content-length"),
        server.last().length.to_string()
    );
}

#[tokio::test]
async fn json_api_is_sent_and_asked_for_by_its_own_media_type() {
    let server = Streams::start(|_, _| {
        let provider =
            json!({"data": {"id": "19", "type": "providers", "attributes": {"name": "EBSCO"}}, "jsonapi": {"version": "1.0"}});
        Flow::new(200, "application/vnd.api+json", provider.to_string())
    })
    .await;
    let folio = server.connect().await;
    let provider = folio.kb_ebsco_java().get_provider(19).send().await.unwrap();
    assert_eq!(
        server.last().header("accept"),
        "application/vnd.api+json, application/json, text/plain"
    );
    assert_eq!(
        serde_json::to_value(&provider).unwrap()["data"]["attributes"]["name"],
        "EBSCO"
    );
    let update: folio_sdk::kb_ebsco_java::ProviderPutRequest =
        serde_json::from_value(json!({"data": {"type": "providers", "attributes": {}}})).unwrap();
    folio
        .kb_ebsco_java()
        .update_provider(19)
        .body(&update)
        .send()
        .await
        .unwrap();
    assert_eq!(
        server.last().header("content-type"),
        "application/vnd.api+json"
    );
}

#[tokio::test]
async fn xml_and_csv_are_text() {
    let server = Streams::start(|got, _| match got.head.contains("/gobi/orders") {
        true => Flow::new(
            201,
            "application/xml",
            "<Response><PoLineNumber>1</PoLineNumber></Response>",
        ),
        false => Flow::new(200, "text/csv", "a,b\n1,2\n"),
    })
    .await;
    let folio = server.connect().await;
    let answer = folio
        .gobi()
        .create_order()
        .body("<PurchaseOrder/>")
        .send()
        .await
        .unwrap();
    assert!(answer.contains("<PoLineNumber>1"));
    let got = server.last();
    assert_eq!(
        (got.header("content-type"), &*got.text()),
        ("application/xml", "<PurchaseOrder/>")
    );
    assert_eq!(
        got.header("accept"),
        "application/xml, application/json, text/plain"
    );
    let csv = folio
        .kb_ebsco_java()
        .export_cost_per_use("1-2", 2026)
        .send()
        .await
        .unwrap();
    assert_eq!(csv, "a,b\n1,2\n");
    assert_eq!(
        server.last().header("accept"),
        "text/csv, application/json, text/plain"
    );
}

#[tokio::test]
async fn one_of_several_answers_is_told_by_its_media_type() {
    let server = Streams::start(|got, _| match got.header("accept").split(',').next() {
        Some("text/plain") => Flow::new(200, "text/plain", "a log"),
        Some("application/xml") => Flow::new(200, "application/xml; charset=utf-8", "<report/>"),
        Some("text/csv") => Flow::new(200, "text/csv", "a,b"),
        Some("application/json") => json_flow(json!({"logLines": [], "totalRecords": 0})),
        _ => Flow::new(200, "image/png", "?"),
    })
    .await;
    let folio = server.connect().await;
    let logs = || folio.inventory_update().list_job_logs();
    let ListJobLogsResponse::Json(lines) = logs().send().await.unwrap() else {
        panic!("no JSON");
    };
    assert!(!lines.log_lines.is_absent() && lines.log_lines.is_empty());
    let text = logs().accept_text().send().await.unwrap();
    assert!(matches!(text, ListJobLogsResponse::Text(text) if text == "a log"));
    let report = folio.erm_usage().download_counter_report(ID);
    let xml = report.accept_xml().send().await.unwrap();
    assert!(matches!(xml, DownloadCounterReportResponse::Xml(xml) if xml == "<report/>"));
    let csv = folio
        .erm_usage()
        .export_counter_reports(ID)
        .accept_csv()
        .send()
        .await
        .unwrap();
    assert!(matches!(csv, ExportCounterReportsResponse::Csv(csv) if csv == "a,b"));
    // An undescribed response is returned unchanged.
    let other = folio
        .erm_usage()
        .export_counter_reports(ID)
        .header("accept", "image/png")
        .send()
        .await
        .unwrap();
    assert!(
        matches!(other, ExportCounterReportsResponse::Unknown(answer) if answer.header("content-type") == Some("image/png"))
    );
}

#[tokio::test]
async fn a_response_of_a_described_media_type_is_its_variant_whatever_kind_that_is_of() {
    let server = Streams::start(|got, _| match got.header("accept").split(',').next() {
        Some("application/raml+yaml") => Flow::new(200, "Application/RAML+YAML", "#%RAML 1.0"),
        Some("text/xml") => Flow::new(200, "application/marcxml+xml", "<record/>"),
        Some("text/csv") => Flow::new(200, "text/csv; charset=utf-8", "a,b"),
        _ => json_flow(json!(["a.raml"])),
    })
    .await;
    let folio = server.connect().await;
    let module = ("x-okapi-module-id", "mod-kb-ebsco-java-5.0.0");
    let ramls = || folio.kb_ebsco_java().get_ramls().header(module.0, module.1);
    let list = ramls().send().await.unwrap();
    assert!(matches!(list, GetRamlsResponse::Json(_)), "{list:?}");
    let raml = ramls().accept_bytes().send().await.unwrap();
    assert!(matches!(raml, GetRamlsResponse::Bytes(raml) if raml == "#%RAML 1.0"));
    let report = || folio.erm_usage().download_counter_report(ID);
    let xml = report().header("accept", "text/xml").send().await.unwrap();
    assert!(matches!(xml, DownloadCounterReportResponse::Xml(xml) if xml == "<record/>"));
    let csv = report().header("accept", "text/csv").send().await.unwrap();
    assert!(matches!(csv, DownloadCounterReportResponse::Unknown(_)));
}

#[tokio::test]
async fn one_of_several_answers_is_told_by_its_status() {
    let server = Streams::start(|_, before| {
        let status = if before == 0 { 200 } else { 207 };
        let body = json!({"metrics": {}, "errors": [{"message": "no title"}]});
        Flow::new(status, "application/json", body.to_string())
    })
    .await;
    let folio = server.connect().await;
    let upsert = || {
        let set = serde_json::from_value(json!({"inventoryRecordSets": []})).unwrap();
        let call = folio
            .inventory_update()
            .update_inventory_batch_upsert_hrid();
        call.body(&set).send()
    };
    let all = upsert().await.unwrap();
    assert!(
        matches!(all, UpdateInventoryBatchUpsertHridResponse::Status200(_)),
        "{all:?}"
    );
    let some = upsert().await.unwrap();
    assert!(
        matches!(some, UpdateInventoryBatchUpsertHridResponse::Status207(_)),
        "{some:?}"
    );
}

#[tokio::test]
async fn records_come_a_line_each_and_a_bad_one_hides_none() {
    let lines = "{\"id\":\"1\",\"title\":\"a\u{2028}b\"}\n\r\n{\"id\":\"2\",\"title\":7}\n{\"id\":\"3\"\n{\"id\":\"4\",\"title\":\"x\"}{\"id\":\"5\"}\nnull\n{\"id\":\"6\"}";
    let server = Streams::start(move |_, _| {
        // A byte a piece: no record and no character is whole.
        let pieces: Vec<Vec<u8>> = lines.bytes().map(|byte| vec![byte]).collect();
        Flow {
            head: format!(
                "HTTP/1.1 200 X\r\ncontent-type: application/stream+json\r\ncontent-length: {}\r\n",
                lines.len()
            ),
            pieces: Box::new(pieces.into_iter()),
        }
    })
    .await;
    #[derive(Debug, serde::Deserialize)]
    struct Record {
        id: String,
        title: Option<String>,
    }
    let folio = server.connect().await;
    let answer = folio
        .request(Method::GET, "/source-storage/stream/records")
        .download()
        .await
        .unwrap();
    let records: Vec<Result<Record, Error>> = answer.records().collect().await;
    let told: Vec<String> = records
        .iter()
        .map(|record| match record {
            Ok(record) => format!("{} {:?}", record.id, record.title.as_deref()),
            Err(error) => format!(
                "{:?} {}",
                error.kind(),
                error.record_json().unwrap_or_default()
            ),
        })
        .collect();
    insta::assert_debug_snapshot!(told);
}

#[tokio::test]
async fn a_form_of_pairs_is_encoded() {
    let server = Streams::start(|_, _| json_flow(json!({}))).await;
    let folio = server.connect().await;
    let pairs = [
        ("SAMLResponse", "PHg+=="),
        ("RelayState", "http://a/b?c=d e&ü"),
    ];
    folio
        .request(Method::POST, "/saml/callback")
        .form(pairs)
        .send()
        .await
        .unwrap();
    let got = server.last();
    assert_eq!(
        got.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        got.text(),
        "SAMLResponse=PHg%2B%3D%3D&RelayState=http%3A%2F%2Fa%2Fb%3Fc%3Dd%20e%26%C3%BC"
    );
}

#[tokio::test]
async fn nothing_beside_something_is_none() {
    let server = Streams::start(|_, before| match before {
        0 => Flow::new(204, "text/plain", ""),
        _ => json_flow(json!({"loggingEvent": []})),
    })
    .await;
    let folio = server.connect().await;
    let events = || folio.login().list_events().send();
    assert!(events().await.unwrap().is_none());
    assert!(events().await.unwrap().is_some());
}

#[tokio::test]
async fn a_download_that_is_dropped_is_given_up() {
    let server = Streams::start(|_, _| Flow::large("text/csv", vec![1; MEGABYTE], 300)).await;
    let folio = server.builder().max_in_flight(1).connect().await.unwrap();
    let open = || folio.open(Request::to(Method::GET, "/x"));
    let mut first = open().await.unwrap();
    poll_fn(|context| Pin::new(&mut first).poll_next_unpin(context))
        .await
        .unwrap()
        .unwrap();
    drop(first);
    // It was the only one that may be in flight.
    drop(open().await.unwrap());
    // Its body is written no further than what lies between took: most of the 300 megabytes are
    // not.
    let written = server.quiet().await;
    assert!(written < 150 * MEGABYTE as u64, "{written}");
}

#[tokio::test]
async fn records_without_ends_of_lines_come_as_they_are_read() {
    // As AbstractInstanceRecordsApi of mod-inventory-storage writes them.
    let marc = "x".repeat(4_000);
    let one = format!("{{\"instanceId\":\"{ID}\",\"deleted\":\"false\",\"marc\":\"{marc}\"}}");
    let piece = one.repeat(100).into_bytes();
    let server =
        Streams::start(move |_, _| Flow::large("application/json", piece.clone(), 200)).await;
    let folio = server.connect().await;
    let answer = folio
        .request(Method::GET, "/oai-pmh-view/updatedInstanceIds")
        .download()
        .await
        .unwrap();
    let mut records = answer.records::<Value>();
    assert_eq!(records.next().await.unwrap().unwrap()["deleted"], "false");
    // The server writes only as far as what lies between takes it.
    let written = server.quiet().await;
    assert!(written < 32 * MEGABYTE as u64, "{written}");
    let mut count = 1;
    while let Some(record) = records.next().await {
        assert_eq!(record.unwrap()["instanceId"], ID);
        count += 1;
    }
    assert_eq!(count, 20_000);
}

#[cfg(feature = "source-record-storage")]
#[tokio::test]
async fn a_described_stream_gives_its_records() {
    let record = |kind: &str| {
        let content = json!({"id": ID, "content": "a\u{2028}b"});
        json!({"id": ID, "snapshotId": ID, "matchedId": ID, "recordType": kind, "rawRecord": content})
    };
    let lines = [
        record("MARC_BIB"),
        json!([{"id": ID}]),
        record("MARC_OF_TOMORROW"),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let server =
        Streams::start(move |_, _| Flow::new(200, "application/stream+json", text.clone())).await;
    let folio = server.connect().await;
    let records: Vec<_> = folio
        .source_record_storage()
        .list_stream_records()
        .record_type("MARC_BIB")
        .stream()
        .await
        .unwrap()
        .collect()
        .await;
    assert_eq!(
        server.last().header("accept"),
        "application/stream+json, application/json, text/plain"
    );
    let [Ok(first), Err(error), Ok(last)] = &records[..] else {
        panic!("{records:?}");
    };
    assert_eq!(serde_json::to_value(first).unwrap(), lines[0]);
    assert_eq!(error.kind(), ErrorKind::Record);
    assert_eq!(last.matched_id, ID);
}
