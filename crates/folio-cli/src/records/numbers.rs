//! Numbers with more digits than a double holds: changed ones would lose digits.

use std::collections::HashSet;

use folio_sdk::Number;
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
    let Ok(number) = number.parse::<Number>() else {
        return false;
    };
    // A double is written with the fewest digits that identify it.
    Number::from_f64_lossy(number.to_f64_lossy()).is_ok_and(|written| written == number)
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
