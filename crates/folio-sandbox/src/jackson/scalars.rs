//! Numbers and booleans as Jackson converts them, and its messages for values that it does not
//! convert.

use serde_json::{Value, json};

use crate::wire::message::HttpResponse;

/// The position that Jackson states in an error; the column is unknown here.
pub(crate) const SOURCE: &str = "\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 1]";

pub(super) fn mismatch(message: &str, chain: &str) -> HttpResponse {
    let through = if chain.is_empty() {
        String::new()
    } else {
        format!(" (through reference chain: {chain})")
    };
    HttpResponse::bad_request(format!("{message}{SOURCE}{through}"))
}

pub(crate) fn token(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "Array value (token `JsonToken.START_ARRAY`)",
        Value::Object(_) => "Object value (token `JsonToken.START_OBJECT`)",
        Value::Bool(true) => "Boolean value (token `JsonToken.VALUE_TRUE`)",
        Value::Bool(false) => "Boolean value (token `JsonToken.VALUE_FALSE`)",
        Value::String(_) => "String value (token `JsonToken.VALUE_STRING`)",
        Value::Number(number) if number.is_f64() => {
            "Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"
        }
        Value::Number(_) => "Integer value (token `JsonToken.VALUE_NUMBER_INT`)",
        Value::Null => "Null value (token `JsonToken.VALUE_NULL`)",
    }
}

pub(super) fn integer(value: &Value, chain: &str) -> Result<Value, HttpResponse> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => return Ok(Value::Null),
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => Some(number as f64),
            Err(_) => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `java.lang.Integer` from String {}: not a valid `java.lang.Integer` value",
                        json!(text)
                    ),
                    chain,
                ));
            }
        },
        other => {
            return Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `java.lang.Integer` from {}",
                    token(other)
                ),
                chain,
            ));
        }
    };
    let number = number.unwrap_or_default().trunc();
    if !(-2_147_483_648.0..=2_147_483_647.0).contains(&number) {
        return Err(mismatch(
            &format!("Numeric value ({value}) out of range of int (-2147483648 - 2147483647)"),
            chain,
        ));
    }
    Ok(Value::from(number as i64))
}

pub(super) fn number(value: &Value, money: bool, chain: &str) -> Result<Value, HttpResponse> {
    let kind = if money {
        "java.math.BigDecimal"
    } else {
        "java.lang.Double"
    };
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) if text.trim().is_empty() => {
            if money {
                return Err(mismatch(
                    "Cannot construct instance of `org.folio.rest.domain.MonetaryValue`, problem: `java.lang.NullPointerException`",
                    chain,
                ));
            }
            return Ok(Value::Null);
        }
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number),
            _ => {
                let valid = if money {
                    "not a valid representation"
                } else {
                    "not a valid `Double` value (as String to convert)"
                };
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `{kind}` from String {}: {valid}",
                        json!(text)
                    ),
                    chain,
                ));
            }
        },
        other => {
            return Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `{kind}` from {}",
                    token(other)
                ),
                chain,
            ));
        }
    };
    Ok(Value::from(number.unwrap_or_default()))
}

pub(super) fn boolean(value: &Value, chain: &str) -> Result<Value, HttpResponse> {
    let boolean = match value {
        Value::Bool(boolean) => *boolean,
        Value::Number(number) if number.is_i64() => number.as_i64() != Some(0),
        Value::String(text) => match text.trim() {
            "" => return Ok(Value::Null),
            "true" | "True" | "TRUE" => true,
            "false" | "False" | "FALSE" => false,
            _ => {
                return Err(mismatch(
                    &format!(
                        "Cannot deserialize value of type `java.lang.Boolean` from String {}: only \"true\" or \"false\" recognized",
                        json!(text)
                    ),
                    chain,
                ));
            }
        },
        other => {
            return Err(mismatch(
                &format!(
                    "Cannot deserialize value of type `java.lang.Boolean` from {}",
                    token(other)
                ),
                chain,
            ));
        }
    };
    Ok(boolean.into())
}
