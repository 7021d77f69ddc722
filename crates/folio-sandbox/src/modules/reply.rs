//! The responses of mod-circulation: its validation errors, its texts, and multi-line JSON. Its
//! errors have no type, and a code only if its source names one.

use http::{StatusCode, header};
use serde_json::{Map, Value, json};

use crate::facts::kinds::Release;
use crate::value::java;
use crate::wire::message::{HandlerResult, HttpResponse};
use crate::wire::rmb;

/// The content type of a text of mod-circulation, as recorded.
const TEXT: &str = "text/plain; ISO_8859_1";
const JSON: &str = "application/json; charset=utf-8";

/// Why a request goes no further: a response, or a storage that fails.
#[derive(Debug)]
pub(crate) enum Stop {
    Response(Box<HttpResponse>),
    Store(rusqlite::Error),
}

/// A step of a request.
pub(crate) type Step<T> = Result<T, Stop>;

/// The response of a request after its last step.
pub(crate) fn finished(step: Step<HttpResponse>) -> HandlerResult {
    match step {
        Ok(response) => Ok(response),
        Err(Stop::Response(response)) => Ok(*response),
        Err(Stop::Store(error)) => Err(error),
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<HttpResponse> for Stop {
    fn from(response: HttpResponse) -> Self {
        Self::Response(Box::new(response))
    }
}

impl From<ValidationError> for Stop {
    fn from(rejection: ValidationError) -> Self {
        rejected(&[rejection]).into()
    }
}

/// A kind of block that a permission overrides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Patron,
    ItemLimit,
    NotLoanable,
    Renewal,
    RenewalDueDateRequired,
}

impl Block {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Patron => "patronBlock",
            Self::ItemLimit => "itemLimitBlock",
            Self::NotLoanable => "itemNotLoanableBlock",
            Self::Renewal => "renewalBlock",
            Self::RenewalDueDateRequired => "renewalDueDateRequiredBlock",
        }
    }

    /// The permission to override it, whose name ends in `.post` as of mod-circulation 24.3.2
    /// (Ramsons).
    pub(crate) fn permission(self, release: Release) -> &'static str {
        let (recorded, newer) = match self {
            Self::Patron => (
                "circulation.override-patron-block",
                "circulation.override-patron-block.post",
            ),
            Self::ItemLimit => (
                "circulation.override-item-limit-block",
                "circulation.override-item-limit-block.post",
            ),
            Self::NotLoanable => (
                "circulation.override-item-not-loanable-block",
                "circulation.override-item-not-loanable-block.post",
            ),
            Self::Renewal | Self::RenewalDueDateRequired => (
                "circulation.override-renewal-block",
                "circulation.override-renewal-block.post",
            ),
        };
        match release {
            Release::Quesnelia => recorded,
            Release::Ramsons => newer,
        }
    }
}

/// Why something is rejected: one of `errors`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValidationError {
    message: String,
    parameters: Vec<(Option<String>, Option<String>)>,
    code: Option<&'static str>,
    block: Option<(Block, Option<&'static str>)>,
}

impl ValidationError {
    pub(crate) fn bare(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            parameters: Vec::new(),
            code: None,
            block: None,
        }
    }

    pub(crate) fn new(message: impl Into<String>, key: &str, value: Option<&str>) -> Self {
        Self {
            parameters: vec![(Some(key.to_owned()), value.map(str::to_owned))],
            ..Self::bare(message)
        }
    }

    /// With a parameter that has neither a key nor a value, as some are recorded.
    pub(crate) fn of_nothing(message: impl Into<String>) -> Self {
        Self {
            parameters: vec![(None, None)],
            ..Self::bare(message)
        }
    }

    /// With parameters in the order of a Java `HashMap`, which is the order of the response.
    pub(crate) fn with(message: impl Into<String>, parameters: &[(&str, Option<&str>)]) -> Self {
        Self::sized(message, parameters, 16)
    }

    /// The same for a map that was made from another one, which makes its table smaller.
    pub(crate) fn sized(
        message: impl Into<String>,
        parameters: &[(&str, Option<&str>)],
        table: u32,
    ) -> Self {
        let mut parameters: Vec<(Option<String>, Option<String>)> = parameters
            .iter()
            .map(|(key, value)| (Some((*key).to_owned()), value.map(str::to_owned)))
            .collect();
        parameters.sort_by_key(|(key, _)| java::bucket(key.as_deref().unwrap_or_default(), table));
        Self {
            parameters,
            ..Self::bare(message)
        }
    }

    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The block, which a user with the permission may override.
    pub(crate) fn block(mut self, block: Block, lacks: Option<&'static str>) -> Self {
        self.block = Some((block, lacks));
        self
    }

    fn json(&self) -> Value {
        let parameters: Vec<Value> = self
            .parameters
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value}))
            .collect();
        let mut error = json!({"message": self.message, "parameters": parameters});
        if let Some(code) = self.code {
            error["code"] = code.into();
        }
        if let Some((block, lacks)) = self.block {
            error["overridableBlock"] =
                json!({"name": block.name(), "missingPermissions": lacks.as_slice()});
        }
        error
    }
}

/// 422 with `errors`.
pub(crate) fn rejected(rejections: &[ValidationError]) -> HttpResponse {
    let order = ["message", "parameters", "code", "overridableBlock"].map(str::to_owned);
    let errors: Vec<String> = rejections
        .iter()
        .map(|rejection| {
            rmb::pretty(&rejection.json(), &order)
                .lines()
                .collect::<Vec<_>>()
                .join("\n  ")
        })
        .collect();
    HttpResponse::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        JSON,
        format!("{{\n  \"errors\" : [ {} ]\n}}", errors.join(", ")),
    )
}

/// Continues only if nothing was rejected.
pub(crate) fn unless_rejected(rejections: &[ValidationError]) -> Step<()> {
    if rejections.is_empty() {
        return Ok(());
    }
    // A rejection that is found twice is reported once.
    let mut reported: Vec<ValidationError> = Vec::new();
    for rejection in rejections {
        if !reported.contains(rejection) {
            reported.push(rejection.clone());
        }
    }
    Err(rejected(&reported).into())
}

/// 404 of a record that is not there; it has no content type.
pub(crate) fn absent(kind: &str, id: &str) -> HttpResponse {
    let mut response = HttpResponse::text(
        StatusCode::NOT_FOUND,
        format!("{kind} record with ID \"{id}\" cannot be found"),
    );
    response.headers.remove(header::CONTENT_TYPE);
    response
}

pub(crate) fn bad_request(text: impl Into<String>) -> HttpResponse {
    HttpResponse::new(StatusCode::BAD_REQUEST, TEXT, text.into())
}

/// 500 with a text.
pub(crate) fn failed(text: impl Into<String>) -> HttpResponse {
    HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR, TEXT, text.into())
}

/// The response for behaviour that the sandbox does not emulate.
pub(crate) fn not_emulated(what: &str) -> HttpResponse {
    HttpResponse::text(
        StatusCode::NOT_IMPLEMENTED,
        format!("The sandbox does not emulate {what}."),
    )
}

/// JSON over several lines, its fields in the order of their first mention here, then by name.
pub(crate) fn shown(status: StatusCode, value: &Value, order: &[&str]) -> HttpResponse {
    let order: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
    HttpResponse::new(status, JSON, rmb::pretty(value, &order))
}

/// A list of one page.
pub(crate) fn list(key: &str, records: &[Value], order: &[&str], total: usize) -> HttpResponse {
    let order: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
    let list = rmb::RecordList {
        form: rmb::Form::Pretty,
        key,
        records,
        order: &order,
        total: Some(total),
        info: None,
        diagnostics: json!([]),
    };
    HttpResponse::new(StatusCode::OK, JSON, list.written())
}

pub(crate) fn done() -> HttpResponse {
    HttpResponse::empty(StatusCode::NO_CONTENT)
}

/// The object in a request's body, or Vert.x's error if there is none.
pub(crate) fn body(bytes: &[u8]) -> Step<Map<String, Value>> {
    const OBJECT: &str = "io.vertx.core.json.JsonObject";
    let of_app = |class: &str| {
        format!(
            "class {class} cannot be cast to class {OBJECT} ({class} and {OBJECT} are in unnamed module of loader 'app')"
        )
    };
    let of_java = |class: &str| {
        format!(
            "class {class} cannot be cast to class {OBJECT} ({class} is in module java.base of loader 'bootstrap'; {OBJECT} is in unnamed module of loader 'app')"
        )
    };
    match crate::jackson::parse(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(Value::Array(_)) => Err(failed(of_app("io.vertx.core.json.JsonArray")).into()),
        Ok(Value::String(_)) => Err(failed(of_java("java.lang.String")).into()),
        Ok(Value::Bool(_)) => Err(failed(of_java("java.lang.Boolean")).into()),
        Ok(Value::Number(number)) => {
            let class = match number.as_i64() {
                Some(number) if i32::try_from(number).is_ok() => "java.lang.Integer",
                Some(_) => "java.lang.Long",
                None => "java.lang.Double",
            };
            Err(failed(of_java(class)).into())
        }
        // Without a body there is no object: the first access to it fails. The text is not
        // recorded.
        Ok(Value::Null) => Err(failed("java.lang.NullPointerException").into()),
        Err(response) => {
            let text = String::from_utf8_lossy(&response.body).into_owned();
            let text = text
                .split_once("\n at [Source")
                .map_or(text.clone(), |(message, _)| {
                    let lines = String::from_utf8_lossy(bytes).into_owned();
                    let line = lines.lines().count().max(1);
                    let column = lines.lines().last().unwrap_or_default().chars().count() + 1;
                    format!(
                        "Failed to decode:{message}\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {line}, column: {column}]"
                    )
                });
            Err(failed(text).into())
        }
    }
}

/// A property of any type as text; none if it is absent or null.
pub(crate) fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The same, none also where it is blank.
pub(crate) fn filled(fields: &Map<String, Value>, name: &str) -> Option<String> {
    text(fields, name).filter(|text| !text.trim().is_empty())
}

/// A step whose rejection is ignored.
pub(crate) fn ignored_response(step: Step<()>) -> Step<()> {
    match step {
        Err(Stop::Store(error)) => Err(error.into()),
        Ok(()) | Err(Stop::Response(_)) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Release, ValidationError, body, rejected};

    fn told(rejection: ValidationError) -> String {
        let body = rejected(&[rejection]).body;
        String::from_utf8(body)
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn parameters_come_in_the_order_of_a_java_map() {
        // The orders are recorded.
        let already = ValidationError::with(
            "m",
            &[
                ("requesterId", Some("r")),
                ("requestId", Some("q")),
                ("itemId", Some("i")),
            ],
        );
        assert_eq!(
            told(already),
            r#"{ "errors" : [ { "message" : "m", "parameters" : [ { "key" : "itemId", "value" : "i" }, { "key" : "requesterId", "value" : "r" }, { "key" : "requestId", "value" : "q" } ] } ] }"#
        );
        let policy = ValidationError::sized(
            "m",
            &[
                ("itemBarcode", Some("b")),
                ("loanPolicyId", Some("i")),
                ("loanPolicyName", Some("n")),
            ],
            4,
        );
        let said = told(policy);
        let place = |key: &str| said.find(key);
        assert!(place("loanPolicyName") < place("itemBarcode"));
        assert!(place("itemBarcode") < place("loanPolicyId"));
        for (release, suffix) in [(Release::Quesnelia, ""), (Release::Ramsons, ".post")] {
            let lacks = Some(Block::Patron.permission(release));
            let block = told(ValidationError::bare("m").block(Block::Patron, lacks));
            assert!(block.contains(&format!(
                r#""overridableBlock" : {{ "missingPermissions" : [ "circulation.override-patron-block{suffix}" ], "name" : "patronBlock" }}"#
            )));
        }
    }

    #[test]
    fn what_is_no_object_fails_as_vertx_does() {
        for (sent, said) in [
            ("[]", "class io.vertx.core.json.JsonArray cannot be cast"),
            ("\"x\"", "class java.lang.String cannot be cast"),
            (
                "{\"itemBarcode\":",
                "Failed to decode:Unexpected end-of-input",
            ),
        ] {
            match body(sent.as_bytes()) {
                Err(super::Stop::Response(response)) => {
                    assert!(String::from_utf8_lossy(&response.body).starts_with(said));
                }
                other => assert!(other.is_err(), "{sent}"),
            }
        }
    }
}
