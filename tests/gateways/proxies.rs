//! Forward proxies: real squid.

use folio_sdk::{Environment, ErrorKind, FolioClient, FolioClientBuilder};

use folio_test_support::gateways::{Gateway, Nginx, squid};
use folio_test_support::server::{Folio, quick};

fn through(gateway: &Gateway, proxy: String) -> FolioClientBuilder {
    gateway.builder().retry(quick()).proxy(proxy)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_a_proxy_refuses_names_the_proxy_and_its_status() {
    let server = Folio::start(|_, _| None).await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    // squid's own rule: tunnels go to port 443 only.
    let Some(proxy) = squid(
        "acl CONNECT method CONNECT\nacl elsewhere dst 192.0.2.1\nhttp_access deny CONNECT !elsewhere",
    ) else {
        return;
    };
    let at = format!("127.0.0.1:{}", proxy.port);
    let error = through(&gateway, format!("http://campus:right@{at}"))
        .connect()
        .await
        .unwrap_err();
    let shown = format!("{error:#}");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(shown.contains(&at) && shown.contains("403"), "{shown}");
    assert!(
        shown.contains("CONNECT") && !shown.contains("right"),
        "{shown}"
    );
    // A rule is the same next time.
    assert_eq!(
        (error.attempts(), error.is_retryable()),
        (1, false),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_a_proxy_is_tried_once() {
    let server = Folio::start(|_, _| None).await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let Some(proxy) = squid("") else { return };
    let at = format!("127.0.0.1:{}", proxy.port);
    through(&gateway, format!("http://campus:right@{at}"))
        .connect()
        .await
        .unwrap();
    let error = through(&gateway, format!("http://campus:wrong@{at}"))
        .connect()
        .await
        .unwrap_err();
    let shown = format!("{error:#}");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(shown.contains(&at) && shown.contains("407"), "{shown}");
    assert!(!shown.contains("wrong"), "{shown}");
    assert_eq!(
        (error.attempts(), error.is_retryable()),
        (1, false),
        "{shown}"
    );
}

/// squid answers 503 to a tunnel to a host that does not answer: that may pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_to_a_gateway_that_is_down_is_tried_again() {
    let Some(proxy) = squid("") else { return };
    let error = FolioClient::builder("https://127.0.0.1:9")
        .tenant("diku")
        .credentials("ann", "secret")
        .retry(quick().max_attempts(3))
        .proxy(format!("http://campus:right@127.0.0.1:{}", proxy.port))
        .connect()
        .await
        .unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        shown.contains("503") && shown.contains("CONNECT"),
        "{shown}"
    );
    assert_eq!(
        (error.attempts(), error.is_retryable()),
        (3, true),
        "{shown}"
    );
}

#[test]
fn a_scheme_that_is_not_supported_is_an_error_of_the_configuration() {
    let new = || {
        FolioClient::builder("https://folio.example.edu")
            .tenant("diku")
            .credentials("ann", "secret")
            .environment(Environment::empty())
    };
    for scheme in ["ftp", "socks9", "quic"] {
        let error = new()
            .proxy(format!("{scheme}://proxy.example.edu:1080"))
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!error.is_retryable());
    }
    let socks = new().proxy("socks5h://proxy.example.edu:1080").build();
    if cfg!(feature = "socks") {
        socks.unwrap();
    } else {
        let error = socks.unwrap_err().to_string();
        assert!(
            error.contains("socks5h") && error.contains("feature `socks`"),
            "{error}"
        );
    }
}
