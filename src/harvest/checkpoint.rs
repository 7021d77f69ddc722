//! What is left to read of a list, as a value that outlives the program.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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
    /// Ranges of ids that it began with: all, or a part of a plan. A finished one begins with them again. None: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    origin: Vec<Range>,
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
            origin: Vec::new(),
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
            origin: Vec::new(),
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

    /// A checkpoint of the same part of the list.
    pub(super) fn part_of(self, other: &Self) -> Self {
        Self {
            origin: other.origin.clone(),
            ..self
        }
    }

    /// The same part of the list from its beginning; `offset` is where a list begins that cannot be read by id.
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

    /// What is wrong with it: somebody has changed it, or it is of something else.
    pub(super) fn problem(&self) -> Option<String> {
        let state = match (self.finished, self.offset, self.remaining.is_empty()) {
            (true, _, false) => "it is finished, and says that ranges remain",
            (_, Some(_), false) => "it has both ranges and an offset",
            (false, None, true) => {
                "it is not finished, and says neither which ranges remain nor at which offset to resume"
            }
            _ if self.offset.is_none() && !self.last.is_empty() => {
                "it has the last keys of a list by offset, and no offset"
            }
            _ => "",
        };
        if !state.is_empty() {
            return Some(state.to_owned());
        }
        if let Some(offset) = self.offset.filter(|offset| *offset > MOST_OFFSET) {
            return Some(format!(
                "its offset is {offset}, and that of a list is {MOST_OFFSET} at most"
            ));
        }
        for (name, count) in [("records", self.records), ("mark", self.mark)] {
            if count > MOST_COUNT {
                return Some(format!("its `{name}` is {count}, which nothing can have"));
            }
        }
        [("remaining", &self.remaining), ("origin", &self.origin)]
            .into_iter()
            .find_map(|(name, ranges)| {
                let problem = problem_of(ranges)?;
                Some(format!("its `{name}` is wrong: {problem}"))
            })
    }

    /// Whether nothing is left to read. To resume from it reads the same once more, from the beginning.
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
            first.mark = self.mark;
        }
        plan
    }

    /// Writes it to a file, so that a program or machine that dies at any time leaves either the one before or this one, whole: to another
    /// file beside it, which is then on the disk and takes its place. (It waits for the disk, some milliseconds.)
    ///
    /// A program that may be started twice by mistake uses a [`CheckpointFile`], which only one can have.
    ///
    /// # Errors
    /// The file system says no, or another program has the file as a [`CheckpointFile`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "saved",
            path: path.into(),
            source,
        };
        // Who needs no lock leaves no file for one behind.
        let lock = Lock::if_there(path).map_err(failed)?;
        let written = self.write(path).map_err(failed);
        drop(lock);
        written
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
    /// The file system says no, or the file is no checkpoint, or one that contradicts itself: it says what is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Option<Self>, CheckpointError> {
        let path = path.as_ref();
        let failed = |source| CheckpointError {
            what: "loaded",
            path: path.into(),
            source,
        };
        match std::fs::read(path) {
            Ok(json) => {
                let checkpoint: Self =
                    serde_json::from_slice(&json).map_err(|error| failed(error.into()))?;
                match checkpoint.problem() {
                    Some(problem) => {
                        Err(failed(io::Error::new(io::ErrorKind::InvalidData, problem)))
                    }
                    None => Ok(Some(checkpoint)),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// What is wrong with ranges of ids.
fn problem_of(ranges: &[Range]) -> Option<String> {
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
            // Of other keys the order is not known, so that there is one range, up to the end.
            None if ranges.len() > 1 || range.until.is_some() => {
                return Some(format!(
                    "the range after {after} until {until} has a bound that is no UUID"
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
            format!("the range after {after} overlaps another: its records would come twice")
        })
        .next()
}

/// The largest offset that RMB accepts.
const MOST_OFFSET: u64 = i32::MAX as u64;

/// More than any count of records and any size of a file.
const MOST_COUNT: u64 = i64::MAX as u64;

/// The file of a checkpoint, for one program at a time: a second one that opens it gets an error. It is free again when this value is dropped,
/// or the program ends in whatever way.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// # use serde_json::Value;
/// let left = folio_sdk::CheckpointFile::open("users.checkpoint")?;
/// let mut harvest = folio.harvest(folio.folio_get_all::<Value>("/users", "users").by_id());
/// if let Some(checkpoint) = left.load()? {
///     harvest = harvest.resume(checkpoint);
/// }
/// let mut users = harvest.stream();
/// while let Some(user) = users.next().await {
///     println!("{}", user?["username"]);
///     left.save(&users.checkpoint())?;
/// }
/// left.save(&users.checkpoint())?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CheckpointFile {
    path: PathBuf,
    _lock: Lock,
}

impl CheckpointFile {
    /// Takes the file for this program, whether or not it is there. A file beside it, whose name ends with `.lock`, is locked for that; it stays
    /// there, and means nothing by itself.
    ///
    /// # Errors
    /// Another program has it, or the same one once more; or the file system says no.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, CheckpointError> {
        let path = path.into();
        match Lock::of(&path) {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(source) => Err(CheckpointError {
                what: "opened",
                path,
                source,
            }),
        }
    }

    /// Reads the checkpoint; none if there is no such file.
    ///
    /// # Errors
    /// Those of [`Checkpoint::load`].
    pub fn load(&self) -> Result<Option<Checkpoint>, CheckpointError> {
        Checkpoint::load(&self.path)
    }

    /// Writes a checkpoint as [`Checkpoint::save`] does.
    ///
    /// # Errors
    /// The file system says no.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        checkpoint
            .write(&self.path)
            .map_err(|source| CheckpointError {
                what: "saved",
                path: self.path.clone(),
                source,
            })
    }
}

/// Nobody else has the file of a checkpoint.
#[derive(Debug)]
struct Lock(#[expect(dead_code, reason = "it is held")] File);

impl Lock {
    fn of(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        Self::by(options.create(true).truncate(false), path)
    }

    /// The lock, if there is a file for it.
    fn if_there(path: &Path) -> io::Result<Option<Self>> {
        match Self::by(&mut OpenOptions::new(), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            lock => lock.map(Some),
        }
    }

    fn by(options: &mut OpenOptions, path: &Path) -> io::Result<Self> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let file = options.write(true).open(beside)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another program uses it: wait for that, or give this one a checkpoint of its own",
            )),
            Err(TryLockError::Error(error)) => Err(error),
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
