//! Values that are made of text.

/// What is made of text.
pub(crate) trait FromText {
    const EXPECTED: &'static str;

    fn set(&mut self, text: &str);
}

#[allow(clippy::assigning_clones, reason = "see below")]
impl FromText for String {
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn set(&mut self, text: &str) {
        // Into a new one: the old is empty, and to grow it costs more.
        *self = String::from(text);
    }
}

/// Text that a function takes.
pub(crate) struct Taking<'a>(pub(crate) &'a mut dyn FnMut(&str));

impl FromText for Taking<'_> {
    const EXPECTED: &'static str = "a string";

    fn set(&mut self, text: &str) {
        (self.0)(text);
    }
}
