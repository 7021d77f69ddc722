//! Waits for futures on the calling thread, and finds out where that is not allowed.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{EnterGuard, Handle, Runtime};
use tokio::task::coop;

use crate::wire::error::{Error, Result};

/// Calls that wait for their responses: those of
/// [`blocking::FolioClient`](crate::blocking::FolioClient).
#[derive(Clone)]
pub struct Blocking(Arc<Engine>);

/// The runtime that drives the connections of a client.
struct Engine(Option<Runtime>);

impl Drop for Engine {
    fn drop(&mut self) {
        // To wait for it, as its own drop does, is a panic where the last clone is dropped in
        // asynchronous code.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Blocking {
    pub(crate) fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("folio-sdk")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::runtime(format!(
                    "the thread for the connections cannot be started: {error}"
                ))
            })?;
        Ok(Self(Arc::new(Engine(Some(runtime)))))
    }

    /// Waits for a future on this thread.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        if is_polled() {
            return Err(in_async_code());
        }
        let _context = self.enter();
        block_on(future)
    }

    /// The context of the runtime that drives the connections.
    pub(super) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.0.as_ref().map(Runtime::enter)
    }
}

fn in_async_code() -> Error {
    Error::runtime(
        "a blocking call in asynchronous code would stop the thread on which everything else waits: use folio_sdk::FolioClient and `.await` there, or tokio::task::spawn_blocking",
    )
}

/// More than any budget, which is a `u8` in tokio 1 (128 units).
const MOST_BUDGET: usize = 512;

/// Whether a future is being polled on this thread, so that it must not be blocked.
///
/// tokio has no function that says so without a panic, and the context of a runtime
/// (`Handle::try_current`) is also that of threads for blocking work. A thread and a channel of our
/// own, as reqwest's, would not help: it is the caller's thread that must not wait. But tokio gives
/// a budget to each future that it polls, and to nothing else: not to `spawn_blocking` and
/// `block_in_place`, where blocking is allowed. A budget is found by what it is for, the rejection of
/// further units; the one that was there is restored afterwards, which `poll_proceed` guarantees
/// for units that made no progress.
///
/// Futures in `tokio::task::unconstrained` have no budget and are not recognised: there a blocking
/// call blocks. `tests/blocking/context.rs` checks each of these, and names the versions of tokio.
fn is_polled() -> bool {
    if Handle::try_current().is_err() {
        return false;
    }
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(_restores) = coop::poll_proceed(&mut context) else {
        return true;
    };
    (1..MOST_BUDGET).any(|_| match coop::poll_proceed(&mut context) {
        Poll::Ready(unit) => {
            unit.made_progress();
            false
        }
        Poll::Pending => true,
    })
}

/// Wakes a thread that waits.
struct Parked {
    thread: Thread,
    /// A call may wait within another one, as that of an iterator does whose records are written.
    /// Then the inner one takes what wakes the outer one, so that it must be remembered.
    woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Unlike the runtime's own, it cannot panic.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let parked = Arc::new(Parked {
        thread: thread::current(),
        woken: AtomicBool::new(false),
    });
    let waker = Waker::from(Arc::clone(&parked));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        while !parked.woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Blocking")
    }
}
