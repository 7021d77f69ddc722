//! How a list is paged, as a fact of its operation. The `paging` folder reads lists by it.

/// How a list of a FOLIO module is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PagingStyle {
    /// `query` in CQL, `limit` and `offset`: most of FOLIO.
    Cql,
    /// `limit` and `offset`, without CQL.
    #[default]
    Offset,
    /// `perPage`, `offset` and `sort=field;asc`: agreements, licenses and the other ERM modules. At most 100 a page. With the parameter
    /// `stats=true` the records are read from `results`.
    Erm,
    /// mod-search: CQL over an index, at most 500 a page, ordered only by what the module lists. It shows the first 10,000 records. Where
    /// there are more, and the list has a [`job`](Paging::job) and no `sortBy`, all are read by a resource job
    /// (`POST /search/resources/jobs`), and then by their ids, in no order; elsewhere the list ends with an error that says so.
    Search,
    /// mod-search's browsing: one page, which shows what stands around the value of its query. If there is more, the list ends with an error
    /// that says how to go on.
    Browse,
    /// `POST …/retrieve` with `query`, `limit` and `offset` in the body: the same as [`Cql`](Self::Cql) for queries of any length.
    Retrieve,
    /// One record after the other without an array around them (`application/stream+json`), by `limit`, `offset` and
    /// `orderBy=field,ASC`: the streams of source-record-storage.
    Stream,
    /// All records in one answer, in an array or one after the other: neither `limit` nor `offset` is sent. Such are the views of
    /// inventory-storage for OAI-PMH and `/inventory-hierarchy`, and what rejects a `limit`. The answer is held whole;
    /// [`open`](crate::FolioClient::open) reads it piece by piece. If its `totalRecords` is larger than what it has, the list ends with an
    /// error.
    Whole,
}

/// What is known of an operation's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Paging {
    /// The dialect.
    pub style: PagingStyle,
    /// The property of the answer that is the array of records; none if the answer is the array.
    pub items: Option<&'static str>,
    /// The unique field by which the list can be read, where that is known to work: mostly `id`.
    pub key: Option<&'static str>,
    /// The largest `limit` that the server takes, where it states one.
    pub max: Option<u32>,
    /// The server rejects `sortBy`: the list is read by offset, in the order that the server has.
    pub rejects_sort: bool,
    /// The server knows no `cql.allRecords`: without a query of the caller none is sent.
    pub rejects_all_records: bool,
    /// The list has no query: none is sent unless the caller gives one.
    pub lacks_query: bool,
    /// The kind of record that a resource job of mod-search lists all ids of, where the list shows only some: `INSTANCE`.
    pub job: Option<&'static str>,
}

impl Paging {
    /// What is known of a list: see the fields.
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

    /// The same of a list all of whose ids a resource job of this kind lists.
    #[must_use]
    pub const fn with_job(mut self, kind: &'static str) -> Self {
        self.job = Some(kind);
        self
    }

    /// The same of a list whose server rejects `sortBy`.
    #[must_use]
    pub const fn without_sort(mut self) -> Self {
        self.rejects_sort = true;
        self
    }

    /// The same of a list whose server knows no `cql.allRecords`.
    #[must_use]
    pub const fn without_all_records(mut self) -> Self {
        self.rejects_all_records = true;
        self
    }

    /// The same of a list that has no query.
    #[must_use]
    pub const fn without_query(mut self) -> Self {
        self.lacks_query = true;
        self
    }
}
