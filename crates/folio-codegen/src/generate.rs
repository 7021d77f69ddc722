//! From documents to files: lowering, model, text.

use std::collections::{BTreeMap, BTreeSet};

use crate::conditions::Conditions;
use crate::context::Context;
use crate::document::{Document, Specs};
use crate::emit;
use crate::error::Error;
use crate::lower;
use crate::lowered::Lowered;
use crate::model::Model;
use crate::module_name::{check_name, rust_name};
use crate::parallel::{on_a_large_stack, on_all_cores};
use crate::progenitor;
use crate::schemas;
use crate::shared_names;
use crate::template::Code;

/// The feature of the SDK for JSON Schemas.
const SCHEMAS: &str = "schemars";

/// The optional parts to generate besides records and calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The JSON Schemas of the types, for the SDK's feature `schemars`.
    pub schemas: bool,
}

/// Generates the files of a build, by name: one file per module, `common.rs` with the shared
/// records, `api.rs` which includes them all, and `built.rs` which states their sources.
///
/// Equal documents result in equal text.
///
/// # Errors
/// A document is not canonical, or progenitor rejects it.
pub fn generate(specs: &Specs, options: Options) -> Result<BTreeMap<String, String>, Error> {
    on_a_large_stack(|| files(specs, options, false))
}

/// The same for any modules of the documents, with JSON Schemas, and with conditions at what
/// depends on the modules and features of a build.
pub(crate) fn generate_conditional(specs: &Specs) -> Result<BTreeMap<String, String>, Error> {
    on_a_large_stack(|| files(specs, Options { schemas: true }, true))
}

/// A document, and its results.
pub(crate) struct Modelled<'a> {
    pub(crate) document: &'a Document,
    /// The name of its module.
    pub(crate) module: String,
    pub(crate) lowered: Lowered,
    pub(crate) model: Model,
    pub(crate) conditions: Conditions,
}

impl<'a> Modelled<'a> {
    /// Lowers a module's document, and models it.
    pub(crate) fn module(document: &'a Document, common: &Document) -> Result<Self, Error> {
        check_name(document)?;
        let lowered = lower::module(document, common)?;
        Ok(Self {
            document,
            module: rust_name(document.feature()),
            model: progenitor::build(&document.name, &lowered)?,
            lowered,
            conditions: Conditions::default(),
        })
    }

    /// Lowers the shared records that modules name, and models them.
    pub(crate) fn common(common: &'a Document, modules: &[Self]) -> Result<Self, Error> {
        let used = modules.iter().flat_map(|module| &module.lowered.common);
        let lowered = lower::common(common, &used.cloned().collect())?;
        Ok(Self {
            document: common,
            module: common.name.clone(),
            model: progenitor::build(&common.name, &lowered)?,
            lowered,
            conditions: Conditions::default(),
        })
    }

    pub(crate) fn context<'b>(&'b self, common: &'b Document) -> Context<'b> {
        Context {
            document: self.document,
            common,
            model: &self.model,
            conditions: &self.conditions,
        }
    }

    fn file(&self) -> String {
        format!("{}.rs", self.module)
    }
}

fn files(
    specs: &Specs,
    options: Options,
    is_conditional: bool,
) -> Result<BTreeMap<String, String>, Error> {
    specs.modules.iter().try_for_each(check_name)?;
    let common = &specs.common;
    let generated = on_all_cores(specs, |document| {
        let module = Modelled::module(document, common)?;
        let text = emit::module(&module.context(common), &module.lowered.operations)?;
        Ok((module, text))
    });
    let mut files = BTreeMap::new();
    let mut modules = Vec::new();
    for generated in generated {
        let (module, text) = generated?;
        files.insert(module.file(), text);
        modules.push(module);
    }
    let mut shared = Modelled::common(common, &modules)?;
    if is_conditional {
        shared.conditions = conditions(&shared.model, &modules);
    }
    for module in &modules {
        let used = &module.lowered.common;
        let names = shared_names::names(module.document, &module.model, &shared.model, used);
        append(&mut files, module, &emit::shared(&names));
    }
    files.insert(shared.file(), emit::common(&shared.context(common))?);
    let conditions = &shared.conditions;
    files.insert("api.rs".to_owned(), emit::api(&specs.modules, conditions));
    files.insert("built.rs".to_owned(), emit::built(specs, conditions));
    if options.schemas {
        add_schemas(common, &modules, &shared, &mut files)?;
    }
    Ok(files)
}

/// For which modules there are the shared types.
fn conditions(shared: &Model, modules: &[Modelled<'_>]) -> Conditions {
    let mut types: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in modules {
        for name in shared_names::reached(shared, &module.lowered.common) {
            let modules = types.entry(name).or_default();
            modules.insert(module.document.name.clone());
        }
    }
    Conditions::of(types)
}

fn append(files: &mut BTreeMap<String, String>, module: &Modelled<'_>, text: &str) {
    if let Some(file) = files.get_mut(&module.file()) {
        file.push_str(text);
    }
}

/// Adds the schemas of the types to the files: the shared ones last, when it is known which of them
/// the modules refer to.
fn add_schemas(
    common: &Document,
    modules: &[Modelled<'_>],
    shared: &Modelled<'_>,
    files: &mut BTreeMap<String, String>,
) -> Result<(), Error> {
    let types = schemas::types(common, &shared.model)?;
    let mut add = |module: &Modelled<'_>, text: Code| {
        let text = shared.conditions.when_built([SCHEMAS], text);
        append(files, module, &text.into_string());
    };
    let mut wanted: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for module in modules {
        let written = schemas::emit(&module.context(common), &types, BTreeMap::new())?;
        add(module, written.code);
        for name in written.shared {
            wanted
                .entry(name)
                .or_default()
                .insert(&module.document.name);
        }
    }
    let written = schemas::emit(&shared.context(common), &types, wanted)?;
    add(shared, written.code);
    Ok(())
}

/// The documents of the modules as progenitor takes them, each complete with the shared records
/// that it names: to measure the generated code against progenitor's own output of the same
/// documents (`benches/compile`).
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
