//! The faults of a sandbox: their conditions and effects.

use crate::facts::documents::routes;
use crate::platform::faults::effect::Effect;

/// The condition and the effect of a failure.
///
/// ```
/// # use folio_sandbox::{Effect, Fault};
/// // The second and third request for users are answered 503.
/// let fault = Fault::new(Effect::status(503, "busy")).method("GET").path("/users").after(1).times(2);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    method: Option<String>,
    path: Option<String>,
    module: Option<String>,
    after: usize,
    every: usize,
    seen: usize,
    pub(super) times: Option<usize>,
    probability: Option<f64>,
    random: Option<Xorshift>,
    pub(crate) effect: Effect,
}

impl Fault {
    /// A fault of every request, once each.
    pub fn new(effect: Effect) -> Self {
        Self {
            method: None,
            path: None,
            module: None,
            after: 0,
            every: 1,
            seen: 0,
            times: None,
            probability: None,
            random: None,
            effect,
        }
    }

    /// Only requests that a module serves, `mod-users`.
    pub fn module(mut self, module: &str) -> Self {
        self.module = Some(module.to_owned());
        self
    }

    /// Only each so many-th of the requests that fit: with 3 the third, the sixth, ….
    pub fn every(mut self, requests: usize) -> Self {
        self.every = requests.max(1);
        self
    }

    /// The seed of its probability: the same seed affects the same requests, regardless of other
    /// faults. By default, the seed of the sandbox is used.
    pub fn seed(mut self, seed: u64) -> Self {
        self.random = Some(Xorshift::new(seed));
        self
    }

    /// Only requests of a method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_uppercase());
        self
    }

    /// Only requests whose path starts with this.
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
        let served = |module: &str| {
            routes()
                .find(method, path)
                .is_some_and(|route| route.module == module)
        };
        self.module.as_deref().is_none_or(served)
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| path.starts_with(wanted))
    }
}

/// Numbers that are the same for the same seed (xorshift).
#[derive(Clone, Debug)]
struct Xorshift(u64);

impl Xorshift {
    fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The faults of a sandbox.
#[derive(Debug)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    random: Xorshift,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            random: Xorshift::new(seed),
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// The effect on this request.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<Effect> {
        let random = &mut self.random;
        let struck = self.list.iter_mut().position(|fault| {
            if !fault.fits(method, path) {
                return false;
            }
            if fault.after > 0 {
                fault.after -= 1;
                return false;
            }
            fault.seen += 1;
            if fault.seen % fault.every != 0 {
                return false;
            }
            let own = fault.random.as_mut().unwrap_or(random);
            fault
                .probability
                .is_none_or(|probability| own.next() < probability)
        })?;
        let fault = self.list.get_mut(struck)?;
        let effect = fault.effect.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.list.remove(struck);
            }
        }
        Some(effect)
    }
}
