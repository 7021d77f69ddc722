//! The names of Java classes in messages.

/// The package of RMB's classes.
pub(super) const MODEL: &str = "org.folio.rest.jaxrs.model";

/// The Java class of an enum: that of the class that has the field, from the chain, and the field.
pub(super) fn enum_class(chain: &str, path: &str) -> String {
    let owner = chain
        .rsplit("->")
        .find_map(|link| link.split_once("[\"").map(|(owner, _)| owner))
        .unwrap_or(MODEL);
    let name = path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .split('[')
        .next()
        .unwrap_or_default();
    format!("{owner}${}", capitalized(name))
}

/// `…->`, unless it is the first of a chain.
pub(super) fn arrow(chain: &str) -> String {
    if chain.is_empty() {
        String::new()
    } else {
        format!("{chain}->")
    }
}

/// A name whose first letter is a capital.
pub(super) fn capitalized(name: &str) -> String {
    let mut chars = name.trim_start_matches('_').chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
