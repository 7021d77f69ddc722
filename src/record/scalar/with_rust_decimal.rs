//! Numbers as decimals of rust_decimal (feature `rust_decimal`).

use ::rust_decimal::Decimal;

use super::number::{InvalidNumber, Number};

/// What a decimal represents.
const EXPECTED: &str =
    "a number of at most 28 digits, of which at most 28 stand behind the point (rust_decimal)";

#[cfg_attr(docsrs, doc(cfg(feature = "rust_decimal")))]
impl From<Decimal> for Number {
    /// Exact, with the zeros at the end that the decimal has: `10.10` stays `10.10`.
    fn from(decimal: Decimal) -> Self {
        Self::of_json(&decimal.to_string())
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "rust_decimal")))]
impl TryFrom<&Number> for Decimal {
    type Error = InvalidNumber;

    /// Exact, with the zeros at the end that the number has, as far as there is place for them.
    ///
    /// # Errors
    /// The number has more digits than a decimal of 96 bits holds, or more than 28 behind the
    /// point. It is not rounded.
    fn try_from(number: &Number) -> Result<Self, InvalidNumber> {
        let value = number.decimal();
        let of_scale = |scale: u32| {
            let mantissa = value.scaled(scale)?;
            Self::try_from_i128_with_scale(mantissa, scale).ok()
        };
        // Digits behind the point as written; without the zeros at the end if they are too many.
        let written = match number.as_str().split_once('.') {
            Some((_, fraction)) if !fraction.contains(['e', 'E']) => fraction.len(),
            _ => 0,
        };
        u32::try_from(written)
            .ok()
            .and_then(of_scale)
            .or_else(|| of_scale(value.scale()?))
            .ok_or_else(|| number.invalid(EXPECTED))
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "rust_decimal")))]
impl TryFrom<Number> for Decimal {
    type Error = InvalidNumber;

    /// As of a reference.
    fn try_from(number: Number) -> Result<Self, InvalidNumber> {
        (&number).try_into()
    }
}
