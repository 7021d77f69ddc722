//! HTTP exchanges in a file: recorded once, then replayed without a server.

mod asked;
mod body;
mod difference;
mod form;
mod pairs;
mod redaction;
mod request;
mod response;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use url::Url;

use crate::client::FolioClientBuilder;
use crate::engine::http::{
    HttpError, HttpFuture, HttpPath, HttpRequest, HttpResponse, HttpService,
};
use crate::engine::transport::decoded;

use asked::Asked;
use redaction::Redaction;
use request::RecordedRequest;
use response::RecordedResponse;

/// A cassette: the HTTP exchanges of a client with a FOLIO system, in a readable file.
///
/// A cassette can be recorded with any client, of a real FOLIO system or of a sandbox, and is
/// replayed without a socket: the client receives the recorded responses, including that of its
/// login.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use folio_sdk::FolioClient;
/// use folio_sdk::testing::{Cassette, Sandbox};
/// use serde_json::Value;
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("groups.json");
/// let sandbox = Sandbox::builder().demo_data().start().await?;
/// let client = |url: String, cassette: &Cassette| FolioClient::builder(url).tenant("diku").credentials("diku_admin", "admin").cassette(cassette);
///
/// let cassette = Cassette::record(&file).redact("desc");
/// let folio = client(sandbox.url().to_owned(), &cassette).connect().await?;
/// let recorded: Vec<Value> = folio.folio_get("/groups", "usergroups").await?;
/// cassette.finish()?;
///
/// // Later, where no FOLIO is:
/// let cassette = Cassette::replay(&file)?;
/// let folio = client("https://folio.invalid".into(), &cassette).connect().await?;
/// let replayed: Vec<Value> = folio.folio_get("/groups", "usergroups").await?;
/// cassette.finish()?;
/// assert_eq!(replayed.len(), recorded.len());
/// assert_eq!(replayed[0]["desc"], "REDACTED");
/// # Ok(())
/// # }
/// ```
///
/// - A request is compared by method, path, parameters, tenant and body; the host, the token and
///   other headers may differ. Requests must be sent in their recorded order, unless
///   [`any_order`](Self::any_order) is called: a client with concurrent requests needs that. A
///   request that was not recorded fails with an error that shows the difference, and is not
///   retried.
/// - Secrets are not written: passwords, tokens, cookies and the values of fields with a secret
///   name are `REDACTED`, and so are [chosen fields](Self::redact). Ids of users (`userId`,
///   `createdByUserId`, … and that of the user of the login) are replaced everywhere. If `REDACTED`
///   was recorded, a request may have any text.
/// - A request without a response, because of a timeout or a broken connection, is not recorded. A
///   streamed request body is not compared.
#[derive(Clone)]
pub struct Cassette(Arc<Tape>);

/// The error of a cassette, or its difference from a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CassetteError(String);

impl fmt::Display for CassetteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for CassetteError {}

type Result<T> = std::result::Result<T, CassetteError>;

pub(crate) struct Tape {
    path: PathBuf,
    records: bool,
    state: Mutex<TapeState>,
}

#[derive(Default)]
struct TapeState {
    redaction: Redaction,
    any_order: bool,
    exchanges: Vec<(RecordedRequest, RecordedResponse)>,
    /// The exchanges that were replayed.
    used: HashSet<usize>,
    /// The requests that were not recorded.
    unknown: Vec<String>,
}

impl fmt::Debug for Cassette {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cassette")
            .field("path", &self.path)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

impl Cassette {
    /// Creates a cassette that records. [`finish`](Self::finish) writes the file.
    pub fn record(path: impl Into<PathBuf>) -> Self {
        Self(Arc::new(Tape {
            path: path.into(),
            records: true,
            state: Mutex::default(),
        }))
    }

    /// Opens a cassette that replays a file.
    ///
    /// # Errors
    /// The file cannot be read, or is not a cassette.
    pub fn replay(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let bad =
            |problem: &dyn fmt::Display| CassetteError(format!("{}: {problem}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| bad(&error))?;
        let file: Value = serde_json::from_str(&text).map_err(|error| bad(&error))?;
        let (redaction, exchanges) = form::read(&file).map_err(|problem| bad(&problem))?;
        Ok(Self(Arc::new(Tape {
            path,
            records: false,
            state: Mutex::new(TapeState {
                redaction,
                exchanges,
                ..TapeState::default()
            }),
        })))
    }

    /// Replays the file if it exists, and records it otherwise. With `FOLIO_CASSETTE=record` in the
    /// environment it is recorded again.
    ///
    /// # Errors
    /// The file cannot be read, or is not a cassette.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let again = std::env::var_os("FOLIO_CASSETTE").is_some_and(|value| value == "record");
        if again || !path.exists() {
            return Ok(Self::record(path));
        }
        Self::replay(path)
    }

    /// Whether it records.
    pub fn is_recording(&self) -> bool {
        self.0.records
    }

    /// The path of its file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Removes the values of a field from the file, wherever it occurs in requests and responses:
    /// text becomes `REDACTED`, a number 0, a boolean false. The same text in other places, such as
    /// a query for it, becomes `REDACTED`, too. Only needed when recording; a file contains the
    /// setting.
    pub fn redact(self, field: impl Into<String>) -> Self {
        self.0.state().redaction.add_field(field.into());
        self
    }

    /// Accepts requests in any order. Each recorded exchange is replayed once; the first match is
    /// used.
    pub fn any_order(self) -> Self {
        self.0.state().any_order = true;
        self
    }

    /// Writes the recorded exchanges; or checks the replayed ones.
    ///
    /// # Errors
    /// The file cannot be written; one of its exchanges was not requested; or a request was sent
    /// that it does not contain, even if the program ignored that error.
    pub fn finish(&self) -> Result<()> {
        let state = self.0.state();
        let path = self.0.path.display();
        if self.0.records {
            let text = form::written(&state.redaction, &state.exchanges);
            if let Some(folder) = self.0.path.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| CassetteError(format!("{path}: {error}")))?;
            }
            return std::fs::write(&self.0.path, text)
                .map_err(|error| CassetteError(format!("{path}: {error}")));
        }
        let mut problems = state.unknown.clone();
        let unused = (0..)
            .zip(&state.exchanges)
            .filter(|(index, _)| !state.used.contains(index));
        problems.extend(unused.map(|(index, (request, _))| {
            format!("exchange {} was not replayed: {request}", index + 1)
        }));
        if problems.is_empty() {
            return Ok(());
        }
        Err(CassetteError(format!(
            "the cassette {path} and the program differ:\n{}",
            problems.join("\n")
        )))
    }
}

impl<M> FolioClientBuilder<M> {
    /// Records all exchanges of the client in a cassette, or replays its responses without a
    /// socket.
    pub fn cassette(self, cassette: &Cassette) -> Self {
        let tape = Arc::clone(&cassette.0);
        self.http_layer(|inner| Arc::new(Taping { tape, inner }))
    }
}

impl Tape {
    /// A panic of another thread leaves the state consistent: each change is one push.
    fn state(&self) -> MutexGuard<'_, TapeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an exchange.
    fn add(&self, asked: &Asked, status: StatusCode, headers: &HeaderMap, body: &Bytes) {
        let mut state = self.state();
        let redaction = &mut state.redaction;
        let response = RecordedResponse::of(status, headers, body, redaction);
        let request = RecordedRequest::of(asked, redaction);
        state.exchanges.push((request, response));
    }

    /// The recorded response to a request.
    fn response(&self, asked: &Asked) -> std::result::Result<HttpResponse, HttpError> {
        let mut state = self.state();
        let request = RecordedRequest::of(asked, &mut state.redaction.clone());
        let unused = |index: &usize| !state.used.contains(index);
        let found = if state.any_order {
            (0..state.exchanges.len()).filter(unused).find(|index| {
                state
                    .exchanges
                    .get(*index)
                    .is_some_and(|(known, _)| known.differences(&request).is_empty())
            })
        } else {
            let next = state.used.len();
            let fits = state
                .exchanges
                .get(next)
                .is_some_and(|(known, _)| known.differences(&request).is_empty());
            fits.then_some(next)
        };
        if let Some(index) = found
            && let Some((_, response)) = state.exchanges.get(index)
        {
            let response = response.replayed();
            state.used.insert(index);
            return Ok(response);
        }
        let problem = self.problem(&state, &request);
        state.unknown.push(problem.clone());
        Err(HttpError::not_sent(problem))
    }

    /// The difference of a request from the expected one: from the next one, or from the most
    /// similar one.
    fn problem(&self, state: &TapeState, request: &RecordedRequest) -> String {
        let path = self.path.display();
        let count = state.exchanges.len();
        let expected = if state.any_order {
            (0..)
                .zip(&state.exchanges)
                .filter(|(index, _)| !state.used.contains(index))
                .min_by_key(|(_, (known, _))| known.distance(request))
        } else {
            let next = state.used.len();
            state.exchanges.get(next).map(|exchange| (next, exchange))
        };
        let Some((index, (known, _))) = expected else {
            return format!(
                "all {count} exchanges of the cassette {path} are used up, and the program sent another request: {request}"
            );
        };
        let which = match state.any_order {
            true => "the most similar one left is",
            false => "the next one is",
        };
        format!(
            "the cassette {path} does not contain this request: {request}\n{which} exchange {} of {count}: {known}\n{}",
            index + 1,
            known.differences(request).join("\n")
        )
    }
}

/// The layer between a client and its connections.
#[derive(Debug)]
struct Taping {
    tape: Arc<Tape>,
    inner: Arc<dyn HttpService>,
}

impl HttpService for Taping {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let path = request.extensions().get::<HttpPath>().cloned();
        let url = match Url::parse(&request.uri().to_string()) {
            Ok(url) => url,
            Err(error) => return Box::pin(async move { Err(HttpError::not_sent(error)) }),
        };
        let asked = Asked {
            method: request.method().clone(),
            path: path.map_or_else(|| request.uri().path().to_owned(), |path| path.0),
            url,
            headers: request.headers().clone(),
            // The content of a streamed body is unknown before it is sent.
            body: request.body().as_bytes().map(Bytes::copy_from_slice),
        };
        let tape = Arc::clone(&self.tape);
        if !tape.records {
            // The network is not used.
            return Box::pin(async move { tape.response(&asked) });
        }
        let sending = self.inner.call(request);
        Box::pin(async move {
            let (mut head, body) = sending.await?.into_parts();
            let body = decoded(&mut head.headers, body).await?;
            tape.add(&asked, head.status, &head.headers, &body);
            Ok(HttpResponse::from_parts(head, body.into()))
        })
    }
}
