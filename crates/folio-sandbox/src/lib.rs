//! A FOLIO in the process: a real HTTP server over SQLite, for tests and examples.
