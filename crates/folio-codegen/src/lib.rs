//! Generates the typed endpoint modules and records of folio-sdk from canonical documents.
