//! URLs without secrets.

use super::secrets::Secrets;

/// A URL from the configuration, for display in an error: without user name, password, query and
/// fragment. Text that may contain them is not shown.
pub(crate) fn url(text: &str) -> String {
    let text = text.trim();
    let has_query = text.contains(['?', '#']);
    let shown = match text.rsplit_once('@') {
        None => text,
        Some(_) if has_query => "…",
        Some((_, "")) => "…@",
        Some((_, host)) => host,
    };
    let end = shown.find(['?', '#']).unwrap_or(shown.len());
    let (shown, cut) = (shown.get(..end).unwrap_or_default(), end < shown.len());
    format!(
        "{}{}",
        Secrets::default().shown(shown),
        if cut { "?…" } else { "" }
    )
}
