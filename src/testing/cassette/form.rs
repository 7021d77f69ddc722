//! The file of a cassette: exchanges without their secrets.

use serde_json::{Value, json};

use super::redaction::Redaction;
use super::request::RecordedRequest;
use super::response::RecordedResponse;

const FORMAT: &str = "folio-sdk cassette 1";

/// The file of exchanges.
pub(super) fn written(
    redaction: &Redaction,
    exchanges: &[(RecordedRequest, RecordedResponse)],
) -> String {
    let exchanges: Vec<Value> = exchanges
        .iter()
        .map(
            |(request, response)| json!({"request": request.value(), "response": response.value()}),
        )
        .collect();
    let file = json!({"format": FORMAT, "redacted": redaction.fields(), "exchanges": exchanges});
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    redaction.text(text) + "\n"
}

/// The exchanges of a file.
pub(super) fn read(
    file: &Value,
) -> Result<(Redaction, Vec<(RecordedRequest, RecordedResponse)>), String> {
    if file.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!("expected the format {FORMAT:?}"));
    }
    let fields = file.get("redacted").and_then(Value::as_array);
    let fields = fields.into_iter().flatten().filter_map(Value::as_str);
    let redaction = Redaction::of_fields(fields);
    let exchanges = file.get("exchanges").and_then(Value::as_array);
    let exchanges = exchanges.into_iter().flatten().map(|exchange| {
        let of = |name: &str| exchange.get(name).cloned().unwrap_or_default();
        Ok((
            RecordedRequest::read(&of("request"))?,
            RecordedResponse::read(&of("response"))?,
        ))
    });
    Ok((redaction, exchanges.collect::<Result<_, String>>()?))
}
