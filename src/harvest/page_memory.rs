//! How many bytes of pages a harvest holds in memory: received, waiting, or being processed.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::page_budget::PageBudget;
use crate::wire::request::Admit;

/// How long a response waits for room. Then it is discarded and its page is requested again later:
/// a caller that stops must not keep connections, and the client's concurrency slots, forever.
const PATIENCE: Duration = Duration::from_secs(1);

/// The memory of a harvest's pages.
pub(super) struct PageMemory {
    budget: Mutex<PageBudget>,
    /// Something was released.
    released: Notify,
}

impl PageMemory {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            budget: Mutex::new(PageBudget::new(most)),
            released: Notify::new(),
        })
    }

    pub(super) fn budget(&self) -> MutexGuard<'_, PageBudget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page is about to be requested.
    pub(super) fn request(self: &Arc<Self>) -> Arc<PageTicket> {
        self.budget().request();
        Arc::new(PageTicket {
            memory: Arc::clone(self),
            state: Mutex::new(TicketState {
                place: Place::Requested,
                is_urgent: false,
                waited: Duration::ZERO,
            }),
        })
    }
}

/// The place of one page in the memory, from its request until its body is complete.
pub(super) struct PageTicket {
    memory: Arc<PageMemory>,
    state: Mutex<TicketState>,
}

struct TicketState {
    place: Place,
    /// It is admitted without room, because the pages in memory wait for it.
    is_urgent: bool,
    /// How long the response waited for room.
    waited: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Requested,
    /// So many bytes are reserved.
    Admitted(usize),
    Denied,
    /// The body has its own place.
    Complete,
}

impl PageTicket {
    fn state(&self) -> MutexGuard<'_, TicketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits the page, also without room.
    pub(super) fn hurry(&self) {
        let was_urgent = std::mem::replace(&mut self.state().is_urgent, true);
        if !was_urgent {
            self.memory.released.notify_waiters();
        }
    }

    /// Whether the response was discarded.
    pub(super) fn is_denied(&self) -> bool {
        self.state().place == Place::Denied
    }

    /// How long the response waited for room.
    pub(super) fn waited(&self) -> Duration {
        self.state().waited
    }

    /// Takes a place if there is one.
    fn try_admit(&self, bytes: Option<u64>) -> bool {
        let mut state = self.state();
        if state.place != Place::Requested {
            // Admitted before, by an earlier attempt.
            return state.place != Place::Denied;
        }
        let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let admitted = self.memory.budget().admit(bytes, state.is_urgent);
        if let Some(bytes) = admitted {
            state.place = Place::Admitted(bytes);
        }
        admitted.is_some()
    }

    fn deny(&self) {
        let mut state = self.state();
        if state.place == Place::Requested {
            state.place = Place::Denied;
            self.memory.budget().deny(PATIENCE);
        }
    }

    /// The complete body. It has its place until it is dropped.
    pub(super) fn body(&self, body: Bytes) -> Bytes {
        let place = std::mem::replace(&mut self.state().place, Place::Complete);
        let mut budget = self.memory.budget();
        match place {
            Place::Admitted(bytes) => budget.release(bytes),
            Place::Requested => budget.forget_request(),
            Place::Denied | Place::Complete => {}
        }
        budget.hold(body.len());
        drop(budget);
        self.memory.released.notify_waiters();
        Bytes::from_owner(HeldBody {
            body,
            memory: Arc::clone(&self.memory),
            since: Instant::now(),
        })
    }
}

impl Admit for PageTicket {
    fn admit(&self, bytes: Option<u64>) -> Pin<Box<dyn Future<Output = bool> + Send + '_>> {
        Box::pin(async move {
            let since = Instant::now();
            let waiting = async {
                loop {
                    let mut released = pin!(self.memory.released.notified());
                    released.as_mut().enable();
                    if self.try_admit(bytes) {
                        return;
                    }
                    released.await;
                }
            };
            let admitted = tokio::time::timeout(PATIENCE, waiting).await;
            self.state().waited += since.elapsed();
            if admitted.is_err() {
                self.deny();
            }
            admitted.is_ok()
        })
    }
}

impl fmt::Debug for PageTicket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PageTicket")
    }
}

impl Drop for PageTicket {
    fn drop(&mut self) {
        let place = self.state().place;
        match place {
            Place::Requested => self.memory.budget().forget_request(),
            Place::Admitted(bytes) => self.memory.budget().release(bytes),
            Place::Denied | Place::Complete => return,
        }
        self.memory.released.notify_waiters();
    }
}

/// The body of a page in memory.
struct HeldBody {
    body: Bytes,
    memory: Arc<PageMemory>,
    since: Instant,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Drop for HeldBody {
    fn drop(&mut self) {
        let mut budget = self.memory.budget();
        budget.release(self.body.len());
        budget.stayed(self.since.elapsed());
        drop(budget);
        self.memory.released.notify_waiters();
    }
}
