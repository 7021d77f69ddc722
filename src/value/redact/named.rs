//! Finds the values of secret names in other text, and tokens.

use super::names::{is_secret, normal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::ops::Range;

/// Characters and escapes that represent a quotation mark.
const QUOTES: [&str; 9] = [
    "\"", "'", "`", "\\\"", "&quot;", "&#34;", "&#39;", "&apos;", "%22",
];

fn quote(text: &str) -> Option<&'static str> {
    QUOTES.into_iter().find(|quote| text.starts_with(quote))
}

/// The values of secret names in text that is not JSON: `password=…`, `?apikey=…`, `X-Okapi-Token:
/// …`, `'secret': '…'`, `Key (token)=(…)`.
pub(super) fn named(text: &str) -> Vec<Range<usize>> {
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

/// The value of the secret name at this position of a text, if there is one.
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
    // Prose: "Invalid token: User with id …" shows no token, but "password: hunter2" shows a
    // password.
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

/// Secrets recognized by their form, without a name: JSON Web Tokens, the credentials of
/// `Authorization`, the user information of a URL.
pub(super) fn tokens(text: &str) -> Vec<Range<usize>> {
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
        // A slash in a password ends the part that looks like the host.
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
