//! The environment variables that configure a client: FolioClient's names, with the same meanings.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::value::redact;
use crate::wire::error::{Error, Result};
use crate::wire::retry::{Backoff, RetryPolicy};

/// Longer than any program runs, and short enough to be added to any time.
const UNLIMITED: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Client settings read from environment variables.
///
/// [`FolioClientBuilder::build`](crate::FolioClientBuilder::build) reads the variables of the
/// process; settings made by the program take precedence. Times are in seconds; `none`, `inf`,
/// `infinity` and `unlimited` mean no limit:
///
/// | variable | setting |
/// |---|---|
/// | `FOLIOCLIENT_HTTP_TIMEOUT` | the timeout of an attempt; also of establishing a connection and of waiting for a concurrency slot, unless set separately |
/// | `FOLIOCLIENT_CONNECT_TIMEOUT` | [`connect_timeout`](crate::FolioClientBuilder::connect_timeout) |
/// | `FOLIOCLIENT_READ_TIMEOUT` | [`read_timeout`](crate::FolioClientBuilder::read_timeout), the idle timeout |
/// | `FOLIOCLIENT_WRITE_TIMEOUT` | the maximum time without progress while a body of more than 64 KiB, or a streamed one, is sent |
/// | `FOLIOCLIENT_POOL_TIMEOUT` | [`queue_timeout`](crate::FolioClientBuilder::queue_timeout) |
/// | `FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES` (`SERVER_ERROR_RETRIES_MAX`) | the maximum number of retries: [`max_attempts`](RetryPolicy::max_attempts) minus one |
/// | `FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY` (`SERVER_ERROR_RETRY_DELAY`) | [`initial_backoff`](RetryPolicy::initial_backoff) |
/// | `FOLIOCLIENT_SERVER_ERROR_RETRY_FACTOR` (`SERVER_ERROR_RETRY_FACTOR`) | [`factor`](RetryPolicy::factor) |
/// | `FOLIOCLIENT_SERVER_ERROR_MAX_WAIT` | [`max_backoff`](RetryPolicy::max_backoff) |
/// | `FOLIOCLIENT_MAX_AUTH_ERROR_RETRIES` (`AUTH_ERROR_RETRIES_MAX`) | [`forbidden_retries`](RetryPolicy::forbidden_retries); 0 preserves the default of one retry with Eureka |
/// | `FOLIOCLIENT_AUTH_ERROR_RETRY_DELAY` (`AUTH_ERROR_RETRY_DELAY`) | the maximum wait before the first of these retries |
/// | `FOLIOCLIENT_AUTH_ERROR_RETRY_FACTOR` (`AUTH_ERROR_RETRY_FACTOR`) | the growth factor of that wait |
/// | `FOLIOCLIENT_AUTH_ERROR_MAX_WAIT` | the maximum of these waits |
/// | `FOLIOCLIENT_FORBIDDEN_RETRY_DELAY` | [`forbidden_delay`](RetryPolicy::forbidden_delay), if the number of these retries is not set |
///
/// The names in parentheses are older ones; the newer name takes precedence. Longer waits extend
/// the [`deadline`](RetryPolicy::deadline) of the policy, so that the number of attempts stays as
/// configured. An empty variable counts as unset. An invalid value is an error of kind
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) of
/// [`build`](crate::FolioClientBuilder::build), which names the variable, its value and the
/// accepted values.
///
/// ```
/// use folio_sdk::{Environment, FolioClient};
///
/// # fn example() -> Result<(), folio_sdk::Error> {
/// let folio = FolioClient::builder("https://folio.example.edu")
///     .tenant("diku")
///     .credentials("admin", "secret")
///     .environment(Environment::from_iter([("FOLIOCLIENT_HTTP_TIMEOUT", "300")]))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    /// None: those of the process, read when they are needed.
    variables: Option<BTreeMap<String, String>>,
}

/// The settings that a client takes from the environment unless the program sets them.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    pub(crate) queue_timeout: Option<Duration>,
    pub(crate) retry: RetryPolicy,
}

impl Environment {
    /// The variables of the process. This is the default of a client.
    pub fn from_env() -> Self {
        Self { variables: None }
    }

    /// No variables at all.
    pub fn empty() -> Self {
        Self {
            variables: Some(BTreeMap::new()),
        }
    }

    /// The value of a variable. An unset or empty variable is none.
    pub(crate) fn get(&self, name: &str) -> Result<Option<String>> {
        let value = match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => match std::env::var(name) {
                Ok(value) => Some(value),
                Err(std::env::VarError::NotPresent) => None,
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(Error::configuration(format!(
                        "the environment variable {name} is not UTF-8 text"
                    )));
                }
            },
        };
        Ok(value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty()))
    }

    /// A required variable.
    pub(crate) fn required(&self, name: &str, what: &str) -> Result<String> {
        self.get(name)?.ok_or_else(|| {
            Error::configuration(format!(
                "the environment variable {name} is not set: set it to {what}"
            ))
        })
    }

    /// The first of several names that is set, parsed by `read`.
    fn parsed<T>(
        &self,
        names: &[&str],
        accepted: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        for name in names {
            let Some(value) = self.get(name)? else {
                continue;
            };
            return match read(&value) {
                Some(read) => Ok(Some(read)),
                None => Err(Error::configuration(format!(
                    "the environment variable {name} is `{}`, which is not {accepted}",
                    shown(&value)
                ))),
            };
        }
        Ok(None)
    }

    fn seconds(&self, names: &[&str]) -> Result<Option<Duration>> {
        self.parsed(
            names,
            "a number of seconds (such as 30 or 0.5) or `none` (no limit)",
            |text| {
                if is_unlimited(text) {
                    return Some(UNLIMITED);
                }
                let seconds: f64 = text.parse().ok().filter(|seconds| *seconds >= 0.0)?;
                Some(
                    Duration::try_from_secs_f64(seconds)
                        .map_or(UNLIMITED, |time| time.min(UNLIMITED)),
                )
            },
        )
    }

    fn count(&self, names: &[&str]) -> Result<Option<u32>> {
        self.parsed(names, "a non-negative integer", |text| text.parse().ok())
    }

    fn factor(&self, names: &[&str]) -> Result<Option<f64>> {
        self.parsed(names, "a number of 1 or more, such as 2 or 1.5", |text| {
            let factor: f64 = text.parse().ok()?;
            (factor >= 1.0 && factor.is_finite()).then_some(factor)
        })
    }

    pub(crate) fn settings(&self) -> Result<Settings> {
        let all = self.seconds(&["FOLIOCLIENT_HTTP_TIMEOUT"])?;
        let connect = self.seconds(&["FOLIOCLIENT_CONNECT_TIMEOUT"])?;
        let read = self.seconds(&["FOLIOCLIENT_READ_TIMEOUT"])?;
        let write = self.seconds(&["FOLIOCLIENT_WRITE_TIMEOUT"])?;
        let pool = self.seconds(&["FOLIOCLIENT_POOL_TIMEOUT"])?;
        Ok(Settings {
            timeout: all,
            connect_timeout: connect.or(all),
            read_timeout: read,
            write_timeout: write,
            queue_timeout: pool.or(all),
            retry: self.retry()?,
        })
    }

    fn retry(&self) -> Result<RetryPolicy> {
        let mut policy = RetryPolicy::default();
        let retries = self.count(&[
            "FOLIOCLIENT_MAX_SERVER_ERROR_RETRIES",
            "SERVER_ERROR_RETRIES_MAX",
        ])?;
        let delay = self.seconds(&[
            "FOLIOCLIENT_SERVER_ERROR_RETRY_DELAY",
            "SERVER_ERROR_RETRY_DELAY",
        ])?;
        let factor = self.factor(&[
            "FOLIOCLIENT_SERVER_ERROR_RETRY_FACTOR",
            "SERVER_ERROR_RETRY_FACTOR",
        ])?;
        let most = self.seconds(&["FOLIOCLIENT_SERVER_ERROR_MAX_WAIT"])?;
        if let Some(retries) = retries {
            policy = policy.max_attempts(retries.saturating_add(1));
        }
        let default = policy.backoff();
        let backoff = Backoff {
            delay: delay.unwrap_or(default.delay),
            factor: factor.unwrap_or(default.factor),
            // A configured wait longer than the default's maximum is honoured.
            max: most.unwrap_or(default.max.max(delay.unwrap_or_default())),
        };
        policy = policy.with_backoff(backoff);

        let retries = self.count(&[
            "FOLIOCLIENT_MAX_AUTH_ERROR_RETRIES",
            "AUTH_ERROR_RETRIES_MAX",
        ])?;
        let delay = self.seconds(&[
            "FOLIOCLIENT_AUTH_ERROR_RETRY_DELAY",
            "AUTH_ERROR_RETRY_DELAY",
        ])?;
        let factor = self.factor(&[
            "FOLIOCLIENT_AUTH_ERROR_RETRY_FACTOR",
            "AUTH_ERROR_RETRY_FACTOR",
        ])?;
        let most = self.seconds(&["FOLIOCLIENT_AUTH_ERROR_MAX_WAIT"])?;
        let once = self.seconds(&["FOLIOCLIENT_FORBIDDEN_RETRY_DELAY"])?;
        let default = policy.forbidden_backoff();
        let first = match retries {
            None | Some(0) => once,
            Some(retries) => {
                policy = policy.forbidden_retries(retries);
                delay
            }
        };
        let forbidden = Backoff {
            delay: first.unwrap_or(default.delay),
            factor: factor.unwrap_or(default.factor),
            max: most.unwrap_or(default.max.max(first.unwrap_or_default())),
        };
        Ok(policy.with_forbidden_backoff(forbidden).long_enough())
    }
}

/// The value of a variable, for display: it may have been confused with that of a secret one.
fn shown(value: &str) -> String {
    let value = if value.contains("://") || value.contains('@') {
        redact::url(value)
    } else {
        redact::Secrets::default().shown(value)
    };
    let beginning: String = value.chars().take(100).collect();
    beginning.escape_debug().to_string()
}

fn is_unlimited(text: &str) -> bool {
    ["none", "inf", "infinity", "unlimited"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    /// These variables and no others.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self {
            variables: Some(variables.collect()),
        }
    }
}

impl fmt::Debug for Environment {
    /// Shows the names: values may be secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.variables {
            Some(variables) => out.debug_set().entries(variables.keys()).finish(),
            None => out.write_str("Environment::from_env()"),
        }
    }
}
