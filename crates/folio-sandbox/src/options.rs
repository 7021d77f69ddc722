//! What a sandbox can be told beyond its tenants and data: where it listens, where it keeps its records, who hears of its requests.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::exchange::{Answered, Exchange, Listener};
use crate::{Builder, Fault};

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

impl Builder {
    /// Where it listens: a free port of the loopback interface, unless another one is named. Whoever reaches that port can use the sandbox.
    pub fn listen(mut self, address: impl Into<IpAddr>, port: u16) -> Self {
        self.options.address = (address.into(), port);
        self
    }

    /// A folder for records, users and sequences, which is made if it is not there. They survive the process, however it ends: what was
    /// answered is there when the folder is used again. Demo and reference data are put into it once. One process at a time can use it.
    /// Passwords are in it as they were sent: it is for tests.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.folder = Some(folder.into());
        self
    }

    /// Requests that would change something are answered 403. Logins, and lists that are asked for by POST, are not changes.
    pub fn read_only(mut self) -> Self {
        self.options.read_only = true;
        self
    }

    /// Something to call with each request after it was answered, for a log.
    pub fn on_exchange(
        mut self,
        listener: impl Fn(&Exchange, Answered) + Send + Sync + 'static,
    ) -> Self {
        self.options.listener = Some(Arc::new(listener));
        self
    }

    /// Something that goes wrong from the start; see also [`Sandbox::fault`](crate::Sandbox::fault).
    pub fn fault(mut self, fault: Fault) -> Self {
        self.options.faults.push(fault);
        self
    }

    /// The records of [`demo_data`](Self::demo_data) in a tenant of the users named, without a user of their own.
    pub fn demo_data_of(mut self, tenant: impl Into<String>) -> Self {
        self.options.demo = Some(tenant.into());
        self
    }

    /// So many invented instances with as many holdings and items, linked and as varied as those of a catalogue, in the tenant of the first
    /// user; and the reference data that they refer to. The same [seed](Self::seed) gives the same records. They are made when they are read: a
    /// million is ready in seconds and takes some hundred megabytes.
    pub fn generated(mut self, records: u32) -> Self {
        self.options.generated = records;
        self
    }
}
