//! Templates: generated code as it will look, with `{holes}` for what differs.
//!
//! A hole is a name in braces without spaces. What fills it is text, within a line, or [`Code`], which
//! needs a line of its own: each of its lines gets the indentation of the hole, and without any line the
//! hole's line is left out. All other braces are Rust's. The margin of the first line is taken away from
//! all lines.
//!
//! ```text
//! const FIELD: &str = "
//!     /// {docs}
//!     pub {name}: {ty},
//! ";
//! fill!(&mut fields, FIELD, docs, name, ty = rust(&field.ty));
//! ```
//!
//! [`fill!`] does not compile if a hole is not filled, or if there is none of a name.

use crate::text::{is_unsafe, push_escaped};

/// Lines of generated code.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Code(String);

impl Code {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// The code of a template of one line, to fill a hole within a line.
    pub(crate) fn into_line(mut self) -> String {
        self.0.truncate(self.0.trim_end_matches('\n').len());
        self.0
    }

    pub(crate) fn append(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// Documentation: each text is one line.
    pub(crate) fn docs<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut docs = Self::default();
        for text in texts {
            fill!(&mut docs, "/// {text}", text = text.as_ref());
        }
        docs
    }

    fn push_indented(&mut self, depth: usize, code: &Self) {
        for line in code.0.lines() {
            self.indent(depth);
            self.0.push_str(line);
            self.0.push('\n');
        }
    }

    fn indent(&mut self, depth: usize) {
        for _ in 0..depth {
            self.0.push(' ');
        }
    }
}

/// What fills a hole.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    Text(&'a str),
    Code(&'a Code),
}

impl<'a> From<&'a String> for Part<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&&'a str> for Part<'a> {
    fn from(text: &&'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&&'a String> for Part<'a> {
    fn from(text: &&'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a Code> for Part<'a> {
    fn from(code: &'a Code) -> Self {
        Self::Code(code)
    }
}

/// Writes a template with its holes filled: `fill!(&mut code, TEMPLATE, name, other = value)`.
macro_rules! fill {
    ($out:expr, $template:expr $(, $hole:ident $(= $value:expr)?)* $(,)?) => {{
        const _: () = assert!(
            $crate::template::fits($template, &[$(stringify!($hole)),*]),
            "the holes of the template are not those that are filled"
        );
        $crate::template::write(
            $out,
            $template,
            &[$((
                stringify!($hole),
                $crate::template::Part::from(&$crate::template::fill!(@value $hole $($value)?)),
            )),*],
        );
    }};
    (@value $hole:ident) => { $hole };
    (@value $hole:ident $value:expr) => { $value };
}
pub(crate) use fill;

/// A literal of Rust: of a text, a number, a list or a choice of these.
pub(crate) fn literal(value: &(impl std::fmt::Debug + ?Sized)) -> String {
    format!("{value:?}")
}

/// Writes a template: called by [`fill!`].
pub(crate) fn write(out: &mut Code, template: &str, holes: &[(&str, Part<'_>)]) {
    let template = template.strip_prefix('\n').unwrap_or(template);
    let template = template.trim_end_matches([' ', '\n']);
    let margin = template.len() - template.trim_start_matches(' ').len();
    for line in template.split('\n') {
        let text = line.trim_start_matches(' ');
        let depth = (line.len() - text.len()).saturating_sub(margin);
        if let Some((before, name, after)) = next_hole(text)
            && before.is_empty()
            && after.is_empty()
            && let Some(Part::Code(code)) = part(holes, name)
        {
            out.push_indented(depth, code);
            continue;
        }
        if !text.is_empty() {
            out.indent(depth);
        }
        write_line(out, text, holes);
        out.0.truncate(out.0.trim_end_matches(' ').len());
        out.0.push('\n');
    }
}

fn write_line(out: &mut Code, mut text: &str, holes: &[(&str, Part<'_>)]) {
    // Documentation shows text as it is: what is invisible or turns text around is escaped there. In
    // code it can only stand in literals, which have it escaped.
    let is_escaped = match text.starts_with("///") {
        true => is_unsafe,
        false => char::is_control,
    };
    while let Some((before, name, after)) = next_hole(text) {
        out.0.push_str(before);
        if let Some(Part::Text(value)) = part(holes, name) {
            push_escaped(&mut out.0, value, is_escaped);
        }
        text = after;
    }
    out.0.push_str(text);
}

fn part<'a>(holes: &[(&str, Part<'a>)], name: &str) -> Option<Part<'a>> {
    let (_, part) = holes.iter().find(|(hole, _)| *hole == name)?;
    Some(*part)
}

/// The text before the next hole, the name of the hole, and the text after it.
fn next_hole(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find('{') {
        let open = from + start + 1;
        let rest = text.as_bytes()[open..].iter();
        let length = rest.take_while(|byte| is_of_name(**byte)).count();
        if length > 0 && text.as_bytes().get(open + length) == Some(&b'}') {
            let close = open + length;
            return Some((&text[..open - 1], &text[open..close], &text[close + 1..]));
        }
        from = open;
    }
    None
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}

/// Whether a template has the holes of these names and no others. Evaluated by the compiler.
pub(crate) const fn fits(template: &str, names: &[&str]) -> bool {
    let text = template.as_bytes();
    let mut filled: u64 = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'{' {
            let open = at + 1;
            let mut close = open;
            while close < text.len() && is_of_name(text[close]) {
                close += 1;
            }
            if close > open && close < text.len() && text[close] == b'}' {
                let mut index = 0;
                while index < names.len() && !is_at(text, open, close, names[index].as_bytes()) {
                    index += 1;
                }
                if index == names.len() {
                    return false;
                }
                filled |= 1 << index;
            }
            at = close;
        } else {
            at += 1;
        }
    }
    filled == (1 << names.len()) - 1
}

const fn is_at(text: &[u8], start: usize, end: usize, name: &[u8]) -> bool {
    if end - start != name.len() {
        return false;
    }
    let mut index = 0;
    while index < name.len() {
        if text[start + index] != name[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRUCT: &str = "
        /// {text}
        pub struct {name} {
            {fields}
            pub end: (),
        }
    ";

    fn filled(text: &str, fields: &[&str]) -> String {
        let mut lines = Code::default();
        for field in fields {
            fill!(&mut lines, "pub {field}: u8,", field = *field);
        }
        let mut out = Code::default();
        fill!(&mut out, STRUCT, text, name = "Book", fields = lines);
        out.into_string()
    }

    #[test]
    fn code_takes_the_indentation_of_its_hole_and_none_leaves_no_line() {
        assert_eq!(
            filled("A book.", &["one", "two"]),
            "/// A book.\npub struct Book {\n    pub one: u8,\n    pub two: u8,\n    pub end: (),\n}\n"
        );
        assert_eq!(
            filled("", &[]),
            "///\npub struct Book {\n    pub end: (),\n}\n"
        );
    }

    #[test]
    fn what_fills_a_hole_stays_in_its_line_and_has_no_holes() {
        let text = filled("a\nb\r\u{202e}{name}\u{2028}", &["x\n"]);
        assert_eq!(
            text,
            "/// a\\nb\\r\\u{202e}{name}\\u{2028}\npub struct Book {\n    pub x\\n: u8,\n    pub end: (),\n}\n"
        );
    }

    #[test]
    fn a_template_fits_the_names_of_its_holes_only() {
        for (template, names, expected) in [
            ("{a} {b}", &["a", "b"][..], true),
            ("{a} {b}", &["b", "a"], true),
            ("{a} {a}", &["a"], true),
            ("{a}", &[], false),
            ("{a}", &["a", "b"], false),
            ("{a}", &["ab"], false),
            ("{ a } {} {A} {a: 1} {{", &[], true),
            ("{{a}}", &["a"], true),
        ] {
            assert_eq!(fits(template, names), expected, "{template} {names:?}");
        }
    }

    #[test]
    fn documentation_is_one_line_a_text() {
        let docs = Code::docs(["a\nb", "", "c "]);
        assert_eq!(docs.into_string(), "/// a\\nb\n///\n/// c\n");
    }
}
