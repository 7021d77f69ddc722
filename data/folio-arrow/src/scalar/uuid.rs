//! UUIDs as 16 bytes.

use uuid::Uuid;

/// The length of a UUID as text.
const LENGTH: usize = 36;

/// The bytes of a UUID with hyphens, and whether the text is in lower case, as it is restored.
pub(crate) fn parse(text: &str) -> Option<([u8; 16], bool)> {
    if text.len() != LENGTH {
        return None;
    }
    let uuid = Uuid::try_parse(text).ok()?;
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    Some((uuid.into_bytes(), is_lower))
}

/// The text of a UUID.
pub(crate) fn text(bytes: [u8; 16]) -> String {
    Uuid::from_bytes(bytes).hyphenated().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uuids_with_hyphens_are_read() {
        let lower = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";
        let (bytes, is_lower) = parse(lower).unwrap();
        assert_eq!((text(bytes).as_str(), is_lower), (lower, true));
        assert_eq!(parse(&lower.to_uppercase()), Some((bytes, false)));
        for other in [
            "",
            "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
            "{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f}",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg",
            "0a1b2c3d-4e5f-6071-8293-a4b5c6d7é8f",
            "urn:uuid:0a1b2c3d-4e5f-6071-8293-a4b",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
