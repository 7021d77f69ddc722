//! Records whose names say nothing of what they are get other names.
//!
//! A program that uses several modules would have each of them several times, and `Error` is the
//! error of the SDK, too. Such a record is named after what it is part of.

use std::collections::BTreeSet;

/// What a component is named instead: the module, or `*` for all of them, its name, and the other
/// one.
const RENAMED: [(&str, &str, &str); 25] = [
    // Of the lists of errors that all modules answer with, one error, and a value that it is about.
    ("*", "Error", "ErrorDetail"),
    ("*", "Parameter", "ErrorParameter"),
    ("*", "Parameters", "ErrorParameters"),
    // Parts of an order line.
    ("mod-orders", "Details", "PoLineDetails"),
    ("mod-orders", "Location", "PoLineLocation"),
    ("mod-orders", "Source", "PoLineSource"),
    ("mod-orders-storage", "Details", "PoLineDetails"),
    ("mod-orders-storage", "Location", "PoLineLocation"),
    ("mod-orders-storage", "Source", "PoLineSource"),
    // The location of an item on reserve, as the list of reserves shows it: no record of courses.
    ("mod-courses", "Location", "ReserveLocation"),
    ("mod-consortia-keycloak", "Status", "SharingInstanceStatus"),
    ("mod-linked-data", "Status", "IdentifierStatus"),
    ("mod-linked-data", "Reference", "ResourceReference"),
    ("mod-source-record-manager", "Status", "JobExecutionStatus"),
    (
        "mod-source-record-manager",
        "Progress",
        "JobExecutionProgress",
    ),
    ("mod-source-record-storage", "Status", "SnapshotStatus"),
    ("mod-data-export-spring", "Progress", "JobProgress"),
    ("mod-bulk-operations", "Action", "RuleAction"),
    ("mod-fqm-manager", "Field", "EntityTypeField"),
    ("mod-orders-storage", "Format", "TextFieldFormat"),
    ("mod-user-import", "Format", "TextFieldFormat"),
    ("mod-users", "Format", "TextFieldFormat"),
    ("mod-notes", "Link", "NoteLink"),
    ("mod-sender", "Message", "NotificationMessage"),
    ("mod-record-specifications", "Scope", "SpecificationScope"),
];

/// Renames components that have such a name, unless another one has the new name.
pub(super) fn rename(module: &str, names: &mut [String]) {
    let mut taken: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    for (of, from, to) in RENAMED {
        if of != module && of != "*" {
            continue;
        }
        for name in names.iter_mut().filter(|name| *name == from) {
            if taken.insert(to.to_lowercase()) {
                to.clone_into(name);
            }
        }
    }
}

/// Whether a shared record that has this name in the documents takes another one now.
pub(crate) fn is_generic(name: &str) -> bool {
    RENAMED.iter().any(|(_, from, _)| *from == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generic_name_is_replaced_where_the_other_is_free() {
        for (module, names, expected) in [
            (
                "mod-orders",
                ["Error", "Location"],
                ["ErrorDetail", "PoLineLocation"],
            ),
            (
                "mod-inventory-storage",
                ["Errors", "Location"],
                ["Errors", "Location"],
            ),
            (
                "mod-x",
                ["Parameters", "Parameter"],
                ["ErrorParameters", "ErrorParameter"],
            ),
            ("mod-x", ["Error", "errordetail"], ["Error", "errordetail"]),
        ] {
            let mut names = names.map(str::to_owned);
            rename(module, &mut names);
            assert_eq!(names, expected, "{module}");
        }
    }

    #[test]
    fn no_name_is_replaced_by_a_generic_one() {
        for (_, _, to) in RENAMED {
            assert!(!is_generic(to), "{to}");
        }
    }
}
