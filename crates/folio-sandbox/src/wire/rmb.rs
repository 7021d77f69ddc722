//! The forms of RMB's responses: JSON over several lines, lists, errors, and its rules for headers.

use std::fmt::Write as _;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::value::raw;
use crate::wire::message::{HttpRequest, HttpResponse};

/// JSON over several lines, as Jackson prints it; the fields of the outermost object in an order
/// that is known.
pub(crate) fn pretty(value: &Value, order: &[String]) -> String {
    let mut out = String::new();
    write_pretty(value, order, 0, &mut out);
    out
}

/// The fields of an object: those of the order first, then the others.
fn in_order<'a>(fields: &'a Map<String, Value>, order: &[String]) -> Vec<(&'a String, &'a Value)> {
    let mut list: Vec<(&String, &Value)> = fields.iter().collect();
    let place = |name: &String| {
        order
            .iter()
            .position(|known| known == name)
            .unwrap_or(usize::MAX)
    };
    list.sort_by_key(|(name, _)| place(name));
    list
}

fn write_pretty(value: &Value, order: &[String], depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) if fields.is_empty() => out.push_str("{ }"),
        Value::Object(fields) => {
            out.push('{');
            for (index, (name, value)) in in_order(fields, order).into_iter().enumerate() {
                out.push_str(if index > 0 { ",\n" } else { "\n" });
                let _ = write!(
                    out,
                    "{}{} : ",
                    "  ".repeat(depth + 1),
                    Value::from(name.as_str())
                );
                write_pretty(value, &[], depth + 1, out);
            }
            let _ = write!(out, "\n{}}}", "  ".repeat(depth));
        }
        Value::Array(list) if list.is_empty() => out.push_str("[ ]"),
        Value::Array(list) => {
            out.push_str("[ ");
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push_str(", ");
                }
                write_pretty(value, order, depth, out);
            }
            out.push_str(" ]");
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

/// JSON on one line, the fields of the outermost object in an order that is known.
pub(crate) fn compact(value: &Value, order: &[String]) -> String {
    let Value::Object(fields) = value else {
        return value.to_string();
    };
    let fields: Vec<String> = in_order(fields, order)
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// How a list is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// One record per line.
    Streamed,
    #[default]
    Pretty,
    /// mod-settings: all on one line.
    Line,
}

/// A list of records.
pub(crate) struct RecordList<'a> {
    pub(crate) form: Form,
    pub(crate) key: &'a str,
    pub(crate) records: &'a [Value],
    pub(crate) order: &'a [String],
    pub(crate) total: Option<usize>,
    pub(crate) info: Option<usize>,
    pub(crate) diagnostics: Value,
}

impl<'a> RecordList<'a> {
    /// A list with a record on each line, and its total.
    pub(crate) fn streamed(key: &'a str, records: &'a [Value], total: usize) -> Self {
        Self {
            form: Form::Streamed,
            key,
            records,
            order: &[],
            total: Some(total),
            info: Some(total),
            diagnostics: json!([]),
        }
    }

    /// The response.
    pub(crate) fn response(&self) -> HttpResponse {
        HttpResponse::new(StatusCode::OK, "application/json", self.written())
    }

    pub(crate) fn written(&self) -> String {
        let texts: Vec<String> = self.records.iter().map(Value::to_string).collect();
        self.written_of(&texts)
    }

    /// The same of records that are compact JSON already, in place of `records`.
    pub(crate) fn written_of(&self, records: &[String]) -> String {
        let key = Value::from(self.key);
        let diagnostics = &self.diagnostics;
        let size: usize = records.iter().map(String::len).sum();
        let mut out = String::with_capacity(size + size / 4 + 256);
        let between = |separator: &str, out: &mut String| {
            for (index, record) in records.iter().enumerate() {
                if index > 0 {
                    out.push_str(separator);
                }
                raw::compact(record, self.order, out);
            }
        };
        match self.form {
            Form::Streamed => {
                let _ = write!(out, "{{\n  {key}: [\n");
                between(",\n", &mut out);
                out.push_str("],\n");
                if let Some(total) = self.total {
                    let _ = writeln!(out, "  \"totalRecords\": {total},");
                }
                let _ = write!(
                    out,
                    "  \"resultInfo\": {{\"totalRecords\":{},\"facets\":[],\"diagnostics\":{diagnostics}}}\n}}",
                    self.info.unwrap_or_default()
                );
            }
            Form::Line => {
                let _ = write!(out, "{{ {key} : [");
                between(",", &mut out);
                let _ = write!(
                    out,
                    "], \"resultInfo\": {{\"totalRecords\":{},\"diagnostics\":{diagnostics}}}}}",
                    self.info.unwrap_or_default()
                );
            }
            Form::Pretty => {
                let _ = write!(out, "{{\n  {key} : ");
                if records.is_empty() {
                    out.push_str("[ ]");
                } else {
                    out.push_str("[ ");
                    for (index, record) in records.iter().enumerate() {
                        if index > 0 {
                            out.push_str(", ");
                        }
                        raw::pretty(record, self.order, 1, &mut out);
                    }
                    out.push_str(" ]");
                }
                if let Some(total) = self.total {
                    let _ = write!(out, ",\n  \"totalRecords\" : {total}");
                }
                if let Some(total) = self.info {
                    let info =
                        json!({"totalRecords": total, "facets": [], "diagnostics": diagnostics});
                    out.push_str(",\n  \"resultInfo\" : ");
                    let order = ["totalRecords".to_owned(), "facets".to_owned()];
                    write_pretty(&info, &order, 1, &mut out);
                }
                out.push_str("\n}");
            }
        }
        out
    }
}

/// The order of an error's fields.
fn error_order() -> [String; 4] {
    ["message", "type", "code", "parameters"].map(str::to_owned)
}

/// A response of JSON over several lines.
pub(crate) fn json_response(status: StatusCode, value: &Value) -> HttpResponse {
    json_ordered(status, value, &[])
}

pub(crate) fn json_ordered(status: StatusCode, value: &Value, order: &[String]) -> HttpResponse {
    HttpResponse::new(status, "application/json", pretty(value, order))
}

/// An error: message, type, code and parameters.
pub(crate) fn error(message: &str, code: &str, kind: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    json!({"message": message, "type": kind, "code": code, "parameters": parameters})
}

/// Errors over several lines, as modules write their own.
pub(crate) fn errors(status: StatusCode, list: &[Value]) -> HttpResponse {
    let mut out = String::from("{\n  \"errors\" : ");
    write_pretty(&Value::Array(list.to_vec()), &error_order(), 1, &mut out);
    out.push_str("\n}");
    HttpResponse::new(status, "application/json", out)
}

/// Errors on one line, as RMB's validation writes them.
pub(crate) fn violations(list: &[Value]) -> HttpResponse {
    let list: Vec<String> = list
        .iter()
        .map(|error| compact(error, &error_order()))
        .collect();
    HttpResponse::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "application/json",
        format!("{{\"errors\":[{}]}}", list.join(",")),
    )
}

/// The response of a module whose storage fails.
pub(crate) fn storage(error: &rusqlite::Error) -> HttpResponse {
    HttpResponse::text(
        StatusCode::INTERNAL_SERVER_ERROR,
        format!("the sandbox cannot store: {error}"),
    )
}

/// RMB compares the header literally with the media types of the response: JSON or text, or text
/// alone.
pub(crate) fn not_acceptable(request: &HttpRequest, json: bool) -> Option<HttpResponse> {
    let accept = request.header("accept")?;
    let types: &[&str] = if json {
        &["application/json", "text/plain"]
    } else {
        &["text/plain"]
    };
    let fits = accept.contains("*/*") || types.iter().any(|wanted| accept.contains(wanted));
    (!fits).then(|| {
        HttpResponse::bad_request(format!(
            "Accept header must be {} for this request, but it is {}, can not send */*",
            json!(types),
            json!(accept)
        ))
    })
}

/// RMB wants JSON, or no type at all.
pub(crate) fn wrong_content_type(request: &HttpRequest) -> Option<HttpResponse> {
    let content_type = request.header("content-type")?;
    (!content_type.contains("application/json")).then(|| {
        HttpResponse::bad_request(format!(
            "Content-type header must be [\"application/json\"] but it is {}",
            json!(content_type)
        ))
    })
}

/// The text of RMB's pattern for UUIDs.
pub(crate) const INVALID_UUID: &str = "Invalid UUID format of id, should be xxxxxxxx-xxxx-Mxxx-Nxxx-xxxxxxxxxxxx where M is 1-5 and N is 8, 9, a, b, A or B and x is 0-9, a-f or A-F.";

/// Now, as RMB writes dates into records.
pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string()
}
