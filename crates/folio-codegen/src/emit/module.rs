//! The files of a module and of the shared records.

use super::builders::builder;
use super::collections::{collections, stored};
use super::docs::Types;
use super::enums::enums;
use super::handle::handle;
use super::operations::{marker, table};
use super::records::records;
use super::unions::unions;
use crate::context::Context;
use crate::error::Error;
use crate::facts::{Operation, Response};
use crate::module_name;
use crate::template::{Code, fill};

const MODULE: &str = "
    #[allow(unused_imports)]
    use crate::runtime as rt;
    {types}
    {collections}
    {table}
    #[doc(inline)]
    pub use call::{handle_name};
    /// One request builder per operation; its functions set the parameters.
    pub mod operation {
        #[doc(inline)]
        pub use super::call::{{operations}};
    }
    /// The calls of the module: what its handle gives.
    #[doc(hidden)]
    pub mod call {
        #[allow(unused_imports)]
        use crate::runtime as rt;
        {handle}
        crate::__builder!({handle_name});
        /// One type per operation, which identifies its calls.
        #[allow(missing_docs)]
        pub mod operation {
            {markers}
        }
        {builders}
    }
    {responses}
";

const RESPONSES: &str = "
    #[doc(no_inline)]
    pub use call::{{names}};
";

const SHARED_RECORDS: &str = "
    #[allow(unused_imports)]
    use crate::runtime as rt;
    {types}
";

/// The file of a module.
pub(crate) fn module(context: &Context<'_>, operations: &[Operation]) -> Result<String, Error> {
    let mut markers = Code::default();
    let mut builders = Code::default();
    let mut names = vec!["Builder"];
    for operation in operations {
        names.push(&operation.call);
        if matches!(operation.response, Response::Several(_)) {
            names.push(&operation.response_type);
        }
        marker(&mut markers, operation);
        builder(&mut builders, context, operation)?;
    }
    let collections = collections(context.model, operations);
    let docs = Types::of(context, operations, &collections)?;
    let mut out = Code::default();
    fill!(
        &mut out,
        MODULE,
        types = types(context, &docs)?,
        handle_name = handle_name(context)?,
        operations = names.join(", "),
        collections = stored(&collections),
        table = table(operations, &context.document.name)?,
        handle = handle(context, operations, &docs)?,
        markers,
        builders,
        responses = responses(context, operations),
    );
    Ok(out.into_string())
}

/// The types of responses that are one of several things: a program finds them beside the records.
fn responses(context: &Context<'_>, operations: &[Operation]) -> Code {
    let several = operations
        .iter()
        .filter(|operation| matches!(operation.response, Response::Several(_)))
        .map(|operation| operation.response_type.as_str())
        .filter(|name| !context.model.names().any(|other| other == name));
    let names: Vec<&str> = several.collect();
    let mut out = Code::default();
    if !names.is_empty() {
        fill!(&mut out, RESPONSES, names = names.join(", "));
    }
    out
}

/// The file of the shared records.
pub(crate) fn common(context: &Context<'_>) -> Result<String, Error> {
    let docs = Types::of(context, &[], &[])?;
    let mut out = Code::default();
    fill!(&mut out, SHARED_RECORDS, types = types(context, &docs)?);
    Ok(out.into_string())
}

fn types(context: &Context<'_>, docs: &Types<'_>) -> Result<Code, Error> {
    let mut out = records(context, docs)?;
    out.append(&unions(context, docs));
    out.append(&enums(context, docs));
    Ok(out)
}

/// The name of the module's handle, which no type beside it may have.
fn handle_name(context: &Context<'_>) -> Result<String, Error> {
    let name = module_name::handle_name(context.document.feature());
    match context.model.names().any(|taken| *taken == name) {
        false => Ok(name),
        true => Err(Error::document(
            &context.document.name,
            format!("/components/schemas/{name}"),
            "this is the name of the module's handle; give the record another one",
        )),
    }
}
