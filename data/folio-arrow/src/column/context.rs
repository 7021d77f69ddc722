//! What the columns share while a record is decoded: where a value is, and what does not fit.

use crate::counts::Event;
use crate::json::{Quoted, push_compact, push_quoted, text_of};

/// A record whose `_extra` would have more bytes is in `_extra` as a whole.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The place of a value in a record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    Root,
    Name(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Appends the JSON pointer (RFC 6901), without quotation marks.
    fn push_pointer(&self, into: &mut String) {
        match self {
            Self::Root => {}
            Self::Name(parent, name) => {
                parent.push_pointer(into);
                into.push('/');
                for character in name.chars() {
                    match character {
                        '~' => into.push_str("~0"),
                        '/' => into.push_str("~1"),
                        other => into.push(other),
                    }
                }
            }
            Self::Element(parent, at) => {
                parent.push_pointer(into);
                into.push('/');
                into.push_str(&at.to_string());
            }
        }
    }

    /// The path of a column: `contributors[].name`.
    fn column(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Name(parent, name) => match parent.column() {
                parent if parent.is_empty() => (*name).to_owned(),
                parent => format!("{parent}.{name}"),
            },
            Self::Element(parent, _) => format!("{}[]", parent.column()),
        }
    }
}

/// What does not fit, of the current record.
#[derive(Debug, Default)]
pub(crate) struct Context {
    /// Whether `_extra` is a column.
    pub(crate) has_extra: bool,
    /// The members of the object in `_extra`, without its braces.
    pub(crate) extra: Vec<u8>,
    pub(crate) events: Vec<Event>,
    /// A name occurs twice in an object. The record is decoded once more, with
    /// [`is_careful`](Self::is_careful).
    pub(crate) has_duplicates: bool,
    /// Of the members with one name the last one counts, as in all readers of JSON that FOLIO uses.
    pub(crate) is_careful: bool,
    /// The record is to be in `_extra` as a whole.
    pub(crate) is_whole: bool,
    pointer: String,
}

impl Context {
    pub(crate) fn new(has_extra: bool) -> Self {
        Self {
            has_extra,
            ..Self::default()
        }
    }

    /// Before a record.
    pub(crate) fn clear(&mut self) {
        self.extra.clear();
        self.events.clear();
        self.has_duplicates = false;
        self.is_careful = false;
        self.is_whole = false;
    }

    /// A value that does not fit its column.
    pub(crate) fn misfit(&mut self, column: usize, path: &Path<'_>, json: &str) {
        self.events.push(Event::Misfit(column));
        self.add(path, json);
    }

    /// A value that fits, and is restored as another text.
    pub(crate) fn rewritten(&mut self, column: usize, path: &Path<'_>, json: &str) {
        self.events.push(Event::Rewritten(column));
        self.add(path, json);
    }

    /// A null, which a column does not distinguish from an absent value. An element of a list is
    /// always there.
    pub(crate) fn null(&mut self, path: &Path<'_>) {
        if !matches!(path, Path::Element(..)) {
            self.add(path, "null");
        }
    }

    /// A member that has no column.
    pub(crate) fn unknown(&mut self, parent: &Path<'_>, name: Quoted<'_>, json: &str) {
        let Some(name) = text_of(name) else {
            // No text can name it.
            self.is_whole = true;
            return;
        };
        let path = Path::Name(parent, &name);
        self.events.push(Event::Unknown(path.column()));
        self.add(&path, json);
    }

    fn add(&mut self, path: &Path<'_>, json: &str) {
        if !self.has_extra || self.is_whole {
            return;
        }
        self.pointer.clear();
        path.push_pointer(&mut self.pointer);
        if self.extra.len() + self.pointer.len() + json.len() > MOST_BYTES {
            self.is_whole = true;
            return;
        }
        if !self.extra.is_empty() {
            self.extra.push(b',');
        }
        push_quoted(&self.pointer, &mut self.extra);
        self.extra.push(b':');
        push_compact(json, &mut self.extra);
    }
}
