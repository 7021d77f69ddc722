//! The differences between the Spring modules, and their errors.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::cql::{self, Compiled};
use crate::jackson;
use crate::modules::spring::dto::{DtoClass, Method, validation_failed};
use crate::modules::spring::java_time::local_date;
use crate::value::uuid::{is_uuid, is_versioned_uuid};
use crate::wire::message::{HttpRequest, HttpResponse};
use crate::wire::rmb;

/// A kind of record of a Spring module.
pub(super) struct Facts {
    pub(super) path: &'static str,
    /// `Tag with id`, as messages name a record.
    pub(super) named: &'static str,
    /// The operation of a list, of a record, and of the others on it.
    pub(super) operations: [&'static str; 4],
    pub(super) entity: &'static str,
    pub(super) unique: Option<&'static str>,
    /// Fields that CQL can query; `a.b` are those of a related record.
    pub(super) fields: &'static [&'static str],
    pub(super) dialect: Dialect,
    /// A text of which the database takes 255 characters at most.
    pub(super) short: &'static str,
    /// The fields of a body, and the methods that accept it: POST and PUT.
    pub(super) body: Option<(&'static DtoClass, [Method; 2])>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Tags,
    Notes,
    Calendar,
}

pub(super) fn line(status: StatusCode, value: &Value) -> HttpResponse {
    HttpResponse::new(status, "application/json", value.to_string())
}

pub(super) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}

impl Facts {
    /// An error in the form of the module.
    pub(super) fn error(
        &self,
        status: StatusCode,
        message: &str,
        code: Option<&str>,
    ) -> HttpResponse {
        let mut error =
            json!({"message": message, "type": if code.is_some() { "-1" } else { "-4" }});
        if let Some(code) = code {
            error["code"] = code.into();
        }
        if self.dialect == Dialect::Notes {
            error["parameters"] = json!([]);
        }
        line(status, &json!({"errors": [error]}))
    }

    /// The record of a body, read by POST or PUT; the module's error if it rejects it.
    pub(super) fn read_body(
        &self,
        request: &HttpRequest,
    ) -> Result<Map<String, Value>, HttpResponse> {
        let Some((record, methods)) = &self.body else {
            return Ok(Map::new());
        };
        let [post, put] = methods;
        let method = if request.method == "PUT" { put } else { post };
        self.read_as(record, method, request)
    }

    /// The record that a method takes.
    pub(super) fn read_as(
        &self,
        record: &'static DtoClass,
        method: &Method,
        request: &HttpRequest,
    ) -> Result<Map<String, Value>, HttpResponse> {
        let unreadable = |message: &str| self.invalid(&format!("JSON parse error: {message}"));
        let value = jackson::parse(&request.body).map_err(|response| {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            unreadable(text.split("\n at [Source").next().unwrap_or_default())
        })?;
        let read = record
            .read(&value)
            .map_err(|message| unreadable(&message))?;
        let rejected = record.rejected(&read);
        if rejected.is_empty() {
            return Ok(read);
        }
        let class = record.class.rsplit('.').next().unwrap_or_default();
        let mut letters = class.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let object: String = first.into_iter().chain(letters).collect();
        Err(self.invalid(&validation_failed(method, &object, &rejected)))
    }

    /// A text is longer than its column: the database's message has no details, which the modules
    /// would show.
    pub(super) fn too_long(&self) -> HttpResponse {
        match self.dialect {
            Dialect::Tags => line(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({"errors": [{"type": "-1", "code": "VALIDATION_ERROR"}]}),
            ),
            _ => self.invalid(""),
        }
    }

    pub(super) fn invalid(&self, message: &str) -> HttpResponse {
        self.error(
            StatusCode::UNPROCESSABLE_ENTITY,
            message,
            Some("VALIDATION_ERROR"),
        )
    }

    /// mod-calendar's form; the Java stack is left out.
    pub(super) fn calendar(&self, status: StatusCode, code: &str, message: &str) -> HttpResponse {
        self.calendar_error(status, code, message, "", &json!({}))
    }

    fn calendar_error(
        &self,
        status: StatusCode,
        code: &str,
        message: &str,
        data: &str,
        parameters: &Value,
    ) -> HttpResponse {
        let text = format!(
            "{{\"timestamp\":{},\"status\":{},\"errors\":[{{\"code\":{},\"message\":{}{data},\"_parameters\":{parameters},\"_trace\":[]}}]}}",
            json!(now()),
            status.as_u16(),
            json!(code),
            json!(message)
        );
        HttpResponse::new(status, "application/json", text)
    }

    pub(super) fn wrong_parameter(
        &self,
        name: &str,
        text: &str,
        kind: &str,
        why: &str,
    ) -> HttpResponse {
        let converted = format!(
            "Failed to convert value of type 'java.lang.String' to required type '{kind}'; {why}"
        );
        match self.dialect {
            Dialect::Calendar => self.calendar(
                StatusCode::BAD_REQUEST,
                "invalidParameter",
                &format!("One of the parameters was the incorrect type: {converted}"),
            ),
            _ => {
                let _ = text;
                self.invalid(&format!("Method parameter '{name}': {converted}"))
            }
        }
    }

    pub(super) fn not_found(&self, id: &str) -> HttpResponse {
        if self.dialect == Dialect::Calendar {
            return self.calendar_error(
                StatusCode::NOT_FOUND,
                "calendarNotFound",
                "No calendar was found with the specified query",
                &format!(",\"data\":{}", json!({"notFound": [id]})),
                &json!({"query": [id]}),
            );
        }
        let message = format!("{} [{id}] was not found", self.named);
        self.error(StatusCode::NOT_FOUND, &message, Some("NOT_FOUND_ERROR"))
    }

    /// The message for an id that is not a UUID.
    pub(super) fn bad_id(&self, id: &str, operation: usize) -> Option<HttpResponse> {
        if is_versioned_uuid(id) || self.dialect != Dialect::Tags && is_uuid(id) {
            return None;
        }
        Some(match self.dialect {
            Dialect::Tags => {
                let operation = self.operations.get(operation).copied().unwrap_or_default();
                self.invalid(&format!(
                    "{operation}.id: must match \"^[0-9a-fA-F]{{8}}-[0-9a-fA-F]{{4}}-[1-5][0-9a-fA-F]{{3}}-[89abAB][0-9a-fA-F]{{3}}-[0-9a-fA-F]{{12}}$\""
                ))
            }
            _ => {
                let name = if self.dialect == Dialect::Calendar {
                    "calendarId"
                } else {
                    "id"
                };
                self.wrong_parameter(
                    name,
                    id,
                    "java.util.UUID",
                    &format!("Invalid UUID string: {id}"),
                )
            }
        })
    }

    pub(super) fn number(
        &self,
        request: &HttpRequest,
        name: &str,
        default: usize,
        least: i64,
    ) -> Result<usize, HttpResponse> {
        let Some(text) = request.parameter(name).filter(|text| !text.is_empty()) else {
            return Ok(default);
        };
        let Ok(number) = text.parse::<i32>() else {
            let why = format!("For input string: {}", json!(text));
            return Err(self.wrong_parameter(name, text, "java.lang.Integer", &why));
        };
        if i64::from(number) < least {
            let list = self.operations.first().copied().unwrap_or_default();
            let message = format!("{list}.{name}: must be greater than or equal to {least}");
            return Err(match self.dialect {
                Dialect::Calendar => self.calendar(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internalServerError",
                    &format!("An internal server error occurred (ConstraintViolationException): {message}"),
                ),
                _ => self.invalid(&message),
            });
        }
        Ok(usize::try_from(number).unwrap_or_default())
    }

    /// A query, or its error.
    pub(super) fn query(&self, text: &str, path: &str) -> Result<Compiled, HttpResponse> {
        let unknown = |message: &str| match self.dialect {
            Dialect::Tags => self.error(StatusCode::INTERNAL_SERVER_ERROR, message, None),
            _ => self.invalid(message),
        };
        let unsupported = |node: &str, cql: &str| {
            self.invalid(&format!(
                "org.folio.cql2pgjson.exception.CQLFeatureUnsupportedException: Not implemented yet node type: {node}, CQL: {cql}"
            ))
        };
        let outline = cql::outline(text).map_err(|error| {
            self.invalid(&format!("org.z3950.zing.cql.CQLParseException: {error}"))
        })?;
        if let Some(prox) = &outline.prox {
            return Err(unsupported("CQLProxNode", prox));
        }
        for (field, term, modified) in outline.terms {
            if field.eq_ignore_ascii_case("cql.serverChoice") {
                let term = if term.contains(' ') {
                    json!(term).to_string()
                } else {
                    term
                };
                return Err(unsupported("CQLTermNode", &term));
            }
            self.knows(&field)?;
            if field == "id" && !is_uuid(&term) && !modified {
                return Err(unknown(&format!("Invalid UUID string: {term}")));
            }
            if field.ends_with("Date")
                && let Err(message) = date_time(&term)
            {
                return Err(self.unhandled(&message, path));
            }
            if modified && !field.to_ascii_lowercase().starts_with("cql.") {
                let message = format!("Attribute '{}#{field}(BASIC)' is not joinable", self.entity);
                return Err(self.unhandled(&message, path));
            }
        }
        for key in outline.keys {
            self.knows(&key)?;
        }
        cql::compiled(text, None).map_err(|error| self.invalid(error.message()))
    }

    fn knows(&self, field: &str) -> Result<(), HttpResponse> {
        let first = field.split('.').next().unwrap_or_default();
        if first.eq_ignore_ascii_case("cql") || self.fields.contains(&first) {
            return Ok(());
        }
        let message = format!("Could not resolve attribute '{first}' of '{}'", self.entity);
        Err(match self.dialect {
            Dialect::Tags => self.error(StatusCode::INTERNAL_SERVER_ERROR, &message, None),
            _ => self.invalid(&message),
        })
    }

    /// An exception that the module does not expect.
    pub(super) fn unhandled(&self, message: &str, path: &str) -> HttpResponse {
        match self.dialect {
            Dialect::Tags => self.error(StatusCode::INTERNAL_SERVER_ERROR, message, None),
            Dialect::Notes => failed(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Internal Server Error",
                path,
            ),
            Dialect::Calendar => self.calendar(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internalServerError",
                message,
            ),
        }
    }
}

/// Spring's own form of an error.
pub(super) fn failed(status: StatusCode, error: &str, path: &str) -> HttpResponse {
    let body =
        json!({"timestamp": rmb::now(), "status": status.as_u16(), "error": error, "path": path});
    line(status, &body)
}

/// A date and time, of which Java wants all; its message about others.
fn date_time(text: &str) -> Result<(), String> {
    let at = match text.as_bytes().get(10) {
        Some(b'T') if text.parse::<jiff::Timestamp>().is_ok() => return Ok(()),
        _ => match local_date(text.get(..10).unwrap_or(text)) {
            Ok(_) => 10,
            Err(message) => return Err(message.replace(text.get(..10).unwrap_or(text), text)),
        },
    };
    Err(format!("Text '{text}' could not be parsed at index {at}"))
}
