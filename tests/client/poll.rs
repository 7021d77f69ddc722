//! Waiting for jobs on the server: when the wait ends, what it survives, and what it sends.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use folio_sdk::{
    ErrorKind, Facts, FolioClient, JobFacts, JobPhase, JobStatus, JobUpdate, Method, Operation,
    RetryPolicy,
};
use folio_test_support::clock::Clock;
use folio_test_support::server::{Asked, Folio, Reply, quick};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::Instant;

const ID: &str = "5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
const IMPORT: &str = "/change-manager/jobExecutions/5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
const EDIT: &str = "/bulk-operations/5b1c0a5e-1d2f-4f4e-9a57-6d5f3a0f0001";
const STEP: Duration = Duration::from_millis(100);

/// A server that has this response to the `n`-th read; logins are its own.
async fn reading(response: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Folio {
    Folio::start(move |asked: &Asked, before| {
        let is_login = asked.path().starts_with("/authn");
        (!is_login).then(|| response(before))
    })
    .await
}

/// A server that has this response so long after the first read.
async fn by_time(response: impl Fn(Duration) -> Reply + Send + Sync + 'static) -> Folio {
    let started = OnceLock::new();
    reading(move |_| response(started.get_or_init(Instant::now).elapsed())).await
}

/// A server that gives the `n`-th response to the `n`-th read, and then the last one again.
async fn serving(responses: Vec<Reply>) -> (Folio, FolioClient) {
    let server = reading(move |before| responses[before.min(responses.len() - 1)].clone()).await;
    let folio = server.builder().retry(quick()).connect().await.unwrap();
    (server, folio)
}

fn import(status: &str, current: u32) -> Reply {
    Reply::json(json!({"id": ID, "status": status, "progress": {"current": current, "total": 10}}))
}

fn reads(server: &Folio) -> usize {
    let log = server.log().into_iter();
    log.filter(|asked| !asked.path().starts_with("/authn"))
        .count()
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

#[tokio::test]
async fn a_job_is_read_until_it_is_done() {
    let (server, folio) = serving(vec![
        import("FILE_UPLOADED", 0),
        import("PARSING_IN_PROGRESS", 4),
        import("COMMITTED", 10),
    ])
    .await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let wait = folio
        .folio_get::<Value>(IMPORT, None)
        .until_done()
        .on_progress(move |status| note.lock().unwrap().push(status.clone()));
    let clock = Clock::stop();
    let (job, took) = clock.time(STEP, wait.send()).await;
    assert_eq!(job.unwrap()["progress"]["current"], 10);
    assert_eq!(reads(&server), 3);
    // 1 s and 1.5 s, up to 10 % less or more.
    assert!((2_200..3_500).contains(&took.as_millis()), "{took:?}");
    let seen: Vec<String> = seen
        .lock()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        seen,
        [
            "FILE_UPLOADED (0 of 10)",
            "PARSING_IN_PROGRESS (4 of 10)",
            "COMMITTED (10 of 10)"
        ]
    );
}

#[tokio::test]
async fn a_typed_call_gives_the_record() {
    let job = |status: &str| {
        Reply::json(
            json!({"id": ID, "published": 7, "jobStatus": status, "submittedDate": "2026-01-01T00:00:00Z"}),
        )
    };
    let (server, folio) = serving(vec![job("In progress"), job("Ids published")]).await;
    let clock = Clock::stop();
    let wait = folio.inventory_storage().get_reindex_job(ID).until_done();
    let job = clock.run(STEP, wait.into_future()).await.unwrap();
    assert_eq!(job.published, Some(7));
    assert_eq!(reads(&server), 2);
}

#[tokio::test]
async fn a_failed_job_is_an_error_that_tells_what_the_server_says() {
    let failed = json!({"id": ID, "status": "ERROR", "errorStatus": "FILE_PROCESSING_ERROR", "progress": {"current": 3, "total": 10}});
    let (server, folio) = serving(vec![Reply::json(failed.clone())]).await;
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let error = wait.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Job);
    assert_eq!(error.job_state(), Some("ERROR"));
    let record: Value = serde_json::from_str(error.record_json().unwrap()).unwrap();
    assert_eq!(record, failed);
    assert!(!error.is_retryable() && !error.is_timeout());
    let shown = error.to_string();
    for part in [
        ID,
        "the job ended in the state ERROR (3 of 10): FILE_PROCESSING_ERROR",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert_eq!(reads(&server), 1);

    let failed = json!({"id": ID, "published": 7, "jobStatus": "Id publishing failed", "submittedDate": "2026-01-01T00:00:00Z"});
    let (_server, folio) = serving(vec![Reply::json(failed)]).await;
    let error = folio.inventory_storage().get_reindex_job(ID).until_done();
    let shown = error.await.unwrap_err().to_string();
    assert!(shown.starts_with("get_reindex_job: GET "), "{shown}");
    assert!(shown.contains("Id publishing failed (7)"), "{shown}");
}

#[tokio::test]
async fn a_job_that_does_not_end_in_time_is_a_timeout_that_names_its_state() {
    let (server, folio) = serving(vec![import("PROCESSING_IN_PROGRESS", 1)]).await;
    let clock = Clock::stop();
    let wait = folio
        .folio_get::<Value>(IMPORT, None)
        .until_done()
        .timeout(minutes(180));
    let (error, took) = clock.time(Duration::from_secs(1), wait.into_future()).await;
    let error = error.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable());
    assert_eq!(error.job_state(), Some("PROCESSING_IN_PROGRESS"));
    assert!(took >= minutes(180) && took < minutes(181), "{took:?}");
    let shown = format!("{error:#}");
    assert!(
        shown.contains("did not end within 3h: its last state is PROCESSING_IN_PROGRESS (1 of 10)"),
        "{shown}"
    );
    assert!(shown.contains("nothing was cancelled"), "{shown}");
    // Every 30 s, but for the first ones; nothing is read faster than that.
    assert!((320..410).contains(&reads(&server)), "{}", reads(&server));
    // It can be waited for again.
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let again = wait.timeout(minutes(1)).into_future();
    assert!(clock.run(STEP, again).await.unwrap_err().is_timeout());
}

#[tokio::test]
async fn a_server_that_is_away_for_minutes_does_not_end_the_wait() {
    let server = by_time(|elapsed| match elapsed.as_secs() {
        0..60 => import("PARSING_IN_PROGRESS", 1),
        60..600 => Reply::text(503, "No server is available to handle this request."),
        _ => import("COMMITTED", 10),
    })
    .await;
    let builder = server.builder().retry(RetryPolicy::default());
    let folio = builder.connect().await.unwrap();
    let clock = Clock::stop();
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let job = clock.run(STEP, wait.into_future()).await.unwrap();
    assert_eq!(job["status"], "COMMITTED");
}

#[tokio::test]
async fn an_outage_that_is_too_long_is_the_error_of_the_last_read() {
    let busy = Reply::text(503, "restarting");
    let (_server, folio) = serving(vec![import("PARSING_IN_PROGRESS", 1), busy]).await;
    let clock = Clock::stop();
    let wait = folio
        .folio_get::<Value>(IMPORT, None)
        .until_done()
        .max_outage(minutes(5));
    let (error, took) = clock.time(STEP, wait.into_future()).await;
    let error = error.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(error.job_state(), Some("PARSING_IN_PROGRESS"));
    assert!(took > minutes(5) && took < minutes(7), "{took:?}");
    assert!(
        format!("{error:#}").contains("could not be read for 5m"),
        "{error:#}"
    );
    // And at once, where none is accepted.
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let wait = wait.max_outage(Duration::ZERO).into_future();
    let (error, took) = clock.time(STEP, wait).await;
    assert_eq!(error.unwrap_err().status().unwrap(), 503);
    assert!(took < minutes(1), "{took:?}");
}

#[tokio::test]
async fn what_is_not_transient_ends_the_wait_at_once() {
    for (answer, kind) in [
        (Reply::text(404, "Not found"), ErrorKind::Status),
        (Reply::text(403, "no permission"), ErrorKind::Status),
        (Reply::text(200, "<html>"), ErrorKind::Decode),
        (Reply::json(json!({"id": ID})), ErrorKind::Decode),
        (Reply::json(json!({"status": null})), ErrorKind::Decode),
    ] {
        let (server, folio) = serving(vec![answer]).await;
        let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
        assert_eq!(wait.await.unwrap_err().kind(), kind);
        assert_eq!(reads(&server), 1);
    }
}

#[tokio::test]
async fn closing_the_client_ends_the_wait() {
    let (server, folio) = serving(vec![import("PARSING_IN_PROGRESS", 1)]).await;
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let wait = tokio::spawn(wait.interval(minutes(60)).into_future());
    server.wait_for(IMPORT, 1).await;
    folio.close().await.unwrap();
    assert!(wait.await.unwrap().unwrap_err().is_closed());
    assert_eq!(reads(&server), 1);
    let error = folio.folio_get::<Value>(IMPORT, None).until_done().await;
    assert!(error.unwrap_err().is_closed());
}

#[tokio::test]
async fn a_job_that_waits_for_a_request_is_an_end_where_that_was_said_and_an_error_later() {
    let edit = |status: &str| Reply::json(json!({"id": ID, "status": status}));
    let clock = Clock::stop();
    // The POST starts the step in the background: the state before it is seen for a while.
    let (_server, folio) = serving(vec![
        edit("DATA_MODIFICATION"),
        edit("DATA_MODIFICATION_IN_PROGRESS"),
        edit("REVIEW_CHANGES"),
    ])
    .await;
    let wait = folio.folio_get::<Value>(EDIT, None).until_done();
    let wait = wait.stop_at("REVIEW_CHANGES").into_future();
    let job = clock.run(STEP, wait).await.unwrap();
    assert_eq!(job["status"], "REVIEW_CHANGES");

    let wait = folio.folio_get::<Value>(EDIT, None).until_done();
    let (error, took) = clock.time(STEP, wait.into_future()).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.job_state()),
        (ErrorKind::Job, Some("REVIEW_CHANGES"))
    );
    assert!(
        error.to_string().contains("waits for another request"),
        "{error}"
    );
    assert!(took >= minutes(1) && took < minutes(2), "{took:?}");

    let (_server, folio) = serving(vec![
        edit("REVIEW_CHANGES"),
        edit("APPLY_CHANGES"),
        edit("COMPLETED_WITH_ERRORS"),
    ])
    .await;
    let wait = folio.folio_get::<Value>(EDIT, None).until_done();
    let job = clock.run(STEP, wait.into_future()).await.unwrap();
    assert_eq!(job["status"], "COMPLETED_WITH_ERRORS");
}

#[tokio::test]
async fn a_state_of_a_newer_release_counts_as_running() {
    let (_server, folio) = serving(vec![import("RESTING", 1), import("COMMITTED", 1)]).await;
    let clock = Clock::stop();
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let job = clock.run(STEP, wait.into_future()).await.unwrap();
    assert_eq!(job["status"], "COMMITTED");
    let (_server, folio) = serving(vec![import("RESTING", 1)]).await;
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let wait = wait.timeout(minutes(2)).into_future();
    let error = clock.run(STEP, wait).await.unwrap_err();
    assert!(
        format!("{error:#}").contains("does not know the state"),
        "{error:#}"
    );
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let job = wait.stop_at("RESTING").await.unwrap();
    assert_eq!(job["status"], "RESTING");
}

#[tokio::test]
async fn a_job_of_a_list_is_waited_for_and_none_is_an_error() {
    let jobs = |statuses: &[&str]| {
        let jobs: Vec<Value> = statuses
            .iter()
            .map(|status| json!({"id": ID, "status": status, "progress": {"exported": 5, "failed": 1, "total": 9}}))
            .collect();
        Reply::json(json!({"jobExecutions": jobs, "totalRecords": jobs.len()}))
    };
    let clock = Clock::stop();
    let (_server, folio) = serving(vec![
        jobs(&["COMPLETED", "IN_PROGRESS"]),
        jobs(&["COMPLETED", "COMPLETED_WITH_ERRORS"]),
    ])
    .await;
    let list = || folio.folio_get::<Value>("/data-export/job-executions", None);
    let wait = list().until_done().into_future();
    let done = clock.run(STEP, wait).await.unwrap();
    assert_eq!(done["totalRecords"], 2);
    let (_server, folio) = serving(vec![jobs(&[])]).await;
    let list = folio.folio_get::<Value>("/data-export/job-executions", None);
    let error = list.until_done().await.unwrap_err();
    assert!(
        format!("{error:#}").contains("no job matches the query"),
        "{error:#}"
    );
}

#[tokio::test]
async fn a_path_that_shows_no_job_is_an_error_before_anything_is_sent() {
    let (server, folio) = serving(vec![Reply::json(json!({}))]).await;
    let error = folio.folio_get::<Value>("/users", None).until_done();
    let error = error.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(
        format!("{error:#}").contains("FolioClient::poll"),
        "{error:#}"
    );
    assert_eq!(reads(&server), 0);
}

#[tokio::test]
async fn anything_can_be_polled_by_a_function() {
    let number = |number: u64| Reply::json(json!({"left": number}));
    let (server, folio) = serving(vec![
        number(2),
        Reply::text(503, "busy"),
        number(1),
        number(0),
    ])
    .await;
    let clock = Clock::stop();
    let status = |value: &Value| match value["left"].as_u64() {
        Some(0) => JobStatus::new("empty", JobPhase::Done),
        Some(7) => JobStatus::new("stuck", JobPhase::Failed).message("jammed"),
        _ => JobStatus::new("working", JobPhase::Running),
    };
    let read = |folio: FolioClient| async move {
        let get = folio.folio_get("/queue", None).retry(RetryPolicy::none());
        get.await
    };
    let wait = folio.poll(read, status).into_future();
    assert_eq!(clock.run(STEP, wait).await.unwrap(), json!({"left": 0}));
    assert_eq!(reads(&server), 4);
    let (_server, folio) = serving(vec![number(7)]).await;
    let error = folio.poll(read, status).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the job ended in the state stuck: jammed"
    );
}

#[tokio::test]
async fn statuses_come_as_a_stream_and_a_wait_that_is_dropped_loses_none() {
    let (server, folio) = serving(vec![
        import("FILE_UPLOADED", 0),
        import("PARSING_IN_PROGRESS", 4),
        import("COMMITTED", 10),
    ])
    .await;
    let clock = Clock::stop();
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let mut statuses = wait.stream().unwrap();
    assert_eq!(reads(&server), 0);
    let mut seen = Vec::new();
    loop {
        // Every wait is given up several times.
        let next = tokio::time::timeout(Duration::from_millis(300), statuses.next());
        match clock.run(STEP, next).await {
            Err(_) => {}
            Ok(None) => break,
            Ok(Some(update)) => seen.push(update.unwrap()),
        }
    }
    let states: Vec<&str> = seen.iter().map(|update| &*update.status().state).collect();
    assert_eq!(
        states,
        ["FILE_UPLOADED", "PARSING_IN_PROGRESS", "COMMITTED"]
    );
    assert!(matches!(seen.last(), Some(JobUpdate::Done(_, job)) if job["id"] == ID));
    assert_eq!(reads(&server), 3);
    assert!(statuses.next().await.is_none());

    let (_server, folio) = serving(vec![import("CANCELLED", 0)]).await;
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let all: Vec<_> = wait.stream().unwrap().collect().await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].as_ref().unwrap_err().job_state(), Some("CANCELLED"));
}

#[tokio::test]
async fn a_job_of_three_hours_outlives_many_tokens() {
    let server = by_time(|elapsed| match elapsed < minutes(180) {
        true => import("PARSING_IN_PROGRESS", 1),
        false => import("COMMITTED", 10),
    })
    .await;
    // The server rejects the token every ten reads, which a renewal answers.
    let folio = server.connect().await;
    let clock = Clock::stop();
    let wait = folio.folio_get::<Value>(IMPORT, None).until_done();
    let mut statuses = wait.stream().unwrap();
    let mut count = 0;
    let last = loop {
        count += 1;
        if count % 10 == 0 {
            server.expire();
        }
        match clock.run(Duration::from_secs(1), statuses.next()).await {
            Some(Ok(JobUpdate::Done(_, job))) => break job,
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(last["status"], "COMMITTED");
    assert!(server.refreshes() + server.logins() > 30);
}

#[tokio::test]
async fn facts_of_a_module_of_ones_own_are_enough() {
    static JOB: JobFacts = JobFacts::at(&["/state"])
        .done(&["READY"])
        .failed(&["BROKEN"]);
    static GET_JOB: Operation = Operation::new("get_job", Method::GET, "/my-jobs/{id}")
        .with_facts(Facts::unknown().job(&JOB));
    assert_eq!(GET_JOB.facts.job.unwrap().done, ["READY"]);
}

#[test]
fn a_blocking_client_waits_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, _folio) = runtime.block_on(serving(vec![
        import("FILE_UPLOADED", 0),
        import("COMMITTED", 10),
    ]));
    server.accept("a.b.c");
    let folio = folio_sdk::blocking::FolioClient::builder(&server.url)
        .tenant("diku")
        .token("a.b.c")
        .build()
        .unwrap();
    let short = Duration::from_millis(20);
    let wait = || {
        folio
            .folio_get::<Value>(IMPORT, None)
            .until_done()
            .interval(short)
    };
    assert_eq!(wait().send().unwrap()["status"], "COMMITTED");
    let states: Vec<String> = wait()
        .stream()
        .unwrap()
        .map(|update| update.unwrap().status().state.clone())
        .collect();
    assert_eq!(states, ["COMMITTED"]);
    let read =
        |folio: &folio_sdk::blocking::FolioClient| folio.folio_get::<Value>(IMPORT, None).send();
    let ends = |job: &Value| match &job["status"] {
        Value::String(state) if state == "COMMITTED" => JobStatus::new("COMMITTED", JobPhase::Done),
        _ => JobStatus::new("else", JobPhase::Running),
    };
    assert_eq!(folio.poll(read, ends).send().unwrap()["id"], ID);
}
