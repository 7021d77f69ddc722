//! The text of generated code. What comes from a document is data: it reaches the code as a literal (`{:?}`), as a name that was checked, or
//! in documentation, and in documentation only by [`doc`].

use std::fmt::Write as _;

/// A line of code. A control character is none that this crate writes: literals have them escaped. So there is none in any line.
pub(crate) fn line(out: &mut String, depth: usize, text: &str) {
    indent(out, depth);
    push_plain(out, text.trim_end(), |c| c.is_control());
    out.push('\n');
}

/// A line of documentation: one line, whatever stands in the text.
pub(crate) fn doc(out: &mut String, depth: usize, text: &str) {
    indent(out, depth);
    out.push_str("///");
    let text = text.trim_end_matches(' ');
    if !text.is_empty() {
        out.push(' ');
        push_plain(out, text, is_unsafe);
    }
    out.push('\n');
}

/// Text as code in documentation.
pub(crate) fn code(text: &str) -> String {
    let mut plain = String::new();
    push_plain(&mut plain, text, is_unsafe);
    let plain = plain.replace('`', "'");
    match plain.trim() {
        "" => "`(empty)`".to_owned(),
        text => format!("`{text}`"),
    }
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

/// Whether text is a name of Rust as it is: of a type, a module or a function, no keyword.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && syn::parse_str::<syn::Ident>(text).is_ok()
}

/// Whether a character ends a line or changes how the text around it is read or shown: control characters, separators of lines, marks of
/// direction and what is invisible. rustc rejects some of them in comments and literals.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn push_plain(out: &mut String, text: &str, is_escaped: impl Fn(char) -> bool) {
    for c in text.chars() {
        if is_escaped(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("    ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_one_line_whatever_it_is_about() {
        let mut out = String::new();
        doc(&mut out, 1, "a\nb\r\u{202e}c\u{2028}d\u{85}");
        assert_eq!(out, "    /// a\\nb\\r\\u{202e}c\\u{2028}d\\u{85}\n");
        assert_eq!(code("a`b\n"), "`a'b\\n`");
        assert_eq!(code(" \t "), "`\\t`");
        assert_eq!(code(""), "`(empty)`");
    }

    #[test]
    fn a_literal_holds_any_text() {
        for text in ["", "\"#", "\"##\"###", "\r", "\u{202e}", "{\"a\": 1}", "\\"] {
            let literal: syn::LitStr = syn::parse_str(&raw_literal(text)).unwrap();
            assert_eq!(literal.value(), text);
        }
        assert_eq!(raw_literal("a\"#b"), "r##\"a\"#b\"##");
    }

    #[test]
    fn a_name_is_one_word() {
        for name in ["Book", "list_books", "_x", "N2"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "", "a b", "a;", "r#type", "type", "2", "é", "a\n", "Self", "_",
        ] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
