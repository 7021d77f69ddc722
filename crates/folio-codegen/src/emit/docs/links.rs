//! Links of documentation: to types of the build, and to pages of the sources.

use folio_sdk_build::condition;

use crate::document::Document;
use crate::model::Ty;
use crate::subject::Subject;
use crate::text::code;

/// A record that a value identifies, `mod-users.Usergroup`: a link where it is in the build.
pub(super) fn referenced(subject: &Subject<'_>, record: &str) -> String {
    let (module, name) = record.split_once('.').unwrap_or(("", record));
    let article = match name.starts_with(['A', 'E', 'I', 'O']) {
        true => "an",
        false => "a",
    };
    let name = code(name);
    let plain = match module.is_empty() || module == subject.module() {
        true => name.clone(),
        false => format!("{name} of `{module}`"),
    };
    let target = match subject.link(record) {
        Some(path) if subject.is_conditional(module) => {
            condition::inline([module], &format!("[{name}]({path})"), &plain)
        }
        Some(path) => format!("[{name}]({path})"),
        None => plain,
    };
    format!("{article} {target}")
}

/// A type as it is written in code below the records, as a link to what it names first.
pub(super) fn written(ty: &str) -> String {
    let mut plain = ["super::", "crate::common::", "rt::"]
        .iter()
        .fold(ty.to_owned(), |text, prefix| text.replace(prefix, ""));
    if plain.contains("Received<") {
        plain = plain.replace("Received<", "");
        // All closing brackets are at the end.
        plain.pop();
    }
    match target(ty) {
        Some(target) => format!("[{}]({target})", code(&plain)),
        None => code(&plain),
    }
}

/// The path of the first type that has a page: a record, or a type of the SDK.
fn target(ty: &str) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let paths = ty.split(|c: char| !is_name(c));
    let found = |path: &str| {
        let is_record = path.starts_with("super::") || path.starts_with("crate::");
        match path {
            "rt::Bytes" | "rt::Response" | "rt::Id" | "rt::DateTime" | "rt::Number" => {
                Some(path.replace("rt::", "crate::"))
            }
            path if is_record => Some(path.to_owned()),
            _ => None,
        }
    };
    paths.into_iter().find_map(found)
}

/// A type of the model, as a link; `outer` leads to the records.
pub(super) fn of_type(ty: &Ty, outer: &str) -> String {
    written(&super::super::types::rust(ty, outer))
}

/// A file of a module's sources, as a link to it at the version that was read.
pub(super) fn source(document: &Document, module: &str, path: &str) -> String {
    match document.sources.page(module, path) {
        Some(page) => format!("[{}]({page})", code(path)),
        None => code(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_links_to_what_it_names() {
        for (ty, expected) in [
            ("super::User", "[`User`](super::User)"),
            ("Option<super::User>", "[`Option<User>`](super::User)"),
            (
                "rt::Received<Vec<crate::common::Note>>",
                "[`Vec<Note>`](crate::common::Note)",
            ),
            ("rt::Bytes", "[`Bytes`](crate::Bytes)"),
            ("String", "`String`"),
            ("Vec<rt::JsonValue>", "`Vec<JsonValue>`"),
        ] {
            assert_eq!(written(ty), expected);
        }
    }
}
