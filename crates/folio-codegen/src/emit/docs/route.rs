//! The route of an operation, and short texts of documents.

use crate::facts::Operation;
use crate::text::code;

/// The route by which the glossary knows an operation.
pub(super) fn route_key(operation: &Operation) -> String {
    format!(
        "{} {}",
        operation.method.to_ascii_uppercase(),
        operation.path
    )
}

/// Method and path as code.
pub(crate) fn route(operation: &Operation) -> String {
    code(&route_key(operation))
}

/// Text that documentation shows as it is: a version, a style. What looks like no such thing is
/// shown as code.
pub(crate) fn plain(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | ' ');
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        code(text)
    }
}
