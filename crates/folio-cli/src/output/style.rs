//! Colours of a terminal.

/// A colour or weight of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Of the headers of tables
    Bold,
    /// Of less important parts
    Dim,
    /// Of errors and removed lines
    Red,
    /// Of added lines, and of checks that succeeded
    Green,
    /// Of warnings
    Yellow,
    /// Of names in JSON
    Blue,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "31",
            Self::Green => "32",
            Self::Yellow => "33",
            Self::Blue => "34",
        }
    }

    /// The text in this style, if the target shows colours.
    pub(crate) fn paint(self, text: &str, colored: bool) -> String {
        if colored {
            format!("\x1b[{}m{text}\x1b[0m", self.code())
        } else {
            text.to_owned()
        }
    }
}
