//! A permanent failure is not retried, and the error states the remedy.

use std::time::Duration;

use folio_sdk::{Error, ErrorKind, FolioClient};
use serde_json::Value;

use folio_test_support::gateways::{Nginx, free_port};
use folio_test_support::server::{Folio, PASSWORD, quick};
use folio_test_support::tls::Authority;

fn check(error: &Error, words: &[&str]) {
    let shown = format!("{error:#}");
    for word in words {
        assert!(shown.contains(word), "`{word}` is not in: {shown}");
    }
    assert_eq!(
        (error.attempts(), error.is_retryable()),
        (1, false),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn https_to_a_port_without_tls() {
    let server = Folio::start(|_, _| None).await;
    let nginx = Nginx {
        listen: Some(""),
        ..Nginx::default()
    };
    let Some(gateway) = nginx.start(&server.url) else {
        return;
    };
    let error = gateway.builder().connect().await.unwrap_err();
    check(&error, &["http://", "TLS"]);
    assert_eq!(error.kind(), ErrorKind::Connect);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_to_a_port_that_speaks_http_2_only() {
    let server = Folio::start(|_, _| None).await;
    let nginx = Nginx {
        listen: Some("http2"),
        ..Nginx::default()
    };
    let Some(gateway) = nginx.start(&server.url) else {
        return;
    };
    let url = gateway.url().replace("https:", "http:");
    let error = gateway.builder_at(&url).connect().await.unwrap_err();
    check(&error, &["HTTP/2", "h2c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_tls_that_is_too_old() {
    let server = Folio::start(|_, _| None).await;
    let nginx = Nginx {
        server: "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;",
        ..Nginx::default()
    };
    let Some(gateway) = nginx.start(&server.url) else {
        return;
    };
    let error = gateway.builder().connect().await.unwrap_err();
    check(&error, &["TLS 1.2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_authority_that_is_not_known() {
    let server = Folio::start(|_, _| None).await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let error = gateway
        .builder()
        .only_root_certificates(Authority::new().pem)
        .connect()
        .await
        .map(drop);
    // The root of the gateway was given before: both are trusted.
    error.unwrap();
    let error = FolioClient::builder(gateway.url())
        .tenant("diku")
        .credentials("ann", PASSWORD)
        .no_proxy()
        .only_root_certificates(Authority::new().pem)
        .retry(quick())
        .connect()
        .await
        .unwrap_err();
    check(&error, &["root_certificates"]);
}

/// A page of HTML says its title in `title` and in `h1`, and the title is mostly the status again.
#[tokio::test(flavor = "multi_thread")]
async fn the_title_of_a_page_is_said_once() {
    let upstream = format!("http://127.0.0.1:{}", free_port());
    let Some(gateway) = Nginx::default().start(&upstream) else {
        return;
    };
    let folio = gateway
        .builder()
        .token("a.b.c")
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let error = folio
        .folio_get::<Value>("/users", None)
        .retry(folio_sdk::RetryPolicy::none())
        .await
        .unwrap_err();
    let shown = error.to_string();
    assert_eq!(shown.matches("Bad Gateway").count(), 1, "{shown}");
}
