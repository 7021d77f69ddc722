//! The common state of the passes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::document::{Document, Home};
use crate::unions::Unions;

/// A lowering on its way: where it reads, and what it has found beside what it returns.
pub(super) struct Lowering<'a> {
    /// Where references are read. While what a shared name stands for is put in its place, in the
    /// shared document.
    pub(super) home: Home<'a>,
    /// Whether what is lowered becomes part of a module.
    pub(super) in_module: bool,
    /// The shared records that are named.
    pub(super) used: BTreeSet<String>,
    /// Operations that are made for a type alone, by their names, and their responses.
    pub(super) type_operations: Vec<(String, Value)>,
    pub(super) unions: Unions,
    /// What stands within records, by the names that it got.
    pub(super) nested: BTreeMap<String, Value>,
}

impl<'a> Lowering<'a> {
    /// The lowering of a module.
    pub(super) fn of_module(document: &'a Document, common: &'a Document) -> Self {
        Self::new(Home { document, common }, true)
    }

    /// The lowering of the shared records.
    pub(super) fn of_common(common: &'a Document) -> Self {
        let document = common;
        Self::new(Home { document, common }, false)
    }

    fn new(home: Home<'a>, in_module: bool) -> Self {
        Self {
            home,
            in_module,
            used: BTreeSet::new(),
            type_operations: Vec::new(),
            unions: Unions::default(),
            nested: BTreeMap::new(),
        }
    }

    /// Lowers something of another document.
    pub(super) fn within<T>(
        &mut self,
        document: &'a Document,
        lower: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let home = self.home;
        self.home = home.of(document);
        let lowered = lower(self);
        self.home = home;
        lowered
    }
}
