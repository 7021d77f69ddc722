//! The request for a page, which proceeds without being polled.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::client::FolioClient;
use crate::engine::page_memory::PageMemory;
use crate::engine::page_ticket::PageTicket;
use crate::paging::Ahead;
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::response::Response;

/// The request for a page. Dropping it cancels the request.
pub(super) struct RequestedPage {
    task: Ahead<Option<ReceivedPage>>,
    ticket: PageTicket,
}

/// The response with a page.
pub(super) struct ReceivedPage {
    pub(super) response: Response,
    /// The time that the server and the network took.
    pub(super) latency: Duration,
}

impl RequestedPage {
    /// Of the responses that wait for memory, those in lower places are read first.
    pub(super) fn send(
        client: &FolioClient,
        request: Request,
        memory: &Arc<PageMemory>,
        place: u128,
    ) -> Self {
        let ticket = PageTicket::new(memory, place);
        let receiving = receive(client.execute_page(request, &ticket), ticket.clone());
        Self {
            task: Ahead::spawn(receiving),
            ticket,
        }
    }

    /// The response; none if it waited for memory for too long, and is to be requested again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<ReceivedPage>>> {
        self.task.poll(context)
    }

    pub(super) fn number(&self) -> u64 {
        self.ticket.number()
    }
}

impl Drop for RequestedPage {
    fn drop(&mut self) {
        self.ticket.close();
    }
}

async fn receive(
    mut response: impl Future<Output = Result<Response>> + Unpin,
    ticket: PageTicket,
) -> Result<Option<ReceivedPage>> {
    let response = poll_fn(
        |context| match std::pin::Pin::new(&mut response).poll(context) {
            Poll::Ready(response) => Poll::Ready(response.map(Some)),
            Poll::Pending if ticket.is_overdue() => Poll::Ready(Ok(None)),
            Poll::Pending => Poll::Pending,
        },
    );
    let response = response.await?;
    Ok(response.map(|response| ReceivedPage {
        latency: response.exchange().elapsed.saturating_sub(ticket.waited()),
        response,
    }))
}
