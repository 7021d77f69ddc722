//! A server that reads and writes bodies piece by piece without storing them: large bodies are
//! counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::settle;

/// The received requests, without bodies longer than a test inspects.
#[derive(Clone, Debug, Default)]
pub struct Got {
    pub head: String,
    pub length: u64,
    /// The first kilobytes of the body.
    pub start: Vec<u8>,
    /// The sum of all bytes of the body.
    pub sum: u64,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.start).into_owned()
    }
}

/// The response to a request: a head, and pieces that are written one after the other.
pub struct Flow {
    pub head: String,
    pub pieces: Box<dyn Iterator<Item = Vec<u8>> + Send>,
}

impl Flow {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let length = match status {
            204 => String::new(),
            _ => format!("content-length: {}\r\n", body.len()),
        };
        Self {
            head: format!("HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{length}"),
            pieces: Box::new(std::iter::once(body)),
        }
    }

    /// `count` times the same piece.
    pub fn large(content_type: &str, piece: Vec<u8>, count: usize) -> Self {
        let length = piece.len() * count;
        Self {
            head: format!(
                "HTTP/1.1 200 X\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n"
            ),
            pieces: Box::new(std::iter::repeat_n(piece, count)),
        }
    }
}

type Script = dyn Fn(&Got, usize) -> Flow + Send + Sync;

#[derive(Clone)]
pub struct Streams {
    pub url: String,
    log: Arc<Mutex<Vec<Got>>>,
    /// How many bytes of bodies were written.
    pub written: Arc<AtomicU64>,
}

impl Streams {
    /// `script` responds to a request; it gets the number of earlier requests. Logins are handled
    /// automatically.
    pub async fn start(script: impl Fn(&Got, usize) -> Flow + Send + Sync + 'static) -> Self {
        Self::start_with(Arc::new(script)).await
    }

    async fn start_with(script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            log: Arc::default(),
            written: Arc::default(),
        };
        let shared = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, script) = (shared.clone(), Arc::clone(&script));
                tokio::spawn(async move {
                    let _ = server.serve(BufReader::new(stream), script).await;
                });
            }
        });
        server
    }

    pub fn builder(&self) -> folio_sdk::FolioClientBuilder {
        folio_sdk::FolioClient::builder(&self.url)
            .tenant("diku")
            .credentials("ann", "secret")
            .retry(crate::server::quick())
    }

    pub async fn connect(&self) -> folio_sdk::FolioClient {
        self.builder().connect().await.unwrap()
    }

    /// Waits until it writes no more, because the client does not read; returns the number of body
    /// bytes written.
    pub async fn quiet(&self) -> u64 {
        let mut before = None;
        loop {
            let now = self.written.load(Ordering::Relaxed);
            if before == Some(now) {
                return now;
            }
            before = Some(now);
            settle().await;
        }
    }

    pub fn log(&self) -> Vec<Got> {
        self.log.lock().unwrap().clone()
    }

    pub fn last(&self) -> Got {
        self.log().pop().unwrap()
    }

    async fn serve(
        &self,
        mut stream: BufReader<TcpStream>,
        script: Arc<Script>,
    ) -> std::io::Result<()> {
        loop {
            let mut got = Got::default();
            loop {
                let before = got.head.len();
                if stream.read_line(&mut got.head).await? == 0 {
                    return Ok(());
                }
                if got.head.len() - before <= 2 {
                    break;
                }
            }
            if got.header("transfer-encoding") == "chunked" {
                loop {
                    let mut size = String::new();
                    stream.read_line(&mut size).await?;
                    let size =
                        u64::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
                    take(&mut stream, size, &mut got).await?;
                    stream.read_line(&mut String::new()).await?;
                    if size == 0 {
                        break;
                    }
                }
            } else {
                let length = got.header("content-length").parse().unwrap_or(0);
                take(&mut stream, length, &mut got).await?;
            }
            if got.head.contains("/authn/login") || got.head.contains("/authn/refresh") {
                let cookies = "set-cookie: folioAccessToken=a.b.c; Path=/\r\nset-cookie: folioRefreshToken=d.e.f; Path=/authn\r\n";
                let head = format!("HTTP/1.1 201 X\r\n{cookies}content-length: 2\r\n\r\n{{}}");
                stream.write_all(head.as_bytes()).await?;
                continue;
            }
            let before = {
                let mut log = self.log.lock().unwrap();
                log.push(got.clone());
                log.len() - 1
            };
            let flow = script(&got, before);
            stream
                .write_all(format!("{}\r\n", flow.head).as_bytes())
                .await?;
            for piece in flow.pieces {
                stream.write_all(&piece).await?;
                self.written
                    .fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            stream.flush().await?;
            if flow.head.contains("connection: close") {
                return Ok(());
            }
        }
    }
}

async fn take(
    stream: &mut BufReader<TcpStream>,
    mut length: u64,
    got: &mut Got,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while length > 0 {
        let most = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let piece = &buffer[..read];
        got.length += read as u64;
        got.sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        if got.start.len() < 4096 {
            got.start.extend_from_slice(&piece[..read.min(4096)]);
        }
        length -= read as u64;
    }
    Ok(())
}
