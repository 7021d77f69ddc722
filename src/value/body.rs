//! Request bodies: bytes, or streams that are never held in memory as a whole.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, ReadBuf};

/// The body of a request.
///
/// Bytes and text are sent as they are. Large content is read while it is sent and is never held in
/// memory as a whole: a [`file`](Self::file), a [`reader`](Self::reader), a
/// [`stream`](Self::stream).
///
/// A failed request may be retried ([`RetryPolicy`](crate::RetryPolicy)), and a request whose token
/// was rejected is sent again. Bytes, files and bodies made by [`reopen`](Self::reopen) can be sent
/// again. A reader or a stream is consumed by reading: a request with such a body is retried only
/// if nothing of it was read; otherwise the error states the reason.
///
/// ```
/// use folio_sdk::Body;
///
/// let small = Body::from("ISBN,title\n");
/// let large = Body::file("/data/authorities.mrc");
/// let piped = Body::reader(tokio::io::empty()).length(0);
/// ```
#[derive(Clone)]
pub struct Body(BodyInner);

#[derive(Clone)]
enum BodyInner {
    Whole(Bytes),
    Once(Arc<Once>),
    Opened(Arc<dyn Fn() -> Opening + Send + Sync>),
    Chain(Arc<[Body]>),
}

/// A stream that can be read only once.
struct Once {
    /// None once it is read.
    chunks: Mutex<Option<Chunks>>,
    length: Option<u64>,
}

type Chunks = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;
type Opening = Pin<Box<dyn Future<Output = io::Result<Body>> + Send>>;

/// The size of the pieces in which a file or reader is read.
pub(crate) const CHUNK: usize = 64 * 1024;

impl Body {
    /// The output of a stream, piece by piece. It can be sent only once.
    ///
    /// Its length is unknown: it is sent in chunks (`Transfer-Encoding: chunked`), unless
    /// [`length`](Self::length) is called. An error of the stream ends the request with
    /// [`ErrorKind::Request`](crate::ErrorKind::Request).
    pub fn stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        Self::once(Box::pin(Converted(Box::pin(stream))), None)
    }

    /// The output of a reader, read while it is sent. It can be sent only once. Its length is
    /// unknown, see [`stream`](Self::stream).
    pub fn reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::once(Box::pin(Read::new(reader)), None)
    }

    /// A file, opened for each attempt and read while it is sent, with its length. It can be sent
    /// again.
    ///
    /// A missing file is reported when the request is sent, with an error of kind
    /// [`ErrorKind::Request`](crate::ErrorKind::Request).
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path: Arc<Path> = path.as_ref().into();
        Self::reopen(move || {
            let path = Arc::clone(&path);
            async move {
                let named = |error: io::Error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                };
                let file = tokio::fs::File::open(&path).await.map_err(named)?;
                let length = file.metadata().await.map_err(named)?.len();
                Ok(Self::reader(file).length(length))
            }
        })
    }

    /// A body that is reopened for each attempt, so that it can be sent again: an object of a
    /// store, a query.
    ///
    /// ```
    /// use folio_sdk::Body;
    ///
    /// let body = Body::reopen(|| async { Ok(Body::reader(tokio::io::repeat(b'x')).length(1_000_000)) });
    /// ```
    pub fn reopen<F, O>(open: F) -> Self
    where
        F: Fn() -> O + Send + Sync + 'static,
        O: Future<Output = io::Result<Self>> + Send + 'static,
    {
        Self(BodyInner::Opened(Arc::new(move || Box::pin(open()))))
    }

    /// Declares the length in bytes of a stream or reader. It is sent as `Content-Length`, which
    /// some servers require. The request fails if the actual length differs. Without effect on a
    /// body whose length is already known.
    #[must_use]
    pub fn length(self, bytes: u64) -> Self {
        match self.0 {
            BodyInner::Once(once) if once.length.is_none() => {
                Self::once(Box::pin(Taken(Arc::clone(&once), None)), Some(bytes))
            }
            other => Self(other),
        }
    }

    /// Concatenates two bodies.
    pub(crate) fn chain(parts: Vec<Self>) -> Self {
        Self(BodyInner::Chain(parts.into()))
    }

    fn once(chunks: Chunks, length: Option<u64>) -> Self {
        Self(BodyInner::Once(Arc::new(Once {
            chunks: Mutex::new(Some(chunks)),
            length,
        })))
    }

    /// The bytes, if the body is in memory.
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            BodyInner::Whole(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether it was read and cannot be read again.
    pub(crate) fn is_spent(&self) -> bool {
        match &self.0 {
            BodyInner::Whole(_) | BodyInner::Opened(_) => false,
            BodyInner::Once(once) => once
                .chunks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_none(),
            BodyInner::Chain(parts) => parts.iter().any(Self::is_spent),
        }
    }

    /// Opens the files or readers of the body and returns its length.
    pub(crate) async fn open(&self) -> io::Result<Opened> {
        let mut pieces = Vec::new();
        let mut length = Some(0_u64);
        let mut open: Vec<Self> = vec![self.clone()];
        while let Some(body) = open.pop() {
            let own = match body.0 {
                BodyInner::Whole(bytes) => {
                    let length = bytes.len() as u64;
                    pieces.push(Piece::Bytes(bytes));
                    Some(length)
                }
                BodyInner::Once(once) => {
                    let length = once.length;
                    pieces.push(Piece::Chunks(Box::pin(Taken(once, None))));
                    length
                }
                BodyInner::Opened(opener) => {
                    open.push(opener().await?);
                    Some(0)
                }
                BodyInner::Chain(parts) => {
                    open.extend(parts.iter().rev().cloned());
                    Some(0)
                }
            };
            length = length.zip(own).and_then(|(sum, own)| sum.checked_add(own));
        }
        pieces.reverse();
        Ok(Opened { pieces, length })
    }
}

impl fmt::Debug for Body {
    /// Shows no content.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            BodyInner::Whole(bytes) => write!(out, "Body({} bytes)", bytes.len()),
            BodyInner::Once(once) => match once.length {
                Some(length) => write!(out, "Body(stream of {length} bytes)"),
                None => out.write_str("Body(stream)"),
            },
            BodyInner::Opened(_) => out.write_str("Body(opened for each attempt)"),
            BodyInner::Chain(parts) => write!(out, "Body({} parts)", parts.len()),
        }
    }
}

impl Default for Body {
    /// Nothing.
    fn default() -> Self {
        Self(BodyInner::Whole(Bytes::new()))
    }
}

macro_rules! from_bytes {
    ($($type:ty),*) => {
        $(impl From<$type> for Body {
            fn from(bytes: $type) -> Self {
                Self(BodyInner::Whole(bytes.into()))
            }
        })*
    };
}

from_bytes!(Bytes, Vec<u8>, String, &'static str, &'static [u8]);

/// A stream of chunks convertible to bytes, with its own error type.
struct Converted<S>(Pin<Box<S>>);

impl<S, B, E> Stream for Converted<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0
            .as_mut()
            .poll_next(context)
            .map(|item| item.map(|item| item.map(Into::into).map_err(io::Error::other)))
    }
}

/// A reader as a stream.
struct Read<R> {
    reader: Pin<Box<R>>,
    buffer: Box<[u8]>,
}

impl<R> Read<R> {
    fn new(reader: R) -> Self {
        Self {
            reader: Box::pin(reader),
            buffer: Box::default(),
        }
    }
}

impl<R: AsyncRead> Stream for Read<R> {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { reader, buffer } = self.get_mut();
        if buffer.is_empty() {
            *buffer = vec![0; CHUNK].into();
        }
        let mut read = ReadBuf::new(buffer);
        ready!(reader.as_mut().poll_read(context, &mut read))?;
        let chunk = read.filled();
        Poll::Ready((!chunk.is_empty()).then(|| Ok(Bytes::copy_from_slice(chunk))))
    }
}

/// A stream that is moved out of its body on the first read.
struct Taken(Arc<Once>, Option<Chunks>);

impl Stream for Taken {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self(once, chunks) = self.get_mut();
        if chunks.is_none() {
            *chunks = once
                .chunks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
        }
        match chunks {
            Some(chunks) => chunks.as_mut().poll_next(context),
            None => Poll::Ready(Some(Err(io::Error::other(
                "an earlier attempt has already read the stream",
            )))),
        }
    }
}

enum Piece {
    Bytes(Bytes),
    Chunks(Chunks),
}

/// A body that is ready to be sent.
pub(crate) struct Opened {
    /// In reverse order of sending.
    pieces: Vec<Piece>,
    length: Option<u64>,
}

/// The progress of sending a body.
#[derive(Debug, Default)]
pub(crate) struct UploadProgress {
    sent: AtomicU64,
    /// Whether the connection has the last piece and has not requested the next one; false while
    /// the body produces a piece, and at its end.
    is_sending: AtomicBool,
    /// Whether the body was polled for its next piece and has not produced it.
    is_reading: AtomicBool,
    failed: Mutex<Option<String>>,
}

impl UploadProgress {
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether the sender waits for the connection.
    pub(crate) fn is_sending(&self) -> bool {
        self.is_sending.load(Ordering::Relaxed)
    }

    /// Whether the sender waits for the body.
    pub(crate) fn is_reading(&self) -> bool {
        self.is_reading.load(Ordering::Relaxed)
    }

    /// The error of reading the body.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Opened {
    /// Bytes, in pieces, to observe whether the connection accepts them.
    pub(crate) fn of(bytes: &Bytes) -> Self {
        let mut rest = bytes.clone();
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            pieces.push(Piece::Bytes(rest.split_to(rest.len().min(CHUNK))));
        }
        pieces.reverse();
        Self {
            pieces,
            length: Some(bytes.len() as u64),
        }
    }

    pub(crate) fn into_request(self, progress: Arc<UploadProgress>) -> Wire {
        Wire {
            // Never locked: it makes the streams `Sync`.
            pieces: Mutex::new(self.pieces),
            left: self.length,
            progress,
        }
    }
}

/// A body while it is sent.
pub(crate) struct Wire {
    pieces: Mutex<Vec<Piece>>,
    left: Option<u64>,
    progress: Arc<UploadProgress>,
}

impl Wire {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let pieces = self
            .pieces
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            match pieces.last_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => {
                    let bytes = std::mem::take(bytes);
                    pieces.pop();
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Piece::Chunks(chunks)) => match ready!(chunks.as_mut().poll_next(context)) {
                    Some(chunk) => return Poll::Ready(Some(chunk)),
                    None => _ = pieces.pop(),
                },
            }
        }
    }
}

impl http_body::Body for Wire {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = self.poll(context);
        let left = |taken: usize| self.left.is_none_or(|left| left > taken as u64);
        let is_sending = matches!(&polled, Poll::Ready(Some(Ok(chunk))) if left(chunk.len()));
        self.progress
            .is_sending
            .store(is_sending, Ordering::Relaxed);
        self.progress
            .is_reading
            .store(polled.is_pending(), Ordering::Relaxed);
        let chunk = ready!(polled);
        let checked = match (chunk, self.left) {
            (Some(Ok(chunk)), Some(left)) => match left.checked_sub(chunk.len() as u64) {
                Some(left) => {
                    self.left = Some(left);
                    Some(Ok(chunk))
                }
                None => Some(Err(io::Error::other(
                    "it is longer than its declared length",
                ))),
            },
            (None, Some(left @ 1..)) => Some(Err(io::Error::other(format!(
                "it is {left} bytes shorter than its declared length"
            )))),
            (chunk, _) => chunk,
        };
        Poll::Ready(checked.map(|chunk| match chunk {
            Ok(chunk) => {
                self.progress
                    .sent
                    .fetch_add(chunk.len() as u64, Ordering::Relaxed);
                Ok(Frame::data(chunk))
            }
            Err(error) => {
                *self
                    .progress
                    .failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                Err(error)
            }
        }))
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
