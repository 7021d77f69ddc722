//! The files of a module and of the shared records.

use super::{builders, collections, enums, handle, operations, records, unions};
use crate::context::Context;
use crate::error::Error;
use crate::facts::Operation;
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
        /// The operations as types, by which their calls are told apart.
        #[allow(missing_docs)]
        pub mod operation {
            {markers}
        }
        {builders}
    }
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
        operations::constant(&mut constants, operation, &context.document.name);
        operations::marker(&mut markers, operation);
        builders::builder(&mut builders, context, operation)?;
    }
    let mut out = Code::default();
    fill!(
        &mut out,
        MODULE,
        types = types(context)?,
        collections = collections::collections(context.model, operations),
        constants,
        handle = handle::handle(context, operations)?,
        markers,
        builders,
    );
    Ok(out.into_string())
}

/// The file of the shared records.
pub(crate) fn common(context: &Context<'_>) -> Result<String, Error> {
    let mut out = Code::default();
    fill!(&mut out, SHARED_RECORDS, types = types(context)?);
    Ok(out.into_string())
}

fn types(context: &Context<'_>) -> Result<Code, Error> {
    let mut out = records::records(context)?;
    out.append(&unions::unions(&context.model.unions));
    out.append(&enums::enums(&context.model.enums));
    Ok(out)
}
