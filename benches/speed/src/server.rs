//! A server with minimal cost: it derives pages of instances from some that are rendered in advance,
//! and accepts batches.
//!
//! The identifiers are distributed over the space of UUIDs; they and the numbers of records are the
//! only differences between records that are derived from the same one. Of a query it evaluates only
//! comparisons of `id`, which lists and harvests use.

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
use serde_json::Value;
use tokio::net::TcpListener;

use crate::sample;

/// More records than any page has.
const MOST: usize = 2_000;

/// The text before a number in a record, besides its HRID.
pub(crate) const NUMBER: &str = "no. ";

/// A record that is rendered in advance.
struct Rendered {
    /// Its JSON, with a trailing comma.
    json: Vec<u8>,
    /// The position of the first 8 digits of the identifier, which are hexadecimal.
    id: usize,
    /// The positions of its number, of 11 decimal digits.
    numbers: Vec<usize>,
}

pub(crate) struct Fixture {
    records: u64,
    /// The distance of an identifier from the next, in its first 32 bits.
    step: u64,
    latency: Duration,
    /// The records take turns.
    rendered: Vec<Rendered>,
}

/// Serves instances until the process is ended; prints its port.
pub(crate) async fn serve(fixture: Fixture) -> std::io::Result<()> {
    let fixture = Arc::new(fixture);
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

impl Rendered {
    /// The number of a record is in its HRID and at [`NUMBER`].
    fn new(record: &Value) -> Self {
        let json = format!("{record},");
        let behind = |text: &'static str| json.match_indices(text).map(move |(at, _)| at + text.len());
        Self {
            id: behind("\"id\":\"").next().unwrap_or_default(),
            numbers: behind("\"hrid\":\"in")
                .chain(behind(NUMBER))
                .filter(|at| {
                    json.get(*at..at + 11)
                        .is_some_and(|text| text == "0".repeat(11))
                })
                .collect(),
            json: json.into_bytes(),
        }
    }

    /// Appends the record with an identifier and a number.
    fn push(&self, id: u64, number: u64, page: &mut Vec<u8>) {
        let start = page.len();
        page.extend_from_slice(&self.json);
        let mut patch = |at: usize, text: &str| {
            if let Some(place) = page.get_mut(start + at..start + at + text.len()) {
                place.copy_from_slice(text.as_bytes());
            }
        };
        patch(self.id, &format!("{id:08x}"));
        if !self.numbers.is_empty() {
            let number = format!("{number:011}");
            for at in &self.numbers {
                patch(*at, &number);
            }
        }
    }
}

impl Fixture {
    /// Records that differ in their identifiers and HRIDs.
    pub(crate) fn new(records: u64, latency: Duration) -> Self {
        Self::of(records, latency, [sample::instance(0)])
    }

    /// So many records that are derived from these.
    pub(crate) fn of(
        records: u64,
        latency: Duration,
        templates: impl IntoIterator<Item = Value>,
    ) -> Self {
        let templates = templates.into_iter();
        Self {
            records,
            step: (1 << 32) / records.max(1),
            latency,
            rendered: templates.map(|record| Rendered::new(&record)).collect(),
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
            let Some((operator, value)) = operator.and_then(|operator| {
                // LDLite sends identifiers without quotation marks.
                let value = rest.get(operator.len()..)?.trim_start();
                let value = value.trim_start_matches('"');
                let value = value.get(..36).unwrap_or(value);
                Some((operator, value))
            }) else {
                continue;
            };
            let Some(prefix) = value
                .get(..8)
                .and_then(|prefix| u64::from_str_radix(prefix, 16).ok())
            else {
                continue;
            };
            // The number of identifiers less than the value. The identifier of record n is n times
            // the step, plus a constant part.
            let same = "-0000-4000-8000-000000000001";
            let value = value.get(8..).unwrap_or_default();
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
        let count = (to - from).min(number("limit", 10)).min(MOST as u64);
        let end = format!(
            "],\"totalRecords\":{total},\"resultInfo\":{{\"totalRecords\":{total},\"diagnostics\":[]}}}}"
        );
        let start = b"{\"instances\":[";
        let size = self.rendered.first().map_or(0, |record| record.json.len());
        let bytes = usize::try_from(count).unwrap_or_default() * size;
        let mut page = Vec::with_capacity(start.len() + bytes + end.len());
        page.extend_from_slice(start);
        for n in from..from + count {
            let turn = usize::try_from(n).unwrap_or_default() % self.rendered.len().max(1);
            if let Some(record) = self.rendered.get(turn) {
                record.push(n * self.step, n, &mut page);
            }
        }
        if count > 0 {
            page.pop();
        }
        page.extend_from_slice(end.as_bytes());
        page.into()
    }
}
