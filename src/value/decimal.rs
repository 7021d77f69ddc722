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
                // Larger than any exponent that can be distinguished.
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

    /// The number with so many digits behind the point, rounded half to even, as Rust rounds
    /// doubles. Nothing of numbers with more than a thousand zeros.
    pub(crate) fn rounded(&self, places: usize) -> Option<String> {
        const MOST_ZEROS: u64 = 1_000;
        if self.exponent.unsigned_abs() > MOST_ZEROS {
            return None;
        }
        // How many zeros are added to the digits, or how many digits are cut off.
        let shift = self.exponent + i64::try_from(places).ok()?;
        let count = usize::try_from(shift.unsigned_abs()).ok()?;
        let mut whole = match shift {
            0.. => format!("{}{:0<count$}", self.digits, ""),
            _ => self.cut(count),
        };
        if whole.len() <= places {
            whole.insert_str(0, &"0".repeat(places + 1 - whole.len()));
        }
        if places > 0 {
            whole.insert(whole.len() - places, '.');
        }
        let is_zero = !whole.contains(|digit: char| matches!(digit, '1'..='9'));
        if self.is_negative && !is_zero {
            whole.insert(0, '-');
        }
        Some(whole)
    }

    /// The digits without so many at the end, rounded half to even.
    fn cut(&self, count: usize) -> String {
        let Some(end) = self.digits.len().checked_sub(count) else {
            return String::new();
        };
        let (left, right) = self.digits.split_at(end);
        // The last digit is not a zero: `5` alone is exactly a half.
        let is_up = match right.cmp("5") {
            Ordering::Less => false,
            Ordering::Equal => left.ends_with(['1', '3', '5', '7', '9']),
            Ordering::Greater => true,
        };
        if !is_up {
            return left.to_owned();
        }
        let nines = left.len() - left.trim_end_matches('9').len();
        let (first, _) = left.split_at(left.len() - nines);
        let mut up = first.to_owned();
        let last = up
            .pop()
            .map_or(1, |digit| digit.to_digit(10).unwrap_or_default() + 1);
        up.push_str(&last.to_string());
        up.push_str(&"0".repeat(nines));
        up
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
