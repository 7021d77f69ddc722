//! Pages from memory, in place of connections.

use std::fmt;

use bytes::Bytes;
use folio_sdk::{FolioClient, HttpBody, HttpFuture, HttpRequest, HttpResponse, HttpService};
use http::HeaderValue;
use serde_json::json;

use crate::{Failure, sample};

/// Records of a page.
pub(crate) const RECORDS: u32 = 1_000;

/// A list of one full page, read by `id`: the second request of a stream has an empty page.
#[derive(Clone)]
pub(crate) struct Memory {
    /// The page, as JSON.
    pub(crate) page: Bytes,
}

impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Memory")
    }
}

impl Memory {
    pub(crate) fn new() -> Result<Self, Failure> {
        let records: Vec<_> = (0..RECORDS as usize).map(sample::instance).collect();
        let page = json!({ "instances": records, "totalRecords": RECORDS });
        Ok(Self {
            page: serde_json::to_vec(&page)?.into(),
        })
    }

    /// A client that reads it.
    pub(crate) fn client(&self) -> Result<FolioClient, Failure> {
        Ok(FolioClient::builder("http://127.0.0.1:9130")
            .tenant("diku")
            .token("token")
            .http_service(self.clone())
            .build()?)
    }
}

impl HttpService for Memory {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let is_second = request
            .uri()
            .query()
            .is_some_and(|query| query.contains("id%3E"));
        let page = match is_second {
            true => Bytes::from_static(br#"{"instances":[],"totalRecords":1000}"#),
            false => self.page.clone(),
        };
        Box::pin(async move {
            let mut response = HttpResponse::new(HttpBody::from(page));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert("content-type", json);
            Ok(response)
        })
    }
}
