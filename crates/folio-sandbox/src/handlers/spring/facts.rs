//! What differs between the Spring modules, and their errors.

use http::StatusCode;
use serde_json::{Value, json};

use crate::cql::{self, Compiled};
use crate::http::{Answer, Asked};
use crate::rmb;

/// A kind of record of a Spring module.
pub(super) struct Facts {
    pub(super) path: &'static str,
    /// `Tag with id`, as messages name a record.
    pub(super) named: &'static str,
    /// The operation of a list, of a record, and of the others on it.
    pub(super) operations: [&'static str; 4],
    pub(super) entity: &'static str,
    pub(super) unique: Option<&'static str>,
    /// Fields that CQL can ask for; `a.b` are those of a related record.
    pub(super) fields: &'static [&'static str],
    pub(super) dialect: Dialect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Tags,
    Notes,
    Calendar,
}

pub(super) const KINDS: [Facts; 4] = [
    Facts {
        path: "/tags",
        named: "Tag with id",
        operations: [
            "getTagCollection",
            "getTagById",
            "putTagById",
            "deleteTagById",
        ],
        entity: "org.folio.tags.dao.model.Tag",
        unique: Some("label"),
        fields: &[
            "id",
            "label",
            "description",
            "createdDate",
            "createdBy",
            "updatedDate",
            "updatedBy",
        ],
        dialect: Dialect::Tags,
    },
    Facts {
        path: "/note-types",
        named: "Note type with ID",
        operations: ["getNoteTypeCollection", "", "", ""],
        entity: "org.folio.notes.domain.entity.NoteTypeEntity",
        unique: Some("name"),
        fields: &[
            "id",
            "name",
            "createdDate",
            "createdBy",
            "updatedDate",
            "updatedBy",
        ],
        dialect: Dialect::Notes,
    },
    Facts {
        path: "/notes",
        named: "Note with ID",
        operations: ["getNoteCollection", "", "", ""],
        entity: "org.folio.notes.domain.entity.NoteEntity",
        unique: None,
        fields: &[
            "id",
            "title",
            "domain",
            "content",
            "type",
            "links",
            "popUpOnCheckOut",
            "popUpOnUser",
            "createdDate",
            "createdBy",
            "updatedDate",
            "updatedBy",
        ],
        dialect: Dialect::Notes,
    },
    Facts {
        path: "/calendar/calendars",
        named: "",
        operations: ["searchCalendars", "", "", ""],
        entity: "",
        unique: None,
        fields: &[],
        dialect: Dialect::Calendar,
    },
];

pub(super) fn line(status: StatusCode, value: &Value) -> Answer {
    Answer::new(status, "application/json", value.to_string())
}

pub(super) fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
        .to_string()
}

impl Facts {
    /// An error in the form of the module.
    pub(super) fn error(&self, status: StatusCode, message: &str, code: Option<&str>) -> Answer {
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

    pub(super) fn invalid(&self, message: &str) -> Answer {
        self.error(
            StatusCode::UNPROCESSABLE_ENTITY,
            message,
            Some("VALIDATION_ERROR"),
        )
    }

    /// mod-calendar's form; the Java stack is left out.
    pub(super) fn calendar(&self, status: StatusCode, code: &str, message: &str) -> Answer {
        self.calendar_error(status, code, message, "", &json!({}))
    }

    fn calendar_error(
        &self,
        status: StatusCode,
        code: &str,
        message: &str,
        data: &str,
        parameters: &Value,
    ) -> Answer {
        let text = format!(
            "{{\"timestamp\":{},\"status\":{},\"errors\":[{{\"code\":{},\"message\":{}{data},\"_parameters\":{parameters},\"_trace\":[]}}]}}",
            json!(now()),
            status.as_u16(),
            json!(code),
            json!(message)
        );
        Answer::new(status, "application/json", text)
    }

    pub(super) fn wrong_parameter(&self, name: &str, text: &str, kind: &str, why: &str) -> Answer {
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

    pub(super) fn not_found(&self, id: &str) -> Answer {
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

    /// What is said of an id that is no UUID.
    pub(super) fn bad_id(&self, id: &str, operation: usize) -> Option<Answer> {
        if rmb::is_versioned_uuid(id) || self.dialect != Dialect::Tags && cql::uuid::is_uuid(id) {
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
        asked: &Asked,
        name: &str,
        default: usize,
        least: i64,
    ) -> Result<usize, Answer> {
        let Some(text) = asked.parameter(name).filter(|text| !text.is_empty()) else {
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

    /// A query, or what is said of it.
    pub(super) fn query(&self, text: &str) -> Result<Compiled, Answer> {
        let unknown = |message: &str| match self.dialect {
            Dialect::Tags => self.error(StatusCode::INTERNAL_SERVER_ERROR, message, None),
            _ => self.invalid(message),
        };
        let names = cql::fields(text).map_err(|error| {
            self.invalid(&format!("org.z3950.zing.cql.CQLParseException: {error}"))
        })?;
        for (field, term) in names {
            if field.eq_ignore_ascii_case("cql.serverChoice") {
                let term = if term.contains(' ') {
                    json!(term).to_string()
                } else {
                    term
                };
                return Err(self.invalid(&format!(
                    "org.folio.cql2pgjson.exception.CQLFeatureUnsupportedException: Not implemented yet node type: CQLTermNode, CQL: {term}"
                )));
            }
            let first = field.split('.').next().unwrap_or_default();
            if !first.eq_ignore_ascii_case("cql") && !self.fields.contains(&first) {
                return Err(unknown(&format!(
                    "Could not resolve attribute '{first}' of '{}'",
                    self.entity
                )));
            }
            if field == "id" && !term.is_empty() && !cql::uuid::is_uuid(&term) && term != "\u{0}" {
                return Err(unknown(&format!("Invalid UUID string: {term}")));
            }
        }
        cql::compiled(text, None).map_err(|error| self.invalid(error.message()))
    }
}
