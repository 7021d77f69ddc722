//! The part of an executor in the limit of concurrent requests of all executors.

use std::fmt;
use std::str::FromStr;

/// The place of an executor among all executors: `1/2` and `2/2` are two executors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    number: usize,
    executors: usize,
}

/// The part of an executor in the limit of concurrent requests of all executors.
///
/// The parts of all places add up to the limit, and no part is zero:
///
/// ```
/// use folio_ballista::Share;
///
/// let shares = ["1/3", "2/3", "3/3"].map(|place| Share::new(place.parse().unwrap(), 16).unwrap().requests());
/// assert_eq!(shares, [6, 5, 5]);
/// assert!(Share::new("1/3".parse().unwrap(), 2).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    place: Place,
    limit: usize,
}

/// A place or a limit that is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareError {
    /// The text is not a place.
    Place(String),
    /// The limit is lower than the number of executors.
    Limit {
        /// The maximum number of concurrent requests of all executors.
        limit: usize,
        /// The number of executors.
        executors: usize,
    },
}

impl FromStr for Place {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let place = text.split_once('/').and_then(|(number, executors)| {
            let place = Self {
                number: number.parse().ok()?,
                executors: executors.parse().ok()?,
            };
            (1..=place.executors)
                .contains(&place.number)
                .then_some(place)
        });
        place.ok_or_else(|| ShareError::Place(text.to_owned()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.executors)
    }
}

impl Share {
    /// The share of an executor in the limit of all executors.
    ///
    /// # Errors
    /// The limit is lower than the number of executors: one of them could request nothing.
    pub fn new(place: Place, limit: usize) -> Result<Self, ShareError> {
        check(limit, place.executors)?;
        Ok(Self { place, limit })
    }

    /// The maximum number of concurrent requests of this executor.
    pub fn requests(self) -> usize {
        let Place { number, executors } = self.place;
        self.limit / executors + usize::from(number <= self.limit % executors)
    }

    /// The id of the executor. The scheduler accepts each id once at a time, so two executors never
    /// have the same share.
    pub(crate) fn executor_id(self) -> String {
        let Place { number, executors } = self.place;
        executor_id(number, executors, self.limit)
    }
}

/// Checks a limit of all executors.
pub(crate) fn check(limit: usize, executors: usize) -> Result<(), ShareError> {
    match limit >= executors && executors > 0 {
        true => Ok(()),
        false => Err(ShareError::Limit { limit, executors }),
    }
}

/// The id of an executor.
pub(crate) fn executor_id(number: usize, executors: usize, limit: usize) -> String {
    format!("folio-executor-{number}-of-{executors}-limit-{limit}")
}

impl fmt::Display for ShareError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(text) => write!(
                out,
                "`{text}` is not the place of an executor: 1/2 and 2/2 are the places of two executors"
            ),
            Self::Limit { executors: 0, .. } => out.write_str("there must be an executor"),
            Self::Limit { limit, executors } => write!(
                out,
                "{executors} executors cannot share {limit} concurrent requests: allow at least {executors} requests, or start fewer executors"
            ),
        }
    }
}

impl std::error::Error for ShareError {}
