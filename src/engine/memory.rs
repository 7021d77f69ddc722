//! Memory limits for the bodies of responses.

/// Bounds on the memory that responses take, so that a faulty or hostile server cannot exhaust it.
/// A compressed body counts as it is after decompression: 1 MB of gzip can be 1 GB of text.
///
/// A response that exceeds a limit results in an error of kind
/// [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge), which names the limit. Only the body of an
/// error response is truncated instead, because its start contains the message. A
/// [`Download`](crate::Download) that is read piece by piece, or written to a file or writer, has
/// no limit: it never takes more than a few megabytes.
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
    /// The largest response that is read completely (`send`, `execute`, one page of a list,
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

    /// The number of bytes that are read of the body of an error response. 1 MiB by default. The
    /// rest is ignored without an error.
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
    /// The setting that limits it.
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
