//! Names of modules, records and methods, as users write them.

/// The record that a reference names.
pub(crate) fn plain(reference: &str) -> &str {
    reference.rsplit('#').next().unwrap_or(reference)
}

/// Whether a word is a method of HTTP, in capital letters.
pub(crate) fn is_method(word: &str) -> bool {
    matches!(
        word,
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS"
    )
}

/// Whether a module is meant, by its name with or without `mod-`.
pub(crate) fn is_module(module: &str, named: &str) -> bool {
    let short = module.strip_prefix("mod-").unwrap_or(module);
    module.eq_ignore_ascii_case(named) || short.eq_ignore_ascii_case(named)
}
