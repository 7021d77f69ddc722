//! Numbers of JSON, compared by value: `1.0` is 1, and `1e2` is 100.

use std::str::FromStr;

use folio_sdk::Number;

/// The digits that a decimal of Arrow can have.
const DIGITS: u32 = 38;

/// So many significant digits are read by any double as they are written.
const EXACT_DIGITS: usize = 15;

/// A whole number of 64 bits.
pub(crate) fn whole(text: &str) -> Option<i64> {
    match text.parse() {
        Ok(number) => Some(number),
        Err(_) => i64::try_from(scaled(text, 0)?).ok(),
    }
}

/// The number without its point: 10.5 with two digits behind the point is 1050. None if it has more
/// digits behind the point, or too many in all.
pub(crate) fn scaled(text: &str, scale: u32) -> Option<i128> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()),
        None => (digits, Some(0)),
    };
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    // Zeros at the end change nothing, whatever their number.
    let after = after.trim_end_matches('0');
    let mut number: i128 = 0;
    for digit in before.bytes().chain(after.bytes()) {
        let digit = char::from(digit).to_digit(10)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    if number == 0 {
        return Some(0);
    }
    let mut shift = exponent?
        .checked_add(scale.into())?
        .checked_sub(i64::try_from(after.len()).ok()?)?;
    while shift < 0 && number % 10 == 0 {
        number /= 10;
        shift += 1;
    }
    let power = 10_i128.checked_pow(u32::try_from(shift).ok()?)?;
    let number = number.checked_mul(power)?;
    let is_possible = number < 10_i128.pow(DIGITS);
    is_possible.then_some(if is_negative { -number } else { number })
}

/// The double, if its shortest text is the same number.
pub(crate) fn double(text: &str) -> Option<f64> {
    let double = f64::from_str(text)
        .ok()
        .filter(|number| number.is_finite())?;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits <= EXACT_DIGITS && !text.contains(['e', 'E']) {
        return Some(double);
    }
    let same = Number::from_f64_lossy(double).ok()? == text.parse::<Number>().ok()?;
    same.then_some(double)
}

/// A scaled number as JSON, without zeros at the end.
pub(crate) fn decimal_text(number: i128, scale: i8) -> String {
    let places = usize::try_from(scale).unwrap_or_default();
    let digits = format!("{:0width$}", number.unsigned_abs(), width = places + 1);
    let (before, after) = digits.split_at(digits.len() - places);
    let after = after.trim_end_matches('0');
    let sign = if number < 0 { "-" } else { "" };
    let point = if after.is_empty() { "" } else { "." };
    format!("{sign}{before}{point}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_in_any_form() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("42", Some(42)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1.0", Some(1)),
            ("1.50", None),
            ("1e2", Some(100)),
            ("1200e-2", Some(12)),
            ("1e-1", None),
            ("1e400", None),
            ("0e99999999999999999999", Some(0)),
            ("1e99999999999999999999", None),
            ("123456789012345678901234567890", None),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    #[test]
    fn decimals_are_exact_or_absent() {
        for (text, expected) in [
            ("10.10", Some((101_000, "10.1"))),
            ("10", Some((100_000, "10"))),
            ("-0.0001", Some((-1, "-0.0001"))),
            ("0.00010", Some((1, "0.0001"))),
            ("0.00001", None),
            ("0.30000000000000004", None),
            ("1e-4", Some((1, "0.0001"))),
            ("1E+3", Some((10_000_000, "1000"))),
            (
                "9999999999999999999999999999999999.9999",
                Some((
                    10_i128.pow(38) - 1,
                    "9999999999999999999999999999999999.9999",
                )),
            ),
            ("10000000000000000000000000000000000", None),
            ("0", Some((0, "0"))),
        ] {
            let found = scaled(text, 4);
            assert_eq!(found, expected.map(|(number, _)| number), "{text}");
            if let Some((number, shown)) = expected {
                assert_eq!(decimal_text(number, 4), shown);
            }
        }
        assert_eq!(decimal_text(-5, 0), "-5");
    }

    #[test]
    fn doubles_are_those_whose_text_is_the_same_number() {
        for (text, is_exact) in [
            ("0.1", true),
            ("10.10", true),
            ("-0.0", true),
            ("0.30000000000000004", true),
            ("0.300000000000000044", false),
            ("123456789012345678", false),
            ("123456789012345680", true),
            ("1e300", true),
            ("1e400", false),
            ("1e-400", false),
            ("5e-324", true),
            ("123456789012345678901234567890", false),
            ("100000000000000000000", true),
        ] {
            assert_eq!(double(text).is_some(), is_exact, "{text}");
        }
    }
}
