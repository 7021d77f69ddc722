//! A scripted server over a real socket: FOLIO's logins, and responses that no well-behaved server
//! sends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use folio_sdk::{FolioClient, FolioClientBuilder, RetryPolicy};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::patience::within;

pub const PASSWORD: &str = "correct-horse";

/// A received request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query as they were written.
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query string, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| decode(value))
        })
    }

    pub fn number(&self, name: &str) -> usize {
        self.param(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or_default()
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&hex, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The reaction of the server to a request.
#[derive(Clone, Debug)]
pub enum Reply {
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// Closes the connection without a response.
    Drop,
    /// Announces the body, sends half of it, and closes.
    Break(String),
    /// Keeps the connection open and sends nothing.
    Stall,
    After(Duration, Box<Reply>),
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::Answer {
            status,
            headers,
            body: body.into(),
        }
    }

    pub fn json(value: serde_json::Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    pub fn text(status: u16, text: &str) -> Self {
        Self::new(status, "text/plain", text)
    }

    pub fn empty(status: u16) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub fn after(self, delay: Duration) -> Self {
        Self::After(delay, Box::new(self))
    }
}

type Script = dyn Fn(&Asked, usize) -> Option<Reply> + Send + Sync;

/// A FOLIO with one user, `ann`, whose login works as the real one's does. The test's script
/// determines its other responses.
pub struct Folio {
    pub url: String,
    state: Arc<Mutex<State>>,
    /// Changes with each request.
    requests: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    log: Vec<Asked>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    used: BTreeSet<String>,
    issued: usize,
    replays: usize,
    lifetime: Option<u64>,
    bad_expiration: bool,
}

impl Folio {
    /// `script` may respond to any request; it gets the number of earlier requests of the same
    /// method and path. Other requests are logins, or get 404. Requests without a required token
    /// get Okapi's response; the script is then called only for logins.
    pub async fn start(
        script: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(Arc::new(script)).await
    }

    async fn start_with(script: Arc<Script>) -> Self {
        Self::listen_with(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    /// As [`start`](Self::start), on a port of the test's choice.
    pub fn listen(
        listener: TcpListener,
        script: impl Fn(&Asked, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::listen_with(listener, Arc::new(script))
    }

    /// Compiled once, and not for each script: so are the tasks of the runtime.
    fn listen_with(listener: TcpListener, script: Arc<Script>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            lifetime: Some(600),
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        let requests = watch::Sender::new(());
        let told = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, script) = (Arc::clone(&shared), Arc::clone(&script));
                let told = told.clone();
                tokio::spawn(async move {
                    let _ = serve(stream, state, script, told).await;
                });
            }
        });
        Self {
            url,
            state,
            requests,
        }
    }

    pub fn builder(&self) -> FolioClientBuilder {
        FolioClient::builder(&self.url)
            .tenant("diku")
            .credentials("ann", PASSWORD)
            .retry(quick())
    }

    pub async fn connect(&self) -> FolioClient {
        self.builder().connect().await.unwrap()
    }

    /// The lifetime of tokens that the server states; if unset, it states none.
    pub fn lifetime(&self, seconds: Option<u64>) {
        self.state.lock().unwrap().lifetime = seconds;
    }

    /// The server writes its expirations in an unreadable form.
    pub fn bad_expiration(&self) {
        self.state.lock().unwrap().bad_expiration = true;
    }

    /// Access tokens up to a number are good, though the script gave them out.
    pub fn grant(&self, number: usize) {
        let mut state = self.state.lock().unwrap();
        state.access.extend((1..=number).map(access));
        state.issued = number;
    }

    /// An access token is good, wherever it comes from.
    pub fn accept(&self, token: &str) {
        self.state.lock().unwrap().access.insert(token.to_owned());
    }

    /// A refresh token is good, once, wherever it comes from.
    pub fn accept_refresh(&self, token: &str) {
        self.state.lock().unwrap().refresh.insert(token.to_owned());
    }

    /// The issued access tokens are no longer valid.
    pub fn expire(&self) {
        self.state.lock().unwrap().access.clear();
    }

    /// The issued refresh tokens are no longer valid.
    pub fn revoke(&self) {
        self.state.lock().unwrap().refresh.clear();
    }

    pub fn log(&self) -> Vec<Asked> {
        self.state.lock().unwrap().log.clone()
    }

    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.log()
            .into_iter()
            .filter(|asked| asked.path() == path)
            .collect()
    }

    /// Waits until a path was requested that many times, independent of the runtime's clock.
    pub async fn wait_for(&self, path: &str, times: usize) {
        let mut requests = self.requests.subscribe();
        let arrived = requests.wait_for(|()| self.asked(path).len() >= times);
        within(&format!("request {times} for {path}"), arrived)
            .await
            .unwrap();
    }

    pub fn logins(&self) -> usize {
        self.asked("/authn/login-with-expiry").len()
    }

    pub fn refreshes(&self) -> usize {
        self.asked("/authn/refresh").len()
    }

    /// How often a refresh token came that had been used before: each would have ended all sessions
    /// of the user.
    pub fn replays(&self) -> usize {
        self.state.lock().unwrap().replays
    }

    /// All tokens that were ever given out.
    pub fn secrets(&self) -> Vec<String> {
        let issued = self.state.lock().unwrap().issued;
        let tokens = (1..=issued).flat_map(|number| [access(number), refresh(number)]);
        tokens.chain([PASSWORD.to_owned()]).collect()
    }
}

fn access(number: usize) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.access-{number}.x")
}

fn refresh(number: usize) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.refresh-{number}.x")
}

/// An address of this host without a listener.
pub async fn nowhere() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// The default policy without its patience.
pub fn quick() -> RetryPolicy {
    RetryPolicy::default().initial_backoff(Duration::from_millis(5))
}

async fn serve(
    stream: TcpStream,
    state: Arc<Mutex<State>>,
    script: Arc<Script>,
    requests: watch::Sender<()>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let Some(asked) = read(&mut stream).await? else {
            return Ok(());
        };
        let mut reply = {
            let mut state = state.lock().unwrap();
            let before = state
                .log
                .iter()
                .filter(|other| other.path() == asked.path() && other.method == asked.method)
                .count();
            state.log.push(asked.clone());
            answer(&mut state, &asked, before, &*script)
        };
        requests.send_replace(());
        while let Reply::After(delay, then) = reply {
            tokio::time::sleep(delay).await;
            reply = *then;
        }
        match reply {
            Reply::Answer {
                status,
                headers,
                body,
            } => {
                let mut head = format!("HTTP/1.1 {status} Whatever\r\n");
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                if status != 204 {
                    head.push_str(&format!("content-length: {}\r\n", body.len()));
                }
                stream
                    .write_all(format!("{head}\r\n{body}").as_bytes())
                    .await?;
            }
            Reply::Break(body) => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&body.as_bytes()[..body.len() / 2]).await?;
                stream.flush().await?;
                return Ok(());
            }
            Reply::Stall => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                return Ok(());
            }
            Reply::Drop | Reply::After(..) => return Ok(()),
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default().to_owned(),
    );
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .and_then(|length: &String| length.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Asked {
        method,
        target,
        headers,
        body: String::from_utf8(body).unwrap(),
    }))
}

fn answer(state: &mut State, asked: &Asked, before: usize, script: &Script) -> Reply {
    let path = asked.path();
    let authn = path.find("/authn/").and_then(|at| path.get(at..));
    if authn.is_none() {
        let token = asked.header("x-okapi-token");
        if token.is_empty() {
            return Reply::text(
                400,
                "Unable to authorize: Token missing, access requires permission: users.collection.get",
            );
        }
        if !state.access.contains(token) {
            return Reply::text(401, "Invalid token");
        }
    }
    let scripted = script(asked, before);
    if let Some(lost @ (Reply::Drop | Reply::Stall)) = scripted {
        // The response is lost, not the request, which was executed.
        if authn.is_some() {
            login(state, asked);
        }
        return lost;
    }
    scripted.unwrap_or_else(|| login(state, asked))
}

fn login(state: &mut State, asked: &Asked) -> Reply {
    let path = asked.path();
    let cookie = asked.header("cookie").to_owned();
    let refresh_token = cookie
        .split("; ")
        .find_map(|cookie| cookie.strip_prefix("folioRefreshToken="));
    if path.ends_with("/authn/login-with-expiry") {
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
        if body == json!({"username": "ann", "password": PASSWORD}) {
            return grant(state);
        }
        return Reply::new(
            422,
            "application/json",
            json!({"errors": [{"message": "Password does not match", "type": "error", "code": "wrong.username.or.wrong.password.or.account.blocked",
                "parameters": [{"key": "username", "value": "ann"}]}]})
            .to_string(),
        );
    }
    if path.ends_with("/authn/refresh") {
        let Some(token) = refresh_token else {
            return Reply::text(400, "no cookie");
        };
        if state.refresh.remove(token) {
            state.used.insert(token.to_owned());
            return grant(state);
        }
        if state.used.contains(token) {
            state.replays += 1;
        }
        return Reply::new(
            422,
            "application/json",
            r#"{"errors":[{"message":"Invalid token","code":"token.refresh.unprocessable"}]}"#,
        );
    }
    if path.ends_with("/authn/logout") {
        if let Some(token) = refresh_token {
            state.refresh.remove(token);
        }
        return Reply::empty(204);
    }
    Reply::text(404, "No suitable module found for path")
}

fn grant(state: &mut State) -> Reply {
    state.issued += 1;
    let (access, refresh) = (access(state.issued), refresh(state.issued));
    state.access.insert(access.clone());
    state.refresh.insert(refresh.clone());
    let body = match state.lifetime {
        _ if state.bad_expiration => {
            json!({"accessTokenExpiration": "soon", "refreshTokenExpiration": 7})
        }
        Some(seconds) => {
            let until = |seconds| {
                let until = std::time::SystemTime::now() + Duration::from_secs(seconds);
                humantime::format_rfc3339_seconds(until).to_string()
            };
            json!({"accessTokenExpiration": until(seconds), "refreshTokenExpiration": until(604_800)})
        }
        None => json!({}),
    };
    Reply::new(201, "application/json", body.to_string())
        .with(
            "set-cookie",
            &format!("folioRefreshToken={refresh}; Path=/authn; Secure; HttpOnly; SameSite=Lax"),
        )
        .with(
            "set-cookie",
            &format!("folioAccessToken={access}; Path=/; Secure; HttpOnly; SameSite=Lax"),
        )
}
