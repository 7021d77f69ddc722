//! Classifies failures without a response from the errors of the HTTP and TLS libraries: the
//! reason, whether the server may have executed the request, whether the failure is permanent, and
//! the remedy.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use crate::wire::error::ErrorKind;

/// The facts about a failure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    /// Whether the failure is permanent.
    pub(crate) lasts: bool,
    /// Whether the gateway closed the whole connection because it received too much
    /// (ENHANCE_YOUR_CALM).
    pub(crate) is_excess: bool,
    pub(crate) help: Option<&'static str>,
}

const CERTIFICATE_OF_CLIENT: &str =
    "the gateway requires a client certificate: set it with `client_certificate`";

const UNKNOWN_AUTHORITY: &str = "the gateway's certificate was not signed by an authority that this client trusts: set the root certificate of the library's own authority with `root_certificates` (the root certificate, not the gateway's)";

const VERSION: &str = "this client supports TLS 1.2 and TLS 1.3 with the cipher suites of rustls: the gateway must offer one of them";

const NO_TLS: &str = "the port does not use TLS: check whether the URL must begin with http://, or whether the gateway has another port for https://";

const HTTP_2_ONLY: &str = "the port uses HTTP/2 without TLS (h2c), which this client does not support: use the gateway's https:// URL, or a port for HTTP/1.1";

const PLAIN_TO_TLS: &str =
    "the port uses TLS, but the URL begins with http://: configure the https:// URL of the gateway";

/// For status 431, and nginx's 400.
pub(crate) const TOO_LARGE: &str = "the headers of the request are larger than the gateway accepts (Okapi: about 8 KB in total, nginx: 8 KiB per header): check which header is large, and whether the token has to be that long";

const CALM: &str = "the gateway closed the connection, usually because the request line or the headers are longer than it accepts: shorten or split the query";

impl Cause {
    /// `is_connect`: no connection was established; `is_timeout`: a timeout of the HTTP library or of
    /// the operating system expired. `timeout` is the timeout of the attempt.
    pub(crate) fn of(
        error: &(dyn StdError + 'static),
        is_connect: bool,
        is_timeout: bool,
        timeout: Duration,
    ) -> Self {
        let innermost = innermost(error);
        let text = innermost.to_string();
        if let Some(cause) = Self::of_http2(error) {
            return cause;
        }
        let new = |kind, message, help: Option<&'static str>| Self {
            kind,
            message,
            lasts: help.is_some(),
            is_excess: false,
            help,
        };
        if is_connect {
            let message = format!("the gateway cannot be reached: {text}");
            return new(ErrorKind::Connect, message, lasting_tls(&text));
        }
        if text == "keep-alive timed out"
            || has(error, |error| error.to_string() == "keep-alive timed out")
        {
            let message =
                "the connection is dead: the gateway did not respond to an HTTP/2 ping".to_owned();
            return new(ErrorKind::Transport, message, None);
        }
        let is_of_kernel = has(error, |error| {
            error.downcast_ref::<io::Error>().is_some_and(|error| {
                error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_some()
            })
        });
        if is_timeout && !is_of_kernel {
            return new(ErrorKind::Timeout, late(timeout), None);
        }
        // In TLS 1.3 the client learns only after the handshake that its certificate is missing or
        // rejected.
        let is_http_2 = text == "invalid HTTP version parsed";
        let help = lasting_tls(&text).or(is_http_2.then_some(HTTP_2_ONLY));
        let message = format!("the connection broke before the response was complete: {text}");
        new(ErrorKind::Transport, message, help)
    }

    /// The reasons that HTTP/2 states in GOAWAY and RST_STREAM.
    #[cfg(feature = "http2")]
    fn of_http2(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut next = Some(error);
        let found = loop {
            let error = next?;
            if let Some(found) = error.downcast_ref::<h2::Error>() {
                break found;
            }
            next = error.source();
        };
        let reason = found.reason().filter(|_| found.is_remote())?;
        let name = format!("{reason:?}");
        let new = |kind, message: String| Self {
            kind,
            message,
            lasts: false,
            is_excess: false,
            help: None,
        };
        if let Some(message) = unprocessed(found) {
            // As for a connection that could not be established.
            return Some(new(ErrorKind::Connect, message.to_owned()));
        }
        let of = if found.is_go_away() {
            "closed the connection"
        } else {
            "reset the request"
        };
        Some(Self {
            is_excess: reason == h2::Reason::ENHANCE_YOUR_CALM,
            ..new(
                ErrorKind::Transport,
                format!("the gateway {of} with {name}: {reason}"),
            )
        })
    }

    #[cfg(not(feature = "http2"))]
    fn of_http2(_: &(dyn StdError + 'static)) -> Option<Self> {
        None
    }
}

/// Why a server certainly did not process a request. RFC 9113, 6.8 and 8.7: streams above the last
/// id of a GOAWAY, and those reset with REFUSED_STREAM, were not processed. (h2 reports GOAWAY with
/// NO_ERROR to no other streams.)
#[cfg(feature = "http2")]
fn unprocessed(error: &h2::Error) -> Option<&'static str> {
    let reason = error.reason().filter(|_| error.is_remote())?;
    if error.is_go_away() && reason == h2::Reason::NO_ERROR {
        Some("the gateway is closing the connection, and did not process the request (GOAWAY)")
    } else if error.is_reset() && reason == h2::Reason::REFUSED_STREAM {
        Some("the gateway did not process the request (REFUSED_STREAM)")
    } else {
        None
    }
}

/// Whether a request was certainly not processed: a server states it over HTTP/2, or the connection
/// ended before hyper took the request (hyper-util names that `Canceled`, and returns it; other
/// errors of a request that was taken are `SendRequest`).
#[cfg(feature = "http2")]
pub(crate) fn is_unprocessed(error: &(dyn StdError + 'static)) -> bool {
    has(error, |error| {
        let error = error.downcast_ref::<h2::Error>();
        error.is_some_and(|error| unprocessed(error).is_some())
    }) || error.to_string() == "client error (Canceled)"
}

/// The message for a request whose connection was closed with ENHANCE_YOUR_CALM, given the size of
/// its URL and headers: whether this request caused it. The other requests of the connection did
/// not.
pub(crate) fn excess(head: usize) -> Option<String> {
    // No gateway in front of FOLIO has a smaller limit (Okapi: a request line of 4,096 bytes,
    // nginx: 8 KiB per header line).
    const SMALL: usize = 4000;
    (head > SMALL).then(|| {
        format!("not retried: the URL and headers of this request have {head} bytes; {CALM}")
    })
}

/// The remedy for a permanent TLS failure; none for a transient one. (TLS libraries have no common
/// error type, but all of them name the reason.)
fn lasting_tls(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&[
        "invalidcontenttype",
        "wrong version number",
        "wrong_version_number",
    ]) {
        return Some(NO_TLS);
    }
    if has(&[
        "protocolversion",
        "protocol version",
        "unsupported protocol",
        "peer is incompatible",
        "handshakefailure",
        "handshake failure",
        "noapplicationprotocol",
    ]) {
        return Some(VERSION);
    }
    if has(&["fatal alert"]) {
        // An alert of the gateway about a certificate refers to the client's.
        return has(&["certificate", "unknownca", "accessdenied"]).then_some(CERTIFICATE_OF_CLIENT);
    }
    if !has(&["certificate", "unknownca", "caused as", "unknown issuer"]) {
        return None;
    }
    if has(&["notvalidforname", "not valid for name", "hostname mismatch"]) {
        return Some(
            "the gateway's certificate was issued for another host: the URL must contain the host name of the certificate",
        );
    }
    if has(&["expired", "notvalidyet", "not valid yet"]) {
        return Some(
            "the gateway's certificate is expired or not yet valid: renew it, or correct this computer's clock",
        );
    }
    Some(UNKNOWN_AUTHORITY)
}

/// The remedy that a gateway's own error page implies, if it is about how the client connects.
pub(crate) fn of_page(message: &str) -> Option<&'static str> {
    // nginx, and gateways based on it (Kong, OpenResty).
    if message.contains("plain HTTP request was sent to HTTPS port") {
        Some(PLAIN_TO_TLS)
    } else if message.contains("No required SSL certificate was sent")
        || message.contains("SSL Certificate Required")
        || message.contains("The SSL certificate error")
        || message.contains("SSL Certificate Error")
    {
        Some(CERTIFICATE_OF_CLIENT)
    } else if message.contains("Request Header Or Cookie Too Large")
        || message.contains("Request Header Fields Too Large")
    {
        Some(TOO_LARGE)
    } else {
        None
    }
}

/// The message for an attempt that took too long.
pub(crate) fn late(timeout: Duration) -> String {
    format!("no complete response within {} s", timeout.as_secs_f64())
}

/// Whether an error or one of its causes passes a test.
pub(crate) fn has(
    error: &(dyn StdError + 'static),
    test: impl Fn(&(dyn StdError + 'static)) -> bool,
) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if test(error) {
            return true;
        }
        next = error.source();
    }
    false
}

/// The innermost cause states the reason; the outer ones say "client error (SendRequest)".
pub(crate) fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[derive(Debug)]
    struct Outer<E>(E);

    impl<E> fmt::Display for Outer<E> {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("error sending request")
        }
    }

    impl<E: StdError + 'static> StdError for Outer<E> {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_timeout_of_the_kernel_is_not_one_of_the_client() {
        // ETIMEDOUT of Linux: the error of a connection whose packets are not acknowledged.
        let kernel = Outer(io::Error::from_raw_os_error(110));
        assert_eq!(kernel.0.kind(), io::ErrorKind::TimedOut);
        let cause = Cause::of(&kernel, false, true, MINUTE);
        assert_eq!(cause.kind, ErrorKind::Transport);
        assert!(!cause.message.contains("60 s") && cause.message.contains("timed out"));
        // The client's own timeout is such an error without an OS error code.
        let own = Outer(io::Error::new(
            io::ErrorKind::TimedOut,
            "operation timed out",
        ));
        let cause = Cause::of(&own, false, true, MINUTE);
        assert_eq!(cause.kind, ErrorKind::Timeout);
        assert!(cause.message.contains("60 s"));
    }

    #[test]
    fn what_lasts_in_tls_has_a_remedy() {
        for (text, word) in [
            (
                "received corrupt message of type InvalidContentType",
                "http://",
            ),
            ("received fatal alert: ProtocolVersion", "TLS 1.2"),
            ("received fatal alert: HandshakeFailure", "TLS 1.2"),
            (
                "peer is incompatible: ServerTlsVersionIsDisabledByOurConfig",
                "TLS 1.2",
            ),
            (
                "invalid peer certificate: UnknownIssuer",
                "`root_certificates`",
            ),
            (
                "invalid peer certificate: BadSignature",
                "`root_certificates`",
            ),
            (
                "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
                "`root_certificates`",
            ),
            ("invalid peer certificate: certificate expired: …", "clock"),
            (
                "invalid peer certificate: certificate not valid for name \"a\"",
                "host",
            ),
            (
                "received fatal alert: CertificateRequired",
                "`client_certificate`",
            ),
            ("received fatal alert: UnknownCA", "`client_certificate`"),
        ] {
            let help = lasting_tls(text);
            assert!(
                help.is_some_and(|help| help.contains(word)),
                "{text}: {help:?}"
            );
        }
        for transient in [
            "tls handshake eof",
            "Connection refused (os error 111)",
            "received fatal alert: InternalError",
            "failed to lookup address information: Temporary failure in name resolution",
        ] {
            assert_eq!(lasting_tls(transient), None, "{transient}");
        }
    }
}
