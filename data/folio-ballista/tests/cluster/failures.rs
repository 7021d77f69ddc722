//! Executors that end, and errors of FOLIO.

use std::sync::Arc;
use std::time::Duration;

use folio_sandbox::{Effect, Fault, Sandbox};
use folio_test_support::patience::within;

use crate::gauge::{Gateway, Gauge};
use crate::processes::{Cluster, Process, Setup};
use crate::support::{STATEMENT, assert_same, client, error, library, remote, single, sorted};

/// Two gateways to a sandbox.
async fn gateways(sandbox: &Sandbox) -> [Gateway; 2] {
    let all = Arc::new(Gauge::default());
    [
        Gateway::start(sandbox.url(), &all).await,
        Gateway::start(sandbox.url(), &all).await,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_killed_while_it_reads_does_not_change_the_result() {
    let sandbox = library(40_000, 60_000).await;
    let gateways = gateways(&sandbox).await;
    let mut cluster = Cluster::start(&Setup::new(
        gateways.iter().map(|gateway| gateway.url.as_str()),
    ));
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    // The first executor has read some pages, and waits for others.
    gateways[0].hold_after(6);
    let found = tokio::spawn(async move { sorted(&many, STATEMENT).await });
    gateways[0].got(8).await;
    cluster.executors[0].kill();
    let found = within("the result without the executor", found)
        .await
        .unwrap()
        .unwrap();
    let expected = sorted(&single(&folio).await, STATEMENT).await.unwrap();
    assert_same(&found, &expected, STATEMENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_finished_parts_of_a_killed_executor_are_read_again() {
    let sandbox = library(40_000, 60_000).await;
    let gateways = gateways(&sandbox).await;
    let mut cluster = Cluster::start(&Setup::new(
        gateways.iter().map(|gateway| gateway.url.as_str()),
    ));
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    // The second executor waits, until the first has finished its parts.
    gateways[1].hold_after(3);
    let found = tokio::spawn(async move { sorted(&many, STATEMENT).await });
    gateways[1].got(4).await;
    within("the parts of the first executor", async {
        let mut before = 0;
        loop {
            let now = gateways[0].gauge.all();
            if now > 20 && now == before {
                return;
            }
            before = now;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let before = gateways[1].gauge.all();
    cluster.executors[0].kill();
    gateways[1].hold_after(usize::MAX);
    let found = within("the result without the executor", found)
        .await
        .unwrap()
        .unwrap();
    // What the first had read is read by the second.
    let again = gateways[1].gauge.all() - before;
    assert!(again > gateways[0].gauge.all(), "{again} requests");
    let expected = sorted(&single(&folio).await, STATEMENT).await.unwrap();
    assert_same(&found, &expected, STATEMENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_executors_a_statement_fails_and_later_ones_work_with_new_executors() {
    let sandbox = library(20_000, 20_000).await;
    let gateways = gateways(&sandbox).await;
    let setup = Setup::new(gateways.iter().map(|gateway| gateway.url.as_str()));
    let mut cluster = Cluster::start(&setup);
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    for gateway in &gateways {
        gateway.hold_after(2);
    }
    let again = many.clone();
    let lost = tokio::spawn(async move { error(&again, STATEMENT).await });
    for gateway in &gateways {
        gateway.got(4).await;
    }
    for executor in &mut cluster.executors {
        executor.kill();
    }
    let text = lost.await.unwrap();
    assert!(text.contains("executor"), "{text}");
    for gateway in &gateways {
        gateway.hold_after(usize::MAX);
    }
    for number in [1, 2] {
        cluster.executors[number - 1] = cluster.executor(&setup, number).unwrap();
    }
    let found = sorted(&many, STATEMENT).await.unwrap();
    let expected = sorted(&single(&folio).await, STATEMENT).await.unwrap();
    assert_same(&found, &expected, STATEMENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_folio_is_the_error_of_the_statement() {
    let sandbox = library(20_000, 20_000).await;
    let cluster = Cluster::start(&Setup::new([sandbox.url(), sandbox.url()]));
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    let expected = sorted(&many, STATEMENT).await.unwrap();
    let denied = "Access requires permission: \"loan-storage.loans.collection.get\"";
    for (status, text) in [(403, denied), (500, "the database is away")] {
        // After some pages: no part of the rows is a result.
        let fault = Fault::new(Effect::status(status, text)).path("/loan-storage/loans");
        sandbox.fault(fault.after(6));
        let error = error(&many, STATEMENT).await;
        let is_plain = error.starts_with("Execution error: reading /loan-storage/loans\n");
        assert!(
            is_plain && error.contains(text) && error.contains(&status.to_string()),
            "{error}"
        );
        sandbox.clear_faults();
    }
    // Transient errors are retried by the clients.
    sandbox.fault(
        Fault::new(Effect::status(503, "busy"))
            .path("/users")
            .times(3),
    );
    sandbox.fault(
        Fault::new(Effect::BreakBody)
            .path("/loan-storage/loans")
            .times(2),
    );
    assert_same(
        &sorted(&many, STATEMENT).await.unwrap(),
        &expected,
        STATEMENT,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_an_executor_does_not_have_are_named() {
    let sandbox = library(3_000, 3_000).await;
    let mut setup = Setup::new([sandbox.url(), sandbox.url()]);
    setup.password = "not the password";
    let cluster = Cluster::start(&setup);
    let folio = client(&sandbox).await;
    let ctx = remote(&folio, &cluster.scheduler.ready, Some("other")).await;
    let text = error(&ctx, STATEMENT).await;
    assert!(
        text.contains("with the credentials `other`")
            && text.contains("FOLIO_OTHER_URL is not set"),
        "{text}"
    );
    assert!(!text.contains("FOLIO_MAIN"), "{text}");
    let before = logins(&sandbox);
    let ctx = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    for _ in 0..2 {
        let text = error(&ctx, STATEMENT).await;
        assert!(text.contains("with the credentials `main`"), "{text}");
        assert!(!text.contains("not the password"), "{text}");
    }
    // FOLIO locks a user after some failed logins: an executor does not repeat them for each task.
    let attempts = logins(&sandbox) - before;
    assert!((1..=2).contains(&attempts), "{attempts} logins");
}

fn logins(sandbox: &Sandbox) -> usize {
    let exchanges = sandbox.exchanges();
    let logins = exchanges
        .iter()
        .filter(|it| it.path.starts_with("/authn/login"));
    logins.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_executor_that_is_terminated_leaves_the_scheduler_and_logs_out() {
    let sandbox = library(3_000, 3_000).await;
    let setup = Setup::new([sandbox.url(), sandbox.url()]);
    let mut cluster = Cluster::start(&setup);
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    let expected = sorted(&many, STATEMENT).await.unwrap();
    let executor = cluster.executors.remove(0);
    assert!(executor.terminate());
    let logouts = |sandbox: &Sandbox| {
        let exchanges = sandbox.exchanges();
        exchanges
            .iter()
            .filter(|it| it.path.starts_with("/authn/logout"))
            .count()
    };
    assert_eq!(logouts(&sandbox), 1);
    // Its records are deleted.
    let folders = std::fs::read_dir(cluster.folder.path()).unwrap();
    let left = folders.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(left.count(), 1);
    // The other one does all; a new one takes the place.
    assert_same(
        &sorted(&many, STATEMENT).await.unwrap(),
        &expected,
        STATEMENT,
    );
    let again: Process = cluster.executor(&setup, 1).unwrap();
    assert_same(
        &sorted(&many, STATEMENT).await.unwrap(),
        &expected,
        STATEMENT,
    );
    assert!(again.terminate());
    assert!(cluster.executors.remove(0).terminate());
    assert_eq!(logouts(&sandbox), 3);
    assert!(cluster.scheduler.terminate());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_does_not_wait_for_executors_that_were_never_started() {
    let sandbox = library(3, 3).await;
    let cluster = Cluster::without_executors(&Setup::new([sandbox.url()]));
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    let text = error(&many, STATEMENT).await;
    assert_eq!(
        text,
        "Execution error: the scheduler has no executors: start them, and run the statement again"
    );
}
