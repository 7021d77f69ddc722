//! The text of documents in generated code. What comes from a document is data: it reaches the code
//! as a literal (`{:?}`), as a name that was checked ([`names`](crate::names)), or in
//! documentation, where the [templates](crate::template) escape it.

use std::fmt::Write as _;

/// Text as code in documentation.
pub(crate) fn code(text: &str) -> String {
    let mut plain = String::new();
    push_escaped(&mut plain, text, is_unsafe);
    let plain = plain.replace('`', "'");
    match plain.trim() {
        "" => "`(empty)`".to_owned(),
        text => format!("`{text}`"),
    }
}

/// A sentence in documentation: outside of code nothing in it is a link or a tag.
pub(crate) fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut is_code = false;
    for c in text.chars() {
        is_code ^= c == '`';
        if !is_code && matches!(c, '[' | ']' | '<' | '>' | '*' | '\\') {
            prose.push('\\');
        }
        prose.push(c);
    }
    prose
}

/// A string literal that holds text as it is, where it may; else one with escapes.
pub(crate) fn raw_literal(text: &str) -> String {
    if text.chars().any(is_unsafe) {
        return format!("{text:?}");
    }
    let mut hashes = String::from("#");
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// Whether a character ends a line or changes how the surrounding text is read or displayed:
/// control characters, line separators, bidirectional marks and invisible characters. rustc rejects
/// some of them in comments and literals.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Appends text, with escapes for characters that must not occur unescaped.
pub(crate) fn push_escaped(out: &mut String, text: &str, is_escaped: fn(char) -> bool) {
    // Usually there is none, which is detected without iterating over the characters.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        if is_escaped(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_documentation_is_one_line_whatever_it_is_about() {
        assert_eq!(code("a`b\n"), "`a'b\\n`");
        assert_eq!(code(" \t "), "`\\t`");
        assert_eq!(code(""), "`(empty)`");
    }

    #[test]
    fn a_sentence_has_no_links_and_tags_outside_of_code() {
        assert_eq!(
            prose("A [b] <c> in `d[] <e>` *f*."),
            "A \\[b\\] \\<c\\> in `d[] <e>` \\*f\\*."
        );
    }

    #[test]
    fn a_literal_holds_any_text() {
        for text in ["", "\"#", "\"##\"###", "\r", "\u{202e}", "{\"a\": 1}", "\\"] {
            let literal: syn::LitStr = syn::parse_str(&raw_literal(text)).unwrap();
            assert_eq!(literal.value(), text);
        }
        assert_eq!(raw_literal("a\"#b"), "r##\"a\"#b\"##");
    }
}
