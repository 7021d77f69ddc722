//! The same job in two implementations: with the SDK, and with a careful hand-written program over
//! reqwest. And a server for both, in a separate process, so that its cost is not counted.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use folio_sdk::FolioClient;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{RwLock, Semaphore};

/// Any error ends the measurement.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The requested record: a user, with few fields.
const USER: &str = r#"{
  "id": "0a246f61-d85f-42b6-8dcc-48d25a46690b",
  "username": "ann",
  "active": true,
  "patronGroup": "3684a786-6671-4268-8ed0-9db82ebca60b"
}"#;

/// The record, as both programs read it by path.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub username: String,
    /// Whether it may log in.
    pub active: bool,
    /// Its group.
    pub patron_group: String,
}

/// The record with all fields of a user, and unknown ones: the record of the typed call.
#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WholeUser {
    active: Option<bool>,
    barcode: Option<String>,
    created_date: Option<String>,
    custom_fields: Option<Map<String, Value>>,
    departments: Option<Vec<String>>,
    enrollment_date: Option<String>,
    expiration_date: Option<String>,
    external_system_id: Option<String>,
    id: Option<String>,
    meta: Option<Map<String, Value>>,
    metadata: Option<Metadata>,
    patron_group: Option<String>,
    personal: Option<Personal>,
    preferred_email_communication: Option<Vec<String>>,
    proxy_for: Option<Vec<String>>,
    tags: Option<Tags>,
    r#type: Option<String>,
    updated_date: Option<String>,
    /// Its name.
    pub username: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Personal {
    addresses: Option<Vec<Value>>,
    date_of_birth: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    middle_name: Option<String>,
    mobile_phone: Option<String>,
    phone: Option<String>,
    preferred_contact_type_id: Option<String>,
    preferred_first_name: Option<String>,
    profile_picture_link: Option<String>,
    pronouns: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    created_by_user_id: Option<String>,
    created_by_username: Option<String>,
    created_date: Option<String>,
    updated_by_user_id: Option<String>,
    updated_by_username: Option<String>,
    updated_date: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[expect(
    dead_code,
    reason = "they are read into, as those of the typed call are"
)]
#[derive(Debug, Deserialize)]
struct Tags {
    #[serde(rename = "tagList")]
    tag_list: Option<Vec<String>>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

const ID: &str = "0a246f61-d85f-42b6-8dcc-48d25a46690b";
const PATH: &str = "/users/0a246f61-d85f-42b6-8dcc-48d25a46690b";

// ---------------------------------------------------------------- the server

/// A login and a user, over HTTP/1.1. Prints its address to standard output.
///
/// # Errors
/// There is no port.
pub async fn serve() -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
                answer(request.uri().path())
            });
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

fn answer(path: &str) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let answer = Response::builder().header("content-type", "application/json");
    if path == "/authn/login-with-expiry" {
        return answer
            .status(201)
            .header("set-cookie", "folioAccessToken=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl; Max-Age=3600; Path=/")
            .header("set-cookie", "folioRefreshToken=refresh; Max-Age=604800; Path=/authn")
            .body(Full::new(Bytes::from_static(b"{}")));
    }
    if path == "/authn/logout" {
        return answer.status(204).body(Full::default());
    }
    answer.body(Full::new(Bytes::from_static(USER.as_bytes())))
}

/// Starts this program once more as the server, and returns its address. It ends with the value.
///
/// # Errors
/// The program cannot be started.
pub async fn server() -> Result<(Child, String), Failure> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("server")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = child.stdout.take().ok_or("the server has no output")?;
    let url = BufReader::new(output)
        .lines()
        .next_line()
        .await?
        .ok_or("the server said nothing")?;
    Ok((child, url))
}

// ---------------------------------------------------------------- the SDK

/// A client for a number of concurrent calls, logged in.
///
/// # Errors
/// The server is not there.
pub async fn ours(url: &str, in_flight: usize) -> Result<FolioClient, Failure> {
    Ok(FolioClient::builder(url)
        .tenant("diku")
        .credentials("ann", "secret")
        .max_in_flight(in_flight)
        .connect()
        .await?)
}

/// One typed call of the SDK: the record has all fields of a user, and preserves unknown ones.
///
/// # Errors
/// It failed.
pub async fn call_typed(folio: &FolioClient) -> Result<folio_sdk::users::User, Failure> {
    Ok(folio.users().get_user(ID).send().await?)
}

/// One generic call of the SDK, into the struct of the other program.
///
/// # Errors
/// It failed.
pub async fn call_ours(folio: &FolioClient) -> Result<User, Failure> {
    Ok(folio.folio_get::<User>(PATH, None).await?)
}

// ---------------------------------------------------------------- by hand

/// A careful program over reqwest: a pool of connections, timeouts, a concurrency limit, a token
/// that is checked before each call and renewed in time, FOLIO's headers, and a check of the
/// status.
#[derive(Debug)]
pub struct ByHand {
    client: reqwest::Client,
    url: String,
    limit: Semaphore,
    token: RwLock<Token>,
}

#[derive(Clone, Debug)]
struct Token {
    header: HeaderValue,
    ends: Instant,
}

impl ByHand {
    /// A client for a number of concurrent calls, logged in.
    ///
    /// # Errors
    /// The server is not there.
    pub async fn connect(url: &str, in_flight: usize) -> Result<Arc<Self>, Failure> {
        let client = reqwest::Client::builder()
            .user_agent("by-hand/1.0")
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(90))
            .pool_idle_timeout(Duration::from_secs(45))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let token = login(&client, url).await?;
        Ok(Arc::new(Self {
            client,
            url: url.to_owned(),
            limit: Semaphore::new(in_flight),
            token: RwLock::new(token),
        }))
    }

    async fn token(&self) -> Result<HeaderValue, Failure> {
        let token = self.token.read().await;
        if Instant::now() < token.ends {
            return Ok(token.header.clone());
        }
        drop(token);
        let mut token = self.token.write().await;
        if Instant::now() >= token.ends {
            *token = login(&self.client, &self.url).await?;
        }
        Ok(token.header.clone())
    }
}

async fn login(client: &reqwest::Client, url: &str) -> Result<Token, Failure> {
    let response = client
        .post(format!("{url}/authn/login-with-expiry"))
        .header("x-okapi-tenant", "diku")
        .header("content-type", "application/json")
        .body(r#"{"username":"ann","password":"secret"}"#)
        .send()
        .await?
        .error_for_status()?;
    let cookie = response
        .headers()
        .get("set-cookie")
        .ok_or("no cookie")?
        .to_str()?;
    let token = cookie
        .strip_prefix("folioAccessToken=")
        .and_then(|rest| rest.split(';').next())
        .ok_or("no token")?;
    let mut header = HeaderValue::from_str(token)?;
    header.set_sensitive(true);
    Ok(Token {
        header,
        ends: Instant::now() + Duration::from_secs(3540),
    })
}

/// One call by hand.
///
/// # Errors
/// It failed.
pub async fn call_by_hand<T: DeserializeOwned>(by_hand: &ByHand) -> Result<T, Failure> {
    let _permit = by_hand.limit.acquire().await?;
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert("x-okapi-tenant", HeaderValue::from_static("diku"));
    headers.insert("x-okapi-token", by_hand.token().await?);
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/plain"),
    );
    let response = by_hand
        .client
        .get(format!("{}{PATH}", by_hand.url))
        .headers(headers)
        .timeout(Duration::from_secs(90))
        .send()
        .await?;
    if !response.status().is_success() {
        return Err(format!("{}: {}", response.status(), response.text().await?).into());
    }
    Ok(serde_json::from_slice(&response.bytes().await?)?)
}

// ---------------------------------------------------------------- the job

/// The implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The SDK, `folio_get`.
    Ours,
    /// The SDK, `get_user`.
    Typed,
    /// The one over reqwest, into the struct of few fields.
    ByHand,
    /// The one over reqwest, into the struct of all fields.
    WholeByHand,
}

/// A program that is logged in, with its number of concurrent calls.
#[derive(Clone, Debug)]
pub enum Ready {
    /// The SDK, `folio_get`.
    Ours(FolioClient),
    /// The SDK, `get_user`.
    Typed(FolioClient),
    /// The one over reqwest, into the struct of few fields.
    ByHand(Arc<ByHand>),
    /// The one over reqwest, into the struct of all fields.
    WholeByHand(Arc<ByHand>),
}

impl Ready {
    /// Logs in.
    ///
    /// # Errors
    /// The server is not there.
    pub async fn connect(program: Program, url: &str, in_flight: usize) -> Result<Self, Failure> {
        Ok(match program {
            Program::Ours => Self::Ours(ours(url, in_flight).await?),
            Program::Typed => Self::Typed(ours(url, in_flight).await?),
            Program::ByHand => Self::ByHand(ByHand::connect(url, in_flight).await?),
            Program::WholeByHand => Self::WholeByHand(ByHand::connect(url, in_flight).await?),
        })
    }

    async fn calls(self, number: usize) -> Result<(), Failure> {
        for _ in 0..number {
            let is_ann = match &self {
                Self::Ours(folio) => call_ours(folio).await?.username == "ann",
                Self::Typed(folio) => call_typed(folio).await?.username.as_deref() == Some("ann"),
                Self::ByHand(by_hand) => call_by_hand::<User>(by_hand).await?.username == "ann",
                Self::WholeByHand(by_hand) => {
                    let user: WholeUser = call_by_hand(by_hand).await?;
                    user.username.as_deref() == Some("ann")
                }
            };
            if !is_ann {
                return Err("another user came".into());
            }
        }
        Ok(())
    }

    /// Makes `number` calls in as many tasks as are to be in flight.
    ///
    /// # Errors
    /// A call failed.
    pub async fn run(&self, number: usize, in_flight: usize) -> Result<(), Failure> {
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| tokio::spawn(self.clone().calls(number / in_flight)))
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    }
}
