//! Okapi as a proxy: forwards a request to a module that runs elsewhere, and its response back.

use std::time::{Duration, SystemTime};

use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::platform::access;
use crate::platform::state::State;
use crate::platform::wiring::Module;
use crate::wire::message::{Forward, HandlerResult, HttpRequest, HttpResponse};

/// Headers that belong to a connection.
const HOP: [HeaderName; 6] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::HOST,
];

/// The request as the module gets it. It is sent when the state is free again.
pub(crate) fn forward(
    state: &mut State,
    http_request: &HttpRequest,
    tenant: &str,
    token: Option<String>,
    module: &Module,
) -> HandlerResult {
    let mut user = None;
    if let Some(token) = &token
        && state.wiring.has(tenant, "mod-authtoken")
    {
        match access::allowed(state, http_request, &[], token, tenant, &http_request.path)? {
            Ok(caller) => user = Some(caller.user),
            Err(response) => return Ok(response),
        }
    }
    let Some(url) = &module.url else {
        return Ok(HttpResponse::text(
            StatusCode::NOT_FOUND,
            format!("No running module instance found for {}", module.id),
        ));
    };
    let host = http_request.header("host").unwrap_or("localhost");
    let mut head = format!("{} {}", http_request.method, http_request.path);
    if !http_request.raw_query.is_empty() {
        head.push('?');
        head.push_str(&http_request.raw_query);
    }
    head.push_str(&format!(" HTTP/1.1\r\nHost: {host}\r\n"));
    for (name, value) in &http_request.headers {
        let replaced = matches!(
            name.as_str(),
            "x-okapi-token" | "x-okapi-request-id" | "x-okapi-user-id"
        );
        if !HOP.contains(name) && !replaced {
            let value = String::from_utf8_lossy(value.as_bytes());
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    // Six digits and the first part of the path, after the client's value.
    let number = uuid::Uuid::new_v4().as_u128() % 1_000_000;
    let part = http_request.path.split('/').nth(1).unwrap_or_default();
    let before = http_request
        .header("x-okapi-request-id")
        .map_or_else(String::new, |id| format!("{id};"));
    let time = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_millis();
    head.push_str(&format!(
        "X-Okapi-Request-Id: {before}{number:06}/{part}\r\nX-Okapi-Url: http://{host}\r\nX-Okapi-request-ip: 127.0.0.1\r\nX-Okapi-request-timestamp: {time}\r\nX-Okapi-request-method: {}\r\n",
        http_request.method
    ));
    if let Some(token) = token {
        head.push_str(&format!("X-Okapi-Token: {token}\r\n"));
    }
    if let Some(user) = user {
        head.push_str(&format!(
            "X-Okapi-User-Id: {user}\r\nX-Okapi-Permissions: []\r\n"
        ));
    }
    head.push_str(&format!(
        "X-Okapi-Match-Path-Pattern: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        module.pattern
    ));
    let forward = Forward {
        module: module.id.clone(),
        url: url.clone(),
        method: http_request.method.clone(),
        path: http_request.path.clone(),
        head,
        body: http_request.body.clone(),
    };
    Ok(HttpResponse {
        forward: Some(Box::new(forward)),
        ..HttpResponse::empty(StatusCode::OK)
    })
}

impl Forward {
    /// The response of the module, or Okapi's error if there is none.
    pub(crate) async fn response(self) -> HttpResponse {
        match self.exchange().await {
            Ok(response) => response,
            Err(cause) => HttpResponse::text(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!(
                    "proxyClient failure: {} {}: {cause}: {} {}",
                    self.module, self.url, self.method, self.path
                ),
            ),
        }
    }

    async fn exchange(&self) -> Result<HttpResponse, String> {
        let address = self.url.trim_start_matches("http://");
        let mut socket = TcpStream::connect(address)
            .await
            .map_err(|_| format!("finishConnect(..) failed: Connection refused: /{address}"))?;
        let closed = || "Connection was closed".to_owned();
        let mut request = self.head.clone().into_bytes();
        if !self.body.is_empty() {
            request.extend_from_slice(format!("{:x}\r\n", self.body.len()).as_bytes());
            request.extend_from_slice(&self.body);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        socket.write_all(&request).await.map_err(|_| closed())?;
        let mut read = Vec::new();
        let end = loop {
            // Netty reads the first line when it is there.
            if let Some(line) = read.split(|byte| *byte == b'\n').next()
                && line.len() < read.len()
                && !line.starts_with(b"HTTP/")
            {
                let text = String::from_utf8_lossy(line);
                let word = text.split_whitespace().next().unwrap_or_default();
                return Err(format!("invalid version format: {}", word.to_uppercase()));
            }
            if let Some(end) = find(&read, b"\r\n\r\n") {
                break end;
            }
            if more(&mut socket, &mut read).await == 0 {
                return Err(closed());
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).into_owned();
        let mut body = read.split_off(end + 4);
        let mut response = parsed(&head).ok_or_else(closed)?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        let chunked = head
            .to_ascii_lowercase()
            .contains("transfer-encoding: chunked");
        if self.method == "HEAD" || matches!(response.status.as_u16(), 204 | 304) {
            return Ok(response);
        }
        loop {
            let whole = match (chunked, length) {
                (true, _) => unchunked(&body),
                (false, Some(length)) => body.get(..length).map(<[u8]>::to_vec),
                (false, None) => None,
            };
            if let Some(whole) = whole {
                response.body = whole;
                return Ok(response);
            }
            if more(&mut socket, &mut body).await == 0 {
                // If the length is stated, the module stopped early, and Okapi never ends its own
                // response.
                response.stalls = chunked || length.is_some();
                response.body = body;
                return Ok(response);
            }
        }
    }
}

async fn more(socket: &mut TcpStream, into: &mut Vec<u8>) -> usize {
    let mut chunk = [0; 16_384];
    let count = socket.read(&mut chunk).await.unwrap_or_default();
    into.extend_from_slice(&chunk[..count]);
    count
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// Status and headers, without those of the connection.
fn parsed(head: &str) -> Option<HttpResponse> {
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse::<u16>().ok()?;
    let mut response = HttpResponse::empty(StatusCode::from_u16(status).ok()?);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name),
            HeaderValue::try_from(value.trim()),
        ) && !HOP.contains(&name)
        {
            response.headers.append(name, value);
        }
    }
    Some(response)
}

/// The body without its chunks; none where the last one has not come.
fn unchunked(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut body, mut rest) = (Vec::new(), bytes);
    loop {
        let end = find(rest, b"\r\n")?;
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
