//! A worker: orders come through a queue, a bounded number of them is worked on at once, and each tells what became of it.

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

/// What became of an order.
#[derive(Debug)]
pub struct Outcome {
    /// The order.
    pub order: Order,
    /// Whether it was carried out.
    pub result: Result<(), Error>,
}

/// Works on up to `at_once` orders at a time, until the queue is closed and empty. An order that fails does not stop the others.
///
/// The queue is bounded by its channel, and no order is taken out before there is a place for it: whoever fills it faster than FOLIO works
/// has to wait. The client has a limit of its own for requests on their way ([`max_in_flight`]); this one is for orders, each of which is
/// several requests.
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
            // Whoever does not want to know has dropped the receiver.
            _ = outcomes.send(Outcome { order, result }).await;
        });
        // Those that are done meanwhile make room.
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// Reads, changes, writes, and again where somebody else was faster: `_version` guards the instance, so that no change is lost.
async fn carry_out(folio: &FolioClient, order: &Order) -> Result<(), Error> {
    folio
        .update_with(&order.instance, |instance: &mut Instance| {
            let notes = &mut instance.administrative_notes;
            // An order that comes twice is carried out once: what is not changed is not written.
            if !notes.contains(&order.note) {
                notes.push(order.note.clone());
            }
        })
        .await
        .map(drop)
}
