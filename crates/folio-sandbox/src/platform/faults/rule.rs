//! Faults as text, for the command and for files.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::platform::faults::effect::Effect;
use crate::platform::faults::fault::Fault;
use crate::platform::faults::pages::Gateway;

/// The error of an invalid rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFault(String);

impl fmt::Display for BadFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadFault {}

/// The syntax of a rule, for errors and help.
const WORDS: &str = "one effect of status=503 [body=TEXT] [retry-after=SECONDS], gateway=nginx|haproxy|squid [status=502], delay=2s, reset=before|during|after, \
     truncate, null, shrink, empty, expire-token, slow=BYTES/TIME, forbidden; and of method=GET, path=/users, module=mod-users, after=N, every=N, times=N, \
     probability=0.1, seed=N";

/// A time with its unit: `250ms`, `2s`, `1m`.
fn time(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let number: f64 = number.trim().parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// The words of a rule; quotes preserve blanks.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in text.chars() {
        match (c, quote) {
            (c, Some(own)) if c == own => quote = None,
            (c @ ('"' | '\''), None) => quote = Some(c),
            (' ' | ',', None) => words.extend(Some(std::mem::take(&mut word))),
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A rule such as `status=503 body=busy method=GET path=/users every=3`:
///
/// ```
/// # use folio_sandbox::Fault;
/// let fault: Fault = "reset=after method=POST path=/users probability=0.2 seed=7".parse()?;
/// # Ok::<(), folio_sandbox::BadFault>(())
/// ```
///
/// - What happens: `status=503` with `body=TEXT` and `retry-after=SECONDS`; `gateway=nginx`
///   (`haproxy`, `squid`) with `status=502`, 503 without it; `delay=2s`; `reset=before`,
///   `reset=during` (the write is done a second later) or `reset=after`; `truncate`, `null`,
///   `shrink`, `empty` of lists; `expire-token`; `slow=100/50ms`, so many bytes and the time
///   between them; `forbidden`, which happens once unless `times` says otherwise.
/// - When: `method`, `path` (what paths begin with), `module`, `after` so many requests, `every` so
///   many, `times`, `probability` and its `seed`.
impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let bad = |word: &str, why: &str| {
            BadFault(format!(
                "{word:?} of the fault {text:?} {why}: expected {WORDS}"
            ))
        };
        let mut fault = Self::new(Effect::Drop);
        let (mut effect, mut gateway) = (None, None);
        let (mut status, mut body, mut retry_after) = (None, None, None);
        let mut once = false;
        for word in words(text) {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            let number = || {
                value
                    .parse::<u64>()
                    .map_err(|_| bad(&word, "has no number"))
            };
            let size = || {
                number().and_then(|number| {
                    usize::try_from(number).map_err(|_| bad(&word, "is too large"))
                })
            };
            let time = |text| time(text).ok_or_else(|| bad(&word, "has no time with a unit"));
            let new = match name {
                "method" => {
                    fault = fault.method(value);
                    continue;
                }
                "path" => {
                    fault = fault.path(value);
                    continue;
                }
                "module" => {
                    fault = fault.module(value);
                    continue;
                }
                "after" => {
                    fault = fault.after(size()?);
                    continue;
                }
                "every" => {
                    fault = fault.every(size()?);
                    continue;
                }
                "times" => {
                    fault = fault.times(size()?);
                    continue;
                }
                "seed" => {
                    fault = fault.seed(number()?);
                    continue;
                }
                "probability" => {
                    let probability = value
                        .parse::<f64>()
                        .ok()
                        .filter(|number| (0.0..=1.0).contains(number));
                    fault = fault
                        .probability(probability.ok_or_else(|| bad(&word, "is not from 0 to 1"))?);
                    continue;
                }
                "status" => {
                    let known = number()?;
                    let known = u16::try_from(known)
                        .ok()
                        .filter(|status| (100..=599).contains(status));
                    status = Some(known.ok_or_else(|| bad(&word, "is not a valid status"))?);
                    continue;
                }
                "body" => {
                    body = Some(value.to_owned());
                    continue;
                }
                "retry-after" => {
                    retry_after = Some(number()?);
                    continue;
                }
                "gateway" => {
                    gateway = Some(match value {
                        "nginx" => Gateway::Nginx,
                        "haproxy" => Gateway::Haproxy,
                        "squid" => Gateway::Squid,
                        _ => return Err(bad(&word, "is not a known gateway")),
                    });
                    continue;
                }
                "delay" => Effect::Delay(time(value)?),
                "reset" => match value {
                    "before" => Effect::Drop,
                    "during" => Effect::DropThenDo(Duration::from_secs(1)),
                    "after" => Effect::DropAnswer,
                    _ => return Err(bad(&word, "is not a valid time of a reset")),
                },
                "truncate" => Effect::Truncate,
                "null" => Effect::NullElement,
                "shrink" => Effect::ShrinkPage,
                "empty" => Effect::EmptyPage,
                "expire-token" => Effect::ExpireToken,
                "slow" => {
                    let (bytes, pause) = value
                        .split_once('/')
                        .ok_or_else(|| bad(&word, "has no bytes and time"))?;
                    let bytes = bytes
                        .parse()
                        .ok()
                        .filter(|bytes| *bytes > 0)
                        .ok_or_else(|| bad(&word, "has no number of bytes"))?;
                    Effect::SlowBytes {
                        bytes,
                        pause: time(pause)?,
                    }
                }
                "forbidden" => {
                    once = true;
                    Effect::status(403, "Access for user requires permission")
                }
                _ => return Err(bad(&word, "is unknown")),
            };
            if effect.replace(new).is_some() {
                return Err(bad(&word, "is a second effect"));
            }
        }
        let of_status = match (gateway, status) {
            (Some(gateway), status) => Some(Effect::gateway(gateway, status.unwrap_or(503))),
            (None, Some(status)) => {
                let mut headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
                headers.extend(
                    retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string())),
                );
                Some(Effect::Answer {
                    status,
                    headers,
                    body: body.take().unwrap_or_default(),
                })
            }
            (None, None) => None,
        };
        fault.effect = match (effect, of_status) {
            (Some(_), Some(_)) => return Err(bad("status", "is a second effect")),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => return Err(bad(text, "has no effect")),
        };
        if body.is_some() || retry_after.is_some() && status.is_none() {
            return Err(bad("body", "needs a status, and none of a gateway's"));
        }
        Ok(match once && fault.times.is_none() {
            true => fault.times(1),
            false => fault,
        })
    }
}
