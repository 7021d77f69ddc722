//! The facts about the operations of this release, for all modules, enabled or not: calls by path
//! use them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

#[allow(
    unused_imports,
    reason = "which of them occur depends on the documents"
)]
use crate::wire::long_running::JobFacts;
#[allow(
    unused_imports,
    reason = "which of them occur depends on the documents"
)]
use crate::wire::operation::{Absent, Creates, Deletes, Facts};

/// An operation whose facts affect how it is called.
#[derive(Debug)]
pub(crate) struct Described {
    method: &'static str,
    /// The first segment of the path, which is the search key of the table.
    first: &'static str,
    /// With `{}` in place of each parameter.
    path: &'static str,
    pub(crate) facts: Facts,
    /// The parameters of its query string.
    pub(crate) parameters: &'static [&'static str],
}

/// The interface of the paths that start with this prefix.
#[derive(Debug)]
pub(crate) struct Interface {
    /// With `{}` in place of each parameter, without those at the end.
    begin: &'static str,
    pub(crate) module: &'static str,
    /// With its version, `users 16.4`.
    pub(crate) interface: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/described.rs"));

/// The interfaces that may own a path: those of the described paths with the longest common prefix.
/// None if nothing is described.
pub(crate) fn interfaces(path: &str) -> Vec<&'static Interface> {
    let given: Vec<_> = path.split('/').map(segment).collect();
    let fit = |row: &Interface| -> Option<(usize, usize)> {
        let wanted: Vec<&str> = row.begin.split('/').collect();
        if wanted.len() > given.len() {
            return None;
        }
        let pairs = || wanted.iter().zip(&given);
        let fits = pairs().all(|(wanted, given)| *wanted == "{}" || *wanted == &**given);
        let literals = wanted.iter().filter(|wanted| **wanted != "{}").count();
        fits.then_some((wanted.len(), literals))
    };
    let fitting: Vec<_> = INTERFACES
        .iter()
        .filter_map(|row| Some((fit(row)?, row)))
        .collect();
    let best = fitting.iter().map(|(fit, _)| *fit).max();
    let fitting = fitting.into_iter().filter(|(fit, _)| Some(*fit) == best);
    fitting.map(|(_, row)| row).collect()
}

/// The described operation with this method at this path; none if its facts have no effect or
/// nothing is described there.
///
/// If several templates match, the one with the most literal segments wins, as in gateways.
/// Segments are compared decoded, because a gateway may decode them.
pub(crate) fn find(method: &str, path: &str) -> Option<&'static Described> {
    let first = segment(path.trim_start_matches('/').split('/').next()?);
    let key = |row: &Described| (row.method, row.first);
    let begin = DESCRIBED.partition_point(|row| key(row) < (method, &*first));
    let rows = DESCRIBED.get(begin..)?.iter();
    let rows = rows.take_while(|row| key(row) == (method, &*first));
    let fitting = rows.filter_map(|row| Some((literals(row.path, path)?, row)));
    let best = fitting.max_by_key(|(literals, _)| *literals);
    best.map(|(_, row)| row)
}

/// The number of literal segments that a template shares with a matching path.
fn literals(template: &str, path: &str) -> Option<usize> {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    let mut literals = 0;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(literals),
            (Some("{}"), Some(given)) if !given.is_empty() => {}
            (Some(wanted), Some(given)) if *wanted == *segment(given) => literals += 1,
            _ => return None,
        }
    }
}

fn segment(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_as_it_is_searched() {
        let keys: Vec<_> = DESCRIBED
            .iter()
            .map(|row| (row.method, row.first))
            .collect();
        assert!(keys.is_sorted());
        assert!(DESCRIBED.len() > 500);
    }

    #[test]
    fn the_interface_of_a_path_is_found_by_its_beginning() {
        let found = |path| -> Vec<_> {
            let rows = interfaces(path).into_iter();
            rows.map(|row| {
                (
                    row.module,
                    row.interface.split(' ').next().unwrap_or_default(),
                )
            })
            .collect()
        };
        assert!(INTERFACES.is_sorted_by_key(|row| row.begin));
        assert_eq!(found("/users"), [("mod-users", "users")]);
        assert_eq!(found("/%75sers/5"), [("mod-users", "users")]);
        assert_eq!(
            found("/instance-storage/instances/5"),
            [("mod-inventory-storage", "instance-storage")]
        );
        assert_eq!(
            found("/users/5/capabilities"),
            [("mod-roles-keycloak", "user-capabilities")]
        );
        assert_eq!(found("/badges/5"), []);
        assert_eq!(found("/"), []);
        assert_eq!(found(""), []);
    }

    #[test]
    fn every_row_is_found_by_a_path_that_fits_it() {
        for row in DESCRIBED {
            let path = row
                .path
                .replace("{}", "8c1a2a5e-0000-4000-8000-000000000000");
            let found = find(row.method, &path).map(|found| found.path);
            assert_eq!(found, Some(row.path));
        }
    }

    #[test]
    fn a_path_is_found_as_gateways_route_it() {
        let deletes = |path| find("DELETE", path).map(|row| row.facts.deletes);
        assert_eq!(deletes("/users"), Some(Deletes::Matching));
        assert_eq!(deletes("/%75sers"), Some(Deletes::Matching));
        assert_eq!(deletes("/users/5"), Some(Deletes::Record));
        assert_eq!(deletes("/request-storage/requests"), Some(Deletes::All));
        assert_eq!(deletes("/loan-storage/loans"), Some(Deletes::All));
        assert_eq!(
            deletes("/calendar/calendars"),
            Some(Deletes::SelectedBy(&["id"]))
        );
        assert_eq!(deletes("/calendar/calendars/5"), Some(Deletes::Record));
        assert_eq!(deletes("/users/"), None);
        assert_eq!(deletes("/badges"), None);
    }
}
