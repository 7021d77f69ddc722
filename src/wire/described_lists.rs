//! The pagination of lists that are requested by path, according to the canonical documents.
//!
//! The tables contain all modules of the release, enabled or not.

use crate::wire::paging::Paging;
use crate::wire::paging::PagingStyle;

include!(concat!(env!("OUT_DIR"), "/described_lists.rs"));

/// The facts about the list at a path.
pub(crate) fn known(path: &str) -> Option<&'static Paging> {
    look_up(LISTS, path)
}

/// The dialect of a path at which no document describes a list: derived from the documents of the
/// module that serves it.
pub(crate) fn dialect(path: &str) -> Option<PagingStyle> {
    look_up(DIALECTS, path).copied()
}

/// The table entry for a path. If several templates match, the one with the most literal segments
/// wins.
fn look_up<T>(table: &'static [(&'static str, T)], path: &str) -> Option<&'static T> {
    let fitting = table
        .iter()
        .filter_map(|(template, fact)| Some((literals(template, path)?, fact)));
    // The first one of equal templates.
    let best = fitting.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, fact)| fact)
}

/// The number of literal segments of a path template, if the path matches it. `{+rest}` matches the
/// rest of any path.
fn literals(template: &str, path: &str) -> Option<usize> {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    let mut literals = 0;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(literals),
            (Some(wanted), Some(part)) => match wanted.split_once("{+") {
                Some((before, _)) => return part.starts_with(before).then_some(literals),
                None if wanted.starts_with('{') => {}
                None if wanted == part => literals += 1,
                None => return None,
            },
            _ => return None,
        }
    }
}

/// Whether the list at a path can also be requested with `POST …/retrieve`, whose query is in the
/// body and may have any length.
pub(crate) fn is_asked_by_post(path: &str) -> bool {
    BY_POST.contains(&path)
}

/// The path that takes many records of the collection at a path at once, and their key there.
pub(crate) fn batch(path: &str) -> Option<(&'static str, &'static str)> {
    let batch = BATCHES
        .iter()
        .find(|(collection, ..)| *collection == path)?;
    Some((batch.1, batch.2))
}

impl Paging {
    /// The facts about the list at a path, as FOLIO's descriptions state them. The descriptions of
    /// all modules of the release are known, whether or not they are enabled. None if they describe
    /// no list there.
    ///
    /// ```
    /// use folio_sdk::Paging;
    ///
    /// let users = Paging::described("/users");
    /// assert_eq!(users.and_then(|users| users.items), Some("users"));
    /// assert_eq!(Paging::described("/badges"), None);
    /// ```
    pub fn described(path: &str) -> Option<Self> {
        known(path).copied()
    }
}

/// The facts that the descriptions state about the fields of a collection's records. A field is
/// named by its path, `cost.discountType`; a field of list elements by the path of the list
/// followed by its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RecordFacts {
    /// The read-only fields: the server sets them and ignores the client's values.
    pub(crate) set: &'static [&'static str],
    /// The default value, as JSON, that the server assigns if a field is absent. `false` and empty
    /// lists are omitted.
    pub(crate) defaults: &'static [(&'static str, &'static str)],
}

/// The facts about the records of the collection at a path.
pub(crate) fn record_facts(path: &str) -> Option<&'static RecordFacts> {
    let at = RECORDS.binary_search_by_key(&path, |(known, _)| known).ok();
    at.and_then(|at| RECORDS.get(at)).map(|(_, facts)| facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_literal_template_that_fits_counts() {
        const TABLE: &[(&str, &str)] = &[
            ("/a/{id}", "one"),
            ("/a/{id}/b", "below"),
            ("/a/{id}/{+rest}", "rest"),
            ("/a/list", "list"),
            ("/c{+rest}", "behind"),
        ];
        for (path, expected) in [
            ("/a/list", Some("list")),
            ("/a/5", Some("one")),
            ("/a/5/b", Some("below")),
            ("/a/5/c/d", Some("rest")),
            ("/c", Some("behind")),
            ("/c/d/e", Some("behind")),
            ("/b", None),
            ("/a", None),
        ] {
            assert_eq!(look_up(TABLE, path).copied(), expected, "{path}");
        }
    }
}
