//! HTTP and TLS: sends bytes and gets bytes, and knows nothing of FOLIO but where its gateway is.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::body::{self, Opened, Progress};
use crate::error::{Error, ErrorKind, Exchange, Result};
use crate::redact;
use crate::tls::{self, TlsOptions};

/// The gateway of a FOLIO: its address, and the connections to it.
#[derive(Debug)]
pub(crate) struct Gateway {
    base: String,
    /// The same, read.
    root: Url,
    client: reqwest::Client,
    timeout: Duration,
    /// How long the connection may take nothing of a body that is being sent.
    write_timeout: Option<Duration>,
}

/// How the connections are made.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) user_agent: String,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy: Proxy,
}

/// Through what the connections go.
#[derive(Default)]
pub(crate) enum Proxy {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    OfEnvironment,
    None,
    /// A URL, which may have a user and a password.
    At(SecretString),
}

impl Proxy {
    fn apply(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        match self {
            Self::OfEnvironment => Ok(builder),
            Self::None => Ok(builder.no_proxy()),
            Self::At(url) => {
                let text = url.expose_secret().trim();
                let shown = redact::url(text);
                let url = Url::parse(text)
                    .ok()
                    .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                // Its own message may show the URL as it is.
                url.and_then(|url| reqwest::Proxy::all(url).ok())
                    .map(|proxy| builder.proxy(proxy))
                    .ok_or_else(|| {
                        Error::configuration(format!(
                            "`{shown}` is not the URL of a proxy; expected is one like http://proxy.example.edu:3128"
                        ))
                    })
            }
        }
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::OfEnvironment => "OfEnvironment",
            Self::None => "None",
            Self::At(_) => "At(…)",
        })
    }
}

/// An answer whose body is still on its way.
pub(crate) struct Arriving {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: reqwest::Body,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) source: Option<reqwest::Error>,
    /// Whether it will be the same next time.
    pub(crate) lasts: bool,
}

impl Failure {
    /// Whether it is certain that the server saw nothing of the request.
    pub(crate) fn was_never_sent(&self) -> bool {
        self.kind == ErrorKind::Connect
    }

    pub(crate) fn into_error(self, exchange: Exchange) -> Error {
        let error = Error::transport(self.kind, exchange, self.message, self.source);
        if self.lasts { error.lasting() } else { error }
    }
}

impl Gateway {
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self> {
        let base = base(url)?;
        let builder = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            // Load balancers in front of FOLIO drop idle connections after 60 s. A connection that is dropped while a request is on its way
            // is a POST that must not be repeated.
            .pool_idle_timeout(Duration::from_secs(45))
            // FOLIO redirects nowhere, and a redirect would carry the token, which stands in a header of FOLIO's own, to another host.
            // What is repeated is decided above this, but for what an HTTP/2 server says it has not looked at (REFUSED_STREAM, a graceful
            // GOAWAY): that is never carried out, and reqwest sends it again.
            .redirect(reqwest::redirect::Policy::none());
        let builder = match options.read_timeout {
            Some(timeout) => builder.read_timeout(timeout),
            None => builder,
        };
        let builder = options.proxy.apply(builder)?;
        let client = tls::secure(builder, &options.tls, base.starts_with("https:"))?
            .build()
            .map_err(|error| {
                Error::configuration(format!(
                    "the HTTP client could not be made: {}",
                    innermost(&error)
                ))
            })?;
        let root = Url::parse(&base).map_err(|error| {
            Error::configuration(format!("`{base}` is not the URL of a gateway: {error}"))
        })?;
        Ok(Self {
            base,
            root,
            client,
            timeout: options.timeout,
            write_timeout: options.write_timeout,
        })
    }

    /// The address, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The URL of a path that begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The URL of a path that begins with a slash and its query, both encoded. The host is not read again for each: that is half of what
    /// parsing a URL costs.
    pub(crate) fn locate(&self, target: &str) -> Url {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let mut url = self.root.clone();
        match self.root.path().trim_end_matches('/') {
            "" => url.set_path(path),
            below => url.set_path(&format!("{below}{path}")),
        }
        url.set_query(query);
        url
    }

    /// How long a request may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a request and reads the whole answer. `timeout` is for both together.
    ///
    /// No `async fn`: its future would hold what it was given besides what is made of it, and every call has one.
    pub(crate) fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeout: Duration,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send {
        // A small body is taken at once.
        let is_watched = |body: &&Bytes| self.write_timeout.is_some() && body.len() > body::CHUNK;
        let sending = if let Some(body) = body.as_ref().filter(is_watched) {
            let progress = Arc::new(Progress::default());
            let body = Opened::of(body).into_request(Arc::clone(&progress));
            let mut request = request(method, url, headers, Some(body));
            *request.timeout_mut() = Some(timeout);
            Sending::Watched(Box::pin(async move {
                self.watch(request, &progress, Duration::MAX).await
            }))
        } else {
            let mut request = request(method, url, headers, body.map(Into::into));
            *request.timeout_mut() = Some(timeout);
            Sending::Plain(self.client.execute(request))
        };
        async move {
            let failed = |error: reqwest::Error| failure(error.without_url(), timeout);
            let mut response = match sending {
                Sending::Plain(sending) => sending.await.map_err(failed)?,
                Sending::Watched(sending) => sending.await?,
            };
            let status = response.status();
            if status.is_success() {
                let body = whole(&mut response).await.map_err(failed)?;
                return Ok(Answer {
                    status,
                    headers: std::mem::take(response.headers_mut()),
                    body,
                });
            }
            let headers = std::mem::take(response.headers_mut());
            let body = Box::pin(beginning(response.into(), timeout)).await;
            Ok(Answer {
                status,
                headers,
                body,
            })
        }
    }

    /// Sends a request and reads the head of the answer. `timeout` is how long nothing may move: what is large takes its time.
    pub(crate) async fn open(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
        timeout: Duration,
        progress: &Progress,
    ) -> Result<Arriving, Failure> {
        let request = request(method, url, headers, body);
        let mut response = self.watch(request, progress, timeout).await?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        Ok(Arriving {
            status,
            headers,
            body: response.into(),
        })
    }
}

impl Gateway {
    /// Sends a request, and looks from time to time whether its body moves. `idle` is how long nothing may move, whoever is waited for.
    async fn watch(
        &self,
        request: reqwest::Request,
        progress: &Progress,
        idle: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let write = self.write_timeout.unwrap_or(idle);
        let mut sending = pin!(self.client.execute(request));
        let (mut before, mut since) = (progress.sent(), Instant::now());
        loop {
            match tokio::time::timeout(idle.min(write), sending.as_mut()).await {
                Ok(outcome) => return outcome.map_err(|error| failure(error.without_url(), idle)),
                Err(_) if progress.sent() != before => {
                    (before, since) = (progress.sent(), Instant::now());
                }
                Err(_) if since.elapsed() >= idle => return Err(Failure::silent(idle)),
                Err(_) if since.elapsed() >= write && progress.is_sending() => {
                    return Err(Failure::silent(write));
                }
                Err(_) => {}
            }
        }
    }
}

/// A request on its way to the head of its answer. It is looked after only where it may stop moving.
enum Sending<P, W> {
    Plain(P),
    Watched(Pin<Box<W>>),
}

/// How much is read of an answer that is no success. What says more is no error of FOLIO, and memory has an end.
const ERROR_BODY: usize = 1024 * 1024;

/// The beginning of the body of an error, as far as it comes in that time. Its status is known, so that a connection that breaks now breaks
/// nothing, and one that dawdles keeps nobody.
pub(crate) async fn beginning(body: reqwest::Body, longest: Duration) -> Bytes {
    let mut body = pin!(body);
    let mut beginning = BytesMut::new();
    let reading = async {
        while let Some(Ok(frame)) = frame(body.as_mut()).await {
            if let Ok(chunk) = frame.into_data() {
                let room = ERROR_BODY.saturating_sub(beginning.len());
                beginning.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            }
            if beginning.len() >= ERROR_BODY {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(longest, reading).await;
    beginning.freeze()
}

async fn frame(
    mut body: Pin<&mut reqwest::Body>,
) -> Option<Result<http_body::Frame<Bytes>, reqwest::Error>> {
    poll_fn(|context| http_body::Body::poll_frame(body.as_mut(), context)).await
}

impl Failure {
    /// Nothing came, and nothing was taken, for as long as that.
    pub(crate) fn silent(timeout: Duration) -> Self {
        Self {
            kind: ErrorKind::Timeout,
            message: format!("nothing moved for {} s", timeout.as_secs_f64()),
            source: None,
            lasts: false,
        }
    }
}

/// How much room is made for a body because its head says so: who says more must send it first.
const ANNOUNCED: u64 = 64 * 1024 * 1024;

/// The body of an answer, which is small mostly, and came in one piece.
async fn whole(response: &mut reqwest::Response) -> Result<Bytes, reqwest::Error> {
    // Not known of one that is compressed or sent in chunks.
    let length = response.content_length().filter(|it| *it <= ANNOUNCED);
    let Some(first) = response.chunk().await? else {
        return Ok(Bytes::new());
    };
    let Some(second) = response.chunk().await? else {
        return Ok(first);
    };
    let mut pieces = vec![first, second];
    if let Some(length) = length.and_then(|length| usize::try_from(length).ok()) {
        // Put together while it comes: never twice in memory.
        let mut body = BytesMut::with_capacity(length);
        for piece in pieces.drain(..) {
            body.extend_from_slice(&piece);
        }
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
        }
        return Ok(body.freeze());
    }
    while let Some(piece) = response.chunk().await? {
        pieces.push(piece);
    }
    Ok(pieces.concat().into())
}

/// Reads the rest of an answer. `timeout` is how long nothing may come.
pub(crate) async fn collect(body: reqwest::Body, timeout: Duration) -> Result<Bytes, Failure> {
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    loop {
        match tokio::time::timeout(timeout, frame(body.as_mut())).await {
            Err(_) => return Err(Failure::silent(timeout)),
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Err(error))) => return Err(failure(error.without_url(), timeout)),
            Ok(Some(Ok(frame))) => {
                if let Ok(chunk) = frame.into_data() {
                    whole.extend_from_slice(&chunk);
                }
            }
        }
    }
}

fn request(
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<reqwest::Body>,
) -> reqwest::Request {
    let mut request = reqwest::Request::new(method, url);
    *request.headers_mut() = headers;
    if body.is_some() {
        *request.body_mut() = body;
    } else if matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    ) {
        // RFC 9110, 8.6: without it some proxies answer 411.
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    request
}

pub(crate) fn failure(error: reqwest::Error, timeout: Duration) -> Failure {
    let (kind, message) = if error.is_connect() {
        (
            ErrorKind::Connect,
            format!("the gateway cannot be reached: {}", innermost(&error)),
        )
    } else if error.is_timeout() {
        (
            ErrorKind::Timeout,
            format!("no whole answer within {} s", timeout.as_secs_f64()),
        )
    } else {
        (
            ErrorKind::Transport,
            format!(
                "the connection broke before the whole answer was there: {}",
                innermost(&error)
            ),
        )
    };
    Failure {
        kind,
        message,
        lasts: is_about_a_certificate(&error),
        source: Some(error),
    }
}

/// Whether one side does not trust the other: that is the same next time. (TLS libraries have no common type for it, and all name it.)
fn is_about_a_certificate(error: &dyn std::error::Error) -> bool {
    let text = innermost(error).to_ascii_lowercase();
    // TLS 1.3 tells the client that its certificate is wanting after the handshake.
    text.contains("certificate") || text.contains("unknownca")
}

/// The cause of causes says it plainly; the others say "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Checks the address of a gateway.
fn base(text: &str) -> Result<String> {
    let text = text.trim();
    let wrong = |problem: &str| {
        // A password or token in a URL must not get into an error.
        let shown = redact::url(text);
        Error::configuration(format!(
            "`{shown}` is not the URL of a FOLIO gateway: {problem}; expected is one like https://folio.example.edu or https://folio.example.edu/okapi"
        ))
    };
    let url = Url::parse(text).map_err(|problem| match problem.to_string().as_str() {
        "relative URL without a base" => wrong("it has no http:// or https://"),
        other => wrong(other),
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it begins with neither http:// nor https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(
            "user and password do not belong into it (use `credentials`)",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it has a query or a fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_makes_the_url_that_it_reads_as() {
        let options = Options {
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            read_timeout: None,
            write_timeout: None,
            user_agent: "test".to_owned(),
            proxy: Default::default(),
            tls: Default::default(),
        };
        for root in ["http://h", "http://h/okapi", "http://[::1]:9130/a/b/"] {
            let gateway = Gateway::new(root, &options).unwrap();
            for target in [
                "/",
                "/users",
                "/users?",
                "/a%2Fb/c%20d?query=x==%22y%3F%22&limit=1",
                "/x/%C3%A9;v=1?a?b",
                "/x/a:b@c",
            ] {
                let parsed = Url::parse(&gateway.url(target)).unwrap();
                assert_eq!(gateway.locate(target), parsed, "{root} {target}");
            }
        }
    }

    #[test]
    fn a_gateway_may_have_a_path_and_a_slash() {
        assert_eq!(base("https://h/okapi/").unwrap(), "https://h/okapi");
        assert_eq!(
            base(" http://localhost:9130 ").unwrap(),
            "http://localhost:9130"
        );
        assert_eq!(base("https://h").unwrap(), "https://h");
    }

    #[test]
    fn a_wrong_url_is_told_what_is_wrong_with_it() {
        let problems = [
            "",
            "folio.example.edu",
            "localhost:9130",
            "ftp://h",
            "https://",
            "https://h?x=1",
            "https://h#x",
            "https://u:secret@h",
            "http://[",
        ]
        .map(|url| (url, base(url).unwrap_err().to_string()));
        assert!(
            problems
                .iter()
                .all(|(_, problem)| !problem.contains("secret"))
        );
        insta::assert_debug_snapshot!(problems);
    }
}
