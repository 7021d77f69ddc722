//! A server with minimal cost: it derives pages of instances from one that is rendered in advance,
//! and accepts batches.
//!
//! The identifiers are distributed over the space of UUIDs, and are the only difference between
//! records. Of a query it evaluates only comparisons of `id`, which lists and harvests use.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;

use crate::sample;

/// Rendered records: more than any page has.
const RENDERED: usize = 2_000;

pub(crate) struct Fixture {
    records: u64,
    /// The distance of an identifier from the next, in its first 32 bits.
    step: u64,
    latency: Duration,
    /// Concatenated records, each with a trailing comma.
    rendered: Vec<u8>,
    /// The length of a record.
    size: usize,
    /// The position of the identifier in a record.
    at: usize,
}

/// Serves `records` instances until the process is ended; prints its port.
pub(crate) async fn serve(records: u64, latency: Duration) -> std::io::Result<()> {
    let fixture = Arc::new(Fixture::new(records, latency));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let fixture = Arc::clone(&fixture);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&fixture), request));
            let http = hyper::server::conn::http1::Builder::new();
            // A disconnected client is ignored.
            let _ = http.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(
    fixture: Arc<Fixture>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let posted = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    tokio::time::sleep(fixture.latency).await;
    let (status, body) = match (parts.method.clone(), parts.uri.path()) {
        (_, "/authn/login-with-expiry") => {
            let body = r#"{"accessTokenExpiration":"2099-01-01T00:00:00Z","refreshTokenExpiration":"2099-01-02T00:00:00Z"}"#;
            (StatusCode::CREATED, Bytes::from(body))
        }
        (Method::GET, "/instance-storage/instances") => (
            StatusCode::OK,
            fixture.page(parts.uri.query().unwrap_or_default()),
        ),
        (Method::POST, "/instance-storage/instances/retrieve") => {
            // Written records are not stored: none exists yet.
            let body = r#"{"instances":[],"totalRecords":0,"resultInfo":{"totalRecords":0,"diagnostics":[]}}"#;
            (StatusCode::OK, Bytes::from(body))
        }
        (Method::POST, "/instance-storage/batch/synchronous") => {
            (StatusCode::CREATED, Bytes::new())
        }
        (Method::POST, "/instance-storage/instances") => (StatusCode::CREATED, posted),
        _ => (
            StatusCode::NOT_FOUND,
            Bytes::from("No suitable module found for path"),
        ),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::NOT_FOUND {
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("text/plain"),
        );
    } else {
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
    }
    if parts.uri.path() == "/authn/login-with-expiry" {
        for cookie in [
            "folioAccessToken=a; Path=/; HttpOnly",
            "folioRefreshToken=r; Path=/authn; HttpOnly",
        ] {
            headers.append(header::SET_COOKIE, header::HeaderValue::from_static(cookie));
        }
    }
    Ok(response)
}

impl Fixture {
    pub(crate) fn new(records: u64, latency: Duration) -> Self {
        let record = format!("{},", sample::instance(0));
        let at = record.find("\"id\":\"").map_or(0, |at| at + 6);
        Self {
            records,
            step: (1 << 32) / records.max(1),
            latency,
            size: record.len(),
            at,
            rendered: record.repeat(RENDERED).into_bytes(),
        }
    }

    /// A page: the records of the range that the query's comparisons of `id` select, from `offset`
    /// on.
    pub(crate) fn page(&self, query: &str) -> Bytes {
        let parameter = |name: &str| {
            let value = query.split('&').find_map(|pair| {
                pair.split_once('=')
                    .filter(|(key, _)| *key == name)
                    .map(|(_, value)| value)
            })?;
            Some(
                percent_decode_str(&value.replace('+', " "))
                    .decode_utf8_lossy()
                    .into_owned(),
            )
        };
        let number = |name: &str, default: u64| {
            parameter(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        let (mut from, mut to) = (0, self.records);
        let cql = parameter("query").unwrap_or_default();
        for (place, _) in cql.match_indices("id") {
            let rest = cql.get(place + 2..).unwrap_or_default().trim_start();
            let operator = ["<=", ">=", "<", ">"]
                .into_iter()
                .find(|operator| rest.starts_with(operator));
            let Some((operator, prefix)) = operator.and_then(|operator| {
                let value = rest
                    .get(operator.len()..)?
                    .trim_start()
                    .trim_start_matches('"');
                Some((operator, u64::from_str_radix(value.get(..8)?, 16).ok()?))
            }) else {
                continue;
            };
            // The number of identifiers less than the value. The identifier of record n is n times
            // the step, plus a constant part.
            let same = "-0000-4000-8000-000000000001";
            let value = rest
                .split('"')
                .nth(1)
                .and_then(|value| value.get(8..))
                .unwrap_or_default();
            let (mut less, exact) = (prefix / self.step, prefix % self.step == 0);
            less += u64::from(!exact || same < value);
            let at_most = less + u64::from(exact && same == value);
            match operator {
                ">" => from = from.max(at_most),
                ">=" => from = from.max(less),
                "<" => to = to.min(less),
                _ => to = to.min(at_most),
            }
        }
        let total = to.saturating_sub(from);
        let from = (from + number("offset", 0)).min(to);
        let count = usize::try_from((to - from).min(number("limit", 10)))
            .unwrap_or(RENDERED)
            .min(RENDERED);
        let end = format!(
            "],\"totalRecords\":{total},\"resultInfo\":{{\"totalRecords\":{total},\"diagnostics\":[]}}}}"
        );
        let start = b"{\"instances\":[";
        let mut page = Vec::with_capacity(start.len() + count * self.size + end.len());
        page.extend_from_slice(start);
        page.extend_from_slice(self.rendered.get(..count * self.size).unwrap_or_default());
        for n in 0..count {
            let id = format!("{:08x}", (from + n as u64) * self.step);
            let at = start.len() + n * self.size + self.at;
            if let Some(place) = page.get_mut(at..at + 8) {
                place.copy_from_slice(id.as_bytes());
            }
        }
        if count > 0 {
            page.pop();
        }
        page.extend_from_slice(end.as_bytes());
        page.into()
    }
}
