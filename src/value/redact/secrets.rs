//! Known secrets, and their removal from text.

use super::encodings::{SHORT, base64_of, hex, matches, plain};
use super::json::{JsonPart, scan};
use super::named::{named, tokens};
use super::names::is_secret;
use super::text::{FoundSecret, MARGIN, REDACTED, around, boundary, escaped, replaced};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

/// A string to search for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    pub(super) bytes: Vec<u8>,
    pub(super) form: SecretForm,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum SecretForm {
    /// Redacted wherever it occurs.
    Anywhere,
    /// So short that it is redacted only where no letter or digit is adjacent.
    Alone,
    /// A part of base64: the base64 text around it is redacted too.
    Base64,
}

/// Shorter values that are secret only because of their name are not searched for elsewhere in the
/// same text.
const DISCOVERED: usize = 8;

/// The maximum nesting depth of JSON strings that contain JSON.
const DEEPEST: u8 = 5;

/// The known secrets of a request.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    needles: Vec<Needle>,
}

impl Secrets {
    /// The secrets of a request: sensitive headers and headers with a secret name, and the values
    /// under secret names in its body.
    pub(crate) fn of(headers: &HeaderMap, body: Option<&Bytes>, sensitive: bool) -> Self {
        let mut secrets = Self::default();
        secrets.add_headers(headers);
        if let Some(body) = body {
            let media_type = headers.get(CONTENT_TYPE);
            let media_type = media_type.and_then(|value| value.to_str().ok());
            secrets.add_body(body, media_type.unwrap_or_default(), sensitive);
        }
        secrets
    }

    pub(super) fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if value.is_sensitive() || is_secret(name.as_str()) {
                self.add_header(value);
            }
        }
    }

    /// The value of a header: the values of cookies, the part after the scheme of `Authorization`,
    /// and user name and password of `Basic`.
    pub(crate) fn add_header(&mut self, value: &HeaderValue) {
        let text = String::from_utf8_lossy(value.as_bytes());
        for part in text.split(';').map(str::trim) {
            let part = match part.split_once('=') {
                Some((name, value)) if !name.contains(' ') && !value.is_empty() => value,
                _ => part,
            };
            let part = match part.split_once(' ') {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim(),
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => {
                    let decoded = STANDARD.decode(rest.trim()).unwrap_or_default();
                    if let Some((_, password)) = String::from_utf8_lossy(&decoded).split_once(':') {
                        self.add(password);
                    }
                    rest.trim()
                }
                _ => part,
            };
            self.add(part.trim_matches('"'));
        }
    }

    pub(super) fn add_body(&mut self, body: &[u8], media_type: &str, sensitive: bool) {
        let Ok(text) = std::str::from_utf8(body) else {
            return;
        };
        if media_type.starts_with("application/x-www-form-urlencoded") {
            for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
                let decoded = |text: &str| {
                    let text = text.replace('+', " ");
                    percent_decode_str(&text).decode_utf8_lossy().into_owned()
                };
                if is_secret(&decoded(name)) {
                    self.add(&decoded(value));
                }
            }
            return;
        }
        if media_type.starts_with("multipart/") {
            // RFC 7578: `name="password"`, an empty line, the value, a line break.
            for part in text.split("\r\n--") {
                let name = part
                    .split_once("name=\"")
                    .and_then(|(_, rest)| rest.split('"').next());
                if let Some((_, value)) = part.split_once("\r\n\r\n")
                    && name.is_some_and(is_secret)
                {
                    self.add(value);
                }
            }
            return;
        }
        let mut is_json = false;
        scan(text, &mut |part| match part {
            JsonPart::Secret(span) => {
                is_json = true;
                self.add_json(text.get(span).unwrap_or_default());
            }
            JsonPart::Text(span) => {
                is_json = true;
                // The secret of a sensitive body that is a single string.
                if sensitive && span.len() == text.trim().len() {
                    self.add_json(text.get(span).unwrap_or_default());
                }
            }
            JsonPart::Bare(_) => {}
        });
        if sensitive && !is_json {
            self.add(text.trim());
        }
    }

    /// Each string and number of a JSON value.
    fn add_json(&mut self, json: &str) {
        match serde_json::from_str::<Value>(json) {
            Ok(value) => self.add_value(&value),
            Err(_) => self.add(json.trim_matches('"')),
        }
    }

    fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => {
                let text = number.to_string();
                if text.len() >= SHORT {
                    self.add(&text);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item)),
            Value::Object(fields) => fields.values().for_each(|item| self.add_value(item)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// A secret, which is searched for in all encodings.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.is_empty() || secret == REDACTED {
            return;
        }
        let short = secret.len() < SHORT;
        let form = if short {
            SecretForm::Alone
        } else {
            SecretForm::Anywhere
        };
        let mut add = |bytes: Vec<u8>, form| {
            let needle = Needle { bytes, form };
            if !self.needles.contains(&needle) {
                self.needles.push(needle);
            }
        };
        add(secret.as_bytes().to_vec(), form);
        if short {
            return;
        }
        for hex in [
            hex(secret.as_bytes(), b"0123456789abcdef"),
            hex(secret.as_bytes(), b"0123456789ABCDEF"),
        ] {
            add(hex, SecretForm::Anywhere);
        }
        let json = Value::from(secret).to_string();
        let json = json.trim_matches('"').to_owned();
        let percent =
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC);
        let mut inner = vec![secret.to_owned(), json, percent.to_string()];
        inner.dedup();
        for inner in inner {
            for once in base64_of(inner.as_bytes()) {
                for twice in base64_of(&once) {
                    add(twice, SecretForm::Base64);
                }
                add(once, SecretForm::Base64);
            }
        }
        // Longer secrets first, so that a secret that starts with another one is replaced as a
        // whole.
        self.needles
            .sort_unstable_by_key(|needle| std::cmp::Reverse(needle.bytes.len()));
    }

    /// The text without secrets, for any text: prose, HTML, JSON, a part of JSON. This is the only
    /// such function.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact_in(text, 0)
    }

    /// As [`redact`](Self::redact), but for known secrets only: for text that this client wrote
    /// itself.
    pub(crate) fn redact_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.known(text).into_iter();
        let found: Vec<FoundSecret> = found.map(|span| (span, REDACTED.to_owned())).collect();
        match found.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(replaced(text, found, &mut []).into_owned()),
        }
    }

    /// As [`redact`](Self::redact), with control characters escaped, for display.
    pub(crate) fn shown(&self, text: &str) -> String {
        escaped(&self.redact(text)).into_owned()
    }

    fn redact_in<'a>(&self, text: &'a str, depth: u8) -> Cow<'a, str> {
        let mut found = Vec::new();
        scan(text, &mut |part| {
            self.judge(text, part, 0, depth, &mut found)
        });
        // The value of a secret name may occur elsewhere in the same text.
        let mut secrets = Cow::Borrowed(self);
        for (span, _) in &found {
            let value = text.get(span.clone()).unwrap_or_default();
            if value.starts_with(['{', '[']) {
                continue;
            }
            let string = serde_json::from_str::<String>(value).ok();
            let value = string.as_deref().unwrap_or(value.trim_matches(['"', '\'']));
            if value.len() >= DISCOVERED && !value.contains(REDACTED) {
                secrets.to_mut().add(value);
            }
        }
        let text = replaced(text, found, &mut []);
        let found = secrets.found(&text);
        let text = match found.is_empty() {
            true => text,
            false => Cow::Owned(replaced(&text, found, &mut []).into_owned()),
        };
        if depth == 0 && self.is_in(&text) {
            return Cow::Borrowed(REDACTED);
        }
        text
    }

    /// Whether a secret remains in nested encodings. If so, nothing of the text is shown.
    fn is_in(&self, text: &str) -> bool {
        if self.needles.is_empty() || !text.contains(['\\', '%', '&']) {
            return false;
        }
        let text = plain(text.as_bytes());
        let needles = self.needles.iter();
        needles
            .filter(|needle| needle.form != SecretForm::Alone)
            .map(|needle| plain(&needle.bytes))
            .any(|needle| needle.len() >= SHORT && memchr::memmem::find(&text, &needle).is_some())
    }

    /// Records the replacements in a part of a text. Parts before `from` are skipped.
    fn judge(
        &self,
        text: &str,
        part: JsonPart,
        from: usize,
        depth: u8,
        found: &mut Vec<FoundSecret>,
    ) {
        match part {
            JsonPart::Secret(span) => found.push((span, format!("\"{REDACTED}\""))),
            JsonPart::Bare(span) if span.end > from => {
                let bare = text.get(span.clone()).unwrap_or_default();
                let values = named(bare).into_iter();
                found.extend(values.map(|value| {
                    let value = span.start + value.start..span.start + value.end;
                    (value, REDACTED.to_owned())
                }));
            }
            JsonPart::Text(span) if span.end > from && depth < DEEPEST => {
                // A JSON string may itself contain JSON. A truncated one has no closing quotation
                // mark.
                let string = text.get(span.clone()).unwrap_or_default();
                let whole = serde_json::from_str::<String>(string).ok();
                let inner = whole
                    .as_deref()
                    .unwrap_or(string.strip_prefix('"').unwrap_or(string));
                if let Cow::Owned(inner) = self.redact_in(inner, depth + 1) {
                    let inner = match &whole {
                        Some(_) => Value::from(inner).to_string(),
                        None => format!("\"{inner}"),
                    };
                    found.push((span, inner));
                }
            }
            JsonPart::Bare(_) | JsonPart::Text(_) => {}
        }
    }

    /// The positions of known secrets and tokens.
    fn found(&self, text: &str) -> Vec<FoundSecret> {
        let mut found = self.known(text);
        found.extend(tokens(text));
        let found = found.into_iter();
        found.map(|span| (span, REDACTED.to_owned())).collect()
    }

    /// A record or another value, without its secrets.
    pub(crate) fn redact_value(&self, value: &mut Value) {
        let text = value.to_string();
        if let Cow::Owned(text) = self.redact(&text) {
            *value = serde_json::from_str(&text).unwrap_or_else(|_| REDACTED.into());
        }
    }

    /// At most `most` bytes of a body around the byte `at`, without secrets, for display. The
    /// preceding text is read as well, because it may declare the shown text a secret.
    pub(crate) fn excerpt(
        &self,
        body: &[u8],
        at: usize,
        most: usize,
        as_text: impl FnOnce(&[u8], bool) -> Cow<'_, str>,
    ) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        let start = if body.len() <= most {
            0
        } else {
            at.saturating_sub(most / 2)
        };
        let end = (start + most).min(body.len());
        // A secret that crosses the end of the excerpt is recognized by the text after it.
        let read = body.get(..end + MARGIN).unwrap_or(body);
        let text = as_text(read, read.len() < body.len());
        let mut marks = [start, end].map(|mark| boundary(&text, mark));
        let from = boundary(&text, marks[0].saturating_sub(MARGIN));
        let mut found = Vec::new();
        scan(&text, &mut |part| {
            self.judge(&text, part, from, 0, &mut found)
        });
        // Secret values as a whole, and the text near the position.
        let text = replaced(&text, found, &mut marks);
        let from = boundary(&text, marks[0].saturating_sub(MARGIN));
        let near = text.get(from..).unwrap_or_default();
        let mut marks = marks.map(|mark| mark - from);
        let near = replaced(near, self.found(near), &mut marks);
        if self.is_in(&near) {
            return Some(REDACTED.to_owned());
        }
        let shown = near.get(marks[0]..marks[1]).unwrap_or_default();
        let (before, after) = (
            if start > 0 { "… " } else { "" },
            if end < body.len() { " …" } else { "" },
        );
        // A character that is cut in two.
        let cut = char::REPLACEMENT_CHARACTER;
        let shown = if start > 0 {
            shown.trim_start_matches(cut)
        } else {
            shown
        };
        let shown = if end < body.len() {
            shown.trim_end_matches(cut)
        } else {
            shown
        };
        Some(format!("{before}{}{after}", escaped(shown)))
    }

    /// The positions of known secrets.
    fn known(&self, text: &str) -> Vec<Range<usize>> {
        let bytes = text.as_bytes();
        let mut first = [false; 256];
        for needle in &self.needles {
            if let Some(byte) = needle.bytes.first() {
                first[usize::from(*byte)] = true;
            }
        }
        let mut found = Vec::new();
        if self.needles.is_empty() {
            return found;
        }
        for escape in *b"\\%&+" {
            first[usize::from(escape)] = true;
        }
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if !first[usize::from(*byte)] {
                at += 1;
                continue;
            }
            let hit = self.needles.iter().find_map(|needle| {
                let end = matches(bytes, at, &needle.bytes)?;
                match needle.form {
                    SecretForm::Anywhere => Some(at..end),
                    SecretForm::Alone => {
                        let is_word = |byte: Option<&u8>| {
                            byte.is_some_and(|byte| {
                                byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80
                            })
                        };
                        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                        (!is_word(before) && !is_word(bytes.get(end))).then_some(at..end)
                    }
                    SecretForm::Base64 => Some(around(bytes, at, end)),
                }
            });
            match hit {
                Some(hit) => {
                    at = hit.end.max(at + 1);
                    found.push(hit);
                }
                None => at += 1,
            }
        }
        found
    }
}
