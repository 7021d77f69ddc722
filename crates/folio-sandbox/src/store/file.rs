//! Records in an SQLite file, which outlive the process. Everything that was sent in a response is
//! in the file: a killed process loses nothing of it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Result, params};

/// The file of a store.
pub(super) struct File {
    connection: Connection,
}

/// Records that a maker makes: of which tenant, from which seed, how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeRecords {
    pub(super) tenant: String,
    pub(super) seed: u64,
    pub(super) count: u32,
}

impl File {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(64);
        // With a write-ahead log, a transaction that has ended is there after the process is
        // killed, and one that has not is not. Only if the machine itself stops may the last ones
        // be lost.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS record (
                 tenant TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
                 PRIMARY KEY (tenant, collection, id)
             );
             CREATE TABLE IF NOT EXISTS counter (
                 tenant TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (tenant, name)
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS made (tenant TEXT NOT NULL PRIMARY KEY, seed INTEGER NOT NULL, count INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS deleted (
                 tenant TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tenant, collection, id)
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
        )?;
        Ok(Self { connection })
    }

    /// Begins work that ends as a whole.
    pub(super) fn begin(&self) -> Result<()> {
        self.connection.execute_batch("SAVEPOINT work")
    }

    pub(super) fn end(&self, stays: bool) -> Result<()> {
        self.connection.execute_batch(if stays {
            "RELEASE work"
        } else {
            "ROLLBACK TO work; RELEASE work"
        })
    }

    pub(super) fn write(&self, tenant: &str, collection: &str, id: &str, body: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO record VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (tenant, collection, id) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![tenant, collection, id, body])?;
        Ok(())
    }

    /// Deletes a record; one that a maker makes is remembered.
    pub(super) fn delete(
        &self,
        tenant: &str,
        collection: &str,
        id: &str,
        made: bool,
    ) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM record WHERE tenant = ?1 AND collection = ?2 AND id = ?3")?
            .execute(params![tenant, collection, id])?;
        if made {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO deleted VALUES (?1, ?2, ?3)")?
                .execute(params![tenant, collection, id])?;
        }
        Ok(())
    }

    pub(super) fn set_counter(&self, tenant: &str, name: &str, value: i64) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO counter VALUES (?1, ?2, ?3)")?
            .execute(params![tenant, name, value])?;
        Ok(())
    }

    pub(super) fn set_made(&self, made: &MadeRecords) -> Result<()> {
        self.connection.execute(
            "INSERT OR REPLACE INTO made VALUES (?1, ?2, ?3)",
            params![made.tenant, made.seed.cast_signed(), made.count],
        )?;
        Ok(())
    }

    pub(super) fn made(&self) -> Result<Vec<MadeRecords>> {
        let mut statement = self
            .connection
            .prepare("SELECT tenant, seed, count FROM made")?;
        let rows = statement.query_map([], |row| {
            Ok(MadeRecords {
                tenant: row.get(0)?,
                seed: row.get::<_, i64>(1)?.cast_unsigned(),
                count: row.get(2)?,
            })
        })?;
        rows.collect()
    }

    /// The records that a maker makes and that were deleted: tenant, collection, id.
    pub(super) fn deleted(&self, mut each: impl FnMut(&str, &str, &str)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT tenant, collection, id FROM deleted")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(text(row, 0)?, text(row, 1)?, text(row, 2)?);
        }
        Ok(())
    }

    /// All records, in the order in which they came: tenant, collection, id, body.
    pub(super) fn records(&self, mut each: impl FnMut(&str, &str, &str, &str)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT tenant, collection, id, body FROM record ORDER BY rowid")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(text(row, 0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?);
        }
        Ok(())
    }

    pub(super) fn counters(&self, mut each: impl FnMut(&str, &str, i64)) -> Result<()> {
        let mut statement = self
            .connection
            .prepare("SELECT tenant, name, value FROM counter")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(text(row, 0)?, text(row, 1)?, row.get(2)?);
        }
        Ok(())
    }

    pub(super) fn setting(&self, name: &str) -> Result<Option<String>> {
        self.connection
            .query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
    }

    pub(super) fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO setting VALUES (?1, ?2)")?
            .execute(params![name, value])?;
        Ok(())
    }
}

fn text<'a>(row: &'a rusqlite::Row<'_>, index: usize) -> Result<&'a str> {
    Ok(row.get_ref(index)?.as_str()?)
}
