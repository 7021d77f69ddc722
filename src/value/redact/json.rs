//! Finds the values of secret names in text that is JSON or resembles it.

use super::names::{Role, is_exactly_secret, is_secret, normal, role};
use std::ops::Range;

/// A part of a text.
pub(super) enum JsonPart {
    /// Text that is neither a JSON string nor the value of a secret name: prose, and the text
    /// between strings.
    Bare(Range<usize>),
    /// A JSON string that is a value, with its quotation marks.
    Text(Range<usize>),
    /// A JSON value under a secret name.
    Secret(Range<usize>),
}

/// An object or array that is open.
#[derive(Default)]
struct Level {
    pub(super) is_object: bool,
    pub(super) key: Option<Range<usize>>,
    /// The start of a value: after the colon.
    is_value: bool,
    pub(super) value: Option<usize>,
    /// A field `key`.
    keys: Vec<Range<usize>>,
    /// The values of a pair.
    pub(super) values: Vec<Range<usize>>,
    has_value: bool,
    /// Whether the name of a pair is secret.
    has_secret_name: bool,
}

/// Divides a text into its parts. JSON is recognized wherever it occurs, also if it is broken,
/// truncated or embedded in other text.
pub(super) fn scan(text: &str, each: &mut dyn FnMut(JsonPart)) {
    let bytes = text.as_bytes();
    let mut levels: Vec<Level> = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    let mut bare = 0;
    // The end of the last value.
    let mut end = 0;
    if bytes.get(at) == Some(&b'"') {
        let close = string_end(bytes, at);
        if text.get(close..).is_some_and(|rest| rest.trim().is_empty()) {
            each(JsonPart::Text(at..close));
            return;
        }
    }
    while let Some(byte) = bytes.get(at) {
        let level = levels.last_mut();
        match (byte, level) {
            (b'{' | b'[', level) => {
                if let Some(level) = level
                    && (level.is_value || !level.is_object)
                {
                    level.value.get_or_insert(at);
                }
                levels.push(Level {
                    is_object: *byte == b'{',
                    ..Level::default()
                });
                at += 1;
            }
            (_, None) => at += 1,
            (b'}' | b']', Some(level)) => {
                at += 1;
                if level.is_object == (*byte == b'}') {
                    member(text, level, end, each);
                    close(level, each);
                    levels.pop();
                    end = at;
                }
            }
            (b',', Some(level)) => {
                member(text, level, end, each);
                at += 1;
            }
            (b':', Some(level)) => {
                level.is_value |= level.key.is_some();
                at += 1;
            }
            (b'"', Some(level)) => {
                let string = at..string_end(bytes, at);
                if level.is_object && !level.is_value {
                    // A name without quotation marks, as JavaScript and Java write it, is part of
                    // the bare text.
                    let name = bare_name(text.get(bare..at).unwrap_or_default());
                    if let Some(name) = name {
                        level.key = Some(bare + name.start..bare + name.end);
                        level.is_value = true;
                        level.value = Some(at);
                        each(JsonPart::Text(string.clone()));
                    } else {
                        level.key =
                            Some(string.start + 1..string.end.saturating_sub(1).max(at + 1));
                    }
                } else {
                    if level.is_object {
                        level.value.get_or_insert(at);
                    }
                    each(JsonPart::Text(string.clone()));
                }
                each(JsonPart::Bare(bare..at));
                at = string.end;
                bare = at;
                end = at;
            }
            (byte, Some(level)) => {
                if !byte.is_ascii_whitespace() {
                    if level.is_value {
                        level.value.get_or_insert(at);
                    }
                    end = at + 1;
                }
                at += 1;
            }
        }
    }
    each(JsonPart::Bare(bare..text.len()));
    // Truncated JSON.
    while let Some(mut level) = levels.pop() {
        member(text, &mut level, text.len(), each);
        close(&mut level, each);
    }
}

/// The end of the string that begins at a quotation mark.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// The name at the end of a bare text, before its colon or equals sign.
fn bare_name(bare: &str) -> Option<Range<usize>> {
    let name = bare.trim_end().strip_suffix([':', '='])?.trim_end();
    let start = name
        .rfind(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '-')
        .map_or(0, |at| {
            at + name
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
    (start < name.len()).then_some(start..name.len())
}

/// Ends a member of an object or an element of an array, whose value ended at `end`.
fn member(text: &str, level: &mut Level, end: usize, each: &mut dyn FnMut(JsonPart)) {
    let (key, value) = (level.key.take(), level.value.take());
    level.is_value = false;
    let (Some(key), Some(start)) = (key, value) else {
        return;
    };
    let name = text.get(key).unwrap_or_default();
    let span = start..end.max(start);
    let value = text.get(span.clone()).unwrap_or_default();
    let is_nothing = value.is_empty() || value == "null";
    match role(name) {
        Role::Secret => {
            // `isTokenNeeded` and `passwordExists` only refer to a secret.
            let is_flag = matches!(value, "true" | "false") && !is_exactly_secret(name);
            if !is_nothing && !is_flag {
                each(JsonPart::Secret(span));
            }
        }
        Role::Key => {
            level.has_secret_name |=
                value.starts_with('"') && is_secret(value) && &*normal(value) != "key";
            if !is_nothing {
                level.keys.push(span);
            }
        }
        Role::Name => level.has_secret_name |= value.starts_with('"') && is_secret(value),
        Role::Value => {
            level.has_value = true;
            if !is_nothing {
                level.values.push(span);
            }
        }
        Role::Plain => {}
    }
}

/// Ends an object: only now it is known whether its `key` is a secret or the name of a pair.
fn close(level: &mut Level, each: &mut dyn FnMut(JsonPart)) {
    if !level.has_value {
        level
            .keys
            .drain(..)
            .for_each(|span| each(JsonPart::Secret(span)));
    } else if level.has_secret_name {
        level
            .values
            .drain(..)
            .for_each(|span| each(JsonPart::Secret(span)));
    }
}
