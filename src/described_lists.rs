//! How lists are paged that are asked for by their path, as far as the canonical documents say it: of all modules of the release, enabled or
//! not.

use crate::paging::{Paging, PagingStyle};

include!(concat!(env!("OUT_DIR"), "/described_lists.rs"));

/// What is known of the list at a path.
pub(crate) fn known(path: &str) -> Option<&'static Paging> {
    let fits = |template: &str| {
        template == path
            || template.contains('{')
                && template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
    };
    let found = LISTS.iter().find(|(template, _)| fits(template));
    found.map(|(_, paging)| paging)
}

/// Whether the list at a path can also be asked for by `POST …/retrieve`, with the query in the body, where it may be of any length.
pub(crate) fn is_asked_by_post(path: &str) -> bool {
    BY_POST.contains(&path)
}
