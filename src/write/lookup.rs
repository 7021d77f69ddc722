//! Looks up stored records: by ids, or by the values of a field.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use crate::engine::request_line;
use crate::engine::retry::{self, Attempts, Bounds, Failed, Retried};
use crate::value::cql;
use crate::value::uuid::is_uuid;
use crate::wire::described_lists;
use crate::wire::error::{Error, Result};
use crate::wire::request::Request;
use crate::wire::response::Response;
use crate::wire::retry::RetryPolicy;
use crate::write::entry::{Entry, Fields, FoundRecord};
use crate::write::key::{folded, has_key, is_plain, key_at};
use crate::write::verdict::{Verdict, verdict};
use crate::write::writer::Writer;

/// The maximum number of values in one request: larger pages are slow on the server.
const VALUES: usize = 1_000;

/// The maximum number of tries of a lookup, each with the client's policy.
const ATTEMPTS: u32 = 3;

impl Writer {
    /// The stored counterpart of each of the records.
    pub(super) async fn look(&self, entries: &[Entry]) -> Result<Vec<FoundRecord>> {
        match &self.match_on {
            Some(field) => self.look_by_keys(field, entries).await,
            None => {
                let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
                let mut stored = self.by_ids(&ids).await?;
                let found = |id: &&str| {
                    let record = stored.remove(&id.to_ascii_lowercase());
                    record.map_or(FoundRecord::Nothing, FoundRecord::Record)
                };
                Ok(ids.iter().map(found).collect())
            }
        }
    }

    async fn look_by_keys(&self, field: &str, entries: &[Entry]) -> Result<Vec<FoundRecord>> {
        let keys: Vec<&str> = entries.iter().map(Entry::key).collect();
        let mut stored = self.by_keys(field, &keys).await?;
        let mut found = Vec::with_capacity(entries.len());
        for entry in entries {
            let matches = stored.remove(entry.key());
            found.push(match matches {
                None => FoundRecord::Nothing,
                Some(Err(problem)) => FoundRecord::Problem(problem),
                Some(Ok(mut records)) => match (records.pop(), records.len()) {
                    (Some(record), 0) => match id_of(&record) {
                        Some(id) if entry.id_is_given && !id.eq_ignore_ascii_case(&entry.id) => {
                            FoundRecord::Problem(format!(
                                "the record has the `id` {}, and the stored record with the {field} \"{}\" has the id {id}: remove the `id`, or correct one of them",
                                entry.id,
                                entry.key()
                            ))
                        }
                        Some(_) => FoundRecord::Record(record),
                        None => FoundRecord::Problem(format!("the stored record with the {field} \"{}\" has no `id`", entry.key())),
                    },
                    (None, _) => FoundRecord::Nothing,
                    (Some(_), others) => FoundRecord::Problem(format!(
                        "{} or more stored records have the {field} \"{}\": the match is ambiguous",
                        others + 1,
                        entry.key()
                    )),
                },
            });
        }
        // A record with an id, but without a match of its key, may have a match of its id.
        let ids: Vec<&str> = entries
            .iter()
            .zip(&found)
            .filter(|(entry, found)| entry.id_is_given && matches!(found, FoundRecord::Nothing))
            .map(|(entry, _)| entry.id.as_str())
            .collect();
        if !ids.is_empty() {
            let stored = self.by_ids(&ids).await?;
            for (entry, found) in entries.iter().zip(&mut found) {
                if entry.id_is_given
                    && matches!(found, FoundRecord::Nothing)
                    && let Some(other) = stored.get(&entry.id.to_ascii_lowercase())
                {
                    let has = key_at(other, field)
                        .map_or_else(|_| "none".to_owned(), |key| format!("\"{key}\""));
                    *found = FoundRecord::Problem(format!(
                        "no stored record has the {field} \"{}\", and the stored record with the `id` {} has {has}: remove the `id`, or match on it",
                        entry.key(),
                        entry.id
                    ));
                }
            }
        }
        Ok(found)
    }

    /// The stored records by their ids, in lower case.
    async fn by_ids(&self, ids: &[&str]) -> Result<HashMap<String, Fields>> {
        let (uuids, others): (Vec<&str>, Vec<&str>) = ids.iter().partition(|id| is_uuid(id));
        let mut stored = HashMap::with_capacity(ids.len());
        // A query for an invalid UUID is rejected as a whole. Lists without CQL ignore it.
        for id in others {
            if let Some(record) = self.by_id(id).await? {
                note(&mut stored, record);
            }
        }
        let mut rest = &uuids[..];
        while !rest.is_empty() {
            let (request, count) = self.asking("id", rest, 1);
            match self.list(request).await? {
                ListedRecords::Records(records) => {
                    rest = rest.get(count..).unwrap_or_default();
                    for record in records {
                        note(&mut stored, record);
                    }
                }
                ListedRecords::Otherwise(error) if count == 1 => return Err(error),
                ListedRecords::Otherwise(_) | ListedRecords::ByGet => {}
            }
        }
        Ok(stored)
    }

    /// The stored record with one id.
    pub(super) async fn by_id(&self, id: &str) -> Result<Option<Fields>> {
        let path = self.collection.path_of(id);
        match self.patiently(&Request::to(Method::GET, path)).await {
            Ok(response) => Ok(Some(self.as_stored(response.json()?))),
            Err(error)
                if error
                    .status()
                    .is_some_and(|status| status.is_client_error())
                    && !matches!(
                        verdict(&error),
                        Verdict::Stop | Verdict::Forbidden | Verdict::Unknown | Verdict::Unsent
                    ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The stored records that have these values of a field, by value. An error concerns a single
    /// value.
    ///
    /// RMB's `==` ignores case for most fields, and accents for some (recorded), so the server
    /// defines what matches: if a response does not show to which value a record belongs, half of
    /// the values are requested again.
    async fn by_keys(
        &self,
        field: &str,
        keys: &[&str],
    ) -> Result<HashMap<String, Result<Vec<Fields>, String>>> {
        let mut found: HashMap<String, Result<Vec<Fields>, String>> = HashMap::new();
        let (plain, others): (Vec<&str>, Vec<&str>) = keys.iter().partition(|key| is_plain(key));
        let mut groups: Vec<Vec<&str>> = others.into_iter().map(|key| vec![key]).collect();
        groups.push(plain);
        while let Some(mut group) = groups.pop() {
            if group.is_empty() {
                continue;
            }
            // Twice the permitted number, to detect several records with one value.
            let (request, count) = self.asking(field, &group, 2);
            let rest = group.split_off(count.min(group.len()));
            if !rest.is_empty() {
                groups.push(rest);
            }
            let records = match self.list(request).await? {
                ListedRecords::Records(records) => records,
                ListedRecords::Otherwise(error) if group.len() == 1 => {
                    let problem = format!("the lookup failed: {error}");
                    found.extend(
                        group
                            .iter()
                            .map(|key| ((*key).to_owned(), Err(problem.clone()))),
                    );
                    continue;
                }
                ListedRecords::Otherwise(_) | ListedRecords::ByGet => {
                    groups.push(group);
                    continue;
                }
            };
            if let [key] = group[..] {
                // The server's result, unless it certainly does not match: a server may ignore the
                // query.
                let alien = records
                    .iter()
                    .find(|record| has_key(record, field, key) == Some(false));
                let outcome = match alien {
                    Some(record) => Err(format!(
                        "the server returned a record with the {field} \"{}\"; requested was \"{key}\"",
                        key_at(record, field).unwrap_or_default()
                    )),
                    None => Ok(records),
                };
                found.insert(key.to_owned(), outcome);
                continue;
            }
            let is_full = records.len() >= 2 * group.len();
            let mut by_key: HashMap<String, Vec<Fields>> = HashMap::new();
            let by_fold: HashMap<String, &str> =
                group.iter().map(|key| (folded(key), *key)).collect();
            let mut is_clear = !is_full && by_fold.len() == group.len();
            for record in records {
                let key = key_at(&record, field).ok();
                let key = key.filter(|key| is_plain(key));
                match key.and_then(|key| by_fold.get(&folded(&key))) {
                    Some(key) => by_key.entry((*key).to_owned()).or_default().push(record),
                    None => is_clear = false,
                }
            }
            if is_clear {
                found.extend(by_key.into_iter().map(|(key, records)| (key, Ok(records))));
            } else {
                let rest = group.split_off(group.len() / 2);
                groups.push(rest);
                groups.push(group);
            }
        }
        Ok(found)
    }

    /// The request for the first of these values of a field, and their number. `each` is the
    /// maximum number of records per value.
    fn asking(&self, field: &str, values: &[&str], each: usize) -> (Request, usize) {
        let most = values.len().min(VALUES).min(self.max_records.max(1));
        let query = |count: usize| cql::field(field).any_of(values.get(..count).unwrap_or(values));
        if let Some(path) = self.retrieve() {
            let body = serde_json::json!({"query": query(most).to_string(), "offset": 0, "limit": most * each});
            let request = Request::to(Method::POST, path).json(&body);
            return (request.only_reads(), most);
        }
        self.client.divide(most, |count| {
            Request::to(Method::GET, self.collection.path())
                .query(query(count))
                .param("limit", count * each)
        })
    }

    /// The endpoint that takes a query in a POST, unless the server has none.
    fn retrieve(&self) -> Option<&str> {
        let path = self.collection.retrieve_endpoint()?;
        let is_known_to_lack = described_lists::is_asked_by_post(self.collection.path())
            && !self.client.has_retrieve(self.collection.path());
        (!self.by_get.load(Ordering::Relaxed) && !is_known_to_lack).then_some(path)
    }

    async fn list(&self, request: Request) -> Result<ListedRecords> {
        let by_post = *request.method() == Method::POST;
        let response = match self.patiently(&request).await {
            Ok(response) => response,
            Err(error) if by_post && request_line::is_absent(&error) => {
                self.by_get.store(true, Ordering::Relaxed);
                let _ = self.client.lacks_retrieve(self.collection.path(), &error);
                return Ok(ListedRecords::ByGet);
            }
            Err(error) if request_line::is_too_long(&error) => {
                return Ok(ListedRecords::Otherwise(error));
            }
            Err(error) => return Err(error),
        };
        let mut body: Fields = response.json()?;
        let records = match body.remove(self.collection.items()) {
            Some(Value::Array(records)) => records,
            // mod-tags omits the key of an empty list (recorded).
            None | Some(Value::Null)
                if body.get("totalRecords").and_then(Value::as_u64) == Some(0) =>
            {
                Vec::new()
            }
            _ => {
                let keys: Vec<String> = body.keys().cloned().collect();
                return Err(crate::paging::missing_key(
                    response.exchange(),
                    Some(self.collection.items()),
                    &keys,
                    response.body(),
                ));
            }
        };
        let fields = records.into_iter().filter_map(|record| match record {
            Value::Object(fields) => Some(self.as_stored(fields)),
            _ => None,
        });
        Ok(ListedRecords::Records(fields.collect()))
    }

    /// A record without the fields that only lists contain.
    fn as_stored(&self, mut fields: Fields) -> Fields {
        self.collection.kind().remove_shown(&mut fields);
        fields
    }

    /// Sends a request that only reads. After the client's policy gave up it is tried again, within
    /// the client's retry budget: records with an unknown outcome may depend on it.
    async fn patiently(&self, request: &Request) -> Result<Response> {
        let session = self.client.session();
        let mut lookup = Lookup {
            writer: self,
            request,
            policy: session.retry.clone().no_more_attempts_than(ATTEMPTS),
            attempts: Attempts::new(None),
        };
        retry::run(&mut lookup).await
    }
}

/// A lookup with several tries.
struct Lookup<'a> {
    writer: &'a Writer,
    request: &'a Request,
    policy: RetryPolicy,
    attempts: Attempts,
}

impl Retried for Lookup<'_> {
    type Output = Response;

    async fn attempt(&mut self) -> Result<Response, Failed> {
        let sent = self.writer.client.execute(self.request.clone()).await;
        // The duration of the client's own retries does not count.
        self.attempts.started = Instant::now();
        sent.map_err(|error| match may_be_transient(&error) {
            true => Failed::transient(error),
            false => Failed::permanent(error),
        })
    }

    fn attempts(&mut self) -> &mut Attempts {
        &mut self.attempts
    }

    fn bounds(&self) -> Bounds<'_> {
        self.writer.client.session().bounds(&self.policy)
    }
}

enum ListedRecords {
    Records(Vec<Fields>),
    /// The server has no endpoint that takes a query in a POST.
    ByGet,
    /// The request was too long: then with fewer values.
    Otherwise(Error),
}

fn may_be_transient(error: &Error) -> bool {
    error.is_retryable()
        || error
            .status()
            .is_some_and(|status| status.is_server_error())
}

fn id_of(fields: &Fields) -> Option<&str> {
    fields.get("id").and_then(Value::as_str)
}

fn note(stored: &mut HashMap<String, Fields>, record: Fields) {
    if let Some(id) = id_of(&record) {
        stored.insert(id.to_ascii_lowercase(), record);
    }
}
