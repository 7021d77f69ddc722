//! The records that a DELETE deletes, as far as its description states them.

use crate::canonical::facts::{Deletes, DeletesKind};

/// The description of a DELETE, as far as it states the deleted records.
pub(crate) struct Deletion<'a> {
    pub(crate) path: &'a str,
    /// The parameters of the query string, and whether each is required.
    pub(crate) query: Vec<(&'a str, bool)>,
    pub(crate) has_body: bool,
    /// Its path is a list of records.
    pub(crate) is_collection: bool,
    /// The same path can be read.
    pub(crate) is_read: bool,
    /// Nothing is described but the route.
    pub(crate) is_untyped: bool,
}

impl Deletion<'_> {
    /// The deleted records, as far as the description states them.
    pub(crate) fn derive(&self) -> Option<Deletes> {
        let kind = |kind| Some(Deletes::Kind(kind));
        let has_parameter = self.path.contains('{');
        // The rest of a path may be empty, or any path.
        if self.path.contains("{+") {
            return None;
        }
        if self.path.ends_with('}') {
            return kind(DeletesKind::Record);
        }
        // The pattern of a route may match many paths.
        if self.is_untyped {
            return None;
        }
        if self.query.iter().any(|(name, _)| *name == "query") {
            return kind(DeletesKind::Query);
        }
        let required: Vec<&str> = self
            .query
            .iter()
            .filter(|(_, required)| *required)
            .map(|(name, _)| *name)
            .collect();
        if !required.is_empty() {
            return Some(Deletes::Selected(vec![required.join("&")]));
        }
        if self.has_body {
            return kind(DeletesKind::Body);
        }
        if has_parameter {
            return kind(DeletesKind::Record);
        }
        if self.is_collection {
            return kind(DeletesKind::All);
        }
        // One thing that has no id: a configuration.
        self.is_read.then_some(Deletes::Kind(DeletesKind::Record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deletion(path: &str) -> Deletion<'_> {
        Deletion {
            path,
            query: Vec::new(),
            has_body: false,
            is_collection: false,
            is_read: false,
            is_untyped: false,
        }
    }

    #[test]
    fn what_a_delete_deletes_follows_from_its_description() {
        let kind = |kind| Some(Deletes::Kind(kind));
        let collection = || Deletion {
            is_collection: true,
            ..deletion("/loans")
        };
        for (deletion, expected) in [
            (deletion("/loans/{id}"), kind(DeletesKind::Record)),
            (
                deletion("/roles/{id}/capabilities"),
                kind(DeletesKind::Record),
            ),
            (collection(), kind(DeletesKind::All)),
            (
                Deletion {
                    query: vec![("lang", false), ("query", false)],
                    ..collection()
                },
                kind(DeletesKind::Query),
            ),
            (
                Deletion {
                    query: vec![("id", true), ("lang", false)],
                    ..collection()
                },
                Some(Deletes::Selected(vec!["id".to_owned()])),
            ),
            (
                Deletion {
                    has_body: true,
                    ..collection()
                },
                kind(DeletesKind::Body),
            ),
            (
                Deletion {
                    is_read: true,
                    ..deletion("/configuration")
                },
                kind(DeletesKind::Record),
            ),
            (deletion("/caches"), None),
            (
                Deletion {
                    is_untyped: true,
                    ..collection()
                },
                None,
            ),
        ] {
            assert_eq!(deletion.derive(), expected, "{}", deletion.path);
        }
    }
}
