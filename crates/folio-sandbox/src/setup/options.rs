//! Options beyond tenants and data: the address, the directory, the log.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::platform::exchange::Listener;
use crate::platform::faults::Fault;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) address: (IpAddr, u16),
    pub(crate) folder: Option<PathBuf>,
    pub(crate) read_only: bool,
    pub(crate) listener: Option<Listener>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) generated: u32,
    pub(crate) demo: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: (IpAddr::from([127, 0, 0, 1]), 0),
            folder: None,
            read_only: false,
            listener: None,
            faults: Vec::new(),
            generated: 0,
            demo: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Options")
            .field("address", &self.address)
            .field("folder", &self.folder)
            .field("read_only", &self.read_only)
            .field("faults", &self.faults)
            .field("generated", &self.generated)
            .finish_non_exhaustive()
    }
}
