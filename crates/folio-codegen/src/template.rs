//! Templates: generated code as it will look, with `{holes}` for what differs.
//!
//! A hole is a name in braces without spaces. What fills it is text, within a line, or [`Code`],
//! which needs a line of its own: each of its lines gets the indentation of the hole, and without
//! any line the hole's line is left out. All other braces are Rust's. The margin of the first line
//! is taken away from all lines.
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

use folio_sdk_build::condition;

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

    /// The code as a block that is there if one of the modules is in the build. Without any line
    /// there is none of the condition either.
    pub(crate) fn when<'a>(self, modules: impl IntoIterator<Item = &'a str>) -> Self {
        match self.is_empty() {
            true => self,
            false => Self(condition::begin(modules) + &self.0 + condition::END),
        }
    }

    /// The code as a block that is there if a module is not in the build.
    pub(crate) fn without(self, module: &str) -> Self {
        let begin = condition::begin([module]);
        Self(begin + condition::OTHERWISE + &self.0 + condition::END)
    }

    fn push_indented(&mut self, depth: usize, code: &Self) {
        for line in code.0.split_inclusive('\n') {
            self.indent(depth);
            self.0.push_str(line);
        }
    }

    fn indent(&mut self, mut depth: usize) {
        const SPACES: &str = "                                ";
        while depth > 0 {
            let some = depth.min(SPACES.len());
            self.0.push_str(&SPACES[..some]);
            depth -= some;
        }
    }

    fn end_line(&mut self) {
        while self.0.ends_with(' ') {
            self.0.pop();
        }
        self.0.push('\n');
    }
}

/// The content of a hole.
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
///
/// The compiler takes the template apart, so that little is left to do when code is generated: a
/// build script is compiled without optimisation.
macro_rules! fill {
    ($out:expr, $template:expr $(, $hole:ident $(= $value:expr)?)* $(,)?) => {{
        const HOLES: &[&str] = &[$(stringify!($hole)),*];
        static PIECES: [$crate::template::Piece; $crate::template::count($template, HOLES)] =
            $crate::template::take_apart($template, HOLES);
        $crate::template::write(
            $out,
            $template,
            &PIECES,
            &[$($crate::template::Part::from(&$crate::template::fill!(@value $hole $($value)?))),*],
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

/// A piece of a template. Holes are numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Piece {
    /// The template from one place to another, within a line or to its end.
    Text(usize, usize),
    /// A hole within a line, and whether the line is documentation.
    Inline(usize, bool),
    /// The end of a line, behind a hole.
    End,
    /// A hole that has a line of its own, with its indentation.
    Line(usize, usize),
}

/// Writes the pieces of a template: called by [`fill!`].
pub(crate) fn write(out: &mut Code, template: &str, pieces: &[Piece], parts: &[Part<'_>]) {
    for piece in pieces {
        match *piece {
            Piece::Text(start, end) => out.0.push_str(&template[start..end]),
            Piece::Inline(hole, is_doc) => {
                if let Some(Part::Text(text)) = parts.get(hole) {
                    escape(out, text, is_doc);
                }
            }
            Piece::End => out.end_line(),
            Piece::Line(hole, depth) => match parts.get(hole) {
                Some(Part::Code(code)) => out.push_indented(depth, code),
                Some(Part::Text(text)) => {
                    out.indent(depth);
                    escape(out, text, false);
                    out.end_line();
                }
                None => {}
            },
        }
    }
}

/// Documentation shows text unescaped: invisible and bidirectional characters are escaped there. In
/// code such text can only be in literals, which escape it.
fn escape(out: &mut Code, text: &str, is_doc: bool) {
    match is_doc {
        true => push_escaped(&mut out.0, text, is_unsafe),
        false => push_escaped(&mut out.0, text, char::is_control),
    }
}

/// The number of pieces of a template. Evaluated by the compiler, like the following.
pub(crate) const fn count(template: &str, holes: &[&str]) -> usize {
    pieces::<0>(template, holes).1
}

/// The pieces of a template. It is an error of compilation if it has a hole of another name, or
/// none of a name.
pub(crate) const fn take_apart<const N: usize>(template: &str, holes: &[&str]) -> [Piece; N] {
    pieces::<N>(template, holes).0
}

/// The first pieces of a template, and how many there are.
const fn pieces<const N: usize>(template: &str, holes: &[&str]) -> ([Piece; N], usize) {
    let text = template.as_bytes();
    let mut pieces = [Piece::End; N];
    let mut count = 0;
    let mut filled: u64 = 0;
    let (mut line, end) = inner(text);
    let margin = indentation(text, line, end);
    while line < end {
        let stop = line_end(text, line, end);
        let indentation = indentation(text, line, stop);
        let depth = indentation.saturating_sub(margin);
        // The text before the next hole starts here: at first with the remaining indentation.
        let mut from = line + indentation - depth;
        let mut at = line + indentation;
        let is_doc = at + 3 <= stop && is_at(text, at, at + 3, b"///");
        line = stop + 1;
        if let Some(close) = hole_end(text, at, stop)
            && close + 1 == stop
        {
            let hole = number(text, at + 1, close, holes);
            filled |= 1 << hole;
            push(&mut pieces, &mut count, Piece::Line(hole, depth));
            continue;
        }
        while at < stop {
            let Some(close) = hole_end(text, at, stop) else {
                at += 1;
                continue;
            };
            if from < at {
                push(&mut pieces, &mut count, Piece::Text(from, at));
            }
            let hole = number(text, at + 1, close, holes);
            filled |= 1 << hole;
            push(&mut pieces, &mut count, Piece::Inline(hole, is_doc));
            at = close + 1;
            from = at;
        }
        if from < stop && stop < end {
            // With the end of the line.
            push(&mut pieces, &mut count, Piece::Text(from, stop + 1));
        } else {
            if from < stop {
                push(&mut pieces, &mut count, Piece::Text(from, stop));
            }
            push(&mut pieces, &mut count, Piece::End);
        }
    }
    assert!(
        filled == (1 << holes.len()) - 1,
        "the template has no such hole"
    );
    (pieces, count)
}

const fn push<const N: usize>(pieces: &mut [Piece; N], count: &mut usize, piece: Piece) {
    if *count < N {
        pieces[*count] = piece;
    }
    *count += 1;
}

/// A template without its leading line break and its trailing white space.
const fn inner(text: &[u8]) -> (usize, usize) {
    let start = if !text.is_empty() && text[0] == b'\n' {
        1
    } else {
        0
    };
    let mut end = text.len();
    while end > start && matches!(text[end - 1], b' ' | b'\n') {
        end -= 1;
    }
    (start, end)
}

const fn line_end(text: &[u8], mut at: usize, end: usize) -> usize {
    while at < end && text[at] != b'\n' {
        at += 1;
    }
    at
}

const fn indentation(text: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    while at < end && text[at] == b' ' {
        at += 1;
    }
    at - start
}

/// Where the hole ends that begins at a place, if one does.
const fn hole_end(text: &[u8], at: usize, end: usize) -> Option<usize> {
    if at >= end || text[at] != b'{' {
        return None;
    }
    let mut close = at + 1;
    while close < end && (text[close].is_ascii_lowercase() || text[close] == b'_') {
        close += 1;
    }
    if close > at + 1 && close < end && text[close] == b'}' {
        Some(close)
    } else {
        None
    }
}

/// The number of the hole of a name.
const fn number(text: &[u8], start: usize, end: usize, holes: &[&str]) -> usize {
    let mut index = 0;
    while index < holes.len() && !is_at(text, start, end, holes[index].as_bytes()) {
        index += 1;
    }
    assert!(index < holes.len(), "a hole of the template is not filled");
    index
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
    fn a_template_is_taken_apart_at_its_holes() {
        use Piece::{End, Inline, Line, Text};
        const TWO_LINES: &str = "
            a {b}
              {c}
        ";
        const PIECES: [Piece; 4] = take_apart(TWO_LINES, &["c", "b"]);
        assert_eq!(PIECES, [Text(13, 15), Inline(1, false), End, Line(0, 2)]);
        assert_eq!(count(TWO_LINES, &["c", "b"]), PIECES.len());
        for (template, expected) in [
            (
                "{a} {b}",
                &[Inline(0, false), Text(3, 4), Inline(1, false), End][..],
            ),
            (
                "{{a}}{b}",
                &[
                    Text(0, 1),
                    Inline(0, false),
                    Text(4, 5),
                    Inline(1, false),
                    End,
                ],
            ),
            (
                "/// {a}{b}",
                &[Text(0, 4), Inline(0, true), Inline(1, true), End],
            ),
            ("{a}\n{b}", &[Line(0, 0), Line(1, 0)]),
            (
                "{a} {} {A} { b }\n{b}",
                &[Inline(0, false), Text(3, 17), Line(1, 0)],
            ),
        ] {
            let (pieces, count) = pieces::<9>(template, &["a", "b"]);
            assert_eq!(&pieces[..count], expected, "{template}");
        }
    }

    #[test]
    fn holes_and_what_fills_them_have_the_same_names() {
        for (template, holes) in [("{a}", &[][..]), ("{a}", &["a", "b"]), ("{a}", &["ab"])] {
            let taken = std::panic::catch_unwind(|| count(template, holes));
            assert!(taken.is_err(), "{template} {holes:?}");
        }
    }

    #[test]
    fn documentation_is_one_line_a_text() {
        let docs = Code::docs(["a\nb", "", "c "]);
        assert_eq!(docs.into_string(), "/// a\\nb\n///\n/// c\n");
    }
}
