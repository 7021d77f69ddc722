//! Logs of what goes over the wire, in one line of code: for programs that have no subscriber of
//! `tracing` yet.
//!
//! ```
//! // One line for each call, when it is over: what was asked, what came, how long it took.
//! folio_sdk::logging::requests();
//! ```
//!
//! ```
//! // And what happens in between: logins and renewals of tokens, repetitions and why, what is waited for.
//! folio_sdk::logging::details();
//! ```
//!
//! Neither shows a password, a token or a cookie. URLs are shown, with their queries.
//!
//! A program with a subscriber of its own needs nothing of this: the lines are events of level
//! `DEBUG`, those of the calls of the target `folio_sdk::request`
//! (`RUST_LOG=folio_sdk::request=debug`), all of `folio_sdk` (`RUST_LOG=folio_sdk=debug`). Each
//! call is besides a span named `folio`, whose fields (operation, module, method, path, tenant,
//! status, attempts, bytes, elapsed time) suit metrics.
//!
//! It needs the feature `logging`.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::engine::pipeline::REQUESTS;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Detail {
    /// A line for each call.
    Requests,
    /// Also what happens on the way: logins, renewals, repetitions, waiting.
    All,
}

/// From now on a line on standard error for each call of this program. Gives whether it is so: not
/// if there is a subscriber already.
pub fn requests() -> bool {
    begin(Detail::Requests)
}

/// From now on lines on standard error for each call of this program and what happens on its way:
/// logins and renewals of tokens, repetitions and why. Gives whether it is so: not if there is a
/// subscriber already.
pub fn details() -> bool {
    begin(Detail::All)
}

fn begin(detail: Detail) -> bool {
    tracing::subscriber::set_global_default(subscriber(detail, std::io::stderr)).is_ok()
}

/// What writes the lines, to hand to `tracing` oneself: for one thread, or to another place.
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
