//! Sends requests. Every call of the SDK passes through here.

use std::future::Future;

use crate::client::addressed;
use crate::client::handle::{FolioClient, Shared};
use crate::client::marker::Boxed;
use crate::engine::download::Download;
use crate::engine::pipeline;
use crate::wire::error::Result;
use crate::wire::request::Request;
use crate::wire::response::Response;

impl FolioClient {
    /// Sends a request, renews the token and retries where that is safe, and reads the whole
    /// response. Every call of this library is sent this way.
    ///
    /// # Errors
    /// Any status other than a success is an error, with the server's message.
    pub fn execute(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response>> + Send + use<> {
        self.clone().response(request)
    }

    /// As [`execute`](Self::execute). Boxed, so that the futures of calls are small whatever is in
    /// this one, and it is compiled once.
    pub(crate) fn response(self, request: Request) -> Boxed<Response> {
        if request.needs_module_id() {
            return Box::pin(addressed::send(self, request, Self::run));
        }
        Box::pin(self.run(request))
    }

    /// A block and no `async fn`, whose future would hold the request twice: as an argument, and as
    /// the variable that it is bound to.
    #[expect(clippy::manual_async_fn, reason = "see above")]
    fn run(self, mut request: Request) -> impl Future<Output = Result<Response>> + Send {
        async move {
            let Shared {
                session, tenant, ..
            } = self.shared();
            match pipeline::run(session, tenant, &mut request).await {
                Err(error) => Err(addressed::explained(&self, &request, error).await),
                done => done,
            }
        }
    }

    /// Sends a request as [`execute`](Self::execute) does, and returns its response as soon as the
    /// headers arrived: the body is read piece by piece, and is never whole in memory.
    ///
    /// The timeout is then how long nothing may move. The request counts as one in flight until the
    /// body was read to its end or is dropped: a program that holds as many downloads open as
    /// [`max_in_flight`](crate::FolioClientBuilder::max_in_flight) allows, and makes calls before
    /// reading on, waits for ever, or as long as
    /// [`queue_timeout`](crate::FolioClientBuilder::queue_timeout) lets it. Lists that are read
    /// page by page are not concerned: between pages they hold nothing.
    ///
    /// # Errors
    /// As `execute`: a response with another status than a success is read whole, and is an error.
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
            let Shared {
                session, tenant, ..
            } = self.shared();
            match pipeline::open(session, tenant, &mut request).await {
                Err(error) => Err(addressed::explained(&self, &request, error).await),
                done => done,
            }
        }
    }
}
