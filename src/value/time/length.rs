//! Lengths of time in messages: `1h 2m 3s`.

use std::fmt;
use std::time::Duration;

/// The units, with their nanoseconds.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Shows a length of time exactly, in all its units that are not zero.
pub(crate) struct Length(pub(crate) Duration);

impl fmt::Display for Length {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return out.write_str("0s");
        }
        let mut rest = self.0.as_nanos();
        let mut space = "";
        for (unit, nanos) in UNITS {
            let count = rest / nanos;
            rest %= nanos;
            if count > 0 {
                write!(out, "{space}{count}{unit}")?;
                space = " ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_shown_in_its_units() {
        let shown = |nanos: u64| Length(Duration::from_nanos(nanos)).to_string();
        let second = 1_000_000_000;
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(1), "1ns");
        assert_eq!(shown(1_500), "1us 500ns");
        assert_eq!(shown(second + 7_000_000), "1s 7ms");
        assert_eq!(shown(60 * second), "1m");
        assert_eq!(shown(3_723 * second), "1h 2m 3s");
        assert_eq!(shown(90_000 * second), "1d 1h");
        assert_eq!(
            Length(Duration::MAX).to_string(),
            "213503982334601d 7h 15s 999ms 999us 999ns"
        );
    }
}
