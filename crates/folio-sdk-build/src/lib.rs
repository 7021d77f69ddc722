//! What the build script of folio-sdk needs where it does not generate code.
//!
//! The published package holds the generated code of each release, written for all modules, with
//! [conditions](condition) at what depends on the modules of a build. [`Package`] checks that the
//! code belongs to the documents beside it, and selects what a build's features need: the same
//! bytes that the generator writes for these features. `docs/publish.md` of the repository has
//! the reasons.
//!
//! ```
//! use std::collections::BTreeSet;
//! use folio_sdk_build::condition;
//!
//! let text = format!("{}pub mod users;\n{}", condition::begin(["mod-users"]), condition::END);
//! let built = BTreeSet::from(["mod-users"]);
//! assert_eq!(condition::select(&text, |name| built.contains(name))?, "pub mod users;\n");
//! assert_eq!(condition::select(&text, |_| false)?, "");
//! # Ok::<(), String>(())
//! ```

pub mod condition;
mod features;
mod fingerprint;
mod package;

pub use features::{DisabledModule, Features, Module};
pub use fingerprint::{Fingerprint, of_folder};
pub use package::{Package, Written};
