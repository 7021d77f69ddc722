//! The request as a value: its construction and its content.

use super::target::{
    QUERY, SEGMENT, Segment, WRITTEN, decoded, decoded_segment, is_plain, problem_of, push_rest,
};
use crate::value::body::Body;
use crate::value::redact::{self, Own, REDACTED, SentSecrets, is_secret_parameter};
use crate::wire::deletion::Deletion;
use crate::wire::described::{self, Described};
use crate::wire::error::Exchange;
use crate::wire::headers::TENANT;
use crate::wire::operation::{Absent, Operation};
use crate::wire::retry::RetryPolicy;
use crate::wire::target::Target;
use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::utf8_percent_encode;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

/// A request to FOLIO: an operation or a method and path, parameters, headers, a body.
///
/// It does not contain the server, the tenant and the token:
/// [`FolioClient::execute`](crate::FolioClient::execute) adds them. Errors of its content (an empty
/// identifier, a body that is not JSON) are returned when it is executed, and then nothing is sent.
///
/// ```
/// use folio_sdk::{Method, Request};
///
/// let request = Request::to(Method::GET, "/users").query("username==\"a b\"").param("limit", 10);
/// assert_eq!(request.target(), "/users?query=username==%22a%20b%22&limit=10");
/// ```
#[derive(Clone)]
pub struct Request {
    pub(super) operation: &'static Operation,
    /// For a call by path: the described operation there, if its facts have an effect.
    pub(super) described: Option<&'static Described>,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(Cow<'static, str>, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Body>,
    /// Boxed, because few requests have one, and it is large.
    pub(super) retry: Option<Box<RetryPolicy>>,
    pub(super) idempotent: Option<bool>,
    /// Whether it only reads, regardless of its method.
    pub(super) only_reads: bool,
    /// Whether it checks that the path exists: a missing path then needs no explanation.
    pub(super) probing: bool,
    /// The effect of its PUT without a record, if it is known better than from the operation.
    pub(super) absent: Option<Absent>,
    pub(super) timeout: Option<Duration>,
    pub(super) read_timeout: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) deletion: Option<Deletion>,
    pub(super) problem: Option<String>,
}

impl Request {
    /// A request for an operation. The arguments replace the `{parameters}` of its path in order,
    /// each as one segment: a slash in an identifier is part of the identifier.
    ///
    /// An argument that is empty, `.` or `..` results in an error when the request is executed:
    /// `DELETE /users/{id}` without an id would be `DELETE /users`. A parameter `{+rest}` takes the
    /// rest of the path: its slashes separate segments, none of which may be empty, `.` or `..`.
    pub fn new(operation: &'static Operation, arguments: &[&str]) -> Self {
        Self::of(operation, arguments)
    }

    /// As [`new`](Self::new), for all types that implement `Display`.
    pub(crate) fn of(operation: &'static Operation, arguments: &[impl fmt::Display]) -> Self {
        let mut problem = None;
        let mut path = String::with_capacity(operation.path.len() + 36 * arguments.len());
        let mut arguments = arguments.iter();
        let mut rest = operation.path;
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let begin = path.len();
            // `{+rest}`, as in RFC 6570: the rest of the path, whose slashes separate segments.
            if let Some(name) = name.strip_prefix('+') {
                match arguments.next() {
                    None => _ = problem.get_or_insert(format!("`{name}` of the path is missing")),
                    Some(argument) => {
                        let is_begun = path.ends_with('/');
                        if let Err(why) = push_rest(&mut path, &argument.to_string(), is_begun) {
                            _ = problem.get_or_insert(format!("`{name}` of the path {why}"));
                        }
                    }
                }
                rest = after;
                continue;
            }
            match arguments
                .next()
                .map(|it| write!(Segment(&mut path), "{it}"))
            {
                None => _ = problem.get_or_insert(format!("`{name}` of the path is missing")),
                Some(Err(_)) => {
                    _ = problem.get_or_insert(format!("`{name}` of the path cannot be formatted"));
                }
                Some(Ok(())) => {
                    if let Some(argument @ ("" | "." | "..")) = path.get(begin..) {
                        _ = problem.get_or_insert(format!(
                            "`{name}` of the path is \"{argument}\"; expected an identifier"
                        ));
                    }
                }
            }
            rest = after;
        }
        path.push_str(rest);
        if arguments.next().is_some() {
            problem.get_or_insert(
                "more arguments were passed than the path has parameters".to_owned(),
            );
        }
        Self::make(operation, operation.method.clone(), path, problem)
    }

    /// A request for any method and path, `/users` or `users`, which may include a query:
    /// `/users?limit=10`. Identifiers in the path should be encoded by the caller; empty segments
    /// and `..` are rejected when the request is executed.
    pub fn to(method: Method, path: impl AsRef<str>) -> Self {
        let text = path.as_ref();
        let (written, query) = text
            .split_once('?')
            .map_or((text, None), |(path, query)| (path, Some(query)));
        if query.is_none() && is_plain(written) {
            return Self::make(Operation::generic(), method, written.to_owned(), None);
        }
        let problem = problem_of(&method, written);
        let written = written.strip_prefix('/').unwrap_or(written);
        let mut path = String::with_capacity(written.len() + 1);
        for segment in written.split('/') {
            path.push('/');
            for (index, part) in segment.split('%').enumerate() {
                // A percent sign that encodes nothing is taken literally.
                if index > 0 {
                    let encodes = part
                        .get(..2)
                        .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
                    path.push_str(if encodes { "%" } else { "%25" });
                }
                path.extend(utf8_percent_encode(part, WRITTEN));
            }
        }
        let mut request = Self::make(Operation::generic(), method, path, problem);
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            request.query.push((decoded(name).into(), decoded(value)));
        }
        request
    }

    fn make(
        operation: &'static Operation,
        method: Method,
        path: String,
        problem: Option<String>,
    ) -> Self {
        Self {
            described: described_at(operation, &method, &path),
            operation,
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            retry: None,
            idempotent: None,
            only_reads: false,
            probing: false,
            absent: None,
            timeout: None,
            read_timeout: None,
            deadline: None,
            deletion: None,
            problem,
        }
    }

    pub(crate) fn is_probing(&self) -> bool {
        self.probing
    }

    /// Whether its body was already read, and cannot be read again.
    pub(crate) fn is_spent(&self) -> bool {
        self.payload().is_some_and(Body::is_spent)
    }

    /// The secrets of the request, for later errors. They are not collected here.
    pub(crate) fn sent(&mut self) -> SentSecrets {
        let has_secrets = self.body.is_some()
            || self.has_secret_parameters()
            || self.headers.values().any(HeaderValue::is_sensitive);
        if !has_secrets {
            return SentSecrets::default();
        }
        let (sensitive, body) = (self.is_sensitive(), self.body_bytes().cloned());
        let secret = |(name, value): (Cow<'static, str>, String)| {
            is_secret_parameter(&name).then_some(value)
        };
        let own = Own {
            values: std::mem::take(&mut self.query)
                .into_iter()
                .filter_map(secret)
                .collect(),
            headers: std::mem::take(&mut self.headers),
            body,
            sensitive,
        };
        SentSecrets {
            token: None,
            own: Some(Arc::new(own)),
        }
    }

    /// The secrets of the request, which errors must redact.
    pub(crate) fn secrets(&self) -> redact::Secrets {
        let mut secrets =
            redact::Secrets::of(&self.headers, self.body_bytes(), self.is_sensitive());
        for (_, value) in self
            .query
            .iter()
            .filter(|(name, _)| is_secret_parameter(name))
        {
            secrets.add(value);
        }
        for span in self.operation.secret_segments(&self.path) {
            secrets.add(&decoded_segment(self.path.get(span).unwrap_or_default()));
        }
        secrets
    }

    /// The same request with another method.
    pub(crate) fn with_method(self, method: Method) -> Self {
        Self { method, ..self }.described_anew()
    }

    /// The same request for a path below its path.
    pub(crate) fn under(mut self, path: &str) -> Self {
        self.path.push_str(path);
        self.described_anew()
    }

    /// The facts of a call by path are those of its current method and path.
    fn described_anew(self) -> Self {
        Self {
            described: described_at(self.operation, &self.method, &self.path),
            ..self
        }
    }

    /// Another request to the same tenant with the same headers, policy and timeout.
    pub(crate) fn like(&self, method: Method, path: &str) -> Self {
        Self {
            headers: self.headers.clone(),
            retry: self.retry.clone(),
            timeout: self.timeout,
            read_timeout: self.read_timeout,
            deadline: self.deadline,
            ..Self::to(method, path)
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// The maximum length of [`target`](Self::target) in bytes, determined without writing it: an
    /// encoded byte takes three.
    pub(crate) fn longest_target(&self) -> usize {
        let pairs = self.query.iter();
        let pairs = pairs.map(|(name, value)| 2 + 3 * (name.len() + value.len()));
        self.path.len() + pairs.sum::<usize>()
    }

    /// The parameters of the query string, not encoded.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .map(|(name, value)| (&**name, value.as_str()))
    }

    /// The operation. All generic requests share one with empty texts.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The template of the path, or the path of a generic request: the key by which logs are
    /// grouped.
    pub(crate) fn path(&self) -> &str {
        if self.operation.path.is_empty() {
            &self.path
        } else {
            self.operation.path
        }
    }

    /// Path and query, encoded, as they follow the address of the gateway.
    pub fn target(&self) -> String {
        self.written("", |_| false)
    }

    /// As [`target`](Self::target), without secrets: edge modules take keys, and Keycloak takes
    /// codes, as parameters.
    pub(crate) fn shown(&self) -> String {
        self.operation
            .without_secrets(&self.shown_after(""))
            .into_owned()
    }

    fn shown_after(&self, base: &str) -> String {
        self.written(base, is_secret_parameter)
    }

    pub(crate) fn has_secret_parameters(&self) -> bool {
        self.query.iter().any(|(name, _)| is_secret_parameter(name))
    }

    fn written(&self, base: &str, is_secret: impl Fn(&str) -> bool) -> String {
        let length: usize = self
            .query
            .iter()
            .map(|(name, value)| name.len() + value.len() * 5 / 4 + 2)
            .sum();
        let mut target = String::with_capacity(base.len() + self.path.len() + length);
        target.push_str(base);
        target.push_str(&self.path);
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, SEGMENT));
            target.push('=');
            if is_secret(name) {
                target.push_str(REDACTED);
            } else {
                target.extend(utf8_percent_encode(value, QUERY));
            }
        }
        target
    }

    /// The path in its sent form.
    pub(crate) fn own_path(&self) -> &str {
        &self.path
    }

    /// The key by which this request and its response are identified.
    pub(crate) fn exchange(&self, base: &str) -> Exchange {
        Exchange {
            operation: self.operation,
            method: self.method.clone(),
            target: Target::new(
                self.shown_after(base),
                base.len(),
                self.has_secret_parameters(),
            ),
            attempts: 0,
            elapsed: Duration::ZERO,
            sensitive: self.is_sensitive(),
            in_doubt: false,
            sent: SentSecrets::default(),
        }
    }

    /// The tenant that the request names in place of the client's; otherwise `own`.
    pub(crate) fn tenant_or<'a>(&'a self, own: &'a str) -> &'a str {
        match self.headers.get(TENANT) {
            Some(tenant) => tenant.to_str().unwrap_or_default(),
            None => own,
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, in memory or streamed.
    pub(crate) fn payload(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// Whether the body needs no reading while it is sent.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.body
            .as_ref()
            .is_none_or(|body| body.as_bytes().is_some())
    }

    /// The body, if it is in memory.
    pub(crate) fn body_bytes(&self) -> Option<&Bytes> {
        self.body.as_ref()?.as_bytes()
    }

    pub(crate) fn retry_policy(&self) -> Option<&RetryPolicy> {
        self.retry.as_deref()
    }

    pub(crate) fn attempt_timeout(&self) -> Option<Duration> {
        self.timeout
    }

    pub(crate) fn call_deadline(&self) -> Option<Duration> {
        self.deadline
    }

    pub(crate) fn attempt_read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    pub(crate) fn problem(&self) -> Option<Cow<'_, str>> {
        match &self.problem {
            Some(problem) => Some(problem.into()),
            None => self.delete()?.problem().map(Cow::Owned),
        }
    }
}

/// The described operation of a call by path, if its facts have an effect.
fn described_at(operation: &Operation, method: &Method, path: &str) -> Option<&'static Described> {
    let is_by_path = operation.path.is_empty();
    is_by_path.then(|| described::find(method.as_str(), path))?
}

impl fmt::Debug for Request {
    /// Shows neither values of headers nor the body.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Request")
            .field("operation", &self.operation.name)
            .field("method", &self.method)
            .field("target", &self.shown())
            .field(
                "headers",
                &self
                    .headers
                    .keys()
                    .map(HeaderName::as_str)
                    .collect::<Vec<_>>(),
            )
            .field("body", &self.body)
            .field("problem", &self.problem)
            .finish_non_exhaustive()
    }
}
