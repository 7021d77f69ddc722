//! Executes requests. Every call of the SDK passes through here.

use std::future::Future;

use crate::client::addressed;
use crate::client::handle::FolioClient;
use crate::client::marker::Boxed;
use crate::engine::download::Download;
use crate::engine::page_ticket::PageTicket;
use crate::engine::pipeline;
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::response::Response;

impl FolioClient {
    /// Executes a request, renewing the token and retrying if that is safe, and reads the complete
    /// response. Every call of this library uses this method.
    ///
    /// # Errors
    /// Any unsuccessful status is an error, with the server's message.
    pub fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response>> + Send + use<> {
        self.clone().response(request)
    }

    /// Whether so many more requests can be sent at once now.
    pub(crate) fn has_free_permits(&self, count: usize) -> bool {
        let session = self.session();
        session.limit.has_free(count) && !session.pace.is_limited()
    }

    /// As [`execute`](Self::execute). Boxed, so that the futures of calls stay small, and it is
    /// compiled only once.
    pub(crate) fn response(self, request: Request) -> Boxed<Response> {
        self.read(request, None)
    }

    /// As [`execute`](Self::execute), for a page of a harvest, which is read once there is memory for
    /// it.
    pub(crate) fn execute_page(&self, request: Request, ticket: &PageTicket) -> Boxed<Response> {
        self.clone().read(request, Some(ticket.clone()))
    }

    fn read(self, request: Request, ticket: Option<PageTicket>) -> Boxed<Response> {
        if request.needs_module_id() {
            let send = move |client: Self, request| client.run(request, ticket.clone());
            return Box::pin(addressed::send(self, request, send));
        }
        Box::pin(self.run(request, ticket))
    }

    /// A block instead of an `async fn`, whose future would contain the request twice: as an
    /// argument, and as the variable to which it is bound.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    fn run(
        self,
        mut request: Request,
        ticket: Option<PageTicket>,
    ) -> impl Future<Output = Result<Response>> + Send {
        async move {
            let (session, tenant) = (self.session(), &self.shared().tenant);
            match pipeline::run(session, tenant, &mut request, ticket.as_ref()).await {
                Err(error) => Err(addressed::explained(&self, &request, error).await),
                done => done,
            }
        }
    }

    /// The maximum number of requests in flight.
    pub(crate) fn permits(&self) -> usize {
        self.session().limit.most()
    }

    /// Sends a request as [`execute`](Self::execute) does, and returns the response as soon as its
    /// head has arrived: the body is read piece by piece, and is never held in memory as a whole.
    ///
    /// The timeout then limits the time without progress. The request counts as in flight until the
    /// body was read to its end or is dropped: a program that holds as many open downloads as
    /// [`max_in_flight`](crate::FolioClientBuilder::max_in_flight) allows, and makes calls before
    /// reading on, waits forever, or until
    /// [`queue_timeout`](crate::FolioClientBuilder::queue_timeout). Lists that are read page by
    /// page are not affected: between pages they hold no slot.
    ///
    /// # Errors
    /// As `execute`: an unsuccessful response is read completely and returned as an error.
    pub fn open(&self, request: Request) -> impl Future<Output = Result<Download>> + Send + use<> {
        self.download(request)
    }

    pub(crate) fn download(&self, request: Request) -> Boxed<Download> {
        let client = self.clone();
        if request.needs_module_id() {
            return Box::pin(addressed::send(client, request, Self::begin));
        }
        Box::pin(client.begin(request))
    }

    #[expect(clippy::manual_async_fn, reason = "as `run`")]
    fn begin(self, mut request: Request) -> impl Future<Output = Result<Download>> + Send {
        async move {
            let (session, tenant) = (self.session(), &self.shared().tenant);
            match pipeline::open(session, tenant, &mut request).await {
                Err(error) => Err(addressed::explained(&self, &request, error).await),
                done => done,
            }
        }
    }
}
