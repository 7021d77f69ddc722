//! An operation as a constant, and as a type that represents it.

use super::facts::{expression, paging};
use crate::facts::Operation;
use crate::server_facts::Deletes;
use crate::template::{Code, fill, literal};

const CONSTANT: &str = "
    #[doc(hidden)]
    pub static {constant}: rt::Operation = rt::Operation {
        name: {name_literal},
        module: {module},
        interface: {interface},
        method: rt::Method::{method},
        path: {path},
        permissions: &{permissions},
        paging: {paging},
        accept: {accept},
        needs_body: {needs_body},
        parameters: &{parameters},
        responses: &{responses},
        facts: {facts},
    };
";

const MARKER: &str = "pub enum {call} {}";

/// The constant of an operation.
pub(super) fn constant(out: &mut Code, operation: &Operation, module: &str) {
    let parameters: Vec<&String> = operation.query.iter().map(|query| &query.name).collect();
    let paging = match &operation.paging {
        None => "None".to_owned(),
        Some(facts) => format!("Some({})", paging(facts, "rt::")),
    };
    let needs_body = operation.needs_body && !operation.bodies.is_empty();
    fill!(
        out,
        CONSTANT,
        constant = constant_name(operation),
        name_literal = literal(&operation.name),
        module = literal(module),
        interface = literal(&operation.interface),
        method = operation.method.to_ascii_uppercase(),
        path = literal(&operation.path),
        permissions = literal(&operation.permissions),
        paging,
        accept = literal(&operation.accept),
        needs_body = needs_body.to_string(),
        parameters = literal(&parameters),
        responses = literal(&operation.responses),
        facts = expression(&operation.server, "rt::"),
    );
}

pub(super) fn constant_name(operation: &Operation) -> String {
    operation.name.to_ascii_uppercase()
}

/// The type that stands for an operation. It distinguishes the calls of a module, which share one
/// builder type.
pub(super) fn marker(out: &mut Code, operation: &Operation) {
    fill!(out, MARKER, call = operation.call);
}

/// Whether more than what the path or the parameters name may be deleted.
pub(crate) fn needs_confirmation(operation: &Operation) -> bool {
    let names_a_record = operation.path.ends_with('}') && !operation.path.ends_with("{+rest}");
    operation.method == "delete"
        && match operation.server.deletes {
            Some(Deletes::Query | Deletes::All) => true,
            Some(_) => false,
            None => !names_a_record,
        }
}
