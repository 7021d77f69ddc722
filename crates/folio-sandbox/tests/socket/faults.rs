//! Faults, compressed responses, and the persistence of the sandbox.

use super::*;

#[tokio::test]
async fn faults_happen_where_and_as_often_as_they_were_asked_for() {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(4)).unwrap();
    let caller = Caller::of(&sandbox).await;
    let statuses = async |path: &str, times: usize| {
        let mut statuses = Vec::new();
        for _ in 0..times {
            statuses.push(caller.told("GET", path, None).await.0);
        }
        statuses
    };
    sandbox.fault(
        Fault::new(Effect::status(503, "busy"))
            .method("GET")
            .path("/groups")
            .after(1)
            .times(2),
    );
    assert_eq!(statuses("/users", 2).await, [200, 200]);
    assert_eq!(statuses("/groups", 4).await, [200, 503, 503, 200]);

    let count = || sandbox.records("diku", "/groups").unwrap().len();
    for (effect, done) in [
        (Effect::Drop, 0),
        (Effect::DropAnswer, 1),
        (Effect::BreakBody, 1),
    ] {
        let before = count();
        sandbox.fault(Fault::new(effect.clone()).method("POST").times(1));
        let body = json!({"group": format!("{effect:?}")});
        let answer = caller.send("POST", "/groups", Some(body)).await;
        let failed = match answer {
            Ok(answer) => answer.bytes().await.is_err(),
            Err(_) => true,
        };
        assert!(failed, "{effect:?}");
        assert_eq!(count(), before + done, "{effect:?}");
    }
    sandbox.fault(Fault::new(Effect::Truncate).path("/groups").times(1));
    let page = caller.get("/groups?limit=6").await;
    assert_eq!(page["usergroups"].as_array().unwrap().len(), 3);
    assert_eq!(
        page["resultInfo"]["diagnostics"].as_array().unwrap().len(),
        1
    );
    sandbox.fault(Fault::new(Effect::NullElement).path("/groups").times(1));
    assert!(
        caller.get("/groups").await["usergroups"]
            .as_array()
            .unwrap()
            .contains(&Value::Null)
    );
    let delay = |time| Fault::new(Effect::Delay(time)).path("/groups").times(1);
    sandbox.fault(delay(Duration::from_millis(5)));
    caller.get("/groups").await;
    // One that is delayed for long is answered after all others.
    sandbox.fault(delay(Duration::from_secs(600)));
    tokio::select! {
        biased;
        page = caller.get("/groups") => panic!("{page} was not delayed"),
        others = statuses("/users", 3) => assert_eq!(others, [200, 200, 200]),
    }
    sandbox.clear_faults();
    sandbox.fault(Fault::new(Effect::status(500, "always")));
    assert_eq!(statuses("/groups", 2).await, [500, 500]);
    sandbox.clear_faults();
    assert_eq!(statuses("/groups", 1).await, [200]);
}

#[tokio::test]
async fn faults_by_chance_are_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let sandbox = start(Sandbox::builder().seed(seed)).await;
        let caller = Caller::of(&sandbox).await;
        sandbox.fault(Fault::new(Effect::status(503, "busy")).probability(0.3));
        let mut run = Vec::new();
        for _ in 0..60 {
            run.push(caller.told("GET", "/groups", None).await.0);
        }
        let failed = run.iter().filter(|status| **status == 503).count();
        assert!((5..35).contains(&failed), "{failed}");
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let sandbox = start(Sandbox::builder()).await;
    sandbox.load("diku", "/groups", groups(300)).unwrap();
    let caller = Caller::of(&sandbox).await;
    let page = caller.get("/groups?limit=300").await;
    assert_eq!(page["usergroups"].as_array().unwrap().len(), 300);
    let plain = client(false);
    let request = || {
        plain
            .get(format!("{}/groups?limit=300", sandbox.url()))
            .header("x-okapi-token", caller.token.as_deref().unwrap())
    };
    assert!(
        request()
            .send()
            .await
            .unwrap()
            .headers()
            .get("content-encoding")
            .is_none()
    );
    let answer = request()
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert!(answer.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn what_is_kept_of_the_exchanges_has_no_secret() {
    let sandbox = start(Sandbox::builder()).await;
    let caller = Caller::of(&sandbox).await;
    caller.get("/groups?query=group%3D%3D%22a%22").await;
    let exchanges = sandbox.exchanges();
    let text = format!("{exchanges:?} {sandbox:?}");
    assert!(
        !text.contains("admin\"") && !text.contains(caller.token.as_deref().unwrap()),
        "{text}"
    );
    assert_eq!(
        exchanges[1].query,
        [("query".to_owned(), "group==\"a\"".to_owned())]
    );
    assert_eq!(
        (exchanges[1].status, exchanges[1].header("X-Okapi-Token")),
        (Some(200), Some("(secret)"))
    );
}

#[tokio::test]
async fn records_outlive_the_sandbox_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("folio.sqlite");
    let sandbox = start(Sandbox::builder().file(&file)).await;
    sandbox.load("diku", "/groups", groups(3)).unwrap();
    sandbox.shutdown();
    let sandbox = start(Sandbox::builder().file(&file)).await;
    assert_eq!(sandbox.records("diku", "/groups").unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told() {
    let sandbox = start(Sandbox::builder()).await;
    let error = sandbox.load("diku", "/grupos", groups(1)).unwrap_err();
    assert!(matches!(&error, Error::NoCollection(path) if path == "/grupos"));
    assert_eq!(
        error.to_string(),
        "the sandbox has no collection /grupos: expected a path such as /users"
    );
    for record in [json!(7), json!({"id": 7})] {
        assert!(matches!(
            sandbox.load("diku", "/groups", vec![record]),
            Err(Error::Record(_))
        ));
    }
}
