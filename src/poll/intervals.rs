//! How long to wait between two reads of a status.

use std::time::Duration;

use crate::wire::retry::Backoff;

/// The delays between reads: the first, and each later one longer, up to the longest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intervals {
    pub(super) initial: Duration,
    pub(super) longest: Duration,
}

/// By how much a delay is longer than the one before.
const GROWTH: f64 = 1.5;

/// Which part of a delay is random, so that many clients do not ask at once.
const JITTER: f64 = 0.2;

/// Shorter than this no delay is: a loop without a pause would flood the server.
const SHORTEST: Duration = Duration::from_millis(10);

impl Default for Intervals {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        }
    }
}

impl Intervals {
    /// The delay before the read after the `number`-th (from 1). `random` is from 0 to 1: the delay
    /// is up to a tenth shorter or longer.
    pub(super) fn delay(&self, number: u32, random: f64) -> Duration {
        let growing = Backoff {
            delay: self.initial,
            factor: GROWTH,
            max: self.longest.max(self.initial),
        };
        let delay = growing.ceiling(number).as_secs_f64();
        Duration::try_from_secs_f64(delay * (1.0 - JITTER / 2.0 + JITTER * random))
            .unwrap_or(Duration::MAX)
            .max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_longest_and_are_never_nothing() {
        let seconds = |pace: Intervals, number, random| pace.delay(number, random).as_secs_f64();
        let pace = Intervals::default();
        let round = |delay: f64| (delay * 1000.0).round() / 1000.0;
        let delays =
            [1, 2, 3, 9, 10, 1000, u32::MAX].map(|number| round(seconds(pace, number, 0.5)));
        assert_eq!(delays, [1.0, 1.5, 2.25, 25.629, 30.0, 30.0, 30.0]);
        assert_eq!(round(seconds(pace, 1, 0.0)), 0.9);
        assert_eq!(round(seconds(pace, 1, 1.0)), 1.1);
        for extreme in [Duration::ZERO, Duration::MAX] {
            let pace = Intervals {
                initial: extreme,
                longest: extreme,
            };
            for number in [0, 1, 50, u32::MAX] {
                assert!(pace.delay(number, 1.0) >= SHORTEST);
            }
        }
        // A first delay that is longer than the longest stays as it is.
        let pace = Intervals {
            initial: Duration::from_secs(60),
            longest: Duration::from_secs(30),
        };
        assert_eq!(round(seconds(pace, 5, 0.5)), 60.0);
    }
}
