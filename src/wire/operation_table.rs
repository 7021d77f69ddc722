//! The operations of a module as generated code states them: as text, which is read at the first
//! call of an operation.

#![allow(unreachable_pub, reason = "generated code uses it through `runtime`")]

use std::sync::OnceLock;

use http::Method;

use crate::wire::operation::{Facts, Operation};
use crate::wire::paging::Paging;

/// The operations of a module.
///
/// The texts of an operation are one literal. As constants of their own, thousands of lists of texts
/// were a tenth of the time that the compiler needs for all modules.
#[derive(Debug)]
pub struct OperationTable {
    module: &'static str,
    rows: &'static [OperationRow],
    /// Those that were called.
    operations: OnceLock<Box<[OnceLock<Operation>]>>,
}

/// An operation in the table of its module.
#[derive(Debug)]
pub struct OperationRow {
    pub method: Method,
    /// Its name, interface, path, header `Accept`, permissions, parameters and responses, with
    /// [`COLUMN`] between them; lists with [`ITEM`] between their items.
    pub texts: &'static str,
    pub needs_body: bool,
    pub paging: Option<Paging>,
    pub facts: Facts,
}

/// Ends a column of [`OperationRow::texts`].
const COLUMN: char = '\t';

/// Ends an item of a list. Between the status of a response and its media type is a space.
const ITEM: char = '\n';

impl OperationTable {
    pub const fn new(module: &'static str, rows: &'static [OperationRow]) -> Self {
        Self {
            module,
            rows,
            operations: OnceLock::new(),
        }
    }

    /// The operation of a number. Generated code has the number from the same table; that of no row
    /// is an unknown operation.
    pub fn get(&'static self, number: usize) -> &'static Operation {
        let operations = self
            .operations
            .get_or_init(|| self.rows.iter().map(|_| OnceLock::new()).collect());
        match (operations.get(number), self.rows.get(number)) {
            (Some(operation), Some(row)) => operation.get_or_init(|| row.operation(self.module)),
            _ => Operation::generic(),
        }
    }

    /// All operations.
    pub fn iter(&'static self) -> impl Iterator<Item = &'static Operation> {
        (0..self.rows.len()).map(|number| self.get(number))
    }
}

impl OperationRow {
    /// The operation. Its lists are stored as long as the program runs.
    fn operation(&self, module: &'static str) -> Operation {
        let mut columns = self.texts.split(COLUMN);
        let mut next = || columns.next().unwrap_or_default();
        Operation {
            name: next(),
            module,
            interface: next(),
            method: self.method.clone(),
            path: next(),
            accept: next(),
            permissions: items(next()).collect::<Vec<_>>().leak(),
            parameters: items(next()).collect::<Vec<_>>().leak(),
            responses: items(next())
                .map(|response| response.split_once(' ').unwrap_or((response, "")))
                .collect::<Vec<_>>()
                .leak(),
            paging: self.paging,
            needs_body: self.needs_body,
            facts: self.facts,
        }
    }
}

/// The items of a list; none of an empty text.
fn items(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(ITEM).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::operation::Creates;

    static ROWS: [OperationRow; 2] = [
        OperationRow {
            method: Method::POST,
            texts: "create_badge\tbadges 1.0\t/badges\ttext/plain\ta.post\nb.get\tlang\t201 application/json\n204",
            needs_body: true,
            paging: None,
            facts: Facts::unknown().creates(Creates::Record),
        },
        OperationRow {
            method: Method::GET,
            texts: "list_badges\t\t/badges\t\t\t\t",
            needs_body: false,
            paging: None,
            facts: Facts::unknown(),
        },
    ];
    static TABLE: OperationTable = OperationTable::new("mod-badges", &ROWS);

    #[test]
    fn an_operation_is_what_its_row_states() {
        assert_eq!(
            *TABLE.get(0),
            Operation {
                name: "create_badge",
                module: "mod-badges",
                interface: "badges 1.0",
                method: Method::POST,
                path: "/badges",
                permissions: &["a.post", "b.get"],
                paging: None,
                accept: "text/plain",
                needs_body: true,
                parameters: &["lang"],
                responses: &[("201", "application/json"), ("204", "")],
                facts: Facts::unknown().creates(Creates::Record),
            }
        );
        assert!(std::ptr::eq(TABLE.get(0), TABLE.get(0)));
        let listed = Operation::new("list_badges", Method::GET, "/badges").of_module("mod-badges");
        assert_eq!(*TABLE.get(1), listed);
        assert_eq!(TABLE.iter().count(), 2);
        assert_eq!(TABLE.get(2), Operation::generic());
    }
}
