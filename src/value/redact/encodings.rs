//! Forms in which a secret may be echoed: escaped, encoded, in hexadecimal digits.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Whether `secret` starts at this position of a text in some encoding, byte by byte, and where it
/// ends.
pub(super) fn matches(text: &[u8], at: usize, secret: &[u8]) -> Option<usize> {
    let Some((first, rest)) = secret.split_first() else {
        return Some(at);
    };
    let byte = *text.get(at)?;
    // Most positions of most texts.
    if byte == *first
        && let Some(end) = matches(text, at + 1, rest)
    {
        return Some(end);
    }
    let mut end = None;
    encoded(text, at, &mut |bytes, length| {
        if end.is_none()
            && let Some(rest) = secret.strip_prefix(bytes)
        {
            end = matches(text, at + length, rest);
        }
    });
    end
}

/// The characters that the escape at this position may represent, and its length.
fn encoded(text: &[u8], at: usize, each: &mut dyn FnMut(&[u8], usize)) {
    let rest = text.get(at..).unwrap_or_default();
    let character = |code: u32, length: usize, each: &mut dyn FnMut(&[u8], usize)| {
        if let Some(character) = char::from_u32(code) {
            each(character.encode_utf8(&mut [0; 4]).as_bytes(), length);
        }
    };
    match rest {
        // JSON, and JSON nested in JSON, whose escapes are escaped again.
        [b'\\', ..] => {
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            let after = rest.get(slashes..).unwrap_or_default();
            match after {
                [b'u', digits @ ..] => {
                    let unit = |digits: &[u8]| number(digits.get(..4)?, 16);
                    let Some(first) = unit(digits) else {
                        return;
                    };
                    let second = digits.get(4..).and_then(|rest| {
                        let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
                        let digits = rest.get(slashes..)?.strip_prefix(b"u")?;
                        Some((unit(digits)?, slashes + 5))
                    });
                    match second {
                        Some((second @ 0xDC00..=0xDFFF, length))
                            if (0xD800..0xDC00).contains(&first) =>
                        {
                            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                            character(code, slashes + 5 + length, each);
                        }
                        _ => character(first, slashes + 5, each),
                    }
                }
                [b'x', digits @ ..] => {
                    if let Some(code) = digits.get(..2).and_then(|digits| number(digits, 16)) {
                        character(code, slashes + 3, each);
                    }
                }
                [other, ..] => {
                    let meant = match other {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'b' => 8,
                        b'f' => 12,
                        other => *other,
                    };
                    each(&[meant], slashes + 1);
                    each(&[*other], slashes + 1);
                }
                [] => {}
            }
            // An escaped character may be encoded once more.
            encoded_once_more(text, at + slashes, slashes, each);
            // Backslashes that represent one backslash.
            for length in (2..=slashes).rev() {
                each(b"\\", length);
            }
        }
        // Percent-encoding, once or several times.
        [b'%', digits @ ..] => {
            let mut length = 1;
            let mut digits = digits;
            loop {
                if let Some(code) = digits.get(..2).and_then(|digits| number(digits, 16))
                    && let Ok(byte) = u8::try_from(code)
                {
                    each(&[byte], length + 2);
                }
                match digits.strip_prefix(b"25") {
                    Some(rest) => (digits, length) = (rest, length + 2),
                    None => break,
                }
            }
        }
        [b'+', ..] => each(b" ", 1),
        // HTML entities, once or several times.
        [b'&', ..] => {
            let mut length = 1;
            while let Some(b"amp;") = rest.get(length..length + 4) {
                each(b"&", length + 4);
                length += 4;
            }
            let name = rest.get(length..).unwrap_or_default();
            let Some(end) = name.iter().take(12).position(|byte| *byte == b';') else {
                return;
            };
            let length = length + end + 1;
            match name.get(..end).unwrap_or_default() {
                [b'#', b'x' | b'X', digits @ ..] => {
                    if let Some(code) = number(digits, 16) {
                        character(code, length, each);
                    }
                }
                [b'#', digits @ ..] => {
                    if let Some(code) = number(digits, 10) {
                        character(code, length, each);
                    }
                }
                name => {
                    let entity = ENTITIES.iter().find(|(other, _)| other.as_bytes() == name);
                    let code = entity.map(|(_, code)| u32::from(*code)).or_else(|| {
                        let latin = LATIN.iter().position(|other| other.as_bytes() == name)?;
                        u32::try_from(0xA0 + latin).ok()
                    });
                    if let Some(code) = code {
                        character(code, length, each);
                    }
                }
            }
        }
        _ => {}
    }
}

fn encoded_once_more(text: &[u8], at: usize, before: usize, each: &mut dyn FnMut(&[u8], usize)) {
    if matches!(text.get(at), Some(b'%' | b'&')) {
        encoded(text, at, &mut |bytes, length| each(bytes, before + length));
    }
}

/// The text with all encodings decoded, however they are nested.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    let mut plain = text.to_vec();
    for _ in 0..6 {
        let mut next = Vec::with_capacity(plain.len());
        let mut at = 0;
        while let Some(byte) = plain.get(at) {
            let mut unit: Option<(Vec<u8>, usize)> = None;
            if matches!(byte, b'\\' | b'%' | b'&') {
                encoded(&plain, at, &mut |bytes, length| {
                    unit.get_or_insert_with(|| (bytes.to_vec(), length));
                });
            }
            match unit {
                Some((bytes, length)) => {
                    next.extend_from_slice(&bytes);
                    at += length;
                }
                None => {
                    next.push(*byte);
                    at += 1;
                }
            }
        }
        if next.len() == plain.len() {
            break;
        }
        plain = next;
    }
    plain
}

pub(super) fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_number = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok())?
}

/// The entities of ASCII characters (HTML 5).
const ENTITIES: [(&str, char); 33] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("verbar", '|'),
    ("rcub", '}'),
    ("tilde", '~'),
];

/// The entities of Latin-1, from U+00A0 (HTML 4).
const LATIN: [&str; 96] = [
    "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf",
    "laquo", "not", "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
    "para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest",
    "Agrave", "Aacute", "Acirc", "Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute",
    "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute",
    "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute",
    "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
    "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde",
    "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc",
    "uuml", "yacute", "thorn", "yuml",
];

/// The base64 characters that are certain for these bytes, regardless of the bytes around them.
pub(super) fn base64_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(bytes);
        let whole = padded.len() * 8 / 6;
        for encoded in [
            STANDARD_NO_PAD.encode(&padded),
            URL_SAFE_NO_PAD.encode(&padded),
        ] {
            let part = encoded
                .get((before * 8).div_ceil(6)..whole)
                .unwrap_or_default();
            if part.len() >= SHORT && !parts.iter().any(|other| other == part.as_bytes()) {
                parts.push(part.as_bytes().to_vec());
            }
        }
    }
    parts
}

pub(super) fn hex(bytes: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let digit = |value: u8| digits.get(usize::from(value)).copied().unwrap_or_default();
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Shorter secrets are common syllables: they are redacted only where they stand alone.
pub(super) const SHORT: usize = 4;
