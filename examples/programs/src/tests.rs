//! The programs over the sandbox.
