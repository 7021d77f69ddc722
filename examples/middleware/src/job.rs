//! A layer that sends a header; the guide contains it.

use std::sync::Arc;

use folio_sdk::{Error, FolioClient, HttpFuture, HttpRequest, HttpService};

/// Adds a header with the name of the job, for the logs of the gateway.
#[derive(Debug)]
struct Job(&'static str, Arc<dyn HttpService>);

impl HttpService for Job {
    fn call(&self, mut request: HttpRequest) -> HttpFuture {
        let name = http::HeaderValue::from_static(self.0);
        request.headers_mut().insert("x-job", name);
        self.1.call(request)
    }
}

async fn job(url: &str, username: String, password: String) -> Result<(), Error> {
    let folio = FolioClient::builder(url)
        .tenant("diku")
        .credentials(username, password)
        .http_layer(|inner| Arc::new(Job("nightly-load", inner)))
        .connect()
        .await?;
    folio.close().await
}
