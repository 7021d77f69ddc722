//! Whether a text is a UUID.

/// 8-4-4-4-12 digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A UUID of a version from 1 to 5 and the usual variant.
pub(crate) fn is_versioned_uuid(text: &str) -> bool {
    is_uuid(text)
        && matches!(text.as_bytes().get(14), Some(b'1'..=b'5'))
        && matches!(
            text.as_bytes().get(19),
            Some(b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
        )
}
