//! The handle of a module: one function per operation.

use std::collections::BTreeSet;

use super::docs;
use super::operations::constant_name;
use super::responses::output;
use super::setters::query_argument;
use crate::context::Context;
use crate::error::Error;
use crate::facts::Operation;
use crate::names::{argument, ident};
use crate::template::{Code, fill, literal};

const HANDLE: &str = "
    /// The operations of `{module}`.
    #[derive(Clone, Debug)]
    pub struct Api<M = rt::Async> {
        pub(crate) client: rt::FolioClient,
        pub(crate) mode: M,
    }
    impl<M: rt::Mode> Api<M> {
        {functions}
    }
";

const FUNCTION: &str = "
    {docs}
    {attributes}
    pub fn {name}(&self{arguments}) -> {call}<M> {
        {body}
    }
";

const ALIAS: &str = "#[doc(alias = {id})]";

const DEPRECATED: &str = r#"#[deprecated = "deprecated by the module"]"#;

const BODY: &str = "self::begin(self, &super::{constant}, &[{path}])";

/// The body of a function with required query parameters.
const BODY_WITH_QUERY: &str = "
    let mut call = self::begin(self, &super::{constant}, &[{path}]);
    {setters}
    call
";

pub(super) fn handle(context: &Context<'_>, operations: &[Operation]) -> Result<Code, Error> {
    let mut functions = Code::default();
    for operation in operations {
        function(&mut functions, context, operation)?;
    }
    let mut out = Code::default();
    let module = &*context.document.name;
    fill!(&mut out, HANDLE, module, functions);
    Ok(out)
}

fn function(out: &mut Code, context: &Context<'_>, operation: &Operation) -> Result<(), Error> {
    let mut docs = docs::operation(context, operation);
    docs.push(docs::output(&output(context, operation)?.ty));
    let mut arguments = String::new();
    let mut path = Vec::new();
    let mut names = BTreeSet::new();
    for parameter in &operation.path_parameters {
        let name = argument(parameter, &mut names);
        arguments.push_str(&format!(", {name}: impl rt::Display"));
        path.push(format!("&{name}"));
    }
    let mut setters = String::new();
    let required = operation.query.iter().filter(|query| query.required);
    for parameter in required {
        let name = argument(&parameter.name, &mut names);
        let query = query_argument(context, operation, parameter)?;
        arguments.push_str(&format!(", {name}: {}", query.ty()));
        setters.push_str(&query.set("call", parameter, &name));
    }
    let (constant, path) = (constant_name(operation), path.join(", "));
    let mut body = Code::default();
    match setters.is_empty() {
        true => fill!(&mut body, BODY, constant, path),
        false => fill!(&mut body, BODY_WITH_QUERY, constant, path, setters),
    }
    fill!(
        out,
        FUNCTION,
        docs = Code::docs(docs),
        attributes = attributes(operation),
        name = ident(&operation.name),
        arguments,
        call = operation.call,
        body,
    );
    Ok(())
}

fn attributes(operation: &Operation) -> Code {
    let mut out = Code::default();
    let is_alias =
        |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if let Some(id) = &operation.upstream_id
        && is_alias(id)
        && *id != operation.name
    {
        fill!(&mut out, ALIAS, id = literal(id));
    }
    if operation.deprecated {
        fill!(&mut out, DEPRECATED);
    }
    out
}
