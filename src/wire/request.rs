//! A request as a value: what every call, typed or generic, is before it is sent.

use crate::wire::headers::TENANT;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::record::omit;
use crate::value::body::Body;
use crate::value::cql::Cql;
use crate::value::multipart::Multipart;
use crate::value::redact::{self, Own, REDACTED, Sent, is_secret_parameter};
use crate::value::uuid::is_uuid;
use crate::wire::deletion::{Bound, Delete, Deletion};
use crate::wire::described::{self, Described};
use crate::wire::error::Exchange;
use crate::wire::headers::MODULE_ID;
use crate::wire::operation::{Absent, Creates, Deletes, Facts, Operation};
use crate::wire::retry::RetryPolicy;
use crate::wire::same_record::{self, Fields, Kind, Landing, version_number};

/// What stands as it is in a segment of a path: RFC 3986's unreserved characters.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What stands as it is in a query besides. Not `+`, which servers read as a space, nor `;`, which some read as `&`. CQL has many of the
/// others, and the length of a request line is limited (`request_line.rs`).
const QUERY: &AsciiSet = &SEGMENT
    .remove(b'=')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b':')
    .remove(b'/')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$');

/// What stands as it is in a path that the caller wrote: also what the caller has encoded already.
const WRITTEN: &AsciiSet = &SEGMENT
    .remove(b'%')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b':')
    .remove(b'=')
    .remove(b'@');

/// A request to FOLIO: an operation or a method and path, parameters, headers, a body.
///
/// It says nothing of the server, the tenant and the token: [`FolioClient::execute`](crate::FolioClient::execute) adds them. What is wrong
/// with it (an empty identifier, a body that is no JSON) is told when it is executed, and then nothing is sent.
///
/// ```
/// use folio_sdk::{Method, Request};
///
/// let request = Request::to(Method::GET, "/users").query("username==\"a b\"").param("limit", 10);
/// assert_eq!(request.target(), "/users?query=username==%22a%20b%22&limit=10");
/// ```
#[derive(Clone)]
pub struct Request {
    operation: &'static Operation,
    /// Of a call by path: the described operation there, if its facts matter.
    described: Option<&'static Described>,
    method: Method,
    path: String,
    query: Vec<(Cow<'static, str>, String)>,
    headers: HeaderMap,
    body: Option<Body>,
    /// Few have one, and it is large.
    retry: Option<Box<RetryPolicy>>,
    idempotent: Option<bool>,
    /// It only asks, whatever its method.
    only_reads: bool,
    /// It asks whether there is such a path: that there is none needs no explanation.
    probing: bool,
    /// What its PUT does without a record, where that is known better than by the operation.
    absent: Option<Absent>,
    timeout: Option<Duration>,
    read_timeout: Option<Duration>,
    deadline: Option<Duration>,
    deletion: Option<Deletion>,
    problem: Option<String>,
}

impl Request {
    /// A request for an operation. The arguments take the places of the `{parameters}` of its path, in their order, each as one segment: a
    /// slash in an identifier is part of the identifier.
    ///
    /// An argument that is empty, `.` or `..` is an error when the request is executed: `DELETE /users/{id}` without an id would be
    /// `DELETE /users`. A parameter `{+rest}` takes the rest of the path: its slashes separate segments, none of which may be empty, `.` or
    /// `..`.
    pub fn new(operation: &'static Operation, arguments: &[&str]) -> Self {
        Self::of(operation, arguments)
    }

    /// As [`new`](Self::new), of all that can be written.
    pub(crate) fn of(operation: &'static Operation, arguments: &[impl fmt::Display]) -> Self {
        let mut problem = None;
        let mut path = String::with_capacity(operation.path.len() + 36 * arguments.len());
        let mut arguments = arguments.iter();
        let mut rest = operation.path;
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            let begin = path.len();
            // `{+rest}`, as RFC 6570 writes it: the rest of the path, whose slashes are slashes.
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
                    _ = problem.get_or_insert(format!("`{name}` of the path cannot be written"));
                }
                Some(Ok(())) => {
                    if let Some(argument @ ("" | "." | "..")) = path.get(begin..) {
                        _ = problem.get_or_insert(format!(
                            "`{name}` of the path is \"{argument}\", and an identifier was expected"
                        ));
                    }
                }
            }
            rest = after;
        }
        path.push_str(rest);
        if arguments.next().is_some() {
            problem
                .get_or_insert("there are more arguments than the path has parameters".to_owned());
        }
        Self::make(operation, operation.method.clone(), path, problem)
    }

    /// A request for any method and path, `/users` or `users`, which may have a query: `/users?limit=10`. Identifiers in the path are
    /// best encoded by the caller; a segment `..` and empty ones are refused when the request is executed.
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
                // A percent sign that encodes nothing is meant as such.
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

    /// Adds a parameter of the query string. It may stand several times.
    pub fn param(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.add_query(name, value.to_string());
        self
    }

    /// Asks for the records that a query in CQL describes; it replaces an earlier one.
    pub fn query(mut self, query: impl Into<Cql>) -> Self {
        self.set_query("query", query.into().to_string());
        self
    }

    /// The body, as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.set_json("application/json", body);
        self
    }

    /// The body as it is, and its media type: bytes, text, or a [`Body`] that is sent while it is read.
    pub fn body(mut self, body: impl Into<Body>, content_type: &str) -> Self {
        self.set_body(content_type, body.into());
        self
    }

    /// The body, as a form of fields and files (`multipart/form-data`).
    pub fn multipart(mut self, form: Multipart) -> Self {
        self.set_multipart(form);
        self
    }

    /// The body, as a form of pairs (`application/x-www-form-urlencoded`).
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut form = Form::default();
        for (name, value) in pairs {
            form.push(name.as_ref(), value.as_ref());
        }
        self.set_form(form);
        self
    }

    /// A header; it replaces what the client would send. With `x-okapi-token` the request goes without the client's own token.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.set_header(name, value);
        self
    }

    /// The tenant that the request goes to, in place of the client's.
    pub fn tenant(mut self, tenant: &str) -> Self {
        self.set_tenant(tenant);
        self
    }

    /// When this request is repeated, in place of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(Box::new(policy));
        self
    }

    /// States whether the request may be carried out twice without harm, whatever its method and whatever is known of the operation. A
    /// POST that only asks (`…/retrieve`) may. A POST that stores its record under the `id` in its body need not state it, where the
    /// operation is known to do so ([`Creates::Record`]): see [`RetryPolicy`].
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// How long one attempt may take, in place of the client's timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How long the whole call may take, in place of the client's [`deadline`](crate::FolioClientBuilder::deadline).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long the server may send nothing during one attempt, in place of the client's
    /// [`read_timeout`](crate::FolioClientBuilder::read_timeout).
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = Some(timeout);
        self
    }

    /// Confirms that records are to be deleted by a query. Without it a `DELETE` with a `query` is not sent: see [`Deletion`].
    pub fn confirm(mut self, deletion: Deletion) -> Self {
        self.set_deletion(deletion);
        self
    }

    /// States that the request only asks, although it is a POST: it may be sent again, and its outcome matters to nobody.
    /// It asks whether there is such a path.
    pub(crate) fn probing(mut self) -> Self {
        self.probing = true;
        self
    }

    pub(crate) fn is_probing(&self) -> bool {
        self.probing
    }

    /// Whether its body was read once, and cannot be read again.
    pub(crate) fn is_spent(&self) -> bool {
        self.payload().is_some_and(Body::is_spent)
    }

    pub(crate) fn only_reads(mut self) -> Self {
        self.only_reads = true;
        self.idempotent(true)
    }

    /// States what a PUT does where there is no such record, in place of what is known of the operation.
    pub(crate) fn with_absent(mut self, absent: Absent) -> Self {
        self.absent = Some(absent);
        self
    }

    pub(crate) fn set_retry(&mut self, policy: RetryPolicy) {
        self.retry = Some(Box::new(policy));
    }

    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(crate) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = Some(deadline);
    }

    pub(crate) fn set_read_timeout(&mut self, timeout: Duration) {
        self.read_timeout = Some(timeout);
    }

    pub(crate) fn set_deletion(&mut self, deletion: Deletion) {
        self.deletion = Some(deletion);
    }

    pub(crate) fn add_query(&mut self, name: impl Into<Cow<'static, str>>, value: String) {
        self.query.push((name.into(), value));
    }

    /// Sets a query parameter in place of those of the same name.
    pub(crate) fn set_query(&mut self, name: impl Into<Cow<'static, str>>, value: String) {
        let name = name.into();
        self.query.retain(|(other, _)| *other != name);
        self.query.push((name, value));
    }

    pub(crate) fn remove_query(&mut self, name: &str) {
        self.query.retain(|(other, _)| other != name);
    }

    /// What of it must not be shown, for the errors that may follow. Nothing is looked into here.
    pub(crate) fn sent(&mut self) -> Sent {
        let has_secrets = self.body.is_some()
            || self.has_secret_parameters()
            || self.headers.values().any(HeaderValue::is_sensitive);
        if !has_secrets {
            return Sent::default();
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
        Sent {
            token: None,
            own: Some(Arc::new(own)),
        }
    }

    /// Whether the gateway must be told which module is called, and is not told yet.
    pub(crate) fn needs_module_id(&self) -> bool {
        self.operation.facts.is_multiple
            && !self.operation.module.is_empty()
            && !self.headers.contains_key(MODULE_ID)
    }

    /// What of it is secret: known in errors.
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

    /// The same request by another method.
    pub(crate) fn with_method(self, method: Method) -> Self {
        Self { method, ..self }.described_anew()
    }

    /// The same request to what is below its path.
    pub(crate) fn under(mut self, path: &str) -> Self {
        self.path.push_str(path);
        self.described_anew()
    }

    /// The facts of a call by path are those of the method and path that it has now.
    fn described_anew(self) -> Self {
        Self {
            described: described_at(self.operation, &self.method, &self.path),
            ..self
        }
    }

    /// Another request that goes to the same tenant with the same headers, policy and timeout.
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

    /// How many bytes [`target`](Self::target) has at most, found without writing it: an encoded byte takes three.
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

    pub(crate) fn set_json<T: Serialize + ?Sized>(&mut self, media_type: &str, body: &T) {
        match serde_json::to_vec(body) {
            Ok(json) => self.set_record(media_type, json),
            Err(error) => self.fault(format!("the body cannot be written as JSON: {error}")),
        }
    }

    /// The body, as the JSON of a record: without what only responses contain.
    pub(crate) fn set_record(&mut self, media_type: &str, json: Vec<u8>) {
        let json = omit::without(&json, self.facts().omits).unwrap_or(json);
        self.set_body(media_type, json.into());
    }

    /// As [`set_record`](Self::set_record).
    pub(crate) fn with_record(mut self, json: impl Into<Vec<u8>>) -> Self {
        self.set_record("application/json", json.into());
        self
    }

    pub(crate) fn set_multipart(&mut self, form: Multipart) {
        self.set_body(&form.media_type(), form.into_body());
    }

    pub(crate) fn set_form_of<T: Serialize + ?Sized>(&mut self, body: &T) {
        match serde_json::to_value(body) {
            Ok(Value::Object(fields)) => {
                let mut form = Form::default();
                for (name, value) in &fields {
                    match value {
                        Value::Null => {}
                        Value::String(text) => form.push(name, text),
                        Value::Array(values) => values.iter().for_each(|value| match value {
                            Value::String(text) => form.push(name, text),
                            other => form.push(name, &other.to_string()),
                        }),
                        other => form.push(name, &other.to_string()),
                    }
                }
                self.set_form(form);
            }
            Ok(_) => self.fault("the body has no fields, and a form is made of fields".to_owned()),
            Err(error) => self.fault(format!("the body cannot be written as a form: {error}")),
        }
    }

    pub(crate) fn set_form(&mut self, form: Form) {
        self.set_body("application/x-www-form-urlencoded", form.0.into());
    }

    pub(crate) fn set_body(&mut self, media_type: &str, body: Body) {
        match HeaderValue::from_str(media_type) {
            Ok(media_type) => _ = self.headers.insert(CONTENT_TYPE, media_type),
            Err(_) => self.fault(format!("`{}` is no media type", media_type.escape_debug())),
        }
        self.body = Some(body);
    }

    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        match (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(value),
        ) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(redact::is_secret(name.as_str()));
                self.headers.insert(name, value);
            }
            (Err(_), _) => self.fault(format!("`{}` is no name of a header", name.escape_debug())),
            // The value may be a token.
            (_, Err(_)) => self.fault(format!(
                "the value of the header `{name}` has characters that a header cannot have"
            )),
        }
    }

    pub(crate) fn set_tenant(&mut self, tenant: &str) {
        if tenant.trim().is_empty() {
            self.fault("the tenant is empty".to_owned());
        }
        self.set_header(TENANT.as_str(), tenant);
    }

    fn fault(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// The operation. All generic requests have the same one, with empty texts.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// What is known of what the server does: see [`Facts`]. Of a call by path, the facts of the described operation with this method and path.
    pub(crate) fn facts(&self) -> Facts {
        self.described
            .map_or(self.operation.facts, |described| described.facts)
    }

    /// What this request is as a DELETE, if it is one.
    fn delete(&self) -> Option<Delete<'_>> {
        (self.method == Method::DELETE).then(|| Delete {
            facts: self.facts(),
            known: match self.described {
                Some(described) => Some(described.parameters),
                // Of an operation that somebody made, nobody knows the parameters.
                None => (!self.operation.module.is_empty()).then_some(self.operation.parameters),
            },
            parameters: &self.query,
            body: self
                .body
                .as_ref()
                .map(|body| body.as_bytes().map(|bytes| &bytes[..])),
            confirmed: self.deletion,
            names_a_record: (self.operation.path.ends_with('}')
                && !self.operation.path.ends_with("{+rest}"))
                || self.path.rsplit('/').next().is_some_and(is_uuid),
        })
    }

    /// How many records may match the query of this DELETE, where they are to be counted before it is sent.
    pub(crate) fn bound(&self) -> Option<Bound> {
        self.delete()?.bound()
    }

    /// What asks for the number of records of the list at this path: those that match the query, or all.
    pub(crate) fn count(&self, matching: bool) -> Self {
        let mut count = self.like(Method::GET, &self.path).param("limit", 0);
        if let Some(query) = self.parameter("query").filter(|_| matching) {
            count.set_query("query", query.to_owned());
        }
        count
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The template of the path, of a generic request the path: what a log is grouped by.
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

    /// As [`target`](Self::target), without what is secret: edge modules take keys and Keycloak takes codes as parameters.
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

    /// Whether the bodies hold passwords, tokens or other secrets: a fact of the operation.
    pub(crate) fn is_sensitive(&self) -> bool {
        self.facts().is_sensitive
    }

    /// Whether it changes nothing on the server.
    pub(crate) fn is_read(&self) -> bool {
        self.only_reads || self.method.is_safe() && !self.facts().has_effect
    }

    /// Whether it deletes the one thing that its path names.
    pub(crate) fn deletes_a_record(&self) -> bool {
        self.method == Method::DELETE
            && (self.facts().deletes == Deletes::Record
                || self.deletion == Some(Deletion::Record)
                    && self.facts().deletes == Deletes::Unknown)
    }

    /// What its PUT does where there is no such record.
    pub(crate) fn absent(&self) -> Absent {
        match self.absent {
            _ if self.method != Method::PUT => Absent::NotFound,
            Some(absent) => absent,
            None => self.facts().absent,
        }
    }

    /// Whether the body is a record guarded by optimistic locking: one with a `_version`, as it was read. (-1 switches the guard off.)
    pub(crate) fn is_guarded(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Guarded {
            _version: Option<Value>,
        }
        let body = self.body_bytes().map_or(&[][..], |bytes| bytes);
        serde_json::from_slice::<Guarded>(body)
            .ok()
            .and_then(|record| version_number(&record._version?))
            .is_some_and(|version| version >= 0)
    }

    /// The path as it is sent.
    pub(crate) fn own_path(&self) -> &str {
        &self.path
    }

    /// The id, made by the caller, under which the server stores the record that this request creates; none if it creates none, or the
    /// server makes the id.
    pub(crate) fn created_id(&self) -> Option<uuid::Uuid> {
        #[derive(serde::Deserialize)]
        struct Identified<'a> {
            #[serde(borrow)]
            id: Option<Cow<'a, str>>,
        }
        if self.method != Method::POST || self.facts().creates != Creates::Record {
            return None;
        }
        let record: Identified<'_> = serde_json::from_slice(self.body_bytes()?).ok()?;
        uuid::Uuid::try_parse(&record.id?).ok()
    }

    /// Whether a stored record is the one that this request was to create.
    pub(crate) fn is_created_as(&self, stored: &[u8]) -> bool {
        match (self.record(), serde_json::from_slice(stored)) {
            (Some(sent), Ok(Value::Object(stored))) => {
                Kind::at(&self.path).is_created(&stored, &sent)
            }
            _ => false,
        }
    }

    /// What became of this PUT, as far as the stored record tells.
    pub(crate) fn landing(&self, stored: &[u8]) -> Landing {
        match (self.record(), serde_json::from_slice(stored)) {
            (Some(sent), Ok(Value::Object(stored))) => {
                let before = same_record::version(&sent);
                Kind::at(&self.path).landing(&stored, &sent, before)
            }
            _ => Landing::Unknown,
        }
    }

    /// The body, if it is a record.
    fn record(&self) -> Option<Fields> {
        match serde_json::from_slice(self.body_bytes()?) {
            Ok(Value::Object(record)) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn is_idempotent(&self) -> Option<bool> {
        self.idempotent
    }

    /// What this request and an answer to it are told by.
    pub(crate) fn exchange(&self, base: &str) -> Exchange {
        Exchange {
            operation: self.operation,
            method: self.method.clone(),
            url: self.shown_after(base),
            attempts: 0,
            elapsed: Duration::ZERO,
            sensitive: self.is_sensitive(),
            in_doubt: false,
            sent: Sent::default(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, wherever it is read from.
    pub(crate) fn payload(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    /// Whether nothing is to be read while it is sent.
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

/// The described operation that a call by path goes to, if its facts matter.
fn described_at(operation: &Operation, method: &Method, path: &str) -> Option<&'static Described> {
    let is_by_path = operation.path.is_empty();
    is_by_path.then(|| described::find(method.as_str(), path))?
}

/// Pairs as a form has them: `application/x-www-form-urlencoded`.
#[derive(Default)]
pub(crate) struct Form(String);

impl Form {
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(utf8_percent_encode(name, SEGMENT));
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, SEGMENT));
    }
}

/// Writes a segment of a path, encoded.
struct Segment<'a>(&'a mut String);

impl fmt::Write for Segment<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, SEGMENT));
        Ok(())
    }
}

/// Adds the rest of a path, segment by segment; `is_begun` says whether its first segment follows a slash.
fn push_rest(path: &mut String, rest: &str, is_begun: bool) -> Result<(), String> {
    if rest.is_empty() && !is_begun {
        return Ok(());
    }
    let (first, others) = match rest.strip_prefix('/') {
        Some(_) if is_begun => return Err(format!("is \"{rest}\": it begins behind a slash")),
        Some(others) => (None, others),
        None => (Some(rest), ""),
    };
    let segments = first.unwrap_or(others).split('/');
    for (index, segment) in segments.enumerate() {
        if matches!(segment, "" | "." | "..") {
            return Err(format!(
                "is \"{rest}\", of which a segment is \"{segment}\""
            ));
        }
        if index > 0 || first.is_none() {
            path.push('/');
        }
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    Ok(())
}

/// Whether a path that the caller wrote has but segments of letters, digits, `-` and `_`, so that nothing is to be encoded and nothing can
/// be wrong with it. Most are so.
fn is_plain(path: &str) -> bool {
    let mut before = false;
    let mut is_plain = path.starts_with('/');
    for byte in path.bytes() {
        let is_slash = byte == b'/';
        is_plain &= PLAIN[usize::from(byte)] & !(is_slash & before);
        before = is_slash;
    }
    is_plain && !before
}

/// Which bytes a plain path has: a table, since every call by path is looked through.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let sign = byte as u8;
        plain[byte] = sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_' | b'/');
        byte += 1;
    }
    plain
};

/// What is wrong with a path that the caller wrote.
fn problem_of(method: &Method, path: &str) -> Option<String> {
    if path
        .split('?')
        .next()
        .is_some_and(|path| path.contains("://"))
    {
        return Some(
            "a path was expected, `/users`, and not a whole URL: the client knows the gateway"
                .to_owned(),
        );
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let last = path.split('/').count();
    for (index, segment) in path.split('/').enumerate() {
        match &*decoded_segment(segment) {
            "." | ".." => {
                return Some(
                    "the path has a segment `.` or `..`, which would lead elsewhere".to_owned(),
                );
            }
            // `/users/` is what `format!("/users/{id}")` gives for an empty id. That is harmless to read and not to delete.
            "" if index + 1 < last || !method.is_safe() => {
                return Some("the path has an empty segment: is an identifier empty?".to_owned());
            }
            _ => {}
        }
    }
    None
}

fn decoded_segment(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    percent_decode_str(segment).decode_utf8_lossy()
}

/// A name or value of a query that the caller wrote, read as servers do: `+` is a space.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::operation::Deletes;

    #[test]
    fn a_plain_path_is_one_that_needs_no_second_look() {
        for plain in [
            "/users",
            "/users/0a246f61-d85f-42b6-8dcc-48d25a46690b",
            "/a/B_9/-",
        ] {
            assert!(is_plain(plain), "{plain}");
            assert_eq!(Request::to(Method::DELETE, plain).target(), plain);
            assert_eq!(problem_of(&Method::DELETE, plain), None);
        }
        for other in [
            "",
            "/",
            "users",
            "/users/",
            "//users",
            "/users//x",
            "/users/..",
            "/users/.",
            "/a%2Fb",
            "/a b",
            "/é",
            "/a?b",
            "/a:b",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_call_by_path_has_the_facts_of_where_it_goes() {
        let list = Request::to(Method::GET, "/users");
        assert_eq!(list.facts().deletes, Deletes::Unknown);
        let delete = list.clone().with_method(Method::DELETE);
        assert_eq!(delete.facts().deletes, Deletes::Matching);
        assert_eq!(delete.under("/5").facts().deletes, Deletes::Record);
    }

    #[test]
    fn what_holds_secrets_is_a_fact_of_the_described_operation() {
        for sensitive in [
            "/authn/login",
            "/authn/login-with-expiry",
            "/authn/credentials",
            "/bl-users/login",
            "/authn/update",
        ] {
            assert!(
                Request::to(Method::POST, sensitive).is_sensitive(),
                "{sensitive}"
            );
        }
        for other in ["/", "/users", "/x-login", "/groups", "/password"] {
            assert!(!Request::to(Method::GET, other).is_sensitive(), "{other}");
        }
    }
}
