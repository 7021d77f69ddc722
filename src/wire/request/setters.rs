//! Sets the parts of a request.

use super::options::request_setters;
use super::target::Form;
use super::value::Request;
use crate::record::omit;
use crate::value::body::Body;
use crate::value::multipart::Multipart;
use crate::value::redact;
use crate::wire::deletion::Deletion;
use crate::wire::headers::TENANT;
use crate::wire::operation::Absent;
use crate::wire::retry::RetryPolicy;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, HeaderName};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::time::Duration;

impl Request {
    request_setters!(self => self; sending tenant param query body write);

    /// Marks a check whether the path exists.
    pub(crate) fn probing(mut self) -> Self {
        self.probing = true;
        self
    }

    /// Declares that the request only reads, although it is a POST: it may be retried, and an
    /// unknown outcome is harmless.
    pub(crate) fn only_reads(mut self) -> Self {
        self.only_reads = true;
        self.idempotent(true)
    }

    /// Declares the effect of a PUT if the record does not exist, in place of the operation's fact.
    pub(crate) fn with_absent(mut self, absent: Absent) -> Self {
        self.absent = Some(absent);
        self
    }

    pub(crate) fn set_retry(&mut self, policy: RetryPolicy) {
        self.retry = Some(Box::new(policy));
    }

    pub(crate) fn set_idempotent(&mut self, idempotent: bool) {
        self.idempotent = Some(idempotent);
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

    pub(crate) fn set_json<T: Serialize + ?Sized>(&mut self, media_type: &str, body: &T) {
        match serde_json::to_vec(body) {
            Ok(json) => self.set_record(media_type, json),
            Err(error) => self.fault(format!("the body cannot be serialized as JSON: {error}")),
        }
    }

    /// Sets a record as the JSON body, without the fields that only responses contain.
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

    #[allow(dead_code, reason = "not every release has such an operation")]
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
            Ok(_) => self.fault(
                "the body cannot be written as a form: it is not an object with fields".to_owned(),
            ),
            Err(error) => self.fault(format!("the body cannot be written as a form: {error}")),
        }
    }

    pub(crate) fn set_form_of_pairs<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) {
        let mut form = Form::default();
        for (name, value) in pairs {
            form.push(name.as_ref(), value.as_ref());
        }
        self.set_form(form);
    }

    pub(crate) fn set_form(&mut self, form: Form) {
        self.set_body("application/x-www-form-urlencoded", form.0.into());
    }

    pub(crate) fn set_body(&mut self, media_type: &str, body: Body) {
        match HeaderValue::from_str(media_type) {
            Ok(media_type) => _ = self.headers.insert(CONTENT_TYPE, media_type),
            Err(_) => self.fault(format!(
                "`{}` is not a valid media type",
                media_type.escape_debug()
            )),
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
            (Err(_), _) => self.fault(format!(
                "`{}` is not a valid header name",
                name.escape_debug()
            )),
            // The value may be a token.
            (_, Err(_)) => self.fault(format!(
                "the value of the header `{name}` contains characters that a header cannot contain"
            )),
        }
    }

    pub(crate) fn set_tenant(&mut self, tenant: &str) {
        if tenant.trim().is_empty() {
            self.fault("the tenant id is empty".to_owned());
        }
        self.set_header(TENANT.as_str(), tenant);
    }

    fn fault(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}
