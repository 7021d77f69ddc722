//! Ranges of ids, into which a list is divided to be read in parallel.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The ids that are greater than one bound and at most another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
}

impl Range {
    /// Its position among all UUIDs; none if its bounds are not UUIDs.
    pub(super) fn bounds(&self) -> Option<(u128, u128)> {
        let number = |id: &Option<String>, otherwise| match id {
            None => Some(otherwise),
            Some(id) => Uuid::try_parse(id).ok().map(|id| id.as_u128()),
        };
        Some((number(&self.after, 0)?, number(&self.until, u128::MAX)?))
    }

    /// The number of UUIDs that it could contain.
    pub(super) fn share(&self) -> u128 {
        self.bounds()
            .map_or(0, |(after, until)| until.saturating_sub(after))
    }

    pub(super) fn start(&self) -> u128 {
        self.bounds().map_or(0, |(after, _)| after)
    }

    /// Splits it into two ranges, the first with about this share (0 to 1) of the ids; none if it
    /// is too small or its bounds are not UUIDs.
    pub(super) fn split(&self, part: f64) -> Option<(Self, Self)> {
        let (after, until) = self.bounds()?;
        let share = until.checked_sub(after).filter(|share| *share > 1)?;
        // Precise enough: neither part is empty.
        let low = ((share as f64 * part.clamp(0.0, 1.0)) as u128).clamp(1, share - 1);
        let middle = after + low;
        // A UUID that servers accept as such: of version 4 and of the usual variant, if that is
        // within the range.
        let usual = (middle & !(0xf << 76) & !(0xc << 60)) | (0x4 << 76) | (0x8 << 60);
        let middle = if usual > after && usual < until {
            usual
        } else {
            middle
        };
        let middle = Some(Uuid::from_u128(middle).to_string());
        Some((
            Self {
                after: self.after.clone(),
                until: middle.clone(),
            },
            Self {
                after: middle,
                until: self.until.clone(),
            },
        ))
    }
}

/// The error of invalid ranges of ids.
pub(super) fn problem_of(ranges: &[Range]) -> Option<String> {
    let mut bounds = Vec::with_capacity(ranges.len());
    for range in ranges {
        let is_blank = |id: &Option<String>| id.as_ref().is_some_and(|id| id.trim().is_empty());
        if is_blank(&range.after) || is_blank(&range.until) {
            return Some("a range has a blank bound".to_owned());
        }
        let shown = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        let (after, until) = (shown(&range.after), shown(&range.until));
        match range.bounds() {
            Some((low, high)) if range.until.is_some() && low >= high => {
                return Some(format!(
                    "the range after {after} until {until} is inverted or empty"
                ));
            }
            Some((low, high)) => bounds.push((low, high, after)),
            // The order of other keys is unknown, so that there is one range, up to the end.
            None if ranges.len() > 1 || range.until.is_some() => {
                return Some(format!(
                    "the range after {after} until {until} has a bound that is not a UUID"
                ));
            }
            None => {}
        }
    }
    bounds.sort_unstable();
    let neighbours = bounds.iter().zip(bounds.iter().skip(1));
    neighbours
        .filter(|((_, end, _), (low, ..))| low < end)
        .map(|(_, (.., after))| {
            format!(
                "the range after {after} overlaps another range: its records would be read twice"
            )
        })
        .next()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use proptest::prelude::*;

    use super::*;

    fn range(after: Option<u128>, until: Option<u128>) -> Range {
        let text = |number: u128| Uuid::from_u128(number).to_string();
        Range {
            after: after.map(text),
            until: until.map(text),
        }
    }

    #[test]
    fn what_is_wrong_with_ranges_is_found() {
        let text = |after: &str, until: &str| Range {
            after: (!after.is_empty()).then(|| after.to_owned()),
            until: (!until.is_empty()).then(|| until.to_owned()),
        };
        for (ranges, problem) in [
            (vec![], None),
            (vec![Range::default()], None),
            (vec![range(None, Some(5)), range(Some(5), None)], None),
            (vec![range(Some(5), None), range(None, Some(5))], None),
            (
                vec![range(None, Some(5)), range(Some(4), None)],
                Some("overlaps"),
            ),
            (vec![range(Some(5), Some(5))], Some("inverted")),
            (vec![range(Some(6), Some(5))], Some("inverted")),
            (vec![text(" ", "")], Some("blank")),
            (vec![text("a", "")], None),
            (vec![text("a", "b")], Some("not a UUID")),
            (
                vec![text("a", ""), range(None, Some(5))],
                Some("not a UUID"),
            ),
        ] {
            let found = problem_of(&ranges);
            assert_eq!(found.is_some(), problem.is_some(), "{ranges:?}: {found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(problem.unwrap_or_default()), "{found}");
        }
    }

    proptest! {
        /// Both parts together are the range, and neither is empty.
        #[test]
        fn a_divided_range_loses_nothing(a: u128, b: u128, part in -0.5_f64..1.5, open in 0..4) {
            let (low, high) = (a.min(b), a.max(b));
            let whole = range(
                (open & 1 == 0).then_some(low),
                (open & 2 == 0).then_some(high),
            );
            match whole.split(part) {
                Some((first, second)) => {
                    prop_assert_eq!(&first.after, &whole.after);
                    prop_assert_eq!(&first.until, &second.after);
                    prop_assert_eq!(&second.until, &whole.until);
                    prop_assert!(first.share() > 0 && second.share() > 0);
                    prop_assert_eq!(first.share() + second.share(), whole.share());
                    prop_assert_eq!(problem_of(&[first, second]), None);
                }
                None => prop_assert!(whole.share() < 2),
            }
        }
    }
}
