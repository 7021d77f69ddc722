//! One module: reads its sources, reconciles them with its descriptor, and makes its document.
//!
//! Each pass is a file: `reconcile` (what is described and routed), `operation_names`, `operation`
//! with `parameters` (the document of an operation), `component_names` (with `equal`, `uses` and
//! `generic_names`), `paging`, `uuids`, `dates`, `nested_names` (with `nested_candidates`). `read` runs them
//! in this order, with overrides and facts between them.

mod component_names;
mod dates;
pub(crate) mod equal;
pub(crate) mod generic_names;
pub(crate) mod nested_candidates;
pub(crate) mod nested_names;
mod operation;
pub(crate) mod operation_names;
mod paging;
mod parameters;
mod reconcile;
mod uses;
pub(crate) mod uuids;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::base::error::{Error, Result};
use crate::base::report::ModuleReport;
use crate::base::text::deceptive;
use crate::canonical::facts::{self, Facts};
use crate::canonical::reference::prune;
use crate::corrections::field_rules::FieldRules;
use crate::corrections::ours;
use crate::corrections::overrides::Overrides;
use crate::corrections::pins::Pins;
use crate::normalise::components::Components;
use crate::read;
use crate::read::descriptor::{self, Descriptor};
use crate::read::entry::Entry;
use crate::read::operation::Operation;
use crate::read::schemas::Schemas;
use operation::Documents;
use reconcile::Reconciled;

/// What became of a module.
#[derive(Debug)]
pub(crate) struct Module {
    /// `mod-users`.
    pub(crate) name: String,
    /// The canonical document, references to shared records not yet moved.
    pub(crate) document: Value,
    /// Operations that a source describes and the descriptor does not route.
    pub(crate) unrouted: Vec<String>,
    /// Routes without a published description.
    pub(crate) untyped: usize,
    /// Entries of `required` that name no property.
    pub(crate) dropped_required: usize,
    /// What could not be read, is left out, or is outdated.
    pub(crate) report: ModuleReport,
}

impl Module {
    /// How many operations its document has.
    pub(crate) fn operations(&self) -> usize {
        let paths = self.document["paths"].as_object();
        let items = paths.into_iter().flatten();
        items
            .map(|(_, item)| item.as_object().map_or(0, Map::len))
            .sum()
    }
}

/// How modules are read.
pub(crate) struct Reading<'a> {
    /// The release's name.
    pub(crate) release: &'a str,
    /// What is corrected.
    pub(crate) overrides: &'a Overrides,
    /// Which texts are UUIDs, and which ids are none.
    pub(crate) ids: &'a FieldRules,
    /// Which texts are points in time.
    pub(crate) dates: &'a FieldRules,
    /// The folder with `ours/`.
    pub(crate) specs: &'a Path,
    /// Whether the first problem ends the import.
    pub(crate) strict: bool,
}

/// Reads and normalises a module; what is pinned keeps its name.
pub(crate) fn read(entry: &Entry, reading: &Reading<'_>, pins: &Pins) -> Result<Module> {
    let mut report = ModuleReport::new(reading.strict);
    let mut schemas = Schemas::default();
    let descriptor = descriptor(entry, &mut schemas, &mut report)?;
    let is_unrouted = descriptor.is_none();
    let described = described(entry, reading, is_unrouted, &mut schemas, &mut report)?;
    let reconciled = reconcile::reconcile(entry, described, descriptor.as_ref(), &mut report)?;
    let Reconciled {
        routed,
        unrouted,
        mut untyped,
    } = reconciled;

    let overrides = reading.overrides;
    let facts =
        |operation: &Operation| overrides.facts(&entry.name, &operation.method, &operation.path);
    let deletes = operation_names::deletes(&routed, facts);
    let names = operation_names::of(
        &routed,
        &deletes,
        facts,
        |operation| overrides.name(&entry.name, &operation.method, &operation.path),
        &pins.operations(&entry.name),
    );
    let mut documents = Documents {
        folder: &entry.folder,
        components: Components::default(),
        schemas,
        report,
    };
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (((operation, route), name), deletes) in routed.iter().zip(&names).zip(deletes) {
        let mut document = match documents.operation(operation, route.as_ref(), name) {
            Ok(document) => document,
            Err(problem) => {
                documents.report.record_problem(problem)?;
                untyped += 1;
                let unread = Operation::untyped(&operation.method, &operation.path);
                documents.operation(&unread, route.as_ref(), name)?
            }
        };
        let known = Facts {
            deletes,
            ..Facts::default()
        };
        facts::write(&mut document, &known);
        paths
            .entry(operation.path.clone())
            .or_default()
            .insert(operation.method.clone(), document);
    }
    let Documents {
        components,
        schemas,
        mut report,
        ..
    } = documents;

    let interfaces: Map<String, Value> = descriptor
        .iter()
        .flat_map(|descriptor| &descriptor.interfaces)
        .map(|(id, version)| (id.clone(), version.clone().into()))
        .collect();
    let mut document = json!({
        "openapi": "3.0.3",
        "info": {"title": entry.name, "version": entry.text("version")},
        "paths": paths,
        "components": {"schemas": {}},
        "x-folio": {"release": reading.release, "module": entry.name, "interfaces": interfaces},
    });
    let dropped_required = components.dropped_required;
    component_names::write(
        &mut document,
        components.schemas,
        entry,
        schemas.names,
        pins,
    );
    let mut stale = reading.overrides.apply(&entry.name, &mut document);
    stale.append(&mut report.stale);
    report.stale = stale;
    prune(&mut document);
    paging::write(&mut document, reading.overrides, entry);
    nested_names::write(&mut document, &entry.name, &pins.releases);
    crate::facts::write(&mut document, reading.overrides, &entry.name);
    uuids::write(&mut document, reading.ids, &entry.name);
    dates::write(&mut document, reading.dates, &entry.name);
    if let Some((at, problem)) = deceptive(&document) {
        return Err(Error::at(&entry.folder, at, problem));
    }
    Ok(Module {
        name: entry.name.clone(),
        document,
        unrouted,
        untyped,
        dropped_required,
        report,
    })
}

/// The descriptor of a module; none where it has none or routes nothing.
fn descriptor(
    entry: &Entry,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Option<Descriptor>> {
    let within = schemas.keep_within(&entry.folder)?;
    let path = match entry.text("descriptor") {
        "" => return Ok(None),
        path => entry.folder.join(path),
    };
    match descriptor::read(&path, &within) {
        Ok(mut descriptor) => {
            for problem in std::mem::take(&mut descriptor.problems) {
                report.record_problem(problem)?;
            }
            Ok(Some(descriptor).filter(|descriptor| !descriptor.routes.is_empty()))
        }
        Err(problem) => {
            report.record_problem(problem)?;
            Ok(None)
        }
    }
}

/// All that describes operations of a module; of two descriptions of one operation the first
/// counts.
fn described(
    entry: &Entry,
    reading: &Reading<'_>,
    is_unrouted: bool,
    schemas: &mut Schemas,
    report: &mut ModuleReport,
) -> Result<Vec<Operation>> {
    // What this project wrote itself goes before what the module publishes: it is written where
    // that is missing or wrong.
    let ours = ours::find(reading.specs, entry)?;
    let mut operations = match &ours {
        Some(ours) => ours.operations(entry, is_unrouted, schemas, report)?,
        None => Vec::new(),
    };
    let mut published = read::operations(entry, is_unrouted, schemas, report)?;
    // A newer description fills the same gaps.
    published.retain(|operation| ours.is_none() || operation.supplement.is_none());
    operations.extend(published);
    if let Some(rmb) = ours::of_rmb(reading.specs, entry)? {
        operations.extend(rmb.operations(entry, is_unrouted, schemas, report)?);
    }
    let overrides = reading.overrides;
    overrides.describe(entry, reading.release, &mut operations, report);
    Ok(operations)
}
