//! The handle of a module: one function per operation.

use std::collections::BTreeSet;

use super::docs;
use super::responses::{item_type, output};
use super::setters::{body_functions, optional_setters, query_argument};
use crate::context::Context;
use crate::error::Error;
use crate::facts::Operation;
use crate::module_name::handle_name;
use crate::names::{argument, ident};
use crate::template::{Code, fill, literal};

const HANDLE: &str = "
    {docs}
    #[derive(Clone, Debug)]
    pub struct {handle}<M = rt::Async> {
        pub(crate) client: rt::FolioClient,
        pub(crate) mode: M,
    }
    impl<M: rt::Mode> {handle}<M> {
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

const BODY: &str = "self::begin(self, super::OPERATIONS.get({number}), &[{path}])";

/// The body of a function with required query parameters.
const BODY_WITH_QUERY: &str = "
    let mut call = self::begin(self, super::OPERATIONS.get({number}), &[{path}]);
    {setters}
    call
";

pub(super) fn handle(
    context: &Context<'_>,
    operations: &[Operation],
    types: &docs::Types<'_>,
) -> Result<Code, Error> {
    let mut functions = Code::default();
    for (number, operation) in operations.iter().enumerate() {
        function(&mut functions, context, operation, number)?;
    }
    let mut out = Code::default();
    let mut docs = docs::sentence_of_module(context.document);
    docs.extend([
        String::new(),
        "One function per operation. It returns a builder, whose functions set the optional parameters; `send` sends the request.".to_owned(),
    ]);
    docs.extend(types.handle_example());
    let handle = handle_name(context.document.feature());
    fill!(&mut out, HANDLE, docs = Code::docs(docs), handle, functions);
    Ok(out)
}

fn function(
    out: &mut Code,
    context: &Context<'_>,
    operation: &Operation,
    number: usize,
) -> Result<(), Error> {
    let mut named = Vec::new();
    let mut arguments = String::new();
    let mut path = Vec::new();
    let mut names = BTreeSet::new();
    for parameter in &operation.path_parameters {
        let name = argument(parameter, &mut names);
        arguments.push_str(&format!(", {name}: impl rt::Display"));
        path.push(format!("&{name}"));
        named.push((&**parameter, name));
    }
    let mut setters = String::new();
    let required = operation.query.iter().filter(|query| query.required);
    for parameter in required {
        let name = argument(&parameter.name, &mut names);
        let query = query_argument(context, operation, parameter)?;
        arguments.push_str(&format!(", {name}: {}", query.ty()));
        setters.push_str(&query.set("call", parameter, &name));
        named.push((&*parameter.name, name));
    }
    let (output, item) = (output(context, operation)?, item_type(context, operation));
    let call = docs::Call {
        output: &output.ty,
        item: item.as_deref(),
        arguments: named,
        setters: optional_setters(operation)
            .into_iter()
            .map(|(parameter, name)| (&*parameter.name, name))
            .collect(),
        bodies: body_functions(operation),
    };
    let docs = docs::operation(context, operation, &call);
    let (number, path) = (number.to_string(), path.join(", "));
    let mut body = Code::default();
    match setters.is_empty() {
        true => fill!(&mut body, BODY, number, path),
        false => fill!(&mut body, BODY_WITH_QUERY, number, path, setters),
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
