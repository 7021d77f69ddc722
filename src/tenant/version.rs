//! Compares the versions of modules and interfaces.

use std::cmp::Ordering;

/// Whether a version of an interface is compatible with another: FOLIO's rule (Okapi's
/// `InterfaceDescriptor.isCompatible`). The major versions are equal, and the rest is at least as
/// high. `needed` may list several alternatives, separated by spaces.
pub(crate) fn fits(needed: &str, provided: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|number| number.parse().ok()).collect()
    };
    if needed.trim().is_empty() {
        // The description does not state the version.
        return true;
    }
    needed.split_whitespace().any(|needed| {
        match (numbers(needed), numbers(provided)) {
            (Some(needed), Some(provided)) => {
                needed.first() == provided.first() && provided >= needed
            }
            // Not in FOLIO's format.
            _ => needed == provided,
        }
    })
}

/// The order of two versions of modules, by semantic versioning: a snapshot or release candidate
/// precedes its release, and build metadata after a `+` is ignored.
pub(crate) fn compared(one: &str, other: &str) -> Ordering {
    fn part(one: &str, other: &str) -> Ordering {
        match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            // Numbers precede words.
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => one.cmp(other),
        }
    }
    fn list(one: &str, other: &str, absent: &str) -> Ordering {
        let (mut ones, mut others) = (one.split('.'), other.split('.'));
        loop {
            match (ones.next(), others.next()) {
                (None, None) => return Ordering::Equal,
                (None, Some(_)) if absent.is_empty() => return Ordering::Less,
                (Some(_), None) if absent.is_empty() => return Ordering::Greater,
                (one, other) => match part(one.unwrap_or(absent), other.unwrap_or(absent)) {
                    Ordering::Equal => {}
                    order => return order,
                },
            }
        }
    }
    let without_build = |text: &'_ str| -> (String, String) {
        let text = match text.split('+').next().unwrap_or_default() {
            "" => "0",
            text => text,
        };
        match text.split_once('-') {
            Some((release, rest)) => (release.to_owned(), rest.to_owned()),
            None => (text.to_owned(), String::new()),
        }
    };
    let (one, other) = (without_build(one), without_build(other));
    list(&one.0, &other.0, "0").then_with(|| match (one.1.is_empty(), other.1.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        // Of two versions with the same start, the longer one is newer: `rc.1` precedes `rc.1.2`.
        (false, false) => list(&one.1, &other.1, ""),
    })
}
