//! Decimal numbers as JSON writes them, compared exactly.

use std::cmp::Ordering;

/// The value of a number: its digits without zeros at either end, and the power of ten that they
/// are multiplied by. Zero has no digits.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// The value of a number in the form of JSON.
    pub(crate) fn of(text: &str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (
                digits,
                // Beyond all that can be told apart.
                exponent.parse().unwrap_or(if exponent.starts_with('-') {
                    i64::MIN / 2
                } else {
                    i64::MAX / 2
                }),
            ),
            None => (text, 0_i64),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_start_matches('0');
        let digits = significant.trim_end_matches('0');
        if digits.is_empty() {
            return Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            };
        }
        let shift = signed(significant.len() - digits.len()) - signed(fraction.len());
        Self {
            is_negative,
            digits: digits.to_owned(),
            exponent: exponent.saturating_add(shift),
        }
    }

    /// The number that, divided by `10^scale`, is this one. Nothing if the number has more digits
    /// behind the point than `scale`, or the result does not fit.
    pub(crate) fn scaled(&self, scale: u32) -> Option<i128> {
        let Ok(digits) = self.digits.parse::<i128>() else {
            // Without digits it is zero; with too many it does not fit.
            return self.digits.is_empty().then_some(0);
        };
        let zeros = u32::try_from(self.exponent.checked_add(scale.into())?).ok()?;
        let number = digits.checked_mul(10_i128.checked_pow(zeros)?)?;
        Some(if self.is_negative { -number } else { number })
    }

    /// How many digits stand behind the point, at least.
    #[cfg(feature = "rust_decimal")]
    pub(crate) fn scale(&self) -> Option<u32> {
        u32::try_from(self.exponent.min(0).unsigned_abs()).ok()
    }

    /// Compares the distances from zero.
    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        // The power of ten that is above the first digit; zero is below all.
        let above = |number: &Self| match number.digits.is_empty() {
            true => i64::MIN,
            false => number.exponent.saturating_add(signed(number.digits.len())),
        };
        above(self)
            .cmp(&above(other))
            .then_with(|| self.digits.cmp(&other.digits))
            .then_with(|| self.exponent.cmp(&other.exponent))
    }
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}
