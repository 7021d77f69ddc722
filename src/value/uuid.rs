//! UUIDs as text: their form, and their order in the database.

/// Whether an id is ordered after another. The order of UUIDs is known; other text is ordered by
/// the database's collation.
pub(crate) fn is_after(id: &str, before: &str) -> bool {
    if is_uuid(id) && is_uuid(before) {
        // Both have the same length, so that this is the order of the numbers, in upper and lower
        // case.
        let lower = |text: &'_ str| {
            text.bytes()
                .map(|byte| byte.to_ascii_lowercase())
                .collect::<Vec<u8>>()
        };
        lower(id) > lower(before)
    } else {
        id != before
    }
}

/// Whether text is a UUID in the form with hyphens.
pub(crate) fn is_uuid(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether texts are the same UUID. Servers store UUIDs in lower case.
pub(crate) fn is_same_uuid(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) && is_uuid(a)
}

/// Whether a UUID is greater than another. For other keys this is unknown.
pub(crate) fn is_beyond(key: &str, bound: &str) -> bool {
    is_uuid(key) && is_uuid(bound) && is_after(key, bound)
}
