//! The JSON Schemas of the generated types (feature `schemars`), taken from the canonical documents
//! and not from the code, which knows less: limits, patterns and defaults are lowered away before
//! it is made.
//!
//! A schema is text in the program. Where it refers to another component stands the number of a
//! type that has that component's schema: the type that was generated for it or, for what has no
//! type of its own (lists, maps, any JSON), one in the module `schema`.

mod places;
mod writer;

use std::collections::{BTreeMap, BTreeSet};

use crate::conditions::Conditions;
use crate::context::Context;
use crate::document::Document;
use crate::error::Error;
use crate::model::Model;
use crate::names::squashed;
use crate::subject::Subject;
use crate::template::{Code, fill, literal};

use places::{Found, Place};
use writer::Writer;

const PLAIN: &str = "
    /// Schemas without types of their own.
    pub(crate) mod schema {
        {types}
    }
";

const PLAIN_TYPE: &str = "pub(crate) enum {component} {}";

const SCHEMAS: &str = "
    crate::__schemas! { {document};
        {schemas}
    }
";

/// The schemas of a file.
pub(crate) struct Schemas {
    /// The code for the end of a module's file.
    pub(crate) code: Code,
    /// The shared components that the schemas refer to.
    pub(crate) shared: BTreeSet<String>,
}

/// The names of the types that were generated for components.
pub(crate) fn types(document: &Document, model: &Model) -> Result<BTreeMap<String, String>, Error> {
    let generated: BTreeMap<String, &String> =
        model.names().map(|name| (squashed(name), name)).collect();
    let mut types = BTreeMap::new();
    for component in document.schemas()?.keys() {
        let name = squashed(component);
        // A name that would hide a name of Rust's prelude is prefixed.
        let name = generated
            .get(&name)
            .or_else(|| generated.get(&format!("{name}record")));
        if let Some(name) = name {
            types.insert(component.clone(), (*name).clone());
        }
    }
    Ok(types)
}

/// The generated types, each with a JSON pointer to its schema in the document. A pointer goes
/// through references and `allOf`.
#[cfg(feature = "surface")]
pub(crate) fn places(context: &Context<'_>) -> Result<BTreeMap<String, String>, Error> {
    let own = types(context.document, context.model)?;
    let found = find(context, &own)?.into_iter();
    Ok(found.map(|(name, (pointer, _))| (name, pointer)).collect())
}

/// The generated types, each with the subject of its documentation.
pub(crate) fn subjects<'a>(
    context: &'a Context<'a>,
) -> Result<BTreeMap<String, Subject<'a>>, Error> {
    let own = types(context.document, context.model)?;
    let found = find(context, &own)?.into_iter();
    Ok(found.map(|(name, (_, subject))| (name, subject)).collect())
}

/// The generated types, each with the position of its schema.
fn find<'a>(
    context: &'a Context<'a>,
    own: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, (String, Place<'a>)>, Error> {
    let components = context.document.schemas()?;
    let mut found = Found {
        context,
        types: BTreeMap::new(),
        open: Vec::new(),
    };
    for (component, name) in own {
        if let Some((component, schema)) = components.get_key_value(component) {
            let pointer = format!("/components/schemas/{component}");
            let place = Subject::component(context.home(), component, schema);
            found.add(name, pointer, place);
        }
    }
    found.add_parts();
    found.add_operations();
    found.add_parts();
    Ok(found.types)
}

/// Writes the schemas of a file. `shared` has the types of the shared components; in the shared
/// file itself, `wanted` names the components that modules refer to, with these modules.
pub(crate) fn emit(
    context: &Context<'_>,
    shared: &BTreeMap<String, String>,
    wanted: BTreeMap<String, BTreeSet<&str>>,
) -> Result<Schemas, Error> {
    let components = context.document.schemas()?;
    let own = types(context.document, context.model)?;
    let mut writer = Writer {
        context,
        own: &own,
        shared,
        named: BTreeSet::new(),
        open: BTreeSet::new(),
    };
    let conditions = context.conditions;
    let mut plain = Plain::default();
    for (component, modules) in wanted {
        if !own.contains_key(&component) {
            plain.need(&component, &modules);
        }
    }
    let mut schemas = Code::default();
    for (name, (_, place)) in find(context, &own)? {
        let code = writer.write(&name, &name, &place)?;
        schemas.append(&conditions.when([&*name], code));
        let modules = conditions.modules([&*name]).unwrap_or_default();
        for component in std::mem::take(&mut writer.open) {
            plain.need(&component, &modules);
        }
    }
    while let Some(component) = plain.open.pop_first() {
        if !plain.written.contains_key(&component) {
            let (record, schema) = components.get_key_value(&component).ok_or_else(|| {
                let at = format!("/components/schemas/{component}");
                let problem = "a schema refers to it, and it is not here";
                Error::document(&context.document.name, at, problem)
            })?;
            let ty = format!("schema::{component}");
            let place = Subject::component(context.home(), record, schema);
            let code = writer.write(&ty, &component, &place)?;
            let written = (code, std::mem::take(&mut writer.open));
            plain.written.insert(component.clone(), written);
        }
        plain.pass_on(&component);
    }
    let mut types = Code::default();
    for (component, (code, _)) in &plain.written {
        let mut ty = Code::default();
        fill!(&mut ty, PLAIN_TYPE, component);
        types.append(&plain.when(conditions, component, ty));
        schemas.append(&plain.when(conditions, component, code.clone()));
    }
    let mut out = Code::default();
    if !types.is_empty() {
        let mut module = Code::default();
        fill!(&mut module, PLAIN, types);
        let all = plain.needed.values().flatten().copied();
        out.append(&conditions.when_built(all, module));
    }
    if !schemas.is_empty() {
        let mut all = Code::default();
        fill!(
            &mut all,
            SCHEMAS,
            document = literal(&context.document.name),
            schemas
        );
        let typed = conditions.modules(context.model.names().map(|name| &**name));
        let modules = plain.needed.values().flatten().copied();
        let modules = typed.into_iter().flatten().chain(modules);
        out.append(&conditions.when_built(modules, all));
    }
    Ok(Schemas {
        code: out,
        shared: writer.named,
    })
}

/// The components without types of their own that schemas refer to.
#[derive(Default)]
struct Plain<'a> {
    /// Each with the modules that need it, where code is written for any modules.
    needed: BTreeMap<String, BTreeSet<&'a str>>,
    /// What was written, each with the components that it refers to.
    written: BTreeMap<String, (Code, BTreeSet<String>)>,
    /// Those that are to be written, or whose modules grew.
    open: BTreeSet<String>,
}

impl<'a> Plain<'a> {
    fn need(&mut self, component: &str, modules: &BTreeSet<&'a str>) {
        let is_new = !self.needed.contains_key(component);
        let known = self.needed.entry(component.to_owned()).or_default();
        let count = known.len();
        known.extend(modules);
        if is_new || known.len() > count {
            self.open.insert(component.to_owned());
        }
    }

    /// What a component refers to is needed where it is.
    fn pass_on(&mut self, component: &str) {
        let modules = self.needed.get(component).cloned().unwrap_or_default();
        let others = self
            .written
            .get(component)
            .map(|(_, others)| others.clone());
        for other in others.into_iter().flatten() {
            self.need(&other, &modules);
        }
    }

    fn when(&self, conditions: &Conditions, component: &str, code: Code) -> Code {
        let modules = self.needed.get(component).into_iter().flatten().copied();
        conditions.when_built(modules, code)
    }
}
