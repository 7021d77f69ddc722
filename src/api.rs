//! The endpoint modules and records that `build.rs` generated for the enabled features.

#![allow(
    clippy::large_enum_variant,
    reason = "a response of several types is made once and moved to its caller"
)]
#![allow(
    clippy::should_implement_trait,
    reason = "the setters of builders have the names of FOLIO's fields"
)]

// The unit tests of the core use no module. Without modules, the library is compiled for them in a
// fraction of the time.
#[cfg(not(test))]
include!(concat!(env!("OUT_DIR"), "/api.rs"));
#[cfg(not(test))]
include!(concat!(env!("OUT_DIR"), "/disabled.rs"));
