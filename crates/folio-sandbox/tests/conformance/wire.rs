//! A client that sends what it is told, byte for byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case("set-cookie"))
            .find_map(|(_, value)| value.strip_prefix(&start))
            .and_then(|rest| rest.split(';').next())
            .map(str::to_owned)
    }

    pub(crate) fn text(&self) -> String {
        if self.header("content-encoding") == Some("gzip") {
            let mut text = String::new();
            let mut reader = flate2::read::GzDecoder::new(self.body.as_slice());
            return match std::io::Read::read_to_string(&mut reader, &mut text) {
                Ok(_) => text,
                Err(error) => error.to_string(),
            };
        }
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request on a connection of its own; none where no answer came in time.
pub(crate) async fn exchange(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
) -> Option<Reply> {
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    raw(address, &bytes, method == "HEAD").await
}

/// Sends bytes and reads one answer.
pub(crate) async fn raw(address: &str, bytes: &[u8], head: bool) -> Option<Reply> {
    let work = async {
        let mut socket = TcpStream::connect(address).await.ok()?;
        socket.write_all(bytes).await.ok()?;
        read(&mut socket, head).await
    };
    tokio::time::timeout(Duration::from_millis(1500 + bytes.len() as u64 / 500), work)
        .await
        .ok()
        .flatten()
}

async fn read(socket: &mut TcpStream, head: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 65_536];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    };
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply {
        status,
        headers,
        body: bytes.split_off(end + 4),
    };
    if head || status == 204 {
        return Some(reply);
    }
    let length = reply
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    loop {
        if length.is_some_and(|length| reply.body.len() >= length) {
            return Some(reply);
        }
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return Some(reply),
            Ok(count) => reply.body.extend_from_slice(&chunk[..count]),
        }
    }
}
