//! Support for tests of programs that use this SDK: an in-process FOLIO system, and responses for
//! snapshots.
//!
//! A connected client in one line, over a real socket to a sandbox with a small library in it:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use folio_sdk::testing;
//! use serde_json::{Value, json};
//!
//! let folio = testing::folio().await?;
//! let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(2).await?;
//!
//! // In a test: `insta::assert_json_snapshot!(testing::redacted(&groups));`
//! assert_eq!(testing::redacted(&groups)[0]["id"], "[id 1]");
//!
//! // The sandbox gives access to the records of the server, and to fault injection.
//! folio.sandbox().fault(testing::Fault::new(testing::Effect::status(503, "busy")).times(1));
//! assert!(folio.folio_get::<Value>("/groups", None).await.is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! A test without async uses `testing::blocking::folio`, with the features `testing` and `blocking`.
//!
//! Requires the feature `testing`, preferably as a dev-dependency: `folio-sdk = { version = "0.1",
//! features = ["testing"] }`.

#[cfg(feature = "blocking")]
#[cfg_attr(docsrs, doc(cfg(feature = "blocking")))]
pub mod blocking;
mod cassette;

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

pub use cassette::{Cassette, CassetteError};
pub use folio_sandbox::{
    Answered, BadFault, Builder as SandboxBuilder, Effect, Exchange, Fault, Gateway, Sandbox,
};

use serde::Serialize;
use serde_json::Value;

use crate::client::{FolioClient, FolioClientBuilder};
use crate::value::redact;
use crate::wire::error::{Error, Result};
use crate::wire::retry::RetryPolicy;

/// A client that is connected to its own sandbox; it dereferences to the client: a [`FolioClient`],
/// or that of `folio_sdk::blocking`. Dropping it ends the sandbox.
pub struct TestFolio<C = FolioClient> {
    client: C,
    sandbox: Sandbox,
}

impl<C> TestFolio<C> {
    /// The client, to be cloned.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// The server: its records, the received requests, and fault injection.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl<C> Deref for TestFolio<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.client
    }
}

impl<C: fmt::Debug> fmt::Debug for TestFolio<C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.client, out)
    }
}

/// A connected client of a sandbox with demo data (`diku`, user `diku_admin`): users, groups,
/// locations, instances with holdings and items, statistical codes, and circulation rules by which
/// items are lent. Its retries have short waits.
///
/// # Errors
/// No port can be opened, or no thread can be started.
pub async fn folio() -> Result<TestFolio> {
    connect_to(Sandbox::builder().demo_data()).await
}

/// A connected client of any sandbox that has the tenant `diku` and the user `diku_admin` with the
/// password `admin`: a sandbox without configured users, or with demo data.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), folio_sdk::Error> {
/// use std::time::Duration;
/// use folio_sdk::testing::{self, Sandbox};
///
/// let folio = testing::connect_to(Sandbox::builder().access_token_lifetime(Duration::from_secs(1))).await?;
/// assert_eq!(folio.tenant(), "diku");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The sandbox cannot be started, or that user cannot log in.
pub async fn connect_to(sandbox: SandboxBuilder) -> Result<TestFolio> {
    let sandbox = started(sandbox).await?;
    let client = settings(FolioClient::builder(sandbox.url()));
    let client = client.connect().await?;
    Ok(TestFolio { client, sandbox })
}

async fn started(sandbox: SandboxBuilder) -> Result<Sandbox> {
    let sandbox = sandbox.start().await;
    sandbox.map_err(|error| Error::configuration(error.to_string()))
}

/// The settings of a client of a sandbox.
fn settings<M>(client: FolioClientBuilder<M>) -> FolioClientBuilder<M> {
    client
        .tenant("diku")
        .credentials("diku_admin", "admin")
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(2)))
}

/// Any serializable value as JSON that is equal in every run, for a one-line snapshot:
/// `insta::assert_json_snapshot!(testing::redacted(&user))`.
///
/// - Each UUID, also within text, becomes `[id 1]`, `[id 2]`, … in order of first appearance:
///   references remain visible.
/// - A point in time becomes `[time]`; a date without a time, which is usually part of the record
///   itself, is unchanged.
/// - `metadata` becomes `[metadata]`.
/// - Secrets become `REDACTED`, as in errors and logs: values of fields with a secret name
///   (password, token, secret, credential, pin, apiKey, key and others), credentials of
///   `Authorization`, the user information of URLs. A string that is a JSON Web Token becomes
///   `[token]`.
/// - Keys are sorted.
///
/// A value that cannot be serialized becomes the text of its error.
pub fn redacted<T: Serialize + ?Sized>(value: &T) -> Value {
    let mut value =
        serde_json::to_value(value).unwrap_or_else(|error| Value::String(error.to_string()));
    name_tokens(&mut value);
    redact::Secrets::default().redact_value(&mut value);
    let mut ids = HashMap::new();
    replace(&mut value, &mut ids);
    value
}

/// Compares a serializable value with its snapshot, [redacted](redacted):
/// `insta::assert_json_snapshot!` for values that vary between runs. It uses the program's own
/// `insta` (with its feature `json`); the SDK does not depend on it.
///
/// ```no_run
/// # async fn f(folio: folio_sdk::FolioClient) -> Result<(), folio_sdk::Error> {
/// let groups: Vec<serde_json::Value> = folio.folio_get("/groups", "usergroups").await?;
/// folio_sdk::assert_folio_snapshot!(groups);
/// folio_sdk::assert_folio_snapshot!("first_group", groups[0]);
/// # Ok(())
/// # }
/// ```
#[macro_export]
macro_rules! assert_folio_snapshot {
    ($value:expr $(,)?) => {
        ::insta::assert_json_snapshot!($crate::testing::redacted(&$value))
    };
    ($name:expr, $value:expr $(,)?) => {
        ::insta::assert_json_snapshot!($name, $crate::testing::redacted(&$value))
    };
}

fn replace(value: &mut Value, ids: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) => {
            if is_time(text) {
                *text = "[time]".to_owned();
            } else {
                *text = without_ids(text, ids);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, ids)),
        Value::Object(fields) => {
            // Even if another crate enables maps that preserve the order of fields.
            let mut sorted: Vec<(String, Value)> = std::mem::take(fields).into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (key, mut value) in sorted {
                if key == "metadata" && value.is_object() {
                    value = Value::String("[metadata]".to_owned());
                } else {
                    replace(&mut value, ids);
                }
                fields.insert(without_ids(&key, ids), value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Tokens that are separate strings. Those under a secret name are redacted like any other value
/// there.
fn name_tokens(value: &mut Value) {
    match value {
        Value::String(text) if is_token(text) => *text = "[token]".to_owned(),
        Value::Array(items) => items.iter_mut().for_each(name_tokens),
        Value::Object(fields) => fields.values_mut().for_each(name_tokens),
        _ => {}
    }
}

const UUID: &[u8; 36] = b"00000000-0000-0000-0000-000000000000";

fn without_ids(text: &str, ids: &mut HashMap<String, usize>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..36).filter(|part| {
            part.bytes().zip(UUID).all(|(byte, form)| match form {
                b'-' => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        });
        let length = if let Some(id) = id {
            let next = ids.len() + 1;
            let number = ids.entry(id.to_ascii_lowercase()).or_insert(next);
            out.push_str(&format!("[id {number}]"));
            id.len()
        } else {
            out.push(first);
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// `2025-05-01T02:00:17` and any suffix.
fn is_time(text: &str) -> bool {
    text.len() >= 19
        && text
            .bytes()
            .zip(b"0000-00-00T00:00:00")
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == *form,
            })
}

fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() == 2 && !text.contains(' ')
}
