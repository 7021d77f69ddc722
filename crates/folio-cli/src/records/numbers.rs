//! Numbers with more digits than a double holds: changed ones would lose digits.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::output::json;

/// A number of a text that would lose digits if it were written anew, unless it occurs in `before`:
/// unchanged parts of a record are sent as they were read.
pub(crate) fn inexact(text: &RawValue, before: Option<&RawValue>) -> Option<String> {
    let known: HashSet<&str> = before
        .map(json::numbers)
        .unwrap_or_default()
        .into_iter()
        .collect();
    json::numbers(text)
        .into_iter()
        .find(|number| !known.contains(number) && !is_exact(number))
        .map(str::to_owned)
}

fn is_exact(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    match serde_json::from_str::<f64>(number) {
        // A double is written with the fewest digits that identify it.
        Ok(double) if double.is_finite() => digits(number) == digits(&format!("{double:e}")),
        _ => false,
    }
}

/// The significant digits, and the power of ten of the first one.
fn digits(number: &str) -> (String, i64) {
    let number = number.trim_start_matches('-');
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().unwrap_or_default()),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let significant = all.trim_matches('0').to_owned();
    if significant.is_empty() {
        return (significant, 0);
    }
    let power = i64::try_from(whole.len()).unwrap_or_default()
        - i64::try_from(leading).unwrap_or_default()
        + exponent;
    (significant, power)
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn numbers_that_a_double_holds_are_exact() {
        for number in [
            "0",
            "-0.0",
            "1",
            "10.10",
            "1e3",
            "1E+3",
            "0.001",
            "-12.5",
            "9223372036854775807",
            "18446744073709551615",
            "1000000000000000000000",
            "1.7976931348623157e308",
        ] {
            assert!(is_exact(number), "{number}");
        }
        for number in [
            "0.1234567890123456789",
            "12345678901234567890123",
            "1e400",
            "18446744073709551617",
        ] {
            assert!(!is_exact(number), "{number}");
        }
    }
}
