//! The permitted URLs of submodules, and their display without credentials.

use std::collections::BTreeSet;
use std::path::Path;

use crate::base::files::clean;

/// Where a submodule may be fetched from: where its URL leads, if that is beside its parent, and
/// under the base, which replaces hosts. A repository on this machine is one that the command
/// names: it lies under the base.
pub(super) fn candidates(own: &str, parent: &str, base: &str) -> Vec<String> {
    let name = own
        .trim_end_matches('/')
        .rsplit(['/', ':'])
        .next()
        .unwrap_or(own);
    let based = |name: &str| format!("{}/{name}", base.trim_end_matches('/'));
    let mut all = Vec::new();
    let is_relative = own.starts_with("./") || own.starts_with("../");
    let is_local = local(own).is_some();
    if is_relative {
        all.push(relative(own, parent));
    } else if is_local {
        all.push(own.to_owned());
    }
    if !matches!(name, "" | "." | "..") {
        all.push(based(name));
        all.push(based(name.trim_end_matches(".git")));
    }
    // Of another owner on a host: only where the base is on a host too.
    if !is_relative && !is_local && local(base).is_none() {
        all.push(own.to_owned());
    }
    let mut seen = BTreeSet::new();
    all.retain(|url| may_be_fetched(url, base) && seen.insert(url.clone()));
    all
}

/// The path of a repository that is a folder of this machine.
fn local(url: &str) -> Option<&Path> {
    if let Some(path) = url.strip_prefix("file://") {
        return Some(Path::new(path));
    }
    // `git@host:path` is a host's, as git takes it.
    let is_hosts = url.contains("://")
        || url
            .find(':')
            .is_some_and(|colon| !url[..colon].contains('/'));
    (!is_hosts).then(|| Path::new(url))
}

/// Whether a URL that a module names may be fetched: on this machine only below the base, otherwise
/// from a host.
fn may_be_fetched(url: &str, base: &str) -> bool {
    if url.starts_with('-') || url.contains("::") || url.chars().any(folio_codegen::is_unsafe) {
        return false;
    }
    match (local(url), local(base)) {
        (Some(path), Some(base)) => clean(path).starts_with(clean(base)),
        (Some(_), None) => false,
        (None, _) => match url.split_once("://") {
            Some((scheme, rest)) => {
                matches!(scheme, "https" | "http" | "ssh" | "git")
                    && !rest.starts_with(['/', '-'])
                    && rest.contains('/')
            }
            None => true,
        },
    }
}

/// A URL relative to that of the repository that names it.
fn relative(own: &str, parent: &str) -> String {
    let mut url = parent.trim_end_matches('/').to_owned();
    let mut rest = own;
    loop {
        if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            url.truncate(url.rfind(['/', ':']).unwrap_or(0));
        } else if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else {
            return format!("{url}/{rest}");
        }
    }
}

/// Text without the name and password of URLs.
pub(super) fn redacted(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let end = after.find(['/', ' ', '\'', '"']).unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(at) => &after[at + 1..],
            None => after,
        };
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submodules_are_looked_for_under_the_base() {
        let base = "https://git.example.org/folio";
        let parent = "https://git.example.org/folio/mod-a";
        assert_eq!(
            candidates("../raml.git", parent, base),
            [
                "https://git.example.org/folio/raml.git",
                "https://git.example.org/folio/raml"
            ]
        );
        assert_eq!(
            candidates("git@github.com:folio-org/raml.git", "/base/mod-a", "/base"),
            ["/base/raml.git", "/base/raml"]
        );
        assert_eq!(
            candidates("/base/elsewhere/raml", "/base/mod-a", "/base"),
            ["/base/elsewhere/raml", "/base/raml"]
        );
        assert_eq!(
            candidates("https://github.com/other/raml", parent, base),
            [
                "https://git.example.org/folio/raml",
                "https://github.com/other/raml"
            ]
        );
    }

    #[test]
    fn a_submodule_is_no_folder_that_the_command_does_not_name() {
        for (own, parent, base) in [
            ("/etc/secrets/raml", "/base/mod-a", "/base"),
            ("file:///etc/secrets/raml", "/base/mod-a", "/base"),
            ("../../etc/raml", "/base/mod-a", "/base"),
            ("../../../../../etc/raml", "/base/mod-a", "file:///base"),
            ("/base/../etc/raml", "/base/mod-a", "/base"),
            (
                "/etc/secrets/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "file:///etc/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "ext::sh -c id",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            (
                "../../../../../etc/raml",
                "https://git.example.org/folio/mod-a",
                "https://git.example.org/folio",
            ),
            ("--upload-pack=id", "/base/mod-a", "/base"),
        ] {
            for url in candidates(own, parent, base) {
                let inside = url.starts_with(&format!("{base}/"));
                assert!(inside && !url.contains(".."), "{own}: {url}");
            }
        }
    }

    #[test]
    fn credentials_of_a_url_are_not_shown() {
        assert_eq!(
            redacted("unable to access 'https://me:secret@git.example.org/x/': 403"),
            "unable to access 'https://git.example.org/x/': 403"
        );
    }
}
