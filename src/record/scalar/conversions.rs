//! What the conversions of dates from and to other crates share.

use super::date::{DateTime, InvalidDateTime};
use crate::value::time::{Instant, TimeForm, date_at, midnight};

/// Text with an offset from UTC in seconds, or in UTC if the offset has a fraction of a minute:
/// such an offset (local mean time) has no place in the text.
pub(super) fn from_offset(instant: Instant, offset: i32) -> DateTime {
    let minutes = if offset % 60 == 0 { offset / 60 } else { 0 };
    DateTime::written(instant, TimeForm::with_offset(minutes))
}

/// A plain date.
pub(super) fn from_date(year: i64, month: i64, day: i64) -> DateTime {
    DateTime::written(midnight(year, month, day), TimeForm::DATE)
}

/// The date of the text at its own offset from UTC: year, month and day.
pub(super) fn date(value: &DateTime) -> Result<(i64, i8, i8), InvalidDateTime> {
    let (instant, form) = value.denoted()?;
    let (year, month, day) = date_at(instant, form.offset());
    let small = |number: i64| i8::try_from(number).unwrap_or_default();
    Ok((year, small(month), small(day)))
}

/// `From` of another type for [`DateTime`].
macro_rules! from_instant {
    ($(#[$doc:meta])* $from:ty, $feature:literal, |$value:ident| $make:expr) => {
        #[cfg_attr(docsrs, doc(cfg(feature = $feature)))]
        impl From<$from> for DateTime {
            $(#[$doc])*
            fn from($value: $from) -> Self {
                $make
            }
        }
    };
}
pub(super) use from_instant;

/// `TryFrom` of a [`DateTime`], and of a reference to one, for another type.
macro_rules! try_from {
    ($(#[$doc:meta])* $into:ty, $feature:literal, |$value:ident| $make:expr) => {
        #[cfg_attr(docsrs, doc(cfg(feature = $feature)))]
        impl TryFrom<&DateTime> for $into {
            type Error = InvalidDateTime;

            $(#[$doc])*
            fn try_from($value: &DateTime) -> Result<Self, InvalidDateTime> {
                $make
            }
        }

        #[cfg_attr(docsrs, doc(cfg(feature = $feature)))]
        impl TryFrom<DateTime> for $into {
            type Error = InvalidDateTime;

            $(#[$doc])*
            fn try_from(value: DateTime) -> Result<Self, InvalidDateTime> {
                (&value).try_into()
            }
        }
    };
}
pub(super) use try_from;
