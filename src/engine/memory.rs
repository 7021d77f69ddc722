//! How much memory the bodies of responses may take.

/// Bounds on the memory that responses take, so that a faulty or hostile server cannot exhaust it.
/// A compressed body counts as it is after decompression: 1 MB of gzip can be 1 GB of text.
///
/// A response that exceeds a bound is an error of kind
/// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge), which names the bound. Only the body of an
/// error response is cut off instead, since its beginning says what is wrong. A
/// [`Download`](crate::Download) that is read piece by piece, written to a file or to a writer has
/// no bound: it never takes more than a few megabytes.
///
/// ```
/// use folio_sdk::{FolioClient, MemoryLimits};
///
/// # fn example() -> Result<(), folio_sdk::Error> {
/// let folio = FolioClient::builder("https://folio.example.edu")
///     .tenant("diku")
///     .credentials("admin", "secret")
///     .memory_limits(MemoryLimits::default().response(1024 * 1024 * 1024))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    pub(crate) response: usize,
    pub(crate) record: usize,
    pub(crate) error_body: usize,
    pub(crate) login: usize,
}

const MEGABYTE: usize = 1024 * 1024;

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            response: 512 * MEGABYTE,
            record: 64 * MEGABYTE,
            error_body: MEGABYTE,
            login: MEGABYTE,
        }
    }
}

impl MemoryLimits {
    /// The largest response that is read as a whole (`send`, `execute`, one page of a list,
    /// `Download::bytes` and `text`), in bytes. 512 MiB by default.
    #[must_use]
    pub fn response(mut self, bytes: usize) -> Self {
        self.response = bytes;
        self
    }

    /// The largest record (or line) of [`Download::records`](crate::Download::records), in bytes.
    /// 64 MiB by default.
    #[must_use]
    pub fn record(mut self, bytes: usize) -> Self {
        self.record = bytes;
        self
    }

    /// How much of the body of an error response is read, in bytes. 1 MiB by default. The rest is
    /// not read, and no error.
    #[must_use]
    pub fn error_body(mut self, bytes: usize) -> Self {
        self.error_body = bytes;
        self
    }

    /// The largest response to a login, to a renewal of a token or to a logout, in bytes. 1 MiB by
    /// default.
    #[must_use]
    pub fn login_response(mut self, bytes: usize) -> Self {
        self.login = bytes;
        self
    }
}

/// The largest body that is read into memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) bytes: usize,
    /// The setting that says so.
    pub(crate) setting: &'static str,
}

impl MemoryLimits {
    pub(crate) fn of_response(self) -> Most {
        Most {
            bytes: self.response,
            setting: "MemoryLimits::response",
        }
    }

    pub(crate) fn of_login(self) -> Most {
        Most {
            bytes: self.login,
            setting: "MemoryLimits::login_response",
        }
    }

    pub(crate) fn of_record(self) -> Most {
        Most {
            bytes: self.record,
            setting: "MemoryLimits::record",
        }
    }
}
