//! Text as PostgreSQL compares it: case, accents and patterns.

use std::collections::HashMap;
use std::sync::OnceLock;

/// PostgreSQL's `unaccent` rules: a code point and its replacement.
const UNACCENT: &str = include_str!("../../data/unaccent.txt");

fn map() -> &'static HashMap<char, &'static str> {
    static MAP: OnceLock<HashMap<char, &str>> = OnceLock::new();
    MAP.get_or_init(|| {
        UNACCENT
            .lines()
            .filter_map(|line| {
                let (code, to) = line.split_once(' ')?;
                Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, to))
            })
            .collect()
    })
}

/// `f_unaccent`.
pub(crate) fn unaccented(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let map = map();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match map.get(&c) {
            Some(to) => out.push_str(to),
            None => out.push(c),
        }
    }
    out
}

/// `lower` of PostgreSQL, which maps single characters only.
pub(crate) fn lower(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(only), None) => only,
                _ => c,
            }
        })
        .collect()
}

/// Whether letters' case and accents are of no matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) lower: bool,
    pub(crate) unaccent: bool,
}

impl Fold {
    pub(crate) const BOTH: Self = Self {
        lower: true,
        unaccent: true,
    };

    pub(crate) fn apply(self, text: &str) -> String {
        match (self.lower, self.unaccent) {
            (true, true) => lower(&unaccented(text)),
            (true, false) => lower(text),
            (false, true) => unaccented(text),
            (false, false) => text.to_owned(),
        }
    }
}

/// A pattern of RMB's `==`: `*` is any text, `?` one character.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Any,
    One,
    Char(char),
}

impl Pattern {
    pub(crate) fn new(term: &str, fold: Fold) -> Self {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let flush = |literal: &mut String, pieces: &mut Vec<Piece>| {
            pieces.extend(fold.apply(literal).chars().map(Piece::Char));
            literal.clear();
        };
        let mut chars = term.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '*' | '?' => {
                    flush(&mut literal, &mut pieces);
                    pieces.push(if c == '*' { Piece::Any } else { Piece::One });
                }
                '\\' => match chars.peek() {
                    Some('*' | '?' | '\\') => literal.extend(chars.next()),
                    Some(_) => {}
                    None => literal.push('\\'),
                },
                c => literal.push(c),
            }
        }
        flush(&mut literal, &mut pieces);
        Self(pieces)
    }

    /// The only matching text, if there are no wildcards.
    pub(crate) fn plain(&self) -> Option<String> {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Char(c) => Some(*c),
                _ => None,
            })
            .collect()
    }

    /// How many characters the term has after folding.
    pub(crate) fn length(&self) -> usize {
        self.0.len()
    }

    /// The first so many characters.
    pub(crate) fn beginning(&self, length: usize) -> Self {
        Self(self.0.iter().take(length).cloned().collect())
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        let value: Vec<char> = value.chars().collect();
        let (mut p, mut v) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        while v < value.len() {
            match self.0.get(p) {
                Some(Piece::Any) => {
                    back = Some((p, v));
                    p += 1;
                    continue;
                }
                Some(Piece::One) => {
                    p += 1;
                    v += 1;
                    continue;
                }
                Some(Piece::Char(c)) if *c == value[v] => {
                    p += 1;
                    v += 1;
                    continue;
                }
                _ => {}
            }
            let Some((star, from)) = back else {
                return false;
            };
            back = Some((star, from + 1));
            p = star + 1;
            v = from + 1;
        }
        self.0[p..].iter().all(|piece| *piece == Piece::Any)
    }
}

/// The term of a comparison, which goes through the rewriting of a pattern and is then taken
/// literally.
pub(crate) fn literal(term: &str) -> String {
    let mut out = String::with_capacity(term.len());
    let mut chars = term.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' => out.push('%'),
            '?' => out.push('_'),
            '%' => out.push_str("\\%"),
            '_' => out.push_str("\\_"),
            '\\' => match chars.peek() {
                Some('*') => {
                    chars.next();
                    out.push_str("\\*");
                }
                Some('?') => {
                    chars.next();
                    out.push_str("\\?");
                }
                Some('\\') => {
                    chars.next();
                    out.push_str("\\\\");
                }
                Some(_) => {}
                None => out.push_str("\\\\"),
            },
            c => out.push(c),
        }
    }
    out
}

/// The first so many characters of a text.
pub(crate) fn beginning(text: &str, length: usize) -> &str {
    text.char_indices()
        .nth(length)
        .map_or(text, |(end, _)| &text[..end])
}
