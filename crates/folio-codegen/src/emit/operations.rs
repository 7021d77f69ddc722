//! Operations as rows of a table, and as types that represent them.

use super::facts::{expression, paging};
use crate::error::Error;
use crate::facts::Operation;
use crate::server_facts::Deletes;
use crate::template::{Code, fill, literal};

/// One table for all operations of a module, of which the texts are read when they are needed: that
/// is what costs the compiler least.
const TABLE: &str = "
    #[doc(hidden)]
    pub static OPERATIONS: rt::OperationTable = rt::OperationTable::new({module}, &ROWS);
    static ROWS: [rt::OperationRow; {count}] = [
        {rows}
    ];
";

const ROW: &str = "
    rt::OperationRow {
        method: rt::Method::{method},
        texts: {texts},
        needs_body: {needs_body},
        paging: {paging},
        facts: {facts},
    },
";

const MARKER: &str = "pub enum {call} {}";

/// The table of the operations of a module. Each is identified by its position in it.
pub(super) fn table(operations: &[Operation], module: &str) -> Result<Code, Error> {
    let mut rows = Code::default();
    for operation in operations {
        row(&mut rows, operation, module)?;
    }
    let mut out = Code::default();
    if !operations.is_empty() {
        let (module, count) = (literal(module), operations.len().to_string());
        fill!(&mut out, TABLE, module, count, rows);
    }
    Ok(out)
}

fn row(out: &mut Code, operation: &Operation, module: &str) -> Result<(), Error> {
    let paging = match &operation.paging {
        None => "None".to_owned(),
        Some(facts) => format!("Some({})", paging(facts, "rt::")),
    };
    let needs_body = operation.needs_body && !operation.bodies.is_empty();
    fill!(
        out,
        ROW,
        method = operation.method.to_ascii_uppercase(),
        texts = literal(&texts(operation, module)?),
        needs_body = needs_body.to_string(),
        paging,
        facts = expression(&operation.server, "rt::"),
    );
    Ok(())
}

/// The texts of an operation as the SDK reads them (`wire/operation_table.rs`): columns end with a
/// tab, items of a list with a line break.
fn texts(operation: &Operation, module: &str) -> Result<String, Error> {
    let responses = operation.responses.iter().map(|(status, media_type)| {
        let response = format!("{status} {media_type}");
        response.trim_end().to_owned()
    });
    let parameters = operation.query.iter().map(|query| query.name.clone());
    let lists: [Vec<String>; 7] = [
        vec![operation.name.clone()],
        vec![operation.interface.clone()],
        vec![operation.path.clone()],
        vec![operation.accept.clone()],
        operation.permissions.clone(),
        parameters.collect(),
        responses.collect(),
    ];
    if let Some(text) = lists
        .iter()
        .flatten()
        .find(|text| text.contains(['\t', '\n']))
    {
        let at = format!("/paths/{}/{}", operation.path, operation.method);
        let problem = format!("{text:?} has a tab or a line break");
        return Err(Error::document(module, at, problem));
    }
    Ok(lists.map(|list| list.join("\n")).join("\t"))
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
