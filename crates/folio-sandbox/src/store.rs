//! Records in SQLite: one table, a row a record.

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use crate::cql::{Clause, Query, Relation, SortKey, folded, unescaped};

/// All records of all tenants.
pub(crate) struct Store {
    connection: Connection,
}

/// What a list is asked for.
pub(crate) struct Page<'a> {
    pub(crate) query: Option<&'a Query>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    pub(crate) count: bool,
}

type Result<T> = rusqlite::Result<T>;

impl Store {
    pub(crate) fn open(path: Option<&std::path::Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS record (
                 tenant TEXT NOT NULL, collection TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
                 PRIMARY KEY (tenant, collection, id)
             );
             PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;",
        )?;
        Ok(Self { connection })
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

    /// Stores a record; false where one of its id is there already.
    pub(crate) fn insert(
        &self,
        tenant: &str,
        collection: &str,
        id: &str,
        record: &Value,
    ) -> Result<bool> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3, ?4)")?;
        Ok(statement.execute(params![tenant, collection, key(id), record.to_string()])? == 1)
    }

    /// Replaces a record; false where there is none.
    pub(crate) fn replace(
        &self,
        tenant: &str,
        collection: &str,
        id: &str,
        record: &Value,
    ) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "UPDATE record SET body = ?4 WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        )?;
        Ok(statement.execute(params![tenant, collection, key(id), record.to_string()])? == 1)
    }

    pub(crate) fn delete(&self, tenant: &str, collection: &str, id: &str) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "DELETE FROM record WHERE tenant = ?1 AND collection = ?2 AND id = ?3",
        )?;
        Ok(statement.execute(params![tenant, collection, key(id)])? == 1)
    }

    /// Stores many records at once.
    pub(crate) fn load(
        &mut self,
        tenant: &str,
        collection: &str,
        records: &[(String, Value)],
    ) -> Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut statement =
                transaction.prepare("INSERT OR REPLACE INTO record VALUES (?1, ?2, ?3, ?4)")?;
            for (id, record) in records {
                statement.execute(params![tenant, collection, key(id), record.to_string()])?;
            }
        }
        transaction.commit()
    }

    /// Deletes what a query wants; gives how many those were.
    pub(crate) fn delete_by_query(
        &self,
        tenant: &str,
        collection: &str,
        query: &Query,
    ) -> Result<usize> {
        let (found, _) = self.list(
            tenant,
            collection,
            &Page {
                query: Some(query),
                offset: 0,
                limit: usize::MAX,
                count: false,
            },
        )?;
        let mut deleted = 0;
        for record in found {
            if let Some(id) = record.get("id").and_then(Value::as_str) {
                deleted += usize::from(self.delete(tenant, collection, id)?);
            }
        }
        Ok(deleted)
    }

    /// A page of a list, and how many records there are in all.
    pub(crate) fn list(
        &self,
        tenant: &str,
        collection: &str,
        page: &Page<'_>,
    ) -> Result<(Vec<Value>, usize)> {
        if let Some(query) = page.query
            && let Some(mut ids) = ids(&query.clause)
            && (query.sort.is_empty()
                || matches!(&query.sort[..], [only] if only.index == "id" && !only.descending))
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
        let mut bounds: Vec<String> = Vec::new();
        let mut exact = true;
        // What a query says of `id` as a whole is left to the index: paging by id is fast over many records.
        for term in page.query.iter().flat_map(|query| query.clause.conjuncts()) {
            let operator = match term.relation {
                _ if term.index != "id"
                    || term.is_all()
                    || term.text.contains(['*', '?'])
                    || term.text.is_empty() =>
                {
                    continue;
                }
                Relation::Exact | Relation::Words => "=",
                Relation::Less => "<",
                Relation::LessOrEqual => "<=",
                Relation::Greater => ">",
                Relation::GreaterOrEqual => ">=",
                _ => continue,
            };
            bounds.push(key(&unescaped(&term.text)));
            sql.push_str(&format!(" AND id {operator} ?{}", bounds.len() + 2));
        }
        let terms = page
            .query
            .map(|query| query.clause.terms())
            .unwrap_or_default();
        let in_index = terms.iter().filter(|term| term.is_all()).count() + bounds.len();
        if terms.len() != in_index || page.query.is_some_and(|query| !only_and(&query.clause)) {
            exact = false;
        }
        let sort: &[SortKey] = page.query.map_or(&[], |query| &query.sort);
        let by_id = matches!(sort, [only] if only.index == "id");
        match sort {
            [only] if by_id => sql.push_str(if only.descending {
                " ORDER BY id DESC"
            } else {
                " ORDER BY id"
            }),
            _ => sql.push_str(" ORDER BY rowid"),
        }
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&tenant, &collection];
        values.extend(bounds.iter().map(|bound| bound as &dyn rusqlite::ToSql));
        if exact && (sort.is_empty() || by_id) {
            let total = if page.count {
                let count = sql.replacen("SELECT body", "SELECT count(*)", 1);
                self.connection
                    .prepare_cached(&count)?
                    .query_row(&values[..], |row| row.get::<_, i64>(0))?
            } else {
                0
            };
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
            if !page.query.is_none_or(|query| query.matches(&record)) {
                continue;
            }
            total += 1;
            if sorted {
                found.push(record);
                continue;
            }
            if total > page.offset && found.len() < page.limit {
                found.push(record);
            } else if found.len() >= page.limit && !page.count {
                break;
            }
        }
        if sorted {
            found.sort_by(|a, b| order(sort, a, b));
            found = found
                .into_iter()
                .skip(page.offset)
                .take(page.limit)
                .collect();
        }
        Ok((found, total))
    }

    pub(crate) fn all(&self, tenant: &str, collection: &str) -> Result<Vec<Value>> {
        Ok(self
            .list(
                tenant,
                collection,
                &Page {
                    query: None,
                    offset: 0,
                    limit: usize::MAX,
                    count: false,
                },
            )?
            .0)
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
fn ids(clause: &Clause) -> Option<Vec<String>> {
    match clause {
        Clause::Or(a, b) => {
            let mut list = ids(a)?;
            list.extend(ids(b)?);
            Some(list)
        }
        Clause::Term(term) => {
            let plain = term.index == "id"
                && matches!(term.relation, Relation::Exact | Relation::Words)
                && !term.text.contains(['*', '?', '^'])
                && !term.text.is_empty();
            plain.then(|| vec![key(&unescaped(&term.text))])
        }
        Clause::And(..) | Clause::Not(..) => None,
    }
}

fn only_and(clause: &Clause) -> bool {
    match clause {
        Clause::Term(_) => true,
        Clause::And(a, b) => only_and(a) && only_and(b),
        Clause::Or(..) | Clause::Not(..) => false,
    }
}

fn order(keys: &[SortKey], a: &Value, b: &Value) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    for key in keys {
        let field = |record: &Value| {
            key.index
                .split('.')
                .try_fold(record.clone(), |value, name| value.get(name).cloned())
                .filter(|value| !value.is_null())
        };
        let ordering = match (field(a), field(b)) {
            (None, None) => Ordering::Equal,
            // What is not there is greater than all, as null is in PostgreSQL.
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => match (a.as_f64(), b.as_f64()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => {
                    let text = |value: &Value| {
                        folded(
                            &value
                                .as_str()
                                .map_or_else(|| value.to_string(), str::to_owned),
                        )
                    };
                    text(&a).cmp(&text(&b))
                }
            },
        };
        let ordering = if key.descending {
            ordering.reverse()
        } else {
            ordering
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}
