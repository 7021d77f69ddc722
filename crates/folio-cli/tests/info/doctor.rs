//! `folio doctor`: each check can fail.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use folio_sandbox::Sandbox;
use folio_test_support::server::{Folio, PASSWORD, Reply, nowhere};
use folio_test_support::tls::{Authority, Gateway, Tunnel};
use serde_json::{Value, json};

use crate::support::Ended;
use crate::support::program::{Program, demo, with_reader};

/// The results of a check.
fn all<'a>(report: &'a Value, check: &str) -> Vec<&'a Value> {
    let checks = report.as_array().unwrap();
    checks.iter().filter(|one| one["check"] == check).collect()
}

pub(crate) fn one(report: &Value, check: &str) -> (String, String) {
    let found = all(report, check);
    assert_eq!(found.len(), 1, "{check} in {report}");
    let text = |key: &str| found[0][key].as_str().unwrap().to_owned();
    (text("status"), text("seen"))
}

pub(crate) async fn examine(program: &Program, arguments: &[&str]) -> (Ended, Value) {
    let arguments: Vec<&str> = ["doctor", "--format", "json"]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    let outcome = program.run(&arguments).await;
    let report = outcome.json();
    (outcome, report)
}

/// Fails with this check, and states what to do.
async fn fails(program: &Program, arguments: &[&str], check: &str, seen: &str) {
    let (outcome, report) = examine(program, arguments).await;
    let failed: Vec<&Value> = report
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["status"] == "failed")
        .collect();
    assert_eq!(outcome.code, Some(1), "{report}");
    assert!(
        failed
            .iter()
            .any(|one| one["check"] == check && one["seen"].as_str().unwrap().contains(seen)),
        "{check} {seen}: {report:#}"
    );
    assert!(
        failed.iter().all(|one| one["advice"].is_string()),
        "{report:#}"
    );
}

#[tokio::test]
async fn a_healthy_system_of_either_platform_has_no_failed_check() {
    for (eureka, name) in [(false, "Okapi"), (true, "Eureka")] {
        let sandbox = demo(eureka).start().await.unwrap();
        let (outcome, report) = examine(&Program::admin(&sandbox), &["GET /users"]).await;
        assert_eq!(outcome.code, Some(0), "{report:#}");
        let expected = [
            ("configuration", "ok", "tenant diku"),
            ("proxy", "ok", "none"),
            ("dns", "ok", "address"),
            ("tcp", "ok", "accepts connections"),
            ("tls", "warning", "http"),
            ("login", "ok", "token for 600 s"),
            ("clock", "ok", "the header Date"),
            ("platform", "ok", name),
            ("release", "ok", "trillium:"),
            ("permissions", "ok", "permissions"),
            (
                "operation",
                "ok",
                "GET /users: the user has users.collection.get",
            ),
            ("request line", "ok", "4096 bytes"),
            ("timeouts", "ok", "no response was cut off"),
            ("latency", "ok", "median"),
        ];
        for (check, status, seen) in expected {
            let found = one(&report, check);
            assert_eq!(found.0, status, "{check}: {report:#}");
            assert!(found.1.contains(seen), "{check}: {report:#}");
        }
        // A sidecar rejects any GET with a body.
        let body = one(&report, "body");
        assert_eq!(body.0, if eureka { "skipped" } else { "ok" }, "{report:#}");
        let interfaces = one(&report, "interfaces");
        assert_eq!(
            interfaces.0,
            if eureka { "skipped" } else { "ok" },
            "{report:#}"
        );
        // Only the login and GET requests; the password is nowhere.
        let writes: Vec<String> = sandbox
            .exchanges()
            .into_iter()
            .filter(|exchange| exchange.method != "GET" && !exchange.path.contains("/authn/"))
            .map(|exchange| exchange.path)
            .collect();
        assert_eq!(writes, Vec::<String>::new());
        let text = Program::admin(&sandbox)
            .with("FOLIO_PASSWORD", "admin")
            .run(&["doctor", "--quick"])
            .await;
        assert_eq!(text.code, Some(0), "{text:?}");
        assert!(text.out.contains("\nok       platform "), "{text:?}");
        assert!(text.out.contains("skipped  latency"), "{text:?}");
    }
}

#[tokio::test]
async fn without_a_system_the_configuration_fails() {
    fails(&Program::default(), &[], "configuration", "").await;
}

#[tokio::test]
async fn a_wrong_host_fails() {
    fails(
        &Program::at("https://no-such-host.invalid", "ann", "marker-3x"),
        &[],
        "dns",
        "no-such-host.invalid",
    )
    .await;
    let (outcome, report) = examine(
        &Program::at("https://no-such-host.invalid", "ann", "marker-3x"),
        &[],
    )
    .await;
    assert_eq!(one(&report, "login").0, "skipped");
    assert!(!format!("{outcome:?}").contains("marker-3x"));
}

#[tokio::test]
async fn a_refused_port_fails() {
    let address = nowhere().await;
    fails(
        &Program::at(&format!("http://{address}"), "ann", "x"),
        &[],
        "tcp",
        &address.to_string(),
    )
    .await;
}

#[tokio::test]
async fn a_wrong_password_or_tenant_fails() {
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let wrong = Program::at(sandbox.url(), "diku_admin", "marker-7f");
    fails(&wrong, &[], "login", "").await;
    assert!(!format!("{:?}", wrong.run(&["doctor"]).await).contains("marker-7f"));
    let tenant = Program::admin(&sandbox).with("FOLIO_TENANT", "nowhere");
    fails(&tenant, &[], "login", "nowhere").await;
}

#[tokio::test]
async fn certificates_are_judged() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    let trusting = |port: u16, name: &str| {
        Program::at(&format!("https://{name}:{port}"), "ann", "secret-of-ann")
            .with("SSL_CERT_FILE", roots.to_str().unwrap())
    };
    let gateway = Gateway::start(&authority, "localhost", &["http/1.1"], None).await;
    let (_, report) = examine(&trusting(gateway.port, "localhost"), &[]).await;
    let (status, seen) = one(&report, "tls");
    assert_eq!(status, "ok", "{report:#}");
    assert!(
        seen.contains("TLSv1_3") && seen.contains("valid from"),
        "{seen}"
    );
    // Another name, and an authority that is not trusted.
    fails(&trusting(gateway.port, "127.0.0.1"), &[], "tls", "").await;
    let strange = Authority::new();
    let other = Gateway::start(&strange, "localhost", &["http/1.1"], None).await;
    fails(&trusting(other.port, "localhost"), &[], "tls", "").await;
    // Expired, not valid yet.
    let authority = authority.between(2019, 2021);
    let expired = Gateway::start(&authority, "localhost", &["http/1.1"], None).await;
    fails(&trusting(expired.port, "localhost"), &[], "tls", "expired ").await;
    let authority = authority.between(2090, 2099);
    let future = Gateway::start(&authority, "localhost", &["http/1.1"], None).await;
    fails(
        &trusting(future.port, "localhost"),
        &[],
        "tls",
        "not valid yet",
    )
    .await;
    // No TLS on the port.
    let sandbox = Sandbox::builder().demo_data().start().await.unwrap();
    let port: u16 = sandbox.url().rsplit(':').next().unwrap().parse().unwrap();
    fails(
        &trusting(port, "localhost"),
        &[],
        "tls",
        "no TLS connection",
    )
    .await;
}

#[tokio::test]
async fn proxies_are_judged() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    std::fs::write(&roots, &authority.pem).unwrap();
    let gateway = Gateway::start(&authority, "folio.example.edu", &["http/1.1"], None).await;
    let tunnel = Tunnel::start().await;
    let program = |proxy: &str| {
        Program::at(
            &format!("https://folio.example.edu:{}", gateway.port),
            "ann",
            "secret-of-ann",
        )
        .with("SSL_CERT_FILE", roots.to_str().unwrap())
        .with("HTTPS_PROXY", proxy)
    };
    let (outcome, report) = examine(
        &program(&format!("http://user:right-9z@{}", tunnel.address)),
        &[],
    )
    .await;
    let (status, seen) = one(&report, "proxy");
    assert_eq!(
        (status.as_str(), seen),
        (
            "ok",
            format!("connections go through http://{}", tunnel.address)
        ),
        "{report:#}"
    );
    assert_eq!(one(&report, "tls").0, "ok", "{report:#}");
    assert_eq!(one(&report, "login").0, "ok", "{report:#}");
    assert!(!format!("{outcome:?}").contains("right-9z"));
    fails(
        &program(&format!("http://user:wrong@{}", tunnel.address)),
        &[],
        "tls",
        "status 407",
    )
    .await;
    fails(
        &program(&format!("http://{}", nowhere().await)),
        &[],
        "tcp",
        "",
    )
    .await;
    // Not for this host.
    let direct = program("http://127.0.0.1:1").with("NO_PROXY", "folio.example.edu");
    let (_, report) = examine(&direct, &[]).await;
    assert!(one(&report, "proxy").1.starts_with("none"), "{report:#}");
}

/// An Okapi with these modules, whose responses state a time.
async fn okapi(modules: Value, ahead: i64) -> Folio {
    Folio::start(move |asked, _| {
        let now = SystemTime::now();
        let shift = Duration::from_secs(ahead.unsigned_abs());
        let date = if ahead < 0 { now - shift } else { now + shift };
        Some(match asked.path() {
            "/_/version" => Reply::text(200, "5.3.0")
                .with("date", &httpdate::fmt_http_date(date))
                .with("server", "nginx/1.27"),
            "/_/proxy/tenants/diku/modules" => Reply::json(modules.clone()),
            "/_/proxy/tenants/diku/interfaces" => {
                Reply::json(json!([{"id": "users", "version": "15.0"}]))
            }
            _ => return None,
        })
    })
    .await
}

#[tokio::test]
async fn another_time_of_the_server_is_seen() {
    let modules = json!([{"id": "mod-users-19.6.0"}]);
    for (ahead, status, seen) in [
        (0, "ok", ""),
        (-3600, "failed", " s ahead of the header Date"),
        (3600, "failed", " s behind the header Date"),
        (-30, "warning", "ahead"),
    ] {
        let folio = okapi(modules.clone(), ahead).await;
        let (outcome, report) =
            examine(&Program::at(&folio.url, "ann", PASSWORD), &["--quick"]).await;
        let found = one(&report, "clock");
        assert_eq!(found.0, status, "{report:#}");
        assert!(found.1.contains(seen), "{report:#}");
        assert_eq!(
            outcome.code,
            Some(i32::from(status == "failed")),
            "{report:#}"
        );
    }
    // Okapi states no time: the token does.
    for (ahead, status) in [(0, "ok"), (7200, "failed"), (-7200, "failed")] {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let issued = now.checked_add_signed(ahead).unwrap();
        let claims = json!({"sub": "ann", "user_id": "u1", "tenant": "diku", "iat": issued, "exp": issued + 600});
        let token = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let cookie = format!("folioAccessToken={token}; Max-Age=600; Path=/; Secure; HTTPOnly");
        let folio = Folio::start(move |asked, _| {
            Some(match asked.path() {
                "/authn/login-with-expiry" => {
                    Reply::new(201, "application/json", "{}").with("set-cookie", &cookie)
                }
                "/_/version" => Reply::text(200, "5.3.0"),
                "/_/proxy/tenants/diku/modules" => Reply::json(json!([{"id": "mod-users-19.6.0"}])),
                _ => return None,
            })
        })
        .await;
        folio.accept(&token);
        let (_, report) = examine(&Program::at(&folio.url, "ann", PASSWORD), &["--quick"]).await;
        let found = one(&report, "clock");
        assert_eq!(found.0, status, "{report:#}");
        assert!(
            found.1.contains("the time of issue of the token"),
            "{report:#}"
        );
    }
}

#[tokio::test]
async fn releases_and_interfaces_are_compared() {
    let unknown = okapi(
        json!([{"id": "mod-users-99.1.0"}, {"id": "mod-inventory-storage-99.0.0"}]),
        0,
    )
    .await;
    fails(
        &Program::at(&unknown.url, "ann", PASSWORD),
        &["--quick"],
        "release",
        "no module has a version of a known release",
    )
    .await;
    let none = okapi(json!([]), 0).await;
    fails(
        &Program::at(&none.url, "ann", PASSWORD),
        &["--quick"],
        "platform",
        "the tenant has no modules",
    )
    .await;
    // Most modules are of another release; the users are of Trillium, with an older interface.
    let mixed = okapi(
        json!([{"id": "mod-users-19.6.0"}, {"id": "mod-notes-1.0.0"}, {"id": "mod-tags-1.0.0"}]),
        0,
    )
    .await;
    let (outcome, report) = examine(&Program::at(&mixed.url, "ann", PASSWORD), &["--quick"]).await;
    assert_eq!(outcome.code, Some(0), "{report:#}");
    let (status, seen) = one(&report, "release");
    assert_eq!(status, "warning", "{report:#}");
    assert!(
        seen.starts_with("trillium: 1 of 3 known modules")
            && seen.contains("older: mod-notes-1.0.0, mod-tags-1.0.0"),
        "{seen}"
    );
    let (status, seen) = one(&report, "interfaces");
    assert_eq!(status, "warning", "{report:#}");
    assert!(
        seen.starts_with("8 of 8 interfaces do not fit trillium"),
        "{seen}"
    );
    let older = okapi(json!([{"id": "mod-users-19.6.0"}]), 0).await;
    let (_, report) = examine(&Program::at(&older.url, "ann", PASSWORD), &["--quick"]).await;
    assert_eq!(one(&report, "release").0, "ok", "{report:#}");
    let (_, seen) = one(&report, "interfaces");
    assert!(seen.contains("users 15.0 in place of 16.4"), "{seen}");
    // Neither platform.
    let strange = Folio::start(|_, _| None).await;
    fails(
        &Program::at(&strange.url, "ann", PASSWORD),
        &["--quick"],
        "platform",
        "cannot be read",
    )
    .await;
}

#[tokio::test]
async fn missing_permissions_and_operations_fail() {
    for eureka in [false, true] {
        let sandbox = with_reader(eureka).await;
        let reader = Program::at(sandbox.url(), "reader", "secret");
        fails(
            &reader,
            &["--quick", "GET /users", "PUT /users/{userId}"],
            "operation",
            "PUT /users/{userId}: the user lacks users.item.put",
        )
        .await;
        fails(
            &reader,
            &["--quick", "GET /nowhere"],
            "operation",
            "has no such operation",
        )
        .await;
        let (outcome, report) = examine(&reader, &["--quick", "GET /users"]).await;
        assert_eq!(outcome.code, Some(0), "{report:#}");
    }
}

#[tokio::test]
async fn a_slow_system_is_a_warning() {
    let slow = Folio::start(|asked, _| match asked.path() {
        "/_/version" => {
            let is_probe = asked.param("padding").is_some() || !asked.body.is_empty();
            let reply = Reply::text(200, "5.3.0");
            Some(match is_probe {
                true => reply,
                false => reply.after(Duration::from_millis(1100)),
            })
        }
        "/_/proxy/tenants/diku/modules" => Some(Reply::json(json!([{"id": "mod-users-19.6.0"}]))),
        _ => None,
    })
    .await;
    let (outcome, report) = examine(&Program::at(&slow.url, "ann", PASSWORD), &[]).await;
    assert_eq!(outcome.code, Some(0), "{report:#}");
    assert_eq!(one(&report, "latency").0, "warning", "{report:#}");
}
