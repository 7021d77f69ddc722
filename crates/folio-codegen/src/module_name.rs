//! The names of generated modules: a feature in Rust's notation, distinct from the SDK's own names.

use crate::document::Document;
use crate::error::Error;
use crate::names::{is_name, pascal};

/// Names that the SDK has itself, of modules and of methods of its clients, in their order: a FOLIO
/// module of such a name has a longer one.
const TAKEN: &[&str] = &[
    "addressed",
    "alloc",
    "answer",
    "api",
    "as_async",
    "backoff",
    "batch",
    "begin",
    "blocking",
    "body",
    "builder",
    "call",
    "cause",
    "change",
    "check_not_created",
    "circulation_rules",
    "claims",
    "client",
    "close",
    "common",
    "compatibility",
    "connect",
    "consortium",
    "consortium_by_affiliation",
    "consortium_by_list",
    "core",
    "count",
    "cql",
    "crate",
    "current_login",
    "current_user",
    "current_user_id",
    "directory",
    "divide",
    "download",
    "engine",
    "environment",
    "error",
    "eureka_modules",
    "execute",
    "execute_page",
    "folio_delete",
    "folio_get",
    "folio_get_all",
    "folio_get_by_ids",
    "folio_get_by_values",
    "folio_headers",
    "folio_post",
    "folio_put",
    "for_tenant",
    "from_env",
    "generic",
    "guide",
    "handle",
    "harvest",
    "has_free_permits",
    "has_retrieve",
    "id_of_user",
    "identity",
    "is_closed",
    "iter",
    "json",
    "lacks_retrieve",
    "last_look",
    "lib",
    "limit",
    "line_length",
    "logging",
    "macros",
    "mode",
    "module_version",
    "modules",
    "modules_by",
    "multipart",
    "new",
    "of",
    "okapi_modules",
    "open",
    "operation",
    "paging",
    "pause",
    "permits",
    "poll",
    "proxy",
    "read",
    "record",
    "records",
    "redact",
    "reference_data",
    "request",
    "response",
    "retry",
    "run",
    "runtime",
    "schema",
    "schemas",
    "scoped",
    "self",
    "send_addressed",
    "server_message",
    "session",
    "shared",
    "snapshots",
    "std",
    "super",
    "tenancy",
    "tenancy_by",
    "tenant",
    "tenant_header",
    "testing",
    "transport",
    "unions",
    "update_at",
    "update_with",
    "upsert",
    "upsert_at",
    "upsert_stream",
    "upsert_stream_at",
    "url",
    "value",
    "wire",
    "write",
];

/// Checks that a document has a name from which a module gets its own.
pub(crate) fn check_name(document: &Document) -> Result<(), Error> {
    let name = rust_name(document.feature());
    if is_name(&name) && !name.chars().any(|c| c.is_ascii_uppercase()) {
        return Ok(());
    }
    let problem =
        "cannot be the name of a Rust module without `mod-`: expected lower case, digits and `-`";
    Err(Error::document(&document.name, "", problem))
}

/// A feature's name as Rust has it: `inventory-storage` is `inventory_storage`.
pub(crate) fn rust_name(feature: &str) -> String {
    let name = feature.replace('-', "_");
    let is_keyword = syn::parse_str::<syn::Ident>(&name).is_err();
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase());
    if TAKEN.binary_search(&&*name).is_ok() || is_keyword && is_plain {
        format!("{name}_module")
    } else {
        name
    }
}

/// The name of the handle of a feature's module: `UsersClient` of `users`.
pub(crate) fn handle_name(feature: &str) -> String {
    format!("{}Client", pascal(&rust_name(feature)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => sources(&path, files),
                false => files.push(path),
            }
        }
    }

    #[test]
    fn no_module_takes_a_name_that_the_sdk_has() {
        assert!(TAKEN.is_sorted());
        assert_eq!(rust_name("inventory-storage"), "inventory_storage");
        assert_eq!(rust_name("request"), "request_module");
        assert_eq!(rust_name("fn"), "fn_module");
        let mut files = Vec::new();
        sources(
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src")),
            &mut files,
        );
        files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
        for file in files {
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            let is_top = file.parent().is_some_and(|parent| parent.ends_with("src"));
            assert!(
                !is_top || TAKEN.contains(&&*stem),
                "{stem} is missing in TAKEN"
            );
            let text = std::fs::read_to_string(&file).unwrap();
            let parsed = syn::parse_file(&text).unwrap();
            for item in parsed.items {
                let syn::Item::Impl(block) = item else {
                    continue;
                };
                let is_client = matches!(&*block.self_ty, syn::Type::Path(path)
                    if path.path.segments.last().is_some_and(|last| last.ident == "FolioClient"));
                for item in block.items {
                    if let (true, None, syn::ImplItem::Fn(function)) =
                        (is_client, &block.trait_, item)
                    {
                        let name = function.sig.ident.to_string();
                        assert!(TAKEN.contains(&&*name), "{name} is missing in TAKEN");
                    }
                }
            }
        }
    }
}
