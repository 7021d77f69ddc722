//! Where attempts end: at bodies that can be read only once, and at deadlines.

use std::io;
use std::time::Duration;

use folio_sdk::{Body, ErrorKind, Method, RetryPolicy};
use futures_util::stream;
use tokio::time::Instant;

use folio_test_support::server::{Folio, Reply, quick};

#[tokio::test]
async fn a_streamed_write_without_a_response_is_not_repeated_and_in_doubt() {
    let server = Folio::start(|asked, _| match asked.path() {
        "/drops" => Some(Reply::Drop),
        "/busy" => Some(Reply::text(503, "busy")),
        "/limited" => Some(Reply::text(429, "slower")),
        _ => None,
    })
    .await;
    let folio = server.builder().retry(quick()).connect().await.unwrap();
    for (path, is_in_doubt) in [("/drops", true), ("/busy", true), ("/limited", false)] {
        let once = Body::stream(stream::iter([Ok::<_, io::Error>("{}")])).length(2);
        let error = folio
            .request(Method::PUT, path)
            .idempotent(true)
            .body(once, "application/json")
            .send()
            .await
            .unwrap_err();
        assert_eq!(server.asked(path).len(), 1, "{path}");
        assert_eq!(error.is_outcome_unknown(), is_in_doubt, "{path}: {error:#}");
        assert!(
            format!("{error:#}").contains("can be read only once"),
            "{path}: {error:#}"
        );
    }
}

#[tokio::test]
async fn no_login_is_sent_after_the_deadline_of_connecting() {
    let server = Folio::start(|asked, _| {
        (asked.path() == "/authn/login-with-expiry").then(|| {
            let busy = Reply::text(503, "busy");
            Reply::After(Duration::from_millis(300), Box::new(busy))
        })
    })
    .await;
    let begin = Instant::now();
    let error = server
        .builder()
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(400)))
        .deadline(Duration::from_millis(500))
        .connect()
        .await
        .unwrap_err();
    assert!(begin.elapsed() < Duration::from_millis(500));
    assert!(
        matches!(error.kind(), ErrorKind::Status | ErrorKind::Timeout),
        "{error:#}"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.asked("/authn/login-with-expiry").len(), 1);
}
