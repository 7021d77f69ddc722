//! Cookies of a response, and the server's clock.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{DATE, SET_COOKIE};

pub(super) struct Cookie {
    pub(super) value: String,
    pub(super) max_age: Option<Duration>,
}

/// A cookie of a response. An expired one is ignored.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<Cookie> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .find_map(|header| {
            let mut parts = header.split(';');
            let (found, value) = parts.next()?.split_once('=')?;
            // RFC 6265, 4.1.1: the value may be in quotes, which are not part of a token.
            let value = value.trim().trim_matches('"');
            if found.trim() != name || value.is_empty() {
                return None;
            }
            let attribute = |name: &str| {
                parts.clone().find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    key.trim()
                        .eq_ignore_ascii_case(name)
                        .then(|| value.trim().trim_matches('"'))
                })
            };
            // RFC 6265, 5.3: `Max-Age` takes precedence over `Expires`. A time in the past revokes
            // the cookie.
            let max_age = attribute("max-age")
                .and_then(|age| age.parse::<i64>().ok())
                .map(|age| Duration::from_secs(u64::try_from(age).unwrap_or_default()));
            let max_age = max_age.or_else(|| {
                let end = httpdate::parse_http_date(attribute("expires")?).ok()?;
                let now = date(headers).unwrap_or_else(SystemTime::now);
                Some(end.duration_since(now).unwrap_or_default())
            });
            // A server that revokes a cookie.
            if max_age == Some(Duration::ZERO) {
                return None;
            }
            Some(Cookie {
                value: value.to_owned(),
                max_age,
            })
        })
}

/// The server's own clock.
pub(super) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}
