//! Real intermediaries in front of a FOLIO: nginx, haproxy and squid, started here on free ports of
//! the loopback interface.
//!
//! Where one of them is not installed, its tests say so and end: `apt-get install nginx haproxy
//! squid` has them run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]
#![cfg(all(feature = "rustls", feature = "http2"))]

mod gateways {
    mod connections;
    mod deadlines;
    mod limiter;
    mod login;
    mod outages;
    mod permanent;
    mod proxies;
}
