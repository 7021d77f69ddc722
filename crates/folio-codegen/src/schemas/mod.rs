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
    pub(crate) text: String,
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
/// file itself, `wanted` names the components that modules refer to.
pub(crate) fn emit(
    context: &Context<'_>,
    shared: &BTreeMap<String, String>,
    wanted: BTreeSet<String>,
) -> Result<Schemas, Error> {
    let components = context.document.schemas()?;
    let own = types(context.document, context.model)?;
    let mut writer = Writer {
        context,
        own: &own,
        shared,
        named: BTreeSet::new(),
        open: wanted
            .into_iter()
            .filter(|name| !own.contains_key(name))
            .collect(),
    };
    let mut schemas = Code::default();
    for (name, (_, place)) in find(context, &own)? {
        writer.write(&mut schemas, &name, &name, &place)?;
    }
    let mut plain = BTreeSet::new();
    while let Some(component) = writer.open.pop() {
        if plain.contains(&component) {
            continue;
        }
        let (record, schema) = components.get_key_value(&component).ok_or_else(|| {
            let at = format!("/components/schemas/{component}");
            Error::document(
                &context.document.name,
                at,
                "a schema refers to it, and it is not here",
            )
        })?;
        let ty = format!("schema::{component}");
        let place = Subject::component(context.home(), record, schema);
        writer.write(&mut schemas, &ty, &component, &place)?;
        plain.insert(component);
    }
    let mut types = Code::default();
    for component in &plain {
        fill!(&mut types, PLAIN_TYPE, component);
    }
    let mut out = Code::default();
    if !types.is_empty() {
        fill!(&mut out, PLAIN, types);
    }
    if !schemas.is_empty() {
        let document = literal(&context.document.name);
        fill!(&mut out, SCHEMAS, document, schemas);
    }
    Ok(Schemas {
        text: out.into_string(),
        shared: writer.named,
    })
}
