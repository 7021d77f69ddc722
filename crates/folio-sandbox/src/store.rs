//! Records in SQLite: a row a record, beside it the values that must be unique and the references to other records.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use crate::constraints::{self, Missing, Taken};
use crate::cql::compile::{Order, SortKind, Test};
use crate::cql::uuid::{Bound, UuidTest};
use crate::cql::{Compiled, CqlError};
use crate::tables::{Foreign, Table, tables};

/// All records of all tenants.
pub(crate) struct Store {
    connection: Connection,
}

/// What a list is asked for.
pub(crate) struct Page<'a> {
    pub(crate) query: Option<&'a Compiled>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// Why a list cannot be given.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(rusqlite::Error),
    Query(CqlError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl From<CqlError> for Failure {
    fn from(error: CqlError) -> Self {
        Self::Query(error)
    }
}

type Result<T> = rusqlite::Result<T>;

impl Store {
    pub(crate) fn open(path: Option<&std::path::Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS record (
                 tenant TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
                 PRIMARY KEY (tenant, collection, id)
             );
             CREATE TABLE IF NOT EXISTS unique_value (
                 tenant TEXT NOT NULL, collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, id TEXT NOT NULL,
                 PRIMARY KEY (tenant, collection, name, value)
             ) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS unique_value_of ON unique_value (tenant, collection, id);
             CREATE TABLE IF NOT EXISTS reference (
                 tenant TEXT NOT NULL, target TEXT NOT NULL, target_id TEXT NOT NULL,
                 collection TEXT NOT NULL, field TEXT NOT NULL, id TEXT NOT NULL,
                 PRIMARY KEY (tenant, target, target_id, collection, field, id)
             ) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS reference_of ON reference (tenant, collection, id);
             CREATE TABLE IF NOT EXISTS counter (
                 tenant TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (tenant, name)
             ) WITHOUT ROWID;
             PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
        )?;
        Ok(Self { connection })
    }

    /// Does all of it, or nothing where it fails or is rejected.
    pub(crate) fn all_or_nothing<T, E>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<std::result::Result<T, E>>,
    ) -> Result<std::result::Result<T, E>> {
        self.begin()?;
        let done = work(self);
        self.end(matches!(done, Ok(Ok(_))))?;
        done
    }

    /// Begins work that ends as a whole.
    pub(crate) fn begin(&self) -> Result<()> {
        self.connection.execute_batch("SAVEPOINT work")
    }

    /// Ends the work that was begun; what was done stays, or not.
    pub(crate) fn end(&self, stays: bool) -> Result<()> {
        self.connection.execute_batch(if stays {
            "RELEASE work"
        } else {
            "ROLLBACK TO work; RELEASE work"
        })
    }

    pub(crate) fn get(&self, tenant: &str, collection: &str, id: &str) -> Result<Option<Value>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM record WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        )?;
        let body: Option<String> = statement
            .query_row(params![tenant, collection, key(id)], |row| row.get(0))
            .optional()?;
        Ok(body.map(|body| json(&body)))
    }

    pub(crate) fn has(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT 1 FROM record WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        )?;
        statement.exists(params![tenant, collection, key(id)])
    }

    pub(crate) fn count(&self, tenant: &str, collection: &str) -> Result<usize> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT count(*) FROM record WHERE tenant = ?1 AND collection = ?2")?;
        let count: i64 = statement.query_row(params![tenant, collection], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Stores a record, in place of the one of its id.
    pub(crate) fn write(
        &self,
        tenant: &str,
        collection: &str,
        id: &str,
        record: &Value,
    ) -> Result<()> {
        let id = key(id);
        self.forget(tenant, collection, &id)?;
        self.connection
            .prepare_cached(
                "INSERT INTO record VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant, collection, id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![tenant, collection, id, record.to_string()])?;
        let Some(table) = tables().of(collection) else {
            return Ok(());
        };
        for unique in &table.unique {
            if let Some(value) = constraints::value(unique, record) {
                self.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO unique_value VALUES (?1, ?2, ?3, ?4, ?5)",
                    )?
                    .execute(params![tenant, collection, unique.constraint, value, id])?;
            }
        }
        for foreign in &table.foreign {
            if let Some(target) = constraints::target(foreign, record) {
                self.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO reference VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![
                        tenant,
                        foreign.target,
                        target,
                        collection,
                        foreign.field,
                        id
                    ])?;
            }
        }
        Ok(())
    }

    fn forget(&self, tenant: &str, collection: &str, id: &str) -> Result<()> {
        for sql in [
            "DELETE FROM unique_value WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
            "DELETE FROM reference WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        ] {
            self.connection
                .prepare_cached(sql)?
                .execute(params![tenant, collection, id])?;
        }
        Ok(())
    }

    pub(crate) fn delete(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let id = key(id);
        self.forget(tenant, collection, &id)?;
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM record WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        )?;
        Ok(statement.execute(params![tenant, collection, id])? == 1)
    }

    /// Stores many records at once.
    pub(crate) fn load(
        &mut self,
        tenant: &str,
        collection: &str,
        records: &[(String, Value)],
    ) -> Result<()> {
        self.all_or_nothing(|store| {
            for (id, record) in records {
                store.write(tenant, collection, id, record)?;
            }
            Ok(Ok::<(), ()>(()))
        })?
        .ok();
        Ok(())
    }

    /// The unique value of a record that another record has already.
    pub(crate) fn taken<'t>(
        &self,
        tenant: &str,
        collection: &str,
        table: &'t Table,
        id: &str,
        record: &Value,
    ) -> Result<Option<Taken<'t>>> {
        for unique in &table.unique {
            let Some(value) = constraints::value(unique, record) else {
                continue;
            };
            let mut statement = self.connection.prepare_cached(
                "SELECT 1 FROM unique_value WHERE tenant = ?1 AND collection = ?2 AND name = ?3 AND value = ?4 AND id <> ?5",
            )?;
            if statement.exists(params![
                tenant,
                collection,
                unique.constraint,
                value,
                key(id)
            ])? {
                return Ok(Some(Taken::new(unique, record)));
            }
        }
        Ok(None)
    }

    /// The reference of a record that leads nowhere.
    pub(crate) fn missing<'t>(
        &self,
        tenant: &str,
        table: &'t Table,
        record: &Value,
    ) -> Result<Option<Missing<'t>>> {
        for foreign in &table.foreign {
            let Some(target) = constraints::target(foreign, record) else {
                continue;
            };
            if let Some(path) = tables().path(foreign)
                && !self.has(tenant, path, &target)?
            {
                return Ok(Some(Missing { foreign, target }));
            }
        }
        Ok(None)
    }

    /// The reference to a record that PostgreSQL tells of: the table that it comes from, and its field.
    pub(crate) fn referred(
        &self,
        tenant: &str,
        table: &Table,
        id: &str,
    ) -> Result<Option<(&'static Table, &'static Foreign)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT collection, field FROM reference WHERE tenant = ?1 AND target = ?2 AND target_id = ?3",
        )?;
        let found: Vec<(String, String)> = statement
            .query_map(params![tenant, table.name, key(id)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_>>()?;
        let foreign = found.into_iter().filter_map(|(path, field)| {
            let table = tables().of(&path)?;
            let foreign = table
                .foreign
                .iter()
                .find(|foreign| foreign.field == field)?;
            Some((table, foreign))
        });
        Ok(foreign.min_by_key(|(_, foreign)| foreign.rank))
    }

    /// The next number of a sequence, which is used up by it.
    pub(crate) fn next(&self, tenant: &str, name: &str) -> Result<i64> {
        self.connection
            .prepare_cached(
                "INSERT INTO counter VALUES (?1, ?2, 1)
                 ON CONFLICT (tenant, name) DO UPDATE SET value = value + 1 RETURNING value",
            )?
            .query_row(params![tenant, name], |row| row.get(0))
    }

    /// Where a sequence is: the number that was given last.
    pub(crate) fn current(&self, tenant: &str, name: &str) -> Result<i64> {
        let found = self
            .connection
            .prepare_cached("SELECT value FROM counter WHERE tenant = ?1 AND name = ?2")?
            .query_row(params![tenant, name], |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    pub(crate) fn set_current(&self, tenant: &str, name: &str, value: i64) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO counter VALUES (?1, ?2, ?3)")?
            .execute(params![tenant, name, value])?;
        Ok(())
    }

    /// A page of a list, and how many records there are in all.
    pub(crate) fn list(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
    ) -> std::result::Result<(Vec<Value>, usize), Failure> {
        let by_id = page.query.is_none_or(|query| {
            query.sort.is_empty()
                || matches!(&query.sort[..], [only] if only.kind == SortKind::Uuid && only.field == "id" && !only.descending)
        });
        if by_id
            && let Some(query) = page.query
            && let Some(mut ids) = ids(&query.test)
        {
            // A list of identifiers is looked up, not searched for.
            ids.sort();
            ids.dedup();
            let mut found = Vec::new();
            for id in &ids {
                found.extend(self.get(tenant, collection, id)?);
            }
            let total = found.len();
            let records = found.into_iter().skip(page.offset).take(page.limit);
            return Ok((records.collect(), total));
        }
        let mut sql = String::from("SELECT body FROM record WHERE tenant = ?1 AND collection = ?2");
        let mut bounds: Vec<&str> = Vec::new();
        // What a query says of `id` as a whole is left to the index: paging by id is fast over many records.
        let exact = page
            .query
            .is_none_or(|query| bound(&query.test, &mut sql, &mut bounds));
        let sort = page.query.map_or(&[][..], |query| &query.sort);
        let by_id = matches!(sort, [only] if only.kind == SortKind::Uuid && only.field == "id");
        sql.push_str(match sort {
            [only] if by_id && only.descending => " ORDER BY id DESC",
            _ if by_id => " ORDER BY id",
            _ => " ORDER BY rowid",
        });
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&tenant, &collection];
        values.extend(bounds.iter().map(|bound| bound as &dyn rusqlite::ToSql));
        if exact && (sort.is_empty() || by_id) {
            let count = sql.replacen("SELECT body", "SELECT count(*)", 1);
            let total = self
                .connection
                .prepare_cached(&count)?
                .query_row(&values[..], |row| row.get::<_, i64>(0))?;
            sql.push_str(&format!(
                " LIMIT {} OFFSET {}",
                page.limit.min(i64::MAX as usize),
                page.offset
            ));
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(&values[..], |row| row.get::<_, String>(0))?;
            let records = rows
                .map(|body| body.map(|body| json(&body)))
                .collect::<Result<Vec<_>>>()?;
            return Ok((records, usize::try_from(total).unwrap_or_default()));
        }
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(&values[..])?;
        let mut found = Vec::new();
        let mut total = 0;
        let sorted = !(sort.is_empty() || by_id);
        while let Some(row) = rows.next()? {
            let record = json(row.get_ref(0)?.as_str().unwrap_or_default());
            if let Some(query) = page.query
                && !query.wants(&record)?
            {
                continue;
            }
            total += 1;
            if sorted || total > page.offset && found.len() < page.limit {
                found.push(record);
            }
        }
        if sorted && let Some(query) = page.query {
            found.sort_by(|a, b| query.compare(a, b));
            found = found
                .into_iter()
                .skip(page.offset)
                .take(page.limit)
                .collect();
        }
        Ok((found, total))
    }

    pub(crate) fn all(&self, tenant: &str, collection: &str) -> Result<Vec<Value>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM record WHERE tenant = ?1 AND collection = ?2 ORDER BY rowid",
        )?;
        let rows =
            statement.query_map(params![tenant, collection], |row| row.get::<_, String>(0))?;
        rows.map(|body| body.map(|body| json(&body))).collect()
    }
}

/// Identifiers are compared as UUIDs are: their case is of no matter.
fn key(id: &str) -> String {
    id.to_ascii_lowercase()
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

/// The identifiers of a query that asks for nothing but some.
fn ids(test: &Test) -> Option<Vec<String>> {
    match test {
        Test::Or(a, b) => {
            let mut list = ids(a)?;
            list.extend(ids(b)?);
            Some(list)
        }
        Test::Uuid(UuidTest {
            field,
            bound: Bound::Order(Order::Equal, id),
        }) if field == "id" => Some(vec![id.clone()]),
        _ => None,
    }
}

/// Adds what a test says of `id` to the condition of a statement; gives whether that is all it says.
fn bound<'a>(test: &'a Test, sql: &mut String, bounds: &mut Vec<&'a str>) -> bool {
    match test {
        Test::All => true,
        Test::And(a, b) => {
            let a = bound(a, sql, bounds);
            bound(b, sql, bounds) && a
        }
        Test::Uuid(UuidTest {
            field,
            bound: Bound::Order(order, id),
        }) if field == "id" => {
            let operator = match order {
                Order::Equal => "=",
                Order::Differs => "<>",
                Order::Less => "<",
                Order::LessOrEqual => "<=",
                Order::Greater => ">",
                Order::GreaterOrEqual => ">=",
            };
            bounds.push(id);
            sql.push_str(&format!(" AND id {operator} ?{}", bounds.len() + 2));
            true
        }
        _ => false,
    }
}
