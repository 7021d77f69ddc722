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

/// The length of a UUID between quotation marks.
pub(crate) const QUOTED: usize = LENGTH + 2;

/// The bytes of a UUID with hyphens, in lower case, between quotation marks. None of other text,
/// which can be a UUID as well: this is the form that all modules write.
#[inline]
pub(crate) fn quoted(text: &[u8; QUOTED]) -> Option<[u8; 16]> {
    let is_marked = text[0] == b'"' && text[37] == b'"';
    let has_hyphens = text[9] == b'-' && text[14] == b'-' && text[19] == b'-' && text[24] == b'-';
    if !is_marked || !has_hyphens {
        return None;
    }
    let mut digits = [0; 32];
    digits[..8].copy_from_slice(&text[1..9]);
    digits[8..12].copy_from_slice(&text[10..14]);
    digits[12..16].copy_from_slice(&text[15..19]);
    digits[16..20].copy_from_slice(&text[20..24]);
    digits[20..].copy_from_slice(&text[25..37]);
    let mut all = [0; 16];
    for (digits, bytes) in digits.chunks_exact(8).zip(all.chunks_exact_mut(4)) {
        let digits = u64::from_le_bytes(*digits.first_chunk()?);
        if !are_digits(digits) {
            return None;
        }
        bytes.copy_from_slice(&bytes_of(digits));
    }
    Some(all)
}

/// The same byte eight times.
const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Whether eight bytes are hexadecimal digits in lower case. All are compared at once: the highest
/// bit of a sum says whether the byte reaches a limit.
fn are_digits(bytes: u64) -> bool {
    let reaches = |limit: u8| bytes.wrapping_add(each(0x80 - limit));
    let is_decimal = reaches(b'0') & !reaches(b'9' + 1);
    let is_letter = reaches(b'a') & !reaches(b'f' + 1);
    // Sums of bytes beyond ASCII carry over; such text has no digits only.
    bytes & each(0x80) == 0 && (is_decimal | is_letter) & each(0x80) == each(0x80)
}

/// The four bytes that eight hexadecimal digits denote.
fn bytes_of(digits: u64) -> [u8; 4] {
    // The values of letters are their low bits, plus 9.
    let values = (digits & each(0x0f)) + 9 * ((digits >> 6) & each(1));
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let pairs = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    let [a, b, c, d, ..] = (pairs | pairs >> 16).to_le_bytes();
    [a, b, c, d]
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

    #[test]
    fn the_usual_form_is_read_as_any_other() {
        let mut digits = 0_u128;
        for n in 0..2_000_u128 {
            digits = digits.wrapping_mul(0x2545_f491_4f6c_dd1d_9e37_79b9_7f4a_7c15) + n;
            let text = format!("\"{}\"", Uuid::from_u128(digits).hyphenated());
            let text: &[u8; QUOTED] = text.as_bytes().try_into().unwrap();
            assert_eq!(quoted(text), Some(digits.to_be_bytes()));
            // Every other byte at every place is either no such text, or another UUID.
            let place = usize::try_from(n).unwrap() % QUOTED;
            for byte in 0..=255 {
                let mut changed = *text;
                changed[place] = byte;
                let inner = std::str::from_utf8(&changed[1..=LENGTH]).ok();
                let has_marks = changed[0] == b'"' && changed[QUOTED - 1] == b'"';
                let expected = inner
                    .and_then(parse)
                    .filter(|(_, is_lower)| *is_lower && has_marks);
                assert_eq!(
                    quoted(&changed),
                    expected.map(|(bytes, _)| bytes),
                    "{changed:?}"
                );
            }
        }
    }
}
