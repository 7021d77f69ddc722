//! Counts of what did not fit the columns.

use std::collections::BTreeMap;

/// The number of different unknown fields that are counted one by one. The others are counted
/// together, under an empty name.
const MOST_UNKNOWN: usize = 1_000;

/// How many values of a column, or of a field without a column, are in `_extra`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnCount {
    /// The column: `hrid`, `personal.lastName`, `contributors[].name`. For the records that are in
    /// `_extra` as a whole, because a name occurs twice in an object of theirs, it is `_extra`.
    pub column: String,
    /// The values that do not fit the column's type. The column is null there.
    pub misfits: u64,
    /// The values whose text is another one than the column restores: dates in another form than
    /// `2025-05-01T02:00:17.887+00:00`, UUIDs in upper case. The column has the value, and `_extra` the
    /// text.
    pub rewritten: u64,
    /// The values of a field that has no column.
    pub unknown: u64,
}

/// What happened to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Of the column with this number.
    Misfit(usize),
    Rewritten(usize),
    /// The path of a field that has no column.
    Unknown(String),
    /// A record is in `_extra` as a whole.
    Whole,
}

/// The counts of a decoder.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// By the number of the column: its path, misfits and rewritten values.
    columns: Vec<(String, u64, u64)>,
    unknown: BTreeMap<String, u64>,
    whole: u64,
}

impl Counts {
    /// Adds a column. Returns its number.
    pub(crate) fn add(&mut self, path: &str) -> usize {
        self.columns.push((path.to_owned(), 0, 0));
        self.columns.len() - 1
    }

    pub(crate) fn count(&mut self, event: Event) {
        match event {
            Event::Misfit(column) => {
                if let Some((_, misfits, _)) = self.columns.get_mut(column) {
                    *misfits += 1;
                }
            }
            Event::Rewritten(column) => {
                if let Some((.., rewritten)) = self.columns.get_mut(column) {
                    *rewritten += 1;
                }
            }
            Event::Unknown(path) => {
                let is_full = self.unknown.len() >= MOST_UNKNOWN;
                let name = match is_full && !self.unknown.contains_key(&path) {
                    true => String::new(),
                    false => path,
                };
                *self.unknown.entry(name).or_default() += 1;
            }
            Event::Whole => self.whole += 1,
        }
    }

    /// The columns and fields with a count, in the order of the columns.
    pub(crate) fn all(&self) -> Vec<ColumnCount> {
        let count = |column: &str| ColumnCount {
            column: column.to_owned(),
            ..ColumnCount::default()
        };
        let columns = self.columns.iter();
        let columns = columns.filter(|(_, misfits, rewritten)| misfits + rewritten > 0);
        let columns = columns.map(|(path, misfits, rewritten)| ColumnCount {
            misfits: *misfits,
            rewritten: *rewritten,
            ..count(path)
        });
        let unknown = self.unknown.iter().map(|(path, number)| ColumnCount {
            unknown: *number,
            ..count(path)
        });
        let whole = (self.whole > 0).then(|| ColumnCount {
            misfits: self.whole,
            ..count(crate::layout::EXTRA)
        });
        columns.chain(unknown).chain(whole).collect()
    }
}
