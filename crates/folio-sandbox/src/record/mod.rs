//! Records the responses of a server to the requests of a conformance file. The sandbox can then be
//! compared with that server.
//!
//! The file has a JSON object a line, as those of `tests/conformance/data` have: method, path,
//! headers and body of a request, and how a server answered. The recording has the same rows with
//! the answers of the server that is asked. Tokens, cookies and passwords are replaced; all else
//! that the server says is in it, names of users too, so look at it before you pass it on.

mod redact;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use redact::Secrets;
pub use wire::{Reply, exchange, parsed, raw};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How much of a body is recorded, in characters.
const MOST: usize = 4_000;

/// The login.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials {
    /// The name of the user.
    pub username: String,
    password: String,
}

impl Credentials {
    /// A user by name and password.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            password: password.into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// The result of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// Rows that were sent.
    pub sent: usize,
    /// Of these, those with another status than the file has.
    pub other_status: usize,
    /// Rows that are not requests, or that no client can send without the state of the first
    /// recording.
    pub left_out: usize,
}

/// The lines of a conformance file, compressed (`.gz`) or not.
///
/// # Errors
/// The file cannot be read, or a line is not a JSON object.
pub fn rows(file: &Path) -> io::Result<Vec<Map<String, Value>>> {
    let opened = std::fs::File::open(file)?;
    let reader: Box<dyn Read> = match file.extension().is_some_and(|end| end == "gz") {
        true => Box::new(flate2::read::GzDecoder::new(opened)),
        false => Box::new(opened),
    };
    let mut rows = Vec::new();
    for (number, line) in io::BufReader::new(reader).lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(Value::Object(row)) => rows.push(row),
            _ => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "{}, line {}: expected a JSON object",
                        file.display(),
                        number + 1
                    ),
                ));
            }
        }
    }
    Ok(rows)
}

/// Sends the requests of a conformance file to a server, in order and after a login, and writes
/// rows with its responses.
///
/// The requests write and delete records: the tenant should be one for tests.
///
/// # Errors
/// The file cannot be read, `out` cannot be written, the server cannot be reached, or the login
/// fails.
pub async fn record(
    url: &str,
    tenant: &str,
    credentials: &Credentials,
    file: &Path,
    out: &mut (dyn Write + Send),
) -> io::Result<Recorded> {
    let rows = rows(file)?;
    let mut client = Client::login(url, tenant, credentials, &rows).await?;
    let mut recorded = Recorded::default();
    for row in rows {
        let Some(request) = client.request(&row) else {
            recorded.left_out += 1;
            continue;
        };
        let reply = exchange(
            url,
            &request.method,
            &request.target,
            &request.headers,
            request.body.as_deref(),
            TIMEOUT,
        )
        .await?;
        if let Some(reply) = &reply {
            client.learn(&row, reply);
        }
        let answered = client.row(&row, reply.as_ref());
        recorded.sent += 1;
        if answered.get("status") != row.get("status") {
            recorded.other_status += 1;
        }
        writeln!(out, "{}", Value::Object(answered))?;
    }
    out.flush()?;
    Ok(recorded)
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// The state of the server's client.
struct Client<'a> {
    tenant: &'a str,
    /// The tenant of the first recording.
    recorded_tenant: Option<String>,
    credentials: &'a Credentials,
    access: String,
    refresh: String,
    /// Ids of the first recording, and their counterparts here.
    names: BTreeMap<String, String>,
    secrets: Secrets,
}

fn text<'r>(row: &'r Map<String, Value>, key: &str) -> &'r str {
    row.get(key).and_then(Value::as_str).unwrap_or_default()
}

impl<'a> Client<'a> {
    async fn login(
        url: &str,
        tenant: &'a str,
        credentials: &'a Credentials,
        rows: &[Map<String, Value>],
    ) -> io::Result<Self> {
        let recorded_tenant = rows
            .iter()
            .find_map(|row| row.get("sent")?.get("x-okapi-tenant")?.as_str());
        let mut client = Self {
            tenant,
            recorded_tenant: recorded_tenant.map(str::to_owned),
            credentials,
            access: String::new(),
            refresh: String::new(),
            names: BTreeMap::new(),
            secrets: Secrets::default(),
        };
        client.secrets.add(&credentials.password, "<password>");
        let body = json!({"username": credentials.username, "password": credentials.password});
        let headers = [
            ("x-okapi-tenant".to_owned(), tenant.to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ];
        let path = "/authn/login-with-expiry";
        let body = body.to_string();
        let reply = exchange(url, "POST", path, &headers, Some(body.as_bytes()), TIMEOUT).await?;
        let failed = |what: String| {
            io::Error::other(format!(
                "the login of {} in the tenant {tenant} of {url} failed: {what}",
                credentials.username
            ))
        };
        let Some(reply) = reply else {
            return Err(failed(format!("no answer within {} s", TIMEOUT.as_secs())));
        };
        if !client.take_tokens(&reply) {
            let said: String = reply.text().chars().take(300).collect();
            return Err(failed(format!("{} {said}", reply.status)));
        }
        Ok(client)
    }

    /// The tokens of a login or a refresh; whether there were any.
    fn take_tokens(&mut self, reply: &Reply) -> bool {
        self.secrets.learn(reply);
        match (
            reply.cookie("folioAccessToken"),
            reply.cookie("folioRefreshToken"),
        ) {
            (Some(access), Some(refresh)) if !access.is_empty() => {
                (self.access, self.refresh) = (access, refresh);
                true
            }
            _ => false,
        }
    }

    /// Text of the first recording with the tokens, ids and the password of this one.
    fn here(&self, text: &str) -> String {
        let mut text = text
            .replace(
                "folioRefreshToken=<jwt>",
                &format!("folioRefreshToken={}", self.refresh),
            )
            .replace("<folioRefreshToken>", &self.refresh)
            .replace("<folioAccessToken>", &self.access)
            .replace("<token>", &self.access)
            .replace("<jwt>", &self.access)
            .replace("<password>", &self.credentials.password);
        for (recorded, own) in &self.names {
            text = text.replace(recorded.as_str(), own);
        }
        text
    }

    /// The request of a row; none if it cannot be sent again.
    fn request(&self, row: &Map<String, Value>) -> Option<Request> {
        let method = match text(row, "method") {
            "" if row.contains_key("post") => "POST",
            "" if row.contains_key("get") => "GET",
            "" | "(raw)" => return None,
            method => method,
        };
        let path = ["path", "post", "get"]
            .iter()
            .map(|key| text(row, key))
            .find(|path| !path.is_empty())?;
        let mut target = self.here(path);
        if let Some(query) = row.get("query").and_then(Value::as_str) {
            target.push_str(&format!("?limit=2000&query={}", encoded(query)));
        }
        let body = ["sent_body", "body"]
            .iter()
            // In rows with `sent_body`, `body` is the shape of the response.
            .find_map(|key| row.get(*key))
            .or_else(|| row.get("sent").filter(|_| row.contains_key("sent_headers")));
        let body = match body {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(self.here(text).into_bytes()),
            Some(other) => Some(self.here(&other.to_string()).into_bytes()),
        };
        let mut headers = vec![
            ("x-okapi-tenant".to_owned(), self.tenant.to_owned()),
            ("x-okapi-token".to_owned(), self.access.clone()),
            (
                "accept".to_owned(),
                "application/json, text/plain".to_owned(),
            ),
        ];
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let given = ["sent_headers", "sent"]
            .iter()
            .find_map(|key| row.get(*key)?.as_object());
        // Rows with `sent_body` name all their headers, others those that differ.
        if row.contains_key("sent_body") {
            headers.clear();
        }
        for (name, value) in given.into_iter().flatten() {
            let name = name.to_lowercase();
            let value = value.as_str().unwrap_or_default();
            let value =
                match name == "x-okapi-tenant" && self.recorded_tenant.as_deref() == Some(value) {
                    true => self.tenant.to_owned(),
                    false => self.here(value),
                };
            let token =
                name == "authorization" || name == "cookie" && value.contains("folioAccessToken");
            headers.retain(|(known, _)| *known != name && !(token && known == "x-okapi-token"));
            headers.push((name, value));
        }
        Some(Request {
            method: method.to_owned(),
            target,
            headers,
            body,
        })
    }

    /// Learns the tokens of a response, and the counterparts of the first recording's ids and
    /// HRIDs.
    fn learn(&mut self, row: &Map<String, Value>, reply: &Reply) {
        self.take_tokens(reply);
        if !matches!(reply.status, 200 | 201) {
            return;
        }
        let own: Value = serde_json::from_str(&reply.text()).unwrap_or_default();
        let recorded: Value = serde_json::from_str(text(row, "text")).unwrap_or_default();
        let added = row.get("diff").and_then(|diff| diff.get("added"));
        for name in ["id", "hrid"] {
            let before = recorded
                .get(name)
                .or_else(|| added?.get(name))
                .and_then(Value::as_str);
            if let (Some(before), Some(now)) = (before, own.get(name).and_then(Value::as_str))
                && before != now
            {
                self.names.insert(before.to_owned(), now.to_owned());
            }
        }
    }

    /// A row with the response of this server in place of the first.
    fn row(&self, row: &Map<String, Value>, reply: Option<&Reply>) -> Map<String, Value> {
        let of_answer = [
            "status", "type", "location", "cookies", "keys", "list_key", "text", "diff", "found",
            "ordered", "bytes", "ms", "form", "headers",
        ];
        let mut answered: Map<String, Value> = row
            .iter()
            .filter(|(key, _)| !of_answer.contains(&key.as_str()))
            // The shape of a response.
            .filter(|(key, _)| *key != "body" || !row.contains_key("sent_body"))
            .map(|(key, value)| (key.clone(), self.redacted(value)))
            .collect();
        let Some(reply) = reply else {
            answered.insert("text".into(), "no answer in time".into());
            return answered;
        };
        answered.insert("status".into(), reply.status.into());
        for (key, name) in [("type", "content-type"), ("location", "location")] {
            if let Some(value) = reply.header(name) {
                answered.insert(key.into(), self.secrets.redacted(value).into());
            }
        }
        let cookies: Vec<String> = reply.all("set-cookie").map(redact::cookie).collect();
        if !cookies.is_empty() {
            answered.insert("cookies".into(), cookies.into());
        }
        let whole = reply.text();
        if matches!(serde_json::from_str(&whole), Ok(Value::Object(_))) {
            answered.insert("keys".into(), json!(keys(&whole)));
        }
        let shown: String = self.secrets.redacted(&whole).chars().take(MOST).collect();
        answered.insert("text".into(), shown.into());
        answered
    }

    fn redacted(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.secrets.redacted(text).into(),
            Value::Array(list) => list.iter().map(|value| self.redacted(value)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    let secret = name.to_lowercase().contains("password") && value.is_string();
                    let value = match secret {
                        true => "<password>".into(),
                        false => self.redacted(value),
                    };
                    (name.clone(), value)
                })
                .collect(),
            other => other.clone(),
        }
    }
}

fn encoded(query: &str) -> String {
    percent_encoding::utf8_percent_encode(query, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The keys of a JSON object, in their order.
pub fn keys(text: &str) -> Vec<String> {
    // serde_json sorts keys: the outermost are read from the text.
    let mut keys = Vec::new();
    let (mut depth, mut string, mut escaped, mut start) = (0, false, false, 0);
    let bytes = text.as_bytes();
    let mut last = None;
    for (at, byte) in bytes.iter().enumerate() {
        if string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    string = false;
                    last = Some((start, at));
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                string = true;
                start = at + 1;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b':' if depth == 1 => {
                if let Some((from, to)) = last.take() {
                    keys.push(text[from..to].to_owned());
                }
            }
            _ => {}
        }
    }
    keys
}
