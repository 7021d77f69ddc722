//! The requests of each dialect, as a table.
