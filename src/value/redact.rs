//! Redacts secrets from everything that is shown: errors, `Debug`, logs, snapshots.
//!
//! Two kinds of secrets are redacted, and nothing else decides what one is:
//!
//! - **Known secrets**: what the request carried (tokens, cookies, API keys, passwords). Servers repeat requests in their errors, in whatever
//!   encoding, so known secrets are found as they are, and as escapes of JSON (also of JSON within JSON), HTML entities, percent-encoding,
//!   base64 and hexadecimal digits, next to any other characters.
//! - **Secrets by their form**: values of fields, parameters and headers with a secret name ([`is_secret`]), tokens (JWT), credentials of
//!   `Authorization`, and the user information of a URL.
//!
//! **The rule for `key`.** A field `key` is a secret, as in `{"key": "…"}`, unless its object also has a value (`value`, `values`, …): then it
//! is the name of a pair, as in RMB's parameters of a validation error (`{"key": "barcode", "value": "7"}`), in mod-settings, and in
//! mod-configuration (whose names are `code` and `configName`). A name is shown; the value of a pair is redacted if the name is a secret one.
//!
//! Nothing here runs when a call succeeds and nobody asks for its log.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrayvec::ArrayString;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What is shown in place of a secret.
pub(crate) const REDACTED: &str = "REDACTED";

/// Words that make every name a secret one that has them, whatever stands around them.
const WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "encryptionkey",
    "serverkey",
    "customerkey",
];

/// Names that are secret as a whole.
const NAMES: [&str; 11] = [
    "pin",
    "key",
    "pwd",
    "salt",
    "jwt",
    "bearer",
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "passcode",
];

/// Names with a secret word that are none: the cursor of OAI-PMH, the kind of a token, the UUID of credentials (mod-kb-ebsco-java).
const PUBLIC: [&str; 3] = ["resumptiontoken", "tokentype", "credentialsid"];

/// The name without separators, in lower case: `Api-Key`, `api_key` and `apiKey` are one. Its beginning is enough of a name that is no name.
fn normal(name: &str) -> ArrayString<64> {
    let mut normal = ArrayString::new();
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    for letter in letters.flat_map(char::to_lowercase) {
        if normal.try_push(letter).is_err() {
            break;
        }
    }
    normal
}

/// Whether the last word of a name in camel or snake case is this one: `patronPin`, `user_pin`.
fn ends_with_word(name: &str, word: &str) -> bool {
    let Some(at) = name.len().checked_sub(word.len()) else {
        return false;
    };
    let (Some(before), Some(last)) = (name.get(..at), name.get(at..)) else {
        return false;
    };
    last.eq_ignore_ascii_case(word)
        && match before.chars().next_back() {
            None => true,
            Some(letter) if letter.is_alphanumeric() => {
                letter.is_lowercase() && last.starts_with(char::is_uppercase)
            }
            Some(_) => true,
        }
}

/// Whether what is under this name is a secret: of a field of JSON or a form, of a parameter, of a header. This is the one list.
pub(crate) fn is_secret(name: &str) -> bool {
    is_exactly_secret(name) || {
        let name = normal(name);
        WORDS.iter().any(|word| name.contains(word))
            && !PUBLIC.contains(&&*name)
            && !["expiration", "expires", "expiresin", "expiry", "expired"]
                .iter()
                .any(|end| name.ends_with(end))
    }
}

fn is_exactly_secret(name: &str) -> bool {
    let normal = normal(name);
    NAMES.contains(&&*normal) || WORDS.contains(&&*normal) || ends_with_word(name, "pin")
}

/// Whether a parameter of a query string has a secret value. OAuth's `code` buys a token.
pub(crate) fn is_secret_parameter(name: &str) -> bool {
    // What most requests have is not looked into.
    !matches!(name, "query" | "limit" | "offset" | "totalRecords")
        && (name.eq_ignore_ascii_case("code") || is_secret(name))
}

/// What a field is in its object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Secret,
    /// `key`: a secret, or the name of a pair.
    Key,
    /// The name of a pair.
    Name,
    /// The value of a pair.
    Value,
    Plain,
}

fn role(name: &str) -> Role {
    match &*normal(name) {
        "key" => Role::Key,
        "name" | "code" | "field" | "fieldname" | "configname" | "property" | "propertyname"
        | "parameter" | "attribute" => Role::Name,
        "value" | "values" | "rejectedvalue" | "defaultvalue" | "newvalue" | "oldvalue" => {
            Role::Value
        }
        _ if is_secret(name) => Role::Secret,
        _ => Role::Plain,
    }
}

/// What can be redacted because it was sent: the token of the client.
pub(crate) trait Confidential: Send + Sync {
    fn secret(&self) -> &HeaderValue;
}

/// What a request carried, kept with the response for the errors that may follow. Collecting the secrets is left for when there is an error.
#[derive(Clone, Default)]
pub(crate) struct Sent {
    /// The client's token.
    pub(crate) token: Option<Arc<dyn Confidential>>,
    /// The request's own headers, parameters and body, where these may have secrets.
    pub(crate) own: Option<Arc<Own>>,
}

/// What a request carried itself.
pub(crate) struct Own {
    pub(crate) headers: HeaderMap,
    /// The values of parameters with a secret name.
    pub(crate) values: Vec<String>,
    pub(crate) body: Option<Bytes>,
    /// Whether the body as a whole is a secret.
    pub(crate) sensitive: bool,
}

impl fmt::Debug for Sent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Sent")
    }
}

impl Sent {
    /// What of it is secret.
    pub(crate) fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        if let Some(token) = &self.token {
            secrets.add_header(token.secret());
        }
        if let Some(own) = &self.own {
            own.add_to(&mut secrets);
        }
        secrets
    }
}

impl Own {
    fn add_to(&self, secrets: &mut Secrets) {
        secrets.add_headers(&self.headers);
        for value in &self.values {
            secrets.add(value);
        }
        if let Some(body) = &self.body {
            let media_type = self.headers.get(CONTENT_TYPE);
            let media_type = media_type.and_then(|value| value.to_str().ok());
            secrets.add_body(body, media_type.unwrap_or_default(), self.sensitive);
        }
    }
}

/// A string that is looked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Needle {
    bytes: Vec<u8>,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// Found wherever it stands.
    Anywhere,
    /// So short that it is found only where no letter or digit stands beside it.
    Alone,
    /// A part of base64: with it goes all of the base64 around it.
    Base64,
}

/// Shorter secrets are common syllables: they are redacted where they stand alone.
const SHORT: usize = 4;

/// Shorter values that are secret by their name only are not looked for elsewhere in the same text.
const DISCOVERED: usize = 8;

/// What is read beyond an excerpt.
const MARGIN: usize = 64 * 1024;

/// What is to be replaced, and by what.
type Found = (Range<usize>, String);

/// How often JSON stands in a string of JSON, at most, to be looked into.
const DEEPEST: u8 = 5;

/// The known secrets of a request.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    needles: Vec<Needle>,
}

impl Secrets {
    /// What of a request is secret: sensitive headers and those with a secret name, and what its body has under secret names.
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

    fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if value.is_sensitive() || is_secret(name.as_str()) {
                self.add_header(value);
            }
        }
    }

    /// The value of a header: of cookies the values, of `Authorization` what follows the scheme, of `Basic` also user and password.
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

    fn add_body(&mut self, body: &[u8], media_type: &str, sensitive: bool) {
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
            Part::Secret(span) => {
                is_json = true;
                self.add_json(text.get(span).unwrap_or_default());
            }
            Part::Text(span) => {
                is_json = true;
                // What is a secret of a sensitive body that is but one string.
                if sensitive && span.len() == text.trim().len() {
                    self.add_json(text.get(span).unwrap_or_default());
                }
            }
            Part::Bare(_) => {}
        });
        if sensitive && !is_json {
            self.add(text.trim());
        }
    }

    /// A value of JSON: each string and number of it.
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

    /// A secret, which is looked for in all encodings.
    pub(crate) fn add(&mut self, secret: &str) {
        if secret.is_empty() || secret == REDACTED {
            return;
        }
        let short = secret.len() < SHORT;
        let form = if short { Form::Alone } else { Form::Anywhere };
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
            add(hex, Form::Anywhere);
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
                    add(twice, Form::Base64);
                }
                add(once, Form::Base64);
            }
        }
        // The longer first, so that a secret that begins with another one goes as a whole.
        self.needles
            .sort_unstable_by_key(|needle| std::cmp::Reverse(needle.bytes.len()));
    }

    /// The text without secrets, whatever it is: prose, HTML, JSON, a part of JSON. This is the one function.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact_in(text, 0)
    }

    /// As [`redact`](Self::redact), but for known secrets only: for what this client wrote itself.
    pub(crate) fn redact_known<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let found = self.known(text).into_iter();
        let found: Vec<Found> = found.map(|span| (span, REDACTED.to_owned())).collect();
        match found.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(replaced(text, found, &mut []).into_owned()),
        }
    }

    /// As [`redact`](Self::redact), with control characters escaped: to be shown.
    pub(crate) fn shown(&self, text: &str) -> String {
        escaped(&self.redact(text)).into_owned()
    }

    fn redact_in<'a>(&self, text: &'a str, depth: u8) -> Cow<'a, str> {
        let mut found = Vec::new();
        scan(text, &mut |part| {
            self.judge(text, part, 0, depth, &mut found)
        });
        // What has a secret name may stand elsewhere in the same text.
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

    /// Whether a secret is still there, in encodings of encodings. Then nothing of the text is shown.
    fn is_in(&self, text: &str) -> bool {
        if self.needles.is_empty() || !text.contains(['\\', '%', '&']) {
            return false;
        }
        let text = plain(text.as_bytes());
        let needles = self.needles.iter();
        needles
            .filter(|needle| needle.form != Form::Alone)
            .map(|needle| plain(&needle.bytes))
            .any(|needle| needle.len() >= SHORT && memchr::memmem::find(&text, &needle).is_some())
    }

    /// Notes what of a part of a text is to be replaced, and by what. Parts before `from` are not looked into.
    fn judge(&self, text: &str, part: Part, from: usize, depth: u8, found: &mut Vec<Found>) {
        match part {
            Part::Secret(span) => found.push((span, format!("\"{REDACTED}\""))),
            Part::Bare(span) if span.end > from => {
                let bare = text.get(span.clone()).unwrap_or_default();
                let values = named(bare).into_iter();
                found.extend(values.map(|value| {
                    let value = span.start + value.start..span.start + value.end;
                    (value, REDACTED.to_owned())
                }));
            }
            Part::Text(span) if span.end > from && depth < DEEPEST => {
                // A string of JSON may be JSON itself. One that was cut off has no closing quotation mark.
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
            Part::Bare(_) | Part::Text(_) => {}
        }
    }

    /// Where known secrets and tokens are.
    fn found(&self, text: &str) -> Vec<Found> {
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

    /// At most `most` bytes of a body around the byte `at`, without secrets, to be shown. What stands before is read as well, since it may
    /// say that what is shown is a secret.
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
        // A secret that the end of the excerpt goes through is found by what follows.
        let read = body.get(..end + MARGIN).unwrap_or(body);
        let text = as_text(read, read.len() < body.len());
        let mut marks = [start, end].map(|mark| boundary(&text, mark));
        let from = boundary(&text, marks[0].saturating_sub(MARGIN));
        let mut found = Vec::new();
        scan(&text, &mut |part| {
            self.judge(&text, part, from, 0, &mut found)
        });
        // All of what has a secret name, and of the rest what is near.
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
        // A character that a cut went through.
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

    /// Where known secrets are.
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
                    Form::Anywhere => Some(at..end),
                    Form::Alone => {
                        let is_word = |byte: Option<&u8>| {
                            byte.is_some_and(|byte| {
                                byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80
                            })
                        };
                        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
                        (!is_word(before) && !is_word(bytes.get(end))).then_some(at..end)
                    }
                    Form::Base64 => Some(around(bytes, at, end)),
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

/// Whether `secret` begins at this place of a text in some encoding, byte by byte, and where it ends then.
fn matches(text: &[u8], at: usize, secret: &[u8]) -> Option<usize> {
    let Some((first, rest)) = secret.split_first() else {
        return Some(at);
    };
    let byte = *text.get(at)?;
    // Most places of most texts.
    if byte == *first
        && let Some(end) = matches(text, at + 1, rest)
    {
        return Some(end);
    }
    let mut end = None;
    encoded(text, at, &mut |bytes, length| {
        if end.is_none()
            && let Some(rest) = secret.strip_prefix(bytes)
        {
            end = matches(text, at + length, rest);
        }
    });
    end
}

/// What the escape at this place of a text may stand for, and how long it is.
fn encoded(text: &[u8], at: usize, each: &mut dyn FnMut(&[u8], usize)) {
    let rest = text.get(at..).unwrap_or_default();
    let character = |code: u32, length: usize, each: &mut dyn FnMut(&[u8], usize)| {
        if let Some(character) = char::from_u32(code) {
            each(character.encode_utf8(&mut [0; 4]).as_bytes(), length);
        }
    };
    match rest {
        // JSON, and JSON within JSON, whose escapes are escaped again.
        [b'\\', ..] => {
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            let after = rest.get(slashes..).unwrap_or_default();
            match after {
                [b'u', digits @ ..] => {
                    let unit = |digits: &[u8]| number(digits.get(..4)?, 16);
                    let Some(first) = unit(digits) else {
                        return;
                    };
                    let second = digits.get(4..).and_then(|rest| {
                        let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
                        let digits = rest.get(slashes..)?.strip_prefix(b"u")?;
                        Some((unit(digits)?, slashes + 5))
                    });
                    match second {
                        Some((second @ 0xDC00..=0xDFFF, length))
                            if (0xD800..0xDC00).contains(&first) =>
                        {
                            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                            character(code, slashes + 5 + length, each);
                        }
                        _ => character(first, slashes + 5, each),
                    }
                }
                [b'x', digits @ ..] => {
                    if let Some(code) = digits.get(..2).and_then(|digits| number(digits, 16)) {
                        character(code, slashes + 3, each);
                    }
                }
                [other, ..] => {
                    let meant = match other {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'b' => 8,
                        b'f' => 12,
                        other => *other,
                    };
                    each(&[meant], slashes + 1);
                    each(&[*other], slashes + 1);
                }
                [] => {}
            }
            // What is escaped may be encoded once more.
            encoded_once_more(text, at + slashes, slashes, each);
            // Backslashes that stand for one.
            for length in (2..=slashes).rev() {
                each(b"\\", length);
            }
        }
        // Percent-encoding, once or several times.
        [b'%', digits @ ..] => {
            let mut length = 1;
            let mut digits = digits;
            loop {
                if let Some(code) = digits.get(..2).and_then(|digits| number(digits, 16))
                    && let Ok(byte) = u8::try_from(code)
                {
                    each(&[byte], length + 2);
                }
                match digits.strip_prefix(b"25") {
                    Some(rest) => (digits, length) = (rest, length + 2),
                    None => break,
                }
            }
        }
        [b'+', ..] => each(b" ", 1),
        // HTML entities, once or several times.
        [b'&', ..] => {
            let mut length = 1;
            while let Some(b"amp;") = rest.get(length..length + 4) {
                each(b"&", length + 4);
                length += 4;
            }
            let name = rest.get(length..).unwrap_or_default();
            let Some(end) = name.iter().take(12).position(|byte| *byte == b';') else {
                return;
            };
            let length = length + end + 1;
            match name.get(..end).unwrap_or_default() {
                [b'#', b'x' | b'X', digits @ ..] => {
                    if let Some(code) = number(digits, 16) {
                        character(code, length, each);
                    }
                }
                [b'#', digits @ ..] => {
                    if let Some(code) = number(digits, 10) {
                        character(code, length, each);
                    }
                }
                name => {
                    let entity = ENTITIES.iter().find(|(other, _)| other.as_bytes() == name);
                    let code = entity.map(|(_, code)| u32::from(*code)).or_else(|| {
                        let latin = LATIN.iter().position(|other| other.as_bytes() == name)?;
                        u32::try_from(0xA0 + latin).ok()
                    });
                    if let Some(code) = code {
                        character(code, length, each);
                    }
                }
            }
        }
        _ => {}
    }
}

fn encoded_once_more(text: &[u8], at: usize, before: usize, each: &mut dyn FnMut(&[u8], usize)) {
    if matches!(text.get(at), Some(b'%' | b'&')) {
        encoded(text, at, &mut |bytes, length| each(bytes, before + length));
    }
}

/// The text with all encodings undone, however they are nested.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut plain = text.to_vec();
    for _ in 0..6 {
        let mut next = Vec::with_capacity(plain.len());
        let mut at = 0;
        while let Some(byte) = plain.get(at) {
            let mut unit: Option<(Vec<u8>, usize)> = None;
            if matches!(byte, b'\\' | b'%' | b'&') {
                encoded(&plain, at, &mut |bytes, length| {
                    unit.get_or_insert_with(|| (bytes.to_vec(), length));
                });
            }
            match unit {
                Some((bytes, length)) => {
                    next.extend_from_slice(&bytes);
                    at += length;
                }
                None => {
                    next.push(*byte);
                    at += 1;
                }
            }
        }
        if next.len() == plain.len() {
            break;
        }
        plain = next;
    }
    plain
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok())?
}

/// The entities of ASCII characters (HTML 5).
const ENTITIES: [(&str, char); 33] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
    ("tilde", '~'),
];

/// The entities of Latin-1, from U+00A0 (HTML 4).
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// What base64 has of these bytes for certain, whatever bytes stand before and after them.
fn base64_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let whole = padded.len() * 8 / 6;
        for encoded in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            let part = encoded
                .get((before * 8).div_ceil(6)..whole)
                .unwrap_or_default();
            if part.len() >= SHORT && !parts.iter().any(|other| other == part.as_bytes()) {
                parts.push(part.as_bytes().to_vec());
            }
        }
    }
    parts
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let digit = |value: u8| digits.get(usize::from(value)).copied().unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// All of the base64 around a part of it.
fn around(text: &[u8], start: usize, end: usize) -> Range<usize> {
    let is_base64 = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let before = text.get(..start).unwrap_or_default().iter().rev();
    let after = text.get(end..).unwrap_or_default().iter();
    start - before.take_while(is_base64).count()..end + after.take_while(is_base64).count()
}

/// The text with its parts replaced; what is within another part goes with that one. Marks stay where they were in what remains, and move
/// to the edge of what is replaced.
fn replaced<'a>(text: &'a str, mut found: Vec<Found>, marks: &mut [usize]) -> Cow<'a, str> {
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
                // What is replaced is shown as a whole.
                *moved = Some(out.len() + if index == 0 { 0 } else { with.len() });
            }
        }
        // Overlapping parts are one.
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

/// The place itself, or the next one before it where a character begins.
fn boundary(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A part of a text.
enum Part {
    /// What is neither a string of JSON nor a value of a secret name: prose, and what stands between strings.
    Bare(Range<usize>),
    /// A string of JSON that is a value, with its quotation marks.
    Text(Range<usize>),
    /// A value of JSON under a secret name.
    Secret(Range<usize>),
}

/// An object or array that is open.
#[derive(Default)]
struct Level {
    is_object: bool,
    key: Option<Range<usize>>,
    /// Where a value may begin: after the colon.
    is_value: bool,
    value: Option<usize>,
    /// A field `key`.
    keys: Vec<Range<usize>>,
    /// The values of a pair.
    values: Vec<Range<usize>>,
    has_value: bool,
    /// Whether the name of a pair is a secret one.
    has_secret_name: bool,
}

/// Divides a text into its parts. It is read as JSON wherever there is some, broken or cut off, within whatever else.
fn scan(text: &str, each: &mut dyn FnMut(Part)) {
    let bytes = text.as_bytes();
    let mut levels: Vec<Level> = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    let mut bare = 0;
    // Where the last value ended.
    let mut end = 0;
    if bytes.get(at) == Some(&b'"') {
        let close = string_end(bytes, at);
        if text.get(close..).is_some_and(|rest| rest.trim().is_empty()) {
            each(Part::Text(at..close));
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
                    // A name without quotation marks, as JavaScript and Java write it, stands in what is bare.
                    let name = bare_name(text.get(bare..at).unwrap_or_default());
                    if let Some(name) = name {
                        level.key = Some(bare + name.start..bare + name.end);
                        level.is_value = true;
                        level.value = Some(at);
                        each(Part::Text(string.clone()));
                    } else {
                        level.key =
                            Some(string.start + 1..string.end.saturating_sub(1).max(at + 1));
                    }
                } else {
                    if level.is_object {
                        level.value.get_or_insert(at);
                    }
                    each(Part::Text(string.clone()));
                }
                each(Part::Bare(bare..at));
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
    each(Part::Bare(bare..text.len()));
    // What was cut off.
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

/// The name that a bare text ends with, before its colon or equals sign.
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

/// Ends a member of an object or an item of an array, whose value ended at `end`.
fn member(text: &str, level: &mut Level, end: usize, each: &mut dyn FnMut(Part)) {
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
            // `isTokenNeeded` and `passwordExists` only speak of one.
            let is_flag = matches!(value, "true" | "false") && !is_exactly_secret(name);
            if !is_nothing && !is_flag {
                each(Part::Secret(span));
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

/// Ends an object: now it is known whether its `key` is a secret or the name of a pair.
fn close(level: &mut Level, each: &mut dyn FnMut(Part)) {
    if !level.has_value {
        level
            .keys
            .drain(..)
            .for_each(|span| each(Part::Secret(span)));
    } else if level.has_secret_name {
        level
            .values
            .drain(..)
            .for_each(|span| each(Part::Secret(span)));
    }
}

/// What stands for a quotation mark.
const QUOTES: [&str; 9] = [
    "\"", "'", "`", "\\\"", "&quot;", "&#34;", "&#39;", "&apos;", "%22",
];

fn quote(text: &str) -> Option<&'static str> {
    QUOTES.into_iter().find(|quote| text.starts_with(quote))
}

/// The values that have a secret name in a text that is no JSON: `password=…`, `?apikey=…`, `X-Okapi-Token: …`, `'secret': '…'`,
/// `Key (token)=(…)`.
fn named(text: &str) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(start) = rest.find(is_name).map(|start| at + start)
    {
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.find(|letter| !is_name(letter)).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        at = start + length;
        let Some(value) = value_of(text, start, name) else {
            continue;
        };
        at = value.end.max(at);
        values.push(value);
    }
    values
}

/// The secret value that a name at this place of a text has, if it has one.
fn value_of(text: &str, start: usize, name: &str) -> Option<Range<usize>> {
    let lower = normal(name);
    let is_parameter = text.get(..start).is_some_and(|before| {
        before.ends_with(['?', '&', ';', '#']) || before.ends_with("%26") || before.ends_with("%3F")
    });
    // `%26apikey` is read as the name `26apikey`, since the percent sign ends a name.
    let lower = lower
        .strip_prefix("26")
        .or(lower.strip_prefix("3f"))
        .unwrap_or(&lower);
    let is_parameter = is_parameter || lower.len() < normal(name).len();
    let is_word = matches!(lower, "key" | "code");
    if is_word && !is_parameter || !is_word && !is_secret(lower) && !is_secret(name) {
        return None;
    }
    let mut at = start + name.len();
    let mut rest = text.get(at..)?;
    let mut skip = |rest: &mut &str, length: usize| {
        at += length;
        *rest = rest.get(length..).unwrap_or_default();
    };
    if let Some(value) = rest.strip_prefix(")=(") {
        let end = value.find(')').unwrap_or(value.len());
        return Some(at + 3..at + 3 + end);
    }
    let named_in_quotes = quote(rest);
    if let Some(quote) = named_in_quotes {
        skip(&mut rest, quote.len());
    }
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    skip(&mut rest, spaces);
    let separator = ["==", "=>", "=", ":", "%3D%3D", "%3D", "%3d", "%3A", "&#61;"]
        .into_iter()
        .find(|separator| rest.starts_with(separator))?;
    skip(&mut rest, separator.len());
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    skip(&mut rest, spaces);
    let is_header = matches!(
        lower,
        "authorization" | "proxyauthorization" | "cookie" | "setcookie"
    );
    let value_quote = quote(rest);
    if let Some(quote) = value_quote {
        skip(&mut rest, quote.len());
    }
    let length = match value_quote {
        Some(quote) => rest.find(quote).unwrap_or(rest.len()),
        None if is_header => rest.find(['\r', '\n']).unwrap_or(rest.len()),
        None => {
            let end = rest
                .find(|letter: char| letter.is_whitespace() || ",;&}])<>\"'".contains(letter))
                .unwrap_or(rest.len());
            ["%26", "%22"]
                .into_iter()
                .filter_map(|stop| rest.find(stop))
                .fold(end, usize::min)
        }
    };
    let value = rest.get(..length).filter(|value| !value.is_empty())?;
    // Prose: "Invalid token: User with id …" tells no token, and "password: hunter2" a password.
    let is_prose = separator == ":"
        && named_in_quotes.is_none()
        && value_quote.is_none()
        && !is_header
        && !name.contains(['-', '_'])
        && !name.chars().skip(1).any(char::is_uppercase)
        && !matches!(lower, "apikey");
    let looks_secret = value.len() >= 6
        && !value
            .chars()
            .all(|letter| letter.is_alphabetic() || letter == '.');
    (!is_prose || looks_secret).then_some(at..at + length)
}

/// What is a secret by its form, without a name: JSON Web Tokens, the credentials of `Authorization`, the user information of a URL.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let is_base64url =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    for (start, _) in text.match_indices("eyJ") {
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .find(|letter| !is_base64url(letter) && letter != '.')
            .unwrap_or(rest.len());
        let token = rest.get(..length).unwrap_or_default();
        let token = token.trim_end_matches('.');
        if token
            .split_once('.')
            .is_some_and(|(head, rest)| head.len() >= 8 && !rest.is_empty())
        {
            found.push(start..start + token.len());
        }
    }
    for (at, _) in text.match_indices(['b', 'B']) {
        let rest = text.get(at..).unwrap_or_default();
        let scheme = ["basic", "bearer"].into_iter().find(|scheme| {
            rest.get(..scheme.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        });
        let Some(scheme) = scheme else { continue };
        let after = rest.get(scheme.len()..).unwrap_or_default();
        let Some(space) = [" ", "%20", "+"]
            .into_iter()
            .find(|space| after.starts_with(space))
        else {
            continue;
        };
        let after = after.get(space.len()..).unwrap_or_default();
        let length = after
            .find(|letter: char| {
                !is_base64url(letter) && !matches!(letter, '.' | '+' | '/' | '=' | '~')
            })
            .unwrap_or(after.len());
        let value = after.get(..length).unwrap_or_default();
        let is_credential = if scheme == "basic" {
            let value = value.trim_end_matches('=');
            STANDARD_NO_PAD
                .decode(value)
                .is_ok_and(|decoded| decoded.contains(&b':'))
        } else {
            value.len() >= 16 && value.contains(|letter: char| letter.is_ascii_digit())
        };
        if is_credential {
            let start = at + scheme.len() + space.len();
            found.push(start..start + length);
        }
    }
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .find(|letter: char| letter.is_whitespace() || "\"'<>".contains(letter))
            .unwrap_or(rest.len());
        let url = rest.get(..length).unwrap_or_default();
        let authority = url.find(['/', '?', '#']).unwrap_or(url.len());
        let authority = url.get(..authority).unwrap_or_default();
        // A password with a slash in it ends what looks like the host.
        let has_port = authority.rsplit_once(':').is_none_or(|(_, port)| {
            port.ends_with(']') || port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let user = if has_port || authority.contains('@') {
            authority.rfind('@')
        } else {
            url.rfind('@')
        };
        if let Some(user) = user.filter(|user| *user > 0) {
            found.push(start..start + user);
        }
    }
    found
}

/// An address that somebody gave, to be shown in an error: without user, password, query and fragment. What may hide them is not shown.
pub(crate) fn url(text: &str) -> String {
    let text = text.trim();
    let has_query = text.contains(['?', '#']);
    let shown = match text.rsplit_once('@') {
        None => text,
        Some(_) if has_query => "…",
        Some((_, "")) => "…@",
        Some((_, host)) => host,
    };
    let end = shown.find(['?', '#']).unwrap_or(shown.len());
    let (shown, cut) = (shown.get(..end).unwrap_or_default(), end < shown.len());
    format!(
        "{}{}",
        Secrets::default().shown(shown),
        if cut { "?…" } else { "" }
    )
}

/// Whether a character could make what is shown look like something else: control characters, which move the cursor of a terminal or break
/// lines, and those that turn the direction of writing (Unicode UAX #9).
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// The text with control characters escaped as JSON does, so that JSON stays JSON. Line feeds and tabs are as they were.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lossy(body: &[u8], _: bool) -> Cow<'_, str> {
        String::from_utf8_lossy(body)
    }

    fn knowing(secrets: &[&str]) -> Secrets {
        let mut known = Secrets::default();
        secrets.iter().for_each(|secret| known.add(secret));
        known
    }

    #[test]
    fn a_known_secret_is_found_in_every_encoding() {
        let secret = "a\"b\\c/ü&é<7>\u{1F511} x+%";
        let known = knowing(&[secret]);
        let json = |text: &str| {
            let text = Value::from(text).to_string();
            text.get(1..text.len() - 1).unwrap().to_owned()
        };
        let utf16 = |text: &str| -> String {
            text.encode_utf16()
                .map(|unit| format!("\\u{unit:04X}"))
                .collect()
        };
        let percent =
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC)
                .to_string();
        let html = |text: &str| {
            text.replace('&', "&amp;")
                .replace('"', "&quot;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
        };
        let numeric: String = secret
            .chars()
            .map(|letter| format!("&#{};", u32::from(letter)))
            .collect();
        let hexadecimal: String = secret
            .chars()
            .map(|letter| format!("&#x0{:x};", u32::from(letter)))
            .collect();
        let base64 = STANDARD.encode(secret);
        let mut forms = vec![
            secret.to_owned(),
            json(secret),
            json(&json(secret)),
            json(&json(&json(secret))),
            utf16(secret),
            json(&utf16(secret)),
            json(secret).replace('/', "\\/"),
            percent.clone(),
            percent.to_lowercase(),
            percent.replace('%', "%25"),
            percent.replace('%', "%2525"),
            percent.replace("%20", "+"),
            html(secret),
            html(&html(secret)),
            json(&html(secret)),
            html(&json(secret)),
            html(&json(secret)).replace('\\', "&#92;"),
            json(&percent).replace('%', "\\u0025"),
            percent.replace('%', "&percnt;"),
            html(secret).replace('&', "%26").replace(';', "%3b"),
            html(secret).replace('ü', "&uuml;").replace('é', "&eacute;"),
            numeric,
            hexadecimal,
            base64.clone(),
            base64.replace('=', "%3D").replace('+', "%2B"),
            json(&base64).replace('/', "\\/"),
            URL_SAFE_NO_PAD.encode(secret),
            STANDARD.encode(format!("user:{secret}")),
            STANDARD.encode(format!("{{\"password\":\"{}\"}}", json(secret))),
            STANDARD.encode(&base64),
            hex_of(secret, false),
            hex_of(secret, true),
        ];
        forms.sort();
        for form in forms {
            for text in [
                form.clone(),
                format!("x{form}y"),
                format!("…ü{form}é…"),
                format!("<b>{form}</b>"),
            ] {
                let shown = known.shown(&text);
                assert!(shown.contains(REDACTED), "{text} -> {shown}");
                assert!(!shown.contains(&form), "{text} -> {shown}");
                assert!(
                    shown.chars().count() <= REDACTED.len() + 16,
                    "{text} -> {shown}"
                );
            }
        }
    }

    fn hex_of(text: &str, upper: bool) -> String {
        text.bytes()
            .map(|byte| {
                if upper {
                    format!("{byte:02X}")
                } else {
                    format!("{byte:02x}")
                }
            })
            .collect()
    }

    #[test]
    fn short_secrets_are_redacted_where_they_stand_alone() {
        assert_eq!(knowing(&["a"]).redact("aXa aa a"), "aXa aa REDACTED");
        assert_eq!(
            knowing(&["admin"]).redact("user diku_admin / admin"),
            "user diku_REDACTED / REDACTED"
        );
        assert_eq!(knowing(&[]).redact("nothing"), "nothing");
        assert_eq!(knowing(&["x"]).redact(""), "");
        // The longer secret goes as a whole.
        assert_eq!(
            knowing(&["abcd", "abcdefgh"]).redact("abcdefgh abcd"),
            "REDACTED REDACTED"
        );
    }

    #[test]
    fn secrets_are_those_of_headers_and_of_the_body() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (
                "cookie",
                "folioAccessToken=aaaa.a.a; folioRefreshToken=rrrr.r.r",
            ),
            ("authorization", "Bearer bbbb.b.b"),
            ("proxy-authorization", "Basic YW5uOmh1bnRlcjI="),
            ("x-api-key", "kkkkkk"),
            ("x-okapi-tenant", "diku"),
            ("content-type", "application/json"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let body = Bytes::from_static(
            br#"{"username":"anna","password":"pwpw","all":[{"newPassword":"new one"}],"token":{"a":[123456,"deep"]},"note":"none"}"#,
        );
        let known = Secrets::of(&headers, Some(&body), false);
        let text =
            "aaaa.a.a rrrr.r.r bbbb.b.b hunter2 kkkkkk pwpw <new one> 123456 deep anna none diku";
        assert_eq!(
            known.redact(text),
            "REDACTED REDACTED REDACTED REDACTED REDACTED REDACTED <REDACTED> REDACTED REDACTED anna none diku"
        );
        headers.insert(
            "content-type",
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let body = Bytes::from_static(b"user=anna&client_secret=s%26t+uv&x=y");
        let known = Secrets::of(&headers, Some(&body), false);
        assert_eq!(known.redact("anna: s&t uv"), "anna: REDACTED");
        headers.insert(
            "content-type",
            HeaderValue::from_static("multipart/form-data; boundary=b"),
        );
        let body = Bytes::from_static(
            b"--b\r\nContent-Disposition: form-data; name=\"pin\"\r\n\r\n99887\r\n--b--\r\n",
        );
        let known = Secrets::of(&headers, Some(&body), false);
        assert_eq!(known.redact("99887"), "REDACTED");
    }

    #[test]
    fn fields_are_secret_by_their_name_whatever_their_type() {
        for (text, expected) in [
            (r#"{"password":"p"}"#, r#"{"password":"REDACTED"}"#),
            (r#"{"pin": 1234, "a": 1}"#, r#"{"pin": "REDACTED", "a": 1}"#),
            (
                r#"{"apiKey":{"v":[1]},"a":1}"#,
                r#"{"apiKey":"REDACTED","a":1}"#,
            ),
            (
                r#"{"secret":true,"token":["x","y"]}"#,
                r#"{"secret":"REDACTED","token":"REDACTED"}"#,
            ),
            (
                r#"{"credentials":[{"hash":"h"}]}"#,
                r#"{"credentials":"REDACTED"}"#,
            ),
            (
                r#"[{"client_secret":"x"},{"X-Okapi-Token":"y"}]"#,
                r#"[{"client_secret":"REDACTED"},{"X-Okapi-Token":"REDACTED"}]"#,
            ),
            // What only speaks of a secret.
            (
                r#"{"isTokenNeeded":true,"passwordExists":false,"accessTokenExpiration":"2026","token":null}"#,
                "",
            ),
            (
                r#"{"credentialsId":"7","token_type":"x","pinned":"x","opinion":"y","spin":"z","keyword":"w","sortKey":"k"}"#,
                "",
            ),
            // The name of a pair is shown, and so is its value unless the name is a secret one.
            (r#"{"key":"k1"}"#, r#"{"key":"REDACTED"}"#),
            (r#"{"key":"barcode","value":"7"}"#, ""),
            (
                r#"{"value":"hunter2","key":"password"}"#,
                r#"{"value":"REDACTED","key":"password"}"#,
            ),
            (r#"{"key":"barcode","value":null}"#, ""),
            (
                r#"{"code":"EMAIL_PASSWORD","value":"hunter2"}"#,
                r#"{"code":"EMAIL_PASSWORD","value":"REDACTED"}"#,
            ),
            (
                r#"{"field":"pin","rejected-value":12}"#,
                r#"{"field":"pin","rejected-value":"REDACTED"}"#,
            ),
            (r#"{"name":"color","value":"red"}"#, ""),
            // Cut off, broken, within something else.
            (
                r#"{"a":[{"password":"hunt"#,
                r#"{"a":[{"password":"REDACTED""#,
            ),
            (
                r#"failed: {"password":"hunter2"} of x"#,
                r#"failed: {"password":"REDACTED"} of x"#,
            ),
            (
                r#"{"m":"{\"password\":\"hunter2\"}"}"#,
                r#"{"m":"{\"password\":\"REDACTED\"}"}"#,
            ),
            (
                r#""{\"pin\":\"{\\\"x\\\":1}\"}""#,
                r#""{\"pin\":\"REDACTED\"}""#,
            ),
            (
                r#"User{name="x", password="hunter2"}"#,
                r#"User{name="x", password="REDACTED"}"#,
            ),
            (
                r#"User{password=hunter2, name=x}"#,
                r#"User{password=REDACTED, name=x}"#,
            ),
            (
                r#"{'password': 'hunter2', 'a': 1}"#,
                r#"{'password': 'REDACTED', 'a': 1}"#,
            ),
            // What is secret in one place of a text is so in the others.
            (
                r#"{"password":"hunter-22","message":"hunter-22 is weak"}"#,
                r#"{"password":"REDACTED","message":"REDACTED is weak"}"#,
            ),
        ] {
            let expected = if expected.is_empty() { text } else { expected };
            assert_eq!(Secrets::default().redact(text), expected);
        }
    }

    #[test]
    fn prose_of_folio_is_left_as_it_is() {
        for text in [
            "Invalid token",
            "Invalid token: User with id 7f3 does not exist",
            "Token missing, access requires permission: users.collection.get",
            "Unable to authorize: Token missing, access requires permission: users.item.get",
            "Different tokens in Authentication and X-Okapi-Token. Use only one of them",
            "Access for user 'name' (7f3) requires permission: users.item.get",
            "Key (id)=(7f3) already exists.",
            "password: must not be blank",
            "No suitable module found for path and tenant",
            "Basic authentication required; bearer token expected",
            "https://folio.example.edu:9130/users?query=email==a@b.edu",
            "Stored _version is 4, _version of request is 3",
            "lower(f_unaccent(jsonb ->> 'name'::text)) value already exists in table groups: 7",
            "key=barcode",
        ] {
            assert_eq!(Secrets::default().redact(text), text);
        }
    }

    #[test]
    fn secrets_are_known_by_their_form() {
        for (text, expected) in [
            ("password=hunter2 x", "password=REDACTED x"),
            ("password: hunter2, x", "password: REDACTED, x"),
            ("X-Okapi-Token: opaque", "X-Okapi-Token: REDACTED"),
            ("Cookie: a=b; c=d\nx", "Cookie: REDACTED\nx"),
            ("Authorization: Digest q\nx", "Authorization: REDACTED\nx"),
            (
                "sent Basic YW5uOmh1bnRlcjI= there",
                "sent Basic REDACTED there",
            ),
            (
                "sent bearer 0123456789abcdef0123 there",
                "sent bearer REDACTED there",
            ),
            ("is eyJhbGciOiJI.eyJzdWIiOiJ4.c2ln.", "is REDACTED."),
            ("GET /x?apikey=k1&a=b", "GET /x?apikey=REDACTED&a=b"),
            ("GET /x?a=b&key=k1", "GET /x?a=b&key=REDACTED"),
            (
                "next=%2Fx%3Fkey%3Dk1%26a%3Db",
                "next=%2Fx%3Fkey%3DREDACTED%26a%3Db",
            ),
            ("https://ann:pw@host/x", "https://REDACTED@host/x"),
            ("http://ann:p/w@host:80/x", "http://REDACTED@host:80/x"),
            (
                "&quot;password&quot;:&quot;hunter2&quot;",
                "&quot;password&quot;:&quot;REDACTED&quot;",
            ),
            (
                "Key (pin)=(1234) already exists",
                "Key (pin)=(REDACTED) already exists",
            ),
            (
                "<input name=password value=x> apikey: k",
                "<input name=password value=x> apikey: REDACTED",
            ),
        ] {
            assert_eq!(Secrets::default().redact(text), expected);
        }
    }

    #[test]
    fn an_excerpt_cuts_no_secret_and_knows_what_stands_before_it() {
        let known = knowing(&["correct-horse"]);
        let body = format!("{}correct-horse{}", "a".repeat(95), "b".repeat(200));
        for most in 90..120 {
            let shown = known.excerpt(body.as_bytes(), 0, most, lossy).unwrap();
            assert!(
                !shown.contains("cor") && !shown.contains("rse"),
                "{most}: {shown}"
            );
        }
        for at in 60..200 {
            let shown = known.excerpt(body.as_bytes(), at, 40, lossy).unwrap();
            assert!(
                !shown.contains("cor") && !shown.contains("rse"),
                "{at}: {shown}"
            );
        }
        let long = format!(
            r#"{{"credentials":{{"a":["{}","needle-in-hay",{}]}},"b":7}}"#,
            "x".repeat(90_000),
            "1,".repeat(90_000)
        );
        for at in [90_020, 100_000, 200_000, long.len()] {
            let shown = known.excerpt(long.as_bytes(), at, 2048, lossy).unwrap();
            assert!(
                !shown.contains("needle") && !shown.contains("1,1") && !shown.contains("xx"),
                "{at}: {shown}"
            );
        }
        assert!(
            known
                .excerpt(long.as_bytes(), long.len(), 2048, lossy)
                .unwrap()
                .ends_with(r#"REDACTED","b":7}"#)
        );
        assert_eq!(known.excerpt(b"", 0, 10, lossy), None);
        assert_eq!(known.excerpt("añb".as_bytes(), 0, 2, lossy).unwrap(), "a …");
    }

    #[test]
    fn addresses_are_shown_without_what_may_be_secret() {
        for (text, expected) in [
            ("https://h/okapi", "https://h/okapi"),
            ("https://u:secret@h/x", "h/x"),
            ("u:secret@", "…@"),
            ("https://h?token=secret", "https://h?…"),
            ("https://h#secret", "https://h?…"),
            ("https://u:pa?secret@h", "…"),
            ("https://h?x=secret@secret", "…"),
            ("https://h/token=secret", "https://h/token=REDACTED"),
        ] {
            assert_eq!(url(text), expected);
        }
    }

    #[test]
    fn what_moves_the_cursor_or_turns_the_text_is_escaped() {
        assert_eq!(
            escaped("a\u{1b}[2Jb\r\nc\rd\u{202e}e\u{9b}f\tg\u{2066}"),
            "a\\u001b[2Jb\nc\\u000dd\\u202ee\\u009bf\tg\\u2066"
        );
        assert!(matches!(escaped("plain ü\n"), Cow::Borrowed(_)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_fail(text in ".{0,200}", at in 0..300_usize, most in 0..100_usize, secret in ".{0,12}") {
            let known = knowing(&[&secret]);
            let once = known.redact(&text).into_owned();
            let _ = known.excerpt(text.as_bytes(), at, most, lossy);
            let _ = url(&text);
            if secret.len() >= SHORT && !REDACTED.contains(&secret) {
                proptest::prop_assert!(!once.contains(&secret), "{once}");
            }
        }

        #[test]
        fn no_part_of_json_makes_it_fail(text in r#"([{}\[\]:,"\\ =a1]|"key"|"value"|"pin"|&#34;|%22|eyJ|://|Basic ){0,60}"#, at in 0..80_usize, most in 0..40_usize) {
            let known = knowing(&["a1a1"]);
            let _ = known.redact(&text);
            let _ = known.excerpt(text.as_bytes(), at, most, lossy);
        }

        #[test]
        fn json_stays_json(text in ".{0,20}", pin in proptest::num::i64::ANY, key in "[a-z]{1,4}|key|value|pin|token|name") {
            let value = serde_json::json!({key: {"pin": pin, "t": text, "list": [text, {"password": [text]}]}});
            let mut redacted = value.clone();
            Secrets::default().redact_value(&mut redacted);
            proptest::prop_assert!(redacted.is_object());
        }
    }
}
