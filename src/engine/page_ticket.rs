//! The request for a page of a list: its response waits until there is memory for it.
//!
//! A response that waits takes no memory of this process beyond the buffers of its connection. Over
//! HTTP/1.1 it stays in the sockets and at the server; over HTTP/2 also in its window. So requests
//! can wait for the server at once that have not room in memory at once.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::engine::page_memory::{PageBuffer, PageMemory};

/// The longest wait of a response. Then its request is given up, and sent again later: proxies in
/// front of FOLIO close a connection that takes no data for 60 s (nginx's `send_timeout`).
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The place of a request for a page in the memory of a list. Clones are the same place.
#[derive(Clone, Debug)]
pub(crate) struct PageTicket(Arc<Ticket>);

#[derive(Debug)]
struct Ticket {
    memory: Arc<PageMemory>,
    number: u64,
    place: u128,
    /// The time for which the response waited, in microseconds.
    waited: AtomicU64,
    is_overdue: AtomicBool,
}

impl PageTicket {
    /// Of the responses that wait, those in lower places are read first.
    pub(crate) fn new(memory: &Arc<PageMemory>, place: u128) -> Self {
        Self(Arc::new(Ticket {
            memory: Arc::clone(memory),
            number: memory.register(place),
            place,
            waited: AtomicU64::new(0),
            is_overdue: AtomicBool::new(false),
        }))
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// The time for which the response waited. It says nothing of the server.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_micros(self.0.waited.load(Ordering::Relaxed))
    }

    /// Whether the response waited for too long: its request is to be dropped.
    pub(crate) fn is_overdue(&self) -> bool {
        self.0.is_overdue.load(Ordering::Relaxed)
    }

    /// The request needs no memory any more.
    pub(crate) fn close(&self) {
        self.0.memory.unregister(self.0.number);
    }

    /// An attempt of the request is about to be sent.
    pub(super) fn begin(&self) {
        self.0.memory.register_again(self.0.number, self.0.place);
    }

    /// The response started, so long after its request.
    pub(super) fn started(&self, latency: Duration) {
        self.0.memory.started(latency);
    }

    /// Waits for the memory of a response, of so many bytes if they are known. It never ends if the
    /// wait becomes too long: see [`is_overdue`](Self::is_overdue).
    pub(super) async fn buffer(&self, bytes: Option<usize>) -> PageBuffer {
        let Ticket { memory, number, .. } = &*self.0;
        let began = Instant::now();
        let mut longest = pin!(sleep(LONGEST_WAIT));
        let buffer = poll_fn(|context| {
            let polled = memory.poll_buffer(*number, bytes, context);
            if polled.is_pending() && longest.as_mut().poll(context).is_ready() {
                self.0.is_overdue.store(true, Ordering::Relaxed);
            }
            polled
        });
        let buffer = buffer.await;
        let waited = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.0.waited.fetch_add(waited, Ordering::Relaxed);
        buffer
    }

    /// The response was in memory when it arrived.
    pub(super) fn hold(&self, bytes: Bytes) -> Bytes {
        self.0.memory.is_buffered();
        self.0.memory.hold(self.0.number, bytes)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.memory.unregister(self.number);
    }
}
