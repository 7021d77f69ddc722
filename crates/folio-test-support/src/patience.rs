//! Limits a wait or a computation that should have ended long ago.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The maximum real time of a wait for an immediate event, not by the clock of the runtime, which
/// may be stopped.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that comes at once, and panics if it does not come.
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    let (waits, ended) = channel::<()>();
    let (late, is_late) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            _ = late.send(());
        }
    });
    tokio::select! {
        biased;
        output = future => {
            drop(waits);
            output
        }
        Ok(()) = is_late => panic!("waited {PATIENCE:?} for {what}"),
    }
}

/// The CPU time of this thread, which does not depend on other load of the machine. Zero if the
/// system does not report it.
pub fn thread_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
