//! The endpoint modules and records that `build.rs` generated for the enabled features.

#![allow(
    clippy::large_enum_variant,
    reason = "a response of several types is made once and moved to its caller"
)]
#![allow(
    clippy::should_implement_trait,
    reason = "the setters of builders have the names of FOLIO's fields"
)]

include!(concat!(env!("OUT_DIR"), "/api.rs"));
include!(concat!(env!("OUT_DIR"), "/disabled.rs"));
