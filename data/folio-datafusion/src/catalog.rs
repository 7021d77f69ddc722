//! The lists of a tenant as a catalog: one schema per module, one table per list.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use folio_arrow::{Table, TableError};
use folio_sdk::FolioClient;

use crate::description::external;
use crate::options::Options;
use crate::table::FolioTable;
use crate::uuid_functions::uuid_functions;

/// Registers the lists of a tenant as tables of a session: `inventory_storage.instances`. It requests
/// the tenant's modules, and has tables of these only.
///
/// ```no_run
/// # async fn example(folio: folio_sdk::FolioClient) -> Result<(), Box<dyn std::error::Error>> {
/// use datafusion::prelude::SessionContext;
/// use folio_datafusion::{Options, register};
///
/// let ctx = SessionContext::new();
/// register(&ctx, &folio, Options::default()).await?;
/// let titles = ctx
///     .sql(
///         "select i.title, h.call_number from inventory_storage.instances i
///          join inventory_storage.holdings h on h.instance_id = i.id
///          where i.title like 'Die %'",
///     )
///     .await?;
/// titles.show().await?;
/// # Ok(())
/// # }
/// ```
///
/// Where the user may not read the tenant's modules, the tables are those of all modules of the
/// release; then FOLIO answers that a module is missing.
///
/// # Errors
/// The request for the modules failed, for another reason than a missing permission.
pub async fn register(
    ctx: &SessionContext,
    folio: &FolioClient,
    options: Options,
) -> Result<Arc<FolioCatalog>> {
    let mut catalog = FolioCatalog::new(folio, options.clone()).await?;
    let name = options.catalog.unwrap_or_else(|| {
        let state = ctx.state();
        state.config_options().catalog.default_catalog.clone()
    });
    catalog.others = ctx.catalog(&name);
    let catalog = Arc::new(catalog);
    ctx.register_catalog(name, Arc::clone(&catalog) as Arc<dyn CatalogProvider>);
    for function in uuid_functions() {
        ctx.register_udf(function);
    }
    Ok(catalog)
}

/// The lists of a tenant as a catalog: see [`register`].
pub struct FolioCatalog {
    tenant: String,
    schemas: BTreeMap<String, Arc<FolioSchema>>,
    /// The modules of the release that the tenant does not have.
    missing: HashSet<String>,
    /// The catalog that had the name before: its schemas remain.
    others: Option<Arc<dyn CatalogProvider>>,
}

impl FolioCatalog {
    /// The lists of the client's tenant. It requests the tenant's modules.
    ///
    /// # Errors
    /// See [`register`].
    pub async fn new(folio: &FolioClient, options: Options) -> Result<Self> {
        let enabled: Option<HashSet<String>> = match options.all_modules {
            true => None,
            false => match folio.modules().await {
                Ok(modules) => {
                    let names = modules.iter().map(|module| module.name().to_owned());
                    Some(names.collect())
                }
                Err(error) if error.is_forbidden() || error.is_not_found() => None,
                Err(error) => return Err(external(error)),
            },
        };
        let options = Arc::new(options);
        let mut lists: BTreeMap<String, Vec<Table>> = BTreeMap::new();
        let mut missing = HashSet::new();
        for table in Table::all(options.release) {
            let is_enabled = enabled
                .as_ref()
                .is_none_or(|modules| modules.contains(table.module()));
            let schema = table.schema_name().to_owned();
            match is_enabled {
                true => lists.entry(schema).or_default().push(table),
                false => {
                    missing.insert(schema);
                }
            }
        }
        let tenant = folio.tenant().to_owned();
        let schemas = lists.into_iter().map(|(name, tables)| {
            let tables = tables.into_iter();
            let schema = FolioSchema {
                name: name.clone(),
                folio: folio.clone(),
                options: Arc::clone(&options),
                tables: tables
                    .map(|table| (table.name().to_owned(), table))
                    .collect(),
                providers: Mutex::default(),
            };
            (name, Arc::new(schema))
        });
        Ok(Self {
            tenant,
            schemas: schemas.collect(),
            missing,
            others: None,
        })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }
}

impl CatalogProvider for FolioCatalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.schemas.keys().cloned().collect();
        let others = self.others.as_ref();
        names.extend(
            others
                .map(|others| others.schema_names())
                .unwrap_or_default(),
        );
        names.dedup();
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if let Some(schema) = self.schemas.get(name) {
            return Some(Arc::clone(schema) as Arc<dyn SchemaProvider>);
        }
        let others = self.others.as_ref().and_then(|others| others.schema(name));
        others.or_else(|| {
            // The tables of a module that the tenant does not have, or of a name similar to that of
            // a module, are errors that say so. Other schemas can be created.
            let near = near(name, self.schemas.keys());
            let is_likely = !near.is_empty() || self.missing.contains(name);
            is_likely.then(|| {
                Arc::new(MissingSchema {
                    name: name.to_owned(),
                    tenant: self.tenant.clone(),
                    near,
                }) as Arc<dyn SchemaProvider>
            })
        })
    }

    fn register_schema(
        &self,
        name: &str,
        schema: Arc<dyn SchemaProvider>,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        match (&self.others, self.schemas.contains_key(name)) {
            (Some(others), false) => others.register_schema(name, schema),
            _ => Err(DataFusionError::Plan(format!(
                "the schema `{name}` cannot be created: it is a module of FOLIO"
            ))),
        }
    }

    fn deregister_schema(
        &self,
        name: &str,
        cascade: bool,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        match (&self.others, self.schemas.contains_key(name)) {
            (Some(others), false) => others.deregister_schema(name, cascade),
            _ => Err(DataFusionError::Plan(format!(
                "the schema `{name}` cannot be removed: it is a module of FOLIO"
            ))),
        }
    }
}

impl fmt::Debug for FolioCatalog {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioCatalog")
            .field("tenant", &self.tenant)
            .field("schemas", &self.schemas.keys())
            .finish_non_exhaustive()
    }
}

/// The lists of a module.
struct FolioSchema {
    name: String,
    folio: FolioClient,
    options: Arc<Options>,
    tables: BTreeMap<String, Table>,
    /// The tables that were asked for: they remember numbers of records.
    providers: Mutex<BTreeMap<String, Arc<FolioTable>>>,
}

#[async_trait]
impl SchemaProvider for FolioSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(table) = self.tables.get(name) else {
            let near = near(name, self.tables.keys());
            let known: Result<Table, TableError> =
                Table::named(self.options.release, &self.name, name);
            return Err(match known {
                // The table exists, but its path has parameters.
                Ok(table) => DataFusionError::Plan(format!(
                    "`{}.{name}` needs values for the parameters of its path: register a `FolioTable` for `{}`",
                    self.name,
                    table.path()
                )),
                Err(_) => unknown(&format!("table `{}.{name}`", self.name), &near),
            });
        };
        let mut providers = self
            .providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let provider = providers.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(FolioTable::new(&self.folio, table.clone(), &self.options))
        });
        Ok(Some(Arc::clone(provider) as Arc<dyn TableProvider>))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

impl fmt::Debug for FolioSchema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FolioSchema")
            .field("name", &self.name)
            .field("tables", &self.tables.keys())
            .finish_non_exhaustive()
    }
}

/// A schema that the tenant does not have: its tables are errors.
#[derive(Debug)]
struct MissingSchema {
    name: String,
    tenant: String,
    near: Vec<String>,
}

#[async_trait]
impl SchemaProvider for MissingSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, _: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let what = format!(
            "schema `{}`: the tenant {} has no such module",
            self.name, self.tenant
        );
        Err(unknown(&what, &self.near))
    }

    fn table_exist(&self, _: &str) -> bool {
        false
    }
}

/// The error of an unknown name.
fn unknown(what: &str, near: &[String]) -> DataFusionError {
    let near = match near.is_empty() {
        true => String::new(),
        false => format!("; similar: `{}`", near.join("`, `")),
    };
    DataFusionError::Plan(format!("unknown {what}{near}"))
}

/// The names most similar to another one.
fn near<'a>(wanted: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    /// How many are named, and how similar they are at least.
    const MOST: usize = 5;
    const SIMILAR: f64 = 0.85;
    let wanted = wanted.to_lowercase();
    let scored = names.map(|name| (strsim::jaro_winkler(&wanted, name), name));
    let mut scored: Vec<(f64, &String)> = scored.filter(|(score, _)| *score >= SIMILAR).collect();
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    scored.truncate(MOST);
    scored.into_iter().map(|(_, name)| name.clone()).collect()
}
