//! Replaces parts of text, and shows text in one line.

use std::borrow::Cow;
use std::ops::Range;

/// The replacement for a secret.
pub(crate) const REDACTED: &str = "REDACTED";

/// The number of bytes read beyond an excerpt.
pub(super) const MARGIN: usize = 64 * 1024;

/// A range to be replaced, and its replacement.
pub(super) type FoundSecret = (Range<usize>, String);

/// The complete base64 text around a part of it.
pub(super) fn around(text: &[u8], start: usize, end: usize) -> Range<usize> {
    let is_base64 = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let before = text.get(..start).unwrap_or_default().iter().rev();
    let after = text.get(end..).unwrap_or_default().iter();
    start - before.take_while(is_base64).count()..end + after.take_while(is_base64).count()
}

/// The text with its parts replaced; a part nested in another is covered by that one. Marks keep
/// their position in the remaining text, and move to the edge of a replaced part.
pub(super) fn replaced<'a>(
    text: &'a str,
    mut found: Vec<FoundSecret>,
    marks: &mut [usize],
) -> Cow<'a, str> {
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|(span, _)| (span.start, std::cmp::Reverse(span.end)));
    let mut out = String::with_capacity(text.len());
    let mut moved: Vec<Option<usize>> = vec![None; marks.len()];
    let mut done = 0;
    for (span, with) in found {
        if span.end <= done {
            continue;
        }
        let start = span.start.max(done);
        for (mark, moved) in marks.iter().zip(&mut moved) {
            if moved.is_none() && *mark < start {
                *moved = Some(out.len() + mark - done);
            }
        }
        out.push_str(text.get(done..start).unwrap_or_default());
        for (index, (mark, moved)) in marks.iter().zip(&mut moved).enumerate() {
            if moved.is_none() && *mark < span.end {
                // A replacement is shown as a whole.
                *moved = Some(out.len() + if index == 0 { 0 } else { with.len() });
            }
        }
        // Overlapping parts are merged.
        if span.start >= done || done == 0 {
            out.push_str(&with);
        }
        done = span.end;
    }
    for (mark, moved) in marks.iter_mut().zip(moved) {
        *mark = moved.unwrap_or(out.len() + mark.saturating_sub(done));
    }
    out.push_str(text.get(done..).unwrap_or_default());
    for mark in marks {
        *mark = boundary(&out, *mark);
    }
    Cow::Owned(out)
}

/// The position itself, or the next one before it at which a character starts.
pub(super) fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Whether a character could disguise the shown text: control characters, which move the cursor of
/// a terminal or break lines, and characters that change the direction of writing (Unicode UAX #9).
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text with control characters escaped as in JSON, so that JSON stays valid. Line feeds and
/// tabs are unchanged.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let is_escaped = |letter: char| is_control(letter) && letter != '\n' && letter != '\t';
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\r' && letters.peek() == Some(&'\n') {
            continue;
        }
        if is_escaped(letter) {
            out.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    Cow::Owned(out)
}
