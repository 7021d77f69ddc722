//! Generates the typed endpoint modules and records of folio-sdk from canonical documents.
//!
//! `build.rs` of the SDK calls [`generate`] with the documents of the enabled modules. progenitor and typify give the model: operations,
//! the types of arguments and answers, records. Passes give it the form that users see: a thin request builder an operation, and records
//! that read and write themselves by a table (`docs/architecture.md` says why).
//!
//! ```
//! use folio_codegen::{Document, Options, Specs, generate};
//! use serde_json::json;
//!
//! let module = Document::new("mod-books", json!({
//!     "openapi": "3.0.3", "info": {"title": "mod-books", "version": "1.0.0"}, "paths": {},
//!     "components": {"schemas": {"Book": {"type": "object", "properties": {"title": {"type": "string"}}}}},
//! }));
//! let common = Document::new("common", json!({}));
//! let specs = Specs { common, modules: vec![module], files: Vec::new() };
//! let files = generate(&specs, Options::default())?;
//! assert!(files["books.rs"].contains("pub struct Book {"));
//! # Ok::<(), folio_codegen::Error>(())
//! ```

mod calls;
mod collections;
mod document;
mod does;
mod emit;
mod error;
mod facts;
mod features;
mod items;
mod lists;
mod lower;
mod model;
mod record_facts;
mod schemas;
mod shared;
mod text;
mod unions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

pub use calls::calls;
pub use document::{Document, Specs};
pub use does::described;
pub use error::Error;
pub use features::Features;
pub use lists::lists;
pub use text::is_unsafe;

/// What is generated beside records and calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The JSON Schemas of the types, for the SDK's feature `schemars`.
    pub schemas: bool,
}

/// Generates the files of a build by their names: one a module, `common.rs`, `api.rs` which holds them all, `built.rs` which says what they are of, and `records.rs` and
/// `unions.rs`, by which tests reach each record and union by its name; with schemas also `schemas.rs`, by which tests reach those.
///
/// The same documents give the same text.
///
/// # Errors
/// A document is not canonical, or progenitor refuses it.
pub fn generate(specs: &Specs, options: Options) -> Result<BTreeMap<String, String>, Error> {
    std::thread::scope(|scope| {
        let work = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || files(specs, options))
            .map_err(|error| Error::model("", format!("no thread: {error}")))?;
        match work.join() {
            Ok(files) => files,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The stack of a thread that generates: schemas may be nested deeply, and typify takes a good deal a level.
const STACK: usize = 256 << 20;

fn files(specs: &Specs, options: Options) -> Result<BTreeMap<String, String>, Error> {
    let mut files = BTreeMap::new();
    let mut shared = BTreeSet::new();
    let mut used = Vec::new();
    let mut tables = Vec::new();
    let mut records = Vec::new();
    let mut models = Vec::new();
    let mut unions = Vec::new();
    for document in &specs.modules {
        let name = rust_name(document.feature());
        if !text::is_name(&name) || name.chars().any(|c| c.is_ascii_uppercase()) {
            let problem = "cannot be the name of a Rust module without `mod-`: expected lower case, digits and `-`";
            return Err(Error::document(&document.name, "", problem));
        }
    }
    for (document, generated) in specs.modules.iter().zip(side_by_side(specs)) {
        let generated = generated?;
        let name = rust_name(document.feature());
        files.insert(format!("{name}.rs"), generated.text);
        unions.push((document.name.clone(), name.clone(), generated.unions));
        tables.push((
            document.name.clone(),
            name.clone(),
            record_names(&generated.model),
        ));
        let components = components(document, &generated.model)?;
        records.push((document.name.clone(), name, components));
        shared.extend(generated.shared.iter().cloned());
        used.push(generated.shared);
        models.push((document, generated.model));
    }
    let lowered = lower::common(&specs.common, &shared)?;
    let model = model::build(&specs.common.name, &lowered)?;
    let origin = emit::Origin {
        document: &specs.common,
        shared: &specs.common,
    };
    files.insert("common.rs".to_owned(), emit::common(&origin, &model)?);
    for ((document, own), used) in models.iter().zip(&used) {
        let names = shared::names(document, own, &model, used);
        let name = rust_name(document.feature());
        if let Some(file) = files.get_mut(&format!("{name}.rs")) {
            file.push_str(&emit::shared(&names));
        }
    }
    records.push((
        specs.common.name.clone(),
        "common".to_owned(),
        components(&specs.common, &model)?,
    ));
    files.insert("api.rs".to_owned(), emit::api_file(&specs.modules));
    files.insert("built.rs".to_owned(), does::built(&specs.modules));
    unions.push((
        specs.common.name.clone(),
        "common".to_owned(),
        lowered.unions,
    ));
    files.insert("unions.rs".to_owned(), emit::unions_file(&unions));
    files.insert("records.rs".to_owned(), emit::records_file(&records));
    tables.push((
        specs.common.name.clone(),
        "common".to_owned(),
        record_names(&model),
    ));
    files.insert("lenient.rs".to_owned(), emit::lenient_file(&tables));
    if options.schemas {
        models.push((&specs.common, model));
        add_schemas(&specs.common, &models, &mut files)?;
    }
    Ok(files)
}

/// Adds the schemas of the types to the files: the shared ones last, when it is known which of them the modules refer to.
fn add_schemas(
    common: &Document,
    models: &[(&Document, model::Model)],
    files: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    let mut shared = BTreeMap::new();
    if let Some((document, model)) = models.last() {
        shared = schemas::types(document, model)?;
    }
    let mut wanted = BTreeSet::new();
    let mut told = Vec::new();
    for (document, model) in models {
        let name = match document.name == common.name {
            true => common.name.clone(),
            false => rust_name(document.feature()),
        };
        let origin = schemas::Origin {
            document,
            common,
            model,
        };
        let open = if document.name == common.name {
            std::mem::take(&mut wanted)
        } else {
            BTreeSet::new()
        };
        let written = schemas::emit(&origin, &shared, open)?;
        if let Some(file) = files.get_mut(&format!("{name}.rs")) {
            file.push_str(written.code());
        }
        wanted.extend(written.shared);
        told.push((document.name.clone(), name, written.types));
    }
    files.insert("schemas.rs".to_owned(), schemas::file(&told));
    Ok(())
}

/// What a document becomes.
struct Generated {
    text: String,
    model: model::Model,
    unions: Vec<unions::Union>,
    /// The shared records that it names.
    shared: BTreeSet<String>,
}

fn module(document: &Document, common: &Document) -> Result<Generated, Error> {
    let lowered = lower::module(document, common)?;
    let model = model::build(&document.name, &lowered)?;
    let origin = emit::Origin {
        document,
        shared: common,
    };
    Ok(Generated {
        text: emit::module(&origin, &model, &lowered.operations)?,
        model,
        unions: lowered.unions,
        shared: lowered.common,
    })
}

/// Generates the modules on as many threads as the machine has cores: a whole release is a hundred modules, and a build script is compiled
/// without optimisation. The results are in the order of the documents.
fn side_by_side(specs: &Specs) -> Vec<Result<Generated, Error>> {
    on_all_cores(specs, |document| module(document, &specs.common))
}

fn on_all_cores<T: Send>(specs: &Specs, make: impl Fn(&Document) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(document) = specs.modules.get(index) else {
                return done;
            };
            done.push((index, make(document)));
        }
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(specs.modules.len()))
            .filter_map(|_| {
                let builder = std::thread::Builder::new().stack_size(STACK);
                // Without another thread this one does it all.
                builder.spawn_scoped(scope, work).ok()
            })
            .collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(results) => done.extend(results),
                // Nothing panics here that is not caught; if it does, it is this thread's panic too.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The documents of the modules as progenitor takes them, each complete with the shared records that it names: to measure the generated
/// code against progenitor's own output of the same documents (`benches/compile`).
///
/// # Errors
/// A document is not canonical.
pub fn lowered(specs: &Specs) -> Result<BTreeMap<String, serde_json::Value>, Error> {
    let mut documents = BTreeMap::new();
    for document in &specs.modules {
        let mut lowered = lower::module(document, &specs.common)?;
        let mut shared = lower::common(&specs.common, &lowered.common)?.openapi;
        if let (Some(serde_json::Value::Object(to)), Some(serde_json::Value::Object(from))) = (
            lowered.openapi.pointer_mut("/components/schemas"),
            shared.pointer_mut("/components/schemas"),
        ) {
            to.append(from);
        }
        documents.insert(rust_name(document.feature()), lowered.openapi);
    }
    Ok(documents)
}

fn record_names(model: &model::Model) -> Vec<String> {
    let records = model.records.iter();
    records.map(|record| record.name.clone()).collect()
}

/// The components of a document that have types of their own, each with the name of its type: records, unions and enums.
fn components(document: &Document, model: &model::Model) -> Result<Vec<(String, String)>, Error> {
    let types: BTreeSet<&String> = model.names().collect();
    let named = document.schemas()?.keys().map(|component| {
        let name = model::component_type(component);
        (component.clone(), name)
    });
    Ok(named.filter(|(_, name)| types.contains(name)).collect())
}

/// Names that the SDK has itself, of modules and of methods of its clients, in their order: a FOLIO module of such a name has a longer one.
const TAKEN: &[&str] = &[
    "addressed",
    "alloc",
    "answer",
    "api",
    "as_async",
    "backoff",
    "batch",
    "begin",
    "blocking",
    "body",
    "builder",
    "call",
    "cause",
    "change",
    "check_not_created",
    "circulation_rules",
    "claims",
    "client",
    "close",
    "common",
    "compatibility",
    "connect",
    "consortium",
    "consortium_by_affiliation",
    "consortium_by_list",
    "core",
    "count",
    "cql",
    "crate",
    "current_login",
    "current_user",
    "current_user_id",
    "directory",
    "divide",
    "download",
    "engine",
    "environment",
    "error",
    "eureka_modules",
    "execute",
    "folio_delete",
    "folio_get",
    "folio_get_all",
    "folio_get_by_ids",
    "folio_get_by_values",
    "folio_headers",
    "folio_post",
    "folio_put",
    "for_tenant",
    "from_env",
    "generic",
    "handle",
    "harvest",
    "has_retrieve",
    "id_of_user",
    "identity",
    "is_closed",
    "iter",
    "json",
    "lacks_retrieve",
    "last_look",
    "lib",
    "limit",
    "line_length",
    "logging",
    "macros",
    "mode",
    "module_version",
    "modules",
    "modules_by",
    "multipart",
    "new",
    "of",
    "okapi_modules",
    "open",
    "operation",
    "paging",
    "pause",
    "proxy",
    "record",
    "records",
    "redact",
    "reference",
    "request",
    "response",
    "retry",
    "run",
    "runtime",
    "schema",
    "schemas",
    "scoped",
    "self",
    "send_addressed",
    "server_message",
    "session",
    "shared",
    "snapshots",
    "std",
    "super",
    "tenancy",
    "tenancy_by",
    "tenant",
    "tenant_header",
    "testing",
    "transport",
    "unions",
    "update_at",
    "update_with",
    "upsert",
    "upsert_into",
    "upsert_stream",
    "upsert_stream_into",
    "url",
    "value",
    "wire",
    "write",
];

/// A feature's name as Rust has it: `inventory-storage` is `inventory_storage`.
fn rust_name(feature: &str) -> String {
    let name = feature.replace('-', "_");
    let is_keyword = syn::parse_str::<syn::Ident>(&name).is_err();
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase());
    if TAKEN.binary_search(&&*name).is_ok() || is_keyword && is_plain {
        format!("{name}_module")
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, files),
                false => files.push(path),
            }
        }
    }

    #[test]
    fn no_module_takes_a_name_that_the_sdk_has() {
        assert!(TAKEN.is_sorted());
        assert_eq!(rust_name("inventory-storage"), "inventory_storage");
        assert_eq!(rust_name("request"), "request_module");
        assert_eq!(rust_name("fn"), "fn_module");
        let mut files = Vec::new();
        sources(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src")),
            &mut files,
        );
        files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
        for file in files {
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            let is_top = file.parent().is_some_and(|parent| parent.ends_with("src"));
            assert!(
                !is_top || TAKEN.contains(&&*stem),
                "{stem} is missing in TAKEN"
            );
            let text = std::fs::read_to_string(&file).unwrap();
            let parsed = syn::parse_file(&text).unwrap();
            for item in parsed.items {
                let syn::Item::Impl(block) = item else {
                    continue;
                };
                let is_client = matches!(&*block.self_ty, syn::Type::Path(path)
                    if path.path.segments.last().is_some_and(|last| last.ident == "FolioClient"));
                for item in block.items {
                    if let (true, None, syn::ImplItem::Fn(function)) =
                        (is_client, &block.trait_, item)
                    {
                        let name = function.sig.ident.to_string();
                        assert!(TAKEN.contains(&&*name), "{name} is missing in TAKEN");
                    }
                }
            }
        }
    }
}
