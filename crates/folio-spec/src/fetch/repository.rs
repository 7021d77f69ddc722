//! The repository of a module or library, at the tag of a version.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::git::{checkout, git, remove_git};
use super::submodule::{Parent, submodules};
use super::tag::choose;
use crate::base::error::Result;
use crate::base::note::{Kind, Note};

/// Fetches a repository at the tag of a version, or at its substitute. Gives the tag and the
/// commit.
pub(super) fn repository(
    module: &str,
    name: &str,
    version: &str,
    base: &str,
    folder: &Path,
    foreign: &mut BTreeSet<PathBuf>,
    notes: &mut Vec<Note>,
) -> Result<(String, String)> {
    let url = format!("{}/{name}", base.trim_end_matches('/'));
    let listed = git(None, &["ls-remote", "--tags", "--refs", "--", &url])?;
    let tags: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_once("refs/tags/"))
        .map(|(_, tag)| tag)
        .collect();
    let (tag, reference) = match choose(version, &tags) {
        Some(tag) => (tag.to_owned(), format!("refs/tags/{tag}")),
        None => ("HEAD".to_owned(), "HEAD".to_owned()),
    };
    if tag.trim_start_matches('v') != version {
        let what = if tag == "HEAD" {
            "the newest commit"
        } else {
            &tag
        };
        notes.push(Note::new(
            Kind::Substituted,
            module,
            format!("{name}-{version} {tag}"),
            format!("{name} has no tag v{version}; {what} stands in"),
        ));
    }
    let commit = checkout(folder, &url, &reference)?;
    let parent = Parent {
        module,
        root: folder,
        base,
    };
    submodules(&parent, Path::new(""), &url, 0, foreign, notes)?;
    remove_git(folder);
    Ok((tag, commit))
}
