//! What the reports in JSON Lines have in common: rows of several releases, types as short
//! expressions, and the records of lists.

pub(super) mod list_record;
pub(super) mod merged;
pub(super) mod releases;
pub(super) mod type_expression;
