//! The files of a module and of the shared records.

use super::builders::builder;
use super::collections::collections;
use super::enums::enums;
use super::handle::handle;
use super::operations::{constant, marker};
use super::records::records;
use super::unions::unions;
use crate::context::Context;
use crate::error::Error;
use crate::facts::{Operation, Response};
use crate::template::{Code, fill};

const MODULE: &str = "
    #[allow(unused_imports)]
    use crate::runtime as rt;
    {types}
    {collections}
    {constants}
    /// The calls of the module: what its handle gives.
    pub mod call {
        #[allow(unused_imports)]
        use crate::runtime as rt;
        {handle}
        crate::__builder!();
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
    let mut constants = Code::default();
    let mut markers = Code::default();
    let mut builders = Code::default();
    for operation in operations {
        constant(&mut constants, operation, &context.document.name);
        marker(&mut markers, operation);
        builder(&mut builders, context, operation)?;
    }
    let mut out = Code::default();
    fill!(
        &mut out,
        MODULE,
        types = types(context)?,
        collections = collections(context.model, operations),
        constants,
        handle = handle(context, operations)?,
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
    let mut out = Code::default();
    fill!(&mut out, SHARED_RECORDS, types = types(context)?);
    Ok(out.into_string())
}

fn types(context: &Context<'_>) -> Result<Code, Error> {
    let mut out = records(context)?;
    out.append(&unions(&context.model.unions));
    out.append(&enums(&context.model.enums));
    Ok(out)
}
