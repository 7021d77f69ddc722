//! Reads the API descriptions of FOLIO modules and writes canonical, facts-only OpenAPI documents.
