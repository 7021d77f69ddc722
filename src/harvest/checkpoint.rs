//! The remaining part of a list, as a value that outlives the program.

use serde::{Deserialize, Serialize};

use super::range::{Range, problem_of};

/// The largest offset that RMB accepts.
const MOST_OFFSET: u64 = i32::MAX as u64;

/// More than any number of records and any size of a file.
const MOST_COUNT: u64 = i64::MAX as u64;

/// The remaining part of a list: taken from a running harvest
/// ([`HarvestStream::checkpoint`](crate::HarvestStream::checkpoint)), and resumed by
/// [`Harvest::resume`](crate::Harvest::resume). It can be serialised, and contains no secret.
///
/// It also is a part of a plan: [`split`](Self::split) divides what is left among several machines.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// use folio_sdk::CheckpointFile;
/// use serde_json::Value;
///
/// // No other program can use the file meanwhile. Without a checkpoint in it the list begins.
/// let file = CheckpointFile::open("items.checkpoint.json")?;
/// let items = folio.folio_get_all::<Value>("/item-storage/items", "items").by_id().limit(1000);
/// let mut harvest = folio.harvest(items);
/// if let Some(checkpoint) = file.load()? {
///     harvest = harvest.resume(checkpoint);
/// }
/// let mut harvest = harvest.stream();
/// while let Some(item) = harvest.next().await {
///     println!("{}", item?["barcode"]);
///     if harvest.progress().records % 10_000 == 0 {
///         file.save(&harvest.checkpoint())?;
///     }
/// }
/// file.save(&harvest.checkpoint())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The version of this format.
    version: Version,
    pub(super) list: String,
    /// The initial ranges of ids: all, or a part of a plan. A finished checkpoint starts with them
    /// again. None means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origin: Vec<Range>,
    /// Ranges of ids that were not read.
    #[serde(default)]
    pub(super) remaining: Vec<Range>,
    /// For a list that cannot be read by id: the offset at which to resume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    /// The keys of the preceding records, the last one at the end: they reveal concurrent
    /// deletions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) last: Vec<String>,
    #[serde(default)]
    finished: bool,
    /// All records of the ranges were returned, but the end of the list was not reached: the check
    /// that none is missing remains.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unchecked: bool,
    pub(super) records: u64,
    pub(super) position: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "1")]
    One,
}

impl Checkpoint {
    pub(super) fn of_ranges(list: String, mut ranges: Vec<Range>) -> Self {
        // In the order of the ids; adjacent ranges are merged.
        ranges.sort_by_cached_key(|range| range.start());
        let mut remaining: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match remaining.last_mut() {
                Some(before) if before.until.is_some() && before.until == range.after => {
                    before.until = range.until;
                }
                _ => remaining.push(range),
            }
        }
        Self {
            version: Version::One,
            list,
            finished: remaining.is_empty(),
            unchecked: false,
            origin: Vec::new(),
            remaining,
            offset: None,
            last: Vec::new(),
            records: 0,
            position: 0,
        }
    }

    pub(super) fn whole(list: String) -> Self {
        Self::of_ranges(list, vec![Range::default()])
    }

    pub(super) fn from_offset(list: String, offset: u64, last: Vec<String>) -> Self {
        Self {
            version: Version::One,
            list,
            origin: Vec::new(),
            remaining: Vec::new(),
            offset: Some(offset),
            last,
            finished: false,
            unchecked: false,
            records: 0,
            position: 0,
        }
    }

    pub(super) fn ended(self, finished: bool) -> Self {
        Self { finished, ..self }
    }

    /// What remains of the ranges of another checkpoint. `is_complete` if the end was reached, and no
    /// record is missing.
    pub(super) fn rest_of(begun: &Self, mut ranges: Vec<Range>, is_complete: bool) -> Self {
        // After the last record of a range nothing remains of it.
        ranges.retain(|range| range.until.is_none() || range.after != range.until);
        let has_text_keys = ranges.iter().any(|range| range.bounds().is_none());
        if has_text_keys && let (Some(first), Some(last)) = (ranges.first(), begun.remaining.last())
        {
            // Keys that are not UUIDs have no known order. Their list is one range, which is read
            // from its start to its end: it remains from the first of these ranges on.
            ranges = vec![Range {
                after: first.after.clone(),
                until: last.until.clone(),
            }];
        }
        let rest = Self::of_ranges(begun.list.clone(), ranges);
        Self {
            origin: begun.origin.clone(),
            unchecked: rest.finished && !is_complete,
            finished: rest.finished && is_complete,
            ..rest
        }
    }

    /// The checkpoint of a run that started with `begun` and has returned or processed so many
    /// readable records. `is_failed`: an error ended it.
    pub(super) fn after_run(self, begun: &Self, good: u64, is_failed: bool) -> Self {
        if is_failed && self.unchecked {
            // All ranges were read, but records are missing: their position is unknown, so that
            // everything has to be read again.
            return begun.clone();
        }
        Self {
            records: begun.records.saturating_add(good),
            position: begun.position,
            ..self
        }
    }

    /// The same part of the list from its start; `offset` is the start of a list that cannot be
    /// read by id.
    pub(super) fn again(self, offset: u64) -> Self {
        match self.offset {
            Some(_) => Self::from_offset(self.list, offset, Vec::new()),
            None if self.origin.is_empty() => Self::whole(self.list),
            None => Self {
                origin: self.origin.clone(),
                ..Self::of_ranges(self.list, self.origin)
            },
        }
    }

    /// The inconsistency of a checkpoint that was changed or is something else.
    pub(super) fn problem(&self) -> Option<String> {
        let state = match (self.finished, self.offset, self.remaining.is_empty()) {
            (true, _, false) => "it is finished, but contains ranges that remain",
            (_, Some(_), false) => "it has both ranges and an offset",
            (true, ..) if self.unchecked => "it is finished, but unchecked",
            (_, Some(_), _) | (_, _, false) if self.unchecked => {
                "nothing remains to be read of it, but it contains ranges or an offset"
            }
            (false, None, true) if !self.unchecked => {
                "it is not finished, but contains neither the ranges that remain nor the offset at which to resume"
            }
            _ if self.offset.is_none() && !self.last.is_empty() => {
                "it has the last keys of a list read by offset, but no offset"
            }
            _ => "",
        };
        if !state.is_empty() {
            return Some(state.to_owned());
        }
        if let Some(offset) = self.offset.filter(|offset| *offset > MOST_OFFSET) {
            return Some(format!(
                "its offset is {offset}, and the maximum is {MOST_OFFSET}"
            ));
        }
        for (name, count) in [("records", self.records), ("position", self.position)] {
            if count > MOST_COUNT {
                return Some(format!(
                    "its `{name}` is {count}, which is impossibly large"
                ));
            }
        }
        [("remaining", &self.remaining), ("origin", &self.origin)]
            .into_iter()
            .find_map(|(name, ranges)| {
                let problem = problem_of(ranges)?;
                Some(format!("its `{name}` is wrong: {problem}"))
            })
    }

    /// Whether nothing remains to be read. Resuming from it reads the same part again, from the
    /// start.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The number of records returned so far, in this run and earlier ones; unreadable ones are not
    /// counted.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The caller's position in its output, as [`with_position`](Self::with_position) set it; 0 if
    /// it was never set. Usually the size of the output in bytes.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The checkpoint with the caller's position in its output.
    #[must_use]
    pub fn with_position(self, position: u64) -> Self {
        Self { position, ..self }
    }

    /// Divides the remaining work into parts with about the same share of the ids, each to be read
    /// by another program or machine. There are fewer parts if the list cannot be read by id: then
    /// it is not divided. The first part has the count of records and the position.
    pub fn split(self, parts: usize) -> Vec<Self> {
        let shares: Vec<u128> = self.remaining.iter().map(Range::share).collect();
        let total: f64 = shares.iter().map(|share| *share as f64).sum();
        if self.offset.is_some() || parts < 2 || total < parts as f64 {
            return vec![self];
        }
        let mut open: Vec<Range> = self.remaining.clone();
        open.reverse();
        let mut plan = Vec::with_capacity(parts);
        for part in 0..parts {
            let mut wanted = if part + 1 == parts {
                f64::INFINITY
            } else {
                total / parts as f64
            };
            let mut ranges = Vec::new();
            while let Some(range) = open.pop() {
                let share = range.share() as f64;
                // Small differences are irrelevant.
                if share <= wanted * 1.000_001 {
                    wanted -= share;
                    ranges.push(range);
                    if wanted <= share * 0.000_001 {
                        break;
                    }
                    continue;
                }
                match range.split(wanted / share) {
                    Some((low, high)) => {
                        open.push(high);
                        ranges.push(low);
                    }
                    None => ranges.push(range),
                }
                break;
            }
            if ranges.is_empty() {
                continue;
            }
            plan.push(Self {
                origin: ranges.clone(),
                ..Self::of_ranges(self.list.clone(), ranges)
            });
        }
        if let Some(first) = plan.first_mut() {
            first.records = self.records;
            first.position = self.position;
        }
        plan
    }
}
