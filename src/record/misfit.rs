//! Counts what the values that are read have beyond their description, so that a union can choose
//! the variant that fits best (`union.rs`).
//!
//! The count belongs to the thread that decodes: serde passes no state of the caller through
//! `Deserialize`, and decoding never yields. It is read only for unions.

use std::cell::Cell;

thread_local! {
    static MISFITS: Cell<u32> = const { Cell::new(0) };
}

/// Something was read that the description does not have: an unknown field, a value that an enum
/// does not list.
pub(crate) fn misfit() {
    add(1);
}

pub(super) fn add(count: u32) {
    MISFITS.set(MISFITS.get().saturating_add(count));
}

/// Starts to count anew, and gives the count so far, which [`end`] takes.
pub(super) fn begin() -> u32 {
    MISFITS.replace(0)
}

/// What was counted since [`begin`]; the count before it is restored.
pub(super) fn end(before: u32) -> u32 {
    MISFITS.replace(before)
}
