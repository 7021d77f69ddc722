//! What was found while this thread reads a value, until the record around it keeps it.

use std::cell::{Cell, RefCell};

use serde::de::DeserializeOwned;

/// How values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// By a caller of serde's. A number with a fraction where no number is described is a double:
    /// serde does not hand over its digits.
    Plain,
    /// By the SDK. Such a number ends the reading, and it begins again as [`Exact`](Self::Exact).
    Fast,
    /// The text of each field is taken first, so that all digits are known.
    Exact,
    /// To find out which variant of a union fits: what does not fit is an error.
    Strict,
}

/// A step to a value within a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathStep {
    /// To an element, by its index as the server sent it.
    At(usize),
    Key(String),
}

/// Something within a field that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mismatch {
    /// The steps from the field to it. From the last one, while the field is read.
    pub(super) path: Vec<PathStep>,
    pub(super) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum What {
    /// An element that is `null` where the description knows no such elements. It is left out of
    /// the list.
    Null,
    Value {
        raw: String,
        reason: String,
        typed: Typed,
    },
}

/// What the program sees of a value of another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A blank value in its place.
    Blank,
    /// The same value in the described type: `20` of `"20"`.
    Converted,
    /// Nothing: a record in a list that is no object.
    LeftOut,
}

impl Mismatch {
    /// Whether it is the value itself that was read, and its place is to be blank.
    pub(super) fn is_unread(&self) -> bool {
        let is_blank = matches!(
            self.what,
            What::Value {
                typed: Typed::Blank,
                ..
            }
        );
        is_blank && self.path.is_empty()
    }
}

impl What {
    pub(super) fn is_left_out(&self) -> bool {
        matches!(
            self,
            Self::Null
                | Self::Value {
                    typed: Typed::LeftOut,
                    ..
                }
        )
    }

    pub(super) fn raw(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Value { raw, .. } => raw,
        }
    }

    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Null => "expected a value, and it is null",
            Self::Value { reason, .. } => reason,
        }
    }
}

thread_local! {
    pub(super) static READING: Cell<Reading> = const { Cell::new(Reading::Plain) };
    /// Whether reading ended since the digits of a number were not known.
    pub(super) static IS_INEXACT: Cell<bool> = const { Cell::new(false) };
    /// How deep [`Reading::Exact`] is: each level has a deserializer of its own, which counts from the beginning.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// How much was found so far that belongs to no record yet.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static FOUND: RefCell<Vec<Mismatch>> = const { RefCell::new(Vec::new()) };
    /// How much this thread has found, whatever became of it; and how much of it the typed values do not show.
    static NOTED: Cell<Noted> = const { Cell::new(Noted { all: 0, left_out: 0 }) };
}

/// How much does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    all: u32,
    left_out: u32,
}

/// How deep serde_json reads.
const DEEPEST: usize = 128;

/// Sets how values are read, until it is dropped.
pub(super) struct Setting(Reading);

impl Setting {
    fn of(reading: Reading) -> Self {
        Self(READING.replace(reading))
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        READING.set(self.0);
    }
}

/// Reads the JSON of a server: once, and once more where the digits of a number matter that serde
/// does not hand over. `read` must give the same whenever it is called.
pub(crate) fn reading<T, E>(mut read: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let before = count();
    IS_INEXACT.set(false);
    let mut result = {
        let _setting = Setting::of(Reading::Fast);
        read()
    };
    if result.is_err() && IS_INEXACT.take() {
        forget_since(before);
        let _setting = Setting::of(Reading::Exact);
        result = read();
    }
    if result.is_err() {
        forget_since(before);
    }
    result
}

/// Reads JSON as the SDK reads responses.
///
/// [`serde_json::from_slice`] reads records as well ([`Record`](crate::Record)), with one
/// difference: a number with a fraction, or one beyond 64 bits, where the description has no
/// number, is a double there, since serde does not hand over its digits. Here they are preserved.
///
/// ```
/// # #[cfg(feature = "users")] {
/// use folio_sdk::Record;
/// use folio_sdk::users::User;
///
/// let user: User = folio_sdk::read_json(br#"{"username":1.10}"#)?;
/// assert_eq!(user.mistyped()[0].json.text(), "1.10");
/// assert_eq!(serde_json::to_string(&user)?, r#"{"username":1.10}"#);
/// # }
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// It is no JSON, or `T` is no record and it does not fit.
pub fn read_json<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    reading(|| serde_json::from_slice(json))
}

/// Reads what must fit its description in all respects.
pub(crate) fn strictly<T>(read: impl FnOnce() -> T) -> T {
    let _setting = Setting::of(Reading::Strict);
    read()
}

pub(crate) fn is_strict() -> bool {
    READING.get() == Reading::Strict
}

#[inline]
pub(crate) fn is_exact() -> bool {
    READING.get() == Reading::Exact
}

/// Goes a level deeper where each has a deserializer of its own. None where serde_json would go no
/// deeper.
pub(crate) fn deeper() -> Option<NestedRead> {
    if DEPTH.get() >= DEEPEST {
        return None;
    }
    DEPTH.set(DEPTH.get() + 1);
    Some(NestedRead(()))
}

/// A level, until it is dropped.
pub(crate) struct NestedRead(());

impl Drop for NestedRead {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

/// How much was found so far and belongs to no record yet.
#[inline]
pub(crate) fn count() -> usize {
    COUNT.get()
}

pub(crate) fn noted() -> Noted {
    NOTED.get()
}

impl Noted {
    /// What was noted since.
    pub(crate) fn since(self) -> Option<Self> {
        let now = noted();
        (now != self).then(|| Self {
            all: now.all.wrapping_sub(self.all),
            left_out: now.left_out.wrapping_sub(self.left_out),
        })
    }

    /// How many facts.
    pub(crate) fn all(self) -> u32 {
        self.all
    }

    /// How many of them are elements that the typed lists do not show.
    pub(crate) fn left_out(self) -> u32 {
        self.left_out
    }

    pub(crate) fn note_missing() {
        let mut noted = noted();
        noted.all = noted.all.wrapping_add(1);
        NOTED.set(noted);
    }

    fn note_left_out() {
        let mut noted = noted();
        noted.left_out = noted.left_out.wrapping_add(1);
        NOTED.set(noted);
    }
}

/// Forgets all that was found since: what it was in is not used.
pub(crate) fn forget_since(before: usize) {
    if count() > before {
        taken(before);
    }
}

pub(super) fn taken(before: usize) -> Vec<Mismatch> {
    COUNT.set(before);
    FOUND.with_borrow_mut(|found| found.split_off(before.min(found.len())))
}

pub(super) fn with_found<T>(work: impl FnOnce(&mut Vec<Mismatch>) -> T) -> T {
    FOUND.with_borrow_mut(|found| {
        let result = work(found);
        COUNT.set(found.len());
        result
    })
}

#[cold]
pub(super) fn note(what: What) {
    let mut noted = noted();
    noted.all = noted.all.wrapping_add(1);
    NOTED.set(noted);
    with_found(|found| {
        found.push(Mismatch {
            path: Vec::new(),
            what,
        });
    });
}

/// Notes an element, or a value of a map, that is `null` and left out.
#[cold]
pub(crate) fn found_null(step: &PathStep, is_record: bool) {
    note(What::Null);
    if is_record {
        Noted::note_left_out();
    }
    within(count() - 1, step);
}

/// Notes that what was found since is within an element.
#[cold]
pub(crate) fn within(since: usize, step: &PathStep) {
    with_found(|found| {
        for found in found.iter_mut().skip(since) {
            found.path.push(step.clone());
        }
    });
}

/// Whether the value that was read since is itself of another type, and no value of its type says
/// the same: its place is to be blank.
#[cold]
pub(crate) fn is_unread(since: usize) -> bool {
    let since = |found: &mut Vec<Mismatch>| {
        let mut found = found.iter().skip(since);
        found.any(Mismatch::is_unread)
    };
    with_found(since)
}

/// The value that was read since is left out of what it is in.
#[cold]
pub(crate) fn leave_out(since: usize) {
    with_found(|found| {
        // What was found before within it, of the same name, is of no matter.
        found.truncate(since + 1);
        if let Some(Mismatch {
            what: What::Value { typed, .. },
            ..
        }) = found.last_mut()
        {
            *typed = Typed::LeftOut;
        }
    });
    Noted::note_left_out();
}

/// What is wrong with a value that was read since, if it is itself of another type; it is forgotten
/// then.
#[cold]
pub(crate) fn whole_problem(since: usize) -> Option<String> {
    let found = taken(since);
    let mut whole = found.iter().filter(|found| found.is_unread());
    whole.next().map(|found| found.what.reason().to_owned())
}
