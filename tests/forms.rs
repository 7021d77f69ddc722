//! Forms, which only a module of an older release takes: `cargo test --test forms
//! --no-default-features --features sunflower,rustls,login-saml`.

#![cfg(all(feature = "login-saml", feature = "sunflower"))]
#![allow(clippy::unwrap_used, reason = "tests may")]

use folio_test_support::stream::{Flow, Streams};

#[tokio::test]
async fn an_operation_that_takes_a_form_sends_it_as_one() {
    let server = Streams::start(|_, _| Flow::new(204, "text/plain", "")).await;
    let folio = server.connect().await;
    folio
        .login_saml()
        .run_saml_callback()
        .body_form("SAMLResponse=PHg%2B&RelayState=x")
        .send()
        .await
        .unwrap();
    let got = server.last();
    assert_eq!(
        (got.header("content-type"), &*got.text()),
        (
            "application/x-www-form-urlencoded",
            "SAMLResponse=PHg%2B&RelayState=x"
        )
    );
}
