//! Splits requests for many ids or values so that each request line is within the client's limit.

use crate::client::handle::FolioClient;
use crate::engine::request_line::{RequestLine, is_absent};
use crate::wire::error::Error;
use crate::wire::request::Request;

impl FolioClient {
    /// The length of the request line of a request, as this client sends it.
    pub(crate) fn line_length(&self, request: &Request) -> usize {
        let base = self.session().gateway.base_path().len();
        RequestLine::length(request.method(), base + request.target().len())
    }

    /// The largest request for the first values of `count` that is within the limit, and the number
    /// of its values: at least one, which may be too long and is then rejected when it is executed.
    /// `asking` builds the request for a given number.
    ///
    /// After a 414 ([`is_too_long`]) the limit is half the length of that request: call this again
    /// with the values of the rejected request.
    pub(crate) fn divide(
        &self,
        count: usize,
        asking: impl Fn(usize) -> Request,
    ) -> (Request, usize) {
        let line = &self.session().request_line;
        let room = line.room();
        let mut count = count.max(1);
        loop {
            let request = asking(count);
            let length = self.line_length(&request);
            if count == 1 || length <= room {
                return (request, count);
            }
            // The length grows with the number of values; the fixed part of the line makes this
            // estimate slightly too low.
            count = (count * room / length).clamp(1, count - 1);
        }
    }

    /// Whether `POST …/retrieve` may exist for the list at a path: described for this release, and
    /// not found to be missing.
    pub(crate) fn has_retrieve(&self, path: &str) -> bool {
        self.session()
            .request_line
            .has_retrieve(self.tenant(), path)
    }

    /// Records that an error of `POST …/retrieve` for the list at a path shows that the endpoint is
    /// missing, in this release or for this user. This client and its clones do not try it again.
    pub(crate) fn lacks_retrieve(&self, path: &str, error: &Error) -> bool {
        let lacks = is_absent(error);
        if lacks {
            self.session()
                .request_line
                .lacks_retrieve(self.tenant(), path);
        }
        lacks
    }
}
