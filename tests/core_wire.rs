//! The handwritten core over a real socket, with a server that plays realistic and faulty
//! behaviour.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod core {
    mod attempts;
    mod auth;
    mod bytes;
    mod calls;
    mod capacity;
    mod closing;
    mod compatibility;
    mod complete;
    mod deletions;
    mod dialects;
    mod environment;
    mod error_bodies;
    mod errors;
    mod harvest;
    mod lenient;
    mod list_dialects;
    mod list_facts;
    mod lists;
    mod look_ahead;
    mod outcome;
    mod pages;
    mod platform;
    mod repetition;
    mod request_lines;
    mod response_only;
    mod retries;
    mod secrets;
    mod sessions;
    mod tenants;
    mod upsert;
    mod values;
}
