//! The limit of concurrent requests holds for all executors together.

use std::sync::Arc;

use crate::gauge::{Gateway, Gauge};
use crate::processes::{Cluster, Process, Setup};
use crate::support::{STATEMENT, assert_same, client, empty, library, remote, single, sorted};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_of_all_executors_stay_within_the_limit() {
    let sandbox = library(20_000, 30_000).await;
    let all = Arc::new(Gauge::default());
    let gateways = [
        Gateway::start(sandbox.url(), &all).await,
        Gateway::start(sandbox.url(), &all).await,
    ];
    let mut setup = Setup::new(gateways.iter().map(|gateway| gateway.url.as_str()));
    setup.max_requests = 5;
    let cluster = Cluster::start(&setup);
    let folio = client(&sandbox).await;
    let many = remote(&folio, &cluster.scheduler.ready, Some("main")).await;
    // While no request is answered, executors send as many as they may.
    for gateway in &gateways {
        gateway.hold_after(0);
    }
    let found = tokio::spawn(async move { sorted(&many, STATEMENT).await });
    gateways[0].got(3).await;
    gateways[1].got(2).await;
    assert_eq!(all.most(), 5);
    for gateway in &gateways {
        gateway.hold_after(usize::MAX);
    }
    let found = found.await.unwrap().unwrap();
    assert_eq!(
        (
            gateways[0].gauge.most(),
            gateways[1].gauge.most(),
            all.most()
        ),
        (3, 2, 5)
    );
    assert!(all.all() > 50, "{} requests", all.all());
    let expected = sorted(&single(&folio).await, STATEMENT).await.unwrap();
    assert_same(&found, &expected, STATEMENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn executors_that_do_not_share_the_limit_are_rejected() {
    let sandbox = empty().await;
    let cluster = Cluster::start(&Setup::new([sandbox.url(), sandbox.url()]));
    let rejected = |place: &str, max_requests: usize| {
        let mut command = cluster.command(place, max_requests);
        let log = cluster.folder.path().join("rejected.log");
        Process::try_start(command.args(["--wait", "0"]), log)
            .err()
            .unwrap_or_default()
    };
    let text = rejected("1/2", 1);
    assert!(
        text.contains("2 executors cannot share 1 concurrent requests"),
        "{text}"
    );
    for (place, max_requests) in [("3/3", 8), ("1/2", 9)] {
        let text = rejected(place, max_requests);
        assert!(
            text.contains("is not one of the 2 that share 8 concurrent requests"),
            "{text}"
        );
    }
    let text = rejected("2/2", 8);
    assert!(text.contains("already registered"), "{text}");
    let text = rejected("3/2", 8);
    assert!(
        text.contains("`3/2` is not the place of an executor"),
        "{text}"
    );
}
