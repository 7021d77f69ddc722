//! What is left to read of a list, as a value that outlives the program.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is left to read of a list: taken from a harvest on its way ([`HarvestStream::checkpoint`](crate::HarvestStream::checkpoint)), and
/// gone on from by [`Harvest::resume`](crate::Harvest::resume). It can be serialised; it holds no secret.
///
/// It also is a part of a plan: [`split`](Self::split) divides what is left among several machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The form of this value, for those that come later.
    version: Version,
    pub(super) list: String,
    /// Ranges of ids that were not read.
    #[serde(default)]
    pub(super) remaining: Vec<Range>,
    /// Of a list that cannot be read by id: where to go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u64>,
    /// The keys of the records before, the last one at the end: they tell if something was deleted meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) last: Vec<String>,
    #[serde(default)]
    finished: bool,
    pub(super) records: u64,
    pub(super) mark: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Version {
    #[serde(rename = "1")]
    One,
}

/// The ids that are greater than one and at most another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<String>,
}

/// Why a checkpoint could not be saved or loaded.
#[derive(Debug)]
pub struct CheckpointError {
    what: &'static str,
    path: std::path::PathBuf,
    source: io::Error,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(
            out,
            "the checkpoint {path} cannot be {}: {}",
            self.what, self.source
        )
    }
}

impl std::error::Error for CheckpointError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Checkpoint {
    pub(super) fn of_ranges(list: String, mut ranges: Vec<Range>) -> Self {
        // In the order of the ids; neighbours become one.
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
            remaining,
            offset: None,
            last: Vec::new(),
            records: 0,
            mark: 0,
        }
    }

    pub(super) fn whole(list: String) -> Self {
        Self::of_ranges(list, vec![Range::default()])
    }

    pub(super) fn from_offset(list: String, offset: u64, last: Vec<String>) -> Self {
        Self {
            version: Version::One,
            list,
            remaining: Vec::new(),
            offset: Some(offset),
            last,
            finished: false,
            records: 0,
            mark: 0,
        }
    }

    pub(super) fn ended(self, finished: bool) -> Self {
        Self { finished, ..self }
    }

    /// Whether nothing is left to read.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// How many records were taken so far, in this run and those before it; bad ones are not counted.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The caller's own mark; 0 if none was made. Mostly the size that the output had.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// The checkpoint with a mark of the caller's.
    #[must_use]
    pub fn with_mark(self, mark: u64) -> Self {
        Self { mark, ..self }
    }

    /// Divides what is left into parts of about the same share of the ids, each to be read by another program or machine. There are fewer
    /// where the list cannot be read by id: then it stays whole. The first part has the count of records and the mark.
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
                // A crumb more or less is of no matter.
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
            plan.push(Self::of_ranges(self.list.clone(), ranges));
        }
        if let Some(first) = plan.first_mut() {
            first.records = self.records;
            first.mark = self.mark;
        }
        plan
    }

    /// Writes it to a file, so that a program or machine that dies at any time leaves either the one before or this one, whole: to another
    /// file beside it, which is then on the disk and takes its place. (It waits for the disk, some milliseconds.)
    ///
    /// # Errors
    /// The file system says no.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "saved",
            path: path.into(),
            source,
        };
        self.write(path).map_err(failed)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let mut file = File::create(&beside)?;
        file.write_all(&json)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        // The new name is on the disk when its folder is.
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    /// Reads it from a file; none if there is no such file.
    ///
    /// # Errors
    /// The file system says no, or the file is no checkpoint.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>, CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "loaded",
            path: path.into(),
            source,
        };
        match std::fs::read(path) {
            Ok(json) => serde_json::from_slice(&json)
                .map(Some)
                .map_err(|error| failed(error.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

impl Range {
    /// Where it begins and ends among all UUIDs; none if its bounds are none.
    pub(super) fn bounds(&self) -> Option<(u128, u128)> {
        let number = |id: &Option<String>, otherwise| match id {
            None => Some(otherwise),
            Some(id) => Uuid::try_parse(id).ok().map(|id| id.as_u128()),
        };
        Some((number(&self.after, 0)?, number(&self.until, u128::MAX)?))
    }

    /// How many UUIDs could be in it.
    pub(super) fn share(&self) -> u128 {
        self.bounds()
            .map_or(0, |(after, until)| until.saturating_sub(after))
    }

    fn start(&self) -> u128 {
        self.bounds().map_or(0, |(after, _)| after)
    }

    /// Two ranges of it, the first with about this part (0 to 1) of the ids; none if it is too small or its bounds are no UUIDs.
    pub(super) fn split(&self, part: f64) -> Option<(Self, Self)> {
        let (after, until) = self.bounds()?;
        let share = until.checked_sub(after).filter(|share| *share > 1)?;
        // Precise enough: neither the whole nor nothing.
        let low = ((share as f64 * part.clamp(0.0, 1.0)) as u128).clamp(1, share - 1);
        let middle = after + low;
        // A UUID that servers take for one: of version 4 and of the usual variant, where that fits.
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
