//! A point in time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NANOS: u32 = 1_000_000_000;

/// A point in time: seconds since 1970 in UTC without leap seconds, and nanoseconds of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Instant {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

impl Instant {
    pub(crate) const EPOCH: Self = Self {
        seconds: 0,
        nanos: 0,
    };

    /// Nothing if the platform's clock cannot represent it.
    pub(crate) fn to_system_time(self) -> Option<SystemTime> {
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let time = match self.seconds {
            0.. => UNIX_EPOCH.checked_add(whole),
            _ => UNIX_EPOCH.checked_sub(whole),
        };
        time?.checked_add(Duration::from_nanos(self.nanos.into()))
    }

    pub(crate) fn checked_add(self, duration: Duration) -> Option<Self> {
        let nanos = self.nanos + duration.subsec_nanos();
        let carried = i64::from(nanos / NANOS);
        Some(Self {
            seconds: self
                .seconds
                .checked_add_unsigned(duration.as_secs())?
                .checked_add(carried)?,
            nanos: nanos % NANOS,
        })
    }

    pub(crate) fn checked_sub(self, duration: Duration) -> Option<Self> {
        let nanos = self.nanos + NANOS - duration.subsec_nanos();
        let borrowed = i64::from(nanos / NANOS) - 1;
        Some(Self {
            seconds: self
                .seconds
                .checked_sub_unsigned(duration.as_secs())?
                .checked_add(borrowed)?,
            nanos: nanos % NANOS,
        })
    }

    /// The same instant without its microseconds and nanoseconds.
    pub(crate) fn truncated_to_millis(self) -> Self {
        Self {
            nanos: self.nanos - self.nanos % 1_000_000,
            ..self
        }
    }

    /// Whole milliseconds since 1970, if the instant has no smaller unit and they fit.
    pub(super) fn epoch_millis(self) -> Option<i64> {
        let millis = i64::from(self.nanos / 1_000_000);
        (self.nanos.is_multiple_of(1_000_000))
            .then(|| self.seconds.checked_mul(1_000)?.checked_add(millis))?
    }

    pub(crate) fn of_epoch_millis(millis: i64) -> Self {
        let nanos = u32::try_from(millis.rem_euclid(1_000)).unwrap_or_default() * 1_000_000;
        Self {
            seconds: millis.div_euclid(1_000),
            nanos,
        }
    }
}

impl From<SystemTime> for Instant {
    fn from(time: SystemTime) -> Self {
        let moved = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self::EPOCH.checked_add(since),
            Err(before) => Self::EPOCH.checked_sub(before.duration()),
        };
        // `SystemTime` counts seconds in 64 bits at most.
        moved.unwrap_or(Self::EPOCH)
    }
}
