//! Writes JSON without intermediate values.

use std::fmt::{Display, Write as _};

/// Writes a string.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    if text
        .bytes()
        .any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\'))
    {
        let escaped = serde_json::Value::from(text).to_string();
        out.push_str(escaped.get(1..escaped.len() - 1).unwrap_or_default());
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// An object being written. Its fields have to come sorted, as those of values do.
pub(super) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        quoted(value, self.out);
    }

    /// Text that is written unchanged: a number, `true`, an identifier without quotes in it.
    pub(super) fn raw(&mut self, name: &str, value: impl Display) {
        self.name(name);
        let _ = write!(self.out, "{value}");
    }

    pub(super) fn id(&mut self, name: &str, value: impl Display) {
        self.name(name);
        let _ = write!(self.out, "\"{value}\"");
    }

    pub(super) fn object(&mut self, name: &str, fields: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        let mut object = Object::new(self.out);
        fields(&mut object);
        object.end();
    }

    pub(super) fn list(&mut self, name: &str, elements: impl FnOnce(&mut ListWriter<'_>)) {
        self.name(name);
        self.out.push('[');
        let mut list = ListWriter {
            out: self.out,
            first: true,
        };
        elements(&mut list);
        self.out.push(']');
    }
}

/// A list being written.
pub(super) struct ListWriter<'a> {
    out: &'a mut String,
    first: bool,
}

impl ListWriter<'_> {
    fn next(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
    }

    pub(super) fn text(&mut self, value: &str) {
        self.next();
        quoted(value, self.out);
    }

    pub(super) fn object(&mut self, fields: impl FnOnce(&mut Object<'_>)) {
        self.next();
        let mut object = Object::new(self.out);
        fields(&mut object);
        object.end();
    }
}
