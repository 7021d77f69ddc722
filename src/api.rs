//! The endpoint modules and records that `build.rs` generated for the enabled features.

#![allow(
    clippy::large_enum_variant,
    reason = "a response of several types is made once and moved to its caller"
)]

include!(concat!(env!("OUT_DIR"), "/api.rs"));
include!(concat!(env!("OUT_DIR"), "/disabled.rs"));
