//! Sessions with the tables of a sandbox, and the same records in memory.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::MemTable;
use datafusion::datasource::TableProvider;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use folio_arrow::{Decoder, Limits, Table};
use folio_datafusion::{FolioTable, Options, register};
use folio_sandbox::Sandbox;
use folio_sdk::FolioClient;
use folio_test_support::sandbox::{TENANT, admin};
use serde_json::Value;

/// The lists with records: the path, and the name of the table.
pub(crate) type Lists = Vec<(&'static str, Vec<Value>)>;

/// A sandbox with records, and a session with its tables.
pub(crate) struct System {
    pub(crate) sandbox: Sandbox,
    pub(crate) folio: FolioClient,
    pub(crate) remote: SessionContext,
    pub(crate) options: Options,
}

impl System {
    pub(crate) async fn new(lists: &Lists, options: Options) -> Self {
        let sandbox = Sandbox::builder()
            .tenant(TENANT)
            .user("diku_admin", "admin")
            .keep_exchanges(100_000)
            .start()
            .await
            .unwrap();
        for (path, records) in lists {
            sandbox.load(TENANT, path, records.clone()).unwrap();
        }
        let folio = admin(&sandbox).connect().await.unwrap();
        let remote = session();
        register(&remote, &folio, options.clone()).await.unwrap();
        Self {
            sandbox,
            folio,
            remote,
            options,
        }
    }

    /// A session with the same records in memory, in tables of the same names.
    pub(crate) async fn local(&self, lists: &Lists) -> SessionContext {
        let local = session();
        // For the functions; the schemas of the catalog are replaced below.
        register(&local, &self.folio, self.options.clone())
            .await
            .unwrap();
        let catalog = Arc::new(datafusion::catalog::MemoryCatalogProvider::new());
        for (path, _) in lists {
            // As the server has them: it adds `_version`.
            let records = self.sandbox.records(TENANT, path).unwrap();
            let table = Table::at(self.options.release, path).unwrap();
            let schema =
                datafusion::catalog::CatalogProvider::schema(&*catalog, table.schema_name());
            let schema = schema.unwrap_or_else(|| {
                let schema = Arc::new(datafusion::catalog::MemorySchemaProvider::new());
                datafusion::catalog::CatalogProvider::register_schema(
                    &*catalog,
                    table.schema_name(),
                    Arc::clone(&schema) as Arc<dyn datafusion::catalog::SchemaProvider>,
                )
                .unwrap();
                schema
            });
            let memory = memory(&self.folio, &table, &self.options, &records);
            schema
                .register_table(table.name().to_owned(), Arc::new(memory))
                .unwrap();
        }
        local.register_catalog("datafusion", catalog);
        local
    }

    /// The requests for a list so far: their parameters.
    pub(crate) fn requests(&self, path: &str) -> Vec<Vec<(String, String)>> {
        let exchanges = self.sandbox.exchanges().into_iter();
        let of_list =
            exchanges.filter(|exchange| exchange.method == "GET" && exchange.path == path);
        of_list.map(|exchange| exchange.query).collect()
    }
}

pub(crate) fn session() -> SessionContext {
    SessionContext::new_with_config(SessionConfig::new().with_target_partitions(4))
}

/// The records of a list in memory, decoded as those of the server.
pub(crate) fn memory(
    folio: &FolioClient,
    table: &Table,
    options: &Options,
    records: &[Value],
) -> MemTable {
    let mut decoder = Decoder::new(&table.layout(&options.layout), Limits::default());
    for record in records {
        decoder.push_bytes(record.to_string().as_bytes()).unwrap();
    }
    let schema = FolioTable::new(folio, table.clone(), options).schema();
    let batches = decoder.flush().unwrap().into_iter();
    let batches = batches
        .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()).unwrap());
    MemTable::try_new(Arc::clone(&schema), vec![batches.collect()]).unwrap()
}

/// The rows of a statement, as text, in their order.
pub(crate) async fn rows(ctx: &SessionContext, sql: &str) -> Result<Vec<String>, String> {
    let frame = ctx.sql(sql).await.map_err(|error| error.to_string())?;
    let batches = frame.collect().await.map_err(|error| error.to_string())?;
    Ok(batches.iter().flat_map(shown).collect())
}

fn shown(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<ArrayFormatter<'_>> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values: Vec<String> = columns
                .iter()
                .map(|column| format!("{:?}", column.value(row).to_string()))
                .collect();
            values.join(" | ")
        })
        .collect()
}

/// The physical plan of a statement.
pub(crate) async fn plan(ctx: &SessionContext, sql: &str) -> String {
    let frame = ctx.sql(sql).await.unwrap();
    let plan = frame.create_physical_plan().await.unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

/// The parameter of a request.
pub(crate) fn parameter<'a>(request: &'a [(String, String)], name: &str) -> Option<&'a str> {
    request
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
