//! Error messages in text and in HTML pages.

use super::types::ServerMessage;

/// The maximum length of a message.
pub(super) const LONGEST: usize = 4096;

/// A body without its byte order mark.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Whether a body is an HTML page.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let body = without_mark(body).trim_ascii_start();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|begin| {
            body.get(..begin.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(begin.as_bytes()))
        })
}

pub(super) fn plain(text: &str) -> ServerMessage {
    ServerMessage {
        message: one_line(text),
        errors: Vec::new(),
    }
}

/// The message of a proxy's page: its title and its text.
pub(super) fn html(text: &str) -> ServerMessage {
    let mut words = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        words.push_str(before);
        words.push(' ');
        // HTML is case-insensitive, and the contents of style and script are irrelevant.
        let hidden = ["style", "script", "!--"].into_iter().find(|name| {
            tag.get(1..=name.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        });
        let end = match hidden {
            Some("!--") => tag.find("-->").map(|end| end + 3),
            Some(name) => {
                let lower = tag.to_ascii_lowercase();
                lower
                    .find(&format!("</{name}"))
                    .and_then(|close| tag.get(close..)?.find('>').map(|end| close + end + 1))
            }
            None => tag.find('>').map(|end| end + 1),
        };
        rest = end.and_then(|end| tag.get(end..)).unwrap_or_default();
    }
    words.push_str(rest);
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        words = words.replace(entity, character);
    }
    // The heading usually repeats the title: "502 Bad Gateway 502 Bad Gateway nginx".
    let line = one_line(&words).map(|line| {
        let half = line.match_indices(' ').map(|(at, _)| at).find(|at| {
            let (title, body) = line.split_at(*at);
            *at > 2
                && body
                    .strip_prefix(' ')
                    .is_some_and(|body| body.starts_with(title))
        });
        match half.and_then(|at| line.get(at + 1..)) {
            Some(rest) => rest.to_owned(),
            None => line,
        }
    });
    ServerMessage {
        message: line,
        errors: Vec::new(),
    }
}

pub(super) fn one_line(text: &str) -> Option<String> {
    let mut line = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST {
            let end = line
                .char_indices()
                .map(|(at, _)| at)
                .take_while(|at| *at <= LONGEST)
                .last()
                .unwrap_or_default();
            line.truncate(end);
            line.push_str(" …");
            break;
        }
    }
    (!line.is_empty()).then_some(line)
}
