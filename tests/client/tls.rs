//! TLS and proxies over real sockets.

#![cfg(feature = "rustls")]

use std::process::Command;

use folio_sdk::{Error, ErrorKind, FolioClientBuilder};

use folio_test_support::tls::{Authority, Gateway, Tunnel, builder};

async fn version(builder: FolioClientBuilder) -> Result<String, Error> {
    let folio = builder.connect().await?;
    folio.folio_get("/x", "version").await
}

#[tokio::test]
async fn a_gateway_with_a_certificate_of_ones_own_authority_is_trusted_when_its_root_is_given() {
    let (own, other) = (Authority::new(), Authority::new());
    let gateway = Gateway::start(&own, "localhost", &["http/1.1"], None).await;
    for trusting in [
        gateway
            .builder("localhost")
            .root_certificates(own.pem.clone()),
        gateway
            .builder("localhost")
            .root_certificates(other.pem.clone())
            .root_certificates(own.pem.clone()),
        gateway
            .builder("localhost")
            .only_root_certificates(format!("{}\n{}", other.pem, own.pem)),
    ] {
        assert_eq!(version(trusting).await.unwrap(), "HTTP/1.1");
    }
    for distrusting in [
        gateway
            .builder("localhost")
            .root_certificates(other.pem.clone()),
        gateway
            .builder("localhost")
            .only_root_certificates(other.pem.clone()),
        // The right authority, and another host.
        gateway
            .builder("127.0.0.1")
            .root_certificates(own.pem.clone()),
    ] {
        let error = version(distrusting).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:#}");
        assert!(error.to_string().contains("certificate"), "{error}");
        // It will be the same however often it is tried.
        assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    }
}

#[tokio::test]
async fn verification_is_off_only_by_the_name_that_says_danger() {
    let gateway = Gateway::start(&Authority::new(), "elsewhere.example", &["http/1.1"], None).await;
    version(
        gateway
            .builder("localhost")
            .only_root_certificates(Authority::new().pem),
    )
    .await
    .unwrap_err();
    version(
        gateway
            .builder("localhost")
            .danger_accept_invalid_certificates(true),
    )
    .await
    .unwrap();
    version(
        gateway
            .builder("localhost")
            .only_root_certificates(Authority::new().pem)
            .danger_accept_invalid_certificates(false),
    )
    .await
    .unwrap_err();
}

#[tokio::test]
async fn a_gateway_that_asks_for_a_certificate_gets_the_clients() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let gateway = Gateway::start(&authority, "localhost", &["http/1.1"], Some(&clients)).await;
    let trusting = || {
        gateway
            .builder("localhost")
            .only_root_certificates(authority.pem.clone())
    };
    let pem = |authority: &Authority| {
        let (certificate, key) = authority.certificate("ann");
        format!("{certificate}\n{key}")
    };
    version(trusting().client_certificate(pem(&clients)))
        .await
        .unwrap();
    for refused in [trusting(), trusting().client_certificate(pem(&authority))] {
        let error = version(refused).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Connect | ErrorKind::Transport),
            "{error:#}"
        );
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_told_when_the_client_is_built() {
    let (certificate, key) = Authority::new().certificate("ann");
    let new = || builder("https://localhost:1");
    let problems: Vec<String> = [
        new().root_certificates("nonsense"),
        new().root_certificates("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"),
        new().only_root_certificates(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        new().client_certificate(certificate),
        new().client_certificate(key.clone()),
        new().proxy("http://user:hidden-word@"),
        new().proxy("ftp://user:hidden-word@proxy"),
        new().proxy("proxy"),
    ]
    .map(|builder| {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.to_string()
    })
    .into();
    assert!(
        problems
            .iter()
            .all(|problem| !problem.contains("hidden-word")),
        "{problems:?}"
    );
    let shown = format!(
        "{:?}",
        new()
            .client_certificate(key.clone())
            .proxy("http://user:hidden-word@proxy:1")
    );
    assert!(
        !shown.contains("hidden-word") && !shown.contains("PRIVATE"),
        "{shown}"
    );
    insta::assert_snapshot!(problems.join("\n"));
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let authority = Authority::new();
    for (offered, spoken) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0"),
        (&["http/1.1"][..], "HTTP/1.1"),
        (&[][..], "HTTP/1.1"),
    ] {
        let gateway = Gateway::start(&authority, "localhost", offered, None).await;
        let builder = gateway
            .builder("localhost")
            .only_root_certificates(authority.pem.clone());
        assert_eq!(version(builder).await.unwrap(), spoken);
    }
}

#[tokio::test]
async fn a_proxy_is_gone_through_with_its_own_password() {
    let authority = Authority::new();
    let gateway = Gateway::start(&authority, "folio.invalid", &["h2", "http/1.1"], None).await;
    let proxy = Tunnel::start().await;
    let trusting = || {
        gateway
            .builder("folio.invalid")
            .only_root_certificates(authority.pem.clone())
    };
    let url = |user: &str| format!("http://{user}{}", proxy.address);
    version(trusting().proxy(url(""))).await.unwrap();
    version(trusting().proxy(url("user:p%40ss@")))
        .await
        .unwrap();
    let line = format!("CONNECT folio.invalid:{} HTTP/1.1", gateway.port);
    assert!(proxy.asked().contains(&(line.clone(), None)));
    assert!(
        proxy
            .asked()
            .contains(&(line, Some("Basic dXNlcjpwQHNz".to_owned()))),
        "{:?}",
        proxy.asked()
    );
    let error = version(trusting().proxy(url("user:wrong@")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let shown = format!("{error:#} {error:?}");
    assert!(
        !shown.contains("wrong") && !shown.contains("dXNlcjp3cm9uZw"),
        "{shown}"
    );
}

/// Not a test of its own: the next one runs it in a process with an environment of its own.
#[tokio::test]
async fn child_process_of_the_proxies() {
    let (Ok(url), Ok(pem)) = (
        std::env::var("FOLIO_SDK_TEST_URL"),
        std::env::var("FOLIO_SDK_TEST_ROOT"),
    ) else {
        return;
    };
    let mut builder = builder(&url).only_root_certificates(pem);
    if std::env::var("FOLIO_SDK_TEST_NO_PROXY").is_ok() {
        builder = builder.no_proxy();
    }
    match version(builder).await {
        Ok(version) => println!("spoke {version}"),
        Err(error) => println!("failed {:?}", error.kind()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxies_of_the_environment_are_heeded() {
    let authority = Authority::new();
    let gateway = Gateway::start(&authority, "localhost", &["http/1.1"], None).await;
    let proxy = Tunnel::start().await;
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "--exact",
            "tls::child_process_of_the_proxies",
            "--nocapture",
        ]);
        for name in [
            "HTTPS_PROXY",
            "https_proxy",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
            "NO_PROXY",
            "no_proxy",
        ] {
            command.env_remove(name);
        }
        command.env(
            "FOLIO_SDK_TEST_URL",
            format!("https://localhost:{}", gateway.port),
        );
        command.env("FOLIO_SDK_TEST_ROOT", &authority.pem);
        command.envs(variables.iter().copied());
        let before = proxy.asked().len();
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains("spoke HTTP/1.1"), "{variables:?}: {shown}");
        proxy.asked().len() > before
    };
    let address = format!("http://user:pw@{}", proxy.address);
    assert!(!run(&[]));
    assert!(run(&[("HTTPS_PROXY", &address)]));
    assert!(run(&[("ALL_PROXY", &address)]));
    assert!(!run(&[("HTTP_PROXY", &address)]), "it is for http:// only");
    assert!(!run(&[
        ("HTTPS_PROXY", &address),
        ("NO_PROXY", "example.org,localhost")
    ]));
    assert!(!run(&[
        ("HTTPS_PROXY", &address),
        ("FOLIO_SDK_TEST_NO_PROXY", "1")
    ]));
}
