//! The local clock compared with that of the server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::check::{Check, Report};
use super::session::Session;

/// Both times are of one second.
const EXACT: i64 = 5;
const TOLERATED: i64 = 60;

const ADVICE: &str = "synchronise the clock of this machine (NTP): dates in queries and the validity of certificates depend on it";

/// By the header `Date`, which proxies add; Okapi itself sends none (recorded). Without it by the
/// time of issue of the token, which is the time of the login.
pub(super) fn examine(session: &Session, report: &mut Report) {
    let date = session.gateway.as_ref().and_then(|gateway| {
        let skew = signed(gateway.received, gateway.date?);
        Some((skew, "the header Date"))
    });
    let issued = session.claims.iat.map(|iat| {
        let issued = UNIX_EPOCH + Duration::from_secs(iat);
        (
            signed(session.logged_in, issued),
            "the time of issue of the token",
        )
    });
    let Some((skew, source)) = date.or(issued) else {
        report.add(Check::skipped(
            "clock",
            "the server states no time: no header Date, and no time in the token",
        ));
        return;
    };
    let seen = match skew {
        0 => format!("equal to {source}"),
        ahead @ 1.. => format!("{ahead} s ahead of {source}"),
        behind => format!("{} s behind {source}", -behind),
    };
    let skew = skew.abs();
    report.add(if skew <= EXACT {
        Check::ok("clock", seen)
    } else if skew <= TOLERATED {
        Check::warning("clock", seen).advice(ADVICE)
    } else {
        Check::failed("clock", seen).advice(ADVICE)
    });
}

/// In whole seconds; positive if the local time is later.
fn signed(local: SystemTime, server: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match local.duration_since(server) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}
