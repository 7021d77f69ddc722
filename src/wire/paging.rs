//! The pagination of a list, as a fact of its operation. The `paging` folder reads lists by it.

/// The pagination dialect of a list of a FOLIO module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PagingStyle {
    /// `query` in CQL, `limit` and `offset`: most of FOLIO.
    Cql,
    /// `limit` and `offset`, without CQL.
    #[default]
    Offset,
    /// `perPage`, `offset` and `sort=field;asc`: agreements, licenses and the other ERM modules. At
    /// most 100 per page. With the parameter `stats=true` the records are read from `results`.
    Erm,
    /// mod-search: CQL over an index, at most 500 per page, sorted only by the fields that the
    /// module lists. It returns only the first 10,000 records. If there are more, and the list has
    /// a [`job`](Paging::job) and no `sortBy`, all are read with a resource job (`POST
    /// /search/resources/jobs`), and then by their ids, in no order; otherwise the list ends with
    /// an error that states this.
    Search,
    /// mod-search's browsing: one page, which shows the values around the value of its query. If
    /// there is more, the list ends with an error that explains how to continue.
    Browse,
    /// `POST …/retrieve` with `query`, `limit` and `offset` in the body: the same as
    /// [`Cql`](Self::Cql) for queries of any length.
    Retrieve,
    /// Single records without an enclosing array (`application/stream+json`), by `limit`, `offset`
    /// and `orderBy=field,ASC`: the streams of source-record-storage.
    Stream,
    /// All records in one response, in an array or as concatenated records: neither `limit` nor
    /// `offset` is sent. Examples are the views of inventory-storage for OAI-PMH and
    /// `/inventory-hierarchy`, and lists that reject a `limit`. The response is held in memory as a
    /// whole; [`open`](crate::FolioClient::open) reads it piece by piece. If its `totalRecords` is
    /// larger than the number of records, the list ends with an error.
    Whole,
}

/// The facts about an operation's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Paging {
    /// The dialect.
    pub style: PagingStyle,
    /// The property of the response that contains the array of records; none if the response is the
    /// array.
    pub items: Option<&'static str>,
    /// The unique field by which the list can be read, if that is known to work: usually `id`.
    pub key: Option<&'static str>,
    /// The largest `limit` that the server accepts, if it states one.
    pub max: Option<u32>,
    /// The server rejects `sortBy`: the list is read by offset, in the server's own order.
    pub rejects_sort: bool,
    /// The server does not support `cql.allRecords`: without a query of the caller none is sent.
    pub rejects_all_records: bool,
    /// The list has no default query: none is sent unless the caller sets one.
    pub lacks_query: bool,
    /// The kind of record for a resource job of mod-search that lists all ids, if the list returns
    /// only some records: `INSTANCE`.
    pub job: Option<&'static str>,
}

impl Paging {
    /// Creates the facts about a list: see the fields.
    pub const fn new(
        style: PagingStyle,
        items: Option<&'static str>,
        key: Option<&'static str>,
        max: Option<u32>,
    ) -> Self {
        Self {
            style,
            items,
            key,
            max,
            rejects_sort: false,
            rejects_all_records: false,
            lacks_query: false,
            job: None,
        }
    }

    /// The same for a list whose ids a resource job of this kind lists completely.
    #[must_use]
    pub const fn with_job(mut self, kind: &'static str) -> Self {
        self.job = Some(kind);
        self
    }

    /// The same for a list whose server rejects `sortBy`.
    #[must_use]
    pub const fn without_sort(mut self) -> Self {
        self.rejects_sort = true;
        self
    }

    /// The same for a list whose server does not support `cql.allRecords`.
    #[must_use]
    pub const fn without_all_records(mut self) -> Self {
        self.rejects_all_records = true;
        self
    }

    /// The same for a list without a query.
    #[must_use]
    pub const fn without_query(mut self) -> Self {
        self.lacks_query = true;
        self
    }
}
