//! The lists of a release, as tables.

use std::fmt;

use folio_sdk::{Paging, PagingStyle};

use crate::facts::{TableFacts, facts};
use crate::layout::{Layout, LayoutOptions};
use crate::record_type::Resolver;
use crate::release::Release;

/// How many similar names an error lists.
const NEAR: usize = 5;

/// How similar they are at least, from 0 to 1.
const SIMILAR: f64 = 0.8;

/// A list of a release: where it is, how it is read, and what its records are.
///
/// ```
/// use folio_arrow::{Release, Table};
///
/// let table = Table::at(Release::default(), "/instance-storage/instances")?;
/// assert_eq!((table.schema_name(), table.name()), ("inventory_storage", "instances"));
/// assert_eq!((table.items(), table.key()), (Some("instances"), Some("id")));
/// assert!(table.can_be_divided());
/// assert_eq!(table, Table::named(Release::default(), "inventory_storage", "instances")?);
/// # Ok::<(), folio_arrow::TableError>(())
/// ```
#[derive(Clone)]
pub struct Table {
    facts: &'static TableFacts,
    release: Release,
    path: Box<str>,
}

impl Table {
    /// The list at a path: as it is requested, `/instance-storage/instances`, or as FOLIO describes
    /// it, `/audit-data/acquisition/order/{id}`.
    ///
    /// # Errors
    /// The release has no such list that can be streamed; the error names similar ones.
    pub fn at(release: Release, path: &str) -> Result<Self, TableError> {
        let wanted = format!("/{}", path.trim_matches('/'));
        let lists = described(release).filter(Self::can_be_streamed);
        let mut fitting: Vec<(usize, Self)> = lists
            .filter_map(|table| Some((table.literals(&wanted)?, table)))
            .collect();
        // The one with the most literal segments; of equal ones the first.
        fitting.sort_by_key(|(literals, _)| std::cmp::Reverse(*literals));
        match fitting.into_iter().next() {
            Some((_, table)) => Ok(Self {
                path: wanted.into(),
                ..table
            }),
            None => {
                let paths = described(release).filter(Self::can_be_streamed);
                let near = near(&wanted, paths.map(|table| table.facts.path.to_owned()));
                Err(TableError::new(
                    format!("{release} has no list `{wanted}`"),
                    near,
                ))
            }
        }
    }

    /// The list with a name in the schema of a module: `inventory_storage`, `instances`.
    ///
    /// # Errors
    /// The release has no such schema, or the schema no such list; the error names similar ones.
    pub fn named(release: Release, schema: &str, table: &str) -> Result<Self, TableError> {
        let lists = || described(release).filter(Self::can_be_streamed);
        let mut found = lists().filter(|list| list.schema_name() == schema);
        if let Some(found) = found.find(|list| list.name() == table) {
            return Ok(found);
        }
        if lists().all(|list| list.schema_name() != schema) {
            let near = near(schema, lists().map(|list| list.schema_name().to_owned()));
            let problem = format!("{release} has no module with lists that is named `{schema}`");
            return Err(TableError::new(problem, near));
        }
        let of_schema = lists().filter(|list| list.schema_name() == schema);
        let near = near(table, of_schema.map(|list| list.name().to_owned()));
        Err(TableError::new(
            format!("`{schema}` has no list `{table}`"),
            near,
        ))
    }

    /// Every list of a release that can be read to its end and whose path has no parameters, by
    /// module and path.
    pub fn all(release: Release) -> Vec<Self> {
        let lists = described(release).filter(Self::can_be_streamed);
        lists.filter(|table| !table.has_parameters()).collect()
    }

    /// Every list that the descriptions of a release have, also those that cannot be read to their
    /// end, and those with parameters in their path, by module and path.
    pub fn described(release: Release) -> Vec<Self> {
        described(release).collect()
    }

    /// The release.
    pub fn release(&self) -> Release {
        self.release
    }

    /// The module that serves the list: `mod-inventory-storage`.
    pub fn module(&self) -> &'static str {
        self.facts.module
    }

    /// The name of the module as a schema of SQL: `inventory_storage`. It is also the name of the
    /// module's calls in the SDK.
    pub fn schema_name(&self) -> &'static str {
        self.facts.schema
    }

    /// The name of the table in the schema: `instances`. It is the name of the SDK's operation
    /// without its verb.
    pub fn name(&self) -> &'static str {
        self.facts.table
    }

    /// The path of the list.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether parts of the path are parameters, `{id}`, for which no values were given. Such a list
    /// can be read after [`at`](Self::at) with a complete path.
    pub fn has_parameters(&self) -> bool {
        self.path.contains('{')
    }

    /// The property of a response that has the records; none if the response is the array.
    pub fn items(&self) -> Option<&'static str> {
        self.facts.items
    }

    /// The unique field by which the list can be read, if that is known to work: usually `id`.
    pub fn key(&self) -> Option<&'static str> {
        self.facts.key
    }

    /// The dialect of the list, and what else reading it depends on.
    pub fn paging(&self) -> Paging {
        let facts = self.facts;
        let style = match facts.style {
            "cql" => PagingStyle::Cql,
            "erm" => PagingStyle::Erm,
            "search" => PagingStyle::Search,
            "browse" => PagingStyle::Browse,
            "retrieve" => PagingStyle::Retrieve,
            "stream" => PagingStyle::Stream,
            "whole" => PagingStyle::Whole,
            _ => PagingStyle::Offset,
        };
        let mut paging = Paging::new(style, facts.items, facts.key, facts.max);
        if facts.sort == Some(false) {
            paging = paging.without_sort();
        }
        if facts.all == Some(false) {
            paging = paging.without_all_records();
        }
        if facts.query == Some(false) {
            paging = paging.without_query();
        }
        match facts.job {
            Some(kind) => paging.with_job(kind),
            None => paging,
        }
    }

    /// Whether the list is read in CQL: whether a query selects records.
    pub fn takes_cql(&self) -> bool {
        let is_cql = matches!(
            self.paging().style,
            PagingStyle::Cql | PagingStyle::Search | PagingStyle::Retrieve
        );
        is_cql && self.facts.query != Some(false)
    }

    /// Whether the list can be divided into ranges of ids, which are read in parallel.
    pub fn can_be_divided(&self) -> bool {
        self.paging().style == PagingStyle::Cql && self.facts.key.is_some()
    }

    /// Whether the list can be read to its end with GET requests. Lists of `POST …/retrieve` have the
    /// records of another list, and browsing shows one page.
    pub fn can_be_streamed(&self) -> bool {
        self.facts.method == "GET" && self.paging().style != PagingStyle::Browse
    }

    /// The columns of the list's records.
    pub fn layout(&self, options: &LayoutOptions) -> Layout {
        let expression = serde_json::from_str(self.facts.record.get()).unwrap_or_default();
        let record = Resolver::new(self.release, options).kind(self.facts.module, &expression);
        Layout::new(record, options)
    }

    /// The number of literal segments of the path template, if a path fits it.
    fn literals(&self, path: &str) -> Option<usize> {
        let mut given = path.split('/');
        let mut literals = 0;
        let mut template = self.facts.path.split('/');
        loop {
            match (template.next(), given.next()) {
                (None, None) => return Some(literals),
                (Some(wanted), Some(part)) if wanted == part => literals += 1,
                (Some(wanted), Some(part)) => match wanted.split_once("{+") {
                    Some((before, _)) => return part.starts_with(before).then_some(literals),
                    None if wanted.starts_with('{') && !part.is_empty() => {}
                    None => return None,
                },
                _ => return None,
            }
        }
    }
}

fn described(release: Release) -> impl Iterator<Item = Table> {
    let tables = facts().tables.iter();
    let tables = tables.filter(move |table| table.releases.contains(&release.name()));
    tables.map(move |facts| Table {
        facts,
        release,
        path: facts.path.into(),
    })
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.facts, other.facts)
            && self.release == other.release
            && self.path == other.path
    }
}

impl Eq for Table {}

impl fmt::Debug for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Table")
            .field("release", &self.release)
            .field("module", &self.facts.module)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// The names most similar to another one.
fn near(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let score = |name: &str| strsim::jaro_winkler(&wanted, &name.to_lowercase());
    let mut scored: Vec<(f64, String)> = names.map(|name| (score(&name), name)).collect();
    scored.retain(|(score, _)| *score >= SIMILAR);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    scored.dedup_by(|one, other| one.1 == other.1);
    scored.truncate(NEAR);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// The error of a release or list that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    problem: String,
    near: Vec<String>,
}

impl TableError {
    fn new(problem: String, near: Vec<String>) -> Self {
        Self { problem, near }
    }

    pub(crate) fn release(name: &str) -> Self {
        let names: Vec<&str> = Release::all().map(Release::name).collect();
        let problem = format!(
            "`{name}` is no known release of FOLIO: {}",
            names.join(", ")
        );
        Self::new(problem, Vec::new())
    }

    /// Similar names that exist, the most similar first.
    pub fn near(&self) -> &[String] {
        &self.near
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.problem)?;
        match self.near.is_empty() {
            true => Ok(()),
            false => write!(out, "; similar: `{}`", self.near.join("`, `")),
        }
    }
}

impl std::error::Error for TableError {}
