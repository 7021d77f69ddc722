//! The text of a field whose type does not matter.

/// The text of a field whose type does not matter: what is rarely needed is compiled once for all
/// types.
pub(crate) trait FieldText {
    /// Its JSON.
    fn text(&self) -> String;

    /// Its JSON if nothing had been read into it.
    fn blank_text(&self) -> String;
}
