//! Choices for the tables of a system.

use folio_arrow::{LayoutOptions, Release, Uuids};

use crate::names::Names;

/// The default number of concurrent requests of a scan, as of a harvest.
const PARALLEL: usize = 8;

/// The default number of records per page.
const PAGE: u32 = 1_000;

/// Choices for the tables of a system: [`register`](crate::register).
///
/// ```
/// use folio_datafusion::Options;
///
/// let options = Options { parallel: 4, ..Options::default() };
/// assert!(options.pushes_filters && options.counts);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// The release whose descriptions define the tables and their columns. By default the newest.
    pub release: Release,
    /// The name of the catalog. By default that of the session's default catalog, so that
    /// `inventory_storage.instances` needs no catalog; the schemas that the catalog has remain.
    pub catalog: Option<String>,
    /// The columns. By default UUIDs are text, which is shown and compared as such; as
    /// [`Uuids::Binary`] they take less memory, and are compared with `uuid('…')`.
    pub layout: LayoutOptions,
    /// The names of the columns.
    pub names: Names,
    /// Tables of all modules of the release, rather than of those that the tenant has.
    pub all_modules: bool,
    /// The maximum number of concurrent requests of one scan: 8 by default. The limits of the client
    /// apply as well, to all scans together.
    pub parallel: usize,
    /// The number of records per page: 1,000 by default. A smaller `limit` of SQL is a smaller page.
    pub page_size: u32,
    /// Whether filters are translated to CQL. If not, all records are read and filtered here.
    pub pushes_filters: bool,
    /// Whether the number of records is requested before a list is read (one request with
    /// `limit=0`, for which the server counts exactly): DataFusion chooses the order of joins by it,
    /// and small lists are not divided.
    pub counts: bool,
    /// The credentials by which another process logs in to run a part of a plan: a name, never a
    /// secret. It is a part of plans.
    pub credentials: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            release: Release::default(),
            catalog: None,
            layout: LayoutOptions {
                uuids: Uuids::Text,
                ..LayoutOptions::default()
            },
            names: Names::default(),
            all_modules: false,
            parallel: PARALLEL,
            page_size: PAGE,
            pushes_filters: true,
            counts: true,
            credentials: None,
        }
    }
}
