//! What columns of scalar values have in common.

use super::context::{Context, Path};
use super::growing::GrowingColumn;
use super::token::{Token, token};
use crate::json::Cursor;

/// A value of a column, and whether it is restored as the same text.
pub(super) type Read<V> = Option<(V, bool)>;

/// A column of values that are no records and no lists.
pub(super) trait ScalarColumn: GrowingColumn {
    type Value;

    /// The number of the column, for what does not fit.
    fn number(&self) -> usize;

    /// The value at the cursor, if it is written as usual; then the cursor is behind it. It is
    /// restored as the same text. This is faster than [`read`](Self::read), and otherwise the same.
    fn read_usual(&self, _: &mut Cursor<'_>) -> Option<Self::Value> {
        None
    }

    /// The value of a token that is not null, or none if it does not fit.
    fn read(&mut self, token: Token<'_>, raw: &str) -> Read<Self::Value>;

    /// Appends a value.
    fn push(&mut self, value: Self::Value);
}

/// [`GrowingColumn::append`] of a column of scalar values.
#[inline]
pub(super) fn append<C: ScalarColumn>(
    column: &mut C,
    json: &mut Cursor<'_>,
    path: &Path<'_>,
    context: &mut Context,
) {
    if let Some(value) = column.read_usual(json) {
        return column.push(value);
    }
    let (token, raw) = token(json);
    if matches!(token, Token::Null) {
        context.null(path);
        return column.pad_to(column.len() + 1);
    }
    match column.read(token, raw) {
        Some((value, is_restored)) => {
            column.push(value);
            if !is_restored {
                context.rewritten(column.number(), path, raw);
            }
        }
        None => {
            column.pad_to(column.len() + 1);
            context.misfit(column.number(), path, raw);
        }
    }
}
