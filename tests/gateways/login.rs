//! A gateway's response to a login is not a statement of FOLIO about the password.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use folio_sdk::{ErrorKind, FolioClient};
use serde_json::{Value, json};

use folio_test_support::clock::Clock;
use folio_test_support::gateways::{Nginx, squid};
use folio_test_support::server::{Folio, PASSWORD, Reply, quick};

/// mod-login-keycloak's response if it gets no token, for a cause (real-facts, section 21).
fn no_token(cause: &str) -> Reply {
    Reply::new(
        400,
        "application/json",
        json!({"errors": [{"message": "Failed to obtain a token", "type": "ServiceException", "code": "service_error",
            "parameters": [{"key": "cause", "value": cause}]}],
            "total_records": 1})
        .to_string(),
    )
}

/// The answer while it cannot reach Keycloak.
fn keycloak_unreachable() -> Reply {
    no_token(
        "Failed to connect to keycloak:8080 executing POST http://keycloak:8080/realms/diku/protocol/openid-connect/token",
    )
}

/// The answer to a user who is disabled in Keycloak.
fn account_disabled() -> Reply {
    no_token(
        "[400 Bad Request] during [POST] to [http://keycloak:8080/realms/diku/protocol/openid-connect/token] [KeycloakClient#callTokenEndpoint(String,Map,String,String)]: [{\"error\":\"invalid_grant\",\"error_description\":\"Account disabled\"}]",
    )
}

fn refresh_unprocessable() -> Reply {
    Reply::new(
        422,
        "application/json",
        json!({"errors": [{"message": "Invalid token", "type": "error", "code": "token.refresh.unprocessable"}], "total_records": 1}).to_string(),
    )
}

fn html(status: u16, title: &str) -> Reply {
    Reply::new(
        status,
        "text/html",
        format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
        ),
    )
}

const LOGIN: &str = "/authn/login-with-expiry";

fn users(path: &str) -> Option<Reply> {
    (path == "/users").then(|| Reply::json(json!({"users": [], "totalRecords": 0})))
}

async fn works(folio: &FolioClient) {
    folio
        .folio_get::<Vec<Value>>("/users", "users")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_of_the_login_module_is_passing_and_never_remembered() {
    let passing = [
        html(400, "400 Bad Request"),
        html(401, "401 Authorization Required"),
        html(422, "422 Unprocessable Entity"),
        html(403, "403 Forbidden"),
        html(500, "500 Internal Server Error"),
        Reply::text(
            500,
            "proxyClient failure: mod-login-7.11.2 http://10.0.0.1:9130: finishConnect(..) failed: Connection refused",
        ),
        keycloak_unreachable(),
        // Of an unknown tenant, and while the store of secrets is down.
        Reply::new(
            400,
            "application/json",
            json!({"errors": [{"message": "Failed to get value from secure store [tenantId: diku, clientId: diku-login-application]",
                "type": "IllegalStateException", "code": "service_error", "parameters": []}], "total_records": 1})
            .to_string(),
        ),
    ];
    for reply in passing {
        // Twice, and then it works: the login is sent again by the policy.
        let passed = reply.clone();
        let server = Folio::start(move |asked, before| match asked.path() {
            LOGIN if before < 2 => Some(passed.clone()),
            path => users(path),
        })
        .await;
        let folio = server.builder().build().unwrap();
        works(&folio).await;
        assert_eq!(server.logins(), 3, "{reply:?}");
        // As often as the policy has it: the call fails, and the next one tries anew.
        let failing = Arc::new(AtomicBool::new(true));
        let (answer, fails) = (reply.clone(), Arc::clone(&failing));
        let server = Folio::start(move |asked, _| match asked.path() {
            LOGIN if fails.load(Ordering::SeqCst) => Some(answer.clone()),
            path => users(path),
        })
        .await;
        let folio = server.builder().build().unwrap();
        let error = folio
            .folio_get::<Vec<Value>>("/users", "users")
            .await
            .unwrap_err();
        let shown = format!("{error:#}");
        assert!(!shown.contains("check username"), "{shown}");
        assert!(error.is_retryable(), "{shown}");
        assert_eq!(server.logins(), 5, "{shown}");
        failing.store(false, Ordering::SeqCst);
        works(&folio).await;
    }
}

#[tokio::test]
async fn what_the_login_module_rejects_is_sent_once_and_remembered() {
    let errors = |status: u16, code: &str| {
        Reply::new(
            status,
            "application/json",
            json!({"errors": [{"message": "no", "type": "error", "code": code}]}).to_string(),
        )
    };
    let rejections = [
        errors(422, "password.incorrect"),
        errors(422, "username.incorrect"),
        errors(422, "password.incorrect.block.user"),
        errors(422, "user.blocked"),
        errors(401, "unauthorized_error"),
        account_disabled(),
        Reply::text(400, "No credentials match that login"),
        Reply::text(400, "You must provide a username or userId"),
        Reply::text(400, "You must provide a password"),
    ];
    for reply in rejections {
        let answer = reply.clone();
        let server = Folio::start(move |asked, _| match asked.path() {
            LOGIN => Some(answer.clone()),
            path => users(path),
        })
        .await;
        let folio = server.builder().build().unwrap();
        for _ in 0..2 {
            let error = folio.connect().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Login, "{reply:?} {error:#}");
            assert!(error.is_unauthenticated() && !error.is_retryable());
            assert!(format!("{error:#}").contains("check username, password"));
        }
        assert_eq!(server.logins(), 1, "{reply:?}");
    }
}

/// A failure that only a configuration change can fix is sent once per call, and not remembered:
/// after a correction of the tenant at the server, no new client is needed.
#[tokio::test]
async fn a_tenant_that_does_not_exist_is_no_wrong_password() {
    let problems = [
        Reply::text(400, "No such Tenant dikU"),
        Reply::text(400, "x-okapi-tenant header must be provided"),
    ];
    for reply in problems {
        let answer = reply.clone();
        let server =
            Folio::start(move |asked, _| (asked.path() == LOGIN).then(|| answer.clone())).await;
        let folio = server.builder().build().unwrap();
        for logins in 1..3 {
            let error = folio.connect().await.unwrap_err();
            let shown = format!("{error:#}");
            assert!(!error.is_retryable(), "{shown}");
            assert!(
                shown.contains("tenant") && !shown.contains("check username"),
                "{shown}"
            );
            assert_eq!(server.logins(), logins, "{reply:?}");
        }
    }
}

/// Keycloak is restarted while tokens are renewed: the refresh gives 422, the login that follows
/// 400, and both pass.
#[tokio::test]
async fn a_job_outlives_a_restart_of_keycloak_during_a_refresh() {
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let server = Folio::start(move |asked, _| {
        let is_down = is_down.load(Ordering::SeqCst);
        match asked.path() {
            LOGIN if is_down => Some(keycloak_unreachable()),
            "/authn/refresh" if is_down => Some(refresh_unprocessable()),
            path => users(path),
        }
    })
    .await;
    let folio = server
        .builder()
        .retry(
            quick()
                .max_attempts(100)
                .max_backoff(Duration::from_millis(100)),
        )
        .connect()
        .await
        .unwrap();
    works(&folio).await;
    down.store(true, Ordering::SeqCst);
    server.expire();
    let clock = Clock::stop();
    let job = tokio::spawn({
        let folio = folio.clone();
        async move {
            for _ in 0..20 {
                works(&folio).await;
                // By the test's clock.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    let restart = tokio::time::sleep(Duration::from_secs(1));
    clock.run(Duration::from_millis(1), restart).await;
    assert!(!job.is_finished());
    down.store(false, Ordering::SeqCst);
    clock.run(Duration::from_millis(1), job).await.unwrap();
    assert_eq!(server.replays(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_client_certificate_is_named() {
    let server = Folio::start(|_, _| None).await;
    // nginx responds with 400 and an HTML page to clients without one.
    for verify in ["on", "optional"] {
        let at = format!(
            "ssl_client_certificate ca.pem; ssl_verify_client {verify}; {}",
            if verify == "optional" {
                "if ($ssl_client_verify != SUCCESS) { return 496; }"
            } else {
                ""
            }
        );
        let nginx = Nginx {
            server: &at,
            ..Nginx::default()
        };
        let Some(gateway) = nginx.start(&server.url) else {
            return;
        };
        let folio = gateway.builder().build().unwrap();
        let error = folio.connect().await.unwrap_err();
        let shown = format!("{error:#}");
        assert!(shown.contains("client_certificate"), "{shown}");
        assert!(!shown.contains("check username"), "{shown}");
        assert_eq!(
            (error.attempts(), error.is_retryable()),
            (1, false),
            "{shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_to_a_tls_port_is_named() {
    let server = Folio::start(|_, _| None).await;
    let Some(gateway) = Nginx::default().start(&server.url) else {
        return;
    };
    let url = gateway.url().replace("https:", "http:");
    let folio = gateway.builder_at(&url).build().unwrap();
    let error = folio.connect().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(shown.contains("https://"), "{shown}");
    assert!(!shown.contains("check username"), "{shown}");
    assert_eq!(
        (error.attempts(), error.is_retryable()),
        (1, false),
        "{shown}"
    );
}

/// Over http a proxy answers itself: its 407 is no word of FOLIO.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_of_a_proxy_is_not_the_users() {
    let server = Folio::start(|asked, _| users(asked.path())).await;
    let Some(proxy) = squid("") else { return };
    let builder = |user: &str| {
        FolioClient::builder(&server.url)
            .tenant("diku")
            .credentials("ann", PASSWORD)
            .retry(quick())
            .proxy(format!("http://{user}@127.0.0.1:{}", proxy.port))
    };
    works(&builder("campus:right").build().unwrap()).await;
    let error = builder("campus:wrong").connect().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        shown.contains(&format!("127.0.0.1:{}", proxy.port)),
        "{shown}"
    );
    assert!(shown.contains("407") && shown.contains("proxy"), "{shown}");
    assert!(
        !shown.contains("check username") && !shown.contains("wrong"),
        "{shown}"
    );
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_at_login_has_the_help_of_other_calls() {
    let server = Folio::start(|_, _| None).await;
    let nginx = Nginx {
        location: "return 301 https://folio.example.edu/okapi$request_uri;",
        ..Nginx::default()
    };
    let Some(gateway) = nginx.start(&server.url) else {
        return;
    };
    let error = gateway.builder().connect().await.unwrap_err();
    let shown = format!("{error:#}");
    assert!(
        shown.contains("https://folio.example.edu/okapi/authn/login-with-expiry"),
        "{shown}"
    );
    assert!(
        shown.contains("redirect") && shown.contains("token"),
        "{shown}"
    );
    // The URL to configure.
    assert!(
        shown.contains("`https://folio.example.edu/okapi`"),
        "{shown}"
    );
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
}
