//! The path and the query of a request, in the sent form and in the redacted form.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt;

/// Characters that need no encoding in a path segment: RFC 3986's unreserved characters.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Additional characters that need no encoding in a query. Not `+`, which servers read as a space,
/// nor `;`, which some read as `&`. CQL contains many of the others, and the length of a request
/// line is limited (`request_line.rs`).
pub(super) const QUERY: &AsciiSet = &SEGMENT
    .remove(b'=')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b':')
    .remove(b'/')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$');

/// Characters that need no encoding in a path written by the caller, including those of existing
/// encodings.
pub(super) const WRITTEN: &AsciiSet = &SEGMENT
    .remove(b'%')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b':')
    .remove(b'=')
    .remove(b'@');

/// The pairs of a form: `application/x-www-form-urlencoded`.
#[derive(Default)]
pub(crate) struct Form(pub(super) String);

impl Form {
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(utf8_percent_encode(name, SEGMENT));
        self.0.push('=');
        self.0.extend(utf8_percent_encode(value, SEGMENT));
    }
}

/// Writes a segment of a path, encoded.
pub(super) struct Segment<'a>(pub(super) &'a mut String);

impl fmt::Write for Segment<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(utf8_percent_encode(text, SEGMENT));
        Ok(())
    }
}

/// Appends the rest of a path, segment by segment; `is_begun` is false if its first segment follows
/// a slash.
pub(super) fn push_rest(path: &mut String, rest: &str, is_begun: bool) -> Result<(), String> {
    if rest.is_empty() && !is_begun {
        return Ok(());
    }
    let (first, others) = match rest.strip_prefix('/') {
        Some(_) if is_begun => {
            return Err(format!(
                "is \"{rest}\", which would follow directly after a slash"
            ));
        }
        Some(others) => (None, others),
        None => (Some(rest), ""),
    };
    let segments = first.unwrap_or(others).split('/');
    for (index, segment) in segments.enumerate() {
        if matches!(segment, "" | "." | "..") {
            return Err(format!(
                "is \"{rest}\", which has the segment \"{segment}\""
            ));
        }
        if index > 0 || first.is_none() {
            path.push('/');
        }
        path.extend(utf8_percent_encode(segment, SEGMENT));
    }
    Ok(())
}

/// Whether a path written by the caller has only segments of letters, digits, `-` and `_`, so that
/// it needs no encoding and no validation. Most paths do.
pub(super) fn is_plain(path: &str) -> bool {
    let mut before = false;
    let mut is_plain = path.starts_with('/');
    for byte in path.bytes() {
        let is_slash = byte == b'/';
        is_plain &= PLAIN[usize::from(byte)] & !(is_slash & before);
        before = is_slash;
    }
    is_plain && !before
}

/// The bytes of a plain path, as a table, because every call by path is scanned.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let sign = byte as u8;
        plain[byte] = sign.is_ascii_alphanumeric() || matches!(sign, b'-' | b'_' | b'/');
        byte += 1;
    }
    plain
};

/// The error of a path written by the caller, if there is one.
pub(super) fn problem_of(method: &Method, path: &str) -> Option<String> {
    if path
        .split('?')
        .next()
        .is_some_and(|path| path.contains("://"))
    {
        return Some(
            "expected a path, such as `/users`, not a full URL: the client adds the gateway's URL"
                .to_owned(),
        );
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let last = path.split('/').count();
    for (index, segment) in path.split('/').enumerate() {
        match &*decoded_segment(segment) {
            "." | ".." => {
                return Some(
                    "the path has a segment `.` or `..`, which would address another resource"
                        .to_owned(),
                );
            }
            // `/users/` is the result of `format!("/users/{id}")` with an empty id. That is
            // harmless for a read, but not for a deletion.
            "" if index + 1 < last || !method.is_safe() => {
                return Some(
                    "the path has an empty segment: check for an empty identifier".to_owned(),
                );
            }
            _ => {}
        }
    }
    None
}

pub(super) fn decoded_segment(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    percent_decode_str(segment).decode_utf8_lossy()
}

/// A name or value of a query written by the caller, decoded as servers do: `+` is a space.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}
