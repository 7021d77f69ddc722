//! HTTP and TLS: sends bytes and gets bytes, and knows nothing of FOLIO but where its gateway is.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use tokio::time::{Instant, Sleep};

use crate::engine::connections::{Connections, Recipe};
use crate::engine::failure::{Failure, failure};
use crate::engine::memory::{MemoryLimits, Most};
use crate::engine::proxy::{Proxy, Via};
use crate::engine::tls::{self, TlsOptions};
#[cfg(feature = "testing")]
use crate::testing::{Asked, Tape};
use crate::value::body::{self, Opened, Progress};
use crate::value::encoding::{self, Decoder};
use crate::value::redact;
use crate::wire::error::{Error, ErrorKind, Result};

/// The gateway of a FOLIO: its address, and the connections to it.
#[derive(Debug)]
pub(crate) struct Gateway {
    base: String,
    /// The same, read.
    root: Url,
    connections: Connections,
    /// The proxy in between.
    via: Option<Via>,
    /// What was set; none is the default.
    timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    /// How long the connection may take nothing of a body that is being sent.
    write_timeout: Option<Duration>,
    pub(crate) memory: MemoryLimits,
    #[cfg(feature = "testing")]
    cassette: Option<Arc<Tape>>,
}

/// How long one attempt may take. A gateway in front of FOLIO gives up after 60 s: the client waits longer, so that it reports the gateway's
/// response and not its own timeout.
const TIMEOUT: Duration = Duration::from_secs(90);

/// How long the server may send nothing. Okapi keeps a connection open for ever if a module breaks off in the middle of its response
/// (real-facts, section 11). 60 s without a byte is what nginx and the load balancers in front of FOLIO allow.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The timeouts of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// Until the whole response is there; without end where a body is streamed.
    pub(crate) total: Duration,
    /// How long the server may take until its response begins.
    pub(crate) head: Duration,
    /// How long no byte of the body may come.
    pub(crate) between: Duration,
}

impl Timeouts {
    /// None longer than that.
    pub(crate) fn within(self, longest: Duration) -> Self {
        Self {
            total: self.total.min(longest),
            head: self.head.min(longest),
            between: self.between,
        }
    }
}

/// How the connections are made.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) memory: MemoryLimits,
    pub(crate) max_in_flight: usize,
    pub(crate) user_agent: String,
    pub(crate) tls: TlsOptions,
    pub(crate) proxy: Proxy,
    #[cfg(feature = "testing")]
    pub(crate) cassette: Option<Arc<Tape>>,
}

/// An answer whose body is still on its way.
pub(crate) struct Arriving {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Gateway {
    pub(crate) fn new(url: &str, options: Options) -> Result<Self> {
        let base = base(url)?;
        let root = Url::parse(&base).map_err(|error| {
            Error::configuration(format!("`{base}` is not the URL of a gateway: {error}"))
        })?;
        let via = options.proxy.to(&root)?;
        let longest = options.timeout.unwrap_or(TIMEOUT);
        let connections = Connections::new(Recipe {
            connect_timeout: options.connect_timeout,
            silence: longest.min(options.read_timeout.unwrap_or(READ_TIMEOUT)),
            max_in_flight: options.max_in_flight,
            is_https: base.starts_with("https:"),
            tls: tls::Prepared::new(&options.tls, base.starts_with("https:"))?,
            user_agent: options.user_agent,
            proxy: options.proxy,
        })?;
        Ok(Self {
            base,
            root,
            connections,
            via,
            timeout: options.timeout,
            read_timeout: options.read_timeout,
            write_timeout: options.write_timeout,
            memory: options.memory,
            #[cfg(feature = "testing")]
            cassette: options.cassette,
        })
    }

    /// The address, without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The path of the gateway, without a slash at its end: mostly none.
    pub(crate) fn base_path(&self) -> &str {
        self.root.path().trim_end_matches('/')
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
        self.timeout.unwrap_or(TIMEOUT)
    }

    /// The timeouts of an attempt whose response is read as a whole. `total` and `read` are those of the call, where it has its own.
    pub(crate) fn timeouts(&self, total: Option<Duration>, read: Option<Duration>) -> Timeouts {
        let chosen = total.or(self.timeout);
        let read = read.or(self.read_timeout);
        Timeouts {
            total: chosen.unwrap_or(TIMEOUT),
            // A program that sets a longer timeout expects a server that computes for long before it responds.
            head: read.or(chosen).unwrap_or(READ_TIMEOUT),
            between: read.unwrap_or(READ_TIMEOUT),
        }
    }

    /// The timeouts of an attempt whose body is sent or read piece by piece: it may take any time as long as it moves.
    pub(crate) fn idle_timeouts(&self, idle: Option<Duration>, read: Option<Duration>) -> Timeouts {
        let chosen = idle.or(self.timeout);
        let read = read.or(self.read_timeout);
        let longest = chosen.unwrap_or(Duration::MAX);
        Timeouts {
            total: Duration::MAX,
            head: read.or(chosen).unwrap_or(READ_TIMEOUT).min(longest),
            between: read.or(chosen).unwrap_or(READ_TIMEOUT).min(longest),
        }
    }

    /// The proxy through which the gateway is reached.
    pub(crate) fn via(&self) -> Option<&str> {
        self.via.as_ref().map(Via::shown)
    }

    /// A request that was sent at that time has timed out: the next ones get another connection.
    pub(crate) fn leave_connection(&self, sent: Instant) {
        self.connections.leave(sent);
    }

    /// Names the proxy, where one is in between.
    fn unreached(&self, failure: Failure) -> Pin<Box<dyn Future<Output = Failure> + Send + '_>> {
        let via = self.via.as_ref();
        let via = via.filter(|_| failure.kind == ErrorKind::Connect);
        Box::pin(async move {
            match via {
                Some(via) => via.explain(failure).await,
                None => failure,
            }
        })
    }

    /// Sends a request and reads the whole response, of at most `most` bytes.
    ///
    /// No `async fn`: its future would hold what it was given besides what is made of it, and every call has one.
    pub(crate) fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeouts: Timeouts,
        most: Most,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send {
        #[cfg(not(feature = "testing"))]
        {
            self.transfer(method, url, headers, body, timeouts, most)
        }
        // With a cassette in between if there is one.
        #[cfg(feature = "testing")]
        {
            let taped = self.cassette.as_ref().map(|tape| {
                let bytes = body.clone().unwrap_or_default();
                let asked = self.asked(&method, &url, &headers, Some(bytes));
                (tape, asked)
            });
            let replays = taped.as_ref().is_some_and(|(tape, _)| !tape.records());
            // A request that is replayed does not touch the network.
            let sending =
                (!replays).then(|| self.transfer(method, url, headers, body, timeouts, most));
            async move {
                match (taped, sending) {
                    (None, Some(sending)) => sending.await,
                    (Some((tape, asked)), Some(sending)) => {
                        let answer = sending.await?;
                        tape.add(&asked, answer.status, &answer.headers, &answer.body);
                        Ok(answer)
                    }
                    (Some((tape, asked)), None) => tape.answer(&asked),
                    (None, None) => Err(Failure::new(
                        ErrorKind::Request,
                        "nothing was sent".to_owned(),
                    )),
                }
            }
        }
    }

    /// A request as a cassette knows it.
    #[cfg(feature = "testing")]
    fn asked(&self, method: &Method, url: &Url, headers: &HeaderMap, body: Option<Bytes>) -> Asked {
        let path = url.path();
        Asked {
            method: method.clone(),
            path: path
                .strip_prefix(self.base_path())
                .unwrap_or(path)
                .to_owned(),
            url: url.clone(),
            headers: headers.clone(),
            body,
        }
    }

    fn transfer(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<Bytes>,
        timeouts: Timeouts,
        most: Most,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send {
        // A small body is taken at once.
        let is_watched = |body: &&Bytes| self.write_timeout.is_some() && body.len() > body::CHUNK;
        let sending = if let Some(body) = body.as_ref().filter(is_watched) {
            let progress = Arc::new(Progress::default());
            let body = Opened::of(body).into_request(Arc::clone(&progress));
            let mut request = request(method, url, headers, Some(body));
            *request.timeout_mut() = Some(timeouts.total);
            Sending::Watched(Box::pin(async move {
                self.watch(request, &progress, timeouts).await
            }))
        } else {
            let mut request = request(method, url, headers, body.map(Into::into));
            *request.timeout_mut() = Some(timeouts.total);
            Sending::Plain(self.connections.client().execute(request))
        };
        let error_body = self.memory.error_body;
        async move {
            let mut response = match sending {
                Sending::Plain(sending) => {
                    let sent = tokio::time::timeout(timeouts.head, sending).await;
                    match sent.map_err(|_| Failure::no_head(timeouts.head))? {
                        Ok(response) => response,
                        Err(error) => {
                            let failure = failure(error.without_url(), timeouts.total);
                            return Err(self.unreached(failure).await);
                        }
                    }
                }
                Sending::Watched(sending) => sending.await?,
            };
            let status = response.status();
            let mut headers = std::mem::take(response.headers_mut());
            let decoder = encoding::decoder(&mut headers);
            let body = if status.is_success() && decoder.is_none() {
                whole(&mut response, timeouts, most)
                    .await
                    .map_err(|failure| failure.after(status))?
            } else {
                let body = Incoming::new(response.into(), decoder, timeouts);
                let body = if status.is_success() {
                    Box::pin(collect(body, most)).await
                } else {
                    Ok(Box::pin(beginning(body, error_body)).await)
                };
                body.map_err(|failure| failure.after(status))?
            };
            Ok(Answer {
                status,
                headers,
                body,
            })
        }
    }

    /// Sends a request and reads the head of the response.
    pub(crate) async fn open(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Option<reqwest::Body>,
        timeouts: Timeouts,
        progress: &Progress,
    ) -> Result<Arriving, Failure> {
        #[cfg(feature = "testing")]
        let taped = self.cassette.as_ref().map(|tape| {
            // A body that is streamed is not known before it was sent.
            let bytes = match &body {
                None => Some(Bytes::new()),
                Some(body) => body.as_bytes().map(Bytes::copy_from_slice),
            };
            (tape, self.asked(&method, &url, &headers, bytes))
        });
        #[cfg(feature = "testing")]
        if let Some((tape, asked)) = &taped
            && !tape.records()
        {
            let answer = tape.answer(asked)?;
            return Ok(Arriving {
                status: answer.status,
                headers: answer.headers,
                body: Incoming::new(answer.body.into(), None, timeouts),
            });
        }
        let request = request(method, url, headers, body);
        let mut response = self.watch(request, progress, timeouts).await?;
        let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
        let decoder = encoding::decoder(&mut headers);
        let body = Incoming::new(response.into(), decoder, timeouts);
        #[cfg(feature = "testing")]
        let body = match taped {
            None => body,
            Some((tape, asked)) => {
                let whole = Box::pin(collect(body, self.memory.of_response())).await?;
                tape.add(&asked, status, &headers, &whole);
                Incoming::new(whole.into(), None, timeouts)
            }
        };
        Ok(Arriving {
            status,
            headers,
            body,
        })
    }
}

impl Gateway {
    /// Sends a request, and looks from time to time whether its body moves.
    async fn watch(
        &self,
        request: reqwest::Request,
        progress: &Progress,
        timeouts: Timeouts,
    ) -> Result<reqwest::Response, Failure> {
        let idle = timeouts.head;
        let write = self.write_timeout.unwrap_or(idle);
        let mut sending = pin!(self.connections.client().execute(request));
        let (mut before, mut since) = (progress.sent(), Instant::now());
        loop {
            match tokio::time::timeout(idle.min(write), sending.as_mut()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => {
                    let failure = failure(error.without_url(), timeouts.total);
                    return Err(self.unreached(failure).await);
                }
                Err(_) if progress.sent() != before => {
                    (before, since) = (progress.sent(), Instant::now());
                }
                Err(_) if since.elapsed() >= write && progress.is_sending() => {
                    return Err(Failure::unsent(write, progress.sent()));
                }
                Err(_) if since.elapsed() >= idle => {
                    return Err(if progress.is_sending() {
                        Failure::unsent(idle, progress.sent())
                    } else if progress.is_reading() {
                        Failure::unread(idle, progress.sent())
                    } else {
                        Failure::no_head(idle)
                    });
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

/// The body of a response, read piece by piece and decoded.
pub(crate) struct Incoming {
    body: Pin<Box<reqwest::Body>>,
    decoder: Option<Box<Decoder>>,
    /// What came and was not decoded yet.
    encoded: Bytes,
    /// What comes after it.
    failed: Option<Failure>,
    ended: bool,
    between: Duration,
    total: Duration,
    /// Runs while a piece is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// How many bytes came over the connection.
    received: u64,
}

impl Incoming {
    fn new(body: reqwest::Body, decoder: Option<Decoder>, timeouts: Timeouts) -> Self {
        Self {
            body: Box::pin(body),
            decoder: decoder.map(Box::new),
            encoded: Bytes::new(),
            failed: None,
            ended: false,
            between: timeouts.between,
            total: timeouts.total,
            timer: None,
            received: 0,
        }
    }

    /// A body without a byte.
    pub(crate) fn empty() -> Self {
        let at_once = Timeouts {
            total: Duration::MAX,
            head: Duration::MAX,
            between: Duration::MAX,
        };
        Self::new(reqwest::Body::default(), None, at_once)
    }

    /// The next piece, which is not empty; none at the end. After a failure there is none.
    pub(crate) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && !self.encoded.is_empty()
            {
                let step = self
                    .encoded
                    .split_to(encoding::STEP.min(self.encoded.len()));
                match decoder.decode(&step) {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Poll::Ready(Some(Ok(piece.into()))),
                    Err(fault) => {
                        self.encoded.clear();
                        self.failed = Some(fault.into());
                    }
                }
                continue;
            }
            if let Some(failure) = self.failed.take() {
                self.ended = true;
                return Poll::Ready(Some(Err(failure)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let polled = http_body::Body::poll_frame(self.body.as_mut(), context);
            let Poll::Ready(frame) = polled else {
                let between = self.between;
                let timer = self
                    .timer
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(between)));
                ready!(timer.as_mut().poll(context));
                self.failed = Some(Failure::no_bytes(between, self.received));
                continue;
            };
            self.timer = None;
            match frame {
                None => {
                    self.ended = true;
                    if let Some(decoder) = &mut self.decoder {
                        match decoder.finish() {
                            Ok(rest) if rest.is_empty() => {}
                            Ok(rest) => return Poll::Ready(Some(Ok(rest.into()))),
                            Err(fault) => self.failed = Some(fault.into()),
                        }
                    }
                }
                Some(Err(error)) => {
                    self.failed = Some(failure(error.without_url(), self.total));
                }
                // Trailers say nothing here.
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        self.received += piece.len() as u64;
                        if self.decoder.is_some() {
                            self.encoded = piece;
                        } else if !piece.is_empty() {
                            return Poll::Ready(Some(Ok(piece)));
                        }
                    }
                }
            }
        }
    }

    async fn piece(&mut self) -> Option<Result<Bytes, Failure>> {
        poll_fn(|context| self.poll_piece(context)).await
    }
}

/// The beginning of the body of an error, as far as it comes in that time. Its status is known, so that a connection that breaks now breaks
/// nothing, and a slow body is cut off.
pub(crate) async fn beginning(mut body: Incoming, most: usize) -> Bytes {
    let mut beginning = BytesMut::new();
    let longest = body.total.min(body.between);
    let reading = async {
        while let Some(Ok(piece)) = body.piece().await {
            let room = most.saturating_sub(beginning.len());
            beginning.extend_from_slice(piece.get(..room).unwrap_or(&piece));
            if beginning.len() >= most {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(longest, reading).await;
    beginning.freeze()
}

/// How much room is made for a body because its head says so: who says more must send it first.
const ANNOUNCED: u64 = 64 * 1024 * 1024;

/// The body of an answer, which is small mostly, and came in one piece.
async fn whole(
    response: &mut reqwest::Response,
    timeouts: Timeouts,
    most: Most,
) -> Result<Bytes, Failure> {
    const WHAT: &str = "the response";
    // Not known of one that is sent in chunks.
    let length = response.content_length().filter(|it| *it <= ANNOUNCED);
    let Some(first) = piece(response, timeouts, 0).await? else {
        return Ok(Bytes::new());
    };
    let Some(second) = piece(response, timeouts, first.len()).await? else {
        return if first.len() > most.bytes {
            Err(Failure::too_large(most, WHAT))
        } else {
            Ok(first)
        };
    };
    let mut received = first.len() + second.len();
    let mut pieces = vec![first, second];
    if let Some(length) = length.and_then(|length| usize::try_from(length).ok()) {
        // Put together while it comes: never twice in memory.
        let mut body = BytesMut::with_capacity(length);
        for piece in pieces.drain(..) {
            body.extend_from_slice(&piece);
        }
        while let Some(piece) = piece(response, timeouts, body.len()).await? {
            body.extend_from_slice(&piece);
            if body.len() > most.bytes {
                return Err(Failure::too_large(most, WHAT));
            }
        }
        return Ok(body.freeze());
    }
    loop {
        if received > most.bytes {
            return Err(Failure::too_large(most, WHAT));
        }
        let Some(piece) = piece(response, timeouts, received).await? else {
            return Ok(pieces.concat().into());
        };
        received += piece.len();
        pieces.push(piece);
    }
}

async fn piece(
    response: &mut reqwest::Response,
    timeouts: Timeouts,
    received: usize,
) -> Result<Option<Bytes>, Failure> {
    match tokio::time::timeout(timeouts.between, response.chunk()).await {
        Ok(piece) => piece.map_err(|error| failure(error.without_url(), timeouts.total)),
        Err(_) => Err(Failure::no_bytes(timeouts.between, received as u64)),
    }
}

/// Reads the rest of an answer.
pub(crate) async fn collect(mut body: Incoming, most: Most) -> Result<Bytes, Failure> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.piece().await {
        let piece = piece?;
        if whole.len() + piece.len() > most.bytes {
            return Err(Failure::too_large(most, "the response"));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn request(
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<reqwest::Body>,
) -> reqwest::Request {
    let mut request = reqwest::Request::new(method, url);
    *request.headers_mut() = headers;
    request
        .headers_mut()
        .entry(ACCEPT_ENCODING)
        .or_insert(encoding::ACCEPTED);
    // hyper sends no length with a body that it knows to be empty.
    let is_empty = |body: &reqwest::Body| http_body::Body::size_hint(body).exact() == Some(0);
    if body.as_ref().is_some_and(|body| !is_empty(body)) {
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
        let options = || Options {
            connect_timeout: Duration::from_secs(1),
            timeout: None,
            read_timeout: None,
            write_timeout: None,
            memory: MemoryLimits::default(),
            max_in_flight: 16,
            user_agent: "test".to_owned(),
            proxy: Default::default(),
            tls: Default::default(),
            #[cfg(feature = "testing")]
            cassette: None,
        };
        for root in ["http://h", "http://h/okapi", "http://[::1]:9130/a/b/"] {
            let gateway = Gateway::new(root, options()).unwrap();
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
