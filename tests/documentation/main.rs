//! The pages: their code compiles and runs, their links and names exist, their language is
//! standard English. Also the compiler's messages for mistakes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may")]

mod diagnostics;
mod guide;
mod guide_links;
mod parity;
mod prose;
mod readme;
