//! The in-process FOLIO system for tests without async.
//!
//! ```
//! # fn main() -> Result<(), folio_sdk::Error> {
//! use folio_sdk::testing;
//! use serde_json::Value;
//!
//! let folio = testing::blocking::folio()?;
//! let groups: Vec<Value> = folio.folio_get("/groups", "usergroups").limit(2).send()?;
//! assert_eq!(groups.len(), 2);
//!
//! // The sandbox gives access to the records of the server, and to fault injection.
//! folio.sandbox().fault(testing::Fault::new(testing::Effect::status(503, "busy")).times(1));
//! assert!(folio.folio_get::<Value>("/groups", None).send().is_ok());
//! # Ok(())
//! # }
//! ```
//!
//! Requires the features `testing` and `blocking`.

use super::{Sandbox, SandboxBuilder, TestFolio, settings, started};
use crate::blocking::{Blocking, FolioClient};
use crate::wire::error::Result;

/// [`testing::folio`](super::folio) for tests without async: a connected blocking client of a
/// sandbox with demo data.
///
/// # Errors
/// As [`connect_to`].
pub fn folio() -> Result<TestFolio<FolioClient>> {
    connect_to(Sandbox::builder().demo_data())
}

/// [`testing::connect_to`](super::connect_to) for tests without async: a connected blocking client
/// of any sandbox that has the tenant `diku` and the user `diku_admin` with the password `admin`.
///
/// # Errors
/// The sandbox cannot be started, or that user cannot log in. In asynchronous code, an error of kind
/// [`ErrorKind::Runtime`](crate::ErrorKind::Runtime).
pub fn connect_to(sandbox: SandboxBuilder) -> Result<TestFolio<FolioClient>> {
    let sandbox = Blocking::new()?.wait(started(sandbox))?;
    let client = settings(FolioClient::builder(sandbox.url())).connect()?;
    Ok(TestFolio { client, sandbox })
}
