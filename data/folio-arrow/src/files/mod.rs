//! Files of record batches.
