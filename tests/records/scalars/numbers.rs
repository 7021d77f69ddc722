//! `Number`: order, whole numbers, decimals, formats other than JSON. `tests/records/numbers.rs` has its
//! digits in records.

use std::cmp::Ordering;
use std::fmt;

use folio_sdk::Number;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

use super::hash;

fn number(text: &str) -> Number {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn numbers_are_ordered_by_value() {
    let ordered = [
        "-1e400",
        "-1e300",
        "-10.11",
        "-10.1",
        "-9",
        "-0.5",
        "-1e-300",
        "0",
        "1e-400",
        "1e-300",
        "0.09",
        "0.1",
        "9.99",
        "10.1",
        "10.11",
        "24.99",
        "24.990000000000002",
        "9007199254740992",
        "9007199254740993",
        "1e300",
        "1.0000000000000000000000000001e300",
        "1e400",
    ];
    for (one, a) in ordered.iter().enumerate() {
        for (two, b) in ordered.iter().enumerate() {
            assert_eq!(number(a).cmp(&number(b)), one.cmp(&two), "{a} {b}");
        }
    }
    for zero in ["0", "-0", "0.00", "-0.0e5", "0e99999999999999999999"] {
        assert_eq!(
            number(zero).cmp(&Number::default()),
            Ordering::Equal,
            "{zero}"
        );
        assert_eq!(hash(&number(zero)), hash(&Number::default()));
    }
}

#[test]
fn whole_numbers_convert_exactly_or_not_at_all() {
    for (text, whole) in [
        ("3", Some(3)),
        ("3.0", Some(3)),
        ("0.3e1", Some(3)),
        ("30e-1", Some(3)),
        ("-0", Some(0)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9.223372036854775808e18", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("3.5", None),
        ("1e-1", None),
        ("1e400", None),
        ("1e99999999999999999999", None),
        ("-1e-99999999999999999999", None),
        ("9007199254740993.0", Some(9_007_199_254_740_993)),
    ] {
        assert_eq!(number(text).as_i64(), whole, "{text}");
        assert_eq!(i64::try_from(&number(text)).ok(), whole, "{text}");
    }
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    assert_eq!(number("1.8446744073709551615e19").as_u64(), Some(u64::MAX));
    assert_eq!(number("18446744073709551616").as_u64(), None);
    assert_eq!(number("-1").as_u64(), None);
    assert_eq!(Number::from(u64::MAX).as_str(), "18446744073709551615");
    assert_eq!(Number::from(i64::MIN).as_str(), "-9223372036854775808");
    assert_eq!(Number::from(7_u32), number("7.00"));
    assert_ne!(Number::from(7_i32), number("7.01"));
    let error = i32::try_from(number("2147483648")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`2147483648` is not a whole number of 32 bits"
    );
    let error = u64::try_from(number("-1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`-1` is not a whole number of 64 bits that is not negative"
    );
    let error = "1,50".parse::<Number>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`1,50` is not a number as JSON writes it, without white space, such as 10.10"
    );
}

#[test]
fn doubles_are_converted_only_by_functions_that_say_so() {
    assert_eq!(
        Number::from_f64_lossy(0.1 + 0.2).unwrap().as_str(),
        "0.30000000000000004"
    );
    assert_eq!(Number::from_f64_lossy(2.5).unwrap().to_f64_lossy(), 2.5);
    assert!(Number::from_f64_lossy(f64::NAN).is_err());
    let error = Number::from_f64_lossy(f64::INFINITY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`inf` is not a number as JSON writes it, without white space, such as 10.10"
    );
    assert_eq!(number("1e400").to_f64_lossy(), f64::INFINITY);
}

#[test]
fn decimals_convert_exactly_or_not_at_all() {
    for (text, expected) in [
        ("10.10", Some("10.10")),
        ("1.0", Some("1.0")),
        ("-0.05", Some("-0.05")),
        ("24.990000000000002", Some("24.990000000000002")),
        ("1.10e2", Some("110")),
        ("1e-28", Some("0.0000000000000000000000000001")),
        ("1.5e-3", Some("0.0015")),
        (
            "79228162514264337593543950335",
            Some("79228162514264337593543950335"),
        ),
        (
            "7.9228162514264337593543950335",
            Some("7.9228162514264337593543950335"),
        ),
        // Zeros for which there is no place.
        ("1.00000000000000000000000000000000", Some("1")),
        (
            "79228162514264337593543950335.0",
            Some("79228162514264337593543950335"),
        ),
        ("-0", Some("0")),
        ("0.00", Some("0.00")),
        ("0e400", Some("0")),
        ("79228162514264337593543950336", None),
        ("1e29", None),
        ("1e-29", None),
        ("0.12345678901234567890123456789", None),
        ("7.92281625142643375935439503351", None),
        ("1e400", None),
        ("1e-400", None),
        ("1e99999999999999999999", None),
        ("1e-99999999999999999999", None),
    ] {
        let decimal = Decimal::try_from(&number(text));
        assert_eq!(
            decimal.as_ref().ok().map(ToString::to_string).as_deref(),
            expected,
            "{text}"
        );
        match decimal {
            Ok(decimal) => assert_eq!(Number::from(decimal), number(text), "{text}"),
            Err(error) => {
                assert!(error.to_string().contains("rust_decimal"), "{error}");
                assert_eq!(Decimal::try_from(number(text)), Err(error));
            }
        }
    }
    let total: Decimal = ["10.10", "0.20", "24.990000000000002"]
        .map(number)
        .iter()
        .map(|price| Decimal::try_from(price).unwrap())
        .sum();
    assert_eq!(Number::from(total).as_str(), "35.290000000000002");
}

#[test]
fn a_number_is_shown_with_a_width_and_a_precision() {
    let price = number("24.99");
    assert_eq!(format!("{price}"), "24.99");
    assert_eq!(
        format!("[{price:8}] [{price:<8}] [{price:08}] [{price:+}]"),
        "[   24.99] [24.99   ] [00024.99] [+24.99]"
    );
    assert_eq!(format!("{:08.1}", number("-9.96")), "-00010.0");
    for (text, places, expected) in [
        ("24.990000000000002", 2, "24.99"),
        ("24.99", 4, "24.9900"),
        ("24.99", 0, "25"),
        ("0.125", 2, "0.12"),
        ("0.135", 2, "0.14"),
        ("0.1250000000000000000000000001", 2, "0.13"),
        ("2.5", 0, "2"),
        ("0.5", 0, "0"),
        ("1.5", 0, "2"),
        ("9.995", 2, "10.00"),
        ("99.95", 1, "100.0"),
        ("-0.001", 2, "0.00"),
        ("0.05", 0, "0"),
        ("0", 2, "0.00"),
        ("12e2", 1, "1200.0"),
        (
            "1234567890123456789012345678901234567890.123",
            2,
            "1234567890123456789012345678901234567890.12",
        ),
        ("1e99999999999", 2, "1e99999999999"),
    ] {
        assert_eq!(format!("{:.places$}", number(text)), expected, "{text}");
    }
}

/// A number in a format that has no text of numbers: serde's own of `fmt`.
struct Shown<'a>(&'a Number);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(out)
    }
}

#[test]
fn other_formats_lose_no_digit_either() {
    for text in [
        "10.5",
        "-3",
        "18446744073709551615",
        "24.990000000000002",
        "1234567890123456789.12",
        "0.1234567890123456789012345678901234567890",
        "18446744073709551616",
        "1e400",
    ] {
        let shown = Shown(&number(text)).to_string();
        assert_eq!(number(&shown), number(text), "{text}");
        // What is no double is text there, and is read again.
        let read: Result<Number, serde::de::value::Error> =
            Number::deserialize(text.into_deserializer());
        assert_eq!(read.unwrap().as_str(), text);
    }
    let read: Result<Number, serde::de::value::Error> =
        Number::deserialize("a".into_deserializer());
    assert!(read.is_err());
    // In JSON text is no number.
    assert!(serde_json::from_str::<Number>("\"1.5\"").is_err());
    assert!(serde_json::from_value::<Number>("1.5".into()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The order is that of exact integers after the points are moved.
    #[test]
    fn order_is_that_of_the_values(a in any::<i64>(), b in any::<i64>(), x in 0_u32..20, y in 0_u32..20, close in any::<bool>()) {
        let b = if close { a.saturating_add(b % 3) } else { b };
        let (one, two) = (number(&format!("{a}e-{x}")), number(&format!("{b}e-{y}")));
        let exact = |value: i64, scale: u32| i128::from(value) * 10_i128.pow(19 - scale);
        let expected = exact(a, x).cmp(&exact(b, y));
        prop_assert_eq!(one.cmp(&two), expected);
        prop_assert_eq!(one == two, expected.is_eq());
        if expected.is_eq() {
            prop_assert_eq!(hash(&one), hash(&two));
        }
    }

    /// A precision rounds as that of doubles that are exact, and as rust_decimal does.
    #[test]
    fn precision_rounds_half_to_even(halves in any::<i32>(), shift in 0_u32..8, places in 0_usize..10, mantissa in any::<i64>(), scale in 0_u32..28) {
        let double = f64::from(halves) / f64::from(1 << shift);
        let shown = format!("{double:.places$}");
        let expected = if shown.contains(|digit: char| matches!(digit, '1'..='9')) { &*shown } else { shown.trim_start_matches('-') };
        let ours = Number::from_f64_lossy(double).unwrap();
        prop_assert_eq!(format!("{ours:.places$}"), expected);
        let decimal = Decimal::try_from_i128_with_scale(mantissa.into(), scale).unwrap();
        let rounded = Decimal::try_from(number(&format!("{:.places$}", Number::from(decimal)))).unwrap();
        prop_assert_eq!(rounded, decimal.round_dp(places.try_into().unwrap()));
    }

    /// Every decimal is written and read with its scale; every number is a decimal exactly or none.
    #[test]
    fn decimals_come_back(mantissa in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335, scale in 0_u32..=28, text in "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?") {
        let decimal = Decimal::try_from_i128_with_scale(mantissa, scale).unwrap();
        let read = Decimal::try_from(Number::from(decimal)).unwrap();
        prop_assert_eq!((read, read.scale()), (decimal, scale));
        let any = number(&text);
        if let Ok(decimal) = Decimal::try_from(&any) {
            prop_assert_eq!(Number::from(decimal), any);
        } else if let Ok(exact) = Decimal::from_str_exact(&text) {
            prop_assert_ne!(Number::from(exact), any, "{} fits", text);
        }
    }
}
