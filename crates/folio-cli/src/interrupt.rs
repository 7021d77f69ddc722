//! Ctrl-C and SIGTERM, and the signal for files that are too large.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::exit::Exit;

/// Whether the user has interrupted the command. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<State>);

#[derive(Debug, Default)]
struct State {
    signals: AtomicUsize,
    /// Whether another program has the terminal.
    is_ignored: AtomicBool,
    notify: Notify,
}

impl Interrupt {
    /// Listens for signals. The second one ends the process at once.
    pub(crate) fn listen(&self) {
        let state = Arc::clone(&self.0);
        let Some(mut signals) = Signals::new() else {
            return;
        };
        tokio::spawn(async move {
            while signals.next().await {
                if state.is_ignored.load(Ordering::SeqCst) {
                    continue;
                }
                if state.signals.fetch_add(1, Ordering::SeqCst) > 0 {
                    std::process::exit(Exit::Interrupted as i32);
                }
                state.notify.notify_waiters();
            }
        });
    }

    /// Ignores signals until the returned value is dropped: an editor in the same terminal receives
    /// the same ones, and has its own use for them.
    pub(crate) fn ignored(&self) -> Ignored<'_> {
        self.0.is_ignored.store(true, Ordering::SeqCst);
        Ignored(&self.0)
    }

    /// Whether it was interrupted. A command with several writes checks it between them.
    pub(crate) fn is_set(&self) -> bool {
        self.0.signals.load(Ordering::SeqCst) > 0
    }

    /// Waits for work. None if it was interrupted, and dropped.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            outcome = work => Some(outcome),
        }
    }

    /// Completes at the interruption.
    pub(crate) async fn wait(&self) {
        let notified = self.0.notify.notified();
        tokio::pin!(notified);
        notified.as_mut().enable();
        if !self.is_set() {
            notified.await;
        }
    }
}

/// Signals are ignored while it lives.
#[derive(Debug)]
pub(crate) struct Ignored<'a>(&'a State);

impl Drop for Ignored<'_> {
    fn drop(&mut self) {
        self.0.is_ignored.store(false, Ordering::SeqCst);
    }
}

/// The signals that end a program. They are received from the creation of this value on.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Self {
            interrupt: signal(SignalKind::interrupt()).ok()?,
            terminate: signal(SignalKind::terminate()).ok()?,
        })
    }

    async fn next(&mut self) -> bool {
        tokio::select! {
            received = self.interrupt.recv() => received.is_some(),
            received = self.terminate.recv() => received.is_some(),
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> bool {
        tokio::signal::ctrl_c().await.is_ok()
    }
}

/// A file that exceeds the limit of its size ends a process by a signal, unless it listens for it:
/// while the returned value lives, writing is an error.
#[cfg(unix)]
pub(crate) fn report_size_limit() -> Option<tokio::signal::unix::Signal> {
    const SIGXFSZ: i32 = 25;
    let exists = cfg!(any(target_os = "linux", target_vendor = "apple"));
    let kind = tokio::signal::unix::SignalKind::from_raw(SIGXFSZ);
    exists
        .then(|| tokio::signal::unix::signal(kind).ok())
        .flatten()
}
