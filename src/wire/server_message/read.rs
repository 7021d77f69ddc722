//! Parses the body of an error response.

use super::json::from_json;
use super::text::{html, is_page, plain, without_mark};
use super::types::ServerMessage;
use super::words;
use crate::value::redact::Secrets;
use serde_json::Value;
use std::borrow::Cow;

/// The maximum size of the parsed body. Error bodies are small; a larger page of a proxy has its
/// message at the start.
const MOST: usize = 256 * 1024;

/// Parses the body of an error. Its first character determines the format: modules forward
/// responses of others without their content type, and gateways send HTML with any content type.
///
/// Secrets are redacted before parsing, which changes their form, and afterwards, because they may
/// have been split.
pub(crate) fn parse(content_type: Option<&str>, body: &[u8], secrets: &Secrets) -> ServerMessage {
    let cut = body.get(..MOST).unwrap_or(body);
    let text = text_of(cut, cut.len() < body.len());
    let text = secrets.redact(&text);
    let mut said = read(content_type, &text);
    if said.errors.is_empty() && said.message.is_some() {
        said.errors = words::read(&text);
    }
    let shown = |text: &mut String| *text = secrets.shown(text);
    said.message.iter_mut().for_each(shown);
    for error in &mut said.errors {
        shown(&mut error.message);
        error.code.iter_mut().for_each(shown);
        error.kind.iter_mut().for_each(shown);
        for parameter in &mut error.parameters {
            shown(&mut parameter.key);
            parameter.value.iter_mut().for_each(shown);
        }
    }
    said
}

pub(super) fn read(content_type: Option<&str>, text: &str) -> ServerMessage {
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.as_bytes().first() {
        None => ServerMessage::default(),
        Some(b'{' | b'[' | b'"') => match serde_json::from_str::<Value>(text) {
            Ok(value) => from_json(&value, 0),
            Err(_) => plain(text),
        },
        Some(b'<') => html(text),
        Some(_) if content_type.is_some_and(|media_type| media_type.starts_with("text/html")) => {
            html(text)
        }
        Some(_) => plain(text),
    }
}

/// The text of a body. FOLIO's modules write UTF-8, regardless of the header: mod-circulation
/// states `text/plain; ISO_8859_1` (real-facts, section 3). Other encodings come from proxies and
/// old servers, and are read as Latin-1, in which every byte is a character; or as UTF-16, if a
/// byte order mark indicates it.
pub(crate) fn text_of(body: &[u8], is_cut: bool) -> Cow<'_, str> {
    let words = |read: fn([u8; 2]) -> u16, body: &[u8]| {
        let (pairs, _) = body.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match body {
        [0xff, 0xfe, rest @ ..] => words(u16::from_le_bytes, rest).into(),
        [0xfe, 0xff, rest @ ..] => words(u16::from_be_bytes, rest).into(),
        _ => match std::str::from_utf8(body) {
            Ok(text) => text.into(),
            // Truncated within a character.
            Err(error) if is_cut && error.error_len().is_none() => String::from_utf8_lossy(body),
            Err(_) => body.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

/// A description of a body that is not the expected JSON, if it is recognized.
pub(crate) fn mistaken(body: &[u8], is_secret: bool, secrets: &Secrets) -> Option<String> {
    match body {
        [0x1f, 0x8b, ..] => {
            return Some(
                "the response is compressed by gzip, but has no header `Content-Encoding: gzip`"
                    .to_owned(),
            );
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            return Some("the response is UTF-16 text, and UTF-8 was expected".to_owned());
        }
        _ => {}
    }
    let body = without_mark(body).trim_ascii_start();
    if body.first() != Some(&b'<') {
        return None;
    }
    if !is_page(body) {
        return Some("the response is XML, and JSON was expected".to_owned());
    }
    let text = text_of(body.get(..MOST).unwrap_or(body), body.len() > MOST);
    let words = html(&secrets.redact(&text)).message;
    let words = words.map(|words| secrets.shown(&words));
    let shown = words.filter(|_| !is_secret).map(|words| {
        let end = words
            .char_indices()
            .nth(200)
            .map_or(words.len(), |(end, _)| end);
        format!(" (\"{}\")", words.get(..end).unwrap_or_default())
    });
    Some(format!(
        "the response is an HTML page{}, and JSON was expected: it comes from a proxy, a login page or a web server, not from FOLIO; is the URL of the gateway right?",
        shown.unwrap_or_default()
    ))
}
