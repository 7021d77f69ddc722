//! Logs every call with one line of code, for programs without a `tracing` subscriber.
//!
//! ```
//! // One line per completed call: request, response, duration.
//! folio_sdk::logging::requests();
//! ```
//!
//! ```
//! // In addition: logins, token renewals, retries with their reasons, and waits.
//! folio_sdk::logging::details();
//! ```
//!
//! Passwords, tokens and cookies are redacted. URLs are shown with their queries.
//!
//! A program with its own subscriber does not need this: the lines are events of level `DEBUG`,
//! those of calls with the target `folio_sdk::request` (`RUST_LOG=folio_sdk::request=debug`), all
//! others with `folio_sdk` (`RUST_LOG=folio_sdk=debug`). In addition, each call is a span named
//! `folio`, whose fields (operation, module, method, path, tenant, status, attempts, bytes, elapsed
//! time) are suitable for metrics.
//!
//! Requires the feature `logging`.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::engine::pipeline::REQUESTS;

/// The level of detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detail {
    /// One line per call.
    Requests,
    /// Also logins, token renewals, retries and waits.
    All,
}

/// Logs one line per call to standard error, from now on. Returns false if a global subscriber is
/// already set.
pub fn requests() -> bool {
    begin(Detail::Requests)
}

/// Logs calls, logins, token renewals, and retries with their reasons to standard error, from now
/// on. Returns false if a global subscriber is already set.
pub fn details() -> bool {
    begin(Detail::All)
}

fn begin(detail: Detail) -> bool {
    tracing::subscriber::set_global_default(subscriber(detail, std::io::stderr)).is_ok()
}

/// The subscriber that writes the lines, to install manually: for one thread, or with another
/// output.
///
/// ```
/// use folio_sdk::logging::{Detail, subscriber};
///
/// let _guard = tracing::subscriber::set_default(subscriber(Detail::All, std::io::stdout));
/// ```
pub fn subscriber(
    detail: Detail,
    writer: impl for<'w> MakeWriter<'w> + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync + 'static {
    let target = match detail {
        Detail::Requests => REQUESTS,
        Detail::All => "folio_sdk",
    };
    let lines = tracing_subscriber::fmt::layer()
        .compact()
        .with_ansi(false)
        .with_target(false)
        .with_writer(writer)
        .with_filter(Targets::new().with_target(target, LevelFilter::DEBUG));
    registry().with(lines)
}
