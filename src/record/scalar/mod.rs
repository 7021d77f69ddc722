//! The values that FOLIO's records consist of and JSON has no type for: identifiers, dates,
//! numbers.
//!
//! Each retains the text that the server sent, so that a record is written back unchanged. They
//! are compared by value: `10.10` equals `10.1`, and `…Z` equals `…+0000`.

#[cfg(any(feature = "chrono", feature = "jiff", feature = "time"))]
mod conversions;
mod date;
mod id;
mod number;
mod text;
#[cfg(feature = "chrono")]
mod with_chrono;
#[cfg(feature = "jiff")]
mod with_jiff;
#[cfg(feature = "rust_decimal")]
mod with_rust_decimal;
#[cfg(feature = "time")]
mod with_time;

pub use date::{DateTime, InvalidDateTime};
pub use id::{Id, InvalidId};
pub use number::{InvalidNumber, Number};
