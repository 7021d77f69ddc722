//! Where the blocking client may wait: not while a future is polled on the thread, everywhere else.
//!
//! tokio has no function that says whether a future is being polled, so that the client looks for
//! the budget that tokio gives to each future that it polls ("cooperative scheduling"). That is a
//! property of tokio's 1.x, read in its sources from 1.47 (where `coop::poll_proceed` came) to
//! 1.54. These tests hold it: if one of them fails after an update of tokio, `is_polled` in
//! `src/blocking/wait.rs` needs another way.

#![cfg(feature = "blocking")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use folio_sdk::ErrorKind;
use folio_sdk::blocking::FolioClient;
use tokio::runtime::{Builder, Runtime};
use tokio::task::coop;

/// The versions of tokio whose sources were read for this.
const READ: std::ops::RangeInclusive<u32> = 47..=54;

/// A client that needs no server: `run` waits for what it is given.
fn client() -> FolioClient {
    let builder = FolioClient::builder("http://127.0.0.1:9").tenant("diku");
    builder.credentials("ann", "secret").build().unwrap()
}

fn waits(folio: &FolioClient) -> bool {
    match folio.run(|_| async { Ok(()) }) {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Runtime);
            assert!(error.to_string().contains("spawn_blocking"), "{error}");
            false
        }
    }
}

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.enable_all().build().unwrap())
}

/// How many units of the task's budget are left. It uses them up.
fn budget_left() -> usize {
    let mut context = Context::from_waker(Waker::noop());
    let is_spent = |_: &usize| match coop::poll_proceed(&mut context) {
        Poll::Ready(unit) => {
            unit.made_progress();
            false
        }
        Poll::Pending => true,
    };
    (0..10_000).find(is_spent).unwrap()
}

#[test]
fn the_version_of_tokio_is_one_that_was_read() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let (_, rest) = lock.split_once("name = \"tokio\"\nversion = \"").unwrap();
    let version = rest.split('"').next().unwrap();
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap());
    assert_eq!(parts.next(), Some(1), "{version}");
    let minor = parts.next().unwrap();
    assert!(
        READ.contains(&minor),
        "tokio {version}: read how it gives budgets (`coop::budget`, `coop::stop`) and extend `READ`"
    );
}

#[test]
fn it_waits_wherever_no_future_is_polled() {
    let folio = client();
    assert!(waits(&folio));
    assert!(std::thread::scope(|scope| scope
        .spawn(|| waits(&folio))
        .join()
        .unwrap()));
    for runtime in runtimes() {
        {
            let _context = runtime.enter();
            assert!(waits(&folio));
        }
        let shared = folio.clone();
        let task = runtime.spawn_blocking(move || waits(&shared));
        assert!(runtime.block_on(task).unwrap());
    }
    // `block_in_place` makes room for a call that blocks.
    let [_, several] = runtimes();
    let shared = folio.clone();
    let task = several.spawn(async move { tokio::task::block_in_place(|| waits(&shared)) });
    assert!(several.block_on(task).unwrap());
    assert!(several.block_on(async { tokio::task::block_in_place(|| waits(&folio)) }));
    // A future that another executor polls, on a thread without a runtime.
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(
        pin!(async { waits(&folio) }).poll(&mut context),
        Poll::Ready(true)
    );
}

#[test]
fn it_does_not_wait_while_a_future_is_polled() {
    let folio = client();
    for runtime in runtimes() {
        assert!(!runtime.block_on(async { waits(&folio) }));
        let shared = folio.clone();
        let task = runtime.spawn(async move { waits(&shared) });
        assert!(!runtime.block_on(task).unwrap());
        // A future within a thread for blocking work is polled as well.
        let (shared, handle) = (folio.clone(), runtime.handle().clone());
        let task = runtime.spawn_blocking(move || handle.block_on(async { waits(&shared) }));
        assert!(!runtime.block_on(task).unwrap());
        let local = tokio::task::LocalSet::new();
        assert!(!local.block_on(&runtime, async { waits(&folio) }));
        // Of the budget nothing may be left.
        let spent = async {
            budget_left();
            waits(&folio)
        };
        assert!(!runtime.block_on(spent));
    }
}

#[test]
fn the_budget_of_the_future_is_left_as_it_was() {
    let folio = client();
    let [single, _] = runtimes();
    for used in [0, 1, 100] {
        let left = single.block_on(poll_fn(|context| {
            for _ in 0..used {
                match coop::poll_proceed(context) {
                    Poll::Ready(unit) => unit.made_progress(),
                    Poll::Pending => panic!("a budget of less than {used}"),
                }
            }
            for _ in 0..10 {
                assert!(!waits(&folio));
            }
            Poll::Ready(budget_left())
        }));
        assert_eq!(left, 128 - used);
    }
}
