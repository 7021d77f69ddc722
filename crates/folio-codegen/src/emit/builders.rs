//! The operation-specific part of a request builder: its name, its response type, and its setters.
//! The common part of all builders is a macro of the SDK (`__builder`).

use super::bodies::body_setter;
use super::docs;
use super::operations::needs_confirmation;
use super::responses::{Output, item_type, output, several};
use super::setters::{
    accept_function, body_functions, is_paged, is_streamed, optional_setters, query_argument,
};
use crate::context::Context;
use crate::error::Error;
use crate::facts::{Operation, Response, Success};
use crate::server_facts::Deletes;
use crate::template::{Code, fill, literal};
use crate::text::code;

const BUILDER: &str = "
    /// {docs}
    pub type {call}<M = rt::Async> = Builder<operation::{call}, M>;
    {traits}
    {setters}
    {several}
";

const RESPONSE: &str = "impl rt::HasResponse for operation::{call} { type Response = {response}; }";

const STREAMED: &str = "impl rt::Streamed for operation::{call} {}";

const POLLED: &str = "impl rt::LongRunning for operation::{call} {}";

const LISTED: &str = "impl rt::Listed for operation::{call} { type Item = {item}; }";

const SETTERS: &str = "
    impl<M: rt::Mode> Builder<operation::{call}, M> {
        {setters}
    }
";

const LIMIT: &str = "
    /// The number of records per page. If absent, the server's default applies, mostly 10; a stream requests larger pages.
    pub fn limit(mut self, limit: u32) -> Self {
        self.0.limit(limit);
        self
    }
";

const OFFSET: &str = "
    /// The number of records to skip before the first one; 0 if absent.
    pub fn offset(mut self, offset: u32) -> Self {
        self.0.offset(offset);
        self
    }
";

const PARAMETER: &str = "
    {docs}
    pub fn {function}(mut self, {function}: {ty}) -> Self {
        {statement}
        self
    }
";

const CONFIRM: &str = "
    /// {docs} Without it nothing is sent.
    pub fn confirm(mut self, deletion: rt::Deletion) -> Self {
        self.0.confirm(deletion);
        self
    }
";

const ACCEPT: &str = "
    /// Asks for [`{variant}`]({response_type}::{variant}), {media_type}.
    pub fn {function}(mut self) -> Self {
        self.0.accept({media_types});
        self
    }
";

const STREAM: &str = "
    /// Sends the request and gives the records of the response, one per line, as they arrive: see [`Records`](crate::Records).
    ///
    /// # Errors
    /// The request could not be made or sent, the server rejected it, or its response is not as described: see [`Error`](crate::Error).
    pub fn stream(self) -> M::Sent<M::Stream<rt::Records<{record}>>> {
        self.1.open(self.0.lines())
    }
";

pub(super) fn builder(
    out: &mut Code,
    context: &Context<'_>,
    operation: &Operation,
) -> Result<(), Error> {
    let call = &*operation.call;
    let (output, item) = (output(context, operation)?, item_type(context, operation));
    let mut setters = Code::default();
    let own = own_setters(context, operation, &output)?;
    if !own.is_empty() {
        fill!(&mut setters, SETTERS, call, setters = own);
    }
    fill!(
        out,
        BUILDER,
        docs = docs::alias(operation, &output.ty, item.as_deref()),
        call,
        traits = traits(operation, &output, item),
        setters,
        several = several(context, operation)?,
    );
    Ok(())
}

/// What the response of an operation is, by which the builder has `send`, `download` and `stream`.
fn traits(operation: &Operation, output: &Output, item: Option<String>) -> Code {
    let mut out = Code::default();
    let call = &*operation.call;
    if let Some(response) = &output.read_as {
        fill!(&mut out, RESPONSE, call, response = *response);
    }
    if is_streamed(operation) {
        fill!(&mut out, STREAMED, call);
    }
    if let Some(item) = item {
        fill!(&mut out, LISTED, call, item);
    }
    if operation.server.job.is_some() && output.read_as.is_some() {
        fill!(&mut out, POLLED, call);
    }
    out
}

fn own_setters(
    context: &Context<'_>,
    operation: &Operation,
    output: &Output,
) -> Result<Code, Error> {
    let mut out = Code::default();
    for (parameter, function) in optional_setters(operation) {
        match (is_paged(operation), &*parameter.name) {
            (true, "limit") => fill!(&mut out, LIMIT),
            (true, "offset") => fill!(&mut out, OFFSET),
            _ => {
                let query = query_argument(context, operation, parameter)?;
                let statement = query.set("self", parameter, &function);
                let docs = Code::docs(docs::parameter(context, operation, &parameter.name));
                let ty = query.ty();
                fill!(&mut out, PARAMETER, docs, function, ty, statement);
            }
        }
    }
    for (body, function) in operation.bodies.iter().zip(body_functions(operation)) {
        body_setter(&mut out, context, operation, body, &function)?;
    }
    if needs_confirmation(operation) {
        let docs = match operation.server.deletes {
            Some(Deletes::Query) => {
                "Confirms that the records that match the query are to be deleted."
            }
            _ => "Confirms, by `Deletion::All`, that everything is to be deleted.",
        };
        fill!(&mut out, CONFIRM, docs);
    }
    match &operation.response {
        Response::Several(successes) => {
            let by_media_type = successes.iter().filter(|success| success.status.is_none());
            by_media_type.for_each(|success| accept(&mut out, operation, success));
        }
        Response::Lines => fill!(&mut out, STREAM, record = output.ty),
        _ => {}
    }
    Ok(out)
}

/// The setter that asks for one of several responses.
fn accept(out: &mut Code, operation: &Operation, success: &Success) {
    let first = success.media_types.first();
    fill!(
        out,
        ACCEPT,
        variant = success.name,
        response_type = operation.response_type,
        media_type = code(first.map_or("", String::as_str)),
        function = accept_function(success),
        media_types = literal(&success.media_types.join(", ")),
    );
}
