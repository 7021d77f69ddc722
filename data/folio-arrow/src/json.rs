//! Walks through JSON text that is known to be valid, without copying it.

/// So many bytes of a string are looked at one by one.
const SHORT: usize = 8;

/// A position in valid JSON text. (In other text it ends early; it never panics.)
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A string between its quotation marks, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quoted<'a> {
    pub(crate) raw: &'a str,
    pub(crate) has_escapes: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The first byte of what comes next, after white space; 0 at the end.
    pub(crate) fn peek(&mut self) -> u8 {
        loop {
            match self.bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return *byte,
                None => return 0,
            }
        }
    }

    /// Moves past a byte, if it comes next.
    pub(crate) fn take(&mut self, wanted: u8) -> bool {
        let is_next = self.peek() == wanted;
        self.at += usize::from(is_next);
        is_next
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next name of an object's member, with the cursor at its value; none at the end of the
    /// object. Before the first one the cursor is behind the brace.
    pub(crate) fn name(&mut self) -> Option<Quoted<'a>> {
        self.take(b',');
        if self.peek() != b'"' {
            self.take(b'}');
            return None;
        }
        let name = self.string();
        self.take(b':');
        Some(name)
    }

    /// Moves past the next member's name to its value, if the text continues with this pattern: the
    /// name in quotation marks and the colon, as they are written without white space.
    #[inline]
    pub(crate) fn take_pattern(&mut self, pattern: &[u8]) -> bool {
        let bytes = self.bytes();
        let at = self.at + usize::from(bytes.get(self.at) == Some(&b','));
        let is_next = bytes
            .get(at..)
            .is_some_and(|rest| rest.starts_with(pattern));
        if is_next {
            self.at = at + pattern.len();
        }
        is_next
    }

    /// Moves past a value of a fixed length, if a function reads it.
    #[inline]
    pub(crate) fn take_fixed<const LENGTH: usize, T>(
        &mut self,
        read: impl FnOnce(&[u8; LENGTH]) -> Option<T>,
    ) -> Option<T> {
        self.peek();
        let value = read(self.bytes().get(self.at..)?.first_chunk()?)?;
        self.at += LENGTH;
        Some(value)
    }

    /// Whether a list has another element, with the cursor at it. Before the first one the cursor is
    /// behind the bracket.
    pub(crate) fn has_element(&mut self) -> bool {
        self.take(b',');
        match self.peek() {
            0 => false,
            b']' => {
                self.at += 1;
                false
            }
            _ => true,
        }
    }

    /// A string; the cursor is at its quotation mark.
    pub(crate) fn string(&mut self) -> Quoted<'a> {
        let start = self.at + 1;
        let mut at = start;
        let mut has_escapes = false;
        let bytes = self.bytes();
        // Most strings are short: a search for both bytes at once costs more than looking at them.
        let short = bytes.get(at..).unwrap_or_default().iter().take(SHORT);
        at += short
            .take_while(|byte| !matches!(byte, b'"' | b'\\'))
            .count();
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(found) if rest.get(found) == Some(&b'"') => {
                    at += found;
                    break;
                }
                Some(found) => {
                    has_escapes = true;
                    at += found + 2;
                }
                None => {
                    self.at = bytes.len();
                    return Quoted {
                        raw: self.since(start),
                        has_escapes,
                    };
                }
            }
        }
        self.at = at;
        let raw = self.since(start);
        self.at += 1;
        Quoted { raw, has_escapes }
    }

    /// A string, and its text with the quotation marks; the cursor is at the first one.
    pub(crate) fn quoted(&mut self) -> (Quoted<'a>, &'a str) {
        let start = self.at;
        let quoted = self.string();
        (quoted, self.since(start))
    }

    /// A number, `true`, `false` or `null`.
    pub(crate) fn word(&mut self) -> &'a str {
        self.peek();
        let start = self.at;
        let rest = self.bytes().get(start..).unwrap_or_default();
        let length = rest.iter().position(|byte| {
            matches!(
                byte,
                b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"' | b'{' | b'['
            )
        });
        // A delimiter is passed where a word is expected, so that the cursor always moves.
        self.at += length
            .unwrap_or(rest.len())
            .max(usize::from(!rest.is_empty()));
        self.since(start)
    }

    /// Any value, as it is written.
    pub(crate) fn value(&mut self) -> &'a str {
        match self.peek() {
            b'"' => {
                let start = self.at;
                self.string();
                self.since(start)
            }
            b'{' | b'[' => self.nested(),
            _ => self.word(),
        }
    }

    /// An object or a list, however deep.
    fn nested(&mut self) -> &'a str {
        let start = self.at;
        let bytes = self.bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        self.since(start)
    }
}

/// Appends the text of a string without its escapes. False if it has half a surrogate pair, which no
/// text can have; then nothing is appended.
pub(crate) fn unescape(raw: &str, into: &mut Vec<u8>) -> bool {
    let before = into.len();
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at(at);
        into.extend_from_slice(plain.as_bytes());
        let Some((character, length)) = escaped(escape.as_bytes()) else {
            into.truncate(before);
            return false;
        };
        into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escape.get(length..).unwrap_or_default();
    }
    into.extend_from_slice(rest.as_bytes());
    true
}

/// The character of an escape, and the length of the escape.
fn escaped(escape: &[u8]) -> Option<(char, usize)> {
    let simple = match escape.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(escape)?;
            if let Some(character) = char::from_u32(first) {
                return Some((character, 6));
            }
            let second = unit(escape.get(6..)?)?;
            let is_pair = (0xD800..0xDC00).contains(&first) && (0xDC00..0xE000).contains(&second);
            let code = is_pair.then(|| 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))?;
            return Some((char::from_u32(code)?, 12));
        }
        _ => return None,
    };
    Some((simple, 2))
}

/// The code unit of `\u1234`.
fn unit(escape: &[u8]) -> Option<u32> {
    if escape.get(..2)? != b"\\u" {
        return None;
    }
    let digits = escape.get(2..6)?.iter();
    digits.copied().try_fold(0, |unit, digit| {
        Some(unit * 16 + char::from(digit).to_digit(16)?)
    })
}

/// The text of a string; none if it has half a surrogate pair.
pub(crate) fn text_of<'a>(quoted: Quoted<'a>) -> Option<std::borrow::Cow<'a, str>> {
    if !quoted.has_escapes {
        return Some(quoted.raw.into());
    }
    let mut text = Vec::with_capacity(quoted.raw.len());
    let is_text = unescape(quoted.raw, &mut text);
    String::from_utf8(text)
        .ok()
        .filter(|_| is_text)
        .map(Into::into)
}

/// Appends JSON text without the white space between its parts.
pub(crate) fn push_compact(text: &str, into: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        let is_end = |byte: &u8| matches!(byte, b'"' | b' ' | b'\n' | b'\r' | b'\t');
        let Some(found) = rest.iter().position(is_end) else {
            into.extend_from_slice(rest);
            return;
        };
        into.extend_from_slice(rest.get(..found).unwrap_or_default());
        at += found;
        if bytes.get(at) == Some(&b'"') {
            let mut cursor = Cursor { text, at };
            cursor.string();
            into.extend_from_slice(bytes.get(at..cursor.at).unwrap_or_default());
            at = cursor.at;
        } else {
            at += 1;
        }
    }
}

/// Appends text as a JSON string.
pub(crate) fn push_quoted(text: &str, into: &mut Vec<u8>) {
    into.push(b'"');
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    if text.as_bytes().iter().all(is_plain) {
        into.extend_from_slice(text.as_bytes());
        into.push(b'"');
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' => into.extend_from_slice(b"\\\""),
            b'\\' => into.extend_from_slice(b"\\\\"),
            b'\n' => into.extend_from_slice(b"\\n"),
            b'\r' => into.extend_from_slice(b"\\r"),
            b'\t' => into.extend_from_slice(b"\\t"),
            ..0x20 => {
                let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
                into.extend_from_slice(b"\\u00");
                into.extend([digit(byte >> 4) as u8, digit(byte & 15) as u8]);
            }
            _ => into.push(byte),
        }
    }
    into.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        let text = r#" { "a\"b" : [1, {"c": "]}"}, "\\"] ,"d":-1.5e3, "e" :null,"f":{} } "#;
        let mut cursor = Cursor::new(text);
        assert!(cursor.take(b'{'));
        let mut found = Vec::new();
        while let Some(name) = cursor.name() {
            found.push((name.raw, cursor.value()));
        }
        assert_eq!(
            found,
            [
                (r#"a\"b"#, r#"[1, {"c": "]}"}, "\\"]"#),
                ("d", "-1.5e3"),
                ("e", "null"),
                ("f", "{}"),
            ]
        );
        assert_eq!(cursor.peek(), 0);
    }

    #[test]
    fn elements_are_counted() {
        for (text, expected) in [
            ("[]", 0),
            ("[ ]", 0),
            ("[1]", 1),
            ("[1,[2,3] , \"x,y\"]", 3),
        ] {
            let mut cursor = Cursor::new(text);
            assert!(cursor.take(b'['));
            let mut count = 0;
            while cursor.has_element() {
                cursor.value();
                count += 1;
            }
            assert_eq!((count, cursor.peek()), (expected, 0), "{text}");
        }
    }

    #[test]
    fn broken_text_ends() {
        for text in [
            "", "{", "{\"a\"", "[1,", "\"", "\"\\", "{,,,}", "[:]", "nul", "}}", "{\"a\":}",
        ] {
            let mut cursor = Cursor::new(text);
            cursor.value();
            let mut cursor = Cursor::new(text);
            cursor.take(b'{');
            let mut steps = 0;
            while cursor.name().is_some() {
                cursor.value();
                steps += 1;
                assert!(steps < 10, "{text}");
            }
            cursor.take(b'[');
            while cursor.has_element() {
                cursor.value();
                steps += 1;
                assert!(steps < 20, "{text}");
            }
        }
    }

    #[test]
    fn escapes_are_read_as_serde_json_reads_them() {
        for raw in [
            r#""plain""#,
            r#""a\"\\\/\b\f\n\r\tz""#,
            r#""\u00e9\u0000\uD83D\uDE00x""#,
            "\"\u{1F600}\\n\"",
        ] {
            let expected: String = serde_json::from_str(raw).unwrap();
            let quoted = Cursor::new(raw).string();
            assert_eq!(text_of(quoted).as_deref(), Some(&*expected), "{raw}");
            let mut again = Vec::new();
            push_quoted(&expected, &mut again);
            assert_eq!(serde_json::from_slice::<String>(&again).unwrap(), expected);
        }
        for raw in [
            r#""\ud800""#,
            r#""\udc00x""#,
            r#""\ud800\u0041""#,
            r#""\ud800\n""#,
        ] {
            assert_eq!(text_of(Cursor::new(raw).string()), None, "{raw}");
        }
    }

    #[test]
    fn white_space_between_parts_is_dropped() {
        let mut into = Vec::new();
        push_compact("{ \"a b\\\" \" :\r\n\t[ 1 , \" \" ] }", &mut into);
        assert_eq!(into, br#"{"a b\" ":[1," "]}"#);
    }
}
