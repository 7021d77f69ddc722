//! A worker: orders arrive through a queue, a limited number of them is processed concurrently, and
//! each reports its outcome.

use folio_sdk::inventory_storage::Instance;
use folio_sdk::{Error, FolioClient, Id};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::task::JoinSet;

/// Put a note on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The instance.
    pub instance: Id,
    /// What to note.
    pub note: String,
}

/// The outcome of an order.
#[derive(Debug)]
pub struct Outcome {
    /// The order.
    pub order: Order,
    /// Whether it was executed.
    pub result: Result<(), Error>,
}

/// Processes up to `at_once` orders concurrently, until the queue is closed and empty. A failed
/// order does not stop the others.
///
/// The channel limits the queue, and an order is taken out only when a slot is free: a producer
/// that is faster than FOLIO has to wait. The client has its own concurrency limit for requests
/// ([`max_in_flight`]); this one is for orders, each of which sends several requests.
///
/// [`max_in_flight`]: folio_sdk::FolioClientBuilder::max_in_flight
pub async fn work(
    folio: &FolioClient,
    mut orders: Receiver<Order>,
    outcomes: Sender<Outcome>,
    at_once: usize,
) {
    let mut running = JoinSet::new();
    loop {
        if running.len() >= at_once.max(1) {
            running.join_next().await;
        }
        let Some(order) = orders.recv().await else {
            break;
        };
        let (folio, outcomes) = (folio.clone(), outcomes.clone());
        running.spawn(async move {
            let result = carry_out(&folio, &order).await;
            // The caller may have dropped the receiver.
            _ = outcomes.send(Outcome { order, result }).await;
        });
        // Completed orders free their slots.
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// Reads, changes, writes, and repeats this after a conflict: `_version` guards the instance, so
/// that no change is lost.
async fn carry_out(folio: &FolioClient, order: &Order) -> Result<(), Error> {
    folio
        .update_with(&order.instance, |instance: &mut Instance| {
            let notes = &mut instance.administrative_notes;
            // A duplicate order is executed once: an unchanged record is not written.
            if !notes.contains(&order.note) {
                notes.push(order.note.clone());
            }
        })
        .await
        .map(drop)
}
