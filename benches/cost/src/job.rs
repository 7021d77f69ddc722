//! Jobs whose cost is counted: calls over a connection, and pages and queries in memory.

use std::hint::black_box;

use folio_sdk::inventory_storage::Instances;
use folio_sdk::{Cql, FolioClient, RawRecord, RecordStream, cql};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Failure;
use crate::memory::{Memory, RECORDS};
use crate::program::{Program, Reads, Ready};

/// Something that is done again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// A call of a small record.
    Call(Program),
    /// A request for one page, and its records.
    Page(Form),
    /// A stream of one page: two requests.
    Stream(Form),
    /// The JSON of a page.
    Write(Form),
    /// The text of a query.
    BuildQuery,
    /// The text of a query for 100 ids.
    BuildIds,
    /// A query from its text.
    ParseQuery,
}

/// The form of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The SDK's type.
    Typed,
    /// `serde_json::Value`.
    Value,
    /// The JSON as it was sent.
    Raw,
}

const LIST: &str = "/instance-storage/instances";
const QUERY: &str = r#"active=="true" and (personal.lastName="O'Brien*" or barcode==("1" or "2")) and type==/ignoreCase "staff" sortby personal.lastName/sort.ascending username"#;

impl Job {
    /// All that is counted, with their names.
    pub const ALL: [(&'static str, Self); 17] = [
        (
            "call, folio_get of Value",
            Self::Call(Program::Ours(Reads::Value)),
        ),
        (
            "call, folio_get of four fields",
            Self::Call(Program::Ours(Reads::Few)),
        ),
        ("call, get_user", Self::Call(Program::Typed)),
        (
            "call, by hand over reqwest, Value",
            Self::Call(Program::ByHand(Reads::Value)),
        ),
        (
            "call, by hand over hyper-util, Value",
            Self::Call(Program::Direct(Reads::Value)),
        ),
        ("page of 1000 read, typed", Self::Page(Form::Typed)),
        ("page of 1000 read, Value", Self::Page(Form::Value)),
        ("page of 1000 read, raw", Self::Page(Form::Raw)),
        ("page of 1000 streamed, typed", Self::Stream(Form::Typed)),
        ("page of 1000 streamed, Value", Self::Stream(Form::Value)),
        ("page of 1000 streamed, raw", Self::Stream(Form::Raw)),
        ("page of 1000 written, typed", Self::Write(Form::Typed)),
        ("page of 1000 written, Value", Self::Write(Form::Value)),
        ("page of 1000 written, raw", Self::Write(Form::Raw)),
        ("query built", Self::BuildQuery),
        ("query of 100 ids built", Self::BuildIds),
        ("query parsed", Self::ParseQuery),
    ];

    /// The job of a name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, job)| *job)
            .ok_or_else(|| format!("there is no job `{name}`").into())
    }

    /// How often it is done to be counted: enough that what happens once does not count.
    pub fn times(self) -> usize {
        match self {
            Self::Call(_) => 1_000,
            Self::Page(_) | Self::Stream(_) | Self::Write(_) => 4,
            Self::BuildQuery | Self::BuildIds | Self::ParseQuery => 200,
        }
    }

    /// Does it as often as `times`, after it has prepared it. `url` is that of the server.
    ///
    /// # Errors
    /// It failed.
    pub async fn prepare(self, url: &str) -> Result<Prepared, Failure> {
        Ok(match self {
            Self::Call(program) => Prepared::Call(Ready::connect(program, url, 1).await?),
            Self::Page(form) => Prepared::Page(Memory::new()?.client()?, form),
            Self::Stream(form) => Prepared::Stream(Memory::new()?.client()?, form),
            Self::Write(form) => {
                let page = Memory::new()?.page;
                let buffer = Vec::with_capacity(2 * page.len());
                match form {
                    Form::Typed => Prepared::Typed(serde_json::from_slice(&page)?, buffer),
                    Form::Value => Prepared::Value(serde_json::from_slice(&page)?, buffer),
                    Form::Raw => Prepared::Raw(serde_json::from_slice(&page)?, buffer),
                }
            }
            Self::BuildQuery => Prepared::Query(built),
            Self::BuildIds => Prepared::Query(of_ids),
            Self::ParseQuery => Prepared::Query(parsed),
        })
    }
}

/// A job that is ready to be done.
#[derive(Debug)]
pub enum Prepared {
    /// Calls.
    Call(Ready),
    /// Requests for a page.
    Page(FolioClient, Form),
    /// Streams of a page.
    Stream(FolioClient, Form),
    /// The JSON of records of the SDK, into a buffer that is there already.
    Typed(Box<Instances>, Vec<u8>),
    /// The same of values.
    Value(Value, Vec<u8>),
    /// The same of JSON text.
    Raw(Box<RawValue>, Vec<u8>),
    /// Queries.
    Query(fn() -> Result<usize, Failure>),
}

impl Prepared {
    /// Does it as often as `times`.
    ///
    /// # Errors
    /// It failed.
    pub async fn run(&mut self, times: usize) -> Result<(), Failure> {
        if let Self::Call(ready) = self {
            return ready.run(times, 1).await;
        }
        for _ in 0..times {
            let done = match self {
                Self::Call(_) => continue,
                Self::Page(folio, Form::Typed) => {
                    let list = folio.inventory_storage().list_instances().limit(RECORDS);
                    black_box(list.send().await?).instances.len()
                }
                Self::Page(folio, Form::Value) => page::<Value>(folio).await?,
                Self::Page(folio, Form::Raw) => page::<RawRecord>(folio).await?,
                Self::Stream(folio, Form::Typed) => {
                    let list = folio.inventory_storage().list_instances().limit(RECORDS);
                    count(list.stream()).await?
                }
                Self::Stream(folio, Form::Value) => list::<Value>(folio).await?,
                Self::Stream(folio, Form::Raw) => list::<RawRecord>(folio).await?,
                Self::Typed(page, buffer) => write(page, buffer)?,
                Self::Value(page, buffer) => write(page, buffer)?,
                Self::Raw(page, buffer) => write(page, buffer)?,
                Self::Query(work) => work()?,
            };
            if black_box(done) == 0 {
                return Err("nothing was done".into());
            }
        }
        Ok(())
    }
}

async fn page<T: DeserializeOwned + Send + 'static>(folio: &FolioClient) -> Result<usize, Failure> {
    let list: Vec<T> = folio.folio_get(LIST, "instances").limit(RECORDS).await?;
    Ok(black_box(list).len())
}

async fn list<T: DeserializeOwned + Send + 'static>(folio: &FolioClient) -> Result<usize, Failure> {
    let list = folio.folio_get_all::<T>(LIST, "instances").limit(RECORDS);
    count(list.stream()).await
}

async fn count<T: DeserializeOwned + Send + 'static>(
    mut list: RecordStream<T>,
) -> Result<usize, Failure> {
    let mut records = 0;
    while let Some(record) = list.next().await {
        black_box(record?);
        records += 1;
    }
    match records == RECORDS as usize {
        true => Ok(records),
        false => Err(format!("{records} records came").into()),
    }
}

fn write(page: &impl Serialize, buffer: &mut Vec<u8>) -> Result<usize, Failure> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, black_box(page))?;
    Ok(buffer.len())
}

fn built() -> Result<usize, Failure> {
    let query = cql::field("active")
        .eq(true)
        .and(cql::field("personal.lastName").starts_with(black_box("O'Brien")))
        .and(cql::field("barcode").any_of(["1", "2"]))
        .not(cql::field("type").eq("patron"))
        .sort_by("personal.lastName")
        .sort_by("username");
    Ok(query.to_string().len())
}

fn of_ids() -> Result<usize, Failure> {
    let ids = (0..100).map(|number| format!("{number:08x}-0000-4000-8000-000000000001"));
    Ok(cql::field("id").any_of(ids).to_string().len())
}

fn parsed() -> Result<usize, Failure> {
    Ok(Cql::parse(black_box(QUERY))?.to_string().len())
}
