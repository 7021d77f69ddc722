//! The endpoint modules and records that `build.rs` generated for the enabled features.

include!(concat!(env!("OUT_DIR"), "/api.rs"));
