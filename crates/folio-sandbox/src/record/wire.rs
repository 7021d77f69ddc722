//! A client that sends bytes unchanged. Paths are not normalized, and no header is added except
//! `Host` and `Content-Length`.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A received response.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Header names as they were sent, and values.
    pub headers: Vec<(String, String)>,
    /// The body, without chunks, as it was encoded.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header with a name, case-insensitively.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// All headers of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> + use<'_> {
        let name = name.to_owned();
        self.headers
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a cookie that is set.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("{name}=");
        self.all("set-cookie")
            .find_map(|value| value.strip_prefix(&start))
            .and_then(|rest| rest.split(';').next())
            .map(str::to_owned)
    }

    /// The body as text, decompressed where it came as gzip.
    pub fn text(&self) -> String {
        if self.header("content-encoding") == Some("gzip") {
            let mut text = String::new();
            let mut reader = flate2::read::GzDecoder::new(self.body.as_slice());
            return match io::Read::read_to_string(&mut reader, &mut text) {
                Ok(_) => text,
                Err(error) => error.to_string(),
            };
        }
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A server: scheme, host, port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    tls: bool,
    host: String,
    port: u16,
    /// The path that goes before all others.
    base: String,
}

impl Target {
    /// The server of `https://folio.example:8443/okapi`, `http://…`, or of `host:port`.
    pub(crate) fn parse(url: &str) -> io::Result<Self> {
        let wrong = || {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("expected a URL such as https://okapi.example.org, found {url}"),
            )
        };
        let (tls, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(wrong()),
            None => (false, url),
        };
        let (authority, base) = match rest.split_once('/') {
            Some((authority, base)) => (authority, base.trim_end_matches('/')),
            None => (rest, ""),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (authority, if tls { 443 } else { 80 }),
        };
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            tls,
            host: host.to_owned(),
            port,
            base: match base {
                "" => String::new(),
                base => format!("/{base}"),
            },
        })
    }

    fn authority(&self) -> String {
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let socket = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match self.tls {
            false => Ok(Box::new(socket)),
            true => tls(&self.host, socket).await,
        }
    }
}

#[cfg(feature = "record")]
async fn tls(host: &str, socket: TcpStream) -> io::Result<Box<dyn Stream>> {
    use std::sync::Arc;

    use rustls_platform_verifier::ConfigVerifierExt as _;
    use tokio_rustls::rustls::ClientConfig;
    use tokio_rustls::rustls::pki_types::ServerName;

    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let other = |error: &dyn std::fmt::Display| io::Error::other(error.to_string());
    let config = ClientConfig::with_platform_verifier().map_err(|error| other(&error))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| other(&error))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    Ok(Box::new(connector.connect(name, socket).await?))
}

#[cfg(not(feature = "record"))]
async fn tls(_: &str, _: TcpStream) -> io::Result<Box<dyn Stream>> {
    Err(io::Error::other(
        "https needs the feature `record` of folio-sandbox",
    ))
}

/// Sends a request on a separate connection. None if no response arrived in time.
///
/// # Errors
/// The address is invalid, or the server cannot be reached.
pub async fn exchange(
    url: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Option<&[u8]>,
    timeout: Duration,
) -> io::Result<Option<Reply>> {
    let server = Target::parse(url)?;
    let whole = if target.starts_with('/') {
        format!("{}{target}", server.base)
    } else {
        target.to_owned()
    };
    let mut request = format!(
        "{method} {whole} HTTP/1.1\r\nhost: {}\r\n",
        server.authority()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body.unwrap_or_default());
    let mut socket = server.connect().await?;
    let work = async {
        // A server that rejects a request may close before it has read all of it.
        let _ = socket.write_all(&bytes).await;
        read(&mut socket, method == "HEAD").await
    };
    Ok(tokio::time::timeout(timeout, work).await.ok().flatten())
}

/// Sends bytes that need not be HTTP, and reads until no more arrive for some time; also returns
/// whether the server closed the connection.
///
/// # Errors
/// The address is invalid, or the server cannot be reached.
pub async fn raw(url: &str, bytes: &[u8], quiet: Duration) -> io::Result<(Vec<u8>, bool)> {
    let mut socket = Target::parse(url)?.connect().await?;
    let _ = socket.write_all(bytes).await;
    let (mut read, mut chunk) = (Vec::new(), [0; 16_384]);
    loop {
        match tokio::time::timeout(quiet, socket.read(&mut chunk)).await {
            Err(_) => return Ok((read, false)),
            Ok(Ok(0) | Err(_)) => return Ok((read, true)),
            Ok(Ok(count)) => read.extend_from_slice(&chunk[..count]),
        }
    }
}

async fn read(socket: &mut Box<dyn Stream>, head: bool) -> Option<Reply> {
    let mut bytes = Vec::new();
    loop {
        if let Some((reply, _)) = parsed(&bytes, head, false) {
            return Some(reply);
        }
        let mut chunk = [0; 65_536];
        match socket.read(&mut chunk).await {
            Ok(0) | Err(_) => return parsed(&bytes, head, true).map(|(reply, _)| reply),
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The first response in some bytes, and how long it is; none where it has not come as a whole. A
/// response of 1xx goes before another.
pub fn parsed(bytes: &[u8], head: bool, closed: bool) -> Option<(Reply, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let mut reply = Reply {
        status,
        headers,
        body: Vec::new(),
    };
    if head || status < 200 || status == 204 || status == 304 {
        return Some((reply, end));
    }
    let rest = &bytes[end..];
    let chunked = reply
        .header("transfer-encoding")
        .is_some_and(|coding| coding.contains("chunked"));
    if chunked {
        return match unchunked(rest) {
            Some((body, length)) => {
                reply.body = body;
                Some((reply, end + length))
            }
            None => closed.then(|| {
                reply.body = rest.to_vec();
                (reply, bytes.len())
            }),
        };
    }
    let length = reply
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    match length {
        Some(length) if rest.len() >= length => {
            reply.body = rest[..length].to_vec();
            Some((reply, end + length))
        }
        _ if closed => {
            reply.body = rest.to_vec();
            Some((reply, bytes.len()))
        }
        _ => None,
    }
}

fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..)?;
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let from = line + 2;
        if size == 0 {
            let end = rest
                .get(from..)?
                .windows(2)
                .position(|two| two == b"\r\n")?;
            return Some((body, at + from + end + 2));
        }
        body.extend_from_slice(rest.get(from..from + size)?);
        at += from + size + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addressed_by_url() {
        let target = Target::parse("https://folio.example/okapi/").unwrap();
        assert!(target.tls && target.port == 443 && target.base == "/okapi");
        assert_eq!(Target::parse("127.0.0.1:9130").unwrap().port, 9130);
        assert!(Target::parse("ftp://folio.example").is_err());
        assert!(Target::parse("http://folio.example:port").is_err());
    }

    #[test]
    fn responses_are_told_apart() {
        let bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno";
        let (first, length) = parsed(bytes, false, false).unwrap();
        assert_eq!(first.text(), "abc");
        let (second, _) = parsed(&bytes[length..], false, false).unwrap();
        assert_eq!((second.status, second.text().as_str()), (404, "no"));
        assert!(parsed(&bytes[..length - 3], false, false).is_none());
    }
}
