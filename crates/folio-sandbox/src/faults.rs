//! Faults on demand: what can go wrong between a client and a FOLIO, made to happen.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Something that goes wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Effect {
    /// An answer with a status, headers and text, instead of the real one. Nothing is done.
    Answer {
        /// The status.
        status: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The connection is closed before anything is done.
    Drop,
    /// What was asked for is done, and the connection is closed instead of the answer.
    DropAnswer,
    /// What was asked for is done, and the connection breaks in the middle of the answer's body.
    BreakBody,
    /// The answer comes later.
    Delay(Duration),
    /// A list of status 200 that ends early and says so in `resultInfo.diagnostics`, as RMB's streamed lists do.
    Truncate,
    /// A list with a `null` among its records.
    NullElement,
}

impl Effect {
    /// An answer of a status with text.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: body.into(),
        }
    }

    pub(crate) fn answer(&self) -> Option<(StatusCode, HeaderMap, String)> {
        let Self::Answer {
            status,
            headers,
            body,
        } = self
        else {
            return None;
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            ) {
                map.append(name, value);
            }
        }
        Some((
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            map,
            body.clone(),
        ))
    }
}

/// When something goes wrong, and what.
///
/// ```
/// use folio_sandbox::{Effect, Fault};
///
/// // The second and third request for users are answered 503.
/// let fault = Fault::new(Effect::status(503, "busy")).method("GET").path("/users").after(1).times(2);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    method: Option<String>,
    path: Option<String>,
    after: usize,
    times: Option<usize>,
    probability: Option<f64>,
    pub(crate) effect: Effect,
}

impl Fault {
    /// A fault of every request, once each.
    pub fn new(effect: Effect) -> Self {
        Self {
            method: None,
            path: None,
            after: 0,
            times: None,
            probability: None,
            effect,
        }
    }

    /// Only requests of a method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_uppercase());
        self
    }

    /// Only requests whose path begins so.
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// The first requests that fit go well.
    pub fn after(mut self, requests: usize) -> Self {
        self.after = requests;
        self
    }

    /// How often it happens; without this, always.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// How likely it is each time, from 0 to 1.
    pub fn probability(mut self, probability: f64) -> Self {
        self.probability = Some(probability);
        self
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| path.starts_with(wanted))
    }
}

/// The faults of a sandbox.
#[derive(Debug)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    random: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            random: seed | 1,
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// What goes wrong with this request.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<Effect> {
        for index in 0..self.list.len() {
            if !self.list[index].fits(method, path) {
                continue;
            }
            if self.list[index].after > 0 {
                self.list[index].after -= 1;
                continue;
            }
            if let Some(probability) = self.list[index].probability
                && self.chance() >= probability
            {
                continue;
            }
            let effect = self.list[index].effect.clone();
            if let Some(times) = &mut self.list[index].times {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    self.list.remove(index);
                }
            }
            return Some(effect);
        }
        None
    }

    /// The next of a series that is the same for the same seed (xorshift).
    fn chance(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}
