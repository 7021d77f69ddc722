//! Logins, tokens and permissions.

use super::*;

#[tokio::test]
async fn a_login_gives_tokens_in_cookies_and_when_they_expire() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::new(&sandbox);
    let answer = caller.login("diku_admin", "admin").await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookies: Vec<_> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, (age, end)) in cookies.iter().zip([
        (
            "; Max-Age=600; Expires=",
            " GMT; Path=/; Secure; HTTPOnly; SameSite=Lax",
        ),
        (
            "; Max-Age=604800; Expires=",
            " GMT; Path=/authn; Secure; HTTPOnly; SameSite=Lax",
        ),
    ]) {
        assert!(cookie.contains(age) && cookie.ends_with(end), "{cookie}");
    }
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert!(
        body["accessTokenExpiration"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );

    let (status, text) = caller
        .told(
            "POST",
            "/authn/login-with-expiry",
            Some(json!({"username": "diku_admin", "password": "wrong"})),
        )
        .await;
    let error: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &error["errors"][0]["code"]),
        (422, &json!("password.incorrect"))
    );
    let elsewhere = Caller {
        tenant: Some("nowhere"),
        ..Caller::new(&sandbox)
    };
    assert_eq!(
        elsewhere
            .told(
                "POST",
                "/authn/login-with-expiry",
                Some(json!({"username": "a", "password": "b"}))
            )
            .await,
        (400, "No such Tenant nowhere".to_owned())
    );
}

#[tokio::test]
async fn five_wrong_passwords_block_an_account() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::new(&sandbox);
    for _ in 0..5 {
        assert_eq!(caller.login("diku_admin", "wrong").await.status(), 422);
    }
    assert_eq!(caller.login("diku_admin", "admin").await.status(), 422);
    assert_eq!(sandbox.logins(), 0);
}

#[tokio::test]
async fn a_request_without_a_good_token_is_refused_as_okapi_does() {
    let sandbox = start(
        Sandbox::builder()
            .tenant("other")
            .user("o", "o")
            .tenant("diku")
            .user("diku_admin", "admin"),
    )
    .await;
    let mut caller = Caller::new(&sandbox);
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.token = Some("x.y.z".to_owned());
    assert_eq!(
        caller.told("GET", "/users", None).await,
        (401, "Invalid token".to_owned())
    );
    let mut caller = Caller::of(&sandbox).await;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    assert_eq!(caller.told("GET", "/unknown/path", None).await.0, 404);
    caller.tenant = Some("other");
    assert_eq!(caller.told("GET", "/users", None).await.0, 403);
    caller.tenant = Some("nowhere");
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.tenant = None;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    caller.cookie = Some("folioAccessToken=stale".to_owned());
    assert_eq!(caller.told("GET", "/users", None).await.0, 400);
    caller.cookie = None;
    sandbox.expire_tokens();
    assert_eq!(
        caller.told("GET", "/users", None).await,
        (401, "Invalid token".to_owned())
    );
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_replay_ends_all_sessions() {
    let sandbox = start(Sandbox::builder()).await;
    let mut caller = Caller::new(&sandbox);
    let first = cookie(
        &caller.login("diku_admin", "admin").await,
        "folioRefreshToken",
    );
    let other = cookie(
        &caller.login("diku_admin", "admin").await,
        "folioRefreshToken",
    );
    caller.cookie = Some(format!("folioRefreshToken={first}"));
    let answer = caller.send("POST", "/authn/refresh", None).await.unwrap();
    assert_eq!(answer.status(), 201);
    let second = cookie(&answer, "folioRefreshToken");
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
    for revoked in [other, second] {
        caller.cookie = Some(format!("folioRefreshToken={revoked}"));
        assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 422);
    }
    caller.cookie = None;
    assert_eq!(caller.told("POST", "/authn/refresh", None).await.0, 400);
    assert_eq!((sandbox.logins(), sandbox.refreshes()), (2, 1));
}

#[tokio::test]
async fn tokens_expire_by_themselves() {
    let sandbox = start(Sandbox::builder().access_token_lifetime(Duration::from_millis(300))).await;
    let caller = Caller::of(&sandbox).await;
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    sandbox.advance(Duration::from_millis(350));
    assert_eq!(caller.told("GET", "/users", None).await.0, 401);
}

#[tokio::test]
async fn permissions_are_those_of_the_module() {
    let sandbox =
        start(Sandbox::builder().user_with_permissions("reader", "r", ["users.collection.get"]))
            .await;
    let mut caller = Caller::new(&sandbox);
    caller.token = Some(cookie(
        &caller.login("reader", "r").await,
        "folioAccessToken",
    ));
    assert_eq!(caller.told("GET", "/users", None).await.0, 200);
    let (status, text) = caller.told("GET", "/groups", None).await;
    assert_eq!(status, 403);
    assert!(text.contains("usergroups.collection.get"), "{text}");
}
