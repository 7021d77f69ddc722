//! The text of a request's body.

use serde_json::Value;

use crate::jackson::scalars::SOURCE;
use crate::wire::message::HttpResponse;

/// The text of a request's body, as a value. Text behind the first value is ignored, as RMB does.
pub(crate) fn parse(body: &[u8]) -> Result<Value, HttpResponse> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    let text = without_lone_surrogates(&text);
    match serde_json::Deserializer::from_str(&text)
        .into_iter::<Value>()
        .next()
    {
        Some(Ok(value)) => Ok(value),
        None => Ok(Value::Null),
        Some(Err(error)) => {
            let text = text.trim_start();
            let message = if error.is_eof() {
                if text.starts_with('[') && !text.contains('{') {
                    "Unexpected end-of-input: expected close marker for Array (start marker at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1])".to_owned()
                } else {
                    "Unexpected end-of-input within/between Object entries".to_owned()
                }
            } else {
                let at = error.column().saturating_sub(1);
                let c = text
                    .chars()
                    .nth(at)
                    .or_else(|| text.chars().next())
                    .unwrap_or(' ');
                let first = text.chars().next().unwrap_or(' ');
                if (first as u32) < 32 {
                    format!(
                        "Illegal character ((CTRL-CHAR, code {})): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        first as u32
                    )
                } else if first == '\u{feff}' {
                    "Unexpected character ('\u{feff}' (code 65279 / 0xfeff)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')".to_owned()
                } else if c == '/' {
                    "Unexpected character ('/' (code 47)): maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)".to_owned()
                } else {
                    format!("Unexpected character ('{c}' (code {}))", c as u32)
                }
            };
            Err(HttpResponse::bad_request(format!("{message}{SOURCE}")))
        }
    }
}

/// Java reads an unpaired surrogate as `?`.
fn without_lone_surrogates(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains("\\uD") && !text.contains("\\ud") {
        return text.into();
    }
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => {
                out.push_str(&text[at..at + 12]);
                at += 12;
            }
            (Some(0xd800..=0xdfff), _) => {
                out.push('?');
                at += 6;
            }
            _ => {
                let skip = usize::from(text[at..].starts_with("\\\\")) + 1;
                let next: usize = text[at..].chars().take(skip).map(char::len_utf8).sum();
                out.push_str(&text[at..at + next]);
                at += next;
            }
        }
    }
    out.into()
}
