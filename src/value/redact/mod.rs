//! Redacts secrets from all output: errors, `Debug`, logs, snapshots.
//!
//! Two kinds of secrets are redacted; this module alone decides what is secret:
//!
//! - **Known secrets**: what the request carried (tokens, cookies, API keys, passwords). Servers
//!   repeat requests in their errors, in whatever encoding, so known secrets are found as they are,
//!   and as escapes of JSON (also of JSON within JSON), HTML entities, percent-encoding, base64 and
//!   hexadecimal digits, next to any other characters.
//! - **Secrets by their form**: values of fields, parameters and headers with a secret name
//!   ([`is_secret`]), tokens (JWT), credentials of `Authorization`, and the user information of a
//!   URL.
//!
//! **The rule for `key`.** A field `key` is a secret, as in `{"key": "…"}`, unless its object also
//! has a value (`value`, `values`, …): then it is the name of a pair, as in RMB's parameters of a
//! validation error (`{"key": "barcode", "value": "7"}`), in mod-settings, and in mod-configuration
//! (whose names are `code` and `configName`). A name is shown; the value of a pair is redacted if
//! the name is a secret one.
//!
//! Nothing here runs while calls succeed and logging is off.

mod encodings;
mod json;
mod named;
mod names;
mod secrets;
mod sent;
mod text;
mod url;

pub(crate) use names::{is_secret, is_secret_parameter};
pub(crate) use secrets::Secrets;
pub(crate) use sent::{Confidential, Own, SentSecrets};
pub(crate) use text::{REDACTED, escaped};
pub(crate) use url::url;

#[cfg(test)]
mod tests;
