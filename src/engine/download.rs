//! A response that is read piece by piece.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::engine::failure::TransportFailure;
use crate::engine::limit::OwnedPermit;
use crate::engine::memory::MemoryLimits;
use crate::engine::transport::Incoming;
use crate::record::lenient;
use crate::wire::error::{Error, ErrorKind, Result};
use crate::wire::response::{Response, is_stray_page};
use crate::wire::server_message;

/// A successful response whose body is still arriving: a stream of pieces, each as large as the
/// connection delivers at once.
///
/// Data is requested only as fast as it is read: otherwise the server waits. Dropping it cancels
/// the rest. If the connection breaks, or is idle for longer than the client's timeout, the stream
/// ends with an error; it is not retried.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// use folio_sdk::{Method, Request};
///
/// let export = folio.open(Request::to(Method::GET, "/data-export-spring/jobs/7212ba6a-8dcf-45a1-be9a-ffaa847c4423/download")).await?;
/// println!("{:?} bytes", export.length());
/// export.save("/tmp/export.mrc").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "the body is not read before it is polled"]
pub struct Download {
    head: Response,
    body: Box<Incoming>,
    /// It counts as in flight until the end.
    permit: Option<OwnedPermit>,
    memory: MemoryLimits,
    received: u64,
    ended: bool,
}

impl Download {
    pub(crate) fn new(
        head: Response,
        rest: Option<(Box<Incoming>, OwnedPermit)>,
        memory: MemoryLimits,
    ) -> Self {
        let (body, permit) = rest.unzip();
        Self {
            head,
            body: body.unwrap_or_else(|| Box::new(Incoming::empty())),
            permit,
            memory,
            received: 0,
            ended: false,
        }
    }

    /// The status, 200 to 299.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// A header as text; none if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The size in bytes that the server stated with `Content-Length`; none if it did not, or if
    /// the body is compressed: then the header states the compressed size.
    pub fn length(&self) -> Option<u64> {
        self.header("content-length")?.trim().parse().ok()
    }

    /// The number of bytes read so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The next piece; none at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Reads the rest into memory.
    ///
    /// # Errors
    /// The connection broke, or was idle for too long.
    pub async fn bytes(self) -> Result<Bytes> {
        self.whole().await.map(Response::into_body)
    }

    /// Reads the rest into memory, as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::Decode`] if it is not UTF-8.
    pub async fn text(self) -> Result<String> {
        self.whole().await?.text()
    }

    async fn whole(mut self) -> Result<Response> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            let most = self.memory.of_response();
            if whole.len() + piece.len() > most.bytes {
                return Err(self.end(TransportFailure::too_large(most, "the response")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(self.head.with_body(whole.freeze()))
    }

    /// Writes the rest to `writer` while it arrives, and returns the number of bytes.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes); [`ErrorKind::Io`] if writing fails.
    pub async fn write_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> Result<u64> {
        let mut written = 0;
        while let Some(piece) = self.next().await {
            let piece = piece?;
            let outcome = writer.write_all(&piece).await;
            outcome.map_err(|error| self.unwritten("the response", error))?;
            written += piece.len() as u64;
        }
        let flushed = writer.flush().await;
        flushed.map_err(|error| self.unwritten("the response", error))?;
        Ok(written)
    }

    /// Writes the rest into a file while it arrives, and returns the number of bytes. The file has
    /// a temporary name (`….part`) until it is complete; an existing file is replaced then.
    ///
    /// # Errors
    /// As [`write_to`](Self::write_to). After an error the file is absent or unchanged.
    pub async fn save(mut self, path: impl AsRef<Path>) -> Result<u64> {
        let path = path.as_ref();
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = Part(part.into());
        let named = |download: &Self, error| download.unwritten(&path.display().to_string(), error);
        let mut file = tokio::fs::File::create(&part.0)
            .await
            .map_err(|error| named(&self, error))?;
        let mut written = 0;
        while let Some(piece) = self.next().await {
            let piece = piece?;
            let outcome = file.write_all(&piece).await;
            outcome.map_err(|error| named(&self, error))?;
            written += piece.len() as u64;
        }
        let flushed = file.flush().await;
        flushed.map_err(|error| named(&self, error))?;
        drop(file);
        tokio::fs::rename(&part.0, path)
            .await
            .map_err(|error| named(&self, error))?;
        Ok(written)
    }

    /// The records of a response with concatenated records (`application/stream+json`, one record
    /// per line): see [`Records`].
    pub fn records<T: DeserializeOwned>(self) -> Records<T> {
        Records {
            download: self,
            rest: BytesMut::new(),
            searched: 0,
            unbroken: UNBROKEN,
            ready: VecDeque::new(),
            count: 0,
            mark_may_come: true,
            ended: false,
            record: PhantomData,
        }
    }

    pub(crate) fn unwritten(&self, what: &str, error: std::io::Error) -> Error {
        Error::transport(
            ErrorKind::Io,
            self.head.exchange().clone(),
            format!("{what} cannot be written: {error}"),
            Some(std::sync::Arc::new(error)),
        )
    }

    /// Whether it starts as an HTML page, which the operation does not return. A call by path may
    /// request any page.
    fn is_stray_page(&self, beginning: &[u8]) -> bool {
        let operation = self.head.exchange().operation;
        !operation.name.is_empty() && is_stray_page(self.headers(), beginning, operation)
    }

    /// Ends it with an error.
    fn end(&mut self, mut failure: TransportFailure) -> Error {
        self.ended = true;
        self.permit = None;
        if failure.kind == ErrorKind::Transport {
            failure.message = format!("{} (after {} bytes)", failure.message, self.received);
        }
        failure.into_error(self.head.exchange().clone())
    }
}

/// A file that is removed unless it was given its final name.
struct Part(std::path::PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Gone already if it was renamed.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = ready!(self.body.poll_piece(context));
        Poll::Ready(match piece {
            Some(Ok(piece)) if self.received == 0 && self.is_stray_page(&piece) => {
                self.ended = true;
                self.permit = None;
                let exchange = self.head.exchange().clone();
                let message =
                    server_message::mistaken(&piece, exchange.sensitive, &exchange.secrets());
                Some(Err(Error::unexpected(
                    exchange,
                    message.unwrap_or_default(),
                    &piece,
                )))
            }
            Some(Ok(piece)) => {
                self.received += piece.len() as u64;
                Some(Ok(piece))
            }
            Some(Err(failure)) => Some(Err(self.end(failure))),
            None => {
                self.ended = true;
                self.permit = None;
                None
            }
        })
    }
}

impl fmt::Debug for Download {
    /// Shows neither headers nor body.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Download")
            .field("status", &self.status())
            .field("url", &self.head.exchange().shown_url())
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

/// The records of a response that is read piece by piece, in bounded memory: one record per line,
/// or concatenated.
///
/// Lines end only at `\n`: FOLIO writes U+2028 and similar characters unescaped. A line that is not
/// a record results in an error of kind [`ErrorKind::Record`](crate::ErrorKind::Record) in its
/// place, with the line, and the stream continues. After any other error it ends.
#[must_use = "a stream reads nothing before it is polled"]
pub struct Records<T> {
    download: Download,
    /// Data that was read and is not a complete line yet.
    rest: BytesMut,
    /// The length of its part without an end of line.
    searched: usize,
    /// The length without an end of line from which it is searched for complete records.
    unbroken: usize,
    /// Records of a line that contains several.
    ready: VecDeque<Result<T>>,
    count: u64,
    /// Nothing was read yet: a byte order mark may precede the first record.
    mark_may_come: bool,
    ended: bool,
    record: PhantomData<fn() -> T>,
}

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl<T> Unpin for Records<T> {}

/// The length of a line from which it is searched for several records: some modules write no ends
/// of lines at all.
const UNBROKEN: usize = 64 * 1024;

/// The length of the complete records at the start of a line.
fn whole(line: &[u8]) -> usize {
    let mut values =
        serde_json::Deserializer::from_slice(line).into_iter::<serde::de::IgnoredAny>();
    let mut end = 0;
    while let Some(Ok(_)) = values.next() {
        // A number may continue.
        if line
            .get(..values.byte_offset())
            .is_some_and(|read| read.ends_with(b"}"))
        {
            end = values.byte_offset();
        }
    }
    end
}

impl<T: DeserializeOwned> Records<T> {
    /// The next record; none at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Reads a line. Some modules concatenate records without an end of line between them.
    fn line(&mut self, line: &[u8]) {
        let mut at = 0;
        while let Some(rest) = line.get(at..).filter(|rest| !rest.trim_ascii().is_empty()) {
            let read = lenient::reading(|| {
                let mut values =
                    serde_json::Deserializer::from_slice(rest).into_iter::<Option<T>>();
                let value = values.next().transpose()?;
                Ok(value.map(|value| (value, values.byte_offset())))
            });
            let outcome = match read.transpose() {
                Some(Ok((record, length))) => {
                    at += length;
                    record.map(Ok)
                }
                Some(Err(error)) => {
                    // The end of this value is known if it is JSON but not a record.
                    let mut any = serde_json::Deserializer::from_slice(rest)
                        .into_iter::<serde::de::IgnoredAny>();
                    let length = match any.next() {
                        Some(Ok(_)) => any.byte_offset(),
                        _ => rest.len(),
                    };
                    at += length;
                    let json = rest.get(..length).unwrap_or(rest);
                    Some(Err(Error::record(
                        self.download.head.exchange().clone(),
                        self.count,
                        id_of(json),
                        json,
                        error,
                    )))
                }
                None => break,
            };
            if let Some(outcome) = outcome {
                self.count += 1;
                self.ready.push_back(outcome);
            }
        }
    }
}

/// The `id` of a record, if it can be read that far.
fn id_of(json: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        id: Option<String>,
    }
    serde_json::from_slice::<Named>(json).ok()?.id
}

impl<T: DeserializeOwned> Stream for Records<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Poll::Ready(Some(record));
            }
            let unsearched = self.rest.get(self.searched..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', unsearched) {
                let end = self.searched + length + 1;
                let line = self.rest.split_to(end);
                self.searched = 0;
                self.unbroken = UNBROKEN;
                self.line(&line);
                continue;
            }
            self.searched = self.rest.len();
            if self.rest.len() >= self.unbroken {
                let end = whole(&self.rest);
                let records = self.rest.split_to(end);
                self.searched = self.rest.len();
                // So that a large record is not parsed again with each piece of it.
                self.unbroken = UNBROKEN.max(self.rest.len().saturating_mul(2));
                self.line(&records);
                continue;
            }
            if self.ended {
                if self.rest.is_empty() {
                    return Poll::Ready(None);
                }
                let line = std::mem::take(&mut self.rest);
                self.searched = 0;
                self.line(&line);
                continue;
            }
            let most = self.download.memory.of_record();
            if self.rest.len() > most.bytes {
                let what = format!("record {} of the response", self.count);
                let error = self.download.end(TransportFailure::too_large(most, what));
                self.rest.clear();
                self.searched = 0;
                self.ended = true;
                return Poll::Ready(Some(Err(error)));
            }
            match ready!(Pin::new(&mut self.download).poll_next(context)) {
                Some(Ok(piece)) => {
                    self.rest.extend_from_slice(&piece);
                    if self.mark_may_come && self.rest.len() >= MARK.len() {
                        self.mark_may_come = false;
                        if self.rest.starts_with(MARK) {
                            self.rest.advance(MARK.len());
                        }
                    }
                }
                Some(Err(error)) => {
                    self.ended = true;
                    // The remainder is an incomplete record.
                    self.rest.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.ended = true,
            }
        }
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Records")
            .field("download", &self.download)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
